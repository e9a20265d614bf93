//! Measures that a few wild values do not move: weighted medians, their absolute deviations, and counts that no even rhythm explains.

use super::book::weighted;
use crate::stats::order::sorted_rows;

/// Values looked at for a quantile: of more rows, evenly spaced ones. The error of a median is then about 0.8 % in rank.
const SAMPLE: usize = 4096;

/// Sorted finite values with their weights, by which quantiles are read.
pub(super) struct Sorted {
    values: Vec<f64>,
    /// Weight up to and including each value.
    reached: Vec<f64>,
}

impl Sorted {
    /// Of the values with a positive weight.
    #[inline(never)]
    pub fn new(given: &[(f64, f64)]) -> Self {
        let step = given.len().div_ceil(SAMPLE).max(1);
        let sample: Vec<(f64, f64)> =
            given.iter().step_by(step).copied().filter(|(value, weight)| value.is_finite() && *weight > 0.0).collect();
        let order = sorted_rows(sample.len(), &mut |a, b| sample[a].0.total_cmp(&sample[b].0));
        let mut total = 0.0;
        let reached = order.iter().map(|at| {
            total += sample[*at].1;
            total
        });
        let reached = reached.collect();
        Sorted { values: order.iter().map(|at| sample[*at].0).collect(), reached }
    }

    /// The smallest value that at least a share `p` of the weight does not exceed; NaN without values.
    #[inline(never)]
    pub fn quantile(&self, p: f64) -> f64 {
        let wanted = p * self.weight();
        let at = self.reached.iter().position(|reached| *reached >= wanted);
        at.map_or(f64::NAN, |at| self.values[at])
    }

    /// Weight of all.
    pub fn weight(&self) -> f64 {
        self.reached.last().copied().unwrap_or(0.0)
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

/// Median and scaled median absolute deviation: for normal values, mean and standard deviation. NaN without values.
#[inline(never)]
pub(super) fn centre(values: &[(f64, f64)]) -> (f64, f64) {
    let median = Sorted::new(values).median();
    let deviations = weighted(values.len(), &|at| ((values[at].0 - median).abs(), values[at].1));
    (median, 1.4826 * Sorted::new(&deviations).median())
}

/// Whether `count` is out of reach of a Poisson count of mean `usual`, in any of `places` looked at: by Chernoff's bound
/// ln P(X ≥ c) ≤ c − μ − c ln(c ÷ μ), against a chance of one in a thousand over all places.
#[inline(never)]
pub(super) fn no_chance(count: f64, usual: f64, places: usize) -> bool {
    let usual = usual.max(0.05);
    count > usual && count * libm::log(count / usual) - count + usual > libm::log(1000.0 * places.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_stand_for_repeated_values() {
        let weighted = Sorted::new(&[(1.0, 3.0), (5.0, 1.0), (9.0, 1.0), (f64::NAN, 7.0), (2.0, 0.0)]);
        let repeated = Sorted::new(&[1.0, 1.0, 1.0, 5.0, 9.0].map(|value| (value, 1.0)));
        for p in [0.0, 0.25, 0.5, 0.6, 0.75, 0.9, 1.0] {
            assert_eq!(weighted.quantile(p), repeated.quantile(p), "{p}");
        }
        assert!(Sorted::new(&[]).median().is_nan());
        assert_eq!(centre(&[1.0, 2.0, 3.0, 4.0, 1000.0].map(|value| (value, 1.0))), (3.0, 1.4826));
    }

    #[test]
    fn only_what_chance_does_not_give_stands_out() {
        assert!(!no_chance(20.0, 10.0, 365) && no_chance(40.0, 10.0, 365));
        assert!(!no_chance(1100.0, 1000.0, 700) && no_chance(1300.0, 1000.0, 700));
    }
}
