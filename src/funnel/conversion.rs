//! How many deals get to each stage, in three definitions, by count and by value.

use super::{Settings, Used};
use crate::crm::{Deals, Outcome, Passages};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::intervals::wilson;
use crate::stats::survival::{Part, Sorted};
use crate::time::LocalTime;
use serde::Serialize;
use std::ops::Range;

/// Conversion to one stage.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct StageConversion {
    /// Strict: the deal was in this stage itself. Shares are of deals that were in the other stage too. Wilson intervals.
    pub visited: Conversion,
    /// The deal was here, in any later stage, or won. Wilson intervals.
    pub reached: Conversion,
    /// Probability of ever getting here or further, from the time the deal got to the other stage or further: Aalen–Johansen with lost deals competing
    /// and open ones censored, not counted as drop-outs. `None` in funnels of more than 50 stages. Counts are those of `reached`.
    pub eventual: Option<Conversion>,
}

/// Conversion to one stage in one definition.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversion {
    /// Deals (weighted) that got here.
    pub deals: f64,
    /// Sum of their known amounts.
    pub value: f64,
    /// Those whose amount is not known.
    pub without_value: f64,
    /// Share of the deals that got to the first stage; `None` for the first and where there are none.
    pub of_first: Option<Estimate>,
    /// Share of the deals that got to the stage before.
    pub of_previous: Option<Estimate>,
    /// Share of the value of the deals that got to the first stage, over those with a known amount; n is Kish's effective number.
    pub value_of_first: Option<Estimate>,
    /// Share of the value of those that got to the stage before.
    pub value_of_previous: Option<Estimate>,
}

/// The rows of each deal. A deal's passages stand together.
pub(super) fn by_deal(passages: &Passages) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
    let mut next = 0;
    std::iter::from_fn(move || {
        let deal = *passages.deal.get(next)?;
        let length = passages.deal[next..].iter().take_while(|other| **other == deal).count();
        let rows = next..next + length;
        next = rows.end;
        Some((deal as usize, rows))
    })
}

/// Counts and sums of deals.
#[derive(Clone, Copy, Default)]
struct Sums {
    deals: f64,
    valued: f64,
    value: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, weight: f64, amount: f64) {
        self.deals += weight;
        // Negative amounts are corrections, no share of a whole.
        if amount >= 0.0 && amount.is_finite() {
            self.valued += weight;
            self.value += weight * amount;
            self.squares += weight * amount * amount;
        }
    }

    /// Kish's effective number of deals behind the value.
    fn effective(&self) -> f64 {
        if self.squares > 0.0 { self.value * self.value / self.squares } else { 0.0 }
    }

    fn share_of(&self, whole: &Sums, settings: &Settings) -> Option<Estimate> {
        wilson(self.deals, whole.deals, settings.confidence)
    }

    fn value_share_of(&self, whole: &Sums, settings: &Settings) -> Option<Estimate> {
        let n = whole.effective();
        wilson((self.value / whole.value).min(1.0) * n, n, settings.confidence).filter(|share| share.value.is_finite())
    }
}

/// Deals that got to a stage, and those of them that got to the first one and to the one before.
#[derive(Clone, Copy, Default)]
struct StageSums {
    all: Sums,
    of_first: Sums,
    of_previous: Sums,
}

fn conversion(at: usize, sums: &[StageSums], settings: &Settings) -> Conversion {
    let here = &sums[at];
    let base = Conversion {
        deals: here.all.deals,
        value: here.all.value,
        without_value: here.all.deals - here.all.valued,
        ..Conversion::default()
    };
    match at.checked_sub(1) {
        None => base,
        Some(before) => Conversion {
            of_first: here.of_first.share_of(&sums[0].all, settings),
            of_previous: here.of_previous.share_of(&sums[before].all, settings),
            value_of_first: here.of_first.value_share_of(&sums[0].all, settings),
            value_of_previous: here.of_previous.value_share_of(&sums[before].all, settings),
            ..base
        },
    }
}

/// Funnels of more stages have no `eventual`.
const MOST_EVENTUAL: usize = 50;

/// Conversion to each stage, of the selected deals with a history.
pub(super) fn conversions(
    deals: &Deals,
    passages: &Passages,
    time: &LocalTime,
    as_of: f64,
    used: &Used,
    settings: &Settings,
) -> Result<Vec<StageConversion>> {
    let stages = passages.stages.len();
    let mut visited = vec![StageSums::default(); stages];
    let mut reached = vec![StageSums::default(); stages];
    let mut visited_by = vec![usize::MAX; stages];
    for (deal, rows) in by_deal(passages).filter(|(deal, _)| used.is_selected(*deal)) {
        let weight = deals.weight[deal];
        let amount = deals.amount[deal];
        let mut furthest = 0;
        let seen = rows.start;
        for row in rows.clone() {
            for stage in [passages.stage[row], passages.next_stage[row]] {
                if let Some(by) = visited_by.get_mut(stage as usize) {
                    furthest = furthest.max(stage as usize + 1);
                    *by = seen;
                }
            }
        }
        for at in 0..furthest {
            if visited_by[at] == seen {
                let sums = &mut visited[at];
                sums.all.add(weight, amount);
                if visited_by[0] == seen {
                    sums.of_first.add(weight, amount);
                }
                if at > 0 && visited_by[at - 1] == seen {
                    sums.of_previous.add(weight, amount);
                }
            }
        }
        if deals.outcome[deal] == Outcome::Won {
            furthest = stages;
        }
        for sums in &mut reached[..furthest] {
            sums.all.add(weight, amount);
        }
    }
    for sums in &mut reached {
        (sums.of_first, sums.of_previous) = (sums.all, sums.all);
    }
    let journeys = Journeys { deals, passages, time, as_of, used };
    (0..stages)
        .map(|at| {
            let reached = conversion(at, &reached, settings);
            let eventual = (stages <= MOST_EVENTUAL).then(|| journeys.eventual(at, reached, settings)).transpose()?;
            Ok(StageConversion { visited: conversion(at, &visited, settings), reached, eventual })
        })
        .collect()
}

struct Journeys<'a> {
    deals: &'a Deals,
    passages: &'a Passages,
    time: &'a LocalTime,
    as_of: f64,
    used: &'a Used,
}

impl Journeys<'_> {
    fn eventual(&self, at: usize, reached: Conversion, settings: &Settings) -> Result<Conversion> {
        let none =
            Conversion { of_first: None, of_previous: None, value_of_first: None, value_of_previous: None, ..reached };
        let Some(before) = at.checked_sub(1) else { return Ok(none) };
        let (of_previous, value_of_previous) = self.shares(before, at, settings)?;
        let (of_first, value_of_first) =
            if before == 0 { (of_previous, value_of_previous) } else { self.shares(0, at, settings)? };
        Ok(Conversion { of_first, of_previous, value_of_first, value_of_previous, ..none })
    }

    /// Probability of ever getting to stage `to` or further, from the time of getting to `from` or further: by count and by value.
    fn shares(&self, from: usize, to: usize, settings: &Settings) -> Result<(Option<Estimate>, Option<Estimate>)> {
        let (mut durations, mut entries, mut causes, mut weights, mut amounts) =
            (vec![], vec![], vec![], vec![], vec![]);
        let mut any_late = false;
        for (deal, rows) in by_deal(self.passages).filter(|(deal, _)| self.used.is_selected(*deal)) {
            let (deals, passages) = (self.deals, self.passages);
            let outcome = deals.outcome[deal];
            let won = if outcome == Outcome::Won { deals.closed[deal] } else { f64::INFINITY };
            let (mut start, mut end) = (won, won);
            for row in rows.clone() {
                let steps =
                    [(passages.stage[row], passages.entered[row]), (passages.next_stage[row], passages.exited[row])];
                for (stage, at) in steps.into_iter().filter(|(stage, _)| (*stage as usize) < passages.stages.len()) {
                    if stage as usize >= from {
                        start = start.min(at);
                    }
                    if stage as usize >= to {
                        end = end.min(at);
                    }
                }
            }
            if start == f64::INFINITY {
                continue;
            }
            let (end, cause) = match outcome {
                _ if end < f64::INFINITY => (end, 1),
                Outcome::Lost | Outcome::Closed => (deals.closed[deal], 2),
                Outcome::Open | Outcome::Hold | Outcome::Won => (self.as_of, 0),
            };
            let days = |to: f64| self.time.elapsed_ms(start, to) / self.time.day_ms();
            let watched = match passages.delayed_entry[rows.start] {
                0.0 => 0.0,
                age => days(passages.entered[rows.start] + age).max(0.0),
            };
            let duration = days(end);
            any_late |= watched > 0.0;
            if duration >= 0.0 && duration.is_finite() && watched.is_finite() {
                durations.push(duration);
                entries.push(watched);
                causes.push(cause);
                weights.push(deals.weight[deal]);
                amounts.push(Some(deals.amount[deal]).filter(|a| *a >= 0.0 && a.is_finite()).unwrap_or(0.0));
            }
        }
        let (sorted, rows) = Sorted::new(&durations, if any_late { &entries } else { &[] })?;
        let share = |weights: &[f64]| -> Option<Estimate> {
            let survival = sorted.estimate(2, settings.confidence, &|place| {
                let row = rows[place] as usize;
                Some(Part { group: 0, cause: causes[row], weight: weights[row] })
            });
            let curve = survival.incidence(1);
            (survival.n > 0.0).then_some(Estimate {
                value: curve.last,
                low: curve.last_low,
                high: curve.last_high,
                n: survival.n,
            })
        };
        let mut sums = Sums::default();
        weights.iter().zip(&amounts).for_each(|(weight, amount)| sums.add(*weight, *amount));
        let scale = if sums.squares > 0.0 { sums.value / sums.squares } else { 0.0 };
        let by_value = if scale > 0.0 && scale.is_finite() {
            amounts.iter_mut().zip(&weights).for_each(|(amount, weight)| *amount *= weight * scale);
            share(&amounts)
        } else {
            None
        };
        Ok((share(&weights), by_value))
    }
}
