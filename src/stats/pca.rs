//! Principal components and their varimax rotation.

use super::order::sorted_rows;

/// Eigenvalues of a symmetric matrix, largest first, and its eigenvectors of length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// Eigenvalues, descending.
    pub values: Vec<f64>,
    /// Eigenvectors, one behind the other, in the order of the values. Of each, the largest element in size (the first of equal
    /// ones) is positive.
    pub vectors: Vec<f64>,
}

/// Sweeps over all pairs; ten are enough for matrices of any size in practice.
const SWEEPS: usize = 60;
/// Elements this close in size count as equally large when signs are chosen, so that rounding does not decide.
const EQUALLY_LARGE: f64 = 1e-9;

/// Eigenvalues and eigenvectors of the symmetric n × n `matrix` (row-major), by cyclic Jacobi rotations (Golub & Van Loan, section 8.5).
pub fn symmetric_eigen(matrix: &[f64], n: usize) -> Eigen {
    let mut a = matrix.to_vec();
    a.resize(n * n, 0.0);
    let mut vectors = vec![0.0; n * n];
    (0..n).for_each(|i| vectors[i * n + i] = 1.0);
    let norm: f64 = a.iter().map(|value| value * value).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * n + j] * a[i * n + j]).sum();
        if off <= 1e-32 * norm {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p * n + q] == 0.0 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
                let t = if theta.abs() > 1e150 {
                    0.5 / theta
                } else {
                    theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt())
                };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for i in 0..n {
                    let (x, y) = (a[i * n + p], a[i * n + q]);
                    (a[i * n + p], a[i * n + q]) = (c * x - s * y, s * x + c * y);
                }
                for i in 0..n {
                    let (x, y) = (a[p * n + i], a[q * n + i]);
                    (a[p * n + i], a[q * n + i]) = (c * x - s * y, s * x + c * y);
                }
                for i in 0..n {
                    let (x, y) = (vectors[p * n + i], vectors[q * n + i]);
                    (vectors[p * n + i], vectors[q * n + i]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    let order = sorted_rows(n, &mut |i, j| a[j * n + j].total_cmp(&a[i * n + i]));
    let mut sorted = Vec::with_capacity(n * n);
    for &i in &order {
        let vector = &vectors[i * n..(i + 1) * n];
        let sign = sign_of_largest(vector);
        sorted.extend(vector.iter().map(|value| sign * value + 0.0));
    }
    Eigen { values: order.iter().map(|&i| a[i * n + i]).collect(), vectors: sorted }
}

/// 1 or −1: the sign of the largest of `values` in size, of the first of equally large ones.
fn sign_of_largest(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let first = values.iter().find(|value| value.abs() >= largest * (1.0 - EQUALLY_LARGE));
    if first.is_some_and(|&value| value < 0.0) { -1.0 } else { 1.0 }
}

/// Directions of largest variance of weighted rows.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalComponents {
    /// Weighted mean of each column.
    pub mean: Vec<f64>,
    /// Variance along each direction (divided by n), descending; no more than there are columns, and none that rounding could have
    /// made: below 1e-12 of the largest. None at all where every column is constant.
    pub variance: Vec<f64>,
    /// Directions of length 1, one behind the other; in each the largest element in size is positive.
    pub directions: Vec<f64>,
    /// Sum of the variances of the columns.
    pub total_variance: f64,
}

/// Principal components of `rows` (finite; row-major, `columns` each), one weight per row, from the covariance matrix: with fewer rows than
/// columns, or constant columns, there are fewer components.
pub fn principal_components(rows: &[f64], columns: usize, weights: &[f64]) -> PrincipalComponents {
    let columns = columns.max(1);
    let weighted = || rows.chunks_exact(columns).zip(weights);
    let total: f64 = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut mean = vec![0.0; columns];
    for (row, weight) in weighted() {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += weight * value / total);
    }
    let mut covariance = vec![0.0; columns * columns];
    let mut centred = vec![0.0; columns];
    for (row, weight) in weighted() {
        centred.iter_mut().zip(row).zip(&mean).for_each(|((centred, value), mean)| *centred = value - mean);
        for i in 0..columns {
            for j in 0..=i {
                covariance[i * columns + j] += weight * centred[i] * centred[j] / total;
            }
        }
    }
    for i in 0..columns {
        for j in 0..i {
            covariance[j * columns + i] = covariance[i * columns + j];
        }
    }
    let total_variance = (0..columns).map(|i| covariance[i * columns + i]).sum();
    let mut eigen = symmetric_eigen(&covariance, columns);
    let largest = eigen.values.first().copied().unwrap_or(0.0);
    let kept = eigen.values.iter().take_while(|&&value| value > 1e-12 * largest).count();
    eigen.values.truncate(kept);
    eigen.vectors.truncate(kept * columns);
    PrincipalComponents { mean, variance: eigen.values, directions: eigen.vectors, total_variance }
}

/// Turns the `factors` columns of `loadings` (row-major, one row per variable) so that each variable loads strongly on few of them, and
/// returns the rotation (factors × factors, row-major): rotated = loadings × rotation.
///
/// Varimax with Kaiser's normalisation (Kaiser 1958), by rotations of pairs until none turns by more than 1e-12. Columns come out by
/// falling sum of squares, with the largest loading of each positive. Variables without loadings stay as they are.
pub fn varimax(loadings: &mut [f64], factors: usize) -> Vec<f64> {
    let m = factors;
    let mut rotation = vec![0.0; m * m];
    (0..m).for_each(|i| rotation[i * m + i] = 1.0);
    if m == 0 {
        return rotation;
    }
    let length = |row: &[f64]| row.iter().map(|value| value * value).sum::<f64>().sqrt();
    let lengths: Vec<f64> = loadings.chunks_exact(m).map(length).collect();
    for (row, length) in loadings.chunks_exact_mut(m).zip(&lengths).filter(|(_, length)| **length > 0.0) {
        row.iter_mut().for_each(|value| *value /= length);
    }
    let variables = lengths.iter().filter(|&&length| length > 0.0).count() as f64;
    for _ in 0..1000 {
        let mut turned = false;
        for p in 0..m {
            for q in p + 1..m {
                let (mut a, mut b, mut c, mut d) = (0.0, 0.0, 0.0, 0.0);
                for row in loadings.chunks_exact(m) {
                    let (u, v) = (row[p] * row[p] - row[q] * row[q], 2.0 * row[p] * row[q]);
                    (a, b, c, d) = (a + u, b + v, c + u * u - v * v, d + 2.0 * u * v);
                }
                let angle = 0.25 * libm::atan2(d - 2.0 * a * b / variables, c - (a * a - b * b) / variables);
                if angle.is_nan() || angle.abs() <= 1e-12 {
                    continue;
                }
                turned = true;
                let (sin, cos) = libm::sincos(angle);
                for row in loadings.chunks_exact_mut(m).chain(rotation.chunks_exact_mut(m)) {
                    (row[p], row[q]) = (cos * row[p] + sin * row[q], cos * row[q] - sin * row[p]);
                }
            }
        }
        if !turned {
            break;
        }
    }
    for (row, length) in loadings.chunks_exact_mut(m).zip(&lengths) {
        row.iter_mut().for_each(|value| *value *= length);
    }
    let column = |values: &[f64], at: usize| values.chunks_exact(m).map(|row| row[at]).collect::<Vec<f64>>();
    let strength: Vec<f64> = (0..m).map(|at| column(loadings, at).iter().map(|value| value * value).sum()).collect();
    let order = sorted_rows(m, &mut |i, j| strength[j].total_cmp(&strength[i]));
    let signs: Vec<f64> = (0..m).map(|at| sign_of_largest(&column(loadings, at))).collect();
    for row in loadings.chunks_exact_mut(m).chain(rotation.chunks_exact_mut(m)) {
        let turned: Vec<f64> = order.iter().map(|&at| signs[at] * row[at] + 0.0).collect();
        row.copy_from_slice(&turned);
    }
    rotation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng;

    fn random_rows(n: usize, columns: usize, seed: u32) -> Vec<f64> {
        let mut random = rng::seeded(seed, 0);
        (0..n * columns).map(|_| rng::normal(&mut random)).collect()
    }

    #[test]
    fn eigenvectors_are_orthonormal_and_rebuild_the_matrix() {
        for n in [1, 2, 5, 20] {
            let values = random_rows(n, n, n as u32);
            let matrix: Vec<f64> = (0..n * n).map(|at| values[at] + values[at % n * n + at / n]).collect();
            let eigen = symmetric_eigen(&matrix, n);
            assert!(eigen.values.windows(2).all(|pair| pair[0] >= pair[1]));
            for i in 0..n {
                for j in 0..n {
                    let dot: f64 = (0..n).map(|l| eigen.vectors[i * n + l] * eigen.vectors[j * n + l]).sum();
                    assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-12);
                    let rebuilt: f64 =
                        (0..n).map(|l| eigen.values[l] * eigen.vectors[l * n + i] * eigen.vectors[l * n + j]).sum();
                    assert!((rebuilt - matrix[i * n + j]).abs() < 1e-12 * n as f64);
                }
            }
        }
    }

    #[test]
    fn constant_columns_and_fewer_rows_than_columns_leave_fewer_components() {
        let rows = [1.0, 7.0, 2.0, 3.0, 7.0, 0.0];
        let found = principal_components(&rows, 3, &[1.0; 2]);
        assert_eq!(found.variance.len(), 1);
        assert!((found.variance[0] - 2.0).abs() < 1e-12 && found.directions[1] == 0.0);
        assert!(principal_components(&[4.0; 6], 2, &[1.0; 3]).variance.is_empty());
        assert!(principal_components(&[], 2, &[]).variance.is_empty());
        assert!(principal_components(&[1.0, 2.0], 2, &[1.0]).variance.is_empty());
    }

    #[test]
    fn weight_three_equals_three_rows_and_weight_zero_none() {
        let rows = random_rows(4, 2, 3);
        let weighted = principal_components(&rows, 2, &[3.0, 1.0, 0.0, 2.0]);
        let repeated: Vec<f64> =
            [0, 0, 0, 1, 3, 3].iter().flat_map(|&row| rows[row * 2..row * 2 + 2].to_vec()).collect();
        let plain = principal_components(&repeated, 2, &[1.0; 6]);
        for (a, b) in weighted.directions.iter().zip(&plain.directions) {
            assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn the_sign_of_a_direction_is_that_of_its_first_largest_element() {
        let rows = [1.0, -1.0, -1.0, 1.0, 2.0, -2.0, -2.0, 2.0];
        let found = principal_components(&rows, 2, &[1.0; 4]);
        assert!(found.directions[0] > 0.0 && found.directions[1] < 0.0);
    }

    /// Sum over the factors of the variance of the squared, normalised loadings.
    fn simplicity(loadings: &[f64], m: usize) -> f64 {
        let squares: Vec<f64> = loadings
            .chunks_exact(m)
            .flat_map(|row| {
                let length: f64 = row.iter().map(|value| value * value).sum();
                row.iter().map(move |value| value * value / length).collect::<Vec<f64>>()
            })
            .collect();
        let n = (loadings.len() / m) as f64;
        (0..m)
            .map(|at| {
                let column = || squares.iter().skip(at).step_by(m);
                column().map(|s| s * s).sum::<f64>() / n - (column().sum::<f64>() / n) * (column().sum::<f64>() / n)
            })
            .sum()
    }

    #[test]
    fn varimax_keeps_lengths_and_no_further_turn_is_simpler() {
        for (variables, m, seed) in [(6, 2, 1), (9, 3, 2), (4, 4, 3)] {
            let before = random_rows(variables, m, seed);
            let mut after = before.clone();
            let rotation = varimax(&mut after, m);
            for (row, turned) in before.chunks_exact(m).zip(after.chunks_exact(m)) {
                for j in 0..m {
                    let product: f64 = (0..m).map(|i| row[i] * rotation[i * m + j]).sum();
                    assert!((product - turned[j]).abs() < 1e-12);
                }
            }
            let best = simplicity(&after, m);
            assert!(best >= simplicity(&before, m));
            for (p, q) in (0..m).flat_map(|p| (p + 1..m).map(move |q| (p, q))) {
                for degrees in 1..180 {
                    let (sin, cos) = libm::sincos(f64::from(degrees) * std::f64::consts::PI / 180.0);
                    let mut turned = after.clone();
                    for row in turned.chunks_exact_mut(m) {
                        (row[p], row[q]) = (cos * row[p] + sin * row[q], cos * row[q] - sin * row[p]);
                    }
                    assert!(simplicity(&turned, m) <= best + 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_variable_without_loadings_and_no_factor_at_all_do_no_harm() {
        let mut loadings = [0.0, 0.0, 1.0, 0.2, 0.1, 0.9];
        varimax(&mut loadings, 2);
        assert!(loadings.iter().all(|value| value.is_finite()) && loadings[..2] == [0.0, 0.0]);
        assert!(varimax(&mut [], 0).is_empty());
    }
}
