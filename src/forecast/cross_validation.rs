//! What models that were not learnt from a closed deal say about it: what chooses the penalty, and calibrates.

use super::features::{Encoder, design};
use super::model::Examples;
use crate::crm::Attribute;
use crate::error::Result;
use crate::stats::discrimination::log_loss;
use crate::stats::logistic::{Design, optimum, sigmoid};
use serde::Serialize;

/// A penalty and its cross-validated log-loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PathPoint {
    /// λ.
    pub penalty: f64,
    /// Mean log-loss over the held-out folds.
    pub log_loss: f64,
}

const PENALTIES: [f64; 7] = [0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];
/// Folds, each a stretch of time.
pub(super) const FOLDS: usize = 5;
/// Rows that are looked at, at most, evenly spread: more do not change which penalty is best.
const MOST_ROWS: usize = 20_000;

/// Deals with the log-odds that the model of the other folds gives each; one that straddles two folds is in both by its parts.
#[derive(Debug, Clone, Default)]
pub(super) struct OutOfFold {
    pub fold: Vec<usize>,
    /// 1 for won, 0 for lost.
    pub outcome: Vec<f64>,
    pub log_odds: Vec<f64>,
    pub weights: Vec<f64>,
}

impl OutOfFold {
    /// Mean log-loss; NaN where there is none.
    fn log_loss(&self) -> f64 {
        let losses = self.outcome.iter().zip(&self.log_odds).map(|(outcome, z)| log_loss(*outcome, sigmoid(*z)));
        losses.zip(&self.weights).map(|(loss, weight)| weight * loss).sum::<f64>() / self.weights.iter().sum::<f64>()
    }
}

/// Closed deals in folds, to learn from some and predict the others.
pub(super) struct CrossValidation {
    matrix: Design,
    outcome: Vec<f64>,
    weights: Vec<f64>,
    /// The penalty weighs against a sum over rows: on fewer rows it must be smaller by this to be the same.
    scale: f64,
    /// Coefficients of each fold's last model.
    starts: [Option<Vec<f64>>; FOLDS],
}

impl CrossValidation {
    /// # Errors
    /// None that the encoders of the same attributes can cause.
    pub fn new(attributes: &[Attribute], encoders: &[Encoder], examples: &Examples) -> Result<CrossValidation> {
        let Examples { rows, outcome, weights } = examples.spread(MOST_ROWS);
        let (matrix, _) = design(attributes, encoders, &rows)?;
        let scale = weights.iter().sum::<f64>() / examples.weights.iter().sum::<f64>();
        Ok(CrossValidation { matrix, outcome, weights, scale, starts: [const { None }; FOLDS] })
    }

    /// Predictions of each fold by a model of the others; none of a fold whose others have no model.
    pub fn predictions(&mut self, penalty: f64) -> OutOfFold {
        let mut found = OutOfFold::default();
        for (fold, start) in self.starts.iter_mut().enumerate() {
            let held_out = held_out(&self.weights, fold);
            let learnt_from: Vec<f64> = self.weights.iter().zip(&held_out).map(|(all, held)| all - held).collect();
            let fitted =
                optimum(&self.matrix, &self.outcome, &learnt_from, penalty * self.scale, start.as_deref(), 1e-8);
            let Ok(model) = fitted else { continue };
            for (row, weight) in held_out.into_iter().enumerate().filter(|(_, weight)| *weight > 0.0) {
                found.fold.push(fold);
                found.outcome.push(self.outcome[row]);
                found.log_odds.push(self.matrix.score(row, &model.coefficients));
                found.weights.push(weight);
            }
            *start = Some(model.coefficients);
        }
        found
    }

    /// The penalty of the grid with the lowest log-loss, the larger one where two are equal; the predictions that it makes; and the whole grid.
    pub fn best(&mut self) -> (f64, OutOfFold, Vec<PathPoint>) {
        let mut path = Vec::with_capacity(PENALTIES.len());
        let mut best = (f64::INFINITY, 1.0, OutOfFold::default());
        for &penalty in PENALTIES.iter().rev() {
            let predictions = self.predictions(penalty);
            let log_loss = predictions.log_loss();
            if log_loss.is_nan() {
                continue;
            }
            path.push(PathPoint { penalty, log_loss });
            if log_loss < best.0 {
                best = (log_loss, penalty, predictions);
            }
        }
        path.reverse();
        (best.1, best.2, path)
    }
}

/// The part of each of `weights` that is in `fold`: the folds are equal stretches of their sum.
fn held_out(weights: &[f64], fold: usize) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    let [from, to] = [fold, fold + 1].map(|fold| total * fold as f64 / FOLDS as f64);
    let to = if fold + 1 == FOLDS { f64::INFINITY } else { to };
    let mut after = 0.0;
    let part = |weight: &f64| {
        let before = after;
        after += weight;
        if before >= from && after <= to { *weight } else { (after.min(to) - before.max(from)).clamp(0.0, *weight) }
    };
    weights.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_part_every_weight_and_a_weight_is_as_many_rows() {
        let weights = [3.0, 0.5, 2.0, 0.0, 7.0, 1.0, 1.5];
        let folds: Vec<Vec<f64>> = (0..FOLDS).map(|fold| held_out(&weights, fold)).collect();
        for (row, weight) in weights.iter().enumerate() {
            assert!((folds.iter().map(|fold| fold[row]).sum::<f64>() - weight).abs() < 1e-12);
        }
        assert!(folds.iter().all(|fold| (fold.iter().sum::<f64>() - 3.0).abs() < 1e-12));
        let halves: Vec<f64> = weights.iter().flat_map(|weight| vec![0.5; (weight * 2.0) as usize]).collect();
        for (fold, parts) in folds.iter().enumerate() {
            let mut halves = held_out(&halves, fold).into_iter();
            for (weight, part) in weights.iter().zip(parts) {
                let same: f64 = halves.by_ref().take((weight * 2.0) as usize).sum();
                assert!((same - part).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_fold_of_tiny_and_huge_weights_is_never_negative() {
        let weights = [1e-30, 1e15, 0.1, 0.1, 1e-30, 0.3];
        assert!(
            (0..FOLDS).all(|fold| held_out(&weights, fold)
                .iter()
                .zip(&weights)
                .all(|(part, all)| *part >= 0.0 && part <= all))
        );
    }
}
