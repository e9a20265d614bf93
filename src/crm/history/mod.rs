//! Stage passages from a stage history in any of six forms, and what the history says about deals.

mod audit;
mod current;
mod forms;
mod from_to;
mod grouped;
mod order;
mod stays;
mod totals;
mod wide;

pub(super) use forms::{Given, rows};

use super::columns::{self, Tally};
use super::deals::is_end;
use super::mapping::{HistoryRole, Repeats};
use super::recognise::Found;
use super::{Attribute, Deals, LeftOut, Outcome, Passages};
use crate::read::Source;
use crate::read::numbers::is_weight;
use crate::table::{Texts, Values};
use grouped::{Block, BlockCounts, Blocks, Entry, MOST_STAGES};
use order::Order;
use stays::Stays;
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
    // Rows that are used, by stage and by block of deals.
    let mut rows_of = vec![0_u32; rows.stage.levels.len().min(MOST_STAGES)];
    let mut counts = BlockCounts::new(index.len().max(deals.len()));
    let mut closes_later = vec![false; deals.len()];
    let all_entered: &[f64] = &rows.entered;
    for range in rows.in_order() {
        let from = range.start;
        let columns = deal_of[range.clone()].iter_mut().zip(&all_entered[range.clone()]).zip(&rows.stage.codes[range]);
        for (row, ((deal_of, &entered), &stage)) in (from..).zip(columns) {
            let is_other = rows.other.get(row) == Some(&true);
            let stage = stage as usize;
            let code = *deal_of;
            if let (Some(known), Some(of_stage)) = (index.get_mut(code as usize), rows_of.get_mut(stage))
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
                *of_stage += 1;
                counts.add(deal);
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
                Some(_) if stage >= rows_of.len() => ("no_stage", ""),
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
    let blocks = Blocks::new(&deal_of, counts, rows);
    drop(deal_of);
    rows.stage.codes = Vec::new();
    let rows = &*rows;
    let mut made = from_history.then(|| MadeDeals::new(source, roles, &mut deals));
    // What the levels of the history's stages come after in those of the deals.
    let in_table = stage_from_history.then_some(deals.stage.levels.len() as u32);
    let mut order = Order::new(rows, &rows_of, view.order);
    let mut stays = Stays::new(rows, &rows_of, view, from_history);
    blocks.each(deals.len(), &mut |block| {
        if let Some(made) = &mut made {
            made.add(rows, block, &mut deals);
        }
        take_outcomes(rows, block, in_table, &closes_later, &mut deals);
        order.count(rows, block);
        stays.add(block, &deals, &mut tally);
    });
    drop(blocks);
    if let Some(made) = made {
        made.finish(rows, &mut deals);
    }
    if stage_from_history {
        deals.stage.levels.extend(rows.stage.levels.iter());
        // Levels of table and history may be equal: count each once.
        deals.stage = deals.stage.merged();
    }
    let (stages, place) = order.finish(&rows.stage.levels);
    let (passages, begins_later) = stays.finish(stages, &place);
    let mut left_out = tally.finish();
    left_out.extend(rows.left_out.iter().cloned());
    History { deals, passages, left_out, begins_later }
}

/// What the last rows of the deals of `block` say about how they stand. Stages of the deals are these rows', by codes from `in_table` on, unless it is `None`.
fn take_outcomes(
    rows: &HistoryRows<'_>,
    block: &Block<'_>,
    in_table: Option<u32>,
    closes_later: &[bool],
    deals: &mut Deals,
) {
    for (deal, group) in block.deals() {
        let Some(stage) = group.last().map(|last| last.stage()) else { continue };
        match rows.ends[stage as usize] {
            Some(outcome) => {
                deals.outcome[deal] = outcome;
                deals.closed[deal] = if is_end(outcome) { entered_end(rows, group, outcome) } else { f64::NAN };
            }
            None if closes_later.get(deal) == Some(&true) => {
                deals.outcome[deal] = Outcome::Open;
                deals.closed[deal] = f64::NAN;
            }
            None => {}
        }
        if let Some(in_table) = in_table {
            deals.stage.codes[deal] = in_table + stage;
        }
    }
}

/// When the run of rows that ends `group` with `outcome` began.
fn entered_end(rows: &HistoryRows<'_>, group: &[Entry], outcome: Outcome) -> f64 {
    let same = |entry: &&Entry| rows.ends[entry.stage() as usize] == Some(outcome);
    group.iter().rev().take_while(same).last().map_or(f64::NAN, |entry| entry.entered)
}

/// The deals that a history without deals table tells of: created at the first row, closed at the last one where a close date stands.
struct MadeDeals<'a> {
    source: &'a Source,
    roles: &'a Found<HistoryRole>,
    /// Columns that have had one value per deal so far.
    constant: Vec<usize>,
}

impl<'a> MadeDeals<'a> {
    /// Of `deals` the rows are known already.
    fn new(source: &'a Source, roles: &'a Found<HistoryRole>, deals: &mut Deals) -> Self {
        let n = deals.len();
        deals.created.reserve(n);
        deals.outcome.reserve(n);
        deals.closed.reserve(n);
        deals.stage.codes = vec![Texts::MISSING; n];
        let used = |at: &usize| roles.iter().any(|(role, of)| *role != HistoryRole::ClosedAt && of == at);
        MadeDeals { source, roles, constant: (0..source.table.columns().len()).filter(|at| !used(at)).collect() }
    }

    /// Fills in the deals of `block`.
    #[inline(never)]
    fn add(&mut self, rows: &HistoryRows<'_>, block: &Block<'_>, deals: &mut Deals) {
        let time = |entry: Option<&Entry>| entry.map_or(f64::NAN, |entry| entry.entered);
        for (_, group) in block.deals() {
            let ended = rows
                .closed
                .as_ref()
                .is_some_and(|closed| group.iter().any(|entry| !closed[entry.row as usize].is_nan()));
            deals.created.push(time(group.first()));
            deals.outcome.push(if ended { Outcome::Closed } else { Outcome::Open });
            deals.closed.push(if ended { time(group.last()) } else { f64::NAN });
        }
        let columns = self.source.table.columns();
        self.constant.retain(|at| is_constant(&columns[*at].values, block));
    }

    /// What does not depend on the order of the rows.
    fn finish(self, rows: &HistoryRows<'_>, deals: &mut Deals) {
        let (n, columns) = (deals.len(), self.source.table.columns());
        deals.id.levels = rows.deal.levels.clone();
        let weights = self.roles.get(&HistoryRole::Weight).map(|at| &columns[*at]);
        let weight = |row: &u32| {
            let weight = weights.map_or(1.0, |weights| columns::numbers_at(weights, *row as usize));
            if is_weight(weight) { weight } else { 1.0 }
        };
        deals.weight = deals.row.iter().map(weight).collect();
        deals.amount = vec![f64::NAN; n];
        deals.owner.codes = vec![Texts::MISSING; n];
        for at in self.constant {
            let role = (self.roles.get(&HistoryRole::ClosedAt) == Some(&at)).then(|| "closed_at".to_owned());
            let values = columns::at_rows(&columns[at].values, &deals.row);
            deals.attributes.push(Attribute { name: columns[at].name.clone(), role, values });
        }
    }
}

/// Whether every deal has one value only.
fn is_constant(values: &Values, block: &Block<'_>) -> bool {
    let bits = |entry: &Entry| match values {
        Values::Numbers(values) | Values::Instants(values) => values[entry.row as usize].to_bits(),
        Values::Texts(texts) => u64::from(texts.codes[entry.row as usize]),
    };
    block.deals().all(|(_, group)| group.windows(2).all(|pair| bits(&pair[0]) == bits(&pair[1])))
}

#[cfg(test)]
mod properties;
