//! Loss, gradient and Hessian of the regression.
//!
//! The block of the Hessian of two outcomes is symmetric, and its entries are the same sums with other weights: they are summed side by side, for
//! pairs of columns that one row can touch, and put in their places at the end.

use super::Panel;
use super::rows::Rows;

/// Loss and its derivatives at some coefficients.
pub(super) struct Derivatives {
    pub objective: f64,
    pub gradient: Vec<f64>,
    /// Lower triangle; empty where it was not wanted.
    pub hessian: Vec<f64>,
}

#[inline]
fn add(into: &mut [f64], from: &[f64], times: f64) {
    into.iter_mut().zip(from).for_each(|(into, from)| *into += times * from);
}

impl Derivatives {
    /// Largest absolute element of the gradient.
    pub fn steepest(&self) -> f64 {
        self.gradient.iter().fold(0.0_f64, |most, g| if g.is_nan() { f64::INFINITY } else { most.max(g.abs()) })
    }

    /// Those of `panel` at `beta`, the Hessian if it is `wanted`.
    pub fn at(panel: &Panel, weights: &[f64], penalty: &[f64], beta: &[f64], wanted: bool) -> Self {
        let (d, p) = (panel.coefficients(), panel.columns());
        let mut rows = Rows::new(panel, beta);
        let (free, q) = (panel.outcomes - 1, panel.basis_columns());
        let mut gradient = vec![0.0; d];
        let mut objective = 0.0;
        let mut sums = wanted.then(|| Sums::new(panel, rows.pairs));
        for (row, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            objective += rows.visit(row, weight, wanted);
            for k in 0..free {
                let gradient = &mut gradient[k * p..][..p];
                let residual = rows.residual(k, 0);
                for &(column, x) in &rows.active {
                    gradient[column] += residual * x;
                }
                for start in panel.basis_starts(panel.stratum[row]) {
                    (0..q).for_each(|j| gradient[start + j] += rows.residual(k, 1 + j));
                }
            }
            if let Some(sums) = &mut sums {
                sums.add(&rows, panel.stratum[row] as usize);
            }
        }
        let mut hessian = sums.map_or_else(Vec::new, |sums| sums.hessian(panel, &rows));
        for j in 0..d {
            objective += 0.5 * penalty[j] * beta[j] * beta[j];
            gradient[j] += penalty[j] * beta[j];
            if wanted {
                hessian[j * d + j] += penalty[j];
            }
        }
        Derivatives { objective, gradient, hessian }
    }
}

/// Sums of second derivatives over rows, those of all pairs of outcomes side by side.
struct Sums {
    /// Intercept and numbers.
    dense: usize,
    /// Columns of categories and of slopes: of few rows each.
    levels: usize,
    pairs: usize,
    /// Values per column of the design: the pairs by column of the basis.
    width: usize,
    /// By two dense columns, the lower triangle.
    dense_dense: Vec<f64>,
    /// By column of a category and dense column.
    level_dense: Vec<f64>,
    /// By two columns of categories, the lower triangle.
    level_level: Vec<f64>,
    /// By stratum, column of the design and column of the basis.
    basis: Vec<f64>,
    /// Of one row: dense columns times the pairs.
    scaled: Vec<f64>,
    /// Of one row: the pairs by column of the basis.
    bends: Vec<f64>,
}

fn triangle(i: usize) -> usize {
    i * (i + 1) / 2
}

impl Sums {
    fn new(panel: &Panel, pairs: usize) -> Self {
        let (columns, dense) = (panel.row_columns(), panel.design.dense());
        let (levels, width) = (columns - dense, panel.basis_columns() * pairs);
        Sums {
            dense,
            levels,
            pairs,
            width,
            dense_dense: vec![0.0; triangle(dense) * pairs],
            level_dense: vec![0.0; levels * dense * pairs],
            level_level: vec![0.0; triangle(levels) * pairs],
            basis: vec![0.0; panel.strata.max(1) * columns * width],
            scaled: vec![0.0; dense * pairs],
            bends: vec![0.0; width],
        }
    }

    fn add(&mut self, rows: &Rows, stratum: usize) {
        let (pairs, width) = (self.pairs, self.width);
        let bend = rows.curvatures(0);
        let (dense, levels) = rows.active.split_at(self.dense);
        for (scaled, (_, x)) in self.scaled.chunks_exact_mut(pairs).zip(dense) {
            scaled.iter_mut().zip(bend).for_each(|(scaled, bend)| *scaled = x * bend);
        }
        for (i, (_, x)) in dense.iter().enumerate() {
            let (from, many) = (triangle(i) * pairs, (i + 1) * pairs);
            add(&mut self.dense_dense[from..from + many], &self.scaled[..many], *x);
        }
        let line = self.dense * pairs;
        for (at, (column, x)) in levels.iter().enumerate() {
            let level = column - self.dense;
            add(&mut self.level_dense[level * line..][..line], &self.scaled, *x);
            for (other, z) in &levels[..=at] {
                let from = (triangle(level) + other - self.dense) * pairs;
                add(&mut self.level_level[from..from + pairs], bend, x * z);
            }
        }
        if width > 0 {
            for (j, bends) in self.bends.chunks_exact_mut(pairs).enumerate() {
                bends.copy_from_slice(rows.curvatures(1 + j));
            }
            let columns = self.dense + self.levels;
            let of_stratum = &mut self.basis[stratum * columns * width..][..columns * width];
            for &(column, x) in &rows.active {
                add(&mut of_stratum[column * width..][..width], &self.bends, x);
            }
        }
    }

    /// The second derivatives by columns i ≥ j of the design.
    fn of_design(&self, i: usize, j: usize) -> &[f64] {
        let (dense, pairs) = (self.dense, self.pairs);
        let (from, place) = match (i.checked_sub(dense), j.checked_sub(dense)) {
            (Some(i), Some(j)) => (&self.level_level, triangle(i) + j),
            (Some(i), None) => (&self.level_dense, i * dense + j),
            _ => (&self.dense_dense, triangle(i) + j),
        };
        &from[place * pairs..][..pairs]
    }

    fn hessian(&self, panel: &Panel, rows: &Rows) -> Vec<f64> {
        let (d, p, pairs, q) = (panel.coefficients(), panel.columns(), self.pairs, panel.basis_columns());
        let (free, columns) = (panel.outcomes - 1, self.dense + self.levels);
        let mut hessian = vec![0.0; d * d];
        // Column i ≥ j of all blocks; on the diagonal of blocks the lower triangle is enough.
        let mut put = |i: usize, j: usize, bends: &[f64]| {
            let places = (0..free).flat_map(|k| (0..=k).map(move |l| (k, l)));
            for ((k, l), bend) in places.zip(bends) {
                hessian[(k * p + i) * d + l * p + j] += bend;
                if k > l && i != j {
                    hessian[(k * p + j) * d + l * p + i] += bend;
                }
            }
        };
        for i in 0..columns {
            (0..=i).for_each(|j| put(i, j, self.of_design(i, j)));
        }
        let mut bends = vec![0.0; pairs];
        for stratum in 0..panel.strata.max(1) {
            let starts = || panel.basis_starts(stratum as u32);
            for start in starts() {
                for column in 0..columns {
                    let line = &self.basis[(stratum * columns + column) * self.width..][..self.width];
                    line.chunks_exact(pairs).enumerate().for_each(|(j, bends)| put(start + j, column, bends));
                }
            }
            // The basis is the same for all rows of a stratum: its own block needs the sums by period alone.
            for (t, z) in panel.basis.iter().enumerate() {
                bends.iter_mut().enumerate().for_each(|(m, bend)| *bend = rows.period_curvature(stratum, m, t));
                for a in starts() {
                    for b in starts().filter(|b| *b <= a) {
                        for i in 0..q {
                            for j in 0..if a == b { i + 1 } else { q } {
                                let scaled: Vec<f64> = bends.iter().map(|bend| bend * z[i] * z[j]).collect();
                                put(a + i, b + j, &scaled);
                            }
                        }
                    }
                }
            }
        }
        hessian
    }
}
