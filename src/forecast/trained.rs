//! The model of closed deals, for analyses that build on it.

use super::holdout::{self, Holdout};
use super::leakage::Leak;
use super::model::{Examples, Fitted, Training, train};
use super::{
    CAUTIOUS_PENALTY, ForecastOptions, NEEDED, Shown, Verdict, candidates, check, closed_deals, first_tested, judged,
};
use crate::crm::{Deals, LeftOut};
use crate::error::Result;
use crate::meta::Progress;
use crate::stats::intervals::Confidence;

/// Closed deals, what may be known about them, and the model that was learnt.
pub(super) struct Trained {
    /// Won and lost deals in time order.
    pub examples: Examples,
    /// When they closed (ms); `None` where the order of rows is the time.
    pub closed_at: Option<Vec<f64>>,
    /// Position of the first deal that the test was on.
    pub cut: usize,
    /// Attributes in the model.
    pub columns: Vec<usize>,
    /// Deals that could not be learnt from.
    pub left_out: Vec<LeftOut>,
    /// The model of all closed deals; `None` where one outcome is missing.
    pub fitted: Option<Fitted>,
    /// The model of the older ones, which was tested; `None` where there are too few for a test.
    pub tested: Option<Fitted>,
    /// How that did; `None` with it.
    pub holdout: Option<Holdout>,
    /// What the test says.
    pub verdict: Verdict,
    /// Why, as a stable code.
    pub verdict_reason: &'static str,
    /// What may be shown.
    pub shown: Shown,
    /// Columns that are not believed.
    pub leakage: Vec<Leak>,
}

/// Learns from the closed deals of `deals`, and tests that on the newest of them. Reports shares up to 0.6.
///
/// # Errors
/// As [`super::forecast`].
pub(super) fn trained(deals: &Deals, options: &ForecastOptions, progress: &mut Progress<'_>) -> Result<Trained> {
    let confidence = Confidence::new(options.confidence)?;
    check(options)?;
    let (examples, closed_at, left_out) = closed_deals(deals);
    let (won, lost) = examples.counts();
    let cut = first_tested(&examples, closed_at.as_deref(), options);
    let (columns, leakage) = candidates(deals, &examples, cut, options, confidence)?;
    progress.report(0.1);
    let (mut tested, mut holdout) = (None, None);
    let mut penalty = options.penalty;
    if won >= NEEDED && lost >= NEEDED {
        let (older, newest) = (examples.part(0, cut), examples.part(cut, examples.rows.len()));
        let (older_won, older_lost) = older.counts();
        if older_won > 0.0 && older_lost > 0.0 && newest.weights.iter().any(|weight| *weight > 0.0) {
            let fitted = train(&deals.attributes, &columns, &older, Training::by(options))?;
            progress.report(0.5);
            let from = closed_at.as_ref().and_then(|times| times.get(cut).copied());
            penalty = Some(fitted.model.penalty);
            holdout = Some(holdout::judge(&fitted, deals, &older, &newest, from, confidence)?);
            tested = Some(fitted);
        }
    }
    progress.report(0.6);
    let mut training = Training::by(options).with_penalty(penalty.unwrap_or(CAUTIOUS_PENALTY));
    training.calibrated &= holdout.is_some();
    let fitted = match won > 0.0 && lost > 0.0 {
        true => Some(train(&deals.attributes, &columns, &examples, training)?),
        false => None,
    };
    let (verdict, verdict_reason) = judged(holdout.as_ref(), won, lost, fitted.as_ref());
    let shown = if fitted.is_none() || verdict == Verdict::NoSignal { Shown::BaseRate } else { Shown::Model };
    Ok(Trained {
        examples,
        closed_at,
        cut,
        columns,
        left_out,
        fitted,
        tested,
        holdout,
        verdict,
        verdict_reason,
        shown,
        leakage,
    })
}

impl Trained {
    /// Of each of `rows` of `deals`, the odds of a win against those of the average closed deal, by a model of the deals closed before `before` (ms) if that is
    /// given, else by the model of all; empty where there is none to be shown.
    ///
    /// # Errors
    /// Those of [`train`].
    pub fn odds(
        &self,
        deals: &Deals,
        rows: &[usize],
        options: &ForecastOptions,
        before: Option<f64>,
    ) -> Result<Vec<f64>> {
        if self.shown == Shown::BaseRate {
            return Ok(Vec::new());
        }
        let (examples, earlier);
        let (used, fitted) = match (before, &self.closed_at, &self.fitted) {
            (None, _, Some(fitted)) => (&self.examples, fitted),
            (Some(before), Some(times), Some(fitted)) => {
                let known = self.examples.part(0, times.partition_point(|time| *time < before));
                examples = known.thinned(MOST_LEARNT_FROM);
                let (won, lost) = examples.counts();
                if won < NEEDED || lost < NEEDED {
                    return Ok(Vec::new());
                }
                let training = Training::by(options).with_penalty(fitted.model.penalty);
                earlier = train(&deals.attributes, &self.columns, &examples, training)?;
                (&examples, &earlier)
            }
            _ => return Ok(Vec::new()),
        };
        let (won, lost) = used.counts();
        let base = libm::log(won / lost);
        let log_odds = fitted.log_odds(&deals.attributes, rows)?;
        Ok(log_odds.iter().map(|z| libm::exp((z - base).clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS))).collect())
    }
}

/// Closed deals of each outcome that the model of a past instant is learnt from at most: it only tells deals apart.
const MOST_LEARNT_FROM: usize = 5000;
/// Log-odds against the average that one deal has at most.
const MOST_LOG_ODDS: f64 = 30.0;
