//! How many deals get to each stage, in three definitions, by count and by value.

use super::eventual::Journeyed;
use super::{Settings, Used};
use crate::crm::{Deals, Outcome, Passages};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::intervals::wilson;
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
    /// and open ones censored, not counted as drop-outs. Shares of the first stage are left out where stages × moves go beyond 100 million. Counts are those of
    /// `reached`.
    pub eventual: Conversion,
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
pub(super) struct Sums {
    deals: f64,
    valued: f64,
    pub value: f64,
    pub squares: f64,
}

impl Sums {
    pub fn add(&mut self, weight: f64, amount: f64) {
        self.deals += weight;
        // Negative amounts are corrections, no share of a whole.
        if amount >= 0.0 && amount.is_finite() {
            self.valued += weight;
            self.value += weight * amount;
            self.squares += weight * amount * amount;
        }
    }

    /// Adds what `other` has.
    pub fn add_all(&mut self, other: &Sums) {
        self.deals += other.deals;
        self.valued += other.valued;
        self.value += other.value;
        self.squares += other.squares;
    }

    /// Kish's effective number of deals behind the value.
    fn effective(&self) -> f64 {
        if self.squares > 0.0 { self.value * self.value / self.squares } else { 0.0 }
    }

    /// What makes weights of values that count as [`Sums::effective`] deals; `None` without value.
    pub fn scale(&self) -> Option<f64> {
        Some(self.value / self.squares).filter(|scale| self.squares > 0.0 && *scale > 0.0 && scale.is_finite())
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

/// Funnels of more stages are worked out deal by deal, not stage by stage.
const FEW_STAGES: usize = 50;

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
    // By the furthest stage of each deal.
    let mut furthest_sums = vec![Sums::default(); stages];
    let mut here: Vec<usize> = Vec::new();
    let mut visited_by = vec![usize::MAX; stages];
    for (deal, rows) in by_deal(passages).filter(|(deal, _)| used.is_selected(*deal)) {
        let weight = deals.weight[deal];
        let amount = deals.amount[deal];
        let mut furthest = 0;
        let seen = rows.start;
        for row in rows.clone() {
            for stage in [passages.stage[row], passages.next_stage[row]] {
                if let Some(by) = visited_by.get_mut(stage as usize).filter(|by| **by != seen) {
                    furthest = furthest.max(stage as usize + 1);
                    *by = seen;
                    here.push(stage as usize);
                }
            }
        }
        for at in here.drain(..) {
            let sums = &mut visited[at];
            sums.all.add(weight, amount);
            if visited_by[0] == seen {
                sums.of_first.add(weight, amount);
            }
            if at > 0 && visited_by[at - 1] == seen {
                sums.of_previous.add(weight, amount);
            }
        }
        if deals.outcome[deal] == Outcome::Won {
            furthest = stages;
        }
        if let Some(sums) = furthest.checked_sub(1).and_then(|last| furthest_sums.get_mut(last)) {
            sums.add(weight, amount);
        }
    }
    let mut reached = vec![StageSums::default(); stages];
    let mut all = Sums::default();
    for (sums, furthest) in reached.iter_mut().zip(&furthest_sums).rev() {
        all.add_all(furthest);
        *sums = StageSums { all, of_first: all, of_previous: all };
    }
    let journeys = Journeyed { deals, passages, time, as_of, used, settings };
    let eventual = if stages <= FEW_STAGES { journeys.few_stages()? } else { journeys.many_stages()? };
    let all = (0..stages).map(|at| {
        let reached = conversion(at, &reached, settings);
        let none =
            Conversion { of_first: None, of_previous: None, value_of_first: None, value_of_previous: None, ..reached };
        let (first, previous) = eventual.get(at).copied().unwrap_or_default();
        let eventual = Conversion {
            of_first: first.0,
            of_previous: previous.0,
            value_of_first: first.1,
            value_of_previous: previous.1,
            ..none
        };
        StageConversion { visited: conversion(at, &visited, settings), reached, eventual }
    });
    Ok(all.collect())
}
