//! From tables to the nouns of a CRM: deals, stage passages, customers, orders.

mod columns;
mod deals;
mod durations;
mod exports;
mod history;
mod interactions;
mod joins;
mod json;
mod load;
mod local_time;
mod lookups;
mod mapping;
mod merged;
mod ordered_map;
mod orders;
mod recognise;
mod rules;
mod same;
mod stages;
mod summary;
mod words;

use crate::table::{Texts, Values};
use crate::time::LocalTime;
use serde::{Deserialize, Serialize};

pub use durations::{AllDurations, CLOSED, Durations, HOLD, KeptDurations, LOST, STAGE, WON};
pub use interactions::Interactions;
pub(crate) use joins::differ_by_one;
pub use joins::{JoinSummary, NearMiss};
pub use load::{Loaded, LoadedTable, Record, load};
pub use local_time::WorkingTime;
pub use mapping::{
    AsOf, CustomerRole, DealRole, HistoryRole, InteractionRole, LoadOptions, Mapping, OrderRole, Repeats, Roles,
    TableKind,
};
pub use rules::{Operator, Rule, RuleValue};
pub use summary::{ColumnSummary, Counts, Summary, TableSummary, Unsure};

/// How a deal stands at `as_of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Still worked on: censored.
    Open,
    /// Won.
    Won,
    /// Lost.
    Lost,
    /// Paused: counts as open unless the user makes it an outcome of its own.
    Hold,
    /// Ended, and the data do not say how.
    Closed,
}

/// Deals, one entry per usable row. All vectors have equal length.
#[derive(Debug, Clone, Default)]
pub struct Deals {
    /// Identifier as text.
    pub id: Texts,
    /// Row of the source table.
    pub row: Vec<u32>,
    /// Instant of creation in ms; NaN where unknown.
    pub created: Vec<f64>,
    /// Outcome at `as_of`.
    pub outcome: Vec<Outcome>,
    /// Instant of the outcome in ms; NaN while open or where unknown.
    pub closed: Vec<f64>,
    /// Amount in the file's currency, or in one currency where the file holds rates; NaN where missing.
    pub amount: Vec<f64>,
    /// Current stage.
    pub stage: Texts,
    /// Owner.
    pub owner: Texts,
    /// Weight; 1 for a plain row.
    pub weight: Vec<f64>,
    /// Every other column of the deals table and of the dimension tables joined to it, by deal: the candidates for features.
    pub attributes: Vec<Attribute>,
}

impl Deals {
    /// Number of deals.
    pub fn len(&self) -> usize {
        self.row.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    /// Whether exchange rates of the file put the amounts into one currency: a column has that role, and a rate other than 1.
    pub fn converted(&self) -> bool {
        let rates = self.attributes.iter().filter(|attribute| attribute.role.as_deref() == Some("exchange_rate"));
        rates.into_iter().any(|attribute| match &attribute.values {
            Values::Numbers(rates) => rates.iter().any(|rate| *rate > 0.0 && *rate != 1.0),
            Values::Texts(_) | Values::Instants(_) => false,
        })
    }
}

/// A column of the deals table, or one joined to it, in the order of [`Deals`].
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Column name as written; joined columns carry the name they have in their own table.
    pub name: String,
    /// Role that recognition gave it, if any (`owner`, `amount`, `probability`, `closed_at`, …).
    pub role: Option<String>,
    /// One value per deal.
    pub values: Values,
}

/// How a passage through a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// Moved to another open stage (`Passages::next_stage`).
    Moved,
    /// The deal was won from here.
    Won,
    /// The deal was lost from here.
    Lost,
    /// The deal was put on hold from here.
    Hold,
    /// The deal ended here in a way that the data do not tell.
    Closed,
    /// Still here at `as_of`.
    Censored,
}

/// Stays of deals in stages, ordered by deal, then time. All vectors have equal length.
#[derive(Debug, Clone, Default)]
pub struct Passages {
    /// Index into [`Deals`].
    pub deal: Vec<u32>,
    /// Index into `stages`.
    pub stage: Vec<u32>,
    /// 0 for the deal's first stay in this stage, 1 for the second, …
    pub ordinal: Vec<u32>,
    /// Instant of entry in ms.
    pub entered: Vec<f64>,
    /// Instant of exit in ms; `as_of` where censored.
    pub exited: Vec<f64>,
    /// How the stay ended.
    pub exit: Vec<Exit>,
    /// Index into `stages` of the next stage; `u32::MAX` unless `exit` is [`Exit::Moved`].
    pub next_stage: Vec<u32>,
    /// Age in ms at which observation of this stay began (delayed entry); 0 where it was seen from its start. Empty where all were.
    pub delayed_entry: Vec<f64>,
    /// Names of the open stages, in funnel order.
    pub stages: Vec<String>,
}

impl Passages {
    /// None, with room for `rows` that are seen from their start.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Passages {
            deal: Vec::with_capacity(rows),
            stage: Vec::with_capacity(rows),
            ordinal: Vec::with_capacity(rows),
            entered: Vec::with_capacity(rows),
            exited: Vec::with_capacity(rows),
            exit: Vec::with_capacity(rows),
            next_stage: Vec::with_capacity(rows),
            ..Passages::default()
        }
    }

    /// Age in ms at which observation of stay `row` began; 0 where it was seen from its start.
    pub fn delayed_entry_of(&self, row: usize) -> f64 {
        self.delayed_entry.get(row).copied().unwrap_or(0.0)
    }

    /// Number of passages.
    pub fn len(&self) -> usize {
        self.deal.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.deal.is_empty()
    }
}

/// Orders of customers. All vectors have equal length.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// Customer per order.
    pub customer: Texts,
    /// Instant in ms.
    pub date: Vec<f64>,
    /// Local calendar day of the order: days since 1970-01-01 in the user's time zone.
    pub day: Vec<i32>,
    /// Amount, not negative.
    pub amount: Vec<f64>,
    /// Weight; 1 for a plain row.
    pub weight: Vec<f64>,
}

impl Orders {
    /// Number of orders.
    pub fn len(&self) -> usize {
        self.date.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.date.is_empty()
    }
}

/// Customers with attributes of their own (the accounts of a CRM), one entry per row.
#[derive(Debug, Clone, Default)]
pub struct Customers {
    /// Identifier as text.
    pub id: Texts,
    /// Row of the source table.
    pub row: Vec<u32>,
    /// The other columns, by customer.
    pub attributes: Vec<Attribute>,
}

/// Rows that an analysis or the reader could not use, by reason.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// `deals`, `history`, `customers`, `orders`, `interactions`, or a dimension table by its own name.
    pub table: String,
    /// Stable code of the reason, such as `no_created_date` or `unreadable_line`.
    pub reason: String,
    /// How many rows.
    pub count: u64,
    /// Lines of the source file of the first few (at most 10).
    pub example_lines: Vec<u32>,
    /// What stood there, for the first few where a value is to blame.
    pub example_values: Vec<String>,
    /// All of the rows by number in their table; empty where they are in no table or where an analysis left them out.
    #[serde(skip)]
    pub rows: Vec<u32>,
}

/// What the analyses work on: everything that was loaded, recognised and made canonical at `as_of`.
#[derive(Debug, Clone, Default)]
pub struct Crm {
    /// Deals, if a deals table or a stage history was given.
    pub deals: Option<Deals>,
    /// Stage passages, if a stage history was given.
    pub passages: Option<Passages>,
    /// Orders, if an orders table was given; else the won deals of customers, where deals name one.
    pub orders: Option<Orders>,
    /// Customers, if a customers table was given.
    pub customers: Option<Customers>,
    /// Interactions about deals, if a table of them was given.
    pub interactions: Option<Interactions>,
    /// Instant of the analysis in ms: nothing later exists.
    pub as_of: f64,
    /// `as_of` as a local calendar day: days since 1970-01-01.
    pub as_of_day: i32,
    /// How the user counts days, periods and working time.
    pub time: LocalTime,
    /// The user's own points for deals, from the mapping.
    pub rules: Vec<Rule>,
    /// What reading and recognition left out, by table and reason.
    pub left_out: Vec<LeftOut>,
    /// Durations, once they were asked for.
    pub kept: KeptDurations,
}
