//! The test of the model repeated at past dates: each time learnt from what was known then, and held against the deals closed until the next.

use super::holdout::{Figures, figures};
use super::model::{Examples, Training, train};
use super::pipeline::book::Clock;
use super::trained::Trained;
use super::{ForecastOptions, NEEDED};
use crate::crm::{Crm, Deals};
use crate::error::Result;
use crate::meta::Progress;
use crate::stats::intervals::Confidence;
use crate::stats::logistic::sigmoid;
use crate::time::Period;
use serde::Serialize;

/// Dates at most, and those without which there is no test.
const MOST_ORIGINS: usize = 6;
const LEAST_ORIGINS: usize = 4;
/// Deals (weighted) closed until the next date without which a date is none.
const LEAST_TESTED: f64 = 20.0;
/// Periods that are looked at: enough for the newest dates, however far apart the first and the last deal are.
const MOST_PERIODS: i32 = 500;
/// Rows that the model of a date is learnt from, and those that it is tested on, at most; evenly spread where there are more.
const MOST_ROWS: usize = 20_000;
/// Of these so many choose the penalty, which takes most of the time.
const PENALTY_ROWS: usize = 2000;

/// The model at several past dates.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RollingTest {
    /// What lies between two dates.
    pub period: Period,
    /// The dates, oldest first.
    pub origins: Vec<Origin>,
    /// All tested deals together, each with the probability that it was given at its date. The interval of the area takes them for independent.
    pub pooled: Figures,
}

/// The model as it would have been at one date.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The date in ms: only deals closed before it were learnt from.
    pub from: f64,
    /// How many (weighted).
    pub train_rows: f64,
    /// Penalty that they chose.
    pub penalty: f64,
    /// How it did on the deals closed from then until the next date. The base rate is that of the deals learnt from.
    pub figures: Figures,
}

/// The test at the newest starts of years, quarters, months or weeks, whichever is the longest of which there are four with 40 won and 40 lost deals before
/// them and 20 closed ones until the next; `None` where there are not, or deals have no close date. At most the newest six. Columns are those of `trained`: what
/// is no longer believed today was not believed then.
///
/// # Errors
/// Those of [`train`].
pub(super) fn rolling(
    crm: &Crm,
    deals: &Deals,
    trained: &Trained,
    options: &ForecastOptions,
    confidence: Confidence,
    progress: &mut Progress<'_>,
) -> Result<Option<RollingTest>> {
    let Some(times) = trained.closed_at.as_ref().filter(|_| trained.holdout.is_some()) else { return Ok(None) };
    if trained.columns.is_empty() {
        return Ok(None);
    }
    let periods = [Period::FiscalYear, Period::Quarter, Period::Month, Period::Week];
    let found = periods.map(|period| (period, origins(crm, period, &trained.examples, times)));
    let Some((period, dates)) = found.into_iter().find(|(_, dates)| dates.len() >= LEAST_ORIGINS) else {
        return Ok(None);
    };
    let mut all = Judged::default();
    let mut origins = Vec::with_capacity(dates.len());
    for (done, date) in dates.iter().enumerate() {
        progress.report(done as f64 / dates.len() as f64);
        let known = trained.examples.part(0, date.first);
        let (won, lost) = known.counts();
        let learnt_from = known.spread(MOST_ROWS);
        let tested = trained.examples.part(date.first, date.end).spread(MOST_ROWS);
        let (some_won, some_lost) = learnt_from.counts();
        // Rows without weight may be all that spreading leaves.
        if some_won <= 0.0 || some_lost <= 0.0 || tested.weights.iter().sum::<f64>() <= 0.0 {
            continue;
        }
        let learn = |from: &Examples, training: Training| train(&deals.attributes, &trained.columns, from, training);
        let mut training = Training::by(options);
        if training.penalty.is_none() && learnt_from.rows.len() > PENALTY_ROWS {
            let fast = Training { calibrated: false, ..training };
            training = training.with_penalty(learn(&learnt_from.spread(PENALTY_ROWS), fast)?.model.penalty);
        }
        let fitted = learn(&learnt_from, training)?;
        let log_odds = fitted.log_odds(&deals.attributes, &tested.rows)?;
        let judged = Judged {
            probability: log_odds.iter().map(|z| sigmoid(*z)).collect(),
            base: vec![won / (won + lost); tested.rows.len()],
            outcome: tested.outcome,
            weights: tested.weights,
        };
        let (from, penalty) = (date.from, fitted.model.penalty);
        origins.push(Origin { from, train_rows: won + lost, penalty, figures: judged.figures(confidence) });
        all.append(judged);
    }
    if origins.is_empty() {
        return Ok(None);
    }
    Ok(Some(RollingTest { period, origins, pooled: all.figures(confidence) }))
}

/// A date, and the positions of the examples closed from then until the next one.
struct Date {
    from: f64,
    first: usize,
    end: usize,
}

/// The newest starts of periods that can be dates of a test, oldest first.
fn origins(crm: &Crm, period: Period, examples: &Examples, times: &[f64]) -> Vec<Date> {
    let clock = Clock { crm, rule: crm.time.periods, period };
    let (Some(oldest), Some(newest)) = (times.first(), times.last()) else { return Vec::new() };
    let last = clock.key(*newest);
    let first = clock.key(*oldest).max(last.saturating_sub(MOST_PERIODS));
    // Won and lost ones before each position.
    let mut before = vec![(0.0, 0.0)];
    let (mut won, mut lost) = (0.0, 0.0);
    for (outcome, weight) in examples.outcome.iter().zip(&examples.weights) {
        won += outcome * weight;
        lost += (1.0 - outcome) * weight;
        before.push((won, lost));
    }
    let mut dates = Vec::new();
    let mut end = times.len();
    for key in (first..=last).rev() {
        let from = clock.start(key);
        let first = times.partition_point(|time| *time < from);
        let (Some((won, lost)), Some(later)) = (before.get(first), before.get(end)) else { break };
        if *won < NEEDED || *lost < NEEDED || dates.len() == MOST_ORIGINS {
            break;
        }
        // Of a period with few closes the next older one goes on to the same end.
        if later.0 + later.1 - won - lost >= LEAST_TESTED {
            dates.push(Date { from, first, end });
            end = first;
        }
    }
    dates.reverse();
    dates
}

/// Deals with what they were given.
#[derive(Default)]
struct Judged {
    outcome: Vec<f64>,
    probability: Vec<f64>,
    base: Vec<f64>,
    weights: Vec<f64>,
}

impl Judged {
    fn append(&mut self, other: Judged) {
        self.outcome.extend(other.outcome);
        self.probability.extend(other.probability);
        self.base.extend(other.base);
        self.weights.extend(other.weights);
    }

    fn figures(&self, confidence: Confidence) -> Figures {
        figures(&self.outcome, &self.probability, &self.base, &self.weights, confidence)
    }
}

#[cfg(test)]
mod tests;
