//! Survival estimators for durations with censoring, competing causes, delayed entry, ties and weights: Kaplan–Meier and
//! Aalen–Johansen, and the log-rank test and Gray's that compare groups.
//!
//! ```
//! use crm_analytics::stats::{intervals::Confidence, survival::SurvivalState};
//!
//! // Four deals; cause 1 is won, 2 is lost, 0 is still open.
//! let mut state = SurvivalState::new(2);
//! state.update(&[5.0, 8.0, 8.0, 12.0], None, &[1, 2, 0, 1], None)?;
//! let survival = state.finish(Confidence::new(0.95)?);
//! assert_eq!(survival.at(8.0).survival, 0.75 * (1.0 - 1.0 / 3.0));
//! assert_eq!(survival.quantile(0.5).value, Some(8.0));
//! assert_eq!(survival.incidence(2).last, 0.25);
//! # Ok::<(), crm_analytics::Error>(())
//! ```

mod comparison;
mod incidence;
mod kaplan_meier;
mod once;
mod order;
mod sorted;

pub use comparison::{Comparison, gray, log_rank};
pub use incidence::CauseIncidence;
pub use kaplan_meier::{At, Quantile, RestrictedMean, Survival};
pub use sorted::{Part, Parts, Sorted};

use crate::error::{Error, Result};
use crate::stats::intervals::Confidence;

/// Rows seen so far. States of parts of the data merge into the state of the whole.
#[derive(Debug, Clone, Default)]
pub struct SurvivalState {
    causes: usize,
    // Not negative, so that the order of the bits is the order of the numbers.
    duration_bits: Vec<u64>,
    cause: Vec<u32>,
    weight: Weights,
    entry_bits: Vec<u64>,
    entry_row: Vec<u32>,
    never_at_risk: f64,
}

/// A weight per row; nothing is stored while all are 1.
#[derive(Debug, Clone, Default)]
struct Weights {
    rows: usize,
    stored: Vec<f64>,
}

impl Weights {
    fn push(&mut self, weight: f64) {
        if weight != 1.0 && self.stored.is_empty() {
            self.stored.resize(self.rows, 1.0);
        }
        self.rows += 1;
        if weight != 1.0 || !self.stored.is_empty() {
            self.stored.push(weight);
        }
    }

    fn append(&mut self, other: Weights) {
        if self.stored.is_empty() && other.stored.is_empty() {
            self.rows += other.rows;
            return;
        }
        for row in 0..other.rows {
            self.push(other.get(row));
        }
    }

    fn get(&self, row: usize) -> f64 {
        self.stored.get(row).copied().unwrap_or(1.0)
    }
}

impl SurvivalState {
    /// A state without rows, for the causes 1 to `causes`.
    pub fn new(causes: usize) -> Self {
        SurvivalState { causes, ..SurvivalState::default() }
    }

    /// Adds one row per duration (any unit; all alike).
    ///
    /// `causes` holds 0 where the row is censored, else the cause of its event. `entries` holds the age at which observation of
    /// the row began (delayed entry), 0 where it was seen from its start, which is also what `None` says. `weights` are counts:
    /// a row of weight 3 equals three rows, a row of weight 0 none. A row is at risk at t where entry < t ≤ duration, or, with
    /// entry 0, where t ≤ duration; a row with a delayed entry at or after its end is never at risk and only counted as such.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where lengths differ; [`Error::InvalidOption`] for a duration, entry or weight that is negative or not finite,
    /// or a cause that is too large. The state is then as before.
    pub fn update(
        &mut self,
        durations: &[f64],
        entries: Option<&[f64]>,
        causes: &[u32],
        weights: Option<&[f64]>,
    ) -> Result<()> {
        let rows = durations.len();
        self.check(rows, durations, entries, causes, weights)?;
        self.duration_bits.reserve(rows);
        self.cause.reserve(rows);
        for (row, (&duration, &cause)) in durations.iter().zip(causes).enumerate() {
            let weight = weights.map_or(1.0, |weights| weights[row]);
            let entry = entries.map_or(0.0, |entries| entries[row]);
            if weight == 0.0 {
                continue;
            }
            if entry > 0.0 {
                if entry >= duration {
                    self.never_at_risk += weight;
                    continue;
                }
                self.entry_bits.push(entry.to_bits());
                self.entry_row.push(self.duration_bits.len() as u32);
            }
            // Adding 0 turns −0 into 0, whose bits are the smallest.
            self.duration_bits.push((duration + 0.0).to_bits());
            self.cause.push(cause);
            self.weight.push(weight);
        }
        Ok(())
    }

    fn check(
        &self,
        rows: usize,
        durations: &[f64],
        entries: Option<&[f64]>,
        causes: &[u32],
        weights: Option<&[f64]>,
    ) -> Result<()> {
        let lengths = [
            ("entry", entries.map_or(rows, <[f64]>::len)),
            ("cause", causes.len()),
            ("weight", weights.map_or(rows, <[f64]>::len)),
        ];
        if let Some((column, length)) = lengths.into_iter().find(|(_, length)| *length != rows) {
            return Err(Error::ColumnLength {
                table: "durations".into(),
                column: column.into(),
                length,
                expected: rows,
            });
        }
        let columns =
            [("duration", durations), ("entry", entries.unwrap_or_default()), ("weight", weights.unwrap_or_default())];
        for (column, values) in columns {
            check_numbers(column, values)?;
        }
        match causes.iter().find(|cause| **cause as usize > self.causes) {
            None => Ok(()),
            Some(bad) => Err(Error::InvalidOption {
                option: "cause".into(),
                value: bad.to_string(),
                rule: format!("a cause is 0 (censored) or one of 1 to {}", self.causes),
            }),
        }
    }

    /// Adds the rows of `other`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] where the two are for different numbers of causes.
    pub fn merge(&mut self, other: SurvivalState) -> Result<()> {
        if self.causes != other.causes {
            return Err(Error::InvalidOption {
                option: "causes".into(),
                value: other.causes.to_string(),
                rule: format!("states that merge have equally many causes, here {}", self.causes),
            });
        }
        self.append(other);
        Ok(())
    }

    fn append(&mut self, other: SurvivalState) {
        let before = self.duration_bits.len() as u32;
        self.entry_row.extend(other.entry_row.into_iter().map(|row| row + before));
        self.duration_bits.extend(other.duration_bits);
        self.cause.extend(other.cause);
        self.weight.append(other.weight);
        self.entry_bits.extend(other.entry_bits);
        self.never_at_risk += other.never_at_risk;
    }

    /// The estimates from all rows, with intervals at the level `confidence`. Without rows the curve is 1 and has no times.
    pub fn finish(&self, confidence: Confidence) -> Survival {
        Survival::new(self.event_table(), confidence)
    }

    fn event_table(&self) -> EventTable {
        let (sorted, rows) = self.sorted();
        let part = |place: usize| {
            let row = rows[place] as usize;
            Some(Part { group: 0, cause: self.cause[row], weight: self.weight.get(row) }).into()
        };
        let mut table = sorted.table(self.causes, &part);
        table.never_at_risk = self.never_at_risk;
        table
    }

    /// The rows in order, and the row of each place.
    fn sorted(&self) -> (Sorted, Vec<u32>) {
        let (duration_bits, rows) = order::ascending(&self.duration_bits);
        let (entry_bits, from) = order::ascending(&self.entry_bits);
        let mut late = Vec::new();
        if !from.is_empty() {
            let mut place_of = vec![0; rows.len()];
            (0..).zip(&rows).for_each(|(place, row)| place_of[*row as usize] = place);
            late = from.into_iter().map(|at| place_of[self.entry_row[at as usize] as usize]).collect();
        }
        let numbers = |bits: Vec<u64>| bits.into_iter().map(f64::from_bits).collect();
        (Sorted::from_order(numbers(duration_bits), numbers(entry_bits), late), rows)
    }
}

fn check_numbers(column: &str, values: &[f64]) -> Result<()> {
    match values.iter().find(|value| !value.is_finite() || **value < 0.0) {
        None => Ok(()),
        Some(bad) => Err(Error::invalid_option(column, bad.to_string(), "it is a finite number that is not negative")),
    }
}

/// Distinct event times, ascending, with what happened at each.
#[derive(Debug, Clone, Default)]
struct EventTable {
    time: Vec<f64>,
    at_risk: Vec<f64>,
    event_count: Vec<f64>,
    /// Cause of the events at each time; [`SEVERAL`] where they are in `mixed`.
    cause: Vec<u32>,
    /// Events at the times of several causes, by time and then by cause.
    mixed: Vec<Ends>,
    /// Whether each of the causes, from 1 on, ended any duration.
    occurs: Vec<bool>,
    events: f64,
    censored: f64,
    never_at_risk: f64,
    last: f64,
    /// Whether any row has a delayed entry.
    is_late: bool,
}

/// Stands for the cause where there is more than one.
const SEVERAL: u32 = 0;

/// Events of one cause at one time.
#[derive(Debug, Clone, Copy)]
struct Ends {
    /// Place of the time.
    index: u32,
    /// From 1 on.
    cause: u32,
    events: f64,
}

#[cfg(test)]
mod tests;
