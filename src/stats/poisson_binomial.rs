//! The Poisson–binomial distribution: how many of many independent events with probabilities of their own come true.

/// Probability mass that may be cut off each tail of a partial distribution; over all of them less than 1e-12 is lost.
const CUT: f64 = 1e-20;
/// Events that are added one by one; more are split in halves, which are then folded.
const ONE_BY_ONE: usize = 32;

/// Exact distribution of a count.
#[derive(Debug, Clone, PartialEq)]
pub struct PoissonBinomial {
    /// The smallest count with a probability above nothing.
    pub first: usize,
    /// Probability of `first`, `first` + 1, …; they sum to 1 within 1e-12.
    pub probability: Vec<f64>,
    /// Mean: the sum of the probabilities given.
    pub mean: f64,
}

impl PoissonBinomial {
    /// The distribution of the number of events that come true, event `i` with probability `probabilities[i]`.
    ///
    /// Halves are folded into wholes, and what lies so far out that its probability is below 1e-20 is cut off: for n events of standard
    /// deviation s in sum about s² log n steps. Probabilities outside [0, 1] count as the nearest of the two, NaN as 0. Without events the count is 0.
    ///
    /// ```
    /// use crm_analytics::stats::poisson_binomial::PoissonBinomial;
    /// let two = PoissonBinomial::new(&[0.5, 0.25]);
    /// assert_eq!((two.first, two.probability.as_slice()), (0, [0.375, 0.5, 0.125].as_slice()));
    /// assert_eq!(two.quantile(0.5), 1);
    /// ```
    pub fn new(probabilities: &[f64]) -> Self {
        let mean = probabilities.iter().map(|p| bounded(*p)).sum();
        let (first, probability) = folded(probabilities);
        PoissonBinomial { first, probability, mean }
    }

    /// The smallest count that is not exceeded with probability `p`.
    pub fn quantile(&self, p: f64) -> usize {
        let mut reached = 0.0;
        for (at, probability) in self.probability.iter().enumerate() {
            reached += probability;
            if reached >= p - 1e-12 {
                return self.first + at;
            }
        }
        self.first + self.probability.len().saturating_sub(1)
    }

    /// Probability of a count of at least `count`.
    pub fn at_least(&self, count: usize) -> f64 {
        let from = count.saturating_sub(self.first);
        self.probability.iter().skip(from).sum::<f64>().min(1.0)
    }
}

fn bounded(p: f64) -> f64 {
    if p.is_nan() { 0.0 } else { p.clamp(0.0, 1.0) }
}

fn folded(probabilities: &[f64]) -> (usize, Vec<f64>) {
    if probabilities.len() <= ONE_BY_ONE {
        let mut distribution = vec![1.0];
        for p in probabilities.iter().map(|p| bounded(*p)) {
            distribution.push(0.0);
            for at in (0..distribution.len()).rev() {
                let below = if at > 0 { distribution[at - 1] } else { 0.0 };
                distribution[at] = distribution[at] * (1.0 - p) + below * p;
            }
        }
        return trimmed(0, distribution);
    }
    let (left, right) = probabilities.split_at(probabilities.len() / 2);
    let ((first, a), (second, b)) = (folded(left), folded(right));
    let mut both = vec![0.0; a.len() + b.len() - 1];
    for (at, x) in a.iter().enumerate() {
        for (sum, y) in both[at..].iter_mut().zip(&b) {
            *sum += x * y;
        }
    }
    trimmed(first + second, both)
}

/// The same without the counts at both ends that are next to impossible.
fn trimmed(first: usize, mut distribution: Vec<f64>) -> (usize, Vec<f64>) {
    let kept = |p: &f64| *p >= CUT;
    let (Some(low), Some(high)) = (distribution.iter().position(kept), distribution.iter().rposition(kept)) else {
        return (first, distribution);
    };
    distribution.truncate(high + 1);
    distribution.drain(..low);
    (first + low, distribution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{seeded, uniform};

    #[test]
    fn equals_the_sum_over_all_subsets() {
        let mut rng = seeded(1, 0);
        for n in 0..12u32 {
            let p: Vec<f64> = (0..n).map(|_| uniform(&mut rng)).collect();
            let mut expected = vec![0.0; n as usize + 1];
            for subset in 0u32..1 << n {
                let chance: f64 =
                    (0..n).map(|i| if subset >> i & 1 == 1 { p[i as usize] } else { 1.0 - p[i as usize] }).product();
                expected[subset.count_ones() as usize] += chance;
            }
            let found = PoissonBinomial::new(&p);
            for (count, expected) in expected.iter().enumerate() {
                let actual = count.checked_sub(found.first).and_then(|at| found.probability.get(at)).unwrap_or(&0.0);
                assert!((actual - expected).abs() < 1e-14, "{n} {count}: {actual} {expected}");
            }
        }
    }

    #[test]
    fn folding_halves_equals_adding_one_by_one_and_loses_nothing() {
        let mut rng = seeded(2, 0);
        let p: Vec<f64> = (0..3000).map(|_| uniform(&mut rng) * uniform(&mut rng)).collect();
        let mut slow = vec![1.0];
        for p in &p {
            slow.push(0.0);
            for at in (1..slow.len()).rev() {
                slow[at] = slow[at] * (1.0 - p) + slow[at - 1] * p;
            }
            slow[0] *= 1.0 - p;
        }
        let fast = PoissonBinomial::new(&p);
        assert!(fast.probability.len() < 1000);
        for (at, probability) in fast.probability.iter().enumerate() {
            assert!((probability - slow[fast.first + at]).abs() < 1e-15);
        }
        assert!((fast.probability.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mean: f64 = fast.probability.iter().enumerate().map(|(at, p)| p * (fast.first + at) as f64).sum();
        assert!((mean - fast.mean).abs() < 1e-9);
    }

    #[test]
    fn certain_impossible_and_missing_events_have_an_answer() {
        let found = PoissonBinomial::new(&[1.0, 1.0, 0.0, f64::NAN, 2.0, -1.0]);
        assert_eq!((found.first, found.probability.as_slice(), found.mean), (3, [1.0].as_slice(), 3.0));
        assert_eq!((found.quantile(0.1), found.at_least(3), found.at_least(4)), (3, 1.0, 0.0));
        let none = PoissonBinomial::new(&[]);
        assert_eq!((none.first, none.probability.as_slice(), none.quantile(0.9)), (0, [1.0].as_slice(), 0));
    }
}
