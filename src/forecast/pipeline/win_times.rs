//! When open deals, and deals that do not exist yet, will be won.

use super::super::hazard::DealTimes;
use super::book::Book;
use crate::crm::{Deals, Outcome};
use crate::error::Result;
use crate::stats::intervals::Confidence;
use crate::stats::survival::SurvivalState;
use crate::time::DAY_MS;

/// Probabilities of a win by time.
pub(super) trait WinTimes {
    /// Writes into `won_within`, deal by deal, the probability that each open deal of `book` is won within each of `ahead_days`, ascending. `odds` are its odds
    /// of a win in the end against those of the average deal; where they are missing, they are 1.
    ///
    /// # Errors
    /// None that a book can cause.
    fn open(&self, book: &Book<'_>, odds: &[f64], ahead_days: &[f64], won_within: &mut [f64]) -> Result<()>;

    /// Probability that a new deal is won before the age of `days`.
    fn fresh(&self, days: f64) -> f64;
}

/// Deals at risk that a curve needs to be believed; beyond, its last hazards go on.
const AT_RISK: f64 = 20.0;
const CAUSES: usize = 3;

/// Aalen–Johansen incidence of a win by age of the deal, carried on beyond the ages that enough deals have reached by constant hazards: those of the
/// second half of the ages seen.
#[derive(Debug, Clone)]
pub(super) struct Cycle {
    time: Vec<f64>,
    survival: Vec<f64>,
    won: Vec<f64>,
    /// Age from which hazards are constant, with the share still open and the share won by then.
    cut: (f64, f64, f64),
    /// Hazards per day from there on: of a win, of any end.
    hazards: (f64, f64),
}

impl Cycle {
    /// Of the deals of `book`.
    ///
    /// # Errors
    /// None that a book can cause.
    pub fn new(book: &Book<'_>) -> Result<Self> {
        let mut state = SurvivalState::new(CAUSES);
        let days: Vec<f64> = book.rows.iter().map(|&row| book.days(row)).collect();
        let weights: Vec<f64> = book.rows.iter().map(|&row| book.deals.weight[row]).collect();
        let causes: Vec<u32> = book
            .rows
            .iter()
            .map(|&row| match book.outcome(row) {
                Outcome::Open | Outcome::Hold => 0,
                Outcome::Won => 1,
                Outcome::Lost => 2,
                Outcome::Closed => 3,
            })
            .collect();
        state.update(&days, None, &causes, Some(&weights))?;
        let curve = state.finish(Confidence::new(0.95)?);
        let won = curve.incidence(1).incidence;
        let needed = AT_RISK.min(0.25 * curve.n).max(1.0);
        let last = (0..curve.time.len()).rev().find(|&at| curve.at_risk[at] >= needed && curve.survival[at] > 1e-9);
        let exposure: f64 = days.iter().zip(&weights).map(|(days, weight)| days * weight).sum();
        let rate = |events: f64, days: f64| if days > 0.0 { events / days } else { 0.0 };
        let (cut, hazards) = match last {
            Some(at) if curve.time[at] > 0.0 => {
                let age = curve.time[at];
                let (mut of_win, mut of_end, mut before) = (0.0, 0.0, 0.0);
                let mut open = 1.0;
                for (i, by) in won.iter().enumerate().take(at + 1) {
                    if curve.time[i] > 0.5 * age {
                        of_end += curve.event_count[i] / curve.at_risk[i];
                        of_win += (by - before) / open;
                    }
                    (before, open) = (*by, curve.survival[i]);
                }
                ((age, curve.survival[at], won[at]), (rate(of_win, 0.5 * age), rate(of_end, 0.5 * age)))
            }
            _ => {
                let wins: f64 = causes.iter().zip(&weights).filter(|(cause, _)| **cause == 1).map(|(_, w)| w).sum();
                ((0.0, 1.0, 0.0), (rate(wins, exposure), rate(curve.events, exposure)))
            }
        };
        Ok(Cycle { time: curve.time, survival: curve.survival, won, cut, hazards })
    }

    /// Share still open and share won at age `days`, of all deals.
    fn at(&self, days: f64) -> (f64, f64) {
        let (age, open, won) = self.cut;
        if days >= age {
            let (of_win, of_end) = self.hazards;
            let left = libm::exp(-of_end * (days - age));
            return (open * left, won + open * rate_share(of_win, of_end) * (1.0 - left));
        }
        match self.time.partition_point(|time| *time <= days).checked_sub(1) {
            None => (1.0, 0.0),
            Some(at) => (self.survival[at], self.won[at]),
        }
    }

    /// Probability that a deal still open at age `days` is won in the end.
    fn won_ever(&self, days: f64) -> f64 {
        let (age, open, won) = self.cut;
        let share = rate_share(self.hazards.0, self.hazards.1);
        if days >= age {
            return share;
        }
        let (still, already) = self.at(days);
        ((won + open * share - already) / still).clamp(0.0, 1.0)
    }
}

fn rate_share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
}

impl Cycle {
    /// Writes into `won_within` the probability that an open deal is won within each of `ahead_days`, ascending: one that is `age_days` old and whose odds
    /// of a win in the end are `odds` times those of the average deal.
    fn of_age(&self, age_days: f64, odds: f64, ahead_days: &[f64], won_within: &mut [f64]) {
        let ever = self.won_ever(age_days);
        // What is certain stays so whatever the odds.
        let factor = if ever > 0.0 && ever < 1.0 { odds / (1.0 - ever + ever * odds) } else { 1.0 };
        let (age, ..) = self.cut;
        let (still, already) = self.at(age_days);
        for (into, ahead) in won_within.iter_mut().zip(ahead_days) {
            let share = if age_days >= age {
                // What is left of the curve cancels out, and would be 0 / 0 far out.
                rate_share(self.hazards.0, self.hazards.1) * (1.0 - libm::exp(-self.hazards.1 * ahead))
            } else {
                (self.at(age_days + ahead).1 - already) / still
            };
            *into = (share * factor).clamp(0.0, 1.0);
        }
    }
}

impl Cycle {
    /// Days from `age_days` on by which a `part` of the wins of deals of that age have come; NaN where none will, or not within 2,700 years.
    fn days_until(&self, age_days: f64, part: f64) -> f64 {
        let (cut, open, won) = self.cut;
        let (of_win, of_end) = self.hazards;
        let ever = self.won_ever(age_days);
        if ever <= 0.0 {
            return f64::NAN;
        }
        let beyond = |share: f64| -libm::log1p(-share) / of_end;
        let days = if age_days >= cut {
            beyond(part)
        } else {
            let (still, already) = self.at(age_days);
            let wanted = already + still * ever * part;
            match self.won.partition_point(|by| *by < wanted) {
                at if self.time.get(at).is_some_and(|time| *time < cut) => self.time[at] - age_days,
                _ => {
                    cut - age_days
                        + beyond(((wanted - won) / (open * rate_share(of_win, of_end))).clamp(0.0, 1.0)).max(0.0)
                }
            }
        };
        if days < FARTHEST_DAYS { days } else { f64::NAN }
    }
}

impl WinTimes for Cycle {
    fn open(&self, book: &Book<'_>, odds: &[f64], ahead_days: &[f64], won_within: &mut [f64]) -> Result<()> {
        for (at, into) in won_within.chunks_mut(ahead_days.len().max(1)).enumerate() {
            self.of_age(book.days(book.open[at]), odds.get(at).copied().unwrap_or(1.0), ahead_days, into);
        }
        Ok(())
    }

    fn fresh(&self, days: f64) -> f64 {
        self.at(days.max(0.0)).1
    }
}

/// The model of hazards; the cycle where a deal has no history.
pub(super) struct ByDeal<'a, 'b> {
    pub times: &'a DealTimes<'b>,
    pub cycle: &'a Cycle,
}

impl WinTimes for ByDeal<'_, '_> {
    fn open(&self, book: &Book<'_>, odds: &[f64], ahead_days: &[f64], won_within: &mut [f64]) -> Result<()> {
        self.cycle.open(book, odds, ahead_days, won_within)?;
        let mut place = vec![None; book.deals.len()];
        for (at, row) in book.open.iter().enumerate() {
            place[*row] = Some(at);
        }
        let periods = ahead_days.len();
        self.times.open(&mut |deal, won| {
            if let Some(at) = place[deal] {
                let into = &mut won_within[at * periods..(at + 1) * periods];
                into.iter_mut().zip(ahead_days).for_each(|(into, days)| *into = won(*days).clamp(0.0, 1.0));
            }
        })
    }

    fn fresh(&self, days: f64) -> f64 {
        self.times.fresh(days)
    }
}

/// Days ahead for which a probability is given.
const WITHIN_DAYS: [f64; 3] = [30.0, 60.0, 90.0];
/// Days beyond which no time is given.
const FARTHEST_DAYS: f64 = 1e6;

/// Times of wins for deals that are looked at one by one.
pub(in crate::forecast) struct Curve {
    cycle: Cycle,
    now: f64,
}

impl Curve {
    /// Of `deals` as they stand at `as_of` (ms); `None` where no deal with dates was won.
    ///
    /// # Errors
    /// None that deals can cause.
    pub fn of(deals: &Deals, as_of: f64) -> Result<Option<Curve>> {
        let book = Book::new(deals, as_of + 1.0);
        if !book.rows.iter().any(|&row| book.outcome(row) == Outcome::Won) {
            return Ok(None);
        }
        Ok(Some(Curve { cycle: Cycle::new(&book)?, now: as_of }))
    }

    /// Probability that the open deal `row`, which is won in the end with probability `ever`, is won within 30, 60 and 90 days, and days by which half
    /// of the wins of deals of its age have come; `None` without a date of creation.
    pub fn outlook(&self, deals: &Deals, row: usize, ever: f64) -> Option<([f64; 3], Option<f64>)> {
        let age = (self.now - deals.created[row]) / DAY_MS;
        if age.is_nan() {
            return None;
        }
        let age = age.max(0.0);
        let average = self.cycle.won_ever(age);
        let odds = ever * (1.0 - average) / (average * (1.0 - ever));
        let mut within = [0.0; 3];
        // No odds make of what never happens anything else; certain wins have no odds, and do not come from a logistic model.
        self.cycle.of_age(age, if odds.is_finite() { odds } else { 1.0 }, &WITHIN_DAYS, &mut within);
        let half = self.cycle.days_until(age, 0.5);
        Some((within, half.is_finite().then_some(half)))
    }

    /// Days by which 10, 50 and 90 % of the wins of deals as old as `row` have come; NaN where that is unknown.
    pub fn window(&self, deals: &Deals, row: usize) -> [f64; 3] {
        let age = (self.now - deals.created[row]) / DAY_MS;
        [0.1, 0.5, 0.9].map(|part| if age.is_nan() { f64::NAN } else { self.cycle.days_until(age.max(0.0), part) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_part_of_the_wins_is_the_first_by_which_that_part_has_come() {
        let cycle = Cycle {
            time: vec![10.0, 20.0, 40.0],
            survival: vec![0.8, 0.5, 0.4],
            won: vec![0.1, 0.3, 0.35],
            cut: (40.0, 0.4, 0.35),
            hazards: (0.01, 0.02),
        };
        for age in [0.0, 5.0, 10.0, 25.0, 40.0, 90.0] {
            for part in [0.1, 0.5, 0.9] {
                let days = cycle.days_until(age, part);
                let by = |days: f64| {
                    let mut share = [0.0];
                    cycle.of_age(age, 1.0, &[days], &mut share);
                    share[0]
                };
                let wanted = part * cycle.won_ever(age);
                assert!(by(days + 1e-9) >= wanted - 1e-12, "{age} {part}: {days}");
                assert!(days < 1e-6 || by(days - 1e-6) < wanted, "{age} {part}: {days} is not the first");
            }
        }
        let never = Cycle { hazards: (0.0, 0.02), ..cycle };
        assert!(never.days_until(50.0, 0.5).is_nan());
    }

    #[test]
    fn what_is_certain_stays_so_whatever_the_odds() {
        let all_won = Cycle {
            time: Vec::new(),
            survival: Vec::new(),
            won: Vec::new(),
            cut: (0.0, 1.0, 0.0),
            hazards: (0.1, 0.1),
        };
        for odds in [0.0, 1.0, 1e300] {
            let mut won = [f64::NAN; 2];
            all_won.of_age(5.0, odds, &[10.0, 1e6], &mut won);
            assert_eq!(won, [1.0 - libm::exp(-1.0), 1.0], "{odds}");
        }
    }
}
