//! The proof on deals that the model has not seen: trained on the older ones, tested on the newest.

use super::model::{Examples, Fitted, Model};
use crate::bulk::{Floats, Indices};
use crate::crm::Deals;
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::discrimination::{
    ReliabilityGroup, area_under_curve, brier, calibration_error, calibration_line, log_loss, reliability,
    weighted_mean,
};
use crate::stats::intervals::Confidence;
use crate::stats::logistic::sigmoid;
use serde::Serialize;

/// How the model did on the newest closed deals.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holdout {
    /// First close instant of the test in ms; `None` where deals have no close date and the order of rows is the time.
    pub from: Option<f64>,
    /// Deals (weighted) trained on.
    pub train_rows: f64,
    /// How it did on the tested deals. The base rate is that of the training part.
    pub figures: Figures,
    /// Expected calibration error over the groups.
    pub calibration_error: f64,
    /// Row of the deals table of each tested deal.
    pub row: Indices,
    /// The probability that it was given.
    pub probability: Floats,
    /// Ten groups by probability.
    pub reliability: Vec<ReliabilityGroup>,
    /// The model that was tested.
    pub model: Model,
}

/// How probabilities did against the outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Deals (weighted) tested on.
    pub test_rows: f64,
    /// Share of won ones among them.
    pub test_rate: f64,
    /// Mean probability that they were given.
    pub mean_predicted: f64,
    /// Area under the ROC curve with DeLong's interval; `None` where the test holds one outcome only.
    pub auc: Option<Estimate>,
    /// Mean negative log likelihood.
    pub log_loss: f64,
    /// Mean squared error of the probability.
    pub brier: f64,
    /// Log-loss of giving everyone the base rate.
    pub base_log_loss: f64,
    /// Brier score of the same.
    pub base_brier: f64,
    /// 1 − log_loss / base_log_loss, with a normal interval from the paired differences.
    pub log_loss_skill: Estimate,
    /// 1 − brier / base_brier.
    pub brier_skill: f64,
    /// Intercept of the outcome on the log-odds given; 0 is perfect.
    pub calibration_intercept: Option<f64>,
    /// Slope of the same; 1 is perfect.
    pub calibration_slope: Option<f64>,
}

/// The figures of `probability` against `outcome`, beside those of `base`. At least one row has weight.
pub(super) fn figures(
    outcome: &[f64],
    probability: &[f64],
    base: &[f64],
    weights: &[f64],
    confidence: Confidence,
) -> Figures {
    let skill = skill(outcome, probability, base, weights, confidence);
    let line = calibration_line(outcome, probability, weights);
    Figures {
        test_rows: skill.log_loss_skill.n,
        test_rate: weighted_mean(weights, |i| outcome[i]),
        mean_predicted: weighted_mean(weights, |i| probability[i]),
        auc: area_under_curve(outcome, probability, weights, confidence),
        log_loss: skill.model_log_loss,
        brier: skill.model_brier,
        base_log_loss: skill.log_loss,
        base_brier: skill.brier,
        log_loss_skill: skill.log_loss_skill,
        brier_skill: skill.brier_skill,
        calibration_intercept: line.map(|line| line.0),
        calibration_slope: line.map(|line| line.1),
    }
}

/// A model against another source of probabilities, on the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Skill {
    /// Mean negative log likelihood of the other.
    pub log_loss: f64,
    /// Mean squared error of the other.
    pub brier: f64,
    /// The first of the model.
    pub model_log_loss: f64,
    /// The second of the model.
    pub model_brier: f64,
    /// 1 − model_log_loss / log_loss, with a normal interval from the paired differences. Its n are the rows.
    pub log_loss_skill: Estimate,
    /// 1 − model_brier / brier; 0 where the other makes no error.
    pub brier_skill: f64,
}

/// How much better `probability` fits `outcome` than `other` does. Rows without weight do not count, and at least one has weight.
pub(super) fn skill(
    outcome: &[f64],
    probability: &[f64],
    other: &[f64],
    weights: &[f64],
    confidence: Confidence,
) -> Skill {
    let mean = |value: &dyn Fn(usize) -> f64| weighted_mean(weights, value);
    let n: f64 = weights.iter().sum();
    let gain = |i: usize| log_loss(outcome[i], other[i]) - log_loss(outcome[i], probability[i]);
    let other_loss = mean(&|i| log_loss(outcome[i], other[i]));
    let mean_gain = mean(&gain);
    let variance = mean(&|i| (gain(i) - mean_gain) * (gain(i) - mean_gain)) * n / (n - 1.0).max(1.0);
    let half = confidence.multiplier() * (variance / n).sqrt();
    let relative = |gain: f64| gain / other_loss;
    let (model_brier, other_brier) =
        (mean(&|i| brier(outcome[i], probability[i])), mean(&|i| brier(outcome[i], other[i])));
    Skill {
        log_loss: other_loss,
        brier: other_brier,
        model_log_loss: mean(&|i| log_loss(outcome[i], probability[i])),
        model_brier,
        log_loss_skill: Estimate {
            value: relative(mean_gain),
            low: relative(mean_gain - half),
            high: relative(mean_gain + half),
            n,
        },
        brier_skill: if other_brier > 0.0 { 1.0 - model_brier / other_brier } else { 0.0 },
    }
}

/// Judges `fitted`, trained on the first part, on `test`.
///
/// # Errors
/// None that the encoders of the same attributes can cause.
pub fn judge(
    fitted: &Fitted,
    deals: &Deals,
    train: &Examples,
    test: &Examples,
    from: Option<f64>,
    confidence: Confidence,
) -> Result<Holdout> {
    let probability: Vec<f64> = fitted.log_odds(&deals.attributes, &test.rows)?.into_iter().map(sigmoid).collect();
    let (y, weights) = (&test.outcome, &test.weights);
    let (won, lost) = train.counts();
    let base = won / (won + lost);
    let groups = reliability(y, &probability, weights, 10, confidence);
    Ok(Holdout {
        from,
        train_rows: won + lost,
        figures: figures(y, &probability, &vec![base; probability.len()], weights, confidence),
        calibration_error: calibration_error(&groups),
        row: Indices(test.rows.iter().map(|deal| deals.row[*deal]).collect()),
        probability: Floats(probability),
        reliability: groups,
        model: fitted.model.clone(),
    })
}
