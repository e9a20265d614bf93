//! Estimates of durations that count once each and were watched from their start, which is what most are: what is at risk is a matter of places.

use super::sorted::{NO_GROUP, Visit, distinct};
use super::{Ends, EventTable, Part, Parts, SEVERAL, Sorted, Survival};
use crate::stats::intervals::Confidence;

impl Sorted {
    /// The estimate of all durations, each counting once and ending by its `cause`, which is by place. A cause above `causes` counts as the last of them.
    /// Without delayed entry it equals [`Sorted::estimate`] and takes a fraction of the time.
    pub fn estimate_once(&self, causes: usize, confidence: Confidence, cause: &[u8]) -> Survival {
        if !self.entries.is_empty() {
            return self.estimate(causes, confidence, part_of(causes, cause));
        }
        once(&self.durations, cause, causes, confidence)
    }

    /// The same of the durations whose flag, which is by place, is `wanted`, whatever their causes: one stands for all.
    pub fn estimate_flagged_once(
        &self,
        confidence: Confidence,
        cause: &[u8],
        flags: &[bool],
        wanted: bool,
    ) -> Survival {
        if !self.entries.is_empty() {
            let part = part_of(1, cause);
            return self.estimate(1, confidence, |place| part(place).filter(|_| flags.get(place) == Some(&wanted)));
        }
        let count = flags.iter().filter(|flag| **flag == wanted).count();
        // One more than there are, to write to when a duration is passed over.
        let (mut durations, mut causes) = (vec![0.0; count + 1], vec![0; count + 1]);
        take_flagged((&self.durations, cause, flags), wanted, &mut durations, &mut causes);
        once(&durations[..count], &causes[..count], 1, confidence)
    }
}

impl Sorted {
    /// What [`Sorted::each_group`] does where all count once and none has a delayed entry: each group by itself.
    pub(super) fn each_group_once(
        &self,
        groups: usize,
        causes: usize,
        confidence: Confidence,
        parts: &Parts,
        take: &mut dyn FnMut(Survival),
    ) {
        let mut starts = starts_of(groups.min(NO_GROUP.into()), causes, parts);
        let most = starts.last().copied().unwrap_or_default();
        // One more than there are, to write to when a duration is passed over.
        let (mut durations, mut of) = (vec![0.0; most + 1], vec![0; most + 1]);
        let mut ends = starts.clone();
        by_group((&self.durations, parts), causes, &mut ends, (&mut durations, &mut of));
        starts.resize(groups + 1, most);
        for range in starts.windows(2).map(|pair| pair[0]..pair[1]) {
            take(once(&durations[range.clone()], &of[range], causes, confidence));
        }
    }

    /// What [`Sorted::walk`] does where all count once and none has a delayed entry: the ends of a step are counted, by cause and group.
    pub(super) fn walk_once(&self, groups: usize, causes: &[u32], least: usize, parts: &Parts, visit: Visit<'_>) {
        let starts = starts_of(groups.min(NO_GROUP.into()), usize::MAX, parts);
        let mut at_risk: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        at_risk.resize(groups, 0.0);
        let (mut all, mut exposed) = (vec![0.0; groups], vec![0.0; groups]);
        let mut by_cause = vec![vec![0.0; groups]; causes.len()];
        let mut counts = vec![0_u32; 1 << 16];
        let most = usize::from(parts.cause.iter().copied().max().unwrap_or_default());
        let mut from = 0;
        while let Some(&first) = self.durations.get(from) {
            let mut end = (from + least).min(self.durations.len());
            let last = self.durations.get(end - 1).copied().unwrap_or(first);
            end += self.durations.iter().skip(end).take_while(|duration| **duration == last).count();
            count((&parts.group[from..end], &parts.cause[from..end]), &mut counts);
            for (group, (at_risk, (all, exposed))) in
                at_risk.iter_mut().zip(all.iter_mut().zip(&mut exposed)).enumerate()
            {
                let of = |cause: usize| f64::from(counts.get(cause << 8 | group).copied().unwrap_or_default());
                *all = (1..=most).map(of).sum();
                by_cause.iter_mut().zip(causes).for_each(|(events, cause)| events[group] = of(*cause as usize));
                let censored = of(0);
                *exposed = *at_risk - if last == first { 0.0 } else { 0.5 * censored };
                *at_risk -= *all + censored;
            }
            counts.get_mut(..(most + 1) << 8).unwrap_or_default().fill(0);
            if all.iter().any(|events| *events > 0.0) {
                visit(&exposed, &all, &by_cause);
            }
            from = end;
        }
    }
}

/// Adds to `counts` how many there are of each cause and group.
#[inline(never)]
fn count((groups, causes): (&[u8], &[u8]), counts: &mut [u32]) {
    for (group, cause) in groups.iter().zip(causes) {
        if let Some(count) = counts.get_mut(usize::from(*cause) << 8 | usize::from(*group)) {
            *count += 1;
        }
    }
}

/// Where the durations of each group begin if they stand one group after the other, and where the last ends.
#[inline(never)]
fn starts_of(groups: usize, causes: usize, parts: &Parts) -> Vec<usize> {
    let mut counts = [0; 256];
    for (group, cause) in parts.group.iter().zip(&parts.cause) {
        counts[usize::from(*group)] += usize::from(usize::from(*cause) <= causes);
    }
    let mut starts = vec![0; groups + 1];
    for group in 0..groups {
        starts[group + 1] = starts[group] + counts[group];
    }
    starts
}

/// Puts every duration and its cause at the end of those of its group, which end at `ends` so far, and what is in none at the very end.
#[inline(never)]
fn by_group(
    (durations, parts): (&[f64], &Parts),
    causes: usize,
    ends: &mut [usize],
    (into, of): (&mut [f64], &mut [u8]),
) {
    let Some((none, ends)) = ends.split_last_mut() else { return };
    for ((duration, group), cause) in durations.iter().zip(&parts.group).zip(&parts.cause) {
        let is_in = usize::from(*cause) <= causes;
        let (end, step) = match ends.get_mut(usize::from(*group)).filter(|_| is_in) {
            Some(end) => (end, 1),
            None => (&mut *none, 0),
        };
        if let (Some(into), Some(of)) = (into.get_mut(*end), of.get_mut(*end)) {
            (*into, *of) = (*duration, *cause);
        }
        *end += step;
    }
}

fn part_of(causes: usize, cause: &[u8]) -> impl Fn(usize) -> Option<Part> {
    move |place| {
        let cause = cause.get(place).map_or(0, |cause| u32::from(*cause).min(causes as u32));
        Some(Part { group: 0, cause, weight: 1.0 })
    }
}

#[inline(never)]
fn take_flagged(
    (durations, cause, flags): (&[f64], &[u8], &[bool]),
    wanted: bool,
    into: &mut [f64],
    causes: &mut [u8],
) {
    let mut at = 0;
    for ((duration, cause), flag) in durations.iter().zip(cause).zip(flags) {
        let (Some(into), Some(of)) = (into.get_mut(at), causes.get_mut(at)) else { return };
        (*into, *of) = (*duration, *cause);
        at += usize::from(*flag == wanted);
    }
}

fn once(durations: &[f64], cause: &[u8], causes: usize, confidence: Confidence) -> Survival {
    let times = distinct(durations);
    let (mut time, mut at_risk) = (vec![0.0; times], vec![0.0; times]);
    let (mut event_count, mut of) = (vec![0.0; times], vec![SEVERAL; times]);
    let mut table = EventTable { occurs: vec![false; causes], ..EventTable::default() };
    let (filled, events) = counted(
        (durations, cause),
        (&mut time, &mut at_risk, &mut event_count, &mut of),
        &mut table.mixed,
        &mut table.occurs,
    );
    time.truncate(filled);
    at_risk.truncate(filled);
    event_count.truncate(filled);
    of.truncate(filled);
    table.last = durations.last().copied().unwrap_or_default();
    table.events = events as f64;
    table.censored = (durations.len() - events) as f64;
    Survival::new(EventTable { time, at_risk, event_count, cause: of, ..table }, confidence)
}

/// Fills in the time, those at risk, the events and the cause of each time of events, of which there are at most as many as there is room for;
/// how many there are, and the number of events.
#[inline(never)]
fn counted(
    (durations, cause): (&[f64], &[u8]),
    (times, at_risk, event_count, of): (&mut [f64], &mut [f64], &mut [f64], &mut [u32]),
    mixed: &mut Vec<Ends>,
    occurs: &mut [bool],
) -> (usize, usize) {
    let most = occurs.len() as u32;
    let mut seen = [false; 256];
    let (mut place, mut at, mut all) = (0, 0, 0);
    while let Some(&time) = durations.get(place) {
        let from = place;
        let (mut events, mut first, mut several) = (0, 0, false);
        // Whether a duration ended is not to be guessed: nothing here is decided by it.
        loop {
            let cause = cause.get(place).copied().unwrap_or_default();
            seen[usize::from(cause)] = true;
            let cause = u32::from(cause).min(most);
            several |= (first != 0) & (cause != 0) & (cause != first);
            first = first.max(cause);
            events += usize::from(cause != 0);
            place += 1;
            if durations.get(place) != Some(&time) {
                break;
            }
        }
        if several {
            let ends = cause.iter().take(place).skip(from).map(|cause| u32::from(*cause).min(most));
            add_mixed(&mut ends.filter(|cause| *cause > 0), at as u32, mixed);
            first = SEVERAL;
        }
        let room = (times.get_mut(at), at_risk.get_mut(at), event_count.get_mut(at), of.get_mut(at));
        let (Some(times), Some(at_risk), Some(event_count), Some(of)) = room else { break };
        (*times, *at_risk) = (time, (durations.len() - from) as f64);
        (*event_count, *of) = (events as f64, first);
        all += events;
        at += usize::from(events > 0);
    }
    for (cause, _) in seen.iter().enumerate().skip(1).filter(|(_, seen)| **seen) {
        if let Some(occurs) = occurs.get_mut(cause.min(most as usize).wrapping_sub(1)) {
            *occurs = true;
        }
    }
    (at, all)
}

/// Adds events by `causes` at the time `index`.
#[inline(never)]
fn add_mixed(causes: &mut dyn Iterator<Item = u32>, index: u32, mixed: &mut Vec<Ends>) {
    let from = mixed.len();
    for cause in causes {
        let at = from + mixed[from..].partition_point(|ends| ends.cause < cause);
        match mixed.get_mut(at).filter(|ends| ends.cause == cause) {
            Some(ends) => ends.events += 1.0,
            None => mixed.insert(at, Ends { index, cause, events: 1.0 }),
        }
    }
}
