//! What calling every deal above a probability a win gets right and wrong, at every whole percentage, and where the F1 score is best.

use super::lift::Tied;
use crate::bulk::Floats;
use serde::Serialize;

/// Tested deals (weighted) that were called won from a threshold on, and lost below it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Confusion {
    /// A deal of this probability is called won.
    pub threshold: f64,
    /// Called won, and won.
    pub true_positives: f64,
    /// Called won, and lost.
    pub false_positives: f64,
    /// Called lost, and won.
    pub false_negatives: f64,
    /// Called lost, and lost.
    pub true_negatives: f64,
}

impl Confusion {
    /// Harmonic mean of precision and recall (van Rijsbergen 1979); 0 where nothing is called or is won rightly.
    pub fn f1(&self) -> f64 {
        let called_or_won = 2.0 * self.true_positives + self.false_positives + self.false_negatives;
        if called_or_won > 0.0 { 2.0 * self.true_positives / called_or_won } else { 0.0 }
    }
}

/// The table over thresholds. All vectors have 99 entries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Thresholds {
    /// 0.01, 0.02, …, 0.99.
    pub threshold: Floats,
    /// Called won, and won.
    pub true_positives: Floats,
    /// Called won, and lost.
    pub false_positives: Floats,
    /// Called lost, and won.
    pub false_negatives: Floats,
    /// Called lost, and lost.
    pub true_negatives: Floats,
    /// The probability of a tested deal from which on F1 is best, the lowest where several are; `None` where no tested deal was won.
    pub best: Option<Confusion>,
    /// F1 there.
    pub best_f1: Option<f64>,
}

/// Confusion matrices of `tied`, which falls in probability.
pub(super) fn thresholds(tied: &[Tied]) -> Thresholds {
    let n: f64 = tied.iter().map(|tied| tied.n).sum();
    let won: f64 = tied.iter().map(|tied| tied.won).sum();
    let confusion = |threshold: f64, called: f64, right: f64| Confusion {
        threshold,
        true_positives: right,
        false_positives: called - right,
        false_negatives: won - right,
        true_negatives: (n - won) - (called - right),
    };
    let mut best: Option<Confusion> = None;
    let (mut called, mut right) = (0.0, 0.0);
    for block in tied.iter().filter(|_| won > 0.0) {
        (called, right) = (called + block.n, right + block.won);
        let here = confusion(block.probability, called, right);
        if best.is_none_or(|best| here.f1() >= best.f1()) {
            best = Some(here);
        }
    }
    let (mut called, mut right, mut at) = (0.0, 0.0, 0);
    let mut grid: Vec<Confusion> = Vec::with_capacity(99);
    for percent in (1..100).rev() {
        let threshold = f64::from(percent) / 100.0;
        while let Some(block) = tied.get(at).filter(|block| block.probability >= threshold) {
            (called, right, at) = (called + block.n, right + block.won, at + 1);
        }
        grid.push(confusion(threshold, called, right));
    }
    let column = |part: fn(&Confusion) -> f64| Floats(grid.iter().rev().map(part).collect());
    Thresholds {
        threshold: column(|at| at.threshold),
        true_positives: column(|at| at.true_positives),
        false_positives: column(|at| at.false_positives),
        false_negatives: column(|at| at.false_negatives),
        true_negatives: column(|at| at.true_negatives),
        best_f1: best.map(|best| best.f1()),
        best,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lift::tied;
    use super::*;
    use crate::stats::rng::{below, seeded};

    #[test]
    fn every_matrix_is_that_of_counting_and_no_other_threshold_has_a_better_f1() {
        let mut rng = seeded(8, 0);
        for n in [1, 2, 7, 300] {
            let p: Vec<f64> = (0..n).map(|_| f64::from(below(&mut rng, 101)) / 100.0).collect();
            let y: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == 0 || below(&mut rng, 100) < 30))).collect();
            let w: Vec<f64> = (0..n).map(|_| 1.0 + f64::from(below(&mut rng, 3))).collect();
            let counted = |threshold: f64| {
                let sum = |called: bool, won: f64| -> f64 {
                    (0..n).filter(|&i| (p[i] >= threshold) == called && y[i] == won).map(|i| w[i]).sum()
                };
                Confusion {
                    threshold,
                    true_positives: sum(true, 1.0),
                    false_positives: sum(true, 0.0),
                    false_negatives: sum(false, 1.0),
                    true_negatives: sum(false, 0.0),
                }
            };
            let table = thresholds(&tied(&y, &p, &w));
            assert_eq!(table.threshold.0.len(), 99);
            for (at, threshold) in table.threshold.0.iter().enumerate() {
                let expected = counted(*threshold);
                let found =
                    [&table.true_positives, &table.false_positives, &table.false_negatives, &table.true_negatives];
                let wanted = [
                    expected.true_positives,
                    expected.false_positives,
                    expected.false_negatives,
                    expected.true_negatives,
                ];
                assert_eq!(found.map(|column| column.0[at]), wanted, "{threshold}");
            }
            let best = table.best.unwrap();
            assert_eq!(best, counted(best.threshold));
            let highest = p.iter().map(|threshold| counted(*threshold).f1()).fold(0.0, f64::max);
            assert_eq!((table.best_f1, best.f1()), (Some(highest), highest));
        }
    }

    #[test]
    fn without_wins_or_deals_there_is_no_best_threshold() {
        assert_eq!(thresholds(&tied(&[0.0, 0.0], &[0.3, 0.6], &[1.0; 2])).best, None);
        let empty = thresholds(&[]);
        assert_eq!((empty.best, empty.true_negatives.0[50]), (None, 0.0));
    }
}
