//! From sources to everything that the analyses work on.

use super::columns::{instants, texts};
use super::mapping::{
    CustomerRole, DealRole, HistoryRole, InteractionRole, LoadOptions, Mapping, OrderRole, Roles, TableKind,
};
use super::recognise::{self, Found, Meanings};
use super::summary::{self, Summary};
use super::words::Words;
use super::{Crm, Deals, deals, exports, history, interactions, joins, merged, orders, same, stages};
use crate::error::{Error, Result};
use crate::read::Source;
use crate::read::dates::iso_text;
use crate::read::numbers::shown;
use crate::table::{Column, Table, Texts, Values};
use crate::time::DAY_MS;
use std::borrow::Cow;

/// A table as it was given, and what it is.
#[derive(Debug, Clone)]
pub struct LoadedTable {
    /// What it is.
    pub kind: TableKind,
    /// The table with the facts about its columns.
    pub source: Source,
}

/// Columns of each role, by index into the columns of the table.
#[derive(Debug, Clone, Default)]
pub(super) struct AllRoles {
    pub deals: Found<DealRole>,
    pub history: Found<HistoryRole>,
    pub customers: Found<CustomerRole>,
    pub orders: Found<OrderRole>,
    /// One entry per interactions table.
    pub interactions: Vec<Found<InteractionRole>>,
}

/// A row as pairs of column name and text; `None` where the value is missing.
pub type Record = Vec<(String, Option<String>)>;

/// Everything that was loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the analyses work on.
    pub crm: Crm,
    /// What was recognised.
    pub summary: Summary,
    /// The tables in the order in which they were given.
    pub tables: Vec<LoadedTable>,
}

impl Loaded {
    /// The table of this kind, if one was given.
    pub fn table(&self, kind: TableKind) -> Option<&Table> {
        self.tables.iter().find(|table| table.kind == kind).map(|table| &table.source.table)
    }

    /// Rows of the table named `table` (`deals`, `history`, `customers`, `orders`, `interactions`, or a dimension table by its own name) as
    /// texts for display, columns in the order of the source, times local. Rows that do not exist have no columns.
    ///
    /// Deals made from a stage history are shown by the first row of their history.
    ///
    /// # Errors
    /// [`Error::MissingTable`] for a table that was not given.
    pub fn records(&self, table: &str, rows: &[u32]) -> Result<Vec<Record>> {
        let by_kind = |name: &str| self.tables.iter().find(|t| t.kind.name() == name && t.kind != TableKind::Dimension);
        let found = by_kind(table)
            .or_else(|| self.tables.iter().find(|t| t.source.table.name() == table))
            .or_else(|| if table == "deals" { by_kind("history") } else { None });
        let Some(found) = found else {
            return Err(Error::MissingTable { analysis: "records".into(), table: table.into() });
        };
        let columns = found.source.table.columns();
        let days: Vec<bool> = columns.iter().map(|column| self.holds_days(&column.values)).collect();
        let record = |row: &u32| {
            let row = *row as usize;
            if row >= found.source.table.rows() {
                return Vec::new();
            }
            columns
                .iter()
                .zip(&days)
                .map(|(column, days)| (column.name.clone(), self.shown(column, row, *days)))
                .collect()
        };
        Ok(rows.iter().map(record).collect())
    }

    fn holds_days(&self, values: &Values) -> bool {
        match values {
            Values::Instants(values) => {
                values.iter().all(|value| value.is_nan() || self.crm.time.zone.local(*value) % DAY_MS == 0.0)
            }
            _ => false,
        }
    }

    fn shown(&self, column: &Column, row: usize, days: bool) -> Option<String> {
        match &column.values {
            Values::Texts(texts) => texts.get(row).map(str::to_owned),
            Values::Numbers(values) => Some(values[row]).filter(|value| !value.is_nan()).map(shown),
            Values::Instants(values) => Some(values[row]).filter(|value| !value.is_nan()).map(|value| {
                iso_text(self.crm.time.zone.local(value), days).replace('T', " ").trim_end_matches('Z').to_owned()
            }),
        }
    }
}

/// Recognises `sources` and makes them canonical at the instant of the analysis. A source without a kind is recognised by
/// the mapping and its headers; what nothing recognises is a dimension table, or the deals where no other table is.
/// Sources are to be read with the time of the options ([`LoadOptions::local_time`]).
///
/// # Errors
/// [`Error::UnknownColumn`] and [`Error::InvalidOption`] for options that do not fit, [`Error::MissingTable`] without any source.
pub fn load(mut sources: Vec<(Option<TableKind>, Source)>, options: &LoadOptions) -> Result<Loaded> {
    let time = options.local_time()?;
    let asked = options.as_of_ms(&time)?;
    if sources.is_empty() {
        return Err(Error::MissingTable { analysis: "load".into(), table: "deals".into() });
    }
    let mapping = &options.mapping;
    exports::unfold(&mut sources)?;
    let mut tables = kinds(sources, mapping)?;
    for table in &mut tables {
        let name = if table.kind == TableKind::Dimension {
            table.source.table.name().to_owned()
        } else {
            table.kind.name().into()
        };
        table.source.left_out.iter_mut().for_each(|entry| entry.table.clone_from(&name));
    }
    let of = |kind: TableKind| tables.iter().find(|table| table.kind == kind).map(|table| &table.source);
    let stages = stages::of(&tables);
    let place_of_stages = stages.as_ref().map(|stages| stages.place);
    let stages = stages.unwrap_or_default();
    let meanings = Meanings::new(mapping, &stages);
    let mut roles = AllRoles::default();
    if let Some(source) = of(TableKind::Deals) {
        roles.deals = recognise::deal_roles(source, mapping, &meanings)?;
    }
    roles.history = roles_of(TableKind::History, of(TableKind::History), &mapping.history)?;
    roles.customers = roles_of(TableKind::Customers, of(TableKind::Customers), &mapping.customers)?;
    roles.orders = roles_of(TableKind::Orders, of(TableKind::Orders), &mapping.orders)?;
    let interaction_tables = || tables.iter().filter(|table| table.kind == TableKind::Interactions);
    for (at, table) in interaction_tables().enumerate() {
        let mut asked = mapping.interactions.clone();
        if at > 0 {
            // The mapping is about the first of several tables, and about those that have the same columns.
            let has =
                |name: &Option<String>| name.as_ref().is_none_or(|name| table.source.table.column(name).is_some());
            asked = asked.iter().filter(|(_, name)| has(name)).map(|(role, name)| (*role, name.clone())).collect();
        }
        roles.interactions.push(recognise::roles(TableKind::Interactions, &table.source, &asked)?);
    }

    let merged = merged::ids(&tables);
    let deal_rows = of(TableKind::Deals).map(|source| deals::rows(source, &roles.deals, &meanings, &merged));
    let open_stages = mapping.stages.as_deref().unwrap_or(&stages.order);
    let given = history::Given {
        history: of(TableKind::History).map(|source| (source, &roles.history)),
        deals: of(TableKind::Deals).zip(deal_rows.as_ref()).map(|(source, rows)| (source, &roles.deals, rows)),
        meanings: &meanings,
        open_stages,
        mapping,
    };
    let mut history_rows = history::rows(&given)?;
    let order_dates = of(TableKind::Orders)
        .and_then(|source| roles.orders.get(&OrderRole::Date).map(|at| instants(&source.table.columns()[*at])));

    let mut span = Span::default();
    if let Some(rows) = &deal_rows {
        let says = |role| roles.deals.contains_key(&role);
        let has_outcome = says(DealRole::Outcome) || says(DealRole::IsClosed) || says(DealRole::IsWon);
        rows.created.iter().for_each(|instant| span.add(*instant));
        // The close dates of open deals are plans, and without outcomes any of them may be one.
        let ended =
            rows.closed.iter().zip(&rows.outcome).filter(|(_, outcome)| has_outcome && deals::is_end(**outcome));
        ended.for_each(|(instant, _)| span.add(*instant));
    }
    if let Some(rows) = &history_rows {
        rows.entered.iter().filter(|instant| instant.is_finite()).for_each(|instant| span.add(*instant));
        rows.exited.iter().flatten().for_each(|instant| span.add(*instant));
    }
    order_dates.iter().flatten().for_each(|instant| span.add(*instant));
    let as_of = asked.unwrap_or(span.last);

    let mut crm = Crm { as_of, as_of_day: time.zone.day(as_of), time, rules: mapping.rules.clone(), ..Crm::default() };
    crm.left_out.extend(tables.iter().flat_map(|table| table.source.left_out.iter().cloned()));
    if let (Some(source), Some(rows)) = (of(TableKind::Deals), deal_rows) {
        let (found, left_out) = deals::deals(source, &roles.deals, rows, &meanings, as_of);
        crm.deals = Some(found);
        crm.left_out.extend(left_out);
    }
    let mut joined = Vec::new();
    let name_of = |kind: TableKind| of(kind).map_or("", |source| source.table.name());
    let deal_id = of(TableKind::History).zip(roles.history.get(&HistoryRole::DealId));
    if let (Some((source, at)), Some(deals)) = (deal_id, &crm.deals) {
        let column = &source.table.columns()[*at];
        let own = (column.name.as_str(), &*keyed(column));
        joined.push(joins::keys("history", own, (name_of(TableKind::Deals), &deals.id), false));
    }
    if let (Some(source), Some(rows)) = (of(TableKind::History).or_else(|| of(TableKind::Deals)), &mut history_rows) {
        let stage_from_history = asked.is_some() || !roles.deals.contains_key(&DealRole::Stage);
        let view = history::View { as_of, repeats: options.repeats, order: open_stages, stage_from_history };
        let found = history::history(source, &roles.history, rows, crm.deals.take(), view);
        crm.deals = Some(found.deals);
        crm.passages = Some(found.passages);
        crm.left_out.extend(found.left_out);
        if found.begins_later && !rows.lacks.contains(&"history_begins_later") {
            rows.lacks.push("history_begins_later");
        }
    }
    if let Some(deals) = &mut crm.deals {
        same::of_deals(deals, &mapping.same);
        let own = deals.attributes.len();
        // What the table of stages says has been read; as features its columns would tell the outcome.
        let dimensions = tables.iter().enumerate().filter(|(at, table)| {
            matches!(table.kind, TableKind::Dimension | TableKind::Customers) && Some(*at) != place_of_stages
        });
        joined.extend(dimensions.filter_map(|(_, table)| joins::join(&table.source, deals, own, &mapping.same)));
        same::of_attributes(&mut deals.attributes[own..], &mapping.same);
    }
    if let Some(source) = of(TableKind::Customers) {
        let (mut customers, left_out) = orders::customers(source, &roles.customers);
        same::of_attributes(&mut customers.attributes, &mapping.same);
        crm.customers = Some(customers);
        crm.left_out.extend(left_out);
    }
    let orders = match (of(TableKind::Orders), of(TableKind::Deals), &crm.deals) {
        (Some(source), ..) => Some(orders::orders(source, &roles.orders, as_of, &crm.time.zone)),
        (None, Some(source), Some(deals)) => orders::from_deals(source, &roles.deals, deals, &crm.time.zone),
        _ => None,
    };
    if let Some((mut orders, left_out)) = orders {
        let (kind, at) = match of(TableKind::Orders) {
            Some(_) => (TableKind::Orders, roles.orders.get(&OrderRole::CustomerId)),
            None => (TableKind::Deals, roles.deals.get(&DealRole::CustomerId)),
        };
        let column = of(kind).zip(at).map(|(source, at)| source.table.columns()[*at].name.as_str());
        same::of_texts(&mut orders.customer, &mapping.same, &[column, Some("customer_id")]);
        if let (TableKind::Orders, Some(customers)) = (kind, &crm.customers) {
            let (column, source) = (column.unwrap_or_default(), name_of(TableKind::Customers));
            joined.push(joins::keys("orders", (column, &orders.customer), (source, &customers.id), true));
        }
        crm.orders = Some(orders);
        crm.left_out.extend(left_out);
    }
    for (table, roles) in interaction_tables().zip(&roles.interactions) {
        let none = Deals::default();
        let deals = crm.deals.as_ref().unwrap_or(&none);
        let kind = if of(TableKind::Deals).is_some() { TableKind::Deals } else { TableKind::History };
        let all = crm.interactions.get_or_insert_default();
        let (left_out, join) = interactions::append(all, &table.source, roles, deals, (name_of(kind), as_of));
        joined.push(join);
        crm.left_out.extend(left_out);
    }
    let facts = summary::Facts {
        as_of_asked: asked.is_some(),
        first: span.first,
        last: span.last,
        joins: joined,
        history: history_rows.map(|rows| (rows.form, rows.lacks, rows.filled)),
    };
    let summary = summary::summary(&crm, &tables, &roles, (mapping, &meanings), facts);
    Ok(Loaded { crm, summary, tables })
}

fn roles_of<R: Words>(kind: TableKind, source: Option<&Source>, mapping: &Roles<R>) -> Result<Found<R>> {
    source.map_or(Ok(Found::new()), |source| recognise::roles(kind, source, mapping))
}

/// The texts of a key column; not copied where it holds texts.
fn keyed(column: &Column) -> Cow<'_, Texts> {
    match &column.values {
        Values::Texts(texts) => Cow::Borrowed(texts),
        _ => Cow::Owned(texts(column)),
    }
}

/// Earliest and latest instant; NaN until there is one.
struct Span {
    first: f64,
    last: f64,
}

impl Default for Span {
    fn default() -> Self {
        Span { first: f64::NAN, last: f64::NAN }
    }
}

impl Span {
    fn add(&mut self, instant: f64) {
        // Most are within. Comparisons with NaN are false: NaN ends give way.
        if (self.first <= instant && instant <= self.last) || instant.is_nan() {
            return;
        }
        self.first = if self.first <= instant { self.first } else { instant };
        self.last = if self.last >= instant { self.last } else { instant };
    }
}

/// What each source is.
fn kinds(sources: Vec<(Option<TableKind>, Source)>, mapping: &Mapping) -> Result<Vec<LoadedTable>> {
    use TableKind::{Customers, Deals, Dimension, History, Interactions, Orders};
    let mut taken: Vec<TableKind> = Vec::new();
    for kind in sources.iter().filter_map(|(kind, _)| *kind).filter(|kind| !matches!(kind, Dimension | Interactions)) {
        if taken.contains(&kind) {
            return Err(Error::InvalidOption {
                option: "kind".into(),
                value: kind.name().into(),
                rule: "there is one table of each kind; join or append them first".into(),
            });
        }
        taken.push(kind);
    }
    let mut kinds: Vec<Option<TableKind>> = sources.iter().map(|(kind, _)| *kind).collect();
    for (at, (_, source)) in sources.iter().enumerate() {
        if kinds[at].is_none()
            && let Some(kind) = recognise::kind_of(source, mapping)
            && (kind == Interactions || !taken.contains(&kind))
        {
            taken.push(kind);
            kinds[at] = Some(kind);
        }
    }
    let meant = [
        (Deals, !mapping.deals.is_empty()),
        (History, !mapping.history.is_empty()),
        (Orders, !mapping.orders.is_empty()),
        (Customers, !mapping.customers.is_empty()),
        (Interactions, !mapping.interactions.is_empty()),
    ];
    for kind in &mut kinds {
        if kind.is_none() {
            // A mapping for a table that nothing was recognised as is about the first source left, even if its columns are not there: the error says so.
            let about = meant.iter().find(|(kind, meant)| *meant && !taken.contains(kind)).map(|(kind, _)| *kind);
            let nothing_else = !taken.iter().any(|kind| *kind != Dimension && *kind != Interactions);
            *kind = Some(about.unwrap_or(if nothing_else { Deals } else { Dimension }));
            taken.extend(*kind);
        }
    }
    let table = |(kind, (_, source)): (Option<TableKind>, (Option<TableKind>, Source))| LoadedTable {
        kind: kind.unwrap_or(Dimension),
        source,
    };
    Ok(kinds.into_iter().zip(sources).map(table).collect())
}

/// Distinct texts that rows hold.
pub(super) fn used_levels(column: &Texts) -> usize {
    let mut used = vec![false; column.levels.len()];
    for code in &column.codes {
        if let Some(used) = used.get_mut(*code as usize) {
            *used = true;
        }
    }
    used.iter().filter(|used| **used).count()
}
