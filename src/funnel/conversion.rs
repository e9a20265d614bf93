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
    let eventual =
        if stages <= MOST_EVENTUAL { eventual(deals, passages, time, as_of, used, settings)? } else { Vec::new() };
    let all = (0..stages).map(|at| {
        let reached = conversion(at, &reached, settings);
        let none =
            Conversion { of_first: None, of_previous: None, value_of_first: None, value_of_previous: None, ..reached };
        let eventual = eventual.get(at).map(|(first, previous)| Conversion {
            of_first: first.0,
            of_previous: previous.0,
            value_of_first: first.1,
            value_of_previous: previous.1,
            ..none
        });
        StageConversion { visited: conversion(at, &visited, settings), reached, eventual }
    });
    Ok(all.collect())
}

/// Shares by count and by value.
type Shares = (Option<Estimate>, Option<Estimate>);

/// Pairs of stages whose journeys are held in memory at a time.
const AT_ONCE: usize = 4;

/// For each stage the probabilities of ever getting there or further, from the time of getting to the first stage and to the one before, or further.
fn eventual(
    deals: &Deals,
    passages: &Passages,
    time: &LocalTime,
    as_of: f64,
    used: &Used,
    settings: &Settings,
) -> Result<Vec<(Shares, Shares)>> {
    let stages = passages.stages.len();
    let of_previous = (1..stages).map(|to| (to - 1, to));
    let pairs: Vec<(usize, usize)> = of_previous.chain((2..stages).map(|to| (0, to))).collect();
    let is_late = passages.delayed_entry.iter().any(|age| *age != 0.0);
    let mut result = vec![(Shares::default(), Shares::default()); stages];
    for pairs in pairs.chunks(AT_ONCE) {
        let mut journeys: Vec<Journeys> = pairs.iter().map(|_| Journeys::default()).collect();
        let mut first = vec![0.0; stages];
        for (deal, rows) in by_deal(passages).filter(|(deal, _)| used.is_selected(*deal)) {
            let outcome = deals.outcome[deal];
            first_instants(
                &mut first,
                passages,
                rows.clone(),
                if outcome == Outcome::Won { deals.closed[deal] } else { f64::INFINITY },
            );
            for (journeys, (from, to)) in journeys.iter_mut().zip(pairs) {
                let (start, end) = (first[*from], first[*to]);
                if start == f64::INFINITY {
                    continue;
                }
                let (end, cause) = match outcome {
                    _ if end < f64::INFINITY => (end, 1),
                    Outcome::Lost | Outcome::Closed => (deals.closed[deal], 2),
                    Outcome::Open | Outcome::Hold | Outcome::Won => (as_of, 0),
                };
                let days = |to: f64| time.elapsed_ms(start, to) / time.day_ms();
                let watched = match passages.delayed_entry[rows.start] {
                    0.0 => 0.0,
                    age => days(passages.entered[rows.start] + age).max(0.0),
                };
                let duration = days(end);
                if duration >= 0.0 && duration.is_finite() && watched.is_finite() {
                    journeys.durations.push(duration);
                    journeys.causes.push(cause);
                    journeys.deal.push(deal as u32);
                    if is_late {
                        journeys.entries.push(watched);
                    }
                }
            }
        }
        for (journeys, (from, to)) in journeys.into_iter().zip(pairs) {
            let shares = journeys.shares(deals, settings)?;
            if from + 1 == *to {
                result[*to].1 = shares;
            }
            if *from == 0 {
                result[*to].0 = shares;
            }
        }
    }
    Ok(result)
}

/// Fills `first` with the instants at which a deal got to each stage or further; infinite where it did not. `won` is when it was won.
fn first_instants(first: &mut [f64], passages: &Passages, rows: Range<usize>, won: f64) {
    first.fill(f64::INFINITY);
    // f64::min is a call in WebAssembly. NaN is never the smaller one.
    let note = |first: Option<&mut f64>, at: f64| match first {
        Some(first) if at < *first => *first = at,
        _ => {}
    };
    for row in rows {
        note(first.get_mut(passages.stage[row] as usize), passages.entered[row]);
        note(first.get_mut(passages.next_stage[row] as usize), passages.exited[row]);
    }
    let mut later = won;
    for first in first.iter_mut().rev() {
        later = if later < *first { later } else { *first };
        *first = later;
    }
}

/// Journeys from one stage to another.
#[derive(Default)]
struct Journeys {
    durations: Vec<f64>,
    /// Empty where all are watched from their start.
    entries: Vec<f64>,
    causes: Vec<u8>,
    deal: Vec<u32>,
}

impl Journeys {
    fn shares(self, deals: &Deals, settings: &Settings) -> Result<Shares> {
        let (sorted, rows) = Sorted::new(&self.durations, &self.entries)?;
        let share = |weight_of: Option<&dyn Fn(usize) -> f64>| -> Option<Estimate> {
            sorted.outcome(1, 2, settings.confidence, |place| {
                let row = rows[place] as usize;
                let weight = weight_of.map_or(1.0, |weight_of| weight_of(self.deal[row] as usize));
                Some(Part { group: 0, cause: self.causes[row].into(), weight })
            })
        };
        let mut sums = Sums::default();
        self.deal.iter().for_each(|deal| sums.add(deals.weight[*deal as usize], amount_of(deals, *deal as usize)));
        let scale = if sums.squares > 0.0 { sums.value / sums.squares } else { 0.0 };
        let by_value = if scale > 0.0 && scale.is_finite() {
            share(Some(&|deal| amount_of(deals, deal) * (deals.weight[deal] * scale)))
        } else {
            None
        };
        let all_once = self.deal.iter().all(|deal| deals.weight[*deal as usize] == 1.0);
        let weight_of = |deal: usize| deals.weight[deal];
        Ok((share(if all_once { None } else { Some(&weight_of) }), by_value))
    }
}

/// The amount of `deal`; 0 where it is not known or negative.
fn amount_of(deals: &Deals, deal: usize) -> f64 {
    Some(deals.amount[deal]).filter(|amount| *amount >= 0.0 && amount.is_finite()).unwrap_or(0.0)
}
