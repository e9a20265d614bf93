//! Whether the model's probabilities are taken as they are, or as what deals showed that were given the same.

use super::cross_validation::{FOLDS, OutOfFold};
use crate::stats::calibration::{Calibration, CalibrationMethod};
use crate::stats::discrimination::{log_loss, weighted_mean};
use crate::stats::logistic::sigmoid;
use serde::Serialize;

/// Won or lost deals, whichever are fewer, from which on any rising map is learnt instead of a straight line.
const EVENTS_FOR_ISOTONIC: f64 = 1000.0;

/// Calibration on the predictions of models that were not learnt from the deals.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelCalibration {
    /// How it is learnt.
    pub method: CalibrationMethod,
    /// Whether probabilities are calibrated: where the log-loss falls by more than its standard error.
    pub used: bool,
    /// Won or lost deals, whichever are fewer (weighted).
    pub events: f64,
    /// Mean log-loss of the predictions as they are.
    pub log_loss: f64,
    /// And as the map makes them that was learnt from the other folds.
    pub calibrated_log_loss: f64,
    /// Of all predictions.
    pub map: Calibration,
}

/// The calibration of `predictions`; `None` where they show no rising map.
pub(super) fn calibration(predictions: &OutOfFold) -> Option<ModelCalibration> {
    let OutOfFold { fold, outcome, log_odds, weights } = predictions;
    let n: f64 = weights.iter().sum();
    let won: f64 = weights.iter().zip(outcome).map(|(weight, outcome)| weight * outcome).sum();
    let events = won.min(n - won);
    let method = if events < EVENTS_FOR_ISOTONIC { CalibrationMethod::Platt } else { CalibrationMethod::Isotonic };
    let map = Calibration::learn(method, outcome, log_odds, weights)?;
    let of_others = |held_out: usize| {
        let others: Vec<f64> =
            weights.iter().zip(fold).map(|(weight, fold)| if *fold == held_out { 0.0 } else { *weight }).collect();
        Calibration::learn(method, outcome, log_odds, &others).unwrap_or_default()
    };
    let maps: Vec<Calibration> = (0..FOLDS).map(of_others).collect();
    let loss = |i: usize| log_loss(outcome[i], sigmoid(log_odds[i]));
    let calibrated = |i: usize| log_loss(outcome[i], sigmoid(maps[fold[i]].apply(log_odds[i])));
    let gain = weighted_mean(weights, |i| loss(i) - calibrated(i));
    let deviation = |i: usize| loss(i) - calibrated(i) - gain;
    let variance = weighted_mean(weights, |i| deviation(i) * deviation(i)) / (n - 1.0).max(1.0);
    Some(ModelCalibration {
        method,
        used: gain > variance.sqrt(),
        events,
        log_loss: weighted_mean(weights, loss),
        calibrated_log_loss: weighted_mean(weights, calibrated),
        map,
    })
}
