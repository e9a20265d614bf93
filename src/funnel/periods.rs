//! Deals by the period in which they were created, won and lost.

use super::Used;
use crate::bulk::Floats;
use crate::crm::{Crm, Deals, Outcome};
use crate::time::{Calendar, Period, Periods};
use serde::Serialize;

/// The most periods shown; more have no room on a screen.
const MOST: i32 = 600;

/// Counts (weighted) per period, from the first with a deal to the one of `as_of`, empty ones included; the newest 600 where there are more.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeriodCounts {
    /// What the periods are.
    pub period: Period,
    /// The calendar that they are of.
    pub calendar: Calendar,
    /// First local day of each, counted from 1970-01-01, and at the end the day after the last one.
    pub start_day: Floats,
    /// Deals created.
    pub created: Floats,
    /// Deals won.
    pub won: Floats,
    /// Deals lost.
    pub lost: Floats,
    /// Sum of the known amounts of the deals won.
    pub won_amount: Floats,
    /// Deals won whose amount is not known.
    pub won_without_amount: Floats,
    /// Whether the last period goes on after the day of `as_of`.
    pub last_is_partial: bool,
    /// Creations, wins and losses before the first period shown.
    pub earlier: f64,
}

/// How the user counts periods, in `calendar` where one is asked for.
pub(super) fn rule(crm: &Crm, calendar: Option<Calendar>) -> Periods {
    let mut rule = crm.time.periods;
    if let Some(calendar) = calendar.filter(|calendar| *calendar != rule.calendar) {
        (rule.calendar, rule.week_start) = (calendar, calendar.first_weekday());
    }
    rule
}

/// The periods that `instants` lie in, ascending, and for each instant the place of its own; [`u32::MAX`] where it is none.
pub(super) fn ranks(crm: &Crm, rule: &Periods, period: Period, instants: &[f64]) -> (Vec<i32>, Vec<u32>) {
    let mut cursor = crm.time.zone.cursor();
    let days: Vec<i32> =
        instants.iter().map(|instant| if instant.is_nan() { i32::MIN } else { cursor.day(*instant) }).collect();
    let known = || days.iter().copied().filter(|day| *day != i32::MIN);
    let (Some(first), Some(last)) = (known().min(), known().max()) else {
        return (Vec::new(), vec![u32::MAX; instants.len()]);
    };
    // Periods of the calendar are far slower to find than a day is to look up.
    let (first_key, last_key) = (rule.key(period, first), rule.key(period, last));
    let starts: Vec<i32> = (first_key..=last_key).map(|key| rule.start(period, key)).collect();
    let place = |day: i32| starts.partition_point(|start| *start <= day).saturating_sub(1);
    let mut occurs = vec![false; starts.len()];
    known().for_each(|day| occurs[place(day)] = true);
    let mut rank = vec![u32::MAX; starts.len()];
    let mut keys = Vec::new();
    for at in (0..starts.len()).filter(|at| occurs[*at]) {
        rank[at] = keys.len() as u32;
        keys.push(first_key + at as i32);
    }
    let of_day = |day: &i32| if *day == i32::MIN { u32::MAX } else { rank[place(*day)] };
    let of_rows = days.iter().map(of_day).collect();
    (keys, of_rows)
}

/// The periods of the selected deals; `None` where none has a date up to `as_of`.
pub(super) fn periods(
    crm: &Crm,
    deals: &Deals,
    used: &Used,
    period: Period,
    calendar: Option<Calendar>,
) -> Option<PeriodCounts> {
    let rule = rule(crm, calendar);
    let selected = || (0..deals.len()).filter(|row| used.selected[*row]);
    let closed = |row: usize| match deals.outcome[row] {
        Outcome::Won | Outcome::Lost => deals.closed[row],
        Outcome::Open | Outcome::Hold | Outcome::Closed => f64::NAN,
    };
    // NaN is never the smaller one.
    let smaller = |a: f64, b: f64| if b < a { b } else { a };
    let first = selected().fold(f64::INFINITY, |first, row| smaller(smaller(first, deals.created[row]), closed(row)));
    let exists = |instant: &f64| *instant <= crm.as_of;
    Some(first).filter(exists)?;
    let mut days = crm.time.zone.cursor();
    let today = days.day(crm.as_of);
    let last = rule.key(period, today);
    let oldest = rule.key(period, days.day(first)).clamp(last - MOST + 1, last);
    let starts: Vec<i32> = (oldest..=last + 1).map(|key| rule.start(period, key)).collect();
    let n = starts.len() - 1;
    let mut counts = PeriodCounts {
        period,
        calendar: rule.calendar,
        start_day: Floats(starts.iter().map(|day| f64::from(*day)).collect()),
        created: Floats(vec![0.0; n]),
        won: Floats(vec![0.0; n]),
        lost: Floats(vec![0.0; n]),
        won_amount: Floats(vec![0.0; n]),
        won_without_amount: Floats(vec![0.0; n]),
        last_is_partial: starts[n] > today.saturating_add(1),
        earlier: 0.0,
    };
    let mut place = |instant: f64| {
        // Later than as_of, or no instant: it does not exist.
        let day = days.day(Some(instant).filter(exists)?);
        Some(starts.partition_point(|start| *start <= day))
    };
    for row in selected() {
        let weight = deals.weight[row];
        let of_outcome = if deals.outcome[row] == Outcome::Won { &mut counts.won } else { &mut counts.lost };
        for (into, instant) in [(&mut counts.created, deals.created[row]), (of_outcome, closed(row))] {
            match place(instant) {
                None => {}
                Some(0) => counts.earlier += weight,
                // Beyond the end of all dates there is no period.
                Some(at) => {
                    if let Some(count) = into.0.get_mut(at - 1) {
                        *count += weight;
                    }
                }
            }
        }
        if deals.outcome[row] == Outcome::Won
            && let Some(at) = place(closed(row)).and_then(|at| at.checked_sub(1))
        {
            let (into, value) = match deals.amount[row] {
                amount if amount.is_nan() => (&mut counts.won_without_amount, weight),
                amount => (&mut counts.won_amount, weight * amount),
            };
            if let Some(sum) = into.0.get_mut(at) {
                *sum += value;
            }
        }
    }
    Some(counts)
}
