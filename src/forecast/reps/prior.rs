//! What the win rates of all owners say about one of them.

use crate::meta::Estimate;
use crate::stats::intervals::{Confidence, wilson};
use libm::{exp, lgamma, log};

/// How far owners may differ: the standard deviation of their log-odds has a Rayleigh density with this mode before anything is known. That is not 0: where
/// few deals show little, rates drawn all the way to that of all would look too sure (Chung et al. 2013).
const SCALE: f64 = 0.4;
/// Standard deviations that are looked at, up to five times that.
const GRID: usize = 64;

/// How strongly rates are drawn to that of all.
struct Strength {
    /// Deals of the average owner that are added to everyone's.
    deals: f64,
    /// Its probability given the counts of all owners.
    probability: f64,
}

/// A beta–binomial model of the owners' rates, averaged over its strengths.
pub(super) struct Prior {
    rate: f64,
    /// Closed deals of all owners, and how many have any.
    closed: f64,
    owners: f64,
    /// Empty where nothing shows how far owners differ.
    strengths: Vec<Strength>,
}

impl Prior {
    /// From the (won, closed) deals of all owners; `None` where none is closed.
    pub fn of(counts: &[(f64, f64)]) -> Option<Prior> {
        let counts: Vec<(f64, f64)> = counts.iter().copied().filter(|(_, closed)| *closed > 0.0).collect();
        let closed: f64 = counts.iter().map(|(_, closed)| closed).sum();
        let rate = counts.iter().map(|(won, _)| won).sum::<f64>() / closed;
        if closed <= 0.0 {
            return None;
        }
        let binomial = rate * (1.0 - rate);
        let mut prior = Prior { rate, closed, owners: counts.len() as f64, strengths: Vec::new() };
        if counts.len() < 2 || binomial < 1e-12 {
            return Some(prior);
        }
        let log_likelihoods = (0..GRID).map(|at| {
            // Evenly by their square roots: midpoints then miss nothing near 0.
            let root = (at as f64 + 0.5) / GRID as f64;
            let deviation = 5.0 * SCALE * root * root;
            let deals = 1.0 / (binomial * deviation * deviation);
            let before = log(root) + log(deviation) - 0.5 * (deviation / SCALE) * (deviation / SCALE);
            (deals, before + log_likelihood(&counts, deals * rate, deals * (1.0 - rate)))
        });
        let log_likelihoods: Vec<(f64, f64)> = log_likelihoods.collect();
        let most = log_likelihoods.iter().map(|(_, log)| *log).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = log_likelihoods.iter().map(|(_, log)| exp(log - most)).sum();
        let strength = |(deals, log)| Strength { deals, probability: exp(log - most) / total };
        prior.strengths = log_likelihoods.into_iter().map(strength).collect();
        Some(prior)
    }

    /// Deals that shrinking adds, for the mean correlation of two deals of an owner.
    pub fn deals(&self) -> Option<f64> {
        let correlation: f64 = self.strengths.iter().map(|of| of.probability / (1.0 + of.deals)).sum();
        (correlation > 0.0).then(|| 1.0 / correlation - 1.0)
    }

    /// Mean of the rate of an owner with these deals; the interval is Wilson's for as many deals as know it as surely.
    pub fn shrunken(&self, won: f64, closed: f64, confidence: Confidence) -> Option<Estimate> {
        let binomial = self.rate * (1.0 - self.rate);
        let error = binomial / self.closed;
        let mean = |deals: f64| (won + deals * self.rate) / (closed + deals);
        let over = |of: &dyn Fn(f64) -> f64| self.strengths.iter().map(|s| s.probability * of(s.deals)).sum::<f64>();
        let (value, variance) = if self.strengths.is_empty() {
            (self.rate, error)
        } else {
            let value = over(&mean);
            let variance = over(&|deals| {
                let (mean, drawn) = (mean(deals), deals / (closed + deals));
                // The rate of all is that of these owners, not of all there could be.
                let error = error + binomial / (1.0 + deals) / self.owners;
                mean * (1.0 - mean) / (closed + deals + 1.0) + (mean - value) * (mean - value) + drawn * drawn * error
            });
            (value, variance)
        };
        let behind = value * (1.0 - value) / variance;
        let behind = if behind > 0.0 { behind } else { self.closed };
        wilson(value * behind, behind, confidence).map(|interval| Estimate { value, n: closed, ..interval })
    }
}

/// Of (won, closed) deals under a beta–binomial model.
fn log_likelihood(counts: &[(f64, f64)], won: f64, lost: f64) -> f64 {
    let log_beta = |a: f64, b: f64| lgamma(a) + lgamma(b) - lgamma(a + b);
    let none = log_beta(won, lost);
    counts.iter().map(|&(w, n)| log_beta(won + w, lost + (n - w)) - none).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure() -> Confidence {
        Confidence::new(0.95).expect("a level")
    }

    /// Means of rates whose distributions were integrated numerically by another program.
    #[test]
    fn rates_are_those_of_numerical_integration() {
        let counts = [(3.0, 10.0), (12.0, 20.0), (0.0, 2.0), (40.0, 160.0)];
        let prior = Prior::of(&counts).expect("closed deals");
        let expected = [0.291_183_161_4, 0.440_255_820_4, 0.254_345_213_7, 0.255_820_928_8];
        for ((won, closed), expected) in counts.into_iter().zip(expected) {
            let rate = prior.shrunken(won, closed, sure()).expect("a rate");
            assert!((rate.value - expected).abs() < 1e-8, "{rate:?} {expected}");
            assert!(rate.low < rate.value && rate.value < rate.high && rate.n == closed);
        }
        assert!((prior.deals().expect("strengths") - 15.298_693_886).abs() < 1e-5);
    }

    #[test]
    fn who_has_no_deal_has_the_rate_of_all_with_a_wider_interval() {
        let prior = Prior::of(&[(30.0, 100.0), (60.0, 100.0), (0.0, 0.0)]).expect("closed deals");
        let (none, many) = (prior.shrunken(0.0, 0.0, sure()), prior.shrunken(45.0, 100.0, sure()));
        let (none, many) = (none.expect("a rate"), many.expect("a rate"));
        assert!((none.value - 0.45).abs() < 1e-12 && (many.value - 0.45).abs() < 1e-12);
        assert!(none.high - none.low > 1.5 * (many.high - many.low));
    }

    #[test]
    fn one_owner_and_one_outcome_have_the_rate_of_all() {
        for counts in [vec![(3.0, 10.0)], vec![(0.0, 5.0), (0.0, 8.0)], vec![(5.0, 5.0), (8.0, 8.0)]] {
            let prior = Prior::of(&counts).expect("closed deals");
            let of_all = counts.iter().fold((0.0, 0.0), |all, of| (all.0 + of.0, all.1 + of.1));
            let expected = wilson(of_all.0, of_all.1, sure()).expect("deals");
            let rate = prior.shrunken(counts[0].0, counts[0].1, sure()).expect("a rate");
            assert_eq!((rate.value, prior.deals()), (expected.value, None));
            assert!((rate.low - expected.low).abs() < 1e-12 && (rate.high - expected.high).abs() < 1e-12);
        }
        assert!(Prior::of(&[(0.0, 0.0)]).is_none() && Prior::of(&[]).is_none());
    }

    #[test]
    fn counts_of_any_size_give_rates() {
        for size in [1e-30, 1e-3, 1.0, 1e6, 1e30] {
            let counts = [(0.0, size), (0.3 * size, size), (size, size), (1e-9 * size, 1e-8 * size)];
            let prior = Prior::of(&counts).expect("closed deals");
            for (won, closed) in counts {
                let rate = prior.shrunken(won, closed, sure()).expect("a rate");
                assert!(rate.low <= rate.value && rate.value <= rate.high && rate.high <= 1.0, "{size} {rate:?}");
            }
        }
    }
}
