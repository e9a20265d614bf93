//! Durations that are sorted once and estimated many times: of all rows, of parts of them, of every group in one pass.

use super::comparison::{Comparison, Gray, LogRank};
use super::{EventTable, Survival, check_numbers, order};
use crate::error::Result;
use crate::stats::intervals::Confidence;

/// Durations in ascending order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sorted {
    durations: Vec<f64>,
    /// Delayed entries in ascending order, and whose they are.
    entries: Vec<f64>,
    late: Vec<u32>,
}

/// What a duration counts as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Group, from 0.
    pub group: u32,
    /// Cause of its end; 0 where it is censored.
    pub cause: u32,
    /// Weight.
    pub weight: f64,
}

/// Says what the duration at a place of [`Sorted`] counts as; `None` leaves it out.
pub type PartOf<'a> = &'a dyn Fn(usize) -> Option<Part>;

impl Sorted {
    /// The durations in order, and for each place the row that it comes from. Rows that were never at risk, whose delayed entry is at or after their end,
    /// have no place. `entries` is as in [`super::SurvivalState::update`]; empty where all are 0.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] for a duration or entry that is negative or not finite.
    pub fn new(durations: &[f64], entries: &[f64]) -> Result<(Self, Vec<u32>)> {
        check_numbers("duration", durations)?;
        check_numbers("entry", entries)?;
        let entry = |row: usize| entries.get(row).copied().unwrap_or(0.0);
        let mut bits = Vec::with_capacity(durations.len());
        let mut at_risk = Vec::new();
        let all = entries.iter().all(|entry| *entry == 0.0);
        for (row, duration) in durations.iter().enumerate() {
            if all || entry(row) == 0.0 || entry(row) < *duration {
                bits.push((duration + 0.0).to_bits());
                if !all {
                    at_risk.push(row as u32);
                }
            }
        }
        let (sorted, mut rows) = order::ascending(&bits);
        if !all {
            rows.iter_mut().for_each(|row| *row = at_risk[*row as usize]);
        }
        let late: Vec<u32> = if all {
            Vec::new()
        } else {
            (0..).zip(&rows).filter(|(_, row)| entry(**row as usize) > 0.0).map(|(place, _)| place).collect()
        };
        let keys: Vec<u64> = late.iter().map(|place| entry(rows[*place as usize] as usize).to_bits()).collect();
        let (keys, from) = order::ascending(&keys);
        let sorted = Sorted {
            durations: sorted.into_iter().map(f64::from_bits).collect(),
            entries: keys.into_iter().map(f64::from_bits).collect(),
            late: from.into_iter().map(|at| late[at as usize]).collect(),
        };
        Ok((sorted, rows))
    }

    /// From parts that are in order.
    pub(super) fn from_order(durations: Vec<f64>, entries: Vec<f64>, late: Vec<u32>) -> Self {
        Sorted { durations, entries, late }
    }

    /// The durations, ascending.
    pub fn durations(&self) -> &[f64] {
        &self.durations
    }

    /// Age at which each duration began to be watched, by place.
    pub fn entries(&self) -> Vec<f64> {
        let mut entries = vec![0.0; self.durations.len()];
        for (entry, place) in self.entries.iter().zip(&self.late) {
            entries[*place as usize] = *entry;
        }
        entries
    }

    /// The estimates of every group, for the causes 1 to `causes`. What `part` gives beyond `groups` and `causes` is left out.
    pub fn estimates(&self, groups: usize, causes: usize, confidence: Confidence, part: PartOf<'_>) -> Vec<Survival> {
        self.tables(groups, causes, part).into_iter().map(|table| Survival::new(table, confidence)).collect()
    }

    /// The estimate of all that `part` gives.
    pub fn estimate(&self, causes: usize, confidence: Confidence, part: PartOf<'_>) -> Survival {
        let table = self.tables(1, causes, part).pop().unwrap_or_default();
        Survival::new(table, confidence)
    }

    /// Walks the distinct durations from the last to the first, so that the numbers at risk are running sums.
    pub(super) fn tables(&self, groups: usize, causes: usize, part: PartOf<'_>) -> Vec<EventTable> {
        let part = |place: usize| {
            part(place)
                .filter(|part| (part.group as usize) < groups && part.cause as usize <= causes && part.weight > 0.0)
        };
        let mut builders: Vec<Builder> = (0..groups).map(|_| Builder::new(causes)).collect();
        let mut touched: Vec<usize> = Vec::new();
        let (mut end, mut start) = (self.durations.len(), self.entries.len());
        while let Some(&time) = end.checked_sub(1).and_then(|last| self.durations.get(last)) {
            while end > 0 && self.durations[end - 1] == time {
                end -= 1;
                if let Some(part) = part(end) {
                    let builder = &mut builders[part.group as usize];
                    if builder.events == 0.0 && builder.censored == 0.0 {
                        touched.push(part.group as usize);
                    }
                    builder.add(part.cause, part.weight);
                }
            }
            while start > 0 && self.entries[start - 1] >= time {
                start -= 1;
                if let Some(part) = part(self.late[start] as usize) {
                    let builder = &mut builders[part.group as usize];
                    builder.not_yet_in += part.weight;
                    builder.table.is_late = true;
                }
            }
            for group in touched.drain(..) {
                builders[group].flush(time);
            }
        }
        builders.into_iter().map(Builder::finish).collect()
    }

    /// Log-rank test (ρ = 0) of the groups, and Gray's test for each of `causes`, in one pass; as [`super::log_rank`] and [`super::gray`] but for one
    /// thing: where there are more than `most_times` event times, about so many steps are made, in each of which ends count as tied.
    pub fn comparisons(
        &self,
        groups: usize,
        causes: &[u32],
        most_times: usize,
        part: PartOf<'_>,
    ) -> (Comparison, Vec<Comparison>) {
        let mut ranks = LogRank::new(groups, 0.0);
        let mut grays: Vec<Gray> = causes.iter().map(|_| Gray::new(groups)).collect();
        let least = self.durations.len().div_ceil(most_times.max(1));
        let few = self.durations.windows(2).filter(|pair| pair[0] != pair[1]).take(most_times).count() < most_times;
        self.walk(groups, causes, if few { 1 } else { least }, part, &mut |at_risk, all, by_cause| {
            ranks.step(at_risk, all);
            for (gray, of_cause) in grays.iter_mut().zip(by_cause) {
                gray.step_of(at_risk, all, of_cause);
            }
        });
        grays.iter_mut().for_each(Gray::end_stratum);
        (ranks.finish(), grays.into_iter().map(Gray::finish).collect())
    }

    /// Calls `visit` at every event time, ascending, with the numbers per group: at risk, events, events of each of `causes`. Times are joined until at least
    /// `least` durations have ended.
    pub(super) fn walk(&self, groups: usize, causes: &[u32], least: usize, part: PartOf<'_>, visit: Visit<'_>) {
        let part = |place: usize| part(place).filter(|part| (part.group as usize) < groups && part.weight > 0.0);
        let mut at_risk = vec![0.0; groups];
        for part in (0..self.durations.len()).filter_map(part) {
            at_risk[part.group as usize] += part.weight;
        }
        for part in self.late.iter().filter_map(|place| part(*place as usize)) {
            at_risk[part.group as usize] -= part.weight;
        }
        let (mut all, mut ended) = (vec![0.0; groups], vec![0.0; groups]);
        let mut by_cause = vec![vec![0.0; groups]; causes.len()];
        let (mut end, mut start) = (0, 0);
        while let Some(&first) = self.durations.get(end) {
            while self.entries.get(start).is_some_and(|entry| *entry < first) {
                if let Some(part) = part(self.late[start] as usize) {
                    at_risk[part.group as usize] += part.weight;
                }
                start += 1;
            }
            all.fill(0.0);
            ended.fill(0.0);
            by_cause.iter_mut().for_each(|events| events.fill(0.0));
            let (mut any, from, mut time) = (false, end, first);
            while let Some(&next) = self.durations.get(end) {
                if next != time {
                    if end - from >= least {
                        break;
                    }
                    time = next;
                }
                if let Some(part) = part(end) {
                    let group = part.group as usize;
                    ended[group] += part.weight;
                    if part.cause > 0 {
                        any = true;
                        all[group] += part.weight;
                        for (events, _) in by_cause.iter_mut().zip(causes).filter(|(_, cause)| **cause == part.cause) {
                            events[group] += part.weight;
                        }
                    }
                }
                end += 1;
            }
            for (at_risk, ended) in at_risk.iter_mut().zip(&ended) {
                // At least those that end here are at risk, whatever rounding leaves of the difference.
                *at_risk = at_risk.max(*ended);
            }
            if any {
                visit(&at_risk, &all, &by_cause);
            }
            for (at_risk, ended) in at_risk.iter_mut().zip(&ended) {
                *at_risk -= ended;
            }
        }
    }
}

/// Takes the numbers per group at an event time: at risk, events, events of each cause asked for.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&[f64], &[f64], &[Vec<f64>]);

/// The event table of one group while it grows, from the last time to the first.
struct Builder {
    table: EventTable,
    of_cause: Vec<f64>,
    touched: Vec<usize>,
    events: f64,
    censored: f64,
    staying: f64,
    not_yet_in: f64,
}

impl Builder {
    fn new(causes: usize) -> Self {
        Builder {
            table: EventTable { by_cause: vec![Vec::new(); causes], ..EventTable::default() },
            of_cause: vec![0.0; causes],
            touched: Vec::new(),
            events: 0.0,
            censored: 0.0,
            staying: 0.0,
            not_yet_in: 0.0,
        }
    }

    fn add(&mut self, cause: u32, weight: f64) {
        match (cause as usize).checked_sub(1) {
            None => self.censored += weight,
            Some(cause) => {
                self.events += weight;
                if self.of_cause[cause] == 0.0 {
                    self.touched.push(cause);
                }
                self.of_cause[cause] += weight;
            }
        }
    }

    fn flush(&mut self, time: f64) {
        let table = &mut self.table;
        let ended = self.events + self.censored;
        if self.staying == 0.0 {
            table.last = time;
        }
        self.staying += ended;
        table.events += self.events;
        table.censored += self.censored;
        if self.events > 0.0 {
            for cause in self.touched.drain(..) {
                table.by_cause[cause].push((table.time.len() as u32, self.of_cause[cause]));
                self.of_cause[cause] = 0.0;
            }
            table.time.push(time);
            // At least those that end here are at risk, whatever rounding leaves of the difference.
            table.at_risk.push((self.staying - self.not_yet_in).max(ended));
            table.event_count.push(self.events);
        }
        (self.events, self.censored) = (0.0, 0.0);
    }

    fn finish(mut self) -> EventTable {
        self.table.reverse();
        self.table
    }
}
