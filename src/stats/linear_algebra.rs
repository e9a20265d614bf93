//! Symmetric positive definite systems, dense, of the size of a regression.

/// Lower Cholesky factor L of a symmetric positive definite matrix, A = LLᵀ.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    n: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// The factor of the n × n matrix whose lower triangle stands in `matrix` (row-major); `None` unless it is numerically positive definite:
    /// each pivot must exceed 1e-12 of its diagonal element.
    pub fn new(matrix: &[f64], n: usize) -> Option<Self> {
        if matrix.len() != n * n {
            return None;
        }
        let mut lower = matrix.to_vec();
        for j in 0..n {
            let mut pivot = lower[j * n + j];
            let diagonal = pivot;
            for k in 0..j {
                pivot -= lower[j * n + k] * lower[j * n + k];
            }
            // The negation also catches NaN.
            if !(pivot > 1e-12 * diagonal && pivot.is_finite()) {
                return None;
            }
            let root = pivot.sqrt();
            lower[j * n + j] = root;
            for i in j + 1..n {
                let mut sum = lower[i * n + j];
                for k in 0..j {
                    sum -= lower[i * n + k] * lower[j * n + k];
                }
                lower[i * n + j] = sum / root;
            }
        }
        Some(Cholesky { n, lower })
    }

    /// L, n × n row-major; what stands above its diagonal means nothing.
    pub fn lower(self) -> Vec<f64> {
        self.lower
    }

    /// Replaces the right-hand side b, of length n, by the solution x of Ax = b.
    pub fn solve(&self, b: &mut [f64]) {
        let n = self.n.min(b.len());
        self.whiten(b);
        for i in (0..n).rev() {
            for k in i + 1..n {
                b[i] -= self.lower[k * self.n + i] * b[k];
            }
            b[i] /= self.lower[i * self.n + i];
        }
    }

    /// Replaces b, of length n, by L⁻¹b: what has covariance A gets uncorrelated and of variance 1.
    pub fn whiten(&self, b: &mut [f64]) {
        for i in 0..self.n.min(b.len()) {
            for k in 0..i {
                b[i] -= self.lower[i * self.n + k] * b[k];
            }
            b[i] /= self.lower[i * self.n + i];
        }
    }

    /// ln |A|.
    pub fn log_determinant(&self) -> f64 {
        2.0 * (0..self.n).map(|i| libm::log(self.lower[i * self.n + i])).sum::<f64>()
    }

    /// A⁻¹, n × n row-major.
    pub fn inverse(&self) -> Vec<f64> {
        let n = self.n;
        let mut inverse = vec![0.0; n * n];
        let mut column = vec![0.0; n];
        for j in 0..n {
            column.fill(0.0);
            column[j] = 1.0;
            self.solve(&mut column);
            for i in 0..n {
                inverse[i * n + j] = column[i];
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::Cholesky;

    #[test]
    fn solution_satisfies_the_system() {
        let a = [4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0];
        let factor = Cholesky::new(&a, 3).expect("positive definite");
        let mut x = [1.0, 2.0, 3.0];
        factor.solve(&mut x);
        let full = [[4.0, 2.0, 1.0], [2.0, 5.0, 3.0], [1.0, 3.0, 6.0]];
        for (row, b) in full.iter().zip([1.0, 2.0, 3.0]) {
            let product: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((product - b).abs() < 1e-14);
        }
        let inverse = factor.inverse();
        assert!((inverse[0] * 4.0 + inverse[1] * 2.0 + inverse[2] - 1.0).abs() < 1e-14);
    }

    #[test]
    fn singular_indefinite_and_nan_matrices_have_no_factor() {
        for matrix in [[1.0, 0.0, 1.0, 1.0], [1.0, 0.0, 2.0, 1.0], [f64::NAN, 0.0, 0.0, 1.0], [0.0; 4]] {
            assert!(Cholesky::new(&matrix, 2).is_none());
        }
    }
}
