//! How long deals and their stays took, in order of length: what every question about durations starts from.

use super::{Crm, Deals, Exit, Outcome, Passages};
use crate::stats::order::at_places;
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
    /// [`STAGE`] + the place of the next stage, [`CLOSED`] where that is the 252nd or a later one.
    pub cause: Vec<u8>,
    /// Row of the passages of each; of the cycle, the deal once more.
    pub row: Vec<u32>,
    /// Whether each is a stay of a deal that came back; empty where none is.
    pub is_reentry: Vec<bool>,
    /// Which ones could not be used, with the reason; by `row`.
    pub odd: Vec<(u32, &'static str)>,
    of_won: OnceLock<Box<Durations>>,
    still_open: OnceLock<Vec<u32>>,
}

impl Durations {
    /// Those that ended, of the deals that were won in the end: each ends by cause 1. Found when they are asked for first.
    pub fn of_won(&self, deals: &Deals) -> &Durations {
        self.of_won.get_or_init(|| {
            let places = self.places(|cause, outcome| cause > 0 && outcome == Outcome::Won, deals);
            Box::new(Durations {
                sorted: self.sorted.at(&places),
                deal: at_places(&self.deal, &places),
                cause: vec![1; places.len()],
                row: at_places(&self.row, &places),
                ..Durations::default()
            })
        })
    }

    /// Places of those that go on, of the deals that are open. Found when they are asked for first.
    pub fn still_open(&self, deals: &Deals) -> &[u32] {
        let is_open = |outcome| matches!(outcome, Outcome::Open | Outcome::Hold);
        self.still_open.get_or_init(|| self.places(|cause, outcome| cause == 0 && is_open(outcome), deals))
    }

    fn places(&self, is_wanted: impl Fn(u8, Outcome) -> bool, deals: &Deals) -> Vec<u32> {
        let of_place = |(place, (cause, deal)): (u32, (&u8, &u32))| {
            is_wanted(*cause, *deals.outcome.get(*deal as usize)?).then_some(place)
        };
        (0..).zip(self.cause.iter().zip(&self.deal)).filter_map(of_place).collect()
    }
}

/// Durations of the whole cycle of all deals, and of the stays in each stage.
#[derive(Debug, Default)]
pub struct AllDurations {
    cycles: Unsorted,
    /// Cause of the end of each deal.
    causes: Vec<u8>,
    cycle: OnceLock<Durations>,
    /// Stays, by stage in funnel order.
    pub stages: Vec<Durations>,
}

impl AllDurations {
    /// From creation to close, or to `as_of`: sorted when they are asked for first.
    pub fn cycle(&self) -> &Durations {
        self.cycle.get_or_init(|| self.cycles.sorted(&self.causes, None))
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
        let (cycles, causes) = (cycles(deals, self), causes_of_cycles(deals));
        let all = Arc::new(AllDurations { cycles, causes, cycle: OnceLock::new(), stages });
        // Where others are kept already, for another clock, these are for this call alone.
        let _ = self.kept.0.set((basis, all.clone()));
        all
    }
}

/// Rows of one kind before they are sorted.
#[derive(Debug, Default)]
struct Unsorted {
    /// Bits of the durations.
    durations: Vec<u64>,
    /// Empty where all are 0.
    entries: Vec<f64>,
    /// Deals, or rows of the passages.
    row: Vec<u32>,
    odd: Vec<(u32, &'static str)>,
}

impl Unsorted {
    /// With room for so many rows, and as many `entries`.
    fn with_capacity(rows: usize, entries: usize) -> Self {
        Unsorted {
            durations: Vec::with_capacity(rows),
            entries: Vec::with_capacity(entries),
            row: Vec::with_capacity(rows),
            odd: Vec::new(),
        }
    }

    /// The durations in order, with the cause and the deal that each row has.
    fn sorted(&self, cause: &[u8], deal: Option<&[u32]>) -> Durations {
        // All were judged before: they are finite and not negative.
        let (sorted, order) = Sorted::of_bits(&self.durations, &self.entries);
        let row = at_places(&self.row, &order);
        Durations {
            sorted,
            deal: deal.map_or_else(|| row.clone(), |deal| at_places(deal, &row)),
            cause: at_places(cause, &row),
            row,
            odd: self.odd.clone(),
            ..Durations::default()
        }
    }
}

/// The bits of `duration`, which is not negative: −0 counts as 0.
fn bits_of(duration: f64) -> u64 {
    (duration + 0.0).to_bits()
}

fn cycles(deals: &Deals, crm: &Crm) -> Unsorted {
    let mut rows = Unsorted::with_capacity(deals.len(), 0);
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
            rows.durations.push(bits_of(duration));
            rows.row.push(row);
        }
    }
    rows
}

/// Why the cycle of each deal ended.
fn causes_of_cycles(deals: &Deals) -> Vec<u8> {
    let cause = |outcome: &Outcome| match outcome {
        Outcome::Open | Outcome::Hold => 0,
        Outcome::Won => WON as u8,
        Outcome::Lost => LOST as u8,
        Outcome::Closed => CLOSED as u8,
    };
    deals.outcome.iter().map(cause).collect()
}

fn stays(passages: &Passages, time: &LocalTime) -> Vec<Durations> {
    let mut counts = vec![0; passages.stages.len()];
    for stage in &passages.stage {
        if let Some(count) = counts.get_mut(*stage as usize) {
            *count += 1;
        }
    }
    let came_back = passages.ordinal.iter().any(|ordinal| *ordinal > 0);
    let is_late = passages.delayed_entry.iter().any(|age| *age != 0.0);
    let room = |count: usize| Unsorted::with_capacity(count, if is_late { count } else { 0 });
    let mut stages: Vec<Unsorted> = counts.into_iter().map(room).collect();
    by_stage(passages, time, is_late, &mut stages);
    let cause: Vec<u8> = (0..passages.len()).map(|row| cause_of(passages, row)).collect();
    // Each gives its room back before the next one is sorted.
    let sorted = |stays: Unsorted| {
        let durations = stays.sorted(&cause, Some(&passages.deal));
        let rows: &[u32] = if came_back { &durations.row } else { &[] };
        let is_reentry = rows.iter().map(|row| passages.ordinal[*row as usize] > 0).collect();
        Durations { is_reentry, ..durations }
    };
    stages.into_iter().map(sorted).collect()
}

#[inline(never)]
fn by_stage(passages: &Passages, time: &LocalTime, is_late: bool, stages: &mut [Unsorted]) {
    let day_ms = time.day_ms();
    for from in 0..passages.len() {
        let Some(stays) = stages.get_mut(passages.stage[from] as usize) else { continue };
        let entered = passages.entered[from];
        let duration = time.elapsed_ms(entered, passages.exited[from]) / day_ms;
        let entry = match if is_late { passages.delayed_entry_of(from) } else { 0.0 } {
            0.0 => 0.0,
            age => time.elapsed_ms(entered, entered + age) / day_ms,
        };
        if !(duration >= 0.0 && duration.is_finite() && entry >= 0.0 && entry.is_finite()) {
            stays.odd.push((from as u32, "exited_before_entered"));
            continue;
        }
        if entry > 0.0 && entry >= duration {
            stays.odd.push((from as u32, "exited_before_observed"));
            continue;
        }
        stays.durations.push(bits_of(duration));
        stays.row.push(from as u32);
        if is_late {
            stays.entries.push(entry);
        }
    }
}

fn cause_of(passages: &Passages, row: usize) -> u8 {
    /// For a stay that was not ended by a move to a stage.
    const CAUSES: [u32; 6] = {
        let mut causes = [CLOSED; 6];
        causes[Exit::Won as usize] = WON;
        causes[Exit::Lost as usize] = LOST;
        causes[Exit::Hold as usize] = HOLD;
        causes[Exit::Censored as usize] = 0;
        causes
    };
    let next = passages.next_stage[row];
    // Reckoned, not chosen: how stays end is guessed wrong as often as not.
    let most = (passages.stages.len() as u32).min(u32::from(u8::MAX) - STAGE + 1);
    let moved = u32::from(next < most);
    (moved * STAGE.wrapping_add(next) + (1 - moved) * CAUSES[passages.exit[row] as usize]) as u8
}
