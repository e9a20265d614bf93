//! Deals as they stood at past instants, and what became of them: the rows that hazards are learnt from.

use crate::crm::{Deals, Exit, Outcome, Passages};
use crate::time::DAY_MS;
use std::ops::Range;

const WEEK_MS: f64 = 7.0 * DAY_MS;
/// Days between instants at most.
const MOST_DAYS: f64 = 91.0;
/// Stands for no stage.
pub(super) const NO_STAGE: u32 = u32::MAX;

/// How densely deals are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Density {
    /// Days between instants.
    pub days: f64,
    /// Share of the deals.
    pub share: f64,
}

/// What was known of deals at instants, and what came after. All vectors have equal length; rows of one deal stand side by side.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshots {
    /// Index into the deals.
    pub deal: Vec<u32>,
    /// Index into the stages; their number stands for a deal on hold.
    pub stage: Vec<u32>,
    /// The stage before it, the same for a deal on hold as the one it left; [`NO_STAGE`] in the first.
    pub from: Vec<u32>,
    /// Days since creation.
    pub age_days: Vec<f64>,
    /// Days since the stage was entered.
    pub stay_days: Vec<f64>,
    /// Stays before this one in a stage where the deal had been already.
    pub re_entries: Vec<f64>,
    /// Weeks seen from there on, the one of the outcome among them; 0 where nothing was.
    pub weeks: Vec<u32>,
    /// 0 nothing, 1 won, 2 lost, in the last of these weeks.
    pub outcome: Vec<u32>,
    /// From 0 to 1, by the deal's own dates alone: what a part of the deals is drawn by. Equal deals have equal ones.
    pub draw: Vec<f64>,
}

/// The passages of each deal.
pub(super) fn by_deal(passages: &Passages) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
    let mut start = 0;
    passages.deal.chunk_by(|a, b| a == b).map(move |chunk| {
        let range = start..start + chunk.len();
        start = range.end;
        (chunk[0] as usize, range)
    })
}

/// When the deal ended (ms) and how, as far as it was known just before `until`: 1 won, 2 lost, 0 still open or in an unknown way. `None` where it is
/// closed and nobody knows since when.
pub(super) fn end(
    deals: &Deals,
    passages: &Passages,
    deal: usize,
    stays: &Range<usize>,
    until: f64,
) -> Option<(f64, u32)> {
    let how = match deals.outcome[deal] {
        Outcome::Open | Outcome::Hold => return Some((until, 0)),
        Outcome::Won => 1,
        Outcome::Lost => 2,
        Outcome::Closed => 0,
    };
    let last = passages.exited[stays.end - 1];
    let closed = if deals.closed[deal].is_nan() { last } else { deals.closed[deal] };
    match closed.is_nan() {
        true => None,
        false => Some(if closed < until { (closed, how) } else { (until, 0) }),
    }
}

/// A number from 0 to 1 for two instants, as if drawn (the finaliser of SplitMix64).
fn draw(from: f64, to: f64) -> f64 {
    let mut bits = from.to_bits() ^ to.to_bits().rotate_left(32);
    for multiplier in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        bits = (bits ^ (bits >> 30)).wrapping_mul(multiplier);
    }
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

impl Snapshots {
    pub fn len(&self) -> usize {
        self.deal.len()
    }

    /// Those of the rows `range`.
    pub fn part(&self, range: Range<usize>) -> Self {
        Snapshots {
            deal: self.deal[range.clone()].to_vec(),
            stage: self.stage[range.clone()].to_vec(),
            from: self.from[range.clone()].to_vec(),
            age_days: self.age_days[range.clone()].to_vec(),
            stay_days: self.stay_days[range.clone()].to_vec(),
            re_entries: self.re_entries[range.clone()].to_vec(),
            weeks: self.weeks[range.clone()].to_vec(),
            outcome: self.outcome[range.clone()].to_vec(),
            draw: self.draw[range].to_vec(),
        }
    }

    /// Adds the deal as it stood at `at` (ms); false where that was not seen.
    fn push(&mut self, deals: &Deals, passages: &Passages, deal: usize, stays: &Range<usize>, at: f64) -> bool {
        let seen = passages.entered[stays.clone()].iter().take_while(|entered| **entered <= at).count();
        let Some(stay) = seen.checked_sub(1).map(|last| stays.start + last) else { return false };
        if at < passages.entered[stay] + passages.delayed_entry_of(stay) {
            return false;
        }
        let before = if stay > stays.start { passages.stage[stay - 1] } else { NO_STAGE };
        let here = (passages.stage[stay], before, passages.entered[stay]);
        let (stage, from, since) = match passages.exit[stay] {
            _ if at < passages.exited[stay] => here,
            Exit::Hold => (passages.stages.len() as u32, passages.stage[stay], passages.exited[stay]),
            Exit::Moved | Exit::Censored => here,
            Exit::Won | Exit::Lost | Exit::Closed => return false,
        };
        let first = passages.entered[stays.start];
        let created = if deals.created[deal].is_nan() { first } else { deals.created[deal].min(first) };
        self.deal.push(deal as u32);
        self.stage.push(stage);
        self.from.push(from);
        self.age_days.push(((at - created) / DAY_MS).max(0.0));
        self.stay_days.push(((at - since) / DAY_MS).max(0.0));
        self.re_entries.push(passages.ordinal[stays.start..=stay].iter().filter(|n| **n > 0).count() as f64);
        true
    }

    /// Deals as `density` has them before `until` (ms), with what became of them up to `until`, at most `most_weeks` later. Instants do not depend on what became
    /// of a deal, and nothing that came after one is among what was known at it.
    pub fn before(deals: &Deals, passages: &Passages, until: f64, density: Density, most_weeks: u32) -> Self {
        let mut found = Snapshots::default();
        let step = density.days * DAY_MS;
        for (deal, stays) in by_deal(passages) {
            let Some((end, outcome)) = end(deals, passages, deal, &stays, until) else { continue };
            let first = passages.entered[stays.start];
            if deals.weight[deal] <= 0.0 || first >= end || first.is_nan() {
                continue;
            }
            let draw = draw(first, end) / density.share;
            if draw >= 1.0 {
                continue;
            }
            let back = |instant: f64| (until - instant) / step;
            let (oldest, newest) = (back(first).floor().max(0.0) as u64, back(end).ceil().max(1.0) as u64);
            for k in (newest..=oldest).rev() {
                let at = until - k as f64 * step;
                if at >= end {
                    continue;
                }
                // An end in a week that is not over is not seen: still open deals are not either.
                // A whole number of weeks may come out a hair below.
                let whole = most_weeks.min(((until - at) / WEEK_MS + 1e-6) as u32);
                let week = ((end - at) / WEEK_MS) as u32;
                let (weeks, outcome) = match outcome > 0 && week < whole {
                    true => (week + 1, outcome),
                    false => (week.min(whole), 0),
                };
                if weeks > 0 && found.push(deals, passages, deal, &stays, at) {
                    found.weeks.push(weeks);
                    found.outcome.push(outcome);
                    found.draw.push(draw);
                }
            }
        }
        found
    }

    /// The deals that were open just before `at` (ms), as they stood.
    pub fn open_at(deals: &Deals, passages: &Passages, at: f64) -> Self {
        let mut found = Snapshots::default();
        for (deal, stays) in by_deal(passages) {
            let open = end(deals, passages, deal, &stays, at).is_some_and(|(end, _)| end >= at);
            if open && found.push(deals, passages, deal, &stays, at) {
                found.weeks.push(0);
                found.outcome.push(0);
                found.draw.push(0.0);
            }
        }
        found
    }

    /// The newest deals just before `until` (ms), as they stood when they were created, with their weights: `most` of them at most, the last one in part.
    pub fn fresh(deals: &Deals, passages: &Passages, until: f64, most: f64) -> (Self, Vec<f64>) {
        let (mut found, mut weights) = (Snapshots::default(), Vec::new());
        let starts: Vec<(usize, Range<usize>)> = by_deal(passages)
            .filter(|(deal, stays)| {
                let seen = passages.entered[stays.start] < until && passages.delayed_entry_of(stays.start) <= 0.0;
                seen && deals.weight[*deal] > 0.0
            })
            .collect();
        let newest = crate::stats::order::sorted_rows(starts.len(), &mut |a, b| {
            let entered = |i: usize| passages.entered[starts[i].1.start];
            entered(b).total_cmp(&entered(a))
        });
        let mut left = most;
        for (deal, stays) in newest.into_iter().map(|at| &starts[at]) {
            let weight = deals.weight[*deal].min(left);
            left -= weight;
            if weight <= 0.0 {
                break;
            }
            weights.push(weight);
            found.deal.push(*deal as u32);
            found.stage.push(passages.stage[stays.start]);
            found.from.push(NO_STAGE);
            found.age_days.push(0.0);
            found.stay_days.push(0.0);
            found.re_entries.push(0.0);
            found.weeks.push(0);
            found.outcome.push(0);
            found.draw.push(0.0);
        }
        (found, weights)
    }
}

/// Every quarter of the mean time that deals were seen open, from 1 to 28 days, and less often where there would be more than `most` snapshots; whole weeks from the
/// first one on. From 13 weeks on, of which a record has few, a part of the deals is looked at instead.
pub(super) fn density(deals: &Deals, passages: &Passages, until: f64, most: f64) -> Density {
    let (mut seen, mut weight) = (0.0, 0.0);
    for (deal, stays) in by_deal(passages) {
        let Some((end, _)) = end(deals, passages, deal, &stays, until) else { continue };
        let open = (end - passages.entered[stays.start]) / DAY_MS;
        if open > 0.0 && deals.weight[deal] > 0.0 {
            seen += deals.weight[deal] * open;
            weight += deals.weight[deal];
        }
    }
    let mean = if weight > 0.0 { seen / weight } else { 0.0 };
    let (wanted, least) = ((0.25 * mean).floor().clamp(1.0, 28.0), (seen / most).ceil());
    let wanted = if wanted > 7.0 { 7.0 * (wanted / 7.0).floor() } else { wanted };
    let least = if least > 7.0 { 7.0 * (least / 7.0).ceil() } else { least };
    let days = wanted.max(least).min(MOST_DAYS);
    Density { days, share: if seen > most * days { most * days / seen } else { 1.0 } }
}
