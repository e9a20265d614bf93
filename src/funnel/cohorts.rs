//! Deals by the period of their creation: how many of each cohort are won after 30, 60 and 90 days.

use super::cycle::{WonWithin, won_within};
use super::{FunnelOptions, Settings, Weights, periods};
use crate::crm::{CLOSED, Crm, Deals, Durations, Outcome, WON};
use crate::stats::survival::{Part, Parts, Survival};
use crate::time::{Calendar, Period};
use serde::Serialize;

/// Cohorts in order of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cohorts {
    /// What the periods are.
    pub period: Period,
    /// The calendar that they are of.
    pub calendar: Calendar,
    /// Periods in which deals were created; the newest 120.
    pub cohorts: Vec<Cohort>,
    /// Deals (weighted) of earlier cohorts.
    pub earlier: f64,
}

/// The deals created in one period.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cohort {
    /// First local day, counted from 1970-01-01.
    pub start_day: f64,
    /// The day after the last one.
    pub end_day: f64,
    /// Deals (weighted) with usable dates.
    pub deals: f64,
    /// Those won so far.
    pub won: f64,
    /// Those that are open.
    pub open: f64,
    /// Probability of a win by 30, 60 and 90 days (Aalen–Johansen); none where no deal of the cohort could yet be watched for so long.
    pub won_within_days: Vec<WonWithin>,
    /// Up to this age all of its deals were watched.
    pub complete_days: f64,
}

const MOST: usize = 120;

/// The cohorts of the selected deals that have a cycle; `None` without any.
pub(super) fn cohorts(
    crm: &Crm,
    deals: &Deals,
    durations: &Durations,
    weights: &Weights<'_>,
    options: &FunnelOptions,
    settings: &Settings,
) -> Option<Cohorts> {
    let rule = periods::rule(crm, options.calendar);
    let period = options.period;
    let has_cycle = |place: &usize| weights.part(durations, *place).is_some();
    let mut instants = vec![f64::NAN; deals.len()];
    for place in (0..durations.deal.len()).filter(has_cycle) {
        let deal = durations.deal[place] as usize;
        instants[deal] = deals.created[deal];
    }
    let (keys, mut cohort_of) = periods::ranks(crm, &rule, period, &instants);
    let first = keys.len().saturating_sub(MOST);
    let shown = &keys[first..];
    if shown.is_empty() {
        return None;
    }
    let mut earlier = 0.0;
    // What could be watched at most, whether the deal is open or not.
    let mut follow_up = vec![(f64::INFINITY, 0.0f64); shown.len()];
    let mut outcomes_known = false;
    for deal in (0..deals.len()).filter(|deal| !instants[*deal].is_nan()) {
        match (cohort_of[deal] as usize).checked_sub(first) {
            None => {
                earlier += deals.weight[deal];
                cohort_of[deal] = u32::MAX;
            }
            Some(at) => {
                cohort_of[deal] = at as u32;
                let watched = crm.time.elapsed_ms(deals.created[deal], crm.as_of) / crm.time.day_ms();
                let (least, most) = &mut follow_up[at];
                (*least, *most) = (least.min(watched), most.max(watched));
            }
        }
        outcomes_known |= matches!(deals.outcome[deal], Outcome::Won | Outcome::Lost);
    }
    let parts = Parts::new(durations.deal.len(), |place| {
        let part = weights.part(durations, place)?;
        Some(Part { group: cohort_of[durations.deal[place] as usize], ..part })
    });
    let mut cohorts = Vec::with_capacity(shown.len());
    let mut add = |survival: Survival| {
        let at = cohorts.len();
        let (least, most) = follow_up[at];
        let (mut won_within_days, _) = won_within(&survival, &[30.0, 60.0, 90.0], outcomes_known);
        for within in &mut won_within_days {
            within.probability = within.probability.filter(|_| within.days <= most);
        }
        cohorts.push(Cohort {
            start_day: f64::from(rule.start(period, shown[at])),
            end_day: f64::from(rule.start(period, shown[at].saturating_add(1))),
            deals: survival.n,
            won: survival.events_of(WON as usize),
            open: survival.censored,
            won_within_days,
            complete_days: if least.is_finite() { least.max(0.0) } else { 0.0 },
        });
    };
    durations.sorted.each_group(shown.len(), CLOSED as usize, settings.confidence, &parts, &mut add);
    Some(Cohorts { period, calendar: rule.calendar, cohorts, earlier })
}
