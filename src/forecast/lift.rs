//! How much more often deals are won that the model puts first: the hold-out in tenths, from the most probable down.

use crate::meta::Estimate;
use crate::stats::discrimination::group_size;
use crate::stats::intervals::{Confidence, wilson};
use crate::stats::order::sort_rows;
use serde::Serialize;

/// Tested deals with neighbouring probabilities.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LiftGroup {
    /// Deals, weighted.
    pub n: f64,
    /// Lowest probability among them.
    pub lowest: f64,
    /// Highest probability among them.
    pub highest: f64,
    /// Share of won ones among them, with Wilson's interval.
    pub rate: Estimate,
    /// That share over the share among all tested deals.
    pub lift: f64,
    /// Share of all tested deals in this group and those before it.
    pub deals_share: f64,
    /// Share of all wins in them: the height of the gain curve.
    pub wins_share: f64,
}

/// Deals of one probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tied {
    /// The probability, to 12 decimals, so that equal deals tie in spite of rounding.
    pub probability: f64,
    /// Deals, weighted.
    pub n: f64,
    /// Won ones among them.
    pub won: f64,
}

/// The deals that have weight by falling probability, those of one probability together.
pub(super) fn tied(outcome: &[f64], probability: &[f64], weights: &[f64]) -> Vec<Tied> {
    let scores: Vec<f64> = probability.iter().map(|p| libm::round(p * 1e12) / 1e12 + 0.0).collect();
    let mut order: Vec<usize> = (0..scores.len()).filter(|&i| weights[i] > 0.0).collect();
    sort_rows(&mut order, &mut |a, b| scores[b].total_cmp(&scores[a]));
    let mut found: Vec<Tied> = Vec::new();
    for i in order {
        if found.last().is_none_or(|last| last.probability.total_cmp(&scores[i]).is_ne()) {
            found.push(Tied { probability: scores[i], n: 0.0, won: 0.0 });
        }
        if let Some(last) = found.last_mut() {
            last.n += weights[i];
            last.won += weights[i] * outcome[i];
        }
    }
    found
}

/// At most `groups` groups of deals by falling probability, whose sizes differ by at most one, larger groups first; empty where no deal was won.
///
/// Deals of one probability that straddle a cut count in both groups by their parts, with their own share of won ones in each: the expectation over
/// random orders, and a point on the straight line between two points of the ROC curve.
pub(super) fn lift(tied: &[Tied], groups: usize, confidence: Confidence) -> Vec<LiftGroup> {
    let total: f64 = tied.iter().map(|tied| tied.n).sum();
    let all_won: f64 = tied.iter().map(|tied| tied.won).sum();
    let mut found = Vec::with_capacity(groups);
    if all_won <= 0.0 {
        return found;
    }
    let (mut at, mut used, mut deals, mut wins) = (0, 0.0, 0.0, 0.0);
    for group in 0..groups {
        let mut left = group_size(total, groups, group);
        let (mut n, mut won, mut highest, mut lowest) = (0.0, 0.0, f64::NAN, f64::NAN);
        while let Some(block) = tied.get(at).filter(|_| left > 1e-9) {
            let part = (block.n - used).min(left);
            n += part;
            won += block.won * (part / block.n);
            if highest.is_nan() {
                highest = block.probability;
            }
            lowest = block.probability;
            left -= part;
            used += part;
            if block.n - used <= 1e-9 {
                at += 1;
                used = 0.0;
            }
        }
        deals += n;
        wins += won;
        if let Some(rate) = wilson(won.min(n), n, confidence) {
            let (deals_share, wins_share) = (deals / total, (wins / all_won).min(1.0));
            let lift = rate.value * total / all_won;
            found.push(LiftGroup { n, lowest, highest, rate, lift, deals_share, wins_share });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rng::{below, seeded};

    fn groups(outcome: &[f64], probability: &[f64], weights: &[f64], count: usize) -> Vec<LiftGroup> {
        lift(&tied(outcome, probability, weights), count, Confidence::new(0.95).unwrap())
    }

    #[test]
    fn a_perfect_order_finds_all_wins_first_and_lifts_to_the_inverse_of_the_rate() {
        let outcome: Vec<f64> = (0..100).map(|i| f64::from(u8::from(i >= 80))).collect();
        let probability: Vec<f64> = (0..100).map(|i| f64::from(i) / 100.0).collect();
        let found = groups(&outcome, &probability, &[1.0; 100], 10);
        assert_eq!(
            found.iter().map(|group| group.lift).collect::<Vec<_>>(),
            [5.0, 5.0, 0., 0., 0., 0., 0., 0., 0., 0.]
        );
        assert_eq!((found[0].wins_share, found[1].wins_share, found[1].deals_share), (0.5, 1.0, 0.2));
        assert_eq!((found[0].highest, found[0].lowest, found[9].lowest), (0.99, 0.9, 0.0));
    }

    #[test]
    fn equal_probabilities_lift_nothing_whatever_the_order_of_rows() {
        let outcome: Vec<f64> = (0..50).map(|i| f64::from(u8::from(i < 20))).collect();
        for group in groups(&outcome, &[0.4; 50], &[1.0; 50], 10) {
            assert!((group.lift - 1.0).abs() < 1e-12 && (group.wins_share - group.deals_share).abs() < 1e-12);
        }
    }

    #[test]
    fn a_weight_is_as_many_rows_and_the_order_of_rows_does_not_matter() {
        let mut rng = seeded(5, 0);
        let outcome: Vec<f64> = (0..200).map(|_| f64::from(below(&mut rng, 2))).collect();
        let probability: Vec<f64> = (0..200).map(|_| f64::from(below(&mut rng, 23)) / 23.0).collect();
        let weights: Vec<f64> = (0..200).map(|_| f64::from(below(&mut rng, 4))).collect();
        let rows: Vec<usize> = (0..200).rev().flat_map(|i| vec![i; weights[i] as usize]).collect();
        let pick = |values: &[f64]| rows.iter().map(|&i| values[i]).collect::<Vec<_>>();
        let repeated = groups(&pick(&outcome), &pick(&probability), &vec![1.0; rows.len()], 10);
        let weighted = groups(&outcome, &probability, &weights, 10);
        assert_eq!(weighted.len(), 10);
        for (a, b) in weighted.iter().zip(&repeated) {
            assert!(a.n == b.n && (a.wins_share - b.wins_share).abs() < 1e-12 && (a.lift - b.lift).abs() < 1e-12);
        }
    }

    #[test]
    fn few_deals_make_few_groups_and_none_won_make_none() {
        assert_eq!(groups(&[1.0, 0.0, 1.0], &[0.9, 0.5, 0.1], &[1.0; 3], 10).len(), 3);
        assert!(groups(&[0.0; 3], &[0.9, 0.5, 0.1], &[1.0; 3], 10).is_empty());
        assert!(groups(&[], &[], &[], 10).is_empty());
        assert!(groups(&[1.0], &[0.5], &[0.0], 10).is_empty());
    }
}
