//! The table of stages that some exports have: what ids of stages are called, in which order they stand, which of them end a deal.

use super::load::LoadedTable;
use super::mapping::TableKind;
use super::words::{header_names, outcome_word};
use super::{Outcome, columns, exports};
use crate::stats::order::sort_rows;
use crate::table::Values;
use std::collections::HashMap;

/// What the table of stages says.
#[derive(Default)]
pub(super) struct Stages {
    /// Label of each id.
    pub labels: HashMap<String, String>,
    /// Outcome that each id and each label means; open stages are listed too.
    pub outcomes: Vec<(String, Outcome)>,
    /// Labels of the open stages in funnel order.
    pub order: Vec<String>,
    /// Place of the table among those given.
    pub place: usize,
}

const ID: &[&str] = &["stageid", "apiname", "statusid", PROCESS_STAGE, "id"];
/// Names a table of stages by itself.
const PROCESS_STAGE: &str = "processstageid";
const LABEL: &[&str] = &["label", "masterlabel", "stagelabel", "stagename", "name"];
const ORDER: &[&str] = &["displayorder", "sortorder", "ordernr", "sequence", "sort"];
const CLOSED: &[&str] = &["isclosed"];
const WON: &[&str] = &["closedwon", "iswon"];
const SEMANTICS: &[&str] = &["semantics", "semantic"];
const PROBABILITY: &[&str] = &["probability", "dealprobability", "defaultprobability"];
/// No funnel has more stages; a longer table is about something else.
const MOST: usize = 1000;

/// The first dimension table whose columns are a label and at least two of: order, closed, won, semantics, probability.
pub(super) fn of(tables: &[LoadedTable]) -> Option<Stages> {
    tables.iter().enumerate().find_map(|(place, table)| stages(place, table))
}

fn stages(place: usize, table: &LoadedTable) -> Option<Stages> {
    let columns = table.source.table.columns();
    let n = table.source.table.rows();
    if table.kind != TableKind::Dimension || n > MOST {
        return None;
    }
    let (names, _) = header_names(columns);
    let at = |words: &[&str]| words.iter().find_map(|word| names.iter().position(|name| name == word));
    let texts = |words: &[&str]| at(words).map(|at| columns::texts(&columns[at]));
    let facts = [ORDER, CLOSED, WON, SEMANTICS, PROBABILITY].into_iter().filter(|words| at(words).is_some()).count();
    let label = texts(LABEL).filter(|_| facts >= 2 || at(&[PROCESS_STAGE]).is_some())?;
    let (id, closed, won, semantics) = (texts(ID), texts(CLOSED), texts(WON), texts(SEMANTICS));
    let flag = |texts: &Option<crate::table::Texts>, row| texts.as_ref()?.get(row).and_then(exports::flag);
    let mut stages = Stages { place, ..Stages::default() };
    let mut open: Vec<usize> = Vec::new();
    for row in 0..n {
        let Some(name) = label.get(row) else { continue };
        let told = semantics.as_ref().and_then(|texts| texts.get(row)).map(str::to_ascii_lowercase);
        let outcome = match (flag(&closed, row), flag(&won, row), told.as_deref()) {
            (_, Some(true), _) | (.., Some("s")) => Some(Outcome::Won),
            (Some(true), ..) | (.., Some("f")) => Some(Outcome::Lost),
            // A stage to wait in is open for the system, and says itself what it is.
            _ if outcome_word(name) == Some(Outcome::Hold) => Some(Outcome::Hold),
            (Some(false), ..) | (.., Some("p")) => Some(Outcome::Open),
            // Won or not is not yet open or not.
            _ => None,
        };
        if let Some(outcome) = outcome {
            stages.outcomes.push((name.to_owned(), outcome));
        }
        if outcome.is_none_or(|outcome| outcome == Outcome::Open) {
            open.push(row);
        }
        if let Some(id) = id.as_ref().and_then(|id| id.get(row)) {
            stages.labels.insert(id.to_owned(), name.to_owned());
            stages.outcomes.extend(outcome.map(|outcome| (id.to_owned(), outcome)));
        }
    }
    if let Some(Values::Numbers(order)) = at(ORDER).map(|at| &columns[at].values) {
        sort_rows(&mut open, &mut |a, b| order[a].total_cmp(&order[b]));
        for name in open.into_iter().filter_map(|row| label.get(row)) {
            if !stages.order.iter().any(|known| known == name) {
                stages.order.push(name.to_owned());
            }
        }
    }
    Some(stages)
}
