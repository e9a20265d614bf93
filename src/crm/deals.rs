//! Deals from the rows of a deals table.

use super::columns::{self, Tally};
use super::exports;
use super::mapping::DealRole;
use super::recognise::{Found, Meanings};
use super::words::folded;
use super::{Attribute, Deals, LeftOut, Outcome};
use crate::read::Source;
use crate::read::numbers::{LARGEST, is_weight, shown, within_bounds};
use crate::table::{Column, Levels, Texts, Values};
use std::collections::HashSet;

/// The columns of a deals table that have a meaning, one entry per row.
pub(super) struct DealRows {
    pub id: Texts,
    pub created: Vec<f64>,
    /// Close dates as they stand: of open deals, expected ones.
    pub closed: Vec<f64>,
    pub outcome: Vec<Outcome>,
    /// Why the row is no deal, if it is none.
    pub dropped: Vec<Option<&'static str>>,
}

/// Reads ids, dates and outcomes of the deals in `source`; those in `merged` live on in another deal.
pub(super) fn rows(
    source: &Source,
    roles: &Found<DealRole>,
    meanings: &Meanings,
    merged: &HashSet<String>,
) -> DealRows {
    let table = source.table.columns();
    let n = source.table.rows();
    let column = |role: DealRole| roles.get(&role).map(|at| &table[*at]);
    let instants = |role| column(role).map_or_else(|| vec![f64::NAN; n], columns::instants);
    let id = match column(DealRole::Id) {
        Some(column) => columns::texts(column),
        None => (1..=n).map(|row| Some(row.to_string())).collect(),
    };
    let mut closed = instants(DealRole::ClosedAt);
    let shape = exports::shape_of(table).map(|(_, shape)| shape);
    let mut dropped = vec![None; n];
    let mut outcome: Vec<Outcome> = match column(DealRole::Outcome) {
        Some(column) => {
            let texts = columns::texts(column);
            let meant = |level: &str| meanings.outcome(level).or_else(|| shape.and_then(|shape| shape.outcome(level)));
            let meaning: Vec<Outcome> =
                texts.levels.iter().map(|level| meant(level).unwrap_or(Outcome::Open)).collect();
            let deleted: Vec<bool> = texts.levels.iter().map(|level| folded(level) == "deleted").collect();
            for (code, dropped) in texts.codes.iter().zip(&mut dropped) {
                *dropped = deleted.get(*code as usize).filter(|deleted| **deleted).map(|_| "deleted");
            }
            texts.codes.iter().map(|code| meaning.get(*code as usize).copied().unwrap_or(Outcome::Open)).collect()
        }
        // Without an outcome, a close date that has passed says that the deal ended.
        None => closed.iter().map(|closed| if closed.is_nan() { Outcome::Open } else { Outcome::Closed }).collect(),
    };
    let flags = |role| column(role).map(flags);
    let (is_closed, is_won) = (flags(DealRole::IsClosed), flags(DealRole::IsWon));
    let (is_deleted, is_active) = (flags(DealRole::IsDeleted), flags(DealRole::IsActive));
    let probability = column(DealRole::Probability);
    let (won_at, lost_at) = (column(DealRole::WonAt), column(DealRole::LostAt));
    let (won_at, lost_at) = (won_at.map(columns::instants), lost_at.map(columns::instants));
    for row in 0..n {
        let at = |flags: &Option<Vec<Option<bool>>>| flags.as_ref().and_then(|flags| flags[row]);
        outcome[row] = match (at(&is_closed), at(&is_won)) {
            (_, Some(true)) => Outcome::Won,
            (Some(true), Some(false)) => Outcome::Lost,
            (Some(true), None) if !is_end(outcome[row]) => Outcome::Closed,
            (Some(false), _) if is_end(outcome[row]) => Outcome::Open,
            (None, Some(false)) if outcome[row] == Outcome::Won => Outcome::Open,
            _ => outcome[row],
        };
        if at(&is_active) == Some(false) && !is_end(outcome[row]) {
            if probability.is_none_or(|column| columns::numbers_at(column, row) > 0.0) {
                dropped[row] = Some("archived");
            } else {
                outcome[row] = Outcome::Lost;
            }
        }
        if at(&is_deleted) == Some(true) {
            dropped[row] = Some("deleted");
        }
        let own = match outcome[row] {
            Outcome::Won => &won_at,
            Outcome::Lost => &lost_at,
            _ => &None,
        };
        if let Some(own) = own.as_ref().map(|own| own[row]).filter(|own| !own.is_nan()) {
            closed[row] = own;
        }
    }
    if !merged.is_empty() {
        for (row, dropped) in dropped.iter_mut().enumerate() {
            if id.get(row).is_some_and(|id| merged.contains(id)) {
                *dropped = Some("merged");
            }
        }
    }
    DealRows { id, created: instants(DealRole::CreatedAt), closed, outcome, dropped }
}

/// What the amount of each row is multiplied by; `None` where there are no rates or where the amounts are in one currency already.
/// A row without a usable rate keeps its amount.
fn rates(table: &[Column], roles: &Found<DealRole>) -> Option<Vec<f64>> {
    let amount = folded(&table[*roles.get(&DealRole::Amount)?].name);
    if ["converted", "homecurrency", "companycurrency", "usdollar", "base"].iter().any(|own| amount.ends_with(own)) {
        return None;
    }
    let divides = exports::shape_of(table).is_some_and(|(_, shape)| shape.rate_divides);
    let mut rates = columns::numbers(&table[*roles.get(&DealRole::ExchangeRate)?]);
    for rate in &mut rates {
        // One that is smaller than a number may be large, turned over, is as little a rate.
        let usable = *rate <= LARGEST && *rate >= 1.0 / LARGEST;
        *rate = match (usable, divides) {
            (false, _) => 1.0,
            (true, true) => 1.0 / *rate,
            (true, false) => *rate,
        };
    }
    rates.iter().any(|rate| *rate != 1.0).then_some(rates)
}

/// What the column says per row; `None` where it says neither yes nor no.
fn flags(column: &Column) -> Vec<Option<bool>> {
    let texts = columns::texts(column);
    let meaning: Vec<Option<bool>> = texts.levels.iter().map(exports::flag).collect();
    texts.codes.iter().map(|code| meaning.get(*code as usize).copied().flatten()).collect()
}

/// Whether `outcome` is an end.
pub(super) fn is_end(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Won | Outcome::Lost | Outcome::Closed)
}

/// The deals that exist at `as_of`, as they stood then, and the rows left out.
pub(super) fn deals(
    source: &Source,
    roles: &Found<DealRole>,
    rows: DealRows,
    meanings: &Meanings,
    as_of: f64,
) -> (Deals, Vec<LeftOut>) {
    let table = &source.table;
    let mut tally = Tally::new("deals", table);
    let weights = match (roles.get(&DealRole::Weight), table.weights()) {
        (Some(at), _) => Some(columns::numbers(&table.columns()[*at])),
        (None, Some(weights)) => Some(weights.to_vec()),
        (None, None) => None,
    };
    let mut seen = vec![false; rows.id.levels.len()];
    let mut kept: Vec<u32> = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let Some(seen) = seen.get_mut(rows.id.codes[row] as usize) else {
            tally.add("no_id", row, "");
            continue;
        };
        let weight = weights.as_ref().map_or(1.0, |weights| weights[row]);
        if *seen {
            tally.add("duplicate_id", row, rows.id.get(row).unwrap_or_default());
        } else if let Some(reason) = rows.dropped[row] {
            tally.add(reason, row, "");
        } else if rows.created[row] > as_of {
            tally.add("after_as_of", row, "");
        } else if !is_weight(weight) {
            tally.add("bad_weight", row, &if weight.is_nan() { String::new() } else { shown(weight) });
        } else {
            *seen = true;
            kept.push(row as u32);
        }
    }
    let mut deals = Deals::default();
    let kept_rows = || kept.iter().map(|row| *row as usize);
    let outcome = |row: usize| {
        let is_later = is_end(rows.outcome[row]) && rows.closed[row] > as_of;
        if is_later { Outcome::Open } else { rows.outcome[row] }
    };
    deals.outcome = kept_rows().map(outcome).collect();
    let closed = |row: usize| if is_end(outcome(row)) { rows.closed[row] } else { f64::NAN };
    deals.closed = kept_rows().map(closed).collect();
    deals.created = kept_rows().map(|row| rows.created[row]).collect();
    deals.weight = kept_rows().map(|row| weights.as_ref().map_or(1.0, |weights| weights[row])).collect();
    let texts = |role: DealRole, read: &dyn Fn(&Column) -> Texts| match roles.get(&role) {
        Some(at) => picked(read(&table.columns()[*at]), &kept),
        None => Texts { codes: vec![Texts::MISSING; kept.len()], levels: Levels::default() },
    };
    deals.stage = texts(DealRole::Stage, &|column| meanings.stages(column));
    deals.owner = texts(DealRole::Owner, &columns::texts);
    deals.amount = match roles.get(&DealRole::Amount) {
        Some(at) => kept.iter().map(|row| columns::numbers_at(&table.columns()[*at], *row as usize)).collect(),
        None => vec![f64::NAN; kept.len()],
    };
    let rates = rates(table.columns(), roles);
    if let Some(rates) = &rates {
        let amount_name = roles.get(&DealRole::Amount).map_or("", |at| table.columns()[*at].name.as_str());
        for (amount, row) in deals.amount.iter_mut().zip(&kept) {
            let rate = rates[*row as usize];
            let converted = within_bounds(*amount * rate);
            if converted.is_nan() && !amount.is_nan() {
                tally.add("unreadable_value", *row as usize, &format!("{amount_name}: {amount:e} × {rate:e}"));
            }
            *amount = converted;
        }
    }
    deals.id = picked(rows.id, &kept);
    let own = [DealRole::Id, DealRole::CreatedAt, DealRole::Weight].map(|role| roles.get(&role).copied());
    for (at, column) in table.columns().iter().enumerate() {
        if !own.contains(&Some(at)) {
            let values = if rates.is_some() && roles.get(&DealRole::Amount) == Some(&at) {
                Values::Numbers(deals.amount.clone())
            } else {
                columns::at_rows(&column.values, &kept)
            };
            deals.attributes.push(Attribute {
                name: column.name.clone(),
                role: role_of(roles, at).map(str::to_owned),
                values,
            });
        }
    }
    deals.row = kept;
    (deals, tally.finish())
}

/// Name of the role of column `at`; the outcome goes before the stage where one column is both.
pub(super) fn role_of(roles: &Found<DealRole>, at: usize) -> Option<&'static str> {
    let has = |role: &DealRole| roles.get(role) == Some(&at);
    std::iter::once(&DealRole::Outcome).chain(DealRole::ALL).find(|role| has(role)).map(|role| role.name())
}

fn picked(texts: Texts, rows: &[u32]) -> Texts {
    match columns::at_rows(&Values::Texts(texts), rows) {
        Values::Texts(texts) => texts,
        Values::Numbers(_) | Values::Instants(_) => Texts::default(),
    }
}
