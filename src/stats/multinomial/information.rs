//! How much the gradient varies between clusters of rows.

use super::rows::Rows;
use super::{Multinomial, Panel};

/// J = Σ gᶜgᶜᵀ, row-major: g is the sum of the gradients of a cluster's rows (`cluster`, equal numbers side by side), `repeats[i]` how many equal clusters
/// row i stands for.
pub fn information(panel: &Panel, weights: &[f64], fitted: &Multinomial, cluster: &[u32], repeats: &[f64]) -> Vec<f64> {
    let (d, p) = (panel.coefficients(), panel.columns());
    let mut middle = vec![0.0; d * d];
    let mut rows = Rows::new(panel, &fitted.coefficients);
    let q = panel.basis_columns();
    let mut gradient = vec![0.0; d];
    let mut touched: Vec<usize> = Vec::new();
    for row in 0..panel.design.rows() {
        if weights[row] > 0.0 {
            rows.visit(row, weights[row], false);
            let mut add = |j: usize, value: f64| {
                touched.push(j);
                gradient[j] += value;
            };
            for k in 0..panel.outcomes - 1 {
                for &(column, x) in &rows.active {
                    add(k * p + column, rows.residual(k, 0) * x);
                }
                for start in panel.basis_starts(panel.stratum[row]) {
                    for j in 0..q {
                        add(k * p + start + j, rows.residual(k, 1 + j));
                    }
                }
            }
        }
        if cluster.get(row + 1) != cluster.get(row) {
            touched.sort_unstable();
            touched.dedup();
            let times = repeats[row];
            if times > 0.0 {
                for &i in &touched {
                    for &j in touched.iter().take_while(|j| **j <= i) {
                        // The gradients are those of all equal clusters together.
                        middle[i * d + j] += gradient[i] * gradient[j] / times;
                    }
                }
            }
            touched.drain(..).for_each(|j| gradient[j] = 0.0);
        }
    }
    for i in 0..d {
        for j in 0..i {
            middle[j * d + i] = middle[i * d + j];
        }
    }
    middle
}
