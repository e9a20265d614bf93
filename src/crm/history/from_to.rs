//! Entry logs and from/to rows: a row is a stay, its end the next entry, the exit that stands there, or entry and duration.

use super::audit::Audit;
use super::forms::{Given, Told};
use super::{HistoryRows, audit};
use crate::crm::columns::{self, Tally};
use crate::crm::exports;
use crate::crm::mapping::HistoryRole;
use crate::crm::recognise::{Found, Meanings};
use crate::read::Source;
use crate::table::{Levels, Texts};

/// Reads the history table into `rows`; what an audit says of first stages where it is one.
pub(super) fn rows<'t>(
    source: &'t Source,
    roles: &Found<HistoryRole>,
    given: &Given<'_, '_>,
    rows: &mut HistoryRows<'t>,
) -> Option<Audit> {
    let table = source.table.columns();
    let n = source.table.rows();
    let column = |role: HistoryRole| roles.get(&role).map(|at| &table[*at]);
    let texts = |role| match column(role) {
        Some(column) if role == HistoryRole::DealId => columns::texts(column),
        Some(column) => given.meanings.stages(column),
        None => Texts { codes: vec![Texts::MISSING; n], levels: Levels::default() },
    };
    rows.table_rows = n;
    rows.deal = texts(HistoryRole::DealId);
    rows.entered = column(HistoryRole::EnteredAt).map_or_else(|| vec![f64::NAN; n].into(), columns::lent_instants);
    rows.exited = column(HistoryRole::ExitedAt).map(columns::instants);
    rows.closed = column(HistoryRole::ClosedAt).map(columns::instants);
    let duration = column(HistoryRole::Duration).map(columns::numbers);
    let moved = rows.exited.is_none() && duration.is_none() && roles.contains_key(&HistoryRole::To);
    if moved || roles.contains_key(&HistoryRole::Old) || roles.contains_key(&HistoryRole::Field) {
        rows.form = Some("audit");
        let (old, new) = if moved && !roles.contains_key(&HistoryRole::Old) {
            (HistoryRole::Stage, HistoryRole::To)
        } else {
            (HistoryRole::Old, HistoryRole::Stage)
        };
        let field = column(HistoryRole::Field).map(columns::texts);
        let stages = given.stages_of_deals();
        let is_stage = |text: &str| {
            stages.as_ref().is_some_and(|stages| stages.levels.iter().any(|stage| stage == text))
                || given.open_stages.iter().any(|stage| stage == text)
                || given.meanings.outcome(text).is_some()
        };
        let stage_field = given.mapping.stage_field.as_deref();
        return Some(audit::read(rows, (texts(old), texts(new)), field, stage_field, &is_stage));
    }
    rows.stage = texts(HistoryRole::Stage);
    if exports::shape_of(table).is_some_and(|(_, shape)| shape.current_only) {
        rows.current_only = true;
        rows.form = Some("current_stage");
        rows.lack("earlier_stages_unknown");
        return None;
    }
    if let Some(duration) = duration {
        let mut tally = Tally::new("history", &source.table);
        let mut exited = rows.exited.take().unwrap_or_else(|| vec![f64::NAN; n]);
        for (row, seconds) in duration.iter().enumerate() {
            if *seconds < 0.0 {
                tally.add("negative_duration", row, &seconds.to_string());
            } else if exited[row].is_nan() {
                exited[row] = rows.entered[row] + seconds * 1000.0;
            } else if rows.entered[row].is_nan() {
                rows.entered.to_mut()[row] = exited[row] - seconds * 1000.0;
            }
        }
        rows.exited = Some(exited);
        rows.left_out.extend(tally.finish());
    }
    rows.form = Some(if rows.exited.is_some() { "from_to" } else { "entry_log" });
    None
}

/// Where each deal moved to after its last row, if that says so.
pub(super) fn last_moves(
    source: &Source,
    roles: &Found<HistoryRole>,
    meanings: &Meanings,
    rows: &HistoryRows<'_>,
) -> Vec<(u32, Told, usize)> {
    let (Some(at), Some(exited)) = (roles.get(&HistoryRole::To), &rows.exited) else { return Vec::new() };
    let to = meanings.stages(&source.table.columns()[*at]);
    let mut last = vec![usize::MAX; rows.deal.levels.len()];
    for row in 0..rows.table_rows {
        if let Some(last) = last.get_mut(rows.deal.codes[row] as usize)
            && rows.entered.get(*last).is_none_or(|entered| rows.entered[row] >= *entered)
            && !rows.entered[row].is_nan()
        {
            *last = row;
        }
    }
    let mut moves = Vec::new();
    for (deal, row) in last.into_iter().enumerate() {
        if let Some(stage) = to.get(row)
            && !exited[row].is_nan()
        {
            let told = Told { stage: stage.to_owned(), entered: exited[row], exited: f64::NAN, watched: f64::NAN };
            moves.push((deal as u32, told, row));
        }
    }
    moves
}
