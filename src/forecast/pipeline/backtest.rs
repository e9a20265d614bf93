//! The forecast repeated at the start of past periods, with what was known then, and held against what came.

use super::super::hazard::DealTimes;
use super::arrivals::arrivals;
use super::draws::Odds;
use super::{Band, Given, book::Book, odds_of};
use crate::bulk::Floats;
use crate::error::Result;
use crate::meta::{Estimate, Progress};
use crate::stats::intervals::{Confidence, wilson};
use serde::Serialize;

/// Draws per past period.
const DRAWS: usize = 2000;
/// Wins before an instant without which nothing is forecast from it.
const NEEDED_WINS: f64 = 20.0;
/// Days of records without which nothing is forecast.
const NEEDED_DAYS: f64 = 90.0;
/// Relative spread of a forecast that is expected before any was tested, and the number of tests that this counts as.
const PRIOR_SHOCK: f64 = 0.05;
const PRIOR_TESTS: f64 = 2.0;
/// A wider one says nothing about chances: its middle nine in ten reach from 1 to 99 %.
const MOST_SHOCK: f64 = 3.0;

/// How forecasts of past periods came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackTest {
    /// First local day of each tested period, ascending.
    pub start_day: Floats,
    /// Forecasts of the amount won, made at the start of each; empty where no deal has an amount.
    pub amount: Vec<Band>,
    /// What was won.
    pub won_amount: Floats,
    /// Forecasts of the number of wins.
    pub wins: Vec<Band>,
    /// How many there were.
    pub won: Floats,
    /// Share of periods whose amount lay from P10 to P90, with Wilson's interval; of a good forecast about `amount_nominal`. `None` where no deal has an amount.
    pub amount_covered: Option<Estimate>,
    /// The same of the number of wins.
    pub wins_covered: Option<Estimate>,
    /// Share of the draws from P10 to P90, both included: the nominal coverage, which is more than 80 % where many draws are equal.
    pub amount_nominal: Option<f64>,
    /// The same of the number of wins, which is a whole number.
    pub wins_nominal: Option<f64>,
    /// Mean of |median − amount| / amount over the periods with an amount above 0 (MAPE).
    pub amount_error: Option<f64>,
    /// The same of the number of wins.
    pub wins_error: Option<f64>,
}

/// What is needed to learn the spread that periods have in common from tests.
#[derive(Default)]
struct Shock {
    weight: f64,
    excess: f64,
    tests: f64,
}

impl Shock {
    /// Adds a test: the number of wins that was forecast, its variance from deals alone, and the truth.
    fn add(&mut self, mean: f64, variance: f64, truth: f64) {
        if mean > 0.0 && variance > 0.0 {
            let weight = mean * mean / variance;
            self.weight += weight;
            self.excess += weight * ((truth - mean) * (truth - mean) - variance) / (mean * mean);
            self.tests += 1.0;
        }
    }

    /// Standard deviation of the shock: the moment estimate, held by a prior that knows that rates from `wins` wins are not exact.
    fn deviation(&self, wins: f64) -> f64 {
        let prior = PRIOR_SHOCK * PRIOR_SHOCK + 1.0 / wins.max(1.0);
        let prior_weight = if self.tests > 0.0 { PRIOR_TESTS * self.weight / self.tests } else { 1.0 };
        ((self.excess + prior_weight * prior) / (self.weight + prior_weight)).max(0.0).sqrt().min(MOST_SHOCK)
    }
}

/// The tests on the last `periods` whole periods, and the spread to use from now on. Each test uses only what earlier ones have shown.
/// `times` becomes the last model of hazards, where those are used.
pub(super) fn backtest<'a>(
    given: &Given<'a>,
    periods: usize,
    confidence: Confidence,
    times: &mut Option<DealTimes<'a>>,
    progress: &mut Progress<'_>,
) -> Result<(Option<BackTest>, f64)> {
    let clock = &given.clock;
    let now = clock.key(given.now.before);
    let mut shock = Shock::default();
    let mut found = BackTest {
        start_day: Floats::default(),
        amount: Vec::new(),
        won_amount: Floats::default(),
        wins: Vec::new(),
        won: Floats::default(),
        amount_covered: None,
        wins_covered: None,
        amount_nominal: None,
        wins_nominal: None,
        amount_error: None,
        wins_error: None,
    };
    let (mut amount_nominal, mut wins_nominal) = (0.0, 0.0);
    let first = given.created.iter().fold(f64::INFINITY, |first, (at, _)| first.min(*at));
    for back in (1..=periods as i32).rev() {
        progress.report(0.3 + 0.4 * (1.0 - f64::from(back) / periods as f64));
        let key = now.saturating_sub(back);
        let (start, end) = (clock.start(key), clock.start(key.saturating_add(1)));
        if !(end > start && start >= first + NEEDED_DAYS * crate::time::DAY_MS) {
            continue;
        }
        let book = Book::new(given.now.deals, start);
        let before = book.won(f64::NEG_INFINITY, start);
        if before.wins < NEEDED_WINS {
            continue;
        }
        let (summary, months) = arrivals(clock, &given.created, start, end);
        let mut odds: Odds<'_> =
            odds_of(given, &book, &[start, end], (&months, summary.dispersion), Some(start), times)?;
        odds.shock = shock.deviation(before.wins);
        let draws = odds.draw(DRAWS, given.seed, 1 + back as u32, &mut Progress::none(), (0.0, 0.0));
        let truth = given.now.won(start, end);
        let (mean, variance) = odds.wins_in(0);
        shock.add(mean, variance, truth.wins);
        found.start_day.0.push(f64::from(clock.start_day(key)));
        found.won.0.push(truth.wins);
        wins_nominal += add_band(&mut found.wins, draws.wins.first());
        if given.has_amounts {
            found.won_amount.0.push(truth.amount);
            amount_nominal += add_band(&mut found.amount, draws.amount.first());
        }
    }
    let tests = found.won.0.len();
    let deviation = shock.deviation(given.now.won(f64::NEG_INFINITY, given.now.before).wins);
    (found.amount_covered, found.amount_error) = judged(&found.amount, &found.won_amount.0, confidence);
    (found.wins_covered, found.wins_error) = judged(&found.wins, &found.won.0, confidence);
    let mean = |sum: f64, bands: &[Band]| (!bands.is_empty()).then(|| sum / bands.len() as f64);
    (found.amount_nominal, found.wins_nominal) = (mean(amount_nominal, &found.amount), mean(wins_nominal, &found.wins));
    Ok(((tests > 0).then_some(found), deviation))
}

/// Adds the band of `draws`; returns the share of them that lie in it.
fn add_band(bands: &mut Vec<Band>, draws: Option<&Vec<f64>>) -> f64 {
    let Some(draws) = draws.filter(|draws| !draws.is_empty()) else { return 0.0 };
    let band = Band::of(draws, 0.0);
    bands.push(band);
    draws.iter().filter(|draw| band.holds(**draw)).count() as f64 / draws.len() as f64
}

/// Share of truths inside the bands, and the mean relative error of the medians.
fn judged(bands: &[Band], truth: &[f64], confidence: Confidence) -> (Option<Estimate>, Option<f64>) {
    let inside = bands.iter().zip(truth).filter(|(band, truth)| band.holds(**truth)).count();
    let positive: Vec<f64> = bands
        .iter()
        .zip(truth)
        .filter(|(_, truth)| **truth > 0.0)
        .map(|(band, truth)| (band.p50 - truth).abs() / truth)
        .collect();
    let error = Some(positive.iter().sum::<f64>() / positive.len() as f64).filter(|error| error.is_finite());
    (wilson(inside as f64, bands.len() as f64, confidence), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_of_whole_numbers_promise_more_than_eight_in_ten() {
        let mut bands = Vec::new();
        let wins: Vec<f64> = [0, 2, 1, 0, 1, 3, 1, 2, 0, 1].map(f64::from).into();
        assert_eq!(add_band(&mut bands, Some(&wins)), 0.9);
        assert_eq!((bands[0].p10, bands[0].p90), (0.0, 2.0));
        let amounts: Vec<f64> = (0..1000).map(f64::from).collect();
        assert!((add_band(&mut bands, Some(&amounts)) - 0.8).abs() < 0.002);
        assert_eq!((add_band(&mut bands, Some(&Vec::new())), add_band(&mut bands, None), bands.len()), (0.0, 0.0, 2));
    }
}
