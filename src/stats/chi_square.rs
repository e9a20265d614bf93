//! The chi-square distribution, and quadratic forms that follow it.

use super::linear_algebra::Cholesky;
use serde::Serialize;

/// A statistic that follows a chi-square distribution where there is nothing to find.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChiSquareTest {
    /// The statistic.
    pub chi_square: f64,
    /// Its degrees of freedom, at least 1.
    pub degrees_of_freedom: u32,
    /// Probability of a statistic at least as large.
    pub p: f64,
}

/// Probability that a chi-square variable of `degrees_of_freedom` is at least `x`: Q(df/2, x/2), the regularised upper incomplete gamma function.
/// 1 at and below 0; NaN where an argument is NaN or there are no degrees of freedom.
///
/// Series below a + 1, Lentz's continued fraction above (Press et al. 2007, section 6.2): about 1e-14 relative, in the tail too.
///
/// ```
/// use crm_analytics::stats::chi_square::chi_square_tail;
/// assert!((chi_square_tail(3.841458820694124, 1.0) - 0.05).abs() < 1e-12);
/// ```
pub fn chi_square_tail(x: f64, degrees_of_freedom: f64) -> f64 {
    let (a, x) = (0.5 * degrees_of_freedom, 0.5 * x);
    if a <= 0.0 || a.is_nan() || x.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    if x == f64::INFINITY {
        return 0.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    const MOST_TERMS: usize = 100_000;
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..MOST_TERMS {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / f64::MIN_POSITIVE;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for i in 1..MOST_TERMS {
        let i = i as f64;
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / nonzero(an * d + b);
        c = nonzero(b + an / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    (front * fraction).clamp(0.0, 1.0)
}

fn nonzero(x: f64) -> f64 {
    if x.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { x }
}

/// The test of k scores that sum to 0 against 0: zᵀV⁻¹z over all but one of those whose variance is not 0. `variance` is k × k, row-major.
/// `None` where fewer than two have a variance, or where it is singular beyond that.
pub(crate) fn score_test(scores: &[f64], variance: &[f64]) -> Option<ChiSquareTest> {
    let k = scores.len();
    let largest = (0..k).map(|i| variance[i * k + i]).fold(0.0, f64::max);
    let mut used: Vec<usize> = (0..k).filter(|i| variance[i * k + i] > 1e-12 * largest).collect();
    used.pop()?;
    if used.is_empty() {
        return None;
    }
    let matrix: Vec<f64> = used.iter().flat_map(|i| used.iter().map(move |j| variance[i * k + j])).collect();
    let mut solution: Vec<f64> = used.iter().map(|i| scores[*i]).collect();
    Cholesky::new(&matrix, used.len())?.solve(&mut solution);
    let chi_square: f64 = used.iter().zip(&solution).map(|(i, x)| scores[*i] * x).sum();
    let chi_square = Some(chi_square.max(0.0)).filter(|chi_square| chi_square.is_finite())?;
    Some(ChiSquareTest {
        chi_square,
        degrees_of_freedom: used.len() as u32,
        p: chi_square_tail(chi_square, used.len() as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pchisq(x, df, lower.tail = FALSE)` of R 4.2.2, printed with 16 digits.
    #[test]
    fn tail_matches_r() {
        for (x, df, reference) in [
            (0.001, 1.0, 0.97477287936996),
            (3.0, 1.0, 0.08326451666355056),
            (74.3167886721, 2.0, 7.283068312041826e-17),
            (14.1898559981, 6.0, 0.02758579306827575),
            (29.0, 29.0, 0.465066241237879),
            (250.0, 199.0, 0.008230113044724761),
            (700.0, 1.0, 2.99022697512462e-154),
            (1500.0, 2000.0, 1.0),
        ] {
            let ours = chi_square_tail(x, df);
            assert!((ours - reference).abs() <= 1e-11 * reference, "{x} {df}: {ours} {reference}");
        }
    }

    #[test]
    fn edges_are_plain() {
        assert_eq!((chi_square_tail(0.0, 3.0), chi_square_tail(-1.0, 3.0)), (1.0, 1.0));
        assert_eq!(chi_square_tail(f64::INFINITY, 3.0), 0.0);
        assert!(chi_square_tail(1.0, 0.0).is_nan() && chi_square_tail(f64::NAN, 1.0).is_nan());
    }

    #[test]
    fn scores_without_variance_are_left_out() {
        let test = score_test(&[2.0, 0.0, -2.0], &[4.0, 0.0, -4.0, 0.0, 0.0, 0.0, -4.0, 0.0, 4.0]).expect("two");
        assert_eq!((test.chi_square, test.degrees_of_freedom), (1.0, 1));
        assert_eq!(score_test(&[0.0], &[1.0]), None);
        assert_eq!(score_test(&[], &[]), None);
        assert_eq!(score_test(&[0.0, 0.0], &[0.0; 4]), None);
    }
}
