//! Normal quantiles and intervals of proportions.

use crate::error::{Error, Result};
use crate::meta::Estimate;

/// A confidence level, strictly between 0 and 1, with its two-sided normal multiplier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    level: f64,
    multiplier: f64,
}

impl Confidence {
    /// The level `level`, such as 0.95.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] unless it lies strictly between 0 and 1.
    pub fn new(level: f64) -> Result<Self> {
        if level > 0.0 && level < 1.0 {
            return Ok(Confidence { level, multiplier: normal_quantile(0.5 + 0.5 * level) });
        }
        Err(Error::InvalidOption {
            option: "confidence".into(),
            value: level.to_string(),
            rule: "a confidence level lies strictly between 0 and 1".into(),
        })
    }

    /// The level.
    pub fn level(self) -> f64 {
        self.level
    }

    /// Half the width of the interval in standard errors: 1.959964 at 95 %.
    pub fn multiplier(self) -> f64 {
        self.multiplier
    }
}

/// z such that a standard normal variable lies below it with probability `p`; −∞ at 0, ∞ at 1, NaN outside.
///
/// Acklam's rational approximation with one Halley step against `erfc`: about 1e-15 relative.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 5] =
        [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 4] = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = libm::sqrt(-2.0 * libm::log(p));
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    };
    let x = if p < 0.02425 {
        tail(p)
    } else if p > 1.0 - 0.02425 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    };
    let error = 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2) - p;
    let step = error * libm::sqrt(2.0 * std::f64::consts::PI) * libm::exp(0.5 * x * x);
    x - step / (1.0 + 0.5 * x * step)
}

/// Wilson's interval (1927) of a proportion of `successes` in `n` (both weighted counts); `None` where n is 0.
pub fn wilson(successes: f64, n: f64, confidence: Confidence) -> Option<Estimate> {
    if n <= 0.0 {
        return None;
    }
    let value = successes / n;
    let z2 = confidence.multiplier * confidence.multiplier;
    let centre = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = confidence.multiplier / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
    // Rounding leaves the closed ends a few ulp inside.
    let low = if successes <= 0.0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if successes >= n { 1.0 } else { (centre + half).min(1.0) };
    Some(Estimate { value, low, high, n })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantile_matches_published_digits() {
        for (p, z) in [(0.975, 1.959963984540054), (0.5, 0.0), (0.001, -3.090232306167813), (1e-10, -6.361340902404056)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-12, "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn wilson_matches_newcombe_1998() {
        let level = Confidence::new(0.95).expect("valid");
        let estimate = wilson(81.0, 263.0, level).expect("n > 0");
        assert!((estimate.low - 0.2553).abs() < 5e-5 && (estimate.high - 0.3662).abs() < 5e-5);
        assert!(wilson(0.0, 0.0, level).is_none());
        assert_eq!(wilson(0.0, 20.0, level).expect("n > 0").low, 0.0);
    }
}
