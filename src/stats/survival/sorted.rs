//! Durations that are sorted once and estimated many times: of all rows, of parts of them, of every group in one pass.

use super::comparison::{Comparison, Gray, LogRank};
use super::incidence::outcome;
use super::{Ends, EventTable, SEVERAL, Survival, check_numbers, order};
use crate::error::Result;
use crate::meta::Estimate;
use crate::stats::intervals::Confidence;
use crate::stats::order::at_places;

/// Durations in ascending order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sorted {
    pub(super) durations: Vec<f64>,
    /// Delayed entries in ascending order, and whose they are.
    pub(super) entries: Vec<f64>,
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

/// A [`Part`] in two words, none of it where the weight is 0. They come back in registers; an optional struct comes back through memory, and waiting for
/// that took most of the time of an estimate.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    group_and_cause: u64,
    weight: f64,
}

impl Counted {
    #[inline(always)]
    fn group(self) -> usize {
        (self.group_and_cause >> 32) as usize
    }

    #[inline(always)]
    fn cause(self) -> u32 {
        self.group_and_cause as u32
    }

    #[inline(always)]
    fn is_of(self, groups: usize, causes: usize) -> bool {
        self.weight > 0.0 && self.group() < groups && self.cause() as usize <= causes
    }
}

impl From<Option<Part>> for Counted {
    #[inline(always)]
    fn from(part: Option<Part>) -> Self {
        match part {
            Some(part) => {
                Counted { group_and_cause: (u64::from(part.group) << 32) | u64::from(part.cause), weight: part.weight }
            }
            None => Counted { group_and_cause: 0, weight: 0.0 },
        }
    }
}

/// What all durations of a [`Sorted`] count as in groups, by place: looked up once, and then read in order as often as they are compared.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    pub(super) group: Vec<u8>,
    pub(super) cause: Vec<u8>,
    /// Empty where all are 1.
    weight: Vec<f64>,
}

/// Group of what counts in none.
pub(super) const NO_GROUP: u8 = u8::MAX;

impl Parts {
    /// Where all count once: the group of each place, 255 for none, and its cause.
    pub fn once(group: Vec<u8>, cause: Vec<u8>) -> Self {
        Parts { group, cause, weight: Vec::new() }
    }

    /// What `part` gives of each place below `places`; `None` counts in no group. There is room for 255 groups and 256 causes: what is beyond counts in none.
    pub fn new(places: usize, part: impl Fn(usize) -> Option<Part>) -> Self {
        let mut parts = Parts { group: vec![NO_GROUP; places], cause: vec![0; places], weight: Vec::new() };
        for (place, (group, cause)) in parts.group.iter_mut().zip(&mut parts.cause).enumerate() {
            let Some(part) = part(place) else { continue };
            let (Ok(of_group), Ok(of_cause)) = (u8::try_from(part.group), u8::try_from(part.cause)) else { continue };
            (*group, *cause) = (of_group, of_cause);
            if part.weight != 1.0 && parts.weight.is_empty() {
                parts.weight = vec![1.0; places];
            }
            if let Some(weight) = parts.weight.get_mut(place) {
                *weight = part.weight;
            }
        }
        parts
    }

    #[inline(always)]
    pub(super) fn counted(&self, place: usize) -> Counted {
        let (Some(group), Some(cause)) = (self.group.get(place), self.cause.get(place)) else { return None.into() };
        let weight = self.weight.get(place).copied().unwrap_or(1.0);
        (*group != NO_GROUP).then_some(Part { group: (*group).into(), cause: (*cause).into(), weight }).into()
    }
}

/// Says what the duration at a place of [`Sorted`] counts as.
pub(super) type CountedOf<'a> = &'a dyn Fn(usize) -> Counted;

impl Sorted {
    /// The durations in order, and for each place the row that it comes from. Rows that were never at risk, whose delayed entry is at or after their end,
    /// have no place. `entries` is as in [`super::SurvivalState::update`]; empty where all are 0.
    ///
    /// # Errors
    /// [`crate::Error::InvalidOption`] for a duration or entry that is negative or not finite.
    pub fn new(durations: &[f64], entries: &[f64]) -> Result<(Self, Vec<u32>)> {
        check_numbers("duration", durations)?;
        check_numbers("entry", entries)?;
        let bits: Vec<u64> = durations.iter().map(|duration| (duration + 0.0).to_bits()).collect();
        Ok(Sorted::of_bits(&bits, entries))
    }

    /// What [`Sorted::new`] gives of the bits of durations that are known to be finite and not negative, −0 too, and of such entries.
    pub(crate) fn of_bits(bits: &[u64], entries: &[f64]) -> (Self, Vec<u32>) {
        if entries.iter().all(|entry| *entry == 0.0) {
            let (sorted, rows) = order::ascending(bits);
            let durations = sorted.into_iter().map(f64::from_bits).collect();
            return (Sorted { durations, ..Sorted::default() }, rows);
        }
        let entry = |row: usize| entries.get(row).copied().unwrap_or(0.0);
        let is_at_risk = |row: &usize| entry(*row) == 0.0 || entry(*row) < f64::from_bits(bits[*row]);
        let at_risk: Vec<usize> = (0..bits.len()).filter(is_at_risk).collect();
        let keys: Vec<u64> = at_risk.iter().map(|row| bits[*row]).collect();
        let (sorted, mut rows) = order::ascending(&keys);
        rows.iter_mut().for_each(|row| *row = at_risk[*row as usize] as u32);
        let is_late = |(_, row): &(u32, &u32)| entry(**row as usize) > 0.0;
        let late: Vec<u32> = (0..).zip(&rows).filter(is_late).map(|(place, _)| place).collect();
        let keys: Vec<u64> = late.iter().map(|place| entry(rows[*place as usize] as usize).to_bits()).collect();
        let (keys, from) = order::ascending(&keys);
        let sorted = Sorted {
            durations: sorted.into_iter().map(f64::from_bits).collect(),
            entries: keys.into_iter().map(f64::from_bits).collect(),
            late: from.into_iter().map(|at| late[at as usize]).collect(),
        };
        (sorted, rows)
    }

    /// From parts that are in order.
    pub(super) fn from_order(durations: Vec<f64>, entries: Vec<f64>, late: Vec<u32>) -> Self {
        Sorted { durations, entries, late }
    }

    /// Those at `places`, which must ascend.
    pub fn at(&self, places: &[u32]) -> Sorted {
        let mut at = Sorted { durations: at_places(&self.durations, places), ..Sorted::default() };
        if !self.entries.is_empty() {
            let place = |late: &u32| places.binary_search(late).ok().map(|place| place as u32);
            let kept = self.entries.iter().zip(&self.late).filter_map(|(entry, late)| Some((*entry, place(late)?)));
            (at.entries, at.late) = kept.unzip();
        }
        at
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

    /// Gives `take` the estimate of each group in turn, for the causes 1 to `causes`. What `parts` holds beyond `groups` and `causes` is left out.
    pub fn each_group(
        &self,
        groups: usize,
        causes: usize,
        confidence: Confidence,
        parts: &Parts,
        take: &mut dyn FnMut(Survival),
    ) {
        if parts.weight.is_empty() && self.entries.is_empty() {
            return self.each_group_once(groups, causes, confidence, parts, take);
        }
        for table in self.tables(groups, causes, &|place| parts.counted(place)) {
            take(Survival::new(table, confidence));
        }
    }

    /// The estimate of all that `part` gives.
    pub fn estimate(&self, causes: usize, confidence: Confidence, part: impl Fn(usize) -> Option<Part>) -> Survival {
        Survival::new(self.table(causes, &|place| part(place).into()), confidence)
    }

    /// Share of all that `part` gives that ends by `cause` in the end: [`super::CauseIncidence::last`] without the curve; `None` without any.
    pub fn outcome(
        &self,
        cause: u32,
        causes: usize,
        confidence: Confidence,
        part: impl Fn(usize) -> Option<Part>,
    ) -> Option<Estimate> {
        let table = self.table(causes, &|place| part(place).into());
        let n = table.events + table.censored;
        (n > 0.0).then(|| outcome(&table, cause, confidence))
    }

    /// Walks the distinct durations from the last to the first, so that the numbers at risk are running sums.
    pub(super) fn tables(&self, groups: usize, causes: usize, part: CountedOf<'_>) -> Vec<EventTable> {
        if groups == 1 {
            return vec![self.table(causes, part)];
        }
        let mut builders: Vec<Builder> = (0..groups).map(|_| Builder::default()).collect();
        let mut touched: Vec<usize> = Vec::new();
        let (mut end, mut start) = (self.durations.len(), self.entries.len());
        while let Some(&time) = end.checked_sub(1).and_then(|last| self.durations.get(last)) {
            while end > 0 && self.durations[end - 1] == time {
                end -= 1;
                let part = part(end);
                if part.is_of(groups, causes) {
                    let builder = &mut builders[part.group()];
                    if builder.present.is_empty() {
                        touched.push(part.group());
                    }
                    builder.present.add(part, &mut builder.table.mixed);
                }
            }
            while start > 0 && self.entries[start - 1] >= time {
                start -= 1;
                let part = part(self.late[start] as usize);
                if part.is_of(groups, causes) {
                    let builder = &mut builders[part.group()];
                    builder.not_yet_in += part.weight;
                    builder.table.is_late = true;
                }
            }
            for group in touched.drain(..) {
                builders[group].flush(time);
            }
        }
        builders.into_iter().map(|builder| builder.finish(causes)).collect()
    }

    /// What [`Sorted::tables`] gives of one group.
    pub(super) fn table(&self, causes: usize, part: CountedOf<'_>) -> EventTable {
        let most = distinct(&self.durations);
        let mut table = EventTable {
            time: vec![0.0; most],
            at_risk: vec![0.0; most],
            event_count: vec![0.0; most],
            cause: vec![SEVERAL; most],
            ..EventTable::default()
        };
        // From the back, so that nothing has to be turned round.
        let mut at = most;
        let (mut staying, mut not_yet_in) = (0.0, 0.0);
        let mut present = Present::default();
        let (mut end, mut start) = (self.durations.len(), self.entries.len());
        while let Some(&time) = end.checked_sub(1).and_then(|last| self.durations.get(last)) {
            while end > 0 && self.durations[end - 1] == time {
                end -= 1;
                let part = part(end);
                if part.is_of(1, causes) {
                    present.add(part, &mut table.mixed);
                }
            }
            while start > 0 && self.entries[start - 1] >= time {
                start -= 1;
                let part = part(self.late[start] as usize);
                if part.is_of(1, causes) {
                    not_yet_in += part.weight;
                    table.is_late = true;
                }
            }
            if present.is_empty() {
                continue;
            }
            if staying == 0.0 {
                table.last = time;
            }
            staying += present.ended();
            table.events += present.events;
            table.censored += present.censored;
            if present.events > 0.0 {
                at -= 1;
                table.time[at] = time;
                table.at_risk[at] = present.at_risk(staying, not_yet_in);
                table.event_count[at] = present.events;
                table.cause[at] = present.cause_at(at as u32, &mut table.mixed);
            }
            present = Present::default();
        }
        table.time.drain(..at);
        table.at_risk.drain(..at);
        table.event_count.drain(..at);
        table.cause.drain(..at);
        table.mixed.reverse();
        table.mixed.iter_mut().for_each(|ends| ends.index -= at as u32);
        table.note_causes(causes);
        table
    }

    /// Log-rank test (ρ = 0) of the groups, and Gray's test for each of `causes`, in one pass; as [`super::log_rank`] and [`super::gray`] but for one
    /// thing: where there are more than `most_times` event times, about so many steps are made, in each of which ends count as tied, and those who are
    /// watched for a part of it as half at risk.
    pub fn comparisons(
        &self,
        groups: usize,
        causes: &[u32],
        most_times: usize,
        parts: &Parts,
    ) -> (Comparison, Vec<Comparison>) {
        let mut ranks = LogRank::new(groups, 0.0);
        let mut grays: Vec<Gray> = causes.iter().map(|_| Gray::new(groups)).collect();
        let least = self.durations.len().div_ceil(most_times.max(1));
        let few = self.durations.windows(2).filter(|pair| pair[0] != pair[1]).take(most_times).count() < most_times;
        let mut visit = |at_risk: &[f64], all: &[f64], by_cause: &[Vec<f64>]| {
            ranks.step(at_risk, all);
            for (gray, of_cause) in grays.iter_mut().zip(by_cause) {
                gray.step_of(at_risk, all, of_cause);
            }
        };
        if !few && parts.weight.is_empty() && self.entries.is_empty() {
            self.walk_once(groups, causes, least, parts, &mut visit);
        } else {
            let part = |place: usize| parts.counted(place);
            self.walk(groups, causes, if few { 1 } else { least }, &part, &mut visit);
        }
        grays.iter_mut().for_each(Gray::end_stratum);
        (ranks.finish(), grays.into_iter().map(Gray::finish).collect())
    }

    /// Calls `visit` at every event time, ascending, with the numbers per group: at risk, events, events of each of `causes`. Times are joined until at least
    /// `least` durations have ended; who is censored or begins to be watched between them counts half.
    pub(super) fn walk(&self, groups: usize, causes: &[u32], least: usize, part: CountedOf<'_>, visit: Visit<'_>) {
        let counts = |part: &Counted| part.is_of(groups, usize::MAX);
        let mut at_risk = vec![0.0; groups];
        for part in (0..self.durations.len()).map(part).filter(counts) {
            at_risk[part.group()] += part.weight;
        }
        for part in self.late.iter().map(|place| part(*place as usize)).filter(counts) {
            at_risk[part.group()] -= part.weight;
        }
        let (mut all, mut ended) = (vec![0.0; groups], vec![0.0; groups]);
        let (mut entered, mut exposed) = (vec![0.0; groups], vec![0.0; groups]);
        let mut by_cause = vec![vec![0.0; groups]; causes.len()];
        let (mut end, mut start) = (0, 0);
        while let Some(&first) = self.durations.get(end) {
            while self.entries.get(start).is_some_and(|entry| *entry < first) {
                let part = part(self.late[start] as usize);
                if counts(&part) {
                    at_risk[part.group()] += part.weight;
                }
                start += 1;
            }
            all.fill(0.0);
            ended.fill(0.0);
            entered.fill(0.0);
            by_cause.iter_mut().for_each(|events| events.fill(0.0));
            let (mut any, from, mut time) = (false, end, first);
            while let Some(&next) = self.durations.get(end) {
                if next != time {
                    if end - from >= least {
                        break;
                    }
                    time = next;
                }
                let part = part(end);
                if counts(&part) {
                    let group = part.group();
                    ended[group] += part.weight;
                    if part.cause() > 0 {
                        any = true;
                        all[group] += part.weight;
                        for (events, _) in by_cause.iter_mut().zip(causes).filter(|(_, cause)| **cause == part.cause())
                        {
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
            exposed.copy_from_slice(&at_risk);
            if time != first {
                while self.entries.get(start).is_some_and(|entry| *entry < time) {
                    let part = part(self.late[start] as usize);
                    if counts(&part) {
                        entered[part.group()] += part.weight;
                    }
                    start += 1;
                }
                for ((exposed, entered), (all, ended)) in exposed.iter_mut().zip(&entered).zip(all.iter().zip(&ended)) {
                    *exposed = (*exposed + 0.5 * (entered - (ended - all))).max(*all);
                }
            }
            if any {
                visit(&exposed, &all, &by_cause);
            }
            for (at_risk, (entered, ended)) in at_risk.iter_mut().zip(entered.iter().zip(&ended)) {
                *at_risk += entered - ended;
            }
        }
    }
}

/// Takes the numbers per group at an event time: at risk, events, events of each cause asked for.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&[f64], &[f64], &[Vec<f64>]);

/// What ends at one time.
#[derive(Default)]
struct Present {
    events: f64,
    censored: f64,
    /// The one cause so far, or [`SEVERAL`].
    cause: u32,
    /// How many causes there are, where there are several: they stand at the end of the list of such.
    causes: usize,
}

impl Present {
    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.events == 0.0 && self.censored == 0.0
    }

    #[inline(always)]
    fn ended(&self) -> f64 {
        self.events + self.censored
    }

    /// At least those that end are at risk, whatever rounding leaves of the difference.
    #[inline(always)]
    fn at_risk(&self, staying: f64, not_yet_in: f64) -> f64 {
        let (left, ended) = (staying - not_yet_in, self.ended());
        if left > ended { left } else { ended }
    }

    #[inline(always)]
    fn add(&mut self, part: Counted, mixed: &mut Vec<Ends>) {
        let cause = part.cause();
        if cause == 0 {
            self.censored += part.weight;
            return;
        }
        if self.events == 0.0 {
            self.cause = cause;
        } else if self.cause != cause {
            self.add_other(cause, part.weight, mixed);
        }
        self.events += part.weight;
    }

    #[inline(never)]
    fn add_other(&mut self, cause: u32, weight: f64, mixed: &mut Vec<Ends>) {
        if self.causes == 0 {
            mixed.push(Ends { index: 0, cause: self.cause, events: self.events });
            self.causes = 1;
            self.cause = SEVERAL;
        }
        let from = mixed.len() - self.causes;
        if let Some(ends) = mixed[from..].iter_mut().find(|ends| ends.cause == cause) {
            ends.events += weight;
            return;
        }
        // After those of higher causes: the whole will be turned round.
        let mut at = mixed.len();
        mixed.push(Ends { index: 0, cause, events: weight });
        self.causes += 1;
        while at > from && mixed[at - 1].cause < cause {
            mixed.swap(at - 1, at);
            at -= 1;
        }
    }

    /// The cause for the table, in which the time has the place `index`.
    #[inline(always)]
    fn cause_at(&self, index: u32, mixed: &mut [Ends]) -> u32 {
        if self.causes > 0 {
            mixed.iter_mut().rev().take(self.causes).for_each(|ends| ends.index = index);
        }
        self.cause
    }
}

/// The event table of one of several groups while it grows, from the last time to the first.
#[derive(Default)]
struct Builder {
    table: EventTable,
    present: Present,
    staying: f64,
    not_yet_in: f64,
}

impl Builder {
    fn flush(&mut self, time: f64) {
        let Builder { table, present, .. } = self;
        if self.staying == 0.0 {
            table.last = time;
        }
        self.staying += present.ended();
        table.events += present.events;
        table.censored += present.censored;
        if present.events > 0.0 {
            table.cause.push(present.cause_at(table.time.len() as u32, &mut table.mixed));
            table.time.push(time);
            table.at_risk.push(present.at_risk(self.staying, self.not_yet_in));
            table.event_count.push(present.events);
        }
        *present = Present::default();
    }

    fn finish(self, causes: usize) -> EventTable {
        let mut table = self.table;
        table.time.reverse();
        table.at_risk.reverse();
        table.event_count.reverse();
        table.cause.reverse();
        table.mixed.reverse();
        let times = table.time.len() as u32;
        table.mixed.iter_mut().for_each(|ends| ends.index = times - 1 - ends.index);
        table.note_causes(causes);
        table
    }
}

/// How many distinct ones of sorted durations there are.
pub(super) fn distinct(durations: &[f64]) -> usize {
    let further = durations.windows(2).filter(|pair| pair[0] != pair[1]).count();
    further + usize::from(!durations.is_empty())
}

impl EventTable {
    pub(super) fn note_causes(&mut self, causes: usize) {
        self.occurs = vec![false; causes];
        for cause in self.cause.iter().copied().chain(self.mixed.iter().map(|ends| ends.cause)) {
            if cause != SEVERAL
                && let Some(occurs) = self.occurs.get_mut(cause as usize - 1)
            {
                *occurs = true;
            }
        }
    }
}
