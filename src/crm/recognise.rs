//! What a table is and which column has which role, by the mapping, the headers and the values.

use super::columns::epoch_unit;
use super::mapping::{CustomerRole, DealRole, HistoryRole, InteractionRole, Mapping, OrderRole, Roles, TableKind};
use super::ordered_map::OrderedMap;
use super::stages::Stages;
use super::words::{Words, folded, header_names, outcome_word};
use super::{Outcome, columns, exports};
use crate::error::{Error, Result};
use crate::read::Source;
use crate::table::{Column, Texts, Values};
use std::collections::HashMap;

/// Column of each role, by index.
pub(super) type Found<R> = OrderedMap<R, usize>;

/// What the texts of outcome and stage columns mean.
pub(super) struct Meanings {
    exact: HashMap<String, Outcome>,
    by_fold: HashMap<String, Outcome>,
    /// Label of each id of a stage.
    labels: HashMap<String, String>,
}

impl Meanings {
    /// Meanings that `mapping` gives, then those of the table of stages; every other text speaks for itself.
    pub fn new(mapping: &Mapping, stages: &Stages) -> Self {
        let folded = mapping.outcomes.iter().map(|(text, outcome)| (folded(text), *outcome)).collect();
        let told = stages.outcomes.iter().map(|(text, outcome)| (text.clone(), *outcome));
        let exact = told.chain(mapping.outcomes.iter().map(|(text, outcome)| (text.clone(), *outcome))).collect();
        Meanings { exact, by_fold: folded, labels: stages.labels.clone() }
    }

    /// The stages in `column` by their labels.
    pub fn stages(&self, column: &Column) -> Texts {
        let texts = columns::texts(column);
        if !texts.levels.iter().any(|level| self.labels.contains_key(level)) {
            return texts;
        }
        (0..texts.codes.len()).map(|row| texts.get(row).map(|text| self.label(text))).collect()
    }

    /// The label of the stage `text`, which may be its id.
    pub fn label<'a>(&'a self, text: &'a str) -> &'a str {
        self.labels.get(text).map_or(text, String::as_str)
    }

    /// The outcome that `text` means, if any.
    pub fn outcome(&self, text: &str) -> Option<Outcome> {
        let by_mapping = || self.exact.get(text).or_else(|| self.by_fold.get(&folded(text))).copied();
        by_mapping().or_else(|| outcome_word(text))
    }
}

/// A role of any table: one function for all kinds of them keeps the download small.
struct Wanted {
    name: &'static str,
    headers: &'static [&'static str],
    is_instant: bool,
    is_number: bool,
}

fn suits(role: &Wanted, column: &Column) -> bool {
    if matches!(role.name, "is_closed" | "is_won" | "is_deleted" | "is_active") {
        return match &column.values {
            Values::Numbers(values) => values.iter().all(|value| value.is_nan() || *value == 0.0 || *value == 1.0),
            Values::Texts(texts) => texts.levels.iter().all(|level| exports::flag(level).is_some()),
            Values::Instants(_) => false,
        };
    }
    match &column.values {
        Values::Instants(_) => role.is_instant,
        Values::Numbers(values) => {
            if role.is_instant {
                epoch_unit(values).is_some()
            } else if role.name == "stage" {
                are_codes(values)
            } else {
                role.is_number || role.name != "outcome"
            }
        }
        Values::Texts(texts) => !(role.is_instant || role.is_number) || texts.levels.is_empty(),
    }
}

/// Whether whole numbers can be ids of stages: no funnel has more of them than [`MOST_CODES`].
fn are_codes(values: &[f64]) -> bool {
    let mut codes: Vec<f64> = Vec::new();
    for value in values.iter().filter(|value| !value.is_nan()) {
        if value.trunc() != *value || *value < 0.0 {
            return false;
        }
        if !codes.contains(value) {
            codes.push(*value);
            if codes.len() > MOST_CODES {
                return false;
            }
        }
    }
    !codes.is_empty()
}

const MOST_CODES: usize = 200;

/// Columns that could have `role` by their header and type, the surest first.
pub(super) fn candidates<R: Words>(role: R, table: &[Column], taken: &[bool]) -> Vec<usize> {
    let (name, headers, is_instant, is_number) = (role.name(), role.headers(), role.is_instant(), role.is_number());
    wanted(&Wanted { name, headers, is_instant, is_number }, table, taken)
}

fn wanted(role: &Wanted, table: &[Column], taken: &[bool]) -> Vec<usize> {
    let mut found = Vec::new();
    let (names, _) = header_names(table);
    let shape = exports::shape_of(table).map(|(_, shape)| shape);
    for at in shape.iter().flat_map(|shape| shape.columns(role.name, &names)) {
        // Ids of stages and codes of states are numbers in some systems.
        let code = matches!(role.name, "stage" | "outcome") && matches!(table[at].values, Values::Numbers(_));
        if !taken[at] && (code || suits(role, &table[at])) && !found.contains(&at) {
            found.push(at);
        }
    }
    if !found.is_empty() {
        // What the system's own table says leaves nothing to guess.
        found.truncate(1);
        return found;
    }
    for word in role.headers {
        for (at, column) in table.iter().enumerate() {
            if !taken[at]
                && names[at] == *word
                && !shape.is_some_and(|shape| shape.denies(role.name, word))
                && suits(role, column)
                && !found.contains(&at)
            {
                found.push(at);
            }
        }
    }
    found
}

/// The columns that the mapping names, then those that headers tell.
///
/// # Errors
/// [`Error::UnknownColumn`] where the mapping names a column that is not there.
pub(super) fn roles<R: Words>(kind: TableKind, source: &Source, mapping: &Roles<R>) -> Result<Found<R>> {
    let table = source.table.columns();
    let mut found = Found::new();
    let mut taken = vec![false; table.len()];
    for (role, name) in mapping.iter() {
        let Some(name) = name else { continue };
        let at = table.iter().position(|column| column.name == *name).ok_or_else(|| Error::UnknownColumn {
            table: kind.name().into(),
            column: name.clone(),
            available: table.iter().map(|column| column.name.clone()).collect(),
        })?;
        found.insert(*role, at);
        taken[at] = true;
    }
    for role in R::all() {
        if mapping.contains_key(role) {
            continue;
        }
        if let Some(at) = candidates(*role, table, &taken).first() {
            found.insert(*role, *at);
            taken[*at] = true;
        }
    }
    Ok(found)
}

/// Roles of a deals table; the outcome is a column whose values say won or lost.
pub(super) fn deal_roles(source: &Source, mapping: &Mapping, meanings: &Meanings) -> Result<Found<DealRole>> {
    let mut found = roles(TableKind::Deals, source, &mapping.deals)?;
    if mapping.deals.contains_key(&DealRole::Outcome) {
        return Ok(found);
    }
    let table = source.table.columns();
    if let Some((_, shape)) = exports::shape_of(table)
        && !shape.outcomes.is_empty()
        && found.contains_key(&DealRole::Outcome)
    {
        return Ok(found);
    }
    let by_header = found.remove(&DealRole::Outcome);
    let says = |at: usize, wanted: &dyn Fn(Outcome) -> bool| match &table[at].values {
        Values::Texts(texts) => texts.levels.iter().take(1000).any(|level| meanings.outcome(level).is_some_and(wanted)),
        Values::Numbers(_) if !meanings.labels.is_empty() => {
            let codes = columns::texts(&table[at]).levels;
            codes.iter().take(1000).any(|code| meanings.exact.get(code).copied().is_some_and(wanted))
        }
        _ => false,
    };
    let ended = |outcome| matches!(outcome, Outcome::Won | Outcome::Lost);
    let any = |outcome| !matches!(outcome, Outcome::Open);
    let stage = found.get(&DealRole::Stage).copied();
    let both =
        |at: &usize| says(*at, &|outcome| outcome == Outcome::Won) && says(*at, &|outcome| outcome == Outcome::Lost);
    let outcome = [by_header, stage]
        .into_iter()
        .flatten()
        .find(|at| says(*at, &ended))
        .or_else(|| (0..table.len()).find(both))
        .or_else(|| [by_header, stage].into_iter().flatten().find(|at| says(*at, &any)))
        .or_else(|| by_header.filter(|at| says(*at, &|_| true)));
    if let Some(at) = outcome {
        found.insert(DealRole::Outcome, at);
    }
    Ok(found)
}

fn distinct_share(column: &Column) -> f64 {
    let texts = columns::texts(column);
    let present = texts.codes.iter().filter(|code| texts.levels.get(**code as usize).is_some()).count();
    if present == 0 { 0.0 } else { texts.levels.len() as f64 / present as f64 }
}

/// What `source` is: by the columns that the mapping names, else by its headers; `None` where neither tells.
pub(super) fn kind_of(source: &Source, mapping: &Mapping) -> Option<TableKind> {
    let has = |name: &String| source.table.column(name).is_some();
    fn named<R>(roles: &Roles<R>) -> Vec<&String> {
        roles.values().flatten().collect()
    }
    let by_mapping = [
        (TableKind::History, named(&mapping.history)),
        (TableKind::Deals, named(&mapping.deals)),
        (TableKind::Orders, named(&mapping.orders)),
        (TableKind::Customers, named(&mapping.customers)),
        (TableKind::Interactions, named(&mapping.interactions)),
    ];
    let best = by_mapping.iter().filter(|(_, names)| !names.is_empty() && names.iter().all(|name| has(name)));
    let by_mapping = best.max_by_key(|(_, names)| names.len()).map(|(kind, names)| (*kind, names.len()));
    let by_export = exports::shape_of(source.table.columns()).map(|(_, shape)| shape.kind);
    let by_headers = by_export.or_else(|| kind_by_headers(source));
    match by_mapping {
        // One column name is shared by many tables: headers that are sure of another kind weigh more.
        Some((kind, names)) if names > 1 || by_headers.is_none_or(|other| other == TableKind::Dimension) => Some(kind),
        _ => by_headers,
    }
}

/// What the names of files with interactions contain.
const INTERACTIONS: [&str; 11] = [
    "interaction",
    "activit",
    "engagement",
    "calls",
    "mails",
    "meetings",
    "tasks",
    "فعالیت",
    "تماس",
    "جلسات",
    "تعاملات",
];

fn kind_by_headers(source: &Source) -> Option<TableKind> {
    let table = source.table.columns();
    let none = vec![false; table.len()];
    let has = |word: &[&str]| table.iter().any(|column| word.contains(&folded(&column.name).as_str()));
    let deal = |role: DealRole| candidates(role, table, &none).first().copied();
    let history = |role: HistoryRole| candidates(role, table, &none).first().copied();
    let order = |role: OrderRole| candidates(role, table, &none).first().copied();
    let about_deals = [DealRole::Amount, DealRole::ClosedAt, DealRole::CustomerId, DealRole::Product];
    let no_deal = about_deals.iter().all(|role| deal(*role).is_none());
    let interaction = |role: InteractionRole| candidates(role, table, &none).first().copied();
    if let (Some(_), Some(_), true) = (interaction(InteractionRole::DealId), interaction(InteractionRole::At), no_deal)
    {
        let file = folded(source.table.name());
        let named = INTERACTIONS.iter().any(|word| file.contains(word));
        let kind = interaction(InteractionRole::Kind).map(|at| folded(&table[at].name));
        let stage = history(HistoryRole::Stage).is_some() || deal(DealRole::Stage).is_some();
        // A column called type says nothing beside one that may be a stage.
        if named || kind.is_some_and(|kind| !stage || !matches!(kind.as_str(), "kind" | "type" | "نوع" | "النوع"))
        {
            return Some(TableKind::Interactions);
        }
    }
    if let (Some(id), Some(stage), Some(_)) =
        (history(HistoryRole::DealId), history(HistoryRole::Stage), history(HistoryRole::EnteredAt))
        && id != stage
    {
        let name = folded(&table[id].name);
        let weak = matches!(name.as_str(), "ownerid" | "recordid" | "leadid");
        let sure_time = has(&["enteredat", "enteredon", "timetimestamp", "fromdate", "تاریخورود", "زمانورود"]);
        if (distinct_share(&table[id]) < 0.9 && (!weak || no_deal))
            || (!weak && (sure_time || history(HistoryRole::Old).is_some()))
        {
            return Some(TableKind::History);
        }
    }
    let is_order = order(OrderRole::CustomerId).is_some()
        && order(OrderRole::Date).is_some()
        && (order(OrderRole::Amount).is_some()
            || (order(OrderRole::Quantity).is_some() && order(OrderRole::UnitPrice).is_some()));
    if is_order
        && has(&["orderdate", "invoicedate", "dateorder", "purchasedate", "orderedat", "تاریخسفارش", "تاریخخرید"])
    {
        return Some(TableKind::Orders);
    }
    let deal_words =
        [DealRole::Stage, DealRole::Outcome, DealRole::ExpectedClose, DealRole::Probability, DealRole::LostReason];
    let words = deal_words.iter().filter(|role| deal(**role).is_some()).count();
    let facts = [DealRole::Id, DealRole::CreatedAt, DealRole::ClosedAt, DealRole::Amount, DealRole::Owner];
    let facts = facts.iter().filter(|role| deal(**role).is_some()).count();
    if (words > 0 && facts >= 2) || (facts >= 4) {
        return Some(TableKind::Deals);
    }
    if is_order {
        return Some(TableKind::Orders);
    }
    let customer = candidates(CustomerRole::Id, table, &none).into_iter().find(|at| distinct_share(&table[*at]) == 1.0);
    if let Some(at) = customer {
        let file = folded(source.table.name());
        let names_customers =
            ["customer", "account", "compan", "client", "مشتر", "شرکت"].iter().any(|word| file.contains(word));
        if folded(&table[at].name) != "id" || names_customers {
            return Some(TableKind::Customers);
        }
    }
    None
}
