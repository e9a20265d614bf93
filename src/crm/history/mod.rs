//! Stage passages from a stage history in any of six forms, and what the history says about deals.

mod audit;
mod current;
mod forms;
mod from_to;
mod totals;
mod wide;

pub(super) use forms::{Given, rows};

use super::columns::{self, Tally};
use super::deals::is_end;
use super::mapping::{HistoryRole, Repeats};
use super::recognise::Found;
use super::{Attribute, Deals, Exit, LeftOut, Outcome, Passages};
use crate::read::Source;
use crate::stats::order::{reordered, sorted_rows};
use crate::table::{Texts, Values};
use std::collections::HashMap;

/// Stays in a stage as any form tells them, one entry per row: first those of the history table, then those found elsewhere.
#[derive(Default)]
pub(super) struct HistoryRows {
    pub deal: Texts,
    pub stage: Texts,
    pub entered: Vec<f64>,
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

impl HistoryRows {
    fn lack(&mut self, code: &'static str) {
        if !self.lacks.contains(&code) {
            self.lacks.push(code);
        }
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

/// Rows of the history by deal, in order of time; rows of equal times in the order of the file.
struct Grouped {
    /// Where the rows of each deal begin; one entry more than there are deals.
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// Time and stage of each of `rows`: looked up once, while they are put in order.
    entered: Vec<f64>,
    stage: Vec<u32>,
}

/// The rows of one deal.
#[derive(Clone, Copy)]
struct Group<'a> {
    rows: &'a [u32],
    entered: &'a [f64],
    stage: &'a [u32],
}

impl Grouped {
    fn of(&self, deal: usize) -> Group<'_> {
        let range = self.starts[deal] as usize..self.starts[deal + 1] as usize;
        Group { rows: &self.rows[range.clone()], entered: &self.entered[range.clone()], stage: &self.stage[range] }
    }
}

/// Sorts `pairs` (deal and row, in the order of the file) by counting, then each deal's by time.
fn grouped(pairs: &[(u32, u32)], deals: usize, of: &HistoryRows) -> Grouped {
    let mut starts = vec![0_u32; deals + 1];
    for (deal, _) in pairs {
        starts[*deal as usize + 1] += 1;
    }
    for deal in 0..deals {
        starts[deal + 1] += starts[deal];
    }
    let mut next = starts.clone();
    let n = pairs.len();
    let (mut rows, mut entered, mut stage) = (vec![0_u32; n], vec![0.0; n], vec![0_u32; n]);
    for (deal, row) in pairs {
        let next = &mut next[*deal as usize];
        let place = *next as usize;
        *next += 1;
        (rows[place], entered[place], stage[place]) = (*row, of.entered[*row as usize], of.stage.codes[*row as usize]);
    }
    for bounds in starts.windows(2) {
        let range = bounds[0] as usize..bounds[1] as usize;
        by_time(&mut rows[range.clone()], &mut entered[range.clone()], &mut stage[range]);
    }
    Grouped { starts, rows, entered, stage }
}

/// More rows than this are not sorted by insertion.
const FEW_ROWS: usize = 24;

/// Sorts the rows of a deal by time; those of equal times keep their order.
fn by_time(rows: &mut [u32], entered: &mut [f64], stage: &mut [u32]) {
    if rows.len() > FEW_ROWS {
        let order = sorted_rows(rows.len(), &mut |a, b| entered[a].total_cmp(&entered[b]));
        let sorted: Vec<(u32, f64, u32)> = order.into_iter().map(|at| (rows[at], entered[at], stage[at])).collect();
        for (at, of) in sorted.into_iter().enumerate() {
            (rows[at], entered[at], stage[at]) = of;
        }
        return;
    }
    for at in 1..rows.len() {
        let of = (rows[at], entered[at], stage[at]);
        let mut place = at;
        while place > 0 && entered[place - 1] > of.1 {
            let before = place - 1;
            (rows[place], entered[place], stage[place]) = (rows[before], entered[before], stage[before]);
            place = before;
        }
        (rows[place], entered[place], stage[place]) = of;
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
/// `source` is the history, or the deals table where stays are from there alone.
pub(super) fn history(
    source: &Source,
    roles: &Found<HistoryRole>,
    rows: &HistoryRows,
    deals: Option<Deals>,
    view: View<'_>,
) -> History {
    let View { as_of, stage_from_history, .. } = view;
    let mut tally =
        Tally::new(if rows.table_rows == 0 && deals.is_some() { "deals" } else { "history" }, &source.table);
    let from_history = deals.is_none();
    let mut deals = deals.unwrap_or_default();
    let mut index: Vec<u32> = vec![u32::MAX; rows.deal.levels.len()];
    if !from_history {
        let known: HashMap<&str, u32> =
            (0..deals.len()).filter_map(|deal| deals.id.get(deal).map(|id| (id, deal as u32))).collect();
        for (code, level) in rows.deal.levels.iter().enumerate() {
            index[code] = known.get(level).copied().unwrap_or(u32::MAX);
        }
    }
    let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(rows.entered.len());
    let mut closes_later = vec![false; deals.len()];
    let own = (0..rows.entered.len()).filter(|row| !rows.first.contains(row));
    rows.first.clone().chain(own).for_each(|row| {
        if rows.other.get(row) == Some(&true) {
            tally.add("other_field", row, "");
            return;
        }
        // What stands elsewhere was judged where it was found.
        let in_table = row < rows.table_rows;
        let Some(deal) = index.get_mut(rows.deal.codes[row] as usize) else {
            if in_table {
                tally.add("no_deal_id", row, "");
            }
            return;
        };
        let stage = rows.stage.codes[row] as usize;
        if stage >= rows.stage.levels.len() {
            if in_table {
                tally.add("no_stage", row, "");
            }
        } else if rows.entered[row].is_nan() {
            if in_table {
                tally.add("no_entered_at", row, "");
            }
        } else if rows.entered[row] > as_of {
            if in_table {
                tally.add("after_as_of", row, "");
            }
            if let (Some(later), Some(Outcome::Won | Outcome::Lost | Outcome::Closed)) =
                (closes_later.get_mut(*deal as usize), rows.ends[stage])
            {
                *later = true;
            }
        } else if *deal == u32::MAX && !from_history {
            if in_table {
                tally.add("deal_not_in_deals", row, rows.deal.get(row).unwrap_or_default());
            }
        } else {
            if *deal == u32::MAX {
                *deal = deals.row.len() as u32;
                deals.row.push(row as u32);
                deals.id.codes.push(rows.deal.codes[row]);
            }
            pairs.push((*deal, row as u32));
        }
    });
    let grouped = grouped(&pairs, deals.len(), rows);
    drop(pairs);
    if from_history {
        make_deals(source, roles, rows, &grouped, &mut deals);
    }
    let in_table = deals.stage.levels.len();
    if stage_from_history {
        deals.stage.levels.extend(rows.stage.levels.iter());
    }
    for deal in 0..deals.len() {
        let Some(stage) = grouped.of(deal).stage.last().map(|stage| *stage as usize) else { continue };
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
    let (passages, begins_later) = passages(rows, &deals, &grouped, view, from_history, &mut tally);
    let mut left_out = tally.finish();
    left_out.extend(rows.left_out.iter().cloned());
    History { deals, passages, left_out, begins_later }
}

/// When the run of rows that ends `group` with `outcome` began.
fn entered_end(rows: &HistoryRows, group: Group<'_>, outcome: Outcome) -> f64 {
    let same = |(stage, _): &(&u32, &f64)| rows.ends[**stage as usize] == Some(outcome);
    group.stage.iter().zip(group.entered).rev().take_while(same).last().map_or(f64::NAN, |(_, entered)| *entered)
}

/// Fills in the deals that a history without deals table tells of: created at the first row, closed at the last one where a close date stands.
fn make_deals(source: &Source, roles: &Found<HistoryRole>, rows: &HistoryRows, grouped: &Grouped, deals: &mut Deals) {
    deals.id.levels = rows.deal.levels.clone();
    let n = deals.len();
    let weight_column = roles.get(&HistoryRole::Weight).map(|at| columns::numbers(&source.table.columns()[*at]));
    for deal in 0..n {
        let group = grouped.of(deal);
        let time = |time: Option<&f64>| time.copied().unwrap_or(f64::NAN);
        let ended =
            rows.closed.as_ref().is_some_and(|closed| group.rows.iter().any(|row| !closed[*row as usize].is_nan()));
        deals.created.push(time(group.entered.first()));
        deals.outcome.push(if ended { Outcome::Closed } else { Outcome::Open });
        deals.closed.push(if ended { time(group.entered.last()) } else { f64::NAN });
        let weight = weight_column.as_ref().map_or(1.0, |weights| weights[deals.row[deal] as usize]);
        deals.weight.push(if weight.is_finite() && weight >= 0.0 { weight } else { 1.0 });
    }
    deals.amount = vec![f64::NAN; n];
    deals.stage.codes = vec![Texts::MISSING; n];
    deals.owner.codes = vec![Texts::MISSING; n];
    let used: Vec<usize> =
        roles.iter().filter(|(role, _)| **role != HistoryRole::ClosedAt).map(|(_, at)| *at).collect();
    for (at, column) in source.table.columns().iter().enumerate() {
        if used.contains(&at) || !is_constant(&column.values, grouped, n) {
            continue;
        }
        let role = (roles.get(&HistoryRole::ClosedAt) == Some(&at)).then(|| "closed_at".to_owned());
        let values = columns::at_rows(&column.values, &deals.row);
        deals.attributes.push(Attribute { name: column.name.clone(), role, values });
    }
}

/// Whether every deal has one value only.
fn is_constant(values: &Values, grouped: &Grouped, deals: usize) -> bool {
    let bits = |row: &u32| match values {
        Values::Numbers(values) | Values::Instants(values) => values[*row as usize].to_bits(),
        Values::Texts(texts) => u64::from(texts.codes[*row as usize]),
    };
    (0..deals).all(|deal| grouped.of(deal).rows.windows(2).all(|pair| bits(&pair[0]) == bits(&pair[1])))
}

/// One stay of a deal: a row, or a run of rows of one stage.
struct Stay {
    stage: u32,
    entered: f64,
    exited: Option<f64>,
    row: usize,
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
    rows: &HistoryRows,
    group: Group<'_>,
    as_of: f64,
    repeats: Repeats,
    tally: &mut Tally<'_>,
) {
    stays.clear();
    for ((row, entered), stage) in group.rows.iter().zip(group.entered).zip(group.stage) {
        let (row, entered, stage) = (*row as usize, *entered, *stage);
        let mut exited =
            rows.exited.as_ref().map(|exited| exited[row]).filter(|exited| !exited.is_nan() && *exited <= as_of);
        if exited.is_some_and(|exited| exited < entered) {
            if let Some(place) = rows.place(row) {
                tally.add("exit_before_entry", place, "");
            }
            exited = None;
        }
        match stays.last_mut() {
            Some(last) if repeats == Repeats::Collapse && last.stage == stage => {
                last.exited = exited;
            }
            _ => stays.push(Stay { stage, entered, exited, row, watched: rows.watched_since(row) }),
        }
    }
}

fn passages(
    rows: &HistoryRows,
    deals: &Deals,
    grouped: &Grouped,
    view: View<'_>,
    from_history: bool,
    tally: &mut Tally<'_>,
) -> (Passages, bool) {
    let View { as_of, repeats, order, .. } = view;
    let open = |stage: &&u32| rows.ends[**stage as usize].is_none();
    let mut passages = Passages::with_capacity(grouped.stage.iter().filter(open).count());
    let (stages, place) = funnel_order(rows, grouped, deals.len(), order);
    passages.stages = stages;
    let mut visits: Vec<(u32, u32)> = Vec::new();
    let mut begins_later = false;
    let mut stays: Vec<Stay> = Vec::new();
    for deal in 0..deals.len() {
        visits.clear();
        read_stays(&mut stays, rows, grouped.of(deal), as_of, repeats, tally);
        if let Some(first) = stays.first_mut().filter(|first| !from_history && first.watched.is_nan()) {
            let short = first.exited.is_some_and(|exited| exited - first.entered <= MIGRATED_MS);
            let created = deals.created[deal];
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
            if stage == u32::MAX {
                continue;
            }
            let next = stays.get(at + 1);
            let (exited, exit, next_stage) = match next {
                Some(next) => {
                    let exited = stay.exited.unwrap_or(next.entered);
                    match rows.ends[next.stage as usize] {
                        Some(outcome) => (exited, exit_of(outcome), u32::MAX),
                        None => (exited, Exit::Moved, place[next.stage as usize]),
                    }
                }
                None if is_end(deals.outcome[deal]) => {
                    // The outcome stands outside the history. Where it is read off the history's own last row, that row is an end point.
                    let end = deals.closed[deal];
                    let exit = exit_of(deals.outcome[deal]);
                    if let Some(exited) = stay.exited {
                        (exited, exit, u32::MAX)
                    } else if repeats == Repeats::Separate || (from_history && end <= stay.entered) {
                        continue;
                    } else if end >= stay.entered {
                        (end, exit, u32::MAX)
                    } else {
                        if let Some(place) = rows.place(stay.row) {
                            let reason = if end.is_nan() { "no_close_date" } else { "closed_before_last_stage" };
                            tally.add(reason, place, "");
                        }
                        continue;
                    }
                }
                None => (stay.exited.unwrap_or(as_of), Exit::Censored, u32::MAX),
            };
            let ordinal = match visits.iter_mut().find(|(visited, _)| *visited == stage) {
                Some((_, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    visits.push((stage, 0));
                    0
                }
            };
            passages.deal.push(deal as u32);
            passages.stage.push(stage);
            passages.ordinal.push(ordinal);
            passages.entered.push(stay.entered);
            passages.exited.push(exited);
            passages.exit.push(exit);
            passages.next_stage.push(next_stage);
            let unseen = if stay.watched.is_nan() { 0.0 } else { stay.watched.min(exited) - stay.entered };
            passages.delayed_entry.push(unseen.max(0.0));
            passages.weight.push(deals.weight[deal]);
        }
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

/// Above this many stages, counting which of two comes first takes more memory than it is worth.
const PAIRED_STAGES: usize = 400;

/// Open stages in funnel order, and the place in it of each level of the stage column (`u32::MAX` for outcomes).
///
/// `order` first; the others by how many stages they precede in most deals (Copeland's score on first visits), then by mean position.
fn funnel_order(rows: &HistoryRows, grouped: &Grouped, deals: usize, order: &[String]) -> (Vec<String>, Vec<u32>) {
    let levels = &rows.stage.levels;
    let n = levels.len();
    let mut positions = vec![(0.0_f64, 0.0_f64); n];
    let paired = n <= PAIRED_STAGES;
    let mut before = vec![0_u32; if paired { n * n } else { 0 }];
    let mut firsts: Vec<usize> = Vec::new();
    for deal in 0..deals {
        firsts.clear();
        for stage in grouped.of(deal).stage {
            let stage = *stage as usize;
            if rows.ends[stage].is_none() && !firsts.contains(&stage) {
                if paired {
                    firsts.iter().for_each(|earlier| before[earlier * n + stage] += 1);
                }
                positions[stage].0 += firsts.len() as f64;
                positions[stage].1 += 1.0;
                firsts.push(stage);
            }
        }
    }
    let score = |stage: usize| -> i64 {
        if !paired {
            return 0;
        }
        (0..n).map(|other| i64::from(before[stage * n + other].cmp(&before[other * n + stage]) as i8)).sum()
    };
    let seen: Vec<(usize, i64, f64)> = (0..n)
        .filter(|stage| positions[*stage].1 > 0.0)
        .map(|stage| (stage, score(stage), positions[stage].0 / positions[stage].1))
        .collect();
    let asked = |stage: usize| order.iter().position(|name| *name == levels[stage]).unwrap_or(usize::MAX);
    let seen = reordered(seen, &mut |a, b| {
        asked(a.0)
            .cmp(&asked(b.0))
            .then(b.1.cmp(&a.1))
            .then(a.2.total_cmp(&b.2))
            .then_with(|| levels[a.0].cmp(&levels[b.0]))
    });
    let mut place = vec![u32::MAX; n];
    for (at, (stage, ..)) in seen.iter().enumerate() {
        place[*stage] = at as u32;
    }
    (seen.iter().map(|(stage, ..)| levels[*stage].to_owned()).collect(), place)
}
