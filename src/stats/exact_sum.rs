//! Sums that do not depend on the order of their terms.

/// A sum kept to twice the precision of `f64`: its value is the true sum rounded once, whatever the order of the terms, what was
/// taken away again and how parts were merged, unless more than about 100 binary digits are needed.
///
/// Ogita, Rump & Oishi (2005), “Accurate sum and dot product”, algorithms Sum2 and Dot2.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ExactSum {
    high: f64,
    low: f64,
}

impl ExactSum {
    /// Adds `term`; the sizes of all terms together must stay below 1e300.
    #[inline(always)]
    pub fn add(&mut self, term: f64) {
        let sum = self.high + term;
        let added = sum - self.high;
        self.low += (self.high - (sum - added)) + (term - added);
        self.high = sum;
    }

    /// Adds `a`·`b` as if it had been added as many times as a weight says; both below 1e290, or the low half of the product is lost.
    pub fn add_product(&mut self, a: f64, b: f64) {
        self.add(a * b);
        self.low += product_rest(a, b);
    }

    /// Adds the terms of `other`.
    pub fn merge(&mut self, other: &ExactSum) {
        self.add(other.high);
        self.low += other.low;
    }

    /// The sum in two numbers, for another place to go on with.
    pub fn halves(&self) -> [f64; 2] {
        [self.high, self.low]
    }

    /// The sum whose [`ExactSum::halves`] these are.
    pub fn from_halves([high, low]: [f64; 2]) -> Self {
        ExactSum { high, low }
    }

    /// The sum.
    pub fn value(&self) -> f64 {
        self.high + self.low
    }
}

/// What rounding took from `a`·`b`; 0 where that cannot be told, beyond 1e290.
pub fn product_rest(a: f64, b: f64) -> f64 {
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let rest = ((a_high * b_high - a * b) + a_high * b_low + a_low * b_high) + a_low * b_low;
    if rest.is_finite() { rest } else { 0.0 }
}

/// Two numbers of 26 digits that sum to `value` (Veltkamp's splitting).
fn halves(value: f64) -> (f64, f64) {
    let scaled = 134_217_729.0 * value;
    let high = scaled - (scaled - value);
    (high, value - high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{normal, seeded};

    #[test]
    fn order_merging_and_taking_away_do_not_change_a_digit() {
        let mut random = seeded(4, 0);
        let terms: Vec<f64> =
            (0..3000).map(|i| normal(&mut random) * libm::pow(10.0, f64::from(i % 9) - 4.0)).collect();
        let sum = |terms: &mut dyn Iterator<Item = f64>| {
            let mut sum = ExactSum::default();
            terms.for_each(|term| sum.add(term));
            sum
        };
        let forward = sum(&mut terms.iter().copied());
        assert_eq!(forward.value(), sum(&mut terms.iter().rev().copied()).value());
        let (mut first, second) = (sum(&mut terms[..1234].iter().copied()), sum(&mut terms[1234..].iter().copied()));
        first.merge(&second);
        assert_eq!(forward.value(), first.value());
        first.merge(&sum(&mut terms[1234..].iter().map(|term| -term)));
        assert_eq!(first.value(), sum(&mut terms[..1234].iter().copied()).value());
        // The plain sum does change.
        assert_ne!(terms.iter().sum::<f64>(), terms.iter().rev().sum::<f64>());
    }

    #[test]
    fn a_weight_of_three_is_three_terms() {
        let mut random = seeded(5, 0);
        let (mut weighted, mut repeated) = (ExactSum::default(), ExactSum::default());
        for _ in 0..500 {
            let term = normal(&mut random);
            weighted.add_product(3.0, term);
            (0..3).for_each(|_| repeated.add(term));
        }
        assert_eq!(weighted.value(), repeated.value());
    }
}
