//! Which form each deal's stage history has: the most informative one that tells of it.

use super::audit::Audit;
use super::wide::Wide;
use super::{HistoryRows, audit, current, from_to, totals, wide};
use crate::crm::columns::{self, Tally};
use crate::crm::deals::{DealRows, is_end};
use crate::crm::mapping::{DealRole, HistoryRole, Mapping};
use crate::crm::recognise::{Found, Meanings};
use crate::crm::{Outcome, same};
use crate::error::Result;
use crate::read::Source;
use crate::table::{Column, Levels, Texts};
use std::collections::HashMap;

/// Where a stage history can stand.
pub(in crate::crm) struct Given<'a, 't> {
    pub history: Option<(&'t Source, &'a Found<HistoryRole>)>,
    pub deals: Option<(&'a Source, &'a Found<DealRole>, &'a DealRows)>,
    pub meanings: &'a Meanings,
    /// Open stages in funnel order, as far as that is told.
    pub open_stages: &'a [String],
    pub mapping: &'a Mapping,
}

impl Given<'_, '_> {
    /// The stages of the deals by their labels, where the deals name any.
    pub(super) fn stages_of_deals(&self) -> Option<Texts> {
        let (source, roles, _) = self.deals?;
        roles.get(&DealRole::Stage).map(|at| self.meanings.stages(&source.table.columns()[*at]))
    }

    /// The names of the columns that hold stages, of the history and of the deals.
    fn stage_columns(&self) -> [Option<&str>; 3] {
        let of_history = self.history.and_then(|(source, roles)| {
            let at = roles.get(&HistoryRole::Stage)?;
            Some(source.table.columns()[*at].name.as_str())
        });
        let of_deals = self.deals.and_then(|(source, roles, _)| {
            let at = roles.get(&DealRole::Stage)?;
            Some(source.table.columns()[*at].name.as_str())
        });
        [of_history, of_deals, Some("stage")]
    }
}

/// A stay that a form tells of.
pub(super) struct Told {
    pub stage: String,
    pub entered: f64,
    /// NaN where not told.
    pub exited: f64,
    /// Since when it was watched; NaN where from its start.
    pub watched: f64,
}

/// The deals table as the forms that stand in it see it.
pub(super) struct DealsView<'a> {
    pub columns: &'a [Column],
    pub stage: Option<Texts>,
    pub rows: &'a DealRows,
}

impl DealsView<'_> {
    /// When the deal of `row` ended; NaN while open or where unknown.
    pub fn closed(&self, row: usize) -> f64 {
        if is_end(self.rows.outcome[row]) { self.rows.closed[row] } else { f64::NAN }
    }

    pub fn stage(&self, row: usize) -> Option<&str> {
        self.stage.as_ref().and_then(|stage| stage.get(row))
    }
}

/// Appends rows beyond those of the history table.
struct Beyond<'r, 't> {
    rows: &'r mut HistoryRows<'t>,
    stages: HashMap<String, u32>,
}

impl<'r, 't> Beyond<'r, 't> {
    fn new(rows: &'r mut HistoryRows<'t>) -> Self {
        let stages = rows.stage.levels.iter().zip(0..).map(|(level, code)| (level.to_owned(), code)).collect();
        Beyond { rows, stages }
    }

    /// The code in the history of each of `ids`; `u32::MAX` for those that it does not name.
    fn codes_of(&self, ids: &Levels) -> Vec<u32> {
        let codes: HashMap<&str, u32> = self.rows.deal.levels.iter().zip(0..).collect();
        ids.iter().map(|id| codes.get(id).copied().unwrap_or(u32::MAX)).collect()
    }

    /// A code for a deal that the history does not name.
    fn new_code(&mut self, id: &str) -> u32 {
        self.rows.deal.levels.push(id);
        (self.rows.deal.levels.len() - 1) as u32
    }

    fn push(&mut self, deal: u32, told: Told, row: usize) {
        let levels = &mut self.rows.stage.levels;
        let code = *self.stages.entry(told.stage).or_insert_with_key(|stage| {
            levels.push(stage);
            (levels.len() - 1) as u32
        });
        let n = self.rows.entered.len();
        self.rows.deal.codes.push(deal);
        self.rows.stage.codes.push(code);
        self.rows.entered.to_mut().push(told.entered);
        self.rows.exited.get_or_insert_with(|| vec![f64::NAN; n]).push(told.exited);
        if let Some(closed) = &mut self.rows.closed {
            closed.push(f64::NAN);
        }
        self.rows.beyond.push((told.watched, row as u32));
    }
}

/// Stays of deals by the history table and, for the deals that it does not tell of, by the deals table; `None` where neither tells any.
///
/// # Errors
/// [`crate::Error::UnknownColumn`] where the mapping names a column of a stage that is not there.
pub(in crate::crm) fn rows<'t>(given: &Given<'_, 't>) -> Result<Option<HistoryRows<'t>>> {
    let mut rows = HistoryRows::default();
    let mut audit = None;
    if let Some((source, roles)) = given.history {
        audit = from_to::rows(source, roles, given, &mut rows);
    }
    if let (Some((source, roles)), None) = (given.history, &audit) {
        let moves = from_to::last_moves(source, roles, given.meanings, &rows);
        let mut beyond = Beyond::new(&mut rows);
        moves.into_iter().for_each(|(deal, told, row)| beyond.push(deal, told, row));
    }
    if let Some((source, roles, deal_rows)) = given.deals {
        let known = told_deals(&rows);
        let column = |role: DealRole| roles.get(&role).map(|at| &source.table.columns()[*at]);
        let view = DealsView { columns: source.table.columns(), stage: given.stages_of_deals(), rows: deal_rows };
        let forms = InDeals {
            wide: wide::columns_of(&view, given.mapping, given.meanings)?,
            totals: column(DealRole::StageTimes)
                .map(|times| (columns::texts(times), column(DealRole::StageOrder).map(columns::texts))),
            current: column(DealRole::StageEnteredAt).map(columns::instants),
            view,
        };
        let mut tally = Tally::new("deals", &source.table);
        beyond_the_table(given, &forms, audit.as_ref(), &known, &mut rows, &mut tally);
        rows.left_out.extend(tally.finish());
    }
    if given.history.is_none() && rows.entered.is_empty() {
        return Ok(None);
    }
    same::of_texts(&mut rows.stage, &given.mapping.same, &given.stage_columns());
    let open = given.open_stages;
    let end = |level: &str| {
        let outcome = if open.iter().any(|stage| stage == level) { None } else { given.meanings.outcome(level) };
        outcome.filter(|outcome| *outcome != Outcome::Open)
    };
    rows.ends = rows.stage.levels.iter().map(end).collect();
    Ok(Some(rows))
}

/// For each deal that the history names whether any of its rows tells of a stage.
fn told_deals(rows: &HistoryRows<'_>) -> Vec<bool> {
    let mut told = vec![false; rows.deal.levels.len()];
    for row in (0..rows.table_rows).filter(|row| rows.other.get(*row) != Some(&true)) {
        if let Some(told) = told.get_mut(rows.deal.codes[row] as usize) {
            *told = true;
        }
    }
    told
}

/// The first row of each deal of the deals table, and the deal's code there.
fn first_rows(ids: &Texts) -> impl Iterator<Item = (usize, usize)> {
    let mut seen = vec![false; ids.levels.len()];
    ids.codes.iter().enumerate().filter_map(move |(row, code)| {
        let seen = seen.get_mut(*code as usize).filter(|seen| !**seen)?;
        *seen = true;
        Some((row, *code as usize))
    })
}

/// Appends to `rows` what the history table leaves out: the first stages of an audit, then all stays of the deals that it does not tell of
/// (`known` says of which it does).
fn beyond_the_table(
    given: &Given<'_, '_>,
    forms: &InDeals<'_>,
    audit: Option<&Audit>,
    known: &[bool],
    rows: &mut HistoryRows<'_>,
    tally: &mut Tally<'_>,
) {
    let view = &forms.view;
    let ids = &view.rows.id;
    let begins = audit.map_or(f64::NAN, |audit| audit.begins(view));
    let mut beyond = Beyond::new(rows);
    let codes = beyond.codes_of(&ids.levels);
    let (mut firsts, mut others) = (Vec::new(), Vec::new());
    let mut used = [false; FORMS.len()];
    for (row, level) in first_rows(ids) {
        let mut code = codes[level];
        if known.get(code as usize) == Some(&true) {
            let first = audit.and_then(|audit| audit.first(code, view.rows.created[row], begins));
            firsts.extend(first.map(|told| (code, told, row)));
            continue;
        }
        let told = match forms.told(row, given, beyond.rows, tally) {
            Some((form, told)) => {
                used[form] = true;
                beyond.rows.filled += usize::from(given.history.is_some());
                told
            }
            None if audit.is_some() => {
                let told = audit::unchanged(view, row, begins, given.meanings);
                if told.is_some() {
                    beyond.rows.lack("first_stage_assumed");
                }
                told.into_iter().collect()
            }
            None => continue,
        };
        if code == u32::MAX && !told.is_empty() {
            code = beyond.new_code(&ids.levels[level]);
        }
        others.extend(told.into_iter().map(|told| (code, told, row)));
    }
    if !firsts.is_empty() {
        beyond.rows.lack("first_stage_assumed");
    }
    if begins.is_finite() {
        beyond.rows.lack("history_begins_later");
    }
    let start = beyond.rows.entered.len();
    beyond.rows.first = start..start + firsts.len();
    for (deal, told, row) in firsts.into_iter().chain(others) {
        beyond.push(deal, told, row);
    }
    for ((form, lacks), _) in FORMS.iter().zip(used).filter(|(_, used)| *used) {
        rows.form.get_or_insert(form);
        lacks.iter().for_each(|code| rows.lack(code));
    }
}

/// Forms that stand in the deals table, the most informative first, and what they cannot tell.
const FORMS: [(&str, &[&str]); 3] = [
    ("wide", &["reentries_merged"]),
    ("totals", &["no_timestamps", "reentries_merged"]),
    ("current_stage", &["earlier_stages_unknown"]),
];

/// The columns of each of [`FORMS`] that the deals table has.
struct InDeals<'a> {
    view: DealsView<'a>,
    wide: Option<Wide>,
    /// Times, and the order of stages where it has a column of its own.
    totals: Option<(Texts, Option<Texts>)>,
    current: Option<Vec<f64>>,
}

impl InDeals<'_> {
    /// The most informative form that tells stays of the deal in `row`, by its place in [`FORMS`], and those stays.
    fn told(
        &self,
        row: usize,
        given: &Given<'_, '_>,
        rows: &mut HistoryRows<'_>,
        tally: &mut Tally<'_>,
    ) -> Option<(usize, Vec<Told>)> {
        if let Some(wide) = &self.wide {
            let told = wide.told(row, tally);
            if !told.is_empty() {
                return Some((0, told));
            }
        }
        if let Some((times, order)) = &self.totals {
            let texts = (times.get(row), order.as_ref().and_then(|order| order.get(row)));
            let (told, ordered) = totals::told(&self.view, row, texts, given.open_stages, given.meanings, tally);
            if !told.is_empty() {
                if !ordered {
                    rows.lack("order_assumed");
                }
                return Some((1, told));
            }
        }
        let entered = *self.current.as_ref()?.get(row)?;
        current::told(&self.view, row, entered).map(|told| (2, vec![told]))
    }
}
