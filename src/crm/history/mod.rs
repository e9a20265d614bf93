//! Stage passages from a stage history in any of six forms, and what the history says about deals.

mod audit;
mod current;
mod forms;
mod from_to;
mod grouped;
mod order;
mod totals;
mod wide;

pub(super) use forms::{Given, rows};

use super::columns::{self, Tally};
use super::deals::is_end;
use super::mapping::{HistoryRole, Repeats};
use super::recognise::Found;
use super::{Attribute, Deals, Exit, LeftOut, Outcome, Passages};
use crate::read::Source;
use crate::read::numbers::is_weight;
use crate::table::{Texts, Values};
use grouped::{Entry, Grouped, MOST_STAGES, grouped};
use order::funnel_order;
use std::borrow::Cow;
use std::collections::HashMap;

/// Stays in a stage as any form tells them, one entry per row: first those of the history table, then those found elsewhere.
#[derive(Default)]
pub(super) struct HistoryRows<'a> {
    pub deal: Texts,
    pub stage: Texts,
    pub entered: Cow<'a, [f64]>,
    pub exited: Option<Vec<f64>>,
    pub closed: Option<Vec<f64>>,
    /// Outcome that a stage means; `None` for an open stage. One entry per level of `stage`.
    pub ends: Vec<Option<Outcome>>,
    /// How many rows are those of the history table.
    pub table_rows: usize,
    /// Rows of the history table that tell of something else than the stage; empty where all tell of it.
    other: Vec<bool>,
    /// The rows beyond those of the history table that come before it.
    first: std::ops::Range<usize>,
    /// Of each row beyond those of the history table: since when the stay was watched (NaN: from its start), and the row of the deals table.
    beyond: Vec<(f64, u32)>,
    /// Whether the rows of the history table tell the current stage alone.
    current_only: bool,
    /// The most informative form that any deal has.
    pub form: Option<&'static str>,
    /// What the forms cannot tell.
    pub lacks: Vec<&'static str>,
    /// Deals whose stays are from the deals table although there is a history.
    pub filled: usize,
    left_out: Vec<LeftOut>,
}

impl HistoryRows<'_> {
    fn lack(&mut self, code: &'static str) {
        if !self.lacks.contains(&code) {
            self.lacks.push(code);
        }
    }

    /// All rows: those that come before the history table, its own, then the others.
    fn in_order(&self) -> [std::ops::Range<usize>; 3] {
        [self.first.clone(), 0..self.first.start, self.first.end..self.entered.len()]
    }

    /// The row of its table that `row` is from; `None` where that table is not the one that rows are counted in.
    fn place(&self, row: usize) -> Option<usize> {
        match row.checked_sub(self.table_rows) {
            None => Some(row),
            Some(at) if self.table_rows == 0 => self.beyond.get(at).map(|(_, row)| *row as usize),
            Some(_) => None,
        }
    }

    fn watched_since(&self, row: usize) -> f64 {
        match row.checked_sub(self.table_rows) {
            // As of the current stage in the deals table: found because it lasted.
            None if self.current_only => f64::INFINITY,
            None => f64::NAN,
            Some(at) => self.beyond.get(at).map_or(f64::NAN, |(since, _)| *since),
        }
    }
}

/// How a history is looked at.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub as_of: f64,
    pub repeats: Repeats,
    /// Stages that are asked to come first, in this order.
    pub order: &'a [String],
    /// Whether the current stage of a deal is the last one that it entered, not that of the deals table.
    pub stage_from_history: bool,
}

/// What a history became.
pub(super) struct History {
    pub deals: Deals,
    pub passages: Passages,
    pub left_out: Vec<LeftOut>,
    /// Whether the history of a deal begins after its creation.
    pub begins_later: bool,
}

/// Passages of `deals` (or of deals made from the history, where there are none) up to `as_of`.
///
/// A deal whose last row is a closed stage has that outcome since that row, whatever the deals table says about it; a deal
/// that the table calls closed and whose history closes it only after `as_of` is open.
///
/// `source` is the history, or the deals table where stays are from there alone. The codes of deals and stages in `rows` are used up.
pub(super) fn history(
    source: &Source,
    roles: &Found<HistoryRole>,
    rows: &mut HistoryRows<'_>,
    deals: Option<Deals>,
    view: View<'_>,
) -> History {
    let View { as_of, stage_from_history, .. } = view;
    let mut tally =
        Tally::new(if rows.table_rows == 0 && deals.is_some() { "deals" } else { "history" }, &source.table);
    let from_history = deals.is_none();
    let mut deals = deals.unwrap_or_default();
    // The deal by its code.
    let mut index: Vec<u32> = vec![u32::MAX; rows.deal.levels.len()];
    if !from_history {
        let known: HashMap<&str, u32> =
            (0..deals.len()).filter_map(|deal| deals.id.get(deal).map(|id| (id, deal as u32))).collect();
        for (code, level) in rows.deal.levels.iter().enumerate() {
            index[code] = known.get(level).copied().unwrap_or(u32::MAX);
        }
    }
    // The code of each row's deal, until the deal stands there.
    let mut deal_of = std::mem::take(&mut rows.deal.codes);
    // Of each deal that is found: its first row, and its code.
    let mut first_row = vec![(0, 0); if from_history { index.len() + 1 } else { 0 }];
    let mut found = 0_u32;
    // While codes are told in the order in which deals are found, they are the deals. Looking up so many, which are seldom in the cache, takes longer.
    let mut in_step = from_history;
    let mut occurs = vec![false; rows.stage.levels.len().min(MOST_STAGES)];
    let mut closes_later = vec![false; deals.len()];
    let all_entered: &[f64] = &rows.entered;
    for range in rows.in_order() {
        let from = range.start;
        let columns = deal_of[range.clone()].iter_mut().zip(&all_entered[range.clone()]).zip(&rows.stage.codes[range]);
        for (row, ((deal_of, &entered), &stage)) in (from..).zip(columns) {
            let is_other = rows.other.get(row) == Some(&true);
            let stage = stage as usize;
            let code = *deal_of;
            if let (Some(known), Some(occurs)) = (index.get_mut(code as usize), occurs.get_mut(stage))
                && !is_other
                && entered <= as_of
                && (from_history || *known != u32::MAX)
            {
                let mut deal = code;
                if !(in_step && code <= found) {
                    if std::mem::take(&mut in_step) {
                        index.iter_mut().zip(0..found).for_each(|(known, deal)| *known = deal);
                    }
                    let known = &mut index[code as usize];
                    *known = if from_history { found.min(*known) } else { *known };
                    deal = *known;
                }
                if let Some(first) = first_row.get_mut(found as usize) {
                    *first = (row as u32, code);
                    found += u32::from(deal == found);
                }
                *occurs = true;
                *deal_of = deal;
                continue;
            }
            *deal_of = u32::MAX;
            if is_other {
                tally.add("other_field", row, "");
                continue;
            }
            let (reason, value) = match index.get(code as usize) {
                None => ("no_deal_id", ""),
                Some(_) if stage >= occurs.len() => ("no_stage", ""),
                Some(_) if entered.is_nan() => ("no_entered_at", ""),
                Some(deal) if entered > as_of => {
                    if let (Some(later), Some(Outcome::Won | Outcome::Lost | Outcome::Closed)) =
                        (closes_later.get_mut(*deal as usize), rows.ends[stage])
                    {
                        *later = true;
                    }
                    ("after_as_of", "")
                }
                Some(_) => ("deal_not_in_deals", &rows.deal.levels[code as usize]),
            };
            // What stands elsewhere was judged where it was found.
            if row < rows.table_rows {
                tally.add(reason, row, value);
            }
        }
    }
    if from_history {
        first_row.truncate(found as usize);
        (deals.row, deals.id.codes) = first_row.into_iter().unzip();
    }
    let grouped = grouped(deal_of, deals.len(), rows);
    rows.stage.codes = Vec::new();
    let rows = &*rows;
    if from_history {
        make_deals(source, roles, rows, &grouped, &mut deals);
    }
    let in_table = deals.stage.levels.len();
    if stage_from_history {
        deals.stage.levels.extend(rows.stage.levels.iter());
    }
    for deal in 0..deals.len() {
        let Some(stage) = grouped.of(deal).last().map(|last| last.stage() as usize) else { continue };
        match rows.ends[stage] {
            Some(outcome) => {
                deals.outcome[deal] = outcome;
                deals.closed[deal] =
                    if is_end(outcome) { entered_end(rows, grouped.of(deal), outcome) } else { f64::NAN };
            }
            None if closes_later.get(deal) == Some(&true) => {
                deals.outcome[deal] = Outcome::Open;
                deals.closed[deal] = f64::NAN;
            }
            None => {}
        }
        if stage_from_history {
            deals.stage.codes[deal] = (in_table + stage) as u32;
        }
    }
    if stage_from_history {
        // Levels of table and history may be equal: count each once.
        deals.stage = deals.stage.merged();
    }
    let order = funnel_order(rows, &grouped, &occurs, view.order);
    let (passages, begins_later) = passages(rows, &deals, &grouped, order, view, from_history, &mut tally);
    let mut left_out = tally.finish();
    left_out.extend(rows.left_out.iter().cloned());
    History { deals, passages, left_out, begins_later }
}

/// When the run of rows that ends `group` with `outcome` began.
fn entered_end(rows: &HistoryRows<'_>, group: &[Entry], outcome: Outcome) -> f64 {
    let same = |entry: &&Entry| rows.ends[entry.stage() as usize] == Some(outcome);
    group.iter().rev().take_while(same).last().map_or(f64::NAN, |entry| entry.entered)
}

/// Fills in the deals that a history without deals table tells of: created at the first row, closed at the last one where a close date stands.
#[inline(never)]
fn make_deals(
    source: &Source,
    roles: &Found<HistoryRole>,
    rows: &HistoryRows<'_>,
    grouped: &Grouped,
    deals: &mut Deals,
) {
    deals.id.levels = rows.deal.levels.clone();
    let n = deals.len();
    let weight_column = roles.get(&HistoryRole::Weight).map(|at| columns::numbers(&source.table.columns()[*at]));
    deals.created.reserve(n);
    deals.outcome.reserve(n);
    deals.closed.reserve(n);
    deals.weight.reserve(n);
    for (group, row) in grouped.all().zip(&deals.row) {
        let time = |entry: Option<&Entry>| entry.map_or(f64::NAN, |entry| entry.entered);
        let ended =
            rows.closed.as_ref().is_some_and(|closed| group.iter().any(|entry| !closed[entry.row as usize].is_nan()));
        deals.created.push(time(group.first()));
        deals.outcome.push(if ended { Outcome::Closed } else { Outcome::Open });
        deals.closed.push(if ended { time(group.last()) } else { f64::NAN });
        let weight = weight_column.as_ref().map_or(1.0, |weights| weights[*row as usize]);
        deals.weight.push(if is_weight(weight) { weight } else { 1.0 });
    }
    deals.amount = vec![f64::NAN; n];
    deals.stage.codes = vec![Texts::MISSING; n];
    deals.owner.codes = vec![Texts::MISSING; n];
    let used: Vec<usize> =
        roles.iter().filter(|(role, _)| **role != HistoryRole::ClosedAt).map(|(_, at)| *at).collect();
    for (at, column) in source.table.columns().iter().enumerate() {
        if used.contains(&at) || !is_constant(&column.values, grouped) {
            continue;
        }
        let role = (roles.get(&HistoryRole::ClosedAt) == Some(&at)).then(|| "closed_at".to_owned());
        let values = columns::at_rows(&column.values, &deals.row);
        deals.attributes.push(Attribute { name: column.name.clone(), role, values });
    }
}

/// Whether every deal has one value only.
fn is_constant(values: &Values, grouped: &Grouped) -> bool {
    let bits = |entry: &Entry| match values {
        Values::Numbers(values) | Values::Instants(values) => values[entry.row as usize].to_bits(),
        Values::Texts(texts) => u64::from(texts.codes[entry.row as usize]),
    };
    grouped.all().all(|group| group.windows(2).all(|pair| bits(&pair[0]) == bits(&pair[1])))
}

/// One stay of a deal: a row, or a run of rows of one stage.
struct Stay {
    stage: u32,
    entered: f64,
    /// NaN where not told.
    exited: f64,
    row: u32,
    /// Since when it was watched; NaN where from its start.
    watched: f64,
}

/// A first row this much later than the deal says that the history begins later: dates of whole days differ by less.
const LATER_MS: f64 = 86_400_000.0;
/// Migrations write a first stay of a minute, whose stage the deal had before: it needs less to be told.
const MIGRATED_MS: f64 = 60_000.0;

/// Puts the stays that the rows of `group` tell of in place of those in `stays`.
fn read_stays(
    stays: &mut Vec<Stay>,
    rows: &HistoryRows<'_>,
    group: &[Entry],
    as_of: f64,
    repeats: Repeats,
    tally: &mut Tally<'_>,
) {
    stays.clear();
    for entry in group.iter().copied() {
        let Entry { row, entered, .. } = entry;
        let stage = entry.stage();
        let mut exited = f64::NAN;
        if let Some(exits) = &rows.exited {
            exited = exits[row as usize];
            if exited > as_of {
                exited = f64::NAN;
            }
            if exited < entered {
                if let Some(place) = rows.place(row as usize) {
                    tally.add("exit_before_entry", place, "");
                }
                exited = f64::NAN;
            }
        }
        match stays.last_mut() {
            Some(last) if repeats == Repeats::Collapse && last.stage == stage => {
                last.exited = exited;
            }
            _ => stays.push(Stay { stage, entered, exited, row, watched: rows.watched_since(row as usize) }),
        }
    }
}

#[inline(never)]
fn passages(
    rows: &HistoryRows<'_>,
    deals: &Deals,
    grouped: &Grouped,
    (stages, place): (Vec<String>, Vec<u32>),
    view: View<'_>,
    from_history: bool,
    tally: &mut Tally<'_>,
) -> (Passages, bool) {
    let View { as_of, repeats, .. } = view;
    let open = |entry: &&Entry| rows.ends[entry.stage() as usize].is_none();
    let mut passages = Passages::with_capacity(grouped.entries.iter().filter(open).count());
    // The deal that was in each stage last, and how often.
    let mut visits = vec![(u32::MAX, 0_u32); stages.len()];
    passages.stages = stages;
    let mut begins_later = false;
    let mut stays: Vec<Stay> = Vec::new();
    let mut late: Vec<(usize, f64)> = Vec::new();
    for (deal, group) in (0..).zip(grouped.all()) {
        let at_deal = deal as usize;
        read_stays(&mut stays, rows, group, as_of, repeats, tally);
        if let Some(first) = stays.first_mut().filter(|first| !from_history && first.watched.is_nan()) {
            let short = first.exited - first.entered <= MIGRATED_MS;
            let created = deals.created[at_deal];
            if repeats == Repeats::Collapse
                && first.entered - created > if short { 2.0 * MIGRATED_MS } else { LATER_MS }
            {
                begins_later = true;
                first.watched = first.entered;
                first.entered = created;
            }
        }
        for (at, stay) in stays.iter().enumerate() {
            let stage = place[stay.stage as usize];
            let Some(visit) = visits.get_mut(stage as usize) else { continue };
            let or_else = |otherwise: f64| if stay.exited.is_nan() { otherwise } else { stay.exited };
            let (exited, exit, next_stage) = match stays.get(at + 1) {
                Some(next) => {
                    let exited = or_else(next.entered);
                    match rows.ends[next.stage as usize] {
                        Some(outcome) => (exited, exit_of(outcome), u32::MAX),
                        None => (exited, Exit::Moved, place[next.stage as usize]),
                    }
                }
                None if is_end(deals.outcome[at_deal]) => {
                    // The outcome stands outside the history. Where it is read off the history's own last row, that row is an end point.
                    let end = deals.closed[at_deal];
                    let exit = exit_of(deals.outcome[at_deal]);
                    if !stay.exited.is_nan() {
                        (stay.exited, exit, u32::MAX)
                    } else if repeats == Repeats::Separate || (from_history && end <= stay.entered) {
                        continue;
                    } else if end >= stay.entered {
                        (end, exit, u32::MAX)
                    } else {
                        if let Some(place) = rows.place(stay.row as usize) {
                            let reason = if end.is_nan() { "no_close_date" } else { "closed_before_last_stage" };
                            tally.add(reason, place, "");
                        }
                        continue;
                    }
                }
                None => (or_else(as_of), Exit::Censored, u32::MAX),
            };
            *visit = (deal, if visit.0 == deal { visit.1 + 1 } else { 0 });
            if !stay.watched.is_nan() {
                let unseen = stay.watched.min(exited) - stay.entered;
                late.push((passages.deal.len(), unseen.max(0.0)));
            }
            passages.deal.push(deal);
            passages.stage.push(stage);
            passages.ordinal.push(visit.1);
            passages.entered.push(stay.entered);
            passages.exited.push(exited);
            passages.exit.push(exit);
            passages.next_stage.push(next_stage);
        }
    }
    if !late.is_empty() {
        passages.delayed_entry = vec![0.0; passages.len()];
        late.into_iter().for_each(|(passage, unseen)| passages.delayed_entry[passage] = unseen);
    }
    (passages, begins_later)
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

#[cfg(test)]
mod properties;
