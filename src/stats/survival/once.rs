//! Estimates of durations that count once each and were watched from their start, which is what most are: what is at risk is a matter of places.

use super::sorted::distinct;
use super::{Ends, EventTable, Part, SEVERAL, Sorted, Survival};
use crate::stats::intervals::Confidence;

impl Sorted {
    /// The estimate of all durations, each counting once and ending by its `cause`, which is by place; of those whose flag is the one wanted, where flags
    /// are given. A cause above `causes` counts as the last of them. Without delayed entry it equals [`Sorted::estimate`] and takes a fraction of the time.
    pub fn estimate_once(
        &self,
        causes: usize,
        confidence: Confidence,
        cause: &[u32],
        only: Option<(&[bool], bool)>,
    ) -> Survival {
        let is_of =
            |place: usize| only.is_none_or(|(flags, wanted)| flags.get(place).copied().unwrap_or(false) == wanted);
        let cause = |place: usize| cause.get(place).map_or(0, |cause| (*cause).min(causes as u32));
        let part = |place| is_of(place).then(|| Part { group: 0, cause: cause(place), weight: 1.0 });
        if !self.entries.is_empty() {
            return self.estimate(causes, confidence, part);
        }
        let times = distinct(&self.durations);
        let mut table = EventTable {
            time: Vec::with_capacity(times),
            at_risk: Vec::with_capacity(times),
            event_count: Vec::with_capacity(times),
            cause: Vec::with_capacity(times),
            ..EventTable::default()
        };
        let mut staying = (0..self.durations.len()).filter(|place| is_of(*place)).count();
        let (mut place, mut all_events, mut all_ended) = (0, 0_usize, 0);
        while let Some(&time) = self.durations.get(place) {
            let from = place;
            let (mut ended, mut events, mut first, mut several) = (0, 0_u32, 0, false);
            while self.durations.get(place) == Some(&time) {
                if is_of(place) {
                    ended += 1;
                    let cause = cause(place);
                    several |= first != 0 && cause != 0 && cause != first;
                    first = if first == 0 { cause } else { first };
                    events += u32::from(cause != 0);
                }
                place += 1;
            }
            if ended == 0 {
                continue;
            }
            table.last = time;
            if events > 0 {
                if several {
                    let causes = (from..place).filter(|place| is_of(*place)).map(cause);
                    table.add_mixed(&mut causes.filter(|cause| *cause > 0));
                    first = SEVERAL;
                }
                table.time.push(time);
                table.at_risk.push(staying as f64);
                table.event_count.push(f64::from(events));
                table.cause.push(first);
                all_events += events as usize;
            }
            staying -= ended;
            all_ended += ended;
        }
        table.events = all_events as f64;
        table.censored = (all_ended - all_events) as f64;
        table.note_causes(causes);
        Survival::new(table, confidence)
    }
}

impl EventTable {
    /// Adds events by `causes` at the next time.
    #[inline(never)]
    fn add_mixed(&mut self, causes: &mut dyn Iterator<Item = u32>) {
        let (index, from) = (self.time.len() as u32, self.mixed.len());
        for cause in causes {
            let at = from + self.mixed[from..].partition_point(|ends| ends.cause < cause);
            match self.mixed.get_mut(at).filter(|ends| ends.cause == cause) {
                Some(ends) => ends.events += 1.0,
                None => self.mixed.insert(at, Ends { index, cause, events: 1.0 }),
            }
        }
    }
}
