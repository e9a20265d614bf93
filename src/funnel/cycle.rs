//! The whole cycle: creation to close, with won and lost as competing risks.

use super::curve::{Incidence, SurvivalCurve};
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

const WON: u32 = 1;
const LOST: u32 = 2;
const CLOSED: u32 = 3;

/// The cycle of the selected deals; `None` where none has the dates.
pub(super) fn cycle(
    deals: &Deals,
    crm: &Crm,
    used: &mut Used,
    settings: &Settings,
    left_out: &mut Vec<LeftOut>,
) -> Result<Option<Cycle>> {
    let mut no_created = LeftOutCount::new("deals", "no_created_date");
    let mut no_close = LeftOutCount::new("deals", "no_close_date");
    let mut closed_early = LeftOutCount::new("deals", "closed_before_created");
    let mut created_late = LeftOutCount::new("deals", "created_after_as_of");
    let (mut durations, mut causes, mut weights) = (Vec::new(), Vec::new(), Vec::new());
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
        } else if duration.is_nan() {
            no_close.add(weight, line);
        } else if duration < 0.0 {
            too_early.add(weight, line);
        } else {
            durations.push(duration);
            causes.push(cause);
            weights.push(weight);
            used.rests_on[row] = true;
        }
    }
    for reason in [no_created, no_close, closed_early, created_late] {
        reason.push_to(left_out);
    }
    let mut state = SurvivalState::new(CLOSED as usize);
    state.update(&durations, None, &causes, Some(&weights))?;
    let survival = state.finish(settings.confidence);
    Ok((survival.n > 0.0).then(|| of_survival(&survival, settings)))
}

fn of_survival(survival: &Survival, settings: &Settings) -> Cycle {
    let mut outcomes = Incidence::new(
        survival,
        vec![(WON as usize, "won".into()), (LOST as usize, "lost".into()), (CLOSED as usize, "closed".into())],
    );
    let events = |cause: u32| outcomes.causes.get(cause as usize - 1).map_or(0.0, |of_cause| of_cause.events);
    let (won, lost, closed) = (events(WON), events(LOST), events(CLOSED));
    let outcomes_known = won + lost > 0.0 || closed == 0.0;
    let within = |days: f64| {
        let watched = days <= survival.last || survival.at_end() == 0.0;
        let at = survival.incidence_at(WON as usize, days);
        WonWithin { days, probability: (watched && outcomes_known).then_some(at) }
    };
    let won_within_days = [30.0, 60.0, 90.0, 180.0].map(within).into();
    outcomes.causes.retain(|of_cause| match of_cause.cause.as_str() {
        "closed" => closed > 0.0,
        _ => outcomes_known,
    });
    Cycle {
        duration: SurvivalCurve::new(survival, settings),
        won_within_days,
        won_share_of_closed: wilson(won, won + lost, settings.confidence),
        won_share_of_all: if outcomes_known { wilson(won, survival.n, settings.confidence) } else { None },
        outcomes,
    }
}
