//! Times of wins by the model of hazards, now and at past instants, for analyses that build on it.

use super::model::{Hazards, Known};
use super::path::Path;
use super::snapshots::{Snapshots, density};
use super::{ForecastOptions, Past, Verdict, backtest, judged};
use crate::crm::{Crm, Deals, Passages};
use crate::error::Result;
use crate::stats::intervals::Confidence;

/// Snapshots that a model is learnt from at most: several are learnt in a row.
const MOST_SNAPSHOTS: f64 = 30_000.0;
/// New deals that the curve of a fresh deal is averaged over.
const MOST_FRESH: f64 = 200.0;

/// Probability of a win by days ahead.
type Within<'a> = dyn Fn(f64) -> f64 + 'a;

/// When deals are won that were open at an instant, and new ones.
pub(in crate::forecast) struct DealTimes<'a> {
    deals: &'a Deals,
    passages: &'a Passages,
    hazards: Hazards,
    /// New deals with their shares of them all.
    fresh: Vec<(f64, Path)>,
    /// The instant (ms).
    before: f64,
}

impl<'a> DealTimes<'a> {
    /// Whether the model of the attributes `columns` foresaw wins better than the rate of all deals did at past instants.
    ///
    /// # Errors
    /// None that data can cause.
    pub fn proven(
        crm: &Crm,
        deals: &Deals,
        columns: &[usize],
        options: &ForecastOptions,
        progress: &mut dyn FnMut(f64),
    ) -> Result<bool> {
        let Some(passages) = crm.passages.as_ref().filter(|passages| !passages.is_empty()) else {
            return Ok(false);
        };
        let past = Past { deals, passages, min_level_rows: options.min_level_rows };
        let confidence = Confidence::new(options.confidence)?;
        let (test, _) = backtest::backtest(&past, crm.as_of, columns, confidence, progress)?;
        Ok(matches!(judged(test.as_ref()).0, Verdict::Ready | Verdict::UseWithCare))
    }

    /// What was known just before `before` (ms); `None` where that is too little. An `earlier` model makes it quicker.
    ///
    /// # Errors
    /// None that data can cause.
    pub fn new(
        deals: &'a Deals,
        passages: &'a Passages,
        columns: &[usize],
        options: &ForecastOptions,
        before: f64,
        earlier: Option<&DealTimes<'_>>,
    ) -> Result<Option<Self>> {
        let past = Past { deals, passages, min_level_rows: options.min_level_rows };
        let density = density(deals, passages, before, MOST_SNAPSHOTS);
        let earlier = earlier.map(|times| &times.hazards);
        let Some((hazards, _)) = past.learnt(before, density, Known::All(columns), earlier, &mut |_| ())? else {
            return Ok(None);
        };
        let (newest, weights) = Snapshots::fresh(deals, passages, before, MOST_FRESH);
        let total: f64 = weights.iter().sum();
        let mut fresh = Vec::with_capacity(newest.len());
        hazards.paths(&newest, &mut |row, path| fresh.push((weights[row] / total, path.clone())))?;
        Ok(Some(DealTimes { deals, passages, hazards, fresh, before }))
    }

    /// Calls `visit` with each deal that was open and has a history, and with its probability of a win by days ahead.
    ///
    /// # Errors
    /// None that data can cause.
    pub fn open(&self, visit: &mut dyn FnMut(usize, &Within<'_>)) -> Result<()> {
        let open = Snapshots::open_at(self.deals, self.passages, self.before);
        self.hazards.paths(&open, &mut |row, path| visit(open.deal[row] as usize, &|days| path.at(days).won))
    }

    /// Probability that a new deal is won before the age of `days`.
    pub fn fresh(&self, days: f64) -> f64 {
        self.fresh.iter().map(|(share, path)| share * path.at(days).won).sum()
    }
}
