//! What a host says about its data: which column has which role, when the analysis stands, how repeats count.

use super::Outcome;
use super::local_time::WorkingTime;
use super::ordered_map::OrderedMap;
use super::rules::Rule;
use crate::error::{Error, Result};
use crate::read::dates::iso_instant;
use crate::time::{Calendar, LocalTime, ZoneTable};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// One row per deal.
    Deals,
    /// One row per stage that a deal entered.
    History,
    /// One row per customer.
    Customers,
    /// One row per order, or per line of one.
    Orders,
    /// One row per call, mail, meeting or other contact about a deal; the only kind that may come in several tables.
    Interactions,
    /// Attributes of something that deals name: products, owners, regions.
    Dimension,
}

impl TableKind {
    /// Name of the table in results.
    pub fn name(self) -> &'static str {
        match self {
            TableKind::Deals => "deals",
            TableKind::History => "history",
            TableKind::Customers => "customers",
            TableKind::Orders => "orders",
            TableKind::Interactions => "interactions",
            TableKind::Dimension => "dimension",
        }
    }
}

impl FromStr for TableKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        use TableKind::{Customers, Deals, Dimension, History, Interactions, Orders};
        [Deals, History, Customers, Orders, Interactions, Dimension]
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| Error::InvalidOption {
                option: "kind".into(),
                value: text.into(),
                rule: "a table is deals, history, customers, orders, interactions or dimension".into(),
            })
    }
}

macro_rules! roles {
    ($(#[$doc:meta])* $name:ident { $($(#[$role_doc:meta])* $role:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$role_doc])* #[serde(rename = $text)] $role),*
        }

        impl $name {
            /// All roles, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$role),*];

            /// Name of the role in mappings and results.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$role => $text),*
                }
            }
        }
    };
}

roles! {
    /// What a column of the deals table says.
    DealRole {
        /// Identifier of the deal.
        Id = "id",
        /// When it began.
        CreatedAt = "created_at",
        /// When it ended; of open deals, when it is expected to.
        ClosedAt = "closed_at",
        /// Open, won, lost or on hold.
        Outcome = "outcome",
        /// Current stage.
        Stage = "stage",
        /// Amount in the file's currency.
        Amount = "amount",
        /// Who works on it.
        Owner = "owner",
        /// Which customer it is for.
        CustomerId = "customer_id",
        /// What is sold.
        Product = "product",
        /// Where it came from.
        Source = "source",
        /// When it is expected to close.
        ExpectedClose = "expected_close",
        /// The CRM's own percentage.
        Probability = "probability",
        /// Why it was lost.
        LostReason = "lost_reason",
        /// How many equal deals the row stands for.
        Weight = "weight",
        /// When it entered the current stage.
        StageEnteredAt = "stage_entered_at",
        /// Seconds in each stage, as a JSON object.
        StageTimes = "stage_times",
        /// The stages in the order in which it went through them.
        StageOrder = "stage_order",
        /// Currency of the amount.
        Currency = "currency",
        /// What an amount is multiplied by to be in the one currency of all (divided by in Dynamics 365).
        ExchangeRate = "exchange_rate",
        /// Whether the deal ended.
        IsClosed = "is_closed",
        /// Whether it was won.
        IsWon = "is_won",
        /// Whether the row was deleted: such rows are left out.
        IsDeleted = "is_deleted",
        /// Whether the row is active; an inactive one of probability 0 is a lost deal.
        IsActive = "is_active",
        /// When it was won; goes before `closed_at`.
        WonAt = "won_at",
        /// When it was lost; goes before `closed_at`.
        LostAt = "lost_at",
    }
}

roles! {
    /// What a column of the stage history says.
    HistoryRole {
        /// Identifier of the deal.
        DealId = "deal_id",
        /// Stage that the deal entered.
        Stage = "stage",
        /// When it entered.
        EnteredAt = "entered_at",
        /// When it left.
        ExitedAt = "exited_at",
        /// When the deal ended; tells that it did, not when.
        ClosedAt = "closed_at",
        /// How many equal rows the row stands for.
        Weight = "weight",
        /// Which field of the deal was changed, in an audit.
        Field = "field",
        /// Stage that the deal left.
        Old = "old",
        /// Stage that the deal moved to.
        To = "to",
        /// Seconds from entry to exit.
        Duration = "duration",
    }
}

roles! {
    /// What a column of the customers table says.
    CustomerRole {
        /// Identifier of the customer.
        Id = "id",
    }
}

roles! {
    /// What a column of the orders table says.
    OrderRole {
        /// Identifier of the customer.
        CustomerId = "customer_id",
        /// When the order was placed.
        Date = "date",
        /// What was paid.
        Amount = "amount",
        /// Pieces, where there is no amount.
        Quantity = "quantity",
        /// Price of one piece.
        UnitPrice = "unit_price",
        /// How many equal orders the row stands for.
        Weight = "weight",
    }
}

roles! {
    /// What a column of the interactions table says.
    InteractionRole {
        /// Identifier of the deal.
        DealId = "deal_id",
        /// When it took place.
        At = "at",
        /// Call, mail, meeting, …
        Kind = "kind",
        /// How many equal interactions the row stands for.
        Weight = "weight",
    }
}

/// Role to column name; `None` says that no column has the role, a role that does not stand here is recognised.
pub type Roles<R> = OrderedMap<R, Option<String>>;

/// Which column has which role, and what texts mean.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Mapping {
    /// Of the deals table.
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub deals: Roles<DealRole>,
    /// Of the stage history.
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub history: Roles<HistoryRole>,
    /// Of the customers table.
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub customers: Roles<CustomerRole>,
    /// Of the orders table.
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub orders: Roles<OrderRole>,
    /// Of the interactions tables.
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub interactions: Roles<InteractionRole>,
    /// Text of the outcome or stage column to outcome.
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub outcomes: OrderedMap<String, Outcome>,
    /// Open stages in funnel order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages: Option<Vec<String>>,
    /// What the stage is called in the `field` column of an audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_field: Option<String>,
    /// Stage to columns of the deals table about it: `entered_at`, `exited_at`, `latest` and `cumulative` (times in it).
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub stage_columns: OrderedMap<String, OrderedMap<String, String>>,
    /// Values to read as another value, by column or role: in joins and in every analysis.
    #[serde(skip_serializing_if = "OrderedMap::is_empty")]
    pub same: OrderedMap<String, OrderedMap<String, String>>,
    /// The user's own points for what the columns of a deal say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// The instant of the analysis, as a host writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AsOf {
    /// Milliseconds since 1970-01-01T00:00Z.
    Milliseconds(f64),
    /// An ISO date or date-time; without a zone it is local, a date alone is its midnight.
    Text(String),
}

impl<'de> Deserialize<'de> for AsOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Instant;
        impl Visitor<'_> for Instant {
            type Value = AsOf;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an ISO date or milliseconds since 1970")
            }

            fn visit_f64<E: de::Error>(self, ms: f64) -> std::result::Result<AsOf, E> {
                Ok(AsOf::Milliseconds(ms))
            }

            fn visit_i64<E: de::Error>(self, ms: i64) -> std::result::Result<AsOf, E> {
                Ok(AsOf::Milliseconds(ms as f64))
            }

            fn visit_u64<E: de::Error>(self, ms: u64) -> std::result::Result<AsOf, E> {
                Ok(AsOf::Milliseconds(ms as f64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<AsOf, E> {
                Ok(AsOf::Text(text.to_owned()))
            }
        }
        // Not derived: an untagged enum brings a second deserializer of everything into the download.
        deserializer.deserialize_any(Instant)
    }
}

/// How consecutive history rows of one stage count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// As one stay.
    #[default]
    Collapse,
    /// As one stay each, ending at the deal's next row.
    Separate,
}

/// Options of [`super::load`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct LoadOptions {
    /// What is known about the columns.
    pub mapping: Mapping,
    /// Instant of the analysis; the newest one in the data where missing.
    pub as_of: Option<AsOf>,
    /// Minutes east of UTC for local days and for times without a zone, where the zone has no other rule.
    pub utc_offset_minutes: i32,
    /// The zone of local days and of times without a zone; instead of `utc_offset_minutes`. No JSON: the host hands it over as numbers.
    #[serde(skip)]
    pub zone: Option<ZoneTable>,
    /// Calendar of periods, and of the years 1300 to 1499 in dates where the column does not say otherwise; Gregorian (those years Jalali) where missing.
    pub calendar: Option<Calendar>,
    /// First day of the week, 0 (Sunday) to 6; that of the calendar's home where missing.
    pub week_start: Option<u32>,
    /// Month with which the fiscal year begins, 1 to 12; 1 where missing.
    pub fiscal_year_start: Option<u32>,
    /// Working hours, which durations then count alone.
    pub working_time: Option<WorkingTime>,
    /// How repeats of a stage count.
    pub repeats: Repeats,
}

impl LoadOptions {
    /// The instant asked for in ms, if any.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a text that is no ISO date or a number that is not finite.
    pub(super) fn as_of_ms(&self, time: &LocalTime) -> Result<Option<f64>> {
        let Some(as_of) = &self.as_of else { return Ok(None) };
        let (ms, shown) = match as_of {
            AsOf::Milliseconds(ms) => (Some(*ms), ms.to_string()),
            AsOf::Text(text) => (iso_instant(text, &time.zone, time.periods.calendar), text.clone()),
        };
        // 8.64e15 ms is where the dates of JavaScript end.
        match ms.filter(|ms| ms.abs() <= 8.64e15) {
            Some(ms) => Ok(Some(ms)),
            None => Err(Error::InvalidOption {
                option: "asOf".into(),
                value: shown,
                rule:
                    "an instant is an ISO date such as 2017-12-31 or 2017-12-31T18:00:00Z, or milliseconds since 1970"
                        .into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::options;

    #[test]
    fn unknown_names_are_errors() {
        for json in [
            r#"{"asof": 1}"#,
            r#"{"mapping": {"deals": {"identifier": "x"}}}"#,
            r#"{"mapping": {"deal": {}}}"#,
            r#"{"repeats": "merge"}"#,
            r#"{"mapping": {"outcomes": {"Won": "winner"}}}"#,
        ] {
            assert_eq!(options::<LoadOptions>(json).map_err(|error| error.code()), Err("invalid_option"), "{json}");
        }
    }

    #[test]
    fn as_of_is_an_instant_in_either_form() {
        let at = |json: &str| {
            options::<LoadOptions>(json).and_then(|o| o.as_of_ms(&o.local_time()?)).map_err(|error| error.code())
        };
        assert_eq!(at(r#"{"asOf": "1970-01-02", "utcOffsetMinutes": 60}"#), Ok(Some(82_800_000.0)));
        assert_eq!(at(r#"{"asOf": 5}"#), Ok(Some(5.0)));
        assert_eq!(at("{}"), Ok(None));
        assert_eq!(at(r#"{"asOf": "31/12/2017"}"#), Err("invalid_option"));
    }

    #[test]
    fn a_mapping_reads_back_as_it_was_written() {
        let json = r#"{"mapping":{"deals":{"id":"a","owner":null},"outcomes":{"yes":"won"},"stages":["x"],"same":{"p":{"A":"B"}}}}"#;
        let mapping = options::<LoadOptions>(json).expect("valid").mapping;
        let written = serde_json::to_string(&mapping).expect("serialises");
        assert_eq!(options::<Mapping>(&written), Ok(mapping));
    }
}
