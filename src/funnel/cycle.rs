//! The whole cycle: creation to close, with won and lost as competing risks.

use super::curve::{Cause, Incidence, SurvivalCurve};
use super::{LeftOutCount, Settings, Used};
use crate::crm::{Crm, Deals, LeftOut, Outcome};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::intervals::wilson;
use crate::stats::survival::{Survival, SurvivalState};
use serde::Serialize;

/// Creation to close.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cycle {
    /// Days until any close; open deals and those on hold are censored at `as_of`.
    pub duration: SurvivalCurve,
    /// `won`, `lost` and, where outcomes are unknown, `closed`.
    pub outcomes: Incidence,
    /// Probability of a win by 30, 60, 90 and 180 days.
    pub won_within_days: Vec<WonWithin>,
    /// The naive win rate: won of won and lost, open deals ignored. Wilson interval; `None` without either.
    pub won_share_of_closed: Option<Estimate>,
    /// The other naive rate: won of all, open deals counted as failures. Wilson interval.
    pub won_share_of_all: Option<Estimate>,
    /// Plain mean of the days of the deals won, which other tools show as “the sales cycle”; too short while deals are open.
    pub won_mean_days: Option<f64>,
    /// Plain median of the days of the deals won.
    pub won_median_days: Option<f64>,
}

/// Probability of a win by an age.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WonWithin {
    /// The age.
    pub days: f64,
    /// Aalen–Johansen estimate with its log(-log) interval; `None` where no deal has been watched for so long while some are still open, and where
    /// the data do not tell won from lost.
    pub probability: Option<Estimate>,
}

pub(super) const WON: u32 = 1;
pub(super) const LOST: u32 = 2;
pub(super) const CLOSED: u32 = 3;

/// One row per deal that the cycle rests on.
#[derive(Default)]
pub(super) struct CycleRows {
    pub deal: Vec<u32>,
    pub durations: Vec<f64>,
    /// 0 while open.
    pub causes: Vec<u32>,
    pub weights: Vec<f64>,
}

impl CycleRows {
    /// The estimates from all rows.
    pub fn survival(&self, settings: &Settings) -> Result<Survival> {
        let mut state = SurvivalState::new(CLOSED as usize);
        state.update(&self.durations, None, &self.causes, Some(&self.weights))?;
        Ok(state.finish(settings.confidence))
    }

    /// The estimates per group, where `group_of` says the group of a deal.
    pub fn by_group(&self, groups: usize, group_of: &dyn Fn(usize) -> Option<usize>) -> Result<Vec<SurvivalState>> {
        let mut parts: Vec<CycleRows> = (0..groups).map(|_| CycleRows::default()).collect();
        for row in 0..self.deal.len() {
            if let Some(part) = group_of(self.deal[row] as usize).and_then(|group| parts.get_mut(group)) {
                part.durations.push(self.durations[row]);
                part.causes.push(self.causes[row]);
                part.weights.push(self.weights[row]);
            }
        }
        let state_of = |part: &CycleRows| {
            let mut state = SurvivalState::new(CLOSED as usize);
            state.update(&part.durations, None, &part.causes, Some(&part.weights)).map(|()| state)
        };
        parts.iter().map(state_of).collect()
    }
}

/// The rows of the selected deals that have the dates.
pub(super) fn rows(deals: &Deals, crm: &Crm, used: &mut Used, left_out: &mut Vec<LeftOut>) -> CycleRows {
    let mut no_created = LeftOutCount::new("deals", "no_created_date");
    let mut no_close = LeftOutCount::new("deals", "no_close_date");
    let mut closed_early = LeftOutCount::new("deals", "closed_before_created");
    let mut created_late = LeftOutCount::new("deals", "created_after_as_of");
    let mut rows = CycleRows::default();
    for row in (0..deals.len()).filter(|&row| used.selected[row]) {
        let weight = deals.weight[row];
        let line = Some(deals.row[row].saturating_add(2));
        let (end, cause, too_early) = match deals.outcome[row] {
            Outcome::Open | Outcome::Hold => (crm.as_of, 0, &mut created_late),
            Outcome::Won => (deals.closed[row], WON, &mut closed_early),
            Outcome::Lost => (deals.closed[row], LOST, &mut closed_early),
            Outcome::Closed => (deals.closed[row], CLOSED, &mut closed_early),
        };
        let duration = crm.time.elapsed_ms(deals.created[row], end) / crm.time.day_ms();
        if deals.created[row].is_nan() {
            no_created.add(weight, line);
        } else if !duration.is_finite() {
            no_close.add(weight, line);
        } else if duration < 0.0 {
            too_early.add(weight, line);
        } else {
            rows.deal.push(row as u32);
            rows.durations.push(duration);
            rows.causes.push(cause);
            rows.weights.push(weight);
            used.rests_on[row] = true;
        }
    }
    for reason in [no_created, no_close, closed_early, created_late] {
        reason.push_to(left_out);
    }
    rows
}

/// The cycle; `None` without rows.
pub(super) fn cycle(rows: &CycleRows, settings: &Settings) -> Result<Option<Cycle>> {
    let survival = rows.survival(settings)?;
    if survival.n <= 0.0 {
        return Ok(None);
    }
    let causes = [(WON, "won"), (LOST, "lost"), (CLOSED, "closed")];
    let is_one = causes.map(|(cause, _)| move |other: usize| other == cause as usize);
    let named = causes.iter().zip(&is_one);
    let mut outcomes =
        Incidence::new(&survival, named.map(|((_, name), is_one)| Cause { name: (*name).into(), is_one }));
    let events = |cause: u32| outcomes.causes.get(cause as usize - 1).map_or(0.0, |of_cause| of_cause.events);
    let (won, lost, closed) = (events(WON), events(LOST), events(CLOSED));
    let outcomes_known = won + lost > 0.0 || closed == 0.0;
    let won_within_days = won_within(&survival, &[30.0, 60.0, 90.0, 180.0], outcomes_known);
    outcomes.causes.retain(|of_cause| match of_cause.cause.as_str() {
        "closed" => closed > 0.0,
        _ => outcomes_known,
    });
    let of_won = only_won(rows, settings)?;
    Ok(Some(Cycle {
        duration: SurvivalCurve::new(&survival, settings),
        won_within_days,
        won_share_of_closed: wilson(won, won + lost, settings.confidence),
        won_share_of_all: if outcomes_known { wilson(won, survival.n, settings.confidence) } else { None },
        outcomes,
        won_mean_days: of_won.finished_mean(),
        won_median_days: of_won.finished_median(),
    }))
}

/// The finished durations of the deals won.
pub(super) fn only_won(rows: &CycleRows, settings: &Settings) -> Result<Survival> {
    let won: Vec<usize> = (0..rows.deal.len()).filter(|row| rows.causes[*row] == WON).collect();
    let days: Vec<f64> = won.iter().map(|row| rows.durations[*row]).collect();
    let weights: Vec<f64> = won.iter().map(|row| rows.weights[*row]).collect();
    let mut state = SurvivalState::new(WON as usize);
    state.update(&days, None, &vec![WON; won.len()], Some(&weights))?;
    Ok(state.finish(settings.confidence))
}

/// Probability of a win by each of `days`.
pub(super) fn won_within(survival: &Survival, days: &[f64], outcomes_known: bool) -> Vec<WonWithin> {
    let won = survival.incidence(WON as usize);
    let within = |days: &f64| {
        let watched = survival.n > 0.0 && (*days <= survival.last || survival.at_end() == 0.0);
        let at = survival.incidence_estimate(&won, *days);
        WonWithin { days: *days, probability: (watched && outcomes_known).then_some(at) }
    };
    days.iter().map(within).collect()
}
