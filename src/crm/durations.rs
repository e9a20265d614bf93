//! How long deals and their stays took, in order of length: what every question about durations starts from.

use super::{Crm, Deals, Exit, Outcome, Passages};
use crate::error::Result;
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
#[derive(Debug, Clone, Default)]
pub struct AllDurations {
    /// From creation to close, or to `as_of`.
    pub cycle: Durations,
    /// Stays, by stage in funnel order.
    pub stages: Vec<Durations>,
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
    ///
    /// # Errors
    /// None that deals and passages as loaded can cause.
    pub fn durations(&self, deals: &Deals) -> Result<Arc<AllDurations>> {
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
            return Ok(kept.clone());
        }
        let stages = match passages {
            None => Vec::new(),
            Some(passages) => stays(passages, &self.time)?,
        };
        let all = Arc::new(AllDurations { cycle: cycle(deals, self)?, stages });
        // Where others are kept already, for another clock, these are for this call alone.
        let _ = self.kept.0.set((basis, all.clone()));
        Ok(all)
    }
}

/// Rows of one kind before they are sorted.
#[derive(Default)]
struct Unsorted {
    durations: Vec<f64>,
    entries: Vec<f64>,
    deal: Vec<u32>,
    cause: Vec<u32>,
    row: Vec<u32>,
    is_reentry: Vec<bool>,
    odd: Vec<(u32, &'static str)>,
}

impl Unsorted {
    fn sorted(self) -> Result<Durations> {
        let (sorted, rows) = Sorted::new(&self.durations, &self.entries)?;
        let at = |values: &[u32]| rows.iter().map(|row| values[*row as usize]).collect();
        let is_reentry = rows.iter().filter_map(|row| self.is_reentry.get(*row as usize).copied()).collect();
        Ok(Durations {
            sorted,
            deal: at(&self.deal),
            cause: at(&self.cause),
            row: at(&self.row),
            is_reentry,
            odd: self.odd,
        })
    }
}

fn cycle(deals: &Deals, crm: &Crm) -> Result<Durations> {
    let mut rows = Unsorted::default();
    for deal in 0..deals.len() {
        let (end, too_early) = match deals.outcome[deal] {
            Outcome::Open | Outcome::Hold => (crm.as_of, "created_after_as_of"),
            Outcome::Won | Outcome::Lost | Outcome::Closed => (deals.closed[deal], "closed_before_created"),
        };
        let duration = crm.time.elapsed_ms(deals.created[deal], end) / crm.time.day_ms();
        let row = deal as u32;
        if deals.created[deal].is_nan() {
            rows.odd.push((row, "no_created_date"));
        } else if !duration.is_finite() {
            rows.odd.push((row, "no_close_date"));
        } else if duration < 0.0 {
            rows.odd.push((row, too_early));
        } else {
            rows.durations.push(duration);
            rows.deal.push(row);
            rows.cause.push(match deals.outcome[deal] {
                Outcome::Open | Outcome::Hold => 0,
                Outcome::Won => WON,
                Outcome::Lost => LOST,
                Outcome::Closed => CLOSED,
            });
            rows.row.push(row);
        }
    }
    rows.sorted()
}

fn stays(passages: &Passages, time: &LocalTime) -> Result<Vec<Durations>> {
    let mut stages: Vec<Unsorted> = passages.stages.iter().map(|_| Unsorted::default()).collect();
    let any_late = passages.delayed_entry.iter().any(|age| *age != 0.0);
    let any_reentry = passages.ordinal.iter().any(|ordinal| *ordinal > 0);
    for row in 0..passages.len() {
        let Some(rows) = stages.get_mut(passages.stage[row] as usize) else { continue };
        let entered = passages.entered[row];
        let duration = time.elapsed_ms(entered, passages.exited[row]) / time.day_ms();
        let entry = match passages.delayed_entry[row] {
            0.0 => 0.0,
            age => time.elapsed_ms(entered, entered + age) / time.day_ms(),
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
    stages.into_iter().map(Unsorted::sorted).collect()
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
