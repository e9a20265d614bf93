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
            let (before, own) = b.split_at_mut(i);
            let line = &self.lower[i * self.n..];
            own[0] /= line[i];
            before.iter_mut().zip(line).for_each(|(b, l)| *b -= own[0] * l);
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
        // L⁻¹ line by line, then A⁻¹ = L⁻ᵀL⁻¹ as a sum over its lines.
        let mut whitener = vec![0.0; n * n];
        for i in 0..n {
            let (before, own) = whitener.split_at_mut(i * n);
            let line = &self.lower[i * n..][..=i];
            let own = &mut own[..=i];
            own[i] = 1.0;
            for (k, l) in line[..i].iter().enumerate() {
                own.iter_mut().zip(&before[k * n..][..=k]).for_each(|(own, b)| *own -= l * b);
            }
            own.iter_mut().for_each(|own| *own /= line[i]);
        }
        let mut inverse = vec![0.0; n * n];
        for line in whitener.chunks_exact(n.max(1)).enumerate().map(|(i, line)| &line[..=i]) {
            for (w, into) in line.iter().zip(inverse.chunks_exact_mut(n)).filter(|(w, _)| **w != 0.0) {
                into.iter_mut().zip(line).for_each(|(into, b)| *into += w * b);
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
