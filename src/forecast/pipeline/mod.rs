//! What will be won in the periods to come: what is closed, what comes from open deals and what from deals that are not there yet.

mod amounts;
mod arrivals;
mod backtest;
pub(super) mod book;
mod draws;
mod result;
mod slipped;
mod win_times;

pub use arrivals::Arrivals;
pub use backtest::BackTest;
pub use result::{
    Band, LargestDeal, Part, PastPeriods, PeriodForecast, PipelineResult, WinCounts, WinTimesFrom, WithoutAmount,
};
pub use slipped::Slipped;
pub(super) use win_times::Curve;

use super::hazard::DealTimes;
use super::trained::{Trained, trained};
use super::{ForecastOptions, ModelWanted, Shown};
use crate::bulk::{Floats, Indices};
use crate::crm::{Crm, Outcome, Passages};
use crate::error::{Error, Result};
use crate::meta::{Meta, Progress};
use crate::stats::intervals::Confidence;
use crate::stats::poisson_binomial::PoissonBinomial;
use crate::time::{Calendar, DAY_MS, Period, Periods};
use amounts::Amounts;
use arrivals::{MonthRate, arrivals};
use book::{Book, Clock};
use draws::{Draws, Odds};
use serde::{Deserialize, Serialize};
use win_times::{ByDeal, Cycle, WinTimes};

/// What to forecast; everything has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PipelineOptions {
    /// Confidence level of intervals; the band of the forecast is always P10 to P90.
    pub confidence: f64,
    /// What a period is.
    pub period: Period,
    /// The calendar of the periods; that of the data's options when `None`.
    pub calendar: Option<Calendar>,
    /// How many periods, the current one among them: 1 to 24.
    pub periods: usize,
    /// Number of draws: 100 to 1,000,000.
    pub draws: usize,
    /// Seed of the random numbers.
    pub seed: u32,
    /// Amount to be won in each period.
    pub quota: Option<f64>,
    /// How many past periods the forecast is tested on: at most 60.
    pub backtest_periods: usize,
    /// How many deals are listed in each list of deals.
    pub listed: usize,
    /// The model of single deals.
    pub model: ForecastOptions,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        PipelineOptions {
            confidence: 0.95,
            period: Period::default(),
            calendar: None,
            periods: 6,
            draws: 10_000,
            seed: 1,
            quota: None,
            backtest_periods: 12,
            listed: 200,
            model: ForecastOptions::default(),
        }
    }
}

const MOST_PERIODS: usize = 24;
const MOST_PAST: i32 = 24;
/// Steps that the time ahead is cut into for the arrival of new deals.
const ARRIVAL_STEPS: f64 = 400.0;
/// Deals that the exact distribution of a count is computed of at most.
const MOST_COUNTED: f64 = 1e6;

/// What the forecasts of now and of the past share.
struct Given<'a> {
    clock: Clock<'a>,
    now: Book<'a>,
    /// Instant of creation and weight of every deal that has one.
    created: Vec<(f64, f64)>,
    trained: &'a Trained,
    model: &'a ForecastOptions,
    /// Stage histories, where the model of hazards has proven itself on them.
    histories: Option<&'a Passages>,
    has_amounts: bool,
    seed: u32,
}

/// The forecast of the deals of `crm`, period by period.
///
/// An open deal is won when the incidence of wins by age says so (Aalen–Johansen, given the deal's age), its odds being multiplied by those
/// of the model of closed deals; or, where that is asked for and foresaw past wins better than the rate of all deals, when the model of hazards by week says so. New deals arrive by a log-linear rate, are won like any deal from its creation, and have amounts of won deals. All wins of a
/// draw share a shock whose spread is learnt from the forecasts of past periods.
///
/// # Errors
/// [`Error::MissingTable`] without deals; [`Error::MissingRole`] where no deal has a creation date; [`Error::TooFew`] where no deal with both dates was
/// won; [`Error::InvalidOption`] for an option out of its range; [`Error::UnknownColumn`] as [`super::forecast`].
pub fn pipeline(crm: &Crm, options: &PipelineOptions, progress: &mut Progress<'_>) -> Result<PipelineResult> {
    let deals =
        crm.deals.as_ref().ok_or_else(|| Error::MissingTable { analysis: "pipeline".into(), table: "deals".into() })?;
    let confidence = judged(options)?;
    if deals.created.iter().all(|created| created.is_nan()) {
        return Err(Error::MissingRole {
            analysis: "pipeline".into(),
            table: "deals".into(),
            role: "created_at".into(),
        });
    }
    // What happens at the instant of the analysis has happened.
    let now = Book::new(deals, crm.as_of + 1.0);
    if !now.rows.iter().any(|&row| now.outcome(row) == Outcome::Won) {
        let what = "won deals with dates of creation and close".into();
        return Err(Error::TooFew { analysis: "pipeline".into(), what, needed: 1, have: 0 });
    }
    let trained = trained(deals, &options.model, &mut Progress::none())?;
    progress.report(0.1);
    let mut histories = None;
    if options.model.model == ModelWanted::Auto {
        let told = &mut |share: f64| progress.report(0.1 + 0.2 * share);
        if DealTimes::proven(crm, deals, &trained.columns, &options.model, told)? {
            histories = crm.passages.as_ref();
        }
    }
    let mut rule = crm.time.periods;
    if let Some(calendar) = options.calendar.filter(|calendar| *calendar != rule.calendar) {
        rule = Periods { calendar, week_start: calendar.first_weekday(), ..rule };
    }
    let clock = Clock { crm, rule, period: options.period };
    let created = deals.created.iter().zip(&deals.weight).filter(|(at, weight)| !at.is_nan() && **weight > 0.0);
    let has_amounts = now.rows.iter().any(|&row| !now.amount(row).is_nan());
    let given = Given {
        clock,
        created: created.map(|(at, weight)| (*at, *weight)).collect(),
        now,
        trained: &trained,
        model: &options.model,
        histories,
        has_amounts,
        seed: options.seed,
    };
    let mut times = None;
    let (backtest, shock) = backtest::backtest(&given, options.backtest_periods, confidence, &mut times, progress)?;
    progress.report(0.7);

    let key = clock.key(crm.as_of);
    let keys: Vec<i32> = (0..=options.periods as i32).map(|ahead| key.saturating_add(ahead)).collect();
    let edges: Vec<f64> = keys.iter().map(|key| clock.start(*key)).collect();
    let until = edges.last().copied().unwrap_or(crm.as_of);
    let (summary, months) = arrivals(&clock, &given.created, given.now.before, until);
    let mut odds = odds_of(&given, &given.now, &edges, (&months, summary.dispersion), None, &mut times)?;
    odds.shock = shock;
    let open = &given.now.open;
    odds.watched = largest(&odds.amount);
    let draws = odds.draw(options.draws, options.seed, 0, progress, (0.7, 0.95));
    let watched_amount = odds.watched.map(|at| odds.amount[at]);
    let forecast = |k: std::ops::Range<usize>| period(&given, &odds, &draws, options, &edges, watched_amount, k);
    let periods: Vec<PeriodForecast> = (0..options.periods).map(|k| forecast(k..k + 1)).collect();
    let total = forecast(0..options.periods);
    let model = trained.shown == Shown::Model && trained.fitted.is_some();
    // The sum of nothing is −0.
    let weight = |rows: &[usize]| 0.0 + rows.iter().map(|&row| deals.weight[row]).sum::<f64>();
    let known = open.iter().filter(|&&row| !given.now.amount(row).is_nan());
    let result = PipelineResult {
        meta: Meta::new("pipeline", crm, &["deals"], options.clone(), weight(&given.now.rows), book::left_out(deals))
            .with_seed(options.seed),
        period: options.period,
        calendar: rule.calendar,
        start_day: Floats(keys.iter().map(|key| f64::from(clock.start_day(*key))).collect()),
        past: past(&given, key),
        open: Part {
            wins: weight(open),
            amount: 0.0 + known.map(|&row| deals.weight[row] * given.now.amount(row)).sum::<f64>(),
        },
        without_amount: without_amount(&given, options.listed),
        largest: odds.watched.map(|at| LargestDeal {
            id: deals.id.get(open[at]).unwrap_or_default().to_owned(),
            row: deals.row[open[at]],
            amount: odds.amount[at],
            probability: odds.won_within[(at + 1) * options.periods - 1],
        }),
        slipped: slipped::slipped(crm, deals, &odds, open, options.listed),
        arrivals: summary,
        win_times: match times {
            Some(_) => WinTimesFrom::Hazard,
            None if model => WinTimesFrom::CycleAndModel,
            None => WinTimesFrom::Cycle,
        },
        shock,
        backtest,
        periods,
        total,
    };
    progress.report(1.0);
    Ok(result)
}

fn judged(options: &PipelineOptions) -> Result<Confidence> {
    let refuse = |option: &str, value: String, rule: &str| Err(Error::invalid_option(option, value, rule));
    if !(1..=MOST_PERIODS).contains(&options.periods) {
        return refuse("periods", options.periods.to_string(), "a forecast is of 1 to 24 periods");
    }
    if !(100..=1_000_000).contains(&options.draws) {
        return refuse("draws", options.draws.to_string(), "draws are 100 to 1,000,000");
    }
    if options.backtest_periods > 60 {
        return refuse("backtestPeriods", options.backtest_periods.to_string(), "at most 60 past periods are tested");
    }
    if let Some(quota) = options.quota.filter(|quota| !quota.is_finite()) {
        return refuse("quota", quota.to_string(), "a quota is a finite amount");
    }
    Confidence::new(options.confidence)
}

/// What there is to draw from at the instant of `book`, for the periods between `edges` (ms), with the arrivals of new deals and their dispersion; `before` is that
/// instant where it is a past one. `times` is the model of hazards of an earlier instant, and becomes that of this one.
fn odds_of<'a, 'm>(
    given: &Given<'a>,
    book: &Book<'_>,
    edges: &[f64],
    (months, dispersion): (&'m [MonthRate], f64),
    before: Option<f64>,
    times: &mut Option<DealTimes<'a>>,
) -> Result<Odds<'m>> {
    let deals = book.deals;
    let odds = given.trained.odds(deals, &book.open, given.model, before)?;
    let cycle = Cycle::new(book)?;
    *times = match given.histories {
        Some(passages) => {
            let columns = &given.trained.columns;
            DealTimes::new(given.now.deals, passages, columns, given.model, book.before, times.as_ref())?
        }
        None => None,
    };
    let by_deal = times.as_ref().map(|times| ByDeal { times, cycle: &cycle });
    let used: &dyn WinTimes = match &by_deal {
        Some(by_deal) => by_deal,
        None => &cycle,
    };
    let ends: Vec<f64> = edges.iter().skip(1).map(|end| ((end - book.before) / DAY_MS).max(0.0)).collect();
    let periods = ends.len();
    let mut won_within = vec![0.0; periods * book.open.len()];
    used.open(book, &odds, &ends, &mut won_within)?;
    Ok(Odds {
        periods,
        amount: book.open.iter().map(|&row| book.amount(row)).collect(),
        weight: book.open.iter().map(|&row| deals.weight[row]).collect(),
        won_within,
        new_wins: new_wins(used, book.before, &ends, months),
        months,
        dispersion,
        amounts: Amounts::new(book),
        shock: 0.0,
        watched: None,
    })
}

/// Expected wins per month of creation and period of close, of deals created from `now` (ms) on; periods end `ends` days ahead.
fn new_wins(times: &dyn WinTimes, now: f64, ends: &[f64], months: &[MonthRate]) -> Vec<f64> {
    let mut wins = vec![0.0; ends.len() * months.len()];
    let until = ends.last().copied().unwrap_or(0.0);
    let mut start = 0.0;
    for (month, row) in months.iter().zip(wins.chunks_mut(ends.len().max(1))) {
        let end = ((month.end - now) / DAY_MS).clamp(start, until.max(start));
        let steps = ((end - start) / (until / ARRIVAL_STEPS).max(f64::MIN_POSITIVE)).ceil().clamp(1.0, ARRIVAL_STEPS);
        let length = (end - start) / steps;
        for step in 0..steps as usize {
            let created = start + (step as f64 + 0.5) * length;
            let mut before = 0.0;
            for (wins, end) in row.iter_mut().zip(ends) {
                let by = times.fresh(end - created);
                *wins += month.per_day * length * (by - before);
                before = by;
            }
        }
        start = end;
    }
    wins
}

/// Place of the largest amount above 0, the first of equal ones.
fn largest(amounts: &[f64]) -> Option<usize> {
    let mut found: Option<usize> = None;
    for (at, amount) in amounts.iter().enumerate().filter(|(_, amount)| **amount > 0.0) {
        if found.is_none_or(|found| amounts[found] < *amount) {
            found = Some(at);
        }
    }
    found
}

/// The forecast of the periods `k`.
fn period(
    given: &Given<'_>,
    odds: &Odds<'_>,
    draws: &Draws,
    options: &PipelineOptions,
    edges: &[f64],
    watched_amount: Option<f64>,
    k: std::ops::Range<usize>,
) -> PeriodForecast {
    let sum = |of: &[Vec<f64>], periods: std::ops::Range<usize>| -> Vec<f64> {
        let mut sums = vec![0.0; options.draws];
        for part in &of[periods] {
            sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
        sums
    };
    let won = given.now.won(edges[k.start], edges[k.end]);
    let won_so_far = given.now.won(edges[0], edges[k.end]);
    let so_far = |of: &[Vec<f64>], known: f64| Band::of(&sum(of, 0..k.end), known);
    let closed = Part { wins: won.wins, amount: won.amount };
    let mut open = Part::default();
    for (wins, amount) in &odds.expected_open()[k.clone()] {
        open.wins += wins;
        open.amount += amount;
    }
    let new_wins: f64 = k.clone().map(|k| odds.expected_new(k)).sum();
    let new = Part { wins: new_wins, amount: odds.amounts.mean_with_missing() * new_wins };
    let amount = sum(&draws.amount, k.clone());
    let without: Option<Vec<f64>> = watched_amount.map(|largest| {
        let lost = |period: u8| if k.contains(&usize::from(period)) { largest } else { 0.0 };
        amount.iter().zip(&draws.watched).map(|(sum, period)| sum - lost(*period)).collect()
    });
    let quota = options.quota.filter(|_| given.has_amounts).map(|quota| quota * k.len() as f64);
    let chance = |amounts: &[f64]| {
        let reached = |quota: f64| amounts.iter().filter(|sum| closed.amount + **sum >= quota).count();
        quota.map(|quota| reached(quota) as f64 / amounts.len().max(1) as f64)
    };
    PeriodForecast {
        closed,
        open,
        new,
        amount: given.has_amounts.then(|| Band::of(&amount, closed.amount)),
        wins: Band::of(&sum(&draws.wins, k.clone()), closed.wins),
        amount_so_far: given.has_amounts.then(|| so_far(&draws.amount, won_so_far.amount)),
        wins_so_far: so_far(&draws.wins, won_so_far.wins),
        quota_chance: chance(&amount),
        quota_chance_without_largest: without.as_ref().and_then(|without| chance(without)),
        amount_without_largest: without.map(|without| Band::of(&without, closed.amount)),
        open_wins: if k.len() == 1 { open_wins(odds, k.start) } else { None },
    }
}

/// The distribution of the number of open deals won in period `k`. A weight is that many deals; its fraction is a deal of that fraction of the probability.
fn open_wins(odds: &Odds<'_>, k: usize) -> Option<WinCounts> {
    if odds.weight.iter().sum::<f64>() > MOST_COUNTED {
        return None;
    }
    let mut probability = Vec::with_capacity(odds.weight.len());
    for (i, weight) in odds.weight.iter().enumerate() {
        let within = &odds.won_within[i * odds.periods..(i + 1) * odds.periods];
        let p = within[k] - k.checked_sub(1).map_or(0.0, |before| within[before]);
        let whole = weight.floor();
        probability.extend(std::iter::repeat_n(p, whole as usize));
        if *weight > whole {
            probability.push(p * (weight - whole));
        }
    }
    let counts = PoissonBinomial::new(&probability);
    Some(WinCounts {
        first: counts.first as f64,
        median: counts.quantile(0.5) as f64,
        probability: Floats(counts.probability),
    })
}

fn past(given: &Given<'_>, key: i32) -> PastPeriods {
    let clock = &given.clock;
    let first = given.created.iter().fold(f64::INFINITY, |first, (at, _)| first.min(*at));
    let mut past = PastPeriods { start_day: Floats::default(), won: Floats::default(), amount: Floats::default() };
    let keys: Vec<i32> = (clock.key(first).max(key.saturating_sub(MOST_PAST))..key).collect();
    for key in keys {
        let won = given.now.won(clock.start(key), clock.start(key + 1));
        past.start_day.0.push(f64::from(clock.start_day(key)));
        past.won.0.push(won.wins);
        past.amount.0.push(won.amount);
    }
    past
}

fn without_amount(given: &Given<'_>, listed: usize) -> WithoutAmount {
    let deals = given.now.deals;
    let rows: Vec<usize> = given.now.open.iter().copied().filter(|&row| given.now.amount(row).is_nan()).collect();
    WithoutAmount {
        open: 0.0 + rows.iter().map(|&row| deals.weight[row]).sum::<f64>(),
        won: given.now.won(f64::NEG_INFINITY, f64::INFINITY).without_amount,
        rows: Indices(rows.iter().take(listed).map(|&row| deals.row[row]).collect()),
        ids: rows.iter().take(listed).map(|&row| deals.id.get(row).unwrap_or_default().to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests;
