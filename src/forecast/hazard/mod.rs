//! When open deals will be won or lost: competing hazards by week after a snapshot, learnt from deals as they stood at past instants.
//!
//! A snapshot knows stage, age, time in the stage, re-entries and the deal's attributes; the weeks after it are one row each of a multinomial regression with the outcomes won,
//! lost and neither. Open deals are censored. The hazards are those *given what was known at the snapshot* and the time since (landmarking, van Houwelingen 2007): how a deal will
//! move through the stages to come need not be known, because its chances are averaged over that. Amounts and attributes are those of today: no export tells older ones.

mod backtest;
mod columns;
mod deal_times;
mod misfit;
mod model;
mod path;
mod penalties;
mod scores;
mod snapshots;

pub use backtest::HazardTest;
pub(super) use deal_times::DealTimes;

use super::open_deals::strongest;
use super::{ForecastOptions, Shown, Verdict};
use crate::bulk::{Floats, Indices};
use crate::crm::{Crm, Deals, Outcome, Passages};
use crate::error::{Error, Result};
use crate::meta::Progress;
use crate::stats::intervals::Confidence;
use crate::stats::logistic::sigmoid;
use misfit::misfit;
use model::{Hazards, Known, Least, MOST_WEEKS};
use path::Path;
use scores::{Scorer, Spread};
use serde::{Deserialize, Serialize};
use snapshots::{Density, Snapshots, density};

/// Days ahead that probabilities are given for.
const HORIZONS: [f64; 3] = [30.0, 60.0, 90.0];
/// Weeks that the distribution of the close is given for.
const WEEKS_SHOWN: usize = 52;
const MOST_SNAPSHOTS: f64 = 400_000.0;
/// Won and lost deals seen after snapshots below which there is no model of hazards: with fewer its many coefficients are noise.
const NEEDED: f64 = 100.0;
/// New deals that the curve of a fresh deal is averaged over.
const MOST_FRESH: f64 = 500.0;
/// Width of an interval from which on there is too little like a deal.
const TOO_WIDE: f64 = 0.5;

/// Shares of the wins to come that the window of a close is given by.
const WINDOW: [f64; 3] = [0.1, 0.5, 0.9];

/// Which models to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelWanted {
    /// That of closed deals alone.
    #[default]
    Closed,
    /// That of hazards too where a history of stages carries it. It takes many times as long.
    Auto,
}

/// Which model the data can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelChoice {
    /// Won against lost on closed deals.
    ClosedDeals,
    /// Hazards by week, open deals included.
    Hazard,
}

/// Probabilities at one horizon for every open deal; won + lost + open = 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct HorizonShares {
    /// Days ahead; `None` stands for the end of all.
    pub days: Option<f64>,
    /// Probability of a win by then.
    pub won: Floats,
    /// Lower end of its interval.
    pub low: Floats,
    /// Upper end of its interval.
    pub high: Floats,
    /// Probability of a loss by then.
    pub lost: Floats,
    /// Probability of being open still.
    pub open: Floats,
}

/// Expected wins and losses per week. Both have one number per week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weekly {
    /// Wins (weighted), or their probability for one deal.
    pub won: Floats,
    /// Losses.
    pub lost: Floats,
}

/// Days ahead by which a part of the wins to come of each deal has come, given that it is won; `None` where that takes more than ten years.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct CloseWindow {
    /// One tenth.
    pub p10: Vec<Option<f64>>,
    /// Half.
    pub p50: Vec<Option<f64>>,
    /// Nine tenths.
    pub p90: Vec<Option<f64>>,
}

/// What the model of hazards says. Shape and units are those of `HazardForecast` in `types.d.ts`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HazardForecast {
    /// Days between snapshots.
    pub snapshot_days: f64,
    /// Deals at past instants that were learnt from (weighted).
    pub snapshots: f64,
    /// Weeks after them (weighted).
    pub deal_weeks: f64,
    /// Deals won after a snapshot (weighted).
    pub won: f64,
    /// Deals lost after one.
    pub lost: f64,
    /// Newton steps.
    pub iterations: usize,
    /// Largest absolute element of the gradient at the optimum.
    pub max_gradient: f64,
    /// What the test says.
    pub verdict: Verdict,
    /// Why, as a stable code.
    pub verdict_reason: &'static str,
    /// What the numbers per deal come from: the model, or the rates of all deals where it is no better than they.
    pub shown: Shown,
    /// Rows of the open deals that it can say something about.
    pub row: Indices,
    /// Open deals without a history.
    pub without_history: u32,
    /// 30, 60, 90 days, and in the end.
    pub horizons: Vec<HorizonShares>,
    /// When the deals are won if they are.
    pub close_window: CloseWindow,
    /// Three per deal: places in `reason_columns` of what moves the log-odds of a win within 60 days most, the strongest first; [`u32::MAX`] for none. Empty where the
    /// rates of all deals are shown.
    pub reason: Indices,
    /// Three per deal: by how much, against the average of these deals.
    pub contribution: Floats,
    /// Columns of the deals, then `(stage)`, `(age)`, `(stay)` and `(re-entries)`: the stage with the time to come in it, days since creation and in the stage, and stays in
    /// stages where the deal had been before.
    pub reason_columns: Vec<String>,
    /// Deals whose interval at 60 days is wider than 0.5: too little data like them.
    pub too_little_data: Indices,
    /// Expected closes of all these deals per week ahead.
    pub weekly: Weekly,
    /// Probability of each end per week of a deal that is created now; `None` where the rates of all deals are shown, which are not those of new ones.
    pub fresh: Option<Weekly>,
    /// The test on past instants; `None` where records are too short.
    pub test: Option<HazardTest>,
}

/// What the model of hazards says about the open deals of `crm`, with the attributes `columns`; the code of the reason where the data cannot carry it. Reports
/// shares from `from` to 1.
///
/// # Errors
/// None that data can cause.
pub(super) fn hazard(
    crm: &Crm,
    deals: &Deals,
    columns: &[usize],
    options: &ForecastOptions,
    progress: &mut Progress<'_>,
    from: f64,
) -> Result<std::result::Result<HazardForecast, &'static str>> {
    let Some(passages) = crm.passages.as_ref().filter(|passages| !passages.is_empty()) else {
        return Ok(Err("no_history"));
    };
    let confidence = Confidence::new(options.confidence)?;
    let mut part = |share: f64| progress.report(from + (1.0 - from) * share);
    // What happens at the instant of the analysis has happened.
    let now = crm.as_of + 1.0;
    let past = Past { deals, passages, min_level_rows: options.min_level_rows };
    let density = density(deals, passages, now, MOST_SNAPSHOTS);
    let (test, last) = backtest::backtest(&past, crm.as_of, columns, confidence, &mut |share| part(0.6 * share))?;
    let known = Known::All(columns);
    let Some((mut hazards, snapshots)) =
        past.learnt(now, density, known, last.as_ref(), &mut |share| part(0.6 + 0.3 * share))?
    else {
        return Ok(Err("too_few_after_snapshots"));
    };
    hazards.misfit = misfit(&hazards, deals, &snapshots)?;
    drop(snapshots);
    let (verdict, verdict_reason) = judged(test.as_ref());
    let rates = match verdict {
        Verdict::NoSignal => past.learnt(now, density, Known::Nothing, None, &mut |_| ())?,
        _ => None,
    };
    let shown = if rates.is_some() { Shown::BaseRate } else { Shown::Model };
    let open = Snapshots::open_at(deals, passages, now);
    let all = deals.outcome.iter().filter(|outcome| matches!(outcome, Outcome::Open | Outcome::Hold));
    let mut found = HazardForecast {
        snapshot_days: density.days,
        snapshots: hazards.snapshots,
        deal_weeks: hazards.deal_weeks,
        won: hazards.events[0],
        lost: hazards.events[1],
        iterations: hazards.iterations,
        max_gradient: hazards.max_gradient,
        verdict,
        verdict_reason,
        shown,
        row: Indices(open.deal.iter().map(|deal| deals.row[*deal as usize]).collect()),
        without_history: all.count().saturating_sub(open.len()) as u32,
        horizons: HORIZONS
            .iter()
            .map(|days| HorizonShares { days: Some(*days), ..HorizonShares::default() })
            .chain([HorizonShares::default()])
            .collect(),
        close_window: CloseWindow::default(),
        reason: Indices::default(),
        contribution: Floats::default(),
        reason_columns: Vec::new(),
        too_little_data: Indices::default(),
        weekly: Weekly::new(),
        fresh: None,
        test,
    };
    let used = rates.as_ref().map_or(&hazards, |(rates, _)| rates);
    let scorer = Scorer::new(used)?;
    let average = match shown {
        Shown::Model => scorer.average(&open, &|row| deals.weight[open.deal[row] as usize])?,
        Shown::BaseRate => None,
    };
    if average.is_some() {
        found.reason_columns = scorer.reasons();
    }
    let (mut path, mut between, mut spread) = (Path::default(), Path::default(), Spread::default());
    let mut contributions = Vec::new();
    scorer.each(&open, &mut |row, covariates| {
        let deal = open.deal[row] as usize;
        scorer.path(covariates, usize::MAX, &mut path);
        scorer.spread(covariates, &mut spread);
        for horizon in &mut found.horizons {
            let days = horizon.days.unwrap_or(f64::INFINITY);
            let shares = path.at(days);
            let deviation = scorer.deviation(&path, &mut spread, days);
            let (low, high) = interval(shares.won, deviation, confidence.multiplier());
            if horizon.days == Some(HORIZONS[1]) && high - low > TOO_WIDE {
                found.too_little_data.0.push(deals.row[deal]);
            }
            horizon.won.0.push(shares.won);
            horizon.low.0.push(low);
            horizon.high.0.push(high);
            horizon.lost.0.push(shares.lost);
            horizon.open.0.push(shares.open);
        }
        let window = &mut found.close_window;
        for (into, share) in [&mut window.p10, &mut window.p50, &mut window.p90].into_iter().zip(WINDOW) {
            into.push(path.days_until(share));
        }
        found.weekly.add(&path, deals.weight[deal]);
        if let Some(average) = &average {
            scorer.contributions(average, covariates, &path, &mut between, &mut contributions);
            strongest(&mut contributions, &mut found.reason.0, &mut found.contribution.0);
        }
    })?;
    if shown == Shown::Model {
        let (fresh, weights) = Snapshots::fresh(deals, passages, now, MOST_FRESH);
        let total: f64 = weights.iter().sum();
        let mut weekly = Weekly::new();
        used.paths(&fresh, &mut |row, path| weekly.add(path, weights[row] / total))?;
        found.fresh = Some(weekly);
    }
    progress.report(1.0);
    Ok(Ok(found))
}

/// Deals with their histories, and how to learn from them.
struct Past<'a> {
    deals: &'a Deals,
    passages: &'a Passages,
    min_level_rows: f64,
}

impl Past<'_> {
    /// The model of what was known just before `until` (ms), and what it was learnt from; `None` where too few deals were won or lost after a snapshot, or no regression holds. A model `before` makes the search shorter.
    fn learnt(
        &self,
        until: f64,
        density: Density,
        known: Known<'_>,
        before: Option<&Hazards>,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Option<(Hazards, Snapshots)>> {
        let snapshots = Snapshots::before(self.deals, self.passages, until, density, MOST_WEEKS);
        let least = Least { events: NEEDED, level_rows: self.min_level_rows };
        match Hazards::learn(self.deals, self.passages, &snapshots, known, least, before, progress) {
            Err(Error::NoUniqueFit { .. }) => Ok(None),
            found => Ok(found?.map(|hazards| (hazards, snapshots))),
        }
    }
}

/// The verdict on the model and the code of its reason.
fn judged(test: Option<&HazardTest>) -> (Verdict, &'static str) {
    let Some(test) = test else { return (Verdict::TooFew, "no_test_possible") };
    if test.skill_against_rate.low.is_nan() || test.skill_against_rate.low <= 0.0 {
        return (Verdict::NoSignal, "no_better_than_base_rate");
    }
    if test.auc.is_none_or(|auc| auc.value < 0.6) {
        return (Verdict::UseWithCare, "weak_ranking");
    }
    if (test.predicted - test.observed).abs() > 0.05 {
        return (Verdict::UseWithCare, "base_rate_drift");
    }
    if test.calibration_slope.is_none_or(|slope| !(0.7..=1.3).contains(&slope)) {
        return (Verdict::UseWithCare, "calibration_off");
    }
    if test.skill_against_stage_rate.low.is_nan() || test.skill_against_stage_rate.low <= 0.0 {
        return (Verdict::UseWithCare, "no_better_than_stage_rate");
    }
    (Verdict::Ready, "tested_on_newest")
}

/// `multiplier` standard errors to both sides on the scale of log-odds.
fn interval(probability: f64, deviation: f64, multiplier: f64) -> (f64, f64) {
    let spread = probability * (1.0 - probability);
    if spread <= 0.0 {
        return (probability, probability);
    }
    let centre = libm::log(probability) - libm::log1p(-probability);
    let half = multiplier * deviation / spread;
    // Rounding of the two functions must not leave the probability outside.
    (sigmoid(centre - half).min(probability), sigmoid(centre + half).max(probability))
}

impl Weekly {
    fn new() -> Self {
        Weekly { won: Floats(vec![0.0; WEEKS_SHOWN]), lost: Floats(vec![0.0; WEEKS_SHOWN]) }
    }

    fn add(&mut self, path: &Path, weight: f64) {
        let mut before = path.at(0.0);
        for (week, (won, lost)) in self.won.0.iter_mut().zip(&mut self.lost.0).enumerate() {
            let by = path.at(7.0 * (week + 1) as f64);
            *won += weight * (by.won - before.won);
            *lost += weight * (by.lost - before.lost);
            before = by;
        }
    }
}

#[cfg(test)]
mod tests;
