//! Deals by the period of their creation: how many of each cohort are won after 30, 60 and 90 days.

use super::cycle::{CycleRows, WON, WonWithin, won_within};
use super::{Settings, periods};
use crate::crm::{Crm, Deals};
use crate::error::Result;
use crate::stats::order::sorted_rows;
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

/// The cohorts of the deals of `rows`; `None` without any.
pub(super) fn cohorts(
    crm: &Crm,
    deals: &Deals,
    rows: &CycleRows,
    period: Period,
    calendar: Option<Calendar>,
    settings: &Settings,
) -> Result<Option<Cohorts>> {
    let rule = periods::rule(crm, calendar);
    let mut days = crm.time.zone.cursor();
    let keys: Vec<i32> =
        rows.deal.iter().map(|deal| rule.key(period, days.day(deals.created[*deal as usize]))).collect();
    let order = sorted_rows(keys.len(), &mut |a, b| keys[a].cmp(&keys[b]));
    let mut found: Vec<i32> = order.iter().map(|row| keys[*row]).collect();
    found.dedup();
    let shown = found.split_off(found.len().saturating_sub(MOST));
    if shown.is_empty() {
        return Ok(None);
    }
    // Deal to cohort: `rows` holds each deal once.
    let mut cohort_of = vec![u32::MAX; deals.len()];
    let mut earlier = 0.0;
    for (row, deal) in rows.deal.iter().enumerate() {
        match shown.binary_search(&keys[row]) {
            Ok(at) => cohort_of[*deal as usize] = at as u32,
            Err(_) => earlier += rows.weights[row],
        }
    }
    let outcomes_known = rows.causes.iter().any(|cause| *cause == WON || *cause == super::cycle::LOST);
    let states = rows.by_group(shown.len(), &|deal| Some(cohort_of[deal] as usize))?;
    // What could be watched at most, whether the deal is open or not.
    let mut follow_up = vec![(f64::INFINITY, 0.0f64); shown.len()];
    for deal in &rows.deal {
        let deal = *deal as usize;
        if let Some((least, most)) = follow_up.get_mut(cohort_of[deal] as usize) {
            let watched = crm.time.elapsed_ms(deals.created[deal], crm.as_of) / crm.time.day_ms();
            (*least, *most) = (least.min(watched), most.max(watched));
        }
    }
    let cohort = |at: usize| {
        let survival = states[at].finish(settings.confidence);
        let (least, most) = follow_up[at];
        let mut won = won_within(&survival, &[30.0, 60.0, 90.0], outcomes_known);
        for within in &mut won {
            within.probability = within.probability.filter(|_| within.days <= most);
        }
        Cohort {
            start_day: f64::from(rule.start(period, shown[at])),
            end_day: f64::from(rule.start(period, shown[at].saturating_add(1))),
            deals: survival.n,
            won: survival.incidence(WON as usize).events,
            open: survival.censored,
            won_within_days: won,
            complete_days: if least.is_finite() { least.max(0.0) } else { 0.0 },
        }
    };
    Ok(Some(Cohorts { period, calendar: rule.calendar, cohorts: (0..shown.len()).map(cohort).collect(), earlier }))
}
