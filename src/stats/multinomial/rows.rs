//! What one row adds to the derivatives, summed over its periods.

use super::Panel;

/// Periods are worked on in groups of this many; what fills the last group up is zero.
const GROUP: usize = 4;
/// Largest linear predictor whose exponential is taken as the product of that of the row and that of the period.
const LARGEST: f64 = 40.0;
/// Periods whose denominators are multiplied before a logarithm is taken: their product stays finite.
const FACTORS: usize = 16;

/// Visits rows one by one at some coefficients.
pub(super) struct Rows<'a> {
    panel: &'a Panel,
    beta: &'a [f64],
    /// Outcomes with coefficients.
    free: usize,
    /// Pairs of them, each with itself among them.
    pub pairs: usize,
    /// Periods, filled up to whole groups.
    length: usize,
    /// What the basis adds to η: by stratum, outcome, period.
    shift: Vec<f64>,
    /// Its exponential.
    factor: Vec<f64>,
    /// The largest of what it adds, whatever its sign.
    largest: f64,
    /// Ones, then the columns of the basis, by period.
    basis: Vec<f64>,
    /// Columns that are not zero in the row visited and do not change from period to period.
    pub active: Vec<(usize, f64)>,
    /// Chances of each outcome by period, then second derivatives by each pair of scores.
    values: Vec<f64>,
    denominator: Vec<f64>,
    /// Sums over the periods of `values` times each of `basis`, weighted: by column of the basis, then as the values.
    sums: Vec<f64>,
    score: Vec<f64>,
    /// Sums of the second derivatives over the rows visited: by stratum, pair, period.
    period_curvature: Vec<f64>,
}

impl<'a> Rows<'a> {
    pub fn new(panel: &'a Panel, beta: &'a [f64]) -> Self {
        let (free, q, p) = (panel.outcomes - 1, panel.basis_columns(), panel.columns());
        let (strata, pairs) = (panel.strata.max(1), free * (free + 1) / 2);
        let length = panel.basis.len().next_multiple_of(GROUP);
        let mut shift = vec![0.0; strata * free * length];
        for stratum in 0..strata {
            for k in 0..free {
                let into = &mut shift[(stratum * free + k) * length..];
                for (into, z) in into.iter_mut().zip(&panel.basis) {
                    let starts = panel.basis_starts(stratum as u32);
                    *into = starts.map(|at| z.iter().zip(&beta[k * p + at..]).map(|(z, b)| z * b).sum::<f64>()).sum();
                }
            }
        }
        let mut basis = vec![0.0; (1 + q) * length];
        for (t, z) in panel.basis.iter().enumerate() {
            basis[t] = 1.0;
            z.iter().enumerate().for_each(|(j, z)| basis[(1 + j) * length + t] = *z);
        }
        Rows {
            panel,
            beta,
            free,
            pairs,
            length,
            factor: shift.iter().map(|shift| libm::exp(*shift)).collect(),
            largest: shift.iter().fold(0.0, |most, shift| if shift.abs() <= most { most } else { shift.abs() }),
            shift,
            basis,
            active: Vec::new(),
            values: vec![0.0; (free + pairs) * length],
            denominator: vec![0.0; length],
            sums: vec![0.0; (1 + q) * (free + pairs)],
            score: vec![0.0; free],
            period_curvature: vec![0.0; strata * pairs * length],
        }
    }

    /// Sum of the derivatives by the score of outcome `k` times column `j` of the basis, 0 being one in all periods.
    pub fn residual(&self, k: usize, j: usize) -> f64 {
        self.sums[j * (self.free + self.pairs) + k]
    }

    /// The same of the second derivatives, of all pairs.
    pub fn curvatures(&self, j: usize) -> &[f64] {
        let width = self.free + self.pairs;
        &self.sums[j * width + self.free..(j + 1) * width]
    }

    /// Sum over the rows visited of the second derivatives by `pair` in period `t`.
    pub fn period_curvature(&self, stratum: usize, pair: usize, t: usize) -> f64 {
        self.period_curvature[(stratum * self.pairs + pair) * self.length + t]
    }

    /// Sums over the periods of `row`; returns its loss. Second derivatives are there if they are `wanted`.
    pub fn visit(&mut self, row: usize, weight: f64, wanted: bool) -> f64 {
        let (panel, free, pairs, length) = (self.panel, self.free, self.pairs, self.length);
        let p = panel.columns();
        self.active.clear();
        let active = &mut self.active;
        panel.active(row, |column, x| active.push((column, x)));
        for (score, beta) in self.score.iter_mut().zip(self.beta.chunks_exact(p)) {
            *score = self.active.iter().map(|(column, x)| x * beta[*column]).sum();
        }
        let (periods, outcome) = (panel.periods[row] as usize, panel.outcome[row] as usize);
        let filled = periods.next_multiple_of(GROUP);
        let first = panel.stratum[row] as usize * free * length;
        let small = self.score.iter().all(|score| score.abs() + self.largest <= LARGEST);
        let mut loss = if free == 2 && small { self.two(first, periods) } else { self.any(first, periods, wanted) };
        if outcome > 0 {
            loss -= self.score[outcome - 1] + self.shift[first + (outcome - 1) * length + periods - 1];
        }
        let used = if wanted { free + pairs } else { free };
        for (column, sums) in self.basis.chunks_exact(length).zip(self.sums.chunks_exact_mut(free + pairs)) {
            for (sum, values) in sums.iter_mut().zip(self.values.chunks_exact(length)).take(used) {
                *sum = weight * dot(&column[..filled], &values[..filled]);
            }
            if outcome > 0 {
                sums[outcome - 1] -= weight * column[periods - 1];
            }
        }
        if wanted {
            let of_stratum = &mut self.period_curvature[panel.stratum[row] as usize * pairs * length..];
            for (into, values) in of_stratum.chunks_exact_mut(length).zip(self.values.chunks_exact(length).skip(free)) {
                into[..periods].iter_mut().zip(values).for_each(|(into, value)| *into += weight * value);
            }
        }
        weight * loss
    }

    /// Values of two outcomes whose linear predictors are not large; returns the sum of the logarithms of the denominators.
    fn two(&mut self, first: usize, periods: usize) -> f64 {
        let length = self.length;
        let [one, two] = [libm::exp(self.score[0]), libm::exp(self.score[1])];
        let (factor, other) = self.factor[first..first + 2 * length].split_at(length);
        let mut parts = self.values.chunks_exact_mut(length);
        let [Some(p), Some(q), Some(pp), Some(pq), Some(qq)] = std::array::from_fn(|_| parts.next()) else {
            return 0.0;
        };
        let filled = periods.next_multiple_of(GROUP);
        let (p, q, pp, pq, qq) =
            (&mut p[..filled], &mut q[..filled], &mut pp[..filled], &mut pq[..filled], &mut qq[..filled]);
        let (factor, other, denominator) = (&factor[..filled], &other[..filled], &mut self.denominator[..filled]);
        for t in 0..filled {
            let (a, b) = (one * factor[t], two * other[t]);
            let sum = 1.0 + a + b;
            let none = 1.0 / sum;
            denominator[t] = sum;
            let (a, b) = (a * none, b * none);
            p[t] = a;
            q[t] = b;
            // 1 − chance as a sum of what is left keeps its digits.
            pp[t] = a * (none + b);
            pq[t] = -a * b;
            qq[t] = b * (none + a);
        }
        for values in [p, q, pp, pq, qq] {
            values[periods..].fill(0.0);
        }
        denominator[..periods].chunks(FACTORS).map(|some| libm::log(some.iter().product::<f64>())).sum()
    }

    /// The same of any number of outcomes.
    fn any(&mut self, first: usize, periods: usize, wanted: bool) -> f64 {
        let (free, length) = (self.free, self.length);
        self.values.chunks_exact_mut(length).for_each(|values| values[..periods.next_multiple_of(GROUP)].fill(0.0));
        let mut loss = 0.0;
        for t in 0..periods {
            let mut top = 0.0_f64;
            for k in 0..free {
                let score = self.score[k] + self.shift[first + k * length + t];
                self.values[k * length + t] = score;
                top = top.max(score);
            }
            let none = libm::exp(-top);
            let mut sum = none;
            for k in 0..free {
                let value = &mut self.values[k * length + t];
                *value = libm::exp(*value - top);
                sum += *value;
            }
            loss += libm::log(sum) + top;
            (0..free).for_each(|k| self.values[k * length + t] /= sum);
            if !wanted {
                continue;
            }
            let mut pair = free;
            for k in 0..free {
                let chance = self.values[k * length + t];
                for l in 0..=k {
                    let bend = if k == l {
                        let others = (0..free).filter(|j| *j != k).map(|j| self.values[j * length + t]);
                        chance * (none / sum + others.sum::<f64>())
                    } else {
                        -chance * self.values[l * length + t]
                    };
                    self.values[pair * length + t] = bend;
                    pair += 1;
                }
            }
        }
        loss
    }
}

/// Σ ab of whole groups.
#[inline]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; GROUP];
    for (a, b) in a.as_chunks::<GROUP>().0.iter().zip(b.as_chunks::<GROUP>().0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3])
}
