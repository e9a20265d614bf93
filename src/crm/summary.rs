//! What was recognised: for the header line and the mapping panel of a dashboard.

use super::joins::JoinSummary;
use super::load::{AllRoles, LoadedTable, used_levels};
use super::mapping::{DealRole, HistoryRole, InteractionRole, Mapping, Roles, TableKind};
use super::recognise::{Found, Meanings, candidates};
use super::words::Words;
use super::{Crm, LeftOut, Outcome, columns, deals, exports};
use crate::table::Values;
use crate::time::Calendar;
use serde::Serialize;

/// A column and how it was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnSummary {
    /// Name.
    pub name: String,
    /// `number`, `instant` or `text`.
    pub kind: &'static str,
    /// Role, if any.
    pub role: Option<String>,
    /// Rows without a value.
    pub missing: usize,
    /// Distinct values; texts only.
    pub distinct: Option<usize>,
    /// First values as read.
    pub examples: Vec<String>,
    /// How dates are written.
    pub date_order: Option<String>,
    /// What that rests on.
    pub date_evidence: Option<String>,
}

/// A table and its columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableSummary {
    /// `deals`, `history`, `customers`, `orders`, `interactions` or `dimension`.
    pub table: &'static str,
    /// Name of the source.
    pub source: String,
    /// Number of rows.
    pub rows: usize,
    /// What separates its fields, if it was a text file.
    pub separator: Option<char>,
    /// Its columns.
    pub columns: Vec<ColumnSummary>,
}

/// A role that an analysis needs and that no column was recognised for, or that several columns compete for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsure {
    /// Table.
    pub table: &'static str,
    /// Role.
    pub role: &'static str,
    /// Columns that could have it.
    pub candidates: Vec<String>,
    /// Analyses that need it.
    pub needed_by: Vec<&'static str>,
}

/// How many of everything there are. Deals are rows, not weighted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Counts {
    /// Deals.
    pub deals: usize,
    /// Open ones.
    pub open: usize,
    /// Won ones.
    pub won: usize,
    /// Lost ones.
    pub lost: usize,
    /// Ones on hold.
    pub hold: usize,
    /// Ones that ended in a way that the data do not tell.
    pub closed: usize,
    /// Stage passages.
    pub passages: usize,
    /// Stages: of the history, else of the stage column of the deals.
    pub stages: usize,
    /// Orders.
    pub orders: usize,
    /// Customers: of their table, else of the orders.
    pub customers: usize,
    /// Interactions.
    pub interactions: usize,
}

/// What was recognised.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Zone of local days; `UTC` or such as `+03:30` where it is an offset alone.
    pub time_zone: String,
    /// Calendar of periods.
    pub calendar: Calendar,
    /// Instant of the analysis in ms; `None` where the data hold no instant and none was given.
    pub as_of: Option<f64>,
    /// `option` or `newest`.
    pub as_of_from: &'static str,
    /// Earliest event in the data.
    pub first_instant: Option<f64>,
    /// Latest event in the data.
    pub last_instant: Option<f64>,
    /// The system whose export one of the tables is; `None` where none is recognised.
    pub crm: Option<&'static str>,
    /// Systems that fit one of the tables equally well, so that none of them is taken for its own; empty where there is no such table.
    pub crm_rivals: Vec<&'static str>,
    /// `closed_at_may_be_expected` where the close dates of closed deals may be those that were expected, `amounts_converted` where
    /// amounts were put into one currency by rates that the data hold.
    pub notes: Vec<&'static str>,
    /// The tables in the order in which they were given.
    pub tables: Vec<TableSummary>,
    /// Tables joined to each other: history, dimensions, orders and interactions, in this order.
    pub joins: Vec<JoinSummary>,
    /// The mapping as used, complete.
    pub mapping: Mapping,
    /// Roles to ask the user about.
    pub unsure: Vec<Unsure>,
    /// `entry_log`, `from_to`, `audit`, `wide`, `totals` or `current_stage`; `None` without a stage history.
    pub history_form: Option<&'static str>,
    /// What that form cannot tell: `first_stage_assumed`, `history_begins_later`, `reentries_merged`, `no_timestamps`, `order_assumed`,
    /// `earlier_stages_unknown`.
    pub history_lacks: Vec<&'static str>,
    /// Deals without rows in the history table whose stays are read from the deals table.
    pub history_filled: usize,
    /// How many of everything.
    pub counts: Counts,
    /// What reading and recognition left out.
    pub left_out: Vec<LeftOut>,
}

/// What the summary cannot see in the loaded data.
pub(super) struct Facts {
    pub as_of_asked: bool,
    pub first: f64,
    pub last: f64,
    pub joins: Vec<JoinSummary>,
    pub history: Option<(Option<&'static str>, Vec<&'static str>, usize)>,
}

/// The summary of `crm`.
pub(super) fn summary(
    crm: &Crm,
    tables: &[LoadedTable],
    roles: &AllRoles,
    (asked, meanings): (&Mapping, &Meanings),
    facts: Facts,
) -> Summary {
    let number = |instant: f64| Some(instant).filter(|instant| !instant.is_nan());
    let (history_form, history_lacks, history_filled) = facts.history.unwrap_or_default();
    let has_history = tables.iter().any(|table| table.kind == TableKind::History);
    let shapes = tables.iter().filter_map(|table| exports::shape_of(table.source.table.columns()));
    let expected = shapes.clone().any(|(_, shape)| shape.close_may_be_expected)
        && !has_history
        && crm.deals.as_ref().is_some_and(|deals| deals.closed.iter().any(|closed| !closed.is_nan()));
    Summary {
        crm: shapes.clone().next().map(|(name, _)| name),
        crm_rivals: tables
            .iter()
            .map(|table| exports::rivals(table.source.table.columns()))
            .find(|names| !names.is_empty())
            .unwrap_or_default(),
        notes: [
            ("closed_at_may_be_expected", expected),
            ("amounts_converted", crm.deals.as_ref().is_some_and(|deals| deals.converted())),
        ]
        .into_iter()
        .filter_map(|(code, holds)| holds.then_some(code))
        .collect(),
        time_zone: crm.time.zone.name().to_owned(),
        calendar: crm.time.periods.calendar,
        as_of: number(crm.as_of),
        as_of_from: if facts.as_of_asked { "option" } else { "newest" },
        first_instant: number(facts.first),
        last_instant: number(facts.last),
        tables: table_summaries(tables, roles),
        joins: facts.joins,
        mapping: mapping(crm, tables, roles, asked, meanings),
        unsure: unsure(tables, roles, asked),
        history_form,
        history_lacks,
        history_filled,
        counts: counts(crm),
        left_out: crm.left_out.clone(),
    }
}

fn counts(crm: &Crm) -> Counts {
    let mut counts = Counts::default();
    if let Some(deals) = &crm.deals {
        let of = |wanted| deals.outcome.iter().filter(|outcome| **outcome == wanted).count();
        counts.deals = deals.len();
        (counts.open, counts.won, counts.lost) = (of(Outcome::Open), of(Outcome::Won), of(Outcome::Lost));
        (counts.hold, counts.closed) = (of(Outcome::Hold), of(Outcome::Closed));
        counts.stages = used_levels(&deals.stage);
    }
    if let Some(passages) = &crm.passages {
        (counts.passages, counts.stages) = (passages.len(), passages.stages.len());
    }
    if let Some(orders) = &crm.orders {
        (counts.orders, counts.customers) = (orders.len(), used_levels(&orders.customer));
    }
    if let Some(customers) = &crm.customers {
        counts.customers = customers.row.len();
    }
    counts.interactions = crm.interactions.as_ref().map_or(0, |interactions| interactions.len());
    counts
}

fn name_in<R: Words>(found: &Found<R>, at: usize) -> Option<&'static str> {
    R::all().iter().find(|role| found.get(role) == Some(&at)).map(|role| role.name())
}

fn table_summaries(tables: &[LoadedTable], roles: &AllRoles) -> Vec<TableSummary> {
    let mut interactions = roles.interactions.iter();
    let summary = |table: &LoadedTable| {
        let own = if table.kind == TableKind::Interactions { interactions.next() } else { None };
        table_summary(table, roles, own)
    };
    tables.iter().map(summary).collect()
}

fn table_summary(table: &LoadedTable, roles: &AllRoles, interactions: Option<&Found<InteractionRole>>) -> TableSummary {
    let role = |at: usize| match table.kind {
        TableKind::Deals => deals::role_of(&roles.deals, at),
        TableKind::History => name_in(&roles.history, at),
        TableKind::Customers => name_in(&roles.customers, at),
        TableKind::Orders => name_in(&roles.orders, at),
        TableKind::Interactions => interactions.and_then(|roles| name_in(roles, at)),
        TableKind::Dimension => None,
    };
    let columns = table.source.table.columns().iter().zip(&table.source.columns).enumerate();
    TableSummary {
        table: table.kind.name(),
        source: table.source.table.name().to_owned(),
        rows: table.source.table.rows(),
        separator: table.source.separator,
        columns: columns
            .map(|(at, (column, facts))| ColumnSummary {
                name: column.name.clone(),
                kind: facts.kind,
                role: role(at).map(str::to_owned),
                missing: facts.missing,
                distinct: facts.distinct,
                examples: facts.examples.clone(),
                date_order: facts.date_order.clone(),
                date_evidence: facts.date_evidence.clone(),
            })
            .collect(),
    }
}

fn mapping(crm: &Crm, tables: &[LoadedTable], roles: &AllRoles, asked: &Mapping, meanings: &Meanings) -> Mapping {
    // Few files have these: they stand here only where they are known or asked for.
    const RARE: [&str; 15] = [
        "stage_entered_at",
        "stage_times",
        "stage_order",
        "field",
        "old",
        "to",
        "duration",
        "currency",
        "exchange_rate",
        "is_closed",
        "is_won",
        "is_deleted",
        "is_active",
        "won_at",
        "lost_at",
    ];
    fn complete<R: Words>(tables: &[LoadedTable], kind: TableKind, found: &Found<R>, asked: &Roles<R>) -> Roles<R> {
        let Some(table) = tables.iter().find(|table| table.kind == kind) else { return Roles::new() };
        let name = |role: &R| found.get(role).map(|at| table.source.table.columns()[*at].name.clone());
        let shown = |role: &&R| found.contains_key(role) || asked.contains_key(role) || !RARE.contains(&role.name());
        R::all().iter().filter(shown).map(|role| (*role, name(role))).collect()
    }
    let mut outcomes = asked.outcomes.clone();
    let named = [
        (TableKind::Deals, roles.deals.get(&DealRole::Outcome)),
        (TableKind::History, roles.history.get(&HistoryRole::Stage)),
    ];
    for (kind, at) in named {
        let column = tables.iter().find(|table| table.kind == kind).zip(at);
        let Some((table, at)) = column else { continue };
        if let Values::Texts(texts) = &table.source.table.columns()[*at].values {
            for level in texts.levels.iter() {
                if let Some(outcome) = meanings.outcome(level)
                    && !asked.stages.as_ref().is_some_and(|stages| stages.iter().any(|stage| stage == level))
                {
                    outcomes.insert(level.to_owned(), outcome);
                }
            }
        }
    }
    let stages = crm.passages.as_ref().map(|passages| passages.stages.clone());
    Mapping {
        deals: complete(tables, TableKind::Deals, &roles.deals, &asked.deals),
        history: complete(tables, TableKind::History, &roles.history, &asked.history),
        customers: complete(tables, TableKind::Customers, &roles.customers, &asked.customers),
        orders: complete(tables, TableKind::Orders, &roles.orders, &asked.orders),
        interactions: roles
            .interactions
            .first()
            .map_or_else(Roles::new, |found| complete(tables, TableKind::Interactions, found, &asked.interactions)),
        outcomes,
        stages: stages.or_else(|| asked.stages.clone()),
        stage_field: asked.stage_field.clone(),
        stage_columns: asked.stage_columns.clone(),
        same: asked.same.clone(),
        rules: asked.rules.clone(),
    }
}

fn unsure(tables: &[LoadedTable], roles: &AllRoles, asked: &Mapping) -> Vec<Unsure> {
    use super::mapping::{CustomerRole, OrderRole};
    let mut unsure = Vec::new();
    let priced = roles.orders.contains_key(&OrderRole::Quantity) && roles.orders.contains_key(&OrderRole::UnitPrice);
    let deals: [(DealRole, &[&'static str]); 4] = [
        (DealRole::Id, &["funnel", "forecast"]),
        (DealRole::CreatedAt, &["funnel", "forecast"]),
        (DealRole::ClosedAt, &["funnel", "forecast"]),
        (DealRole::Outcome, if roles.deals.contains_key(&DealRole::IsWon) { &[] } else { &["funnel", "forecast"] }),
    ];
    let history: [(HistoryRole, &[&'static str]); 3] =
        [(HistoryRole::DealId, &["funnel"]), (HistoryRole::Stage, &["funnel"]), (HistoryRole::EnteredAt, &["funnel"])];
    let customers: [(CustomerRole, &[&'static str]); 1] = [(CustomerRole::Id, &["segments"])];
    let orders: [(OrderRole, &[&'static str]); 3] = [
        (OrderRole::CustomerId, &["segments"]),
        (OrderRole::Date, &["segments"]),
        (OrderRole::Amount, if priced { &[] } else { &["segments"] }),
    ];
    ask(tables, TableKind::Deals, &deals, &roles.deals, &asked.deals, &mut unsure);
    ask(tables, TableKind::History, &history, &roles.history, &asked.history, &mut unsure);
    ask(tables, TableKind::Customers, &customers, &roles.customers, &asked.customers, &mut unsure);
    ask(tables, TableKind::Orders, &orders, &roles.orders, &asked.orders, &mut unsure);
    unsure
}

/// Adds the roles of one table that nobody named and that no column, or more than one, could have.
fn ask<R: Words>(
    tables: &[LoadedTable],
    kind: TableKind,
    needed: &[(R, &[&'static str])],
    found: &Found<R>,
    asked: &Roles<R>,
    unsure: &mut Vec<Unsure>,
) {
    let Some(table) = tables.iter().find(|table| table.kind == kind) else { return };
    let columns = table.source.table.columns();
    let mut taken = vec![false; columns.len()];
    found.values().for_each(|at| taken[*at] = true);
    for (role, needed_by) in needed {
        if asked.contains_key(role) || needed_by.is_empty() {
            continue;
        }
        let own = found.get(role).copied();
        let could = |at: usize| match &columns[at].values {
            Values::Instants(_) => role.is_instant(),
            Values::Numbers(values) => role.is_number() || (role.is_instant() && columns::epoch_unit(values).is_some()),
            Values::Texts(_) => !role.is_instant() && !role.is_number(),
        };
        let others: Vec<usize> = match own {
            Some(_) => candidates(*role, columns, &taken),
            None => (0..columns.len()).filter(|at| !taken[*at] && could(*at)).collect(),
        };
        if own.is_some() && others.is_empty() {
            continue;
        }
        let names = own.into_iter().chain(others).map(|at| columns[at].name.clone());
        unsure.push(Unsure {
            table: kind.name(),
            role: role.name(),
            candidates: names.collect(),
            needed_by: needed_by.to_vec(),
        });
    }
}
