//! The whole cycle: creation to close, with won and lost as competing risks.

use super::curve::{Cause, DurationQuantile, Incidence, SurvivalCurve};
use super::{Settings, Weights};
use crate::crm::{CLOSED, Durations, LOST, WON};
use crate::meta::Estimate;
use crate::stats::intervals::wilson;
use crate::stats::survival::Survival;
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
    /// Days by which half of the deals that are won while they are watched have been won, with its interval; `None` without a win.
    pub median_days_given_won: Option<DurationQuantile>,
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

/// The cycle; `None` without rows.
pub(super) fn cycle(durations: &Durations, weights: &Weights<'_>, settings: &Settings) -> Option<Cycle> {
    let survival = weights.estimate(durations, CLOSED as usize, settings.confidence);
    if survival.n <= 0.0 {
        return None;
    }
    let causes = [(WON, "won"), (LOST, "lost"), (CLOSED, "closed")];
    let causes = causes.map(|(cause, name)| Cause { name: name.into(), of: vec![cause as usize] });
    let mut outcomes = Incidence::new(&survival, &causes);
    let events = |cause: u32| outcomes.causes.get(cause as usize - 1).map_or(0.0, |of_cause| of_cause.events);
    let (won, lost, closed) = (events(WON), events(LOST), events(CLOSED));
    let outcomes_known = won + lost > 0.0 || closed == 0.0;
    let of_wins = survival.incidence(WON as usize);
    let (won_within_days, _) = won_within(&survival, &[30.0, 60.0, 90.0, 180.0], outcomes_known);
    let given = survival.quantile_given(WON as usize, &of_wins, 0.5);
    outcomes.causes.retain(|of_cause| match of_cause.cause.as_str() {
        "closed" => closed > 0.0,
        _ => outcomes_known,
    });
    let of_won = weights.estimate(durations.of_won(weights.deals), 1, settings.confidence);
    Some(Cycle {
        duration: SurvivalCurve::new(&survival, settings),
        won_within_days,
        median_days_given_won: given.map(DurationQuantile::from),
        won_share_of_closed: wilson(won, won + lost, settings.confidence),
        won_share_of_all: if outcomes_known { wilson(won, survival.n, settings.confidence) } else { None },
        outcomes,
        won_mean_days: of_won.finished_mean(),
        won_median_days: of_won.finished_median(),
    })
}

/// Probability of a win by each of `days`, and where observation ends.
pub(super) fn won_within(
    survival: &Survival,
    days: &[f64],
    outcomes_known: bool,
) -> (Vec<WonWithin>, Option<Estimate>) {
    let ages: Vec<f64> = days.iter().copied().chain([f64::INFINITY]).collect();
    let mut shares = survival.shares_by(&|cause| cause == WON as usize, &ages);
    let last = shares.pop();
    let within = |(days, share): (&f64, Estimate)| {
        let watched = survival.n > 0.0 && (*days <= survival.last || survival.at_end() == 0.0);
        WonWithin { days: *days, probability: (watched && outcomes_known).then_some(share) }
    };
    (days.iter().zip(shares).map(within).collect(), last)
}
