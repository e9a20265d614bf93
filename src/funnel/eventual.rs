//! Whether deals ever get to a stage: incidences of journeys from stage to stage, open deals censored.

mod many_stages;

use super::conversion::{Sums, by_deal};
use super::{Settings, Used};
use crate::crm::{Deals, Outcome, Passages};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::survival::{Part, Sorted};
use crate::time::LocalTime;
use std::ops::Range;

/// Deals with a history, of which some are selected.
pub(super) struct Journeyed<'a> {
    pub deals: &'a Deals,
    pub passages: &'a Passages,
    pub time: &'a LocalTime,
    pub as_of: f64,
    pub used: &'a Used,
    pub settings: &'a Settings,
}

/// Shares by count and by value.
pub(super) type Shares = (Option<Estimate>, Option<Estimate>);

/// Pairs of stages whose journeys are held in memory at a time.
const AT_ONCE: usize = 4;

impl Journeyed<'_> {
    /// For each stage the probabilities of ever getting there or further, from the time of getting to the first stage and to the one before, or further.
    ///
    /// # Errors
    /// None that finite durations can cause.
    pub fn few_stages(&self) -> Result<Vec<(Shares, Shares)>> {
        let stages = self.passages.stages.len();
        let of_previous = (1..stages).map(|to| (to - 1, to));
        let pairs: Vec<(usize, usize)> = of_previous.chain((2..stages).map(|to| (0, to))).collect();
        let is_late = self.is_late();
        let mut result = vec![(Shares::default(), Shares::default()); stages];
        for pairs in pairs.chunks(AT_ONCE) {
            let mut journeys: Vec<Journeys> = pairs.iter().map(|_| Journeys::default()).collect();
            let mut first = vec![0.0; stages];
            for (deal, rows) in self.selected() {
                first_instants(&mut first, self.passages, rows.clone(), self.won_at(deal));
                for (journeys, (from, to)) in journeys.iter_mut().zip(pairs) {
                    let (start, end) = (first[*from], first[*to]);
                    if let Some(journey) = self.journey(deal, rows.start, start, end) {
                        journeys.push(journey, deal, is_late);
                    }
                }
            }
            for (journeys, (from, to)) in journeys.into_iter().zip(pairs) {
                let shares = journeys.shares(self)?;
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

    fn selected(&self) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        by_deal(self.passages).filter(|(deal, _)| self.used.is_selected(*deal))
    }

    fn is_late(&self) -> bool {
        self.passages.delayed_entry.iter().any(|age| *age != 0.0)
    }

    /// When `deal` was won; infinite where it was not.
    fn won_at(&self, deal: usize) -> f64 {
        if self.deals.outcome[deal] == Outcome::Won { self.deals.closed[deal] } else { f64::INFINITY }
    }

    /// The journey of `deal` that starts at `start` and gets to its end at `end`, infinite where it does not; `row` is its first passage. `None` where it never
    /// starts or has no length.
    fn journey(&self, deal: usize, row: usize, start: f64, end: f64) -> Option<Journey> {
        if start == f64::INFINITY {
            return None;
        }
        let (end, cause) = match self.deals.outcome[deal] {
            _ if end < f64::INFINITY => (end, 1),
            Outcome::Lost | Outcome::Closed => (self.deals.closed[deal], 2),
            Outcome::Open | Outcome::Hold | Outcome::Won => (self.as_of, 0),
        };
        let days = |to: f64| self.time.elapsed_ms(start, to) / self.time.day_ms();
        let watched = match self.passages.delayed_entry_of(row) {
            0.0 => 0.0,
            age => days(self.passages.entered[row] + age).max(0.0),
        };
        let duration = days(end);
        (duration >= 0.0 && duration.is_finite() && watched.is_finite()).then_some(Journey { duration, watched, cause })
    }

    /// The amount of `deal`; 0 where it is not known or negative.
    fn amount_of(&self, deal: usize) -> f64 {
        Some(self.deals.amount[deal]).filter(|amount| *amount >= 0.0 && amount.is_finite()).unwrap_or(0.0)
    }
}

/// From one stage to another, in days.
#[derive(Clone, Copy)]
struct Journey {
    duration: f64,
    /// Age from which it was watched.
    watched: f64,
    /// 1 where it got there, 2 where the deal was lost before, 0 where it is cut off.
    cause: u8,
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
    fn push(&mut self, journey: Journey, deal: usize, is_late: bool) {
        self.durations.push(journey.duration);
        self.causes.push(journey.cause);
        self.deal.push(deal as u32);
        if is_late {
            self.entries.push(journey.watched);
        }
    }

    fn shares(self, of: &Journeyed<'_>) -> Result<Shares> {
        let (sorted, rows) = Sorted::new(&self.durations, &self.entries)?;
        let share = |weight_of: Option<&dyn Fn(usize) -> f64>| -> Option<Estimate> {
            sorted.outcome(1, 2, of.settings.confidence, |place| {
                let row = rows[place] as usize;
                let weight = weight_of.map_or(1.0, |weight_of| weight_of(self.deal[row] as usize));
                Some(Part { group: 0, cause: self.causes[row].into(), weight })
            })
        };
        let weights = &of.deals.weight;
        let mut sums = Sums::default();
        self.deal.iter().for_each(|deal| sums.add(weights[*deal as usize], of.amount_of(*deal as usize)));
        let by_value = match sums.scale() {
            Some(scale) => share(Some(&|deal| of.amount_of(deal) * (weights[deal] * scale))),
            None => None,
        };
        let all_once = self.deal.iter().all(|deal| weights[*deal as usize] == 1.0);
        let weight_of = |deal: usize| weights[deal];
        Ok((share(if all_once { None } else { Some(&weight_of) }), by_value))
    }
}

#[cfg(test)]
mod tests;
