//! Which form each deal's stage history has: the most informative one that tells of it.

use super::{HistoryRows, audit, current, from_to, totals, wide};
use crate::crm::columns::{self, Tally};
use crate::crm::deals::{DealRows, is_end};
use crate::crm::mapping::{DealRole, HistoryRole, Mapping};
use crate::crm::recognise::{Found, Meanings};
use crate::crm::{LeftOut, Outcome};
use crate::error::Result;
use crate::read::Source;
use crate::table::{Column, Texts};
use std::collections::HashMap;

/// Where a stage history can stand.
pub(in crate::crm) struct Given<'a> {
    pub history: Option<(&'a Source, &'a Found<HistoryRole>)>,
    pub deals: Option<(&'a Source, &'a Found<DealRole>, &'a DealRows)>,
    pub meanings: &'a Meanings,
    /// Open stages in funnel order, as far as that is told.
    pub open_stages: &'a [String],
    pub mapping: &'a Mapping,
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
struct Beyond<'r> {
    rows: &'r mut HistoryRows,
    stages: HashMap<String, u32>,
}

impl Beyond<'_> {
    fn push(&mut self, deal: u32, told: Told, row: usize) {
        let levels = &mut self.rows.stage.levels;
        let code = *self.stages.entry(told.stage).or_insert_with_key(|stage| {
            levels.push(stage);
            (levels.len() - 1) as u32
        });
        let n = self.rows.entered.len();
        self.rows.deal.codes.push(deal);
        self.rows.stage.codes.push(code);
        self.rows.entered.push(told.entered);
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
pub(in crate::crm) fn rows(given: &Given<'_>) -> Result<Option<HistoryRows>> {
    let mut rows = HistoryRows::default();
    let mut audit = None;
    if let Some((source, roles)) = given.history {
        audit = from_to::rows(source, roles, given, &mut rows);
    }
    let codes = rows.deal.levels.len();
    let mut known = vec![false; codes];
    for row in 0..rows.table_rows {
        if rows.other.get(row) != Some(&true)
            && let Some(known) = known.get_mut(rows.deal.codes[row] as usize)
        {
            *known = true;
        }
    }
    let stages = rows.stage.levels.iter().enumerate().map(|(code, level)| (level.to_owned(), code as u32)).collect();
    let mut beyond = Beyond { rows: &mut rows, stages };
    if audit.is_none()
        && let Some((source, roles)) = given.history
    {
        for (deal, told, row) in from_to::last_moves(source, roles, given.meanings, beyond.rows) {
            beyond.push(deal, told, row);
        }
    }
    if let Some((source, roles, deal_rows)) = given.deals {
        let column = |role: DealRole| roles.get(&role).map(|at| &source.table.columns()[*at]);
        let view = DealsView {
            columns: source.table.columns(),
            stage: column(DealRole::Stage).map(|column| given.meanings.stages(column)),
            rows: deal_rows,
        };
        let wide = wide::columns_of(&view, given.mapping)?;
        let totals = column(DealRole::StageTimes)
            .map(|times| (columns::texts(times), column(DealRole::StageOrder).map(columns::texts)));
        let current = column(DealRole::StageEnteredAt).map(columns::instants);
        let code_of: Vec<u32> = {
            let codes: HashMap<&str, u32> =
                beyond.rows.deal.levels.iter().enumerate().map(|(code, id)| (id, code as u32)).collect();
            deal_rows.id.levels.iter().map(|id| codes.get(id).copied().unwrap_or(u32::MAX)).collect()
        };
        let mut seen = vec![false; deal_rows.id.levels.len()];
        let mut firsts: Vec<(u32, Told, usize)> = Vec::new();
        let mut others: Vec<(u32, Told, usize)> = Vec::new();
        let mut tally = Tally::new("deals", &source.table);
        let begins = audit.as_ref().map_or(f64::NAN, |audit: &audit::Audit| audit.begins(&view));
        let told_by_table = |row: usize, code: u32, known: &[bool]| {
            known.get(code as usize) == Some(&true) && !deal_rows.created[row].is_nan()
        };
        let mut forms = [false; 3];
        for row in 0..source.table.rows() {
            let level = deal_rows.id.codes[row] as usize;
            match seen.get_mut(level) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            let mut code = code_of[level];
            if known.get(code as usize) == Some(&true) {
                if let Some(audit) = &audit
                    && told_by_table(row, code, &known)
                    && let Some(told) = audit.first(code, deal_rows.created[row], begins)
                {
                    firsts.push((code, told, row));
                }
                continue;
            }
            let mut told = wide.as_ref().map_or_else(Vec::new, |wide| wide.told(row, &mut tally));
            let mut form = 0;
            if told.is_empty()
                && let Some((times, order)) = &totals
            {
                let order = order.as_ref().and_then(|order| order.get(row));
                let (found, ordered) =
                    totals::told(&view, row, (times.get(row), order), given.open_stages, given.meanings, &mut tally);
                if !found.is_empty() && !ordered {
                    beyond.rows.lack("order_assumed");
                }
                told = found;
                form = 1;
            }
            if told.is_empty()
                && let Some(entered) = &current
            {
                told.extend(current::told(&view, row, entered[row]));
                form = 2;
            }
            let from_deals = !told.is_empty();
            if told.is_empty() && audit.is_some() && deal_rows.outcome[row] == Outcome::Open {
                told.extend(audit::unchanged(&view, row, begins));
                if !told.is_empty() {
                    beyond.rows.lack("first_stage_assumed");
                }
            }
            if told.is_empty() {
                continue;
            }
            if from_deals {
                forms[form] = true;
                beyond.rows.filled += usize::from(given.history.is_some());
            }
            if code == u32::MAX {
                beyond.rows.deal.levels.push(&deal_rows.id.levels[level]);
                code = (beyond.rows.deal.levels.len() - 1) as u32;
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
        for ((form, lacks), _) in FORMS.iter().zip(forms).filter(|(_, has)| *has) {
            beyond.rows.form.get_or_insert(form);
            lacks.iter().for_each(|code| beyond.rows.lack(code));
        }
        let found: Vec<LeftOut> = tally.finish();
        rows.left_out.extend(found);
    }
    if given.history.is_none() && rows.entered.is_empty() {
        return Ok(None);
    }
    let open = given.open_stages;
    let end = |level: &str| {
        let outcome = if open.iter().any(|stage| stage == level) { None } else { given.meanings.outcome(level) };
        outcome.filter(|outcome| *outcome != Outcome::Open)
    };
    rows.ends = rows.stage.levels.iter().map(end).collect();
    Ok(Some(rows))
}

/// Forms that stand in the deals table, the most informative first, and what they cannot tell.
const FORMS: [(&str, &[&str]); 3] = [
    ("wide", &["reentries_merged"]),
    ("totals", &["no_timestamps", "reentries_merged"]),
    ("current_stage", &["earlier_stages_unknown"]),
];
