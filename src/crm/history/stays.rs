//! From the rows of deals to their stays in stages.

use super::grouped::{Block, Entry};
use super::{HistoryRows, View};
use crate::crm::columns::Tally;
use crate::crm::deals::is_end;
use crate::crm::mapping::Repeats;
use crate::crm::{Deals, Exit, Outcome, Passages};

/// A first row this much later than the deal says that the history begins later: dates of whole days differ by less.
const LATER_MS: f64 = 86_400_000.0;
/// Migrations write a first stay of a minute, whose stage the deal had before: it needs less to be told.
const MIGRATED_MS: f64 = 60_000.0;

/// Stays, as block after block of deals is added. Until all are there, stages are called by their levels in the stage column.
pub(super) struct Stays<'a, 't> {
    rows: &'a HistoryRows<'t>,
    view: View<'a>,
    from_history: bool,
    passages: Passages,
    /// The deal that was in each stage last, and how often.
    visits: Vec<(u32, u32)>,
    /// How the stay before a row of each stage ends, and where it leads.
    ways: Vec<(Exit, u32)>,
    /// Stays that may have begun before they were watched, and how long before in ms.
    late: Vec<(usize, f64)>,
    begins_later: bool,
}

impl<'a, 't> Stays<'a, 't> {
    /// None yet; `rows_of` says how many rows have each stage.
    pub fn new(rows: &'a HistoryRows<'t>, rows_of: &[u32], view: View<'a>, from_history: bool) -> Self {
        let open = rows_of.iter().zip(&rows.ends).filter(|(_, end)| end.is_none());
        let way = |(stage, end): (u32, &Option<Outcome>)| {
            end.map_or((Exit::Moved, stage), |outcome| (exit_of(outcome), u32::MAX))
        };
        Stays {
            rows,
            view,
            from_history,
            passages: Passages::with_capacity(open.map(|(rows, _)| *rows as usize).sum()),
            visits: vec![(u32::MAX, 0); rows.ends.len()],
            ways: (0..).zip(&rows.ends).map(way).collect(),
            late: Vec::new(),
            begins_later: false,
        }
    }

    /// The stays of the deals of `block`.
    #[inline(never)]
    pub fn add(&mut self, block: &Block<'_>, deals: &Deals, tally: &mut Tally<'_>) {
        let Stays { rows, from_history, ref ways, .. } = *self;
        let View { as_of, repeats, .. } = self.view;
        let (passages, visits) = (&mut self.passages, &mut self.visits);
        let collapse = repeats == Repeats::Collapse;
        let tells_exits = rows.exited.is_some();
        let may_be_late = rows.current_only || !rows.beyond.is_empty();
        for (at_deal, group) in block.deals() {
            let deal = at_deal as u32;
            let mut at = 0;
            while let Some(&first) = group.get(at) {
                let is_first = at == 0;
                let mut exited = if tells_exits { told_exit(rows, first, as_of, tally) } else { f64::NAN };
                at += 1;
                // A stay is a row, or a run of rows of one stage.
                while collapse && let Some(&again) = group.get(at).filter(|again| again.stage() == first.stage()) {
                    exited = if tells_exits { told_exit(rows, again, as_of, tally) } else { f64::NAN };
                    at += 1;
                }
                let mut entered = first.entered;
                let mut watched = if may_be_late { rows.watched_since(first.row as usize) } else { f64::NAN };
                if is_first && collapse && !from_history && watched.is_nan() {
                    let short = exited - entered <= MIGRATED_MS;
                    let created = deals.created[at_deal];
                    if entered - created > if short { 2.0 * MIGRATED_MS } else { LATER_MS } {
                        self.begins_later = true;
                        (watched, entered) = (entered, created);
                    }
                }
                let stage = first.stage();
                let (Exit::Moved, _) = ways[stage as usize] else { continue };
                let (end, (exit, next_stage)) = match group.get(at) {
                    Some(next) => (next.entered, ways[next.stage() as usize]),
                    None if is_end(deals.outcome[at_deal]) => {
                        // The outcome stands outside the history. Where it is read off the history's own last row, that row is an end point.
                        let end = deals.closed[at_deal];
                        if exited.is_nan() {
                            if repeats == Repeats::Separate || (from_history && end <= entered) {
                                continue;
                            }
                            if end.is_nan() || end < entered {
                                if let Some(place) = rows.place(first.row as usize) {
                                    let reason =
                                        if end.is_nan() { "no_close_date" } else { "closed_before_last_stage" };
                                    tally.add(reason, place, "");
                                }
                                continue;
                            }
                        }
                        (end, (exit_of(deals.outcome[at_deal]), u32::MAX))
                    }
                    None => (as_of, (Exit::Censored, u32::MAX)),
                };
                let exited = if exited.is_nan() { end } else { exited };
                let visit = &mut visits[stage as usize];
                *visit = (deal, if visit.0 == deal { visit.1 + 1 } else { 0 });
                if !watched.is_nan() {
                    let unseen = watched.min(exited) - entered;
                    self.late.push((passages.deal.len(), unseen.max(0.0)));
                }
                passages.deal.push(deal);
                passages.stage.push(stage);
                passages.ordinal.push(visit.1);
                passages.entered.push(entered);
                passages.exited.push(exited);
                passages.exit.push(exit);
                passages.next_stage.push(next_stage);
            }
        }
    }

    /// The passages through `stages`, of which `place` says the one of each level; and whether the history of a deal begins after its creation.
    pub fn finish(self, stages: Vec<String>, place: &[u32]) -> (Passages, bool) {
        let Stays { mut passages, late, begins_later, .. } = self;
        for stage in passages.stage.iter_mut().chain(&mut passages.next_stage) {
            *stage = place.get(*stage as usize).copied().unwrap_or(u32::MAX);
        }
        if !late.is_empty() {
            passages.delayed_entry = vec![0.0; passages.len()];
            late.into_iter().for_each(|(passage, unseen)| passages.delayed_entry[passage] = unseen);
        }
        passages.stages = stages;
        (passages, begins_later)
    }
}

/// When the stay that `entry` tells of ended, where that is told and can be; else NaN.
fn told_exit(rows: &HistoryRows<'_>, entry: Entry, as_of: f64, tally: &mut Tally<'_>) -> f64 {
    let exited = rows.exited.as_ref().map_or(f64::NAN, |exits| exits[entry.row as usize]);
    if exited < entry.entered {
        if let Some(place) = rows.place(entry.row as usize) {
            tally.add("exit_before_entry", place, "");
        }
        return f64::NAN;
    }
    if exited > as_of { f64::NAN } else { exited }
}

fn exit_of(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Won => Exit::Won,
        Outcome::Lost => Exit::Lost,
        Outcome::Hold => Exit::Hold,
        Outcome::Closed => Exit::Closed,
        Outcome::Open => Exit::Censored,
    }
}
