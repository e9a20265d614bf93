//! The regression on encoded attributes: fitting, choosing the penalty, scores with intervals and reasons.

use super::calibration::{ModelCalibration, calibration};
use super::cross_validation::{CrossValidation, OutOfFold, PathPoint};
use super::features::{DesignColumn, Encoder, Encoding, MOST_LEVELS, coefficients, design, learn, observed};
use super::{CalibrationWanted, ForecastOptions};
use crate::crm::Attribute;
use crate::error::{Error, Result};
use crate::stats::calibration::Calibration;
use crate::stats::logistic::{Design, Logistic, fit, sigmoid};
use serde::Serialize;

/// A coefficient with what it stands for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Feature {
    /// Column name.
    pub column: String,
    /// Level of a category, `(missing)` for the flag of a number, `None` for a number.
    pub level: Option<String>,
    /// Log-odds per standard deviation, or against the reference level.
    pub coefficient: f64,
    /// Standard error from the penalised Hessian.
    pub standard_error: f64,
    /// Mean that a number was standardised with.
    pub mean: Option<f64>,
    /// Population standard deviation that a number was standardised with.
    pub standard_deviation: Option<f64>,
    /// Closed deals (weighted) that have the level; all for a number.
    pub n: f64,
    /// Observed rate of won ones among them.
    pub observed_rate: Option<f64>,
}

/// A fitted model, for people and other programs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// L2 penalty λ on a loss that is a sum.
    pub penalty: f64,
    /// Log-odds of the reference levels at the means.
    pub intercept: f64,
    /// Its standard error.
    pub intercept_standard_error: f64,
    /// Numbers first, then the levels of categories.
    pub features: Vec<Feature>,
    /// Newton steps.
    pub iterations: usize,
    /// Largest absolute element of the gradient at the optimum.
    pub max_gradient: f64,
    /// Penalised loss at the optimum.
    pub objective: f64,
    /// Penalties tried and what they gave; empty where the user chose.
    pub path: Vec<PathPoint>,
    /// What deals showed that were given the same log-odds; `None` where that was not asked for, or they show nothing.
    pub calibration: Option<ModelCalibration>,
}

/// Closed deals in time order: rows of the attributes, outcome (1 won, 0 lost) and weight.
#[derive(Debug, Clone, Default)]
pub struct Examples {
    /// Rows of the attributes.
    pub rows: Vec<usize>,
    /// 1 for won, 0 for lost.
    pub outcome: Vec<f64>,
    /// Weights.
    pub weights: Vec<f64>,
}

impl Examples {
    /// The examples of the positions `from..to`.
    pub fn part(&self, from: usize, to: usize) -> Examples {
        Examples {
            rows: self.rows[from..to].to_vec(),
            outcome: self.outcome[from..to].to_vec(),
            weights: self.weights[from..to].to_vec(),
        }
    }

    /// At most `most` evenly spread examples of each outcome, in the same order: enough for a ranking, which does not depend on their ratio.
    pub fn thinned(&self, most: usize) -> Examples {
        let won = self.outcome.iter().filter(|outcome| **outcome > 0.5).count();
        let strides = [self.rows.len() - won, won].map(|count| count.div_ceil(most.max(1)).max(1));
        let mut seen = [0usize; 2];
        let mut thin = Examples::default();
        for (i, &outcome) in self.outcome.iter().enumerate() {
            let of = usize::from(outcome > 0.5);
            if seen[of].is_multiple_of(strides[of]) {
                thin.rows.push(self.rows[i]);
                thin.outcome.push(outcome);
                thin.weights.push(self.weights[i]);
            }
            seen[of] += 1;
        }
        thin
    }

    /// At most `most` evenly spread examples, in the same order.
    pub fn spread(&self, most: usize) -> Examples {
        let stride = self.rows.len().div_ceil(most.max(1)).max(1);
        Examples {
            rows: self.rows.iter().step_by(stride).copied().collect(),
            outcome: self.outcome.iter().step_by(stride).copied().collect(),
            weights: self.weights.iter().step_by(stride).copied().collect(),
        }
    }

    /// Weighted number of won and of lost ones.
    pub fn counts(&self) -> (f64, f64) {
        let won: f64 = self.weights.iter().zip(&self.outcome).map(|(w, y)| w * y).sum();
        (won, self.weights.iter().sum::<f64>() - won)
    }
}

/// A model with what is needed to apply it to further rows.
pub struct Fitted {
    encoders: Vec<Encoder>,
    columns: Vec<DesignColumn>,
    logistic: Logistic,
    calibration: Calibration,
    /// The public form.
    pub model: Model,
}

/// How a model is learnt.
#[derive(Debug, Clone, Copy)]
pub struct Training {
    /// Penalty; the best of a grid when missing.
    pub penalty: Option<f64>,
    /// Levels of a category with fewer rows are pooled.
    pub min_level_rows: f64,
    /// Whether it is calibrated where that is better.
    pub calibrated: bool,
}

impl Training {
    /// As `options` ask.
    pub fn by(options: &ForecastOptions) -> Training {
        Training {
            penalty: options.penalty,
            min_level_rows: options.min_level_rows,
            calibrated: options.calibration == CalibrationWanted::Auto,
        }
    }

    /// The same with another penalty.
    pub fn with_penalty(self, penalty: f64) -> Training {
        Training { penalty: Some(penalty), ..self }
    }
}

/// Coefficients above which categories are pooled harder: the Hessian grows with the square of their number.
const MANY_COEFFICIENTS: usize = 1000;
/// Coefficients above which there is no fit: the Hessian would take 128 MB.
const MOST_COEFFICIENTS: usize = 4000;

/// The model of `examples` on the attributes `columns`.
///
/// # Errors
/// Those of [`fit`]; [`Error::InvalidOption`] for more columns than a fit can hold.
pub fn train(attributes: &[Attribute], columns: &[usize], examples: &Examples, training: Training) -> Result<Fitted> {
    let encoders = encode(attributes, columns, examples, training.min_level_rows)?;
    let (matrix, columns) = design(attributes, &encoders, &examples.rows)?;
    let mut validation = CrossValidation::new(attributes, &encoders, examples)?;
    let (penalty, predictions, path) = match training.penalty {
        None => validation.best(),
        Some(penalty) if training.calibrated => (penalty, validation.predictions(penalty), Vec::new()),
        Some(penalty) => (penalty, OutOfFold::default(), Vec::new()),
    };
    let calibration = if training.calibrated { calibration(&predictions) } else { None };
    let logistic = fit(&matrix, &examples.outcome, &examples.weights, penalty, None)?;
    let (won, lost) = examples.counts();
    let features = columns
        .iter()
        .enumerate()
        .map(|(j, column)| {
            let encoder = &encoders[column.encoder];
            let (mean, standard_deviation) = match (&encoder.encoding, &column.level) {
                (Encoding::Number { mean, standard_deviation, .. }, None) => {
                    (Some(*mean), Some(*standard_deviation).filter(|deviation| deviation.is_finite()))
                }
                _ => (None, None),
            };
            let (n, events) = match &column.level {
                Some(level) => {
                    observed(attributes, encoder, level, &examples.rows, &examples.outcome, &examples.weights)
                }
                None => (won + lost, won),
            };
            Feature {
                column: encoder.column.clone(),
                level: column.level.clone(),
                coefficient: logistic.coefficients[j + 1],
                standard_error: logistic.standard_error(j + 1),
                mean,
                standard_deviation,
                n,
                observed_rate: (n > 0.0).then(|| events / n),
            }
        })
        .collect();
    let model = Model {
        penalty,
        intercept: logistic.coefficients[0],
        intercept_standard_error: logistic.standard_error(0),
        features,
        iterations: logistic.iterations,
        max_gradient: logistic.max_gradient,
        objective: logistic.objective,
        path,
        calibration,
    };
    let used = model.calibration.as_ref().filter(|calibration| calibration.used);
    let calibration = used.map(|calibration| calibration.map.clone()).unwrap_or_default();
    Ok(Fitted { encoders, columns, logistic, calibration, model })
}

fn encode(
    attributes: &[Attribute],
    columns: &[usize],
    examples: &Examples,
    min_level_rows: f64,
) -> Result<Vec<Encoder>> {
    let mut most_levels = MOST_LEVELS;
    loop {
        let encoders: Vec<Encoder> = columns
            .iter()
            .filter_map(|&index| {
                learn(attributes, index, &examples.rows, &examples.weights, min_level_rows, most_levels)
            })
            .collect();
        let many = coefficients(&encoders);
        if many <= MANY_COEFFICIENTS || (most_levels == 1 && many <= MOST_COEFFICIENTS) {
            return Ok(encoders);
        }
        if most_levels == 1 {
            let rule = format!("a model has at most {MOST_COEFFICIENTS} coefficients; name fewer columns");
            return Err(Error::InvalidOption { option: "features".into(), value: many.to_string(), rule });
        }
        most_levels /= 2;
    }
}

/// Scores of rows under a model: log-odds before calibration, and their standard errors by the delta method.
pub struct Scores {
    matrix: Design,
    calibration: Calibration,
    log_odds: Vec<f64>,
    standard_error: Vec<f64>,
}

impl Scores {
    /// Probability of row `i` with its interval of `multiplier` standard errors. The interval takes the calibration for known.
    pub fn probability(&self, i: usize, multiplier: f64) -> (f64, f64, f64) {
        let (z, half) = (self.log_odds[i], multiplier * self.standard_error[i]);
        let at = |z: f64| sigmoid(self.calibration.apply(z));
        (at(z), at(z - half), at(z + half))
    }
}

impl Fitted {
    /// Whether the model looks at the attribute `index`.
    pub fn uses(&self, index: usize) -> bool {
        self.encoders.iter().any(|encoder| encoder.attribute == index)
    }

    /// Log-odds of winning of `rows` of the same attributes.
    ///
    /// # Errors
    /// None that the encoders of the same attributes can cause.
    pub fn log_odds(&self, attributes: &[Attribute], rows: &[usize]) -> Result<Vec<f64>> {
        let (matrix, _) = design(attributes, &self.encoders, rows)?;
        let log_odds = |i| self.calibration.apply(matrix.score(i, &self.logistic.coefficients));
        Ok((0..rows.len()).map(log_odds).collect())
    }

    /// Scores of `rows` of the same attributes.
    ///
    /// # Errors
    /// None that the encoders of the same attributes can cause.
    pub fn scores(&self, attributes: &[Attribute], rows: &[usize]) -> Result<Scores> {
        let (matrix, _) = design(attributes, &self.encoders, rows)?;
        let mut active = Vec::new();
        let log_odds = (0..rows.len()).map(|i| matrix.score(i, &self.logistic.coefficients)).collect();
        let standard_error =
            (0..rows.len()).map(|i| self.logistic.score_standard_error(&matrix, i, &mut active)).collect();
        Ok(Scores { matrix, calibration: self.calibration.clone(), log_odds, standard_error })
    }

    /// Weighted mean of each design column over the scored rows: the average deal that reasons are measured against. Without weight, the average of
    /// the deals that the model was learnt from.
    pub fn average(&self, scores: &Scores, weights: &[f64]) -> Vec<f64> {
        let mut average = vec![0.0; self.logistic.coefficients.len()];
        let total: f64 = weights.iter().sum();
        for (i, weight) in weights.iter().enumerate() {
            scores.matrix.active(i, |column, value| average[column] += weight * value);
        }
        if total > 0.0 {
            average.iter_mut().for_each(|sum| *sum /= total);
        }
        average
    }

    /// Contribution of each attribute to the log-odds of scored row `i` against `average`: (attribute, column, log-odds), in the order of
    /// the encoders. They sum to the calibrated log-odds minus those of the average: each is stretched by the slope of the calibration between the two.
    pub fn contributions(&self, scores: &Scores, i: usize, average: &[f64]) -> Vec<(usize, &str, f64)> {
        let beta = &self.logistic.coefficients;
        let mut values = vec![0.0; beta.len()];
        scores.matrix.active(i, |column, value| values[column] = value);
        let mut found: Vec<(usize, &str, f64)> =
            self.encoders.iter().map(|encoder| (encoder.attribute, encoder.column.as_str(), 0.0)).collect();
        for (j, column) in self.columns.iter().enumerate() {
            found[column.encoder].2 += beta[j + 1] * (values[j + 1] - average[j + 1]);
        }
        let (score, moved) = (scores.log_odds[i], found.iter().map(|(.., moved)| moved).sum::<f64>());
        let slope = self.calibration.slope_between(score - moved, score);
        found.iter_mut().for_each(|(.., moved)| *moved *= slope);
        found
    }
}
