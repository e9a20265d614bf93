//! Agreement of two rankings of the same rows. A row of weight 3 counts as three equal rows.

use super::order::sort_rows;

/// Kendall's τ-b (1945): concordant less discordant pairs over the geometric mean of the pairs not tied in either; from −1 to 1.
///
/// `None` where one of the two is the same for all rows. In time n log n. Rows of weight 0 do not count; NaN ranks above all numbers.
pub fn kendall(x: &[f64], y: &[f64], weights: &[f64]) -> Option<f64> {
    let (x_group, x_sizes) = groups(x, weights);
    let (y_group, y_sizes) = groups(y, weights);
    let mut rows: Vec<usize> = (0..x.len()).filter(|&i| weights[i] > 0.0).collect();
    sort_rows(&mut rows, &mut |a, b| x_group[a].cmp(&x_group[b]));
    let pairs = |sizes: &[f64]| sizes.iter().map(|size| 0.5 * size * (size - 1.0)).sum::<f64>();
    let all = pairs(&[x_sizes.iter().sum()]);
    let mut below = Sums(vec![0.0; y_sizes.len() + 1]);
    let (mut seen, mut difference, mut start) = (0.0, 0.0, 0);
    while start < rows.len() {
        let tied = rows[start..].iter().take_while(|&&row| x_group[row] == x_group[rows[start]]).count();
        let tied = &rows[start..start + tied];
        for &row in tied {
            let (lower, not_higher) = (below.before(y_group[row]), below.before(y_group[row] + 1));
            difference += weights[row] * (lower - (seen - not_higher));
        }
        for &row in tied {
            below.add(y_group[row], weights[row]);
            seen += weights[row];
        }
        start += tied.len();
    }
    let scale = ((all - pairs(&x_sizes)) * (all - pairs(&y_sizes))).max(0.0).sqrt();
    (scale > 0.0).then(|| (difference / scale).clamp(-1.0, 1.0))
}

/// Spearman's ρ (1904): the correlation of mid-ranks; from −1 to 1. `None` where one of the two is the same for all rows. Rows of weight 0 do not
/// count; NaN ranks above all numbers.
pub fn spearman(x: &[f64], y: &[f64], weights: &[f64]) -> Option<f64> {
    let ranks = |values: &[f64]| {
        let (group, sizes) = groups(values, weights);
        let mut before = 0.0;
        let middle: Vec<f64> = sizes
            .iter()
            .map(|size| {
                before += size;
                before - 0.5 * size
            })
            .collect();
        // Measured from the mean rank.
        group.into_iter().map(|at| middle.get(at).copied().unwrap_or(0.0) - 0.5 * before).collect::<Vec<f64>>()
    };
    let (a, b) = (ranks(x), ranks(y));
    let sum = |a: &[f64], b: &[f64]| weights.iter().zip(a.iter().zip(b)).map(|(w, (a, b))| w * a * b).sum::<f64>();
    let scale = (sum(&a, &a) * sum(&b, &b)).sqrt();
    (scale > 0.0).then(|| (sum(&a, &b) / scale).clamp(-1.0, 1.0))
}

/// Per row the place of its value among the distinct ones of rows with weight, and per place the weight.
fn groups(values: &[f64], weights: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let mut rows: Vec<usize> = (0..values.len()).filter(|&i| weights[i] > 0.0).collect();
    sort_rows(&mut rows, &mut |a, b| values[a].total_cmp(&values[b]));
    let (mut group, mut sizes) = (vec![usize::MAX; values.len()], Vec::new());
    let mut last = None;
    for row in rows {
        // Adding 0 makes −0 equal to 0.
        let value = (values[row] + 0.0).to_bits();
        if last != Some(value) {
            sizes.push(0.0);
            last = Some(value);
        }
        if let Some(size) = sizes.last_mut() {
            *size += weights[row];
        }
        group[row] = sizes.len() - 1;
    }
    (group, sizes)
}

/// Running sums by place (Fenwick 1994).
struct Sums(Vec<f64>);

impl Sums {
    fn add(&mut self, place: usize, weight: f64) {
        let mut at = place + 1;
        while let Some(sum) = self.0.get_mut(at) {
            *sum += weight;
            at += at & at.wrapping_neg();
        }
    }

    /// Sum over the places below `place`.
    fn before(&self, place: usize) -> f64 {
        let (mut at, mut sum) = (place.min(self.0.len() - 1), 0.0);
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{below, seeded};

    /// By all pairs of repeated rows.
    fn slow(x: &[f64], y: &[f64]) -> Option<f64> {
        let (mut sum, mut in_x, mut in_y) = (0.0, 0.0f64, 0.0f64);
        let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
        for i in 0..x.len() {
            for j in 0..i {
                let (a, b) = (sign(x[i], x[j]), sign(y[i], y[j]));
                sum += a * b;
                in_x += a * a;
                in_y += b * b;
            }
        }
        let scale = (in_x * in_y).sqrt();
        (scale > 0.0).then(|| sum / scale)
    }

    #[test]
    fn weights_ties_and_all_pairs_agree() {
        let mut rng = seeded(1, 0);
        for n in 0..40usize {
            let mut draw = |most| (0..n).map(|_| f64::from(below(&mut rng, most))).collect::<Vec<f64>>();
            let (x, y, weights) = (draw(6), draw(9), draw(4));
            let rows: Vec<usize> = (0..n).flat_map(|i| vec![i; weights[i] as usize]).collect();
            let (xs, ys): (Vec<f64>, Vec<f64>) = rows.iter().map(|&i| (x[i], y[i])).unzip();
            let ones = vec![1.0; rows.len()];
            let close = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{n}: {a} {b}"),
                other => assert_eq!(other, (None, None), "{n}"),
            };
            close(kendall(&x, &y, &weights), slow(&xs, &ys));
            close(kendall(&xs, &ys, &ones), slow(&xs, &ys));
            close(spearman(&x, &y, &weights), spearman(&xs, &ys, &ones));
        }
    }

    #[test]
    fn equal_orders_agree_fully_and_opposite_ones_not_at_all() {
        let (x, y) = ([1.0, 2.0, 3.0, 4.0], [10.0, 100.0, 1e3, 1e9]);
        let back: Vec<f64> = y.iter().map(|y| -y).collect();
        for of in [kendall, spearman] {
            assert_eq!((of(&x, &y, &[1.0; 4]), of(&x, &back, &[1.0; 4])), (Some(1.0), Some(-1.0)));
            assert_eq!((of(&x, &[3.0; 4], &[1.0; 4]), of(&[], &[], &[])), (None, None));
        }
    }
}
