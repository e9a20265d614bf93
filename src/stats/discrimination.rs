//! How good probabilities of an event are: ranking, loss and calibration. Every function takes weights; a row of weight 3 counts
//! as three equal rows.

use super::calibration::line;
use super::intervals::{Confidence, wilson};
use super::order::sort_rows;
use crate::meta::Estimate;
use serde::Serialize;

/// Area under the ROC curve with DeLong's interval (DeLong, DeLong & Clarke-Pearson 1988), ties counted one half; `None` unless both
/// outcomes occur. Probabilities are rounded to 12 decimals first, so that equal rows tie in spite of rounding; NaN ranks above all. The interval has the
/// ends 0 and 1 where there is a single event or a single non-event.
pub fn area_under_curve(
    outcome: &[f64],
    probability: &[f64],
    weights: &[f64],
    confidence: Confidence,
) -> Option<Estimate> {
    let scores: Vec<f64> = probability.iter().map(|p| libm::round(p * 1e12) / 1e12 + 0.0).collect();
    let mut order: Vec<usize> = (0..scores.len()).filter(|&i| weights[i] > 0.0).collect();
    sort_rows(&mut order, &mut |a, b| scores[a].total_cmp(&scores[b]));
    let positives: f64 = order.iter().map(|&i| weights[i] * outcome[i]).sum();
    let negatives: f64 = order.iter().map(|&i| weights[i] * (1.0 - outcome[i])).sum();
    if !(positives > 0.0 && negatives > 0.0) {
        return None;
    }
    // Placement: for an event the share of non-events below it, for a non-event the share of events above it.
    let mut placement = vec![0.0; scores.len()];
    let (mut events_below, mut others_below, mut start) = (0.0, 0.0, 0);
    while start < order.len() {
        let score = scores[order[start]];
        let end = start + order[start..].iter().take_while(|&&i| scores[i].total_cmp(&score).is_eq()).count();
        let tied = &order[start..end];
        let events: f64 = tied.iter().map(|&i| weights[i] * outcome[i]).sum();
        let others: f64 = tied.iter().map(|&i| weights[i] * (1.0 - outcome[i])).sum();
        for &i in tied {
            placement[i] = if outcome[i] > 0.5 {
                (others_below + 0.5 * others) / negatives
            } else {
                (positives - events_below - 0.5 * events) / positives
            };
        }
        events_below += events;
        others_below += others;
        start = end;
    }
    let area = order.iter().map(|&i| weights[i] * outcome[i] * placement[i]).sum::<f64>() / positives;
    let spread = |wanted: f64, total: f64| {
        let rows = order.iter().filter(|&&i| outcome[i] == wanted);
        rows.map(|&i| weights[i] * (placement[i] - area) * (placement[i] - area)).sum::<f64>() / (total - 1.0) / total
    };
    let n = positives + negatives;
    if positives <= 1.0 || negatives <= 1.0 {
        return Some(Estimate { value: area, low: 0.0, high: 1.0, n });
    }
    let half = confidence.multiplier() * (spread(1.0, positives) + spread(0.0, negatives)).sqrt();
    Some(Estimate { value: area, low: (area - half).max(0.0), high: (area + half).min(1.0), n })
}

/// Negative log likelihood of one outcome; probabilities are kept 1e-15 away from 0 and 1.
pub fn log_loss(outcome: f64, probability: f64) -> f64 {
    let p = probability.clamp(1e-15, 1.0 - 1e-15);
    -(outcome * libm::log(p) + (1.0 - outcome) * libm::log1p(-p))
}

/// Squared error of one probability (Brier 1950).
pub fn brier(outcome: f64, probability: f64) -> f64 {
    (probability - outcome) * (probability - outcome)
}

/// Weighted mean of `value` over the rows; NaN where no row has weight.
pub fn weighted_mean(weights: &[f64], value: impl Fn(usize) -> f64) -> f64 {
    let total: f64 = weights.iter().sum();
    weights.iter().enumerate().map(|(i, w)| w * value(i)).sum::<f64>() / total
}

/// A group of rows with similar probabilities.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReliabilityGroup {
    /// Rows, weighted.
    pub n: f64,
    /// Mean probability.
    pub predicted: f64,
    /// Observed rate with Wilson's interval.
    pub observed: Estimate,
    /// Lowest probability.
    pub lowest: f64,
    /// Highest probability.
    pub highest: f64,
}

/// Rows in group `group` of `groups` of `total` weighted rows: whole where `total` is, then with the larger groups first.
pub(crate) fn group_size(total: f64, groups: usize, group: usize) -> f64 {
    let even = total / groups as f64;
    if total.fract() != 0.0 {
        return even;
    }
    even.floor() + if (group as f64) < total - even.floor() * groups as f64 { 1.0 } else { 0.0 }
}

/// Rows sorted by probability (stable) and cut into `groups` groups whose sizes differ by at most one, larger groups first. A
/// weighted row that straddles a cut counts in both groups by its parts. Groups without rows are left out.
pub fn reliability(
    outcome: &[f64],
    probability: &[f64],
    weights: &[f64],
    groups: usize,
    confidence: Confidence,
) -> Vec<ReliabilityGroup> {
    let mut order: Vec<usize> = (0..probability.len()).filter(|&i| weights[i] > 0.0).collect();
    sort_rows(&mut order, &mut |a, b| probability[a].total_cmp(&probability[b]));
    let total: f64 = order.iter().map(|&i| weights[i]).sum();
    let mut found = Vec::with_capacity(groups);
    let (mut at, mut used) = (0, 0.0);
    for group in 0..groups {
        let mut left = group_size(total, groups, group);
        let (mut n, mut sum, mut events, mut lowest, mut highest) = (0.0, 0.0, 0.0, f64::NAN, f64::NAN);
        while left > 1e-9 && at < order.len() {
            let i = order[at];
            let part = (weights[i] - used).min(left);
            n += part;
            sum += part * probability[i];
            events += part * outcome[i];
            if lowest.is_nan() {
                lowest = probability[i];
            }
            highest = probability[i];
            left -= part;
            used += part;
            if weights[i] - used <= 1e-9 {
                at += 1;
                used = 0.0;
            }
        }
        if let Some(observed) = wilson(events, n, confidence) {
            found.push(ReliabilityGroup { n, predicted: sum / n, observed, lowest, highest });
        }
    }
    found
}

/// Expected calibration error: the mean over groups, by size, of |mean probability − observed rate|.
pub fn calibration_error(groups: &[ReliabilityGroup]) -> f64 {
    let total: f64 = groups.iter().map(|group| group.n).sum();
    groups.iter().map(|group| group.n * (group.predicted - group.observed.value).abs()).sum::<f64>() / total
}

/// Intercept and slope of an unpenalised logistic regression of the outcome on the log-odds of the probability: 0 and 1 for perfect
/// calibration (Cox 1958). `None` where only one outcome occurs, all probabilities are equal or they separate the outcomes.
pub fn calibration_line(outcome: &[f64], probability: &[f64], weights: &[f64]) -> Option<(f64, f64)> {
    let log_odds = probability
        .iter()
        .map(|p| {
            let p = p.clamp(1e-15, 1.0 - 1e-15);
            libm::log(p) - libm::log1p(-p)
        })
        .collect();
    line(outcome, log_odds, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level() -> Confidence {
        Confidence::new(0.95).unwrap()
    }

    #[test]
    fn area_counts_pairs_and_ties_count_one_half() {
        let (y, p) = ([0.0, 0.0, 1.0, 1.0, 1.0], [0.1, 0.4, 0.35, 0.8, 0.4]);
        let mut pairs = 0.0;
        for i in 2..5 {
            for j in 0..2 {
                pairs += if p[i] > p[j] {
                    1.0
                } else if p[i] == p[j] {
                    0.5
                } else {
                    0.0
                };
            }
        }
        let area = area_under_curve(&y, &p, &[1.0; 5], level()).unwrap();
        assert!((area.value - pairs / 6.0).abs() < 1e-15 && area.low < area.value && area.value < area.high);
        assert!(area_under_curve(&[1.0, 1.0], &[0.1, 0.2], &[1.0; 2], level()).is_none());
    }

    #[test]
    fn weights_equal_repeated_rows() {
        let (y, p, w) =
            ([0.0, 1.0, 0.0, 1.0, 1.0, 0.0], [0.1, 0.2, 0.3, 0.3, 0.7, 0.6], [2.0, 3.0, 1.0, 2.0, 4.0, 0.0]);
        let index: Vec<usize> = (0..6).flat_map(|i| vec![i; w[i] as usize]).collect();
        let (ys, ps): (Vec<f64>, Vec<f64>) = index.iter().map(|&i| (y[i], p[i])).unzip();
        let ones = vec![1.0; ys.len()];
        let (a, b) =
            (area_under_curve(&y, &p, &w, level()).unwrap(), area_under_curve(&ys, &ps, &ones, level()).unwrap());
        assert!((a.value - b.value).abs() < 1e-14 && (a.low - b.low).abs() < 1e-14);
        let (a, b) = (reliability(&y, &p, &w, 5, level()), reliability(&ys, &ps, &ones, 5, level()));
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            assert!((a.predicted - b.predicted).abs() < 1e-14 && a.n == b.n && a.observed == b.observed);
        }
    }

    #[test]
    fn groups_differ_by_at_most_one_with_the_larger_first() {
        let p: Vec<f64> = (0..23).map(|i| f64::from(i) / 23.0).collect();
        let sizes: Vec<f64> = reliability(&p, &p, &[1.0; 23], 10, level()).iter().map(|group| group.n).collect();
        assert_eq!(sizes, [3.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
    }

    #[test]
    fn a_probability_that_is_no_number_ends_and_ranks_above_all() {
        let area = area_under_curve(&[0.0, 1.0, 1.0], &[0.2, f64::NAN, 0.1], &[1.0; 3], level()).unwrap();
        assert_eq!(area.value, 0.5);
    }
}
