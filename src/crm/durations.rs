//! How long deals and their stays took, in order of length: what every question about durations starts from.

use super::{Crm, Deals, Exit, Outcome, Passages};
use crate::stats::survival::Sorted;
use crate::time::LocalTime;
use std::sync::{Arc, OnceLock};

/// Cause of an end: won.
pub const WON: u32 = 1;
/// Lost.
pub const LOST: u32 = 2;
/// Ended in a way that the data do not tell.
pub const CLOSED: u32 = 3;
/// Put on hold.
pub const HOLD: u32 = 4;
/// Moved to the first stage.
pub const STAGE: u32 = 5;

/// Durations of one kind, sorted; vectors have one entry per place.
#[derive(Debug, Clone, Default)]
pub struct Durations {
    /// In days of `LocalTime::day_ms`.
    pub sorted: Sorted,
    /// Deal of each.
    pub deal: Vec<u32>,
    /// Cause of the end of each: 0 while it goes on; of the cycle [`WON`], [`LOST`] or [`CLOSED`]; of a stay [`WON`], [`LOST`], [`HOLD`], [`CLOSED`] or
    /// [`STAGE`] + the place of the next stage.
    pub cause: Vec<u32>,
    /// Row of the passages of each; of the cycle, the deal once more.
    pub row: Vec<u32>,
    /// Whether each is a stay of a deal that came back; empty where none is.
    pub is_reentry: Vec<bool>,
    /// Which ones could not be used, with the reason; by `row`.
    pub odd: Vec<(u32, &'static str)>,
}

/// Durations of the whole cycle of all deals, and of the stays in each stage.
#[derive(Debug, Default)]
pub struct AllDurations {
    cycles: Unsorted,
    cycle: OnceLock<Durations>,
    /// Stays, by stage in funnel order.
    pub stages: Vec<Durations>,
}

impl AllDurations {
    /// From creation to close, or to `as_of`: sorted when they are asked for first.
    pub fn cycle(&self) -> &Durations {
        self.cycle.get_or_init(|| self.cycles.sorted())
    }

    /// Deals that have a cycle, ascending.
    pub fn deals_with_cycle(&self) -> &[u32] {
        &self.cycles.row
    }

    /// Deals whose cycle cannot be used, with the reason.
    pub fn odd_cycles(&self) -> &[(u32, &'static str)] {
        &self.cycles.odd
    }
}

/// What durations were computed from, beside the deals and passages themselves.
#[derive(Debug, Clone, PartialEq)]
struct Basis {
    as_of: u64,
    time: LocalTime,
    deals: usize,
    passages: usize,
}

/// Keeps durations once they were asked for.
#[derive(Debug, Default)]
pub struct KeptDurations(OnceLock<(Basis, Arc<AllDurations>)>);

/// A copy keeps nothing: it may be changed.
impl Clone for KeptDurations {
    fn clone(&self) -> Self {
        KeptDurations::default()
    }
}

impl Crm {
    /// The durations at `as_of`, computed once for the deals and passages as they are then; those of `deals` alone where there are no passages.
    pub fn durations(&self, deals: &Deals) -> Arc<AllDurations> {
        let passages = self.passages.as_ref();
        let basis = Basis {
            as_of: self.as_of.to_bits(),
            time: self.time.clone(),
            deals: deals.len(),
            passages: passages.map_or(0, Passages::len),
        };
        if let Some((kept_for, kept)) = self.kept.0.get()
            && *kept_for == basis
        {
            return kept.clone();
        }
        let stages = match passages {
            None => Vec::new(),
            Some(passages) => stays(passages, &self.time),
        };
        let all = Arc::new(AllDurations { cycles: cycles(deals, self), cycle: OnceLock::new(), stages });
        // Where others are kept already, for another clock, these are for this call alone.
        let _ = self.kept.0.set((basis, all.clone()));
        all
    }
}

/// Rows of one kind before they are sorted.
#[derive(Debug, Default)]
struct Unsorted {
    durations: Vec<f64>,
    /// Empty where all are 0.
    entries: Vec<f64>,
    /// Empty where it is `row`.
    deal: Vec<u32>,
    cause: Vec<u32>,
    row: Vec<u32>,
    is_reentry: Vec<bool>,
    odd: Vec<(u32, &'static str)>,
}

impl Unsorted {
    fn with_capacity(rows: usize) -> Self {
        Unsorted {
            durations: Vec::with_capacity(rows),
            deal: Vec::with_capacity(rows),
            cause: Vec::with_capacity(rows),
            row: Vec::with_capacity(rows),
            ..Unsorted::default()
        }
    }

    fn sorted(&self) -> Durations {
        // All were judged before: they are finite and not negative.
        let (sorted, rows) = Sorted::of(&self.durations, &self.entries);
        let at = |values: &[u32]| rows.iter().map(|row| values[*row as usize]).collect();
        let is_reentry = rows.iter().filter_map(|row| self.is_reentry.get(*row as usize).copied()).collect();
        Durations {
            sorted,
            deal: at(if self.deal.is_empty() { &self.row } else { &self.deal }),
            cause: at(&self.cause),
            row: at(&self.row),
            is_reentry,
            odd: self.odd.clone(),
        }
    }
}

fn cycles(deals: &Deals, crm: &Crm) -> Unsorted {
    let mut rows = Unsorted::default();
    rows.durations.reserve(deals.len());
    rows.cause.reserve(deals.len());
    rows.row.reserve(deals.len());
    let day_ms = crm.time.day_ms();
    for deal in 0..deals.len() {
        let (end, too_early) = match deals.outcome[deal] {
            Outcome::Open | Outcome::Hold => (crm.as_of, "created_after_as_of"),
            Outcome::Won | Outcome::Lost | Outcome::Closed => (deals.closed[deal], "closed_before_created"),
        };
        let duration = crm.time.elapsed_ms(deals.created[deal], end) / day_ms;
        let row = deal as u32;
        if deals.created[deal].is_nan() {
            rows.odd.push((row, "no_created_date"));
        } else if !duration.is_finite() {
            rows.odd.push((row, "no_close_date"));
        } else if duration < 0.0 {
            rows.odd.push((row, too_early));
        } else {
            rows.durations.push(duration);
            rows.cause.push(match deals.outcome[deal] {
                Outcome::Open | Outcome::Hold => 0,
                Outcome::Won => WON,
                Outcome::Lost => LOST,
                Outcome::Closed => CLOSED,
            });
            rows.row.push(row);
        }
    }
    rows
}

fn stays(passages: &Passages, time: &LocalTime) -> Vec<Durations> {
    let mut counts = vec![0; passages.stages.len()];
    for stage in &passages.stage {
        if let Some(count) = counts.get_mut(*stage as usize) {
            *count += 1;
        }
    }
    let mut stages: Vec<Unsorted> = counts.into_iter().map(Unsorted::with_capacity).collect();
    let any_late = passages.delayed_entry.iter().any(|age| *age != 0.0);
    let any_reentry = passages.ordinal.iter().any(|ordinal| *ordinal > 0);
    let day_ms = time.day_ms();
    for row in 0..passages.len() {
        let Some(rows) = stages.get_mut(passages.stage[row] as usize) else { continue };
        let entered = passages.entered[row];
        let duration = time.elapsed_ms(entered, passages.exited[row]) / day_ms;
        let entry = match if any_late { passages.delayed_entry[row] } else { 0.0 } {
            0.0 => 0.0,
            age => time.elapsed_ms(entered, entered + age) / day_ms,
        };
        if !(duration >= 0.0 && duration.is_finite() && entry >= 0.0 && entry.is_finite()) {
            rows.odd.push((row as u32, "exited_before_entered"));
        } else if entry > 0.0 && entry >= duration {
            rows.odd.push((row as u32, "exited_before_observed"));
        } else {
            rows.durations.push(duration);
            rows.deal.push(passages.deal[row]);
            rows.cause.push(cause_of(passages, row));
            rows.row.push(row as u32);
            if any_late {
                rows.entries.push(entry);
            }
            if any_reentry {
                rows.is_reentry.push(passages.ordinal[row] > 0);
            }
        }
    }
    // Each gives its memory back before the next is sorted.
    stages.into_iter().map(|rows| rows.sorted()).collect()
}

fn cause_of(passages: &Passages, row: usize) -> u32 {
    let next = passages.next_stage[row] as usize;
    match passages.exit[row] {
        Exit::Censored => 0,
        Exit::Won => WON,
        Exit::Lost => LOST,
        Exit::Hold => HOLD,
        Exit::Moved if next < passages.stages.len() => STAGE + next as u32,
        Exit::Moved | Exit::Closed => CLOSED,
    }
}
