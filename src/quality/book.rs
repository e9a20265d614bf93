//! Where findings are gathered: the tables with their weights, and what reading and recognition left out.

use super::{Cost, EXAMPLES, FORECAST, FUNNEL, Finding, SEGMENTS, Severity};
use crate::crm::{DealRole, HistoryRole, LeftOut, Loaded, LoadedTable, OrderRole, Roles, TableKind};
use crate::read::dates::iso_text;
use crate::read::numbers::shown;
use crate::table::{Table, Texts, Values};

/// An analysis, and whether it leaves the rows out.
pub(super) type Touch = (&'static str, bool);

/// Rows of `funnel` and `forecast` that are used and can mislead.
pub(super) const MISLEADS: &[Touch] = &[(FUNNEL, false), (FORECAST, false)];
pub(super) const ALL: &[Touch] = &[(FUNNEL, false), (FORECAST, false), (SEGMENTS, false)];

/// What to do about each finding.
const FIXES: &[(&str, &[&str])] = &[
    (
        "fill_in",
        &[
            "missing_value",
            "no_created_date",
            "no_close_date",
            "won_without_amount",
            "open_without_amount",
            "no_customer",
            "no_date",
            "no_amount",
            "no_id",
            "no_deal_id",
            "no_stage",
            "no_entered_at",
            "empty_column",
            "outcome_not_told",
        ],
    ),
    ("leave_empty", &["placeholder_value", "sentinel_value"]),
    ("keep_amount", &["lost_amount_zero"]),
    (
        "correct",
        &[
            "unreadable_value",
            "unreadable_line",
            "closed_before_created",
            "closed_before_last_stage",
            "closed_before_last_event",
            "exit_before_entry",
            "exit_without_entry",
            "negative_duration",
            "not_stage_times",
            "negative_amount",
            "probability_out_of_range",
            "date_out_of_range",
            "bad_weight",
            "zero_price",
            "zero_value",
            "zero_amount",
        ],
    ),
    ("remove_duplicates", &["duplicate_id", "duplicate_row", "likely_duplicate"]),
    ("merge_levels", &["near_duplicate_levels", "misspelt_levels", "unmatched_key"]),
    ("close_or_update", &["open_longer_than_any_closed", "expected_close_passed"]),
    ("map_columns", &["unknown_outcome", "guessed_date_order"]),
    ("add_history", &["closed_without_history", "open_without_history", "deal_not_in_deals"]),
    ("check_import", &["bulk_close_day", "import_spike", "import_minute"]),
    ("check_units", &["currency_mix", "tenfold_amounts"]),
    ("load_newer", &["stale_data", "no_new_deals", "no_new_orders", "no_new_customers"]),
];

fn fix_of(code: &str) -> &'static str {
    FIXES.iter().find(|(_, codes)| codes.contains(&code)).map_or("know", |(fix, _)| fix)
}

/// What a finding says of its rows.
pub(super) struct Look<'l> {
    pub code: &'l str,
    pub column: Option<&'l str>,
    pub severity: Severity,
    pub touches: &'l [Touch],
}

impl<'l> Look<'l> {
    pub fn new(code: &'l str, column: Option<&'l str>, severity: Severity, touches: &'l [Touch]) -> Self {
        Look { code, column, severity, touches }
    }
}

/// Tables and findings so far.
pub(super) struct Book<'a> {
    pub loaded: &'a Loaded,
    pub findings: Vec<Finding>,
    /// Weight per row of each table that has weights.
    weights: Vec<Option<&'a [f64]>>,
}

/// The column that has `role`.
#[inline(never)]
pub(super) fn named<R: Ord>(roles: &Roles<R>, role: R) -> Option<&str> {
    roles.get(&role).and_then(Option::as_deref)
}

impl<'a> Book<'a> {
    pub fn new(loaded: &'a Loaded) -> Self {
        let mapping = &loaded.summary.mapping;
        let weights = |table: &'a LoadedTable| {
            let name = match table.kind {
                TableKind::Deals => named(&mapping.deals, DealRole::Weight),
                TableKind::History => named(&mapping.history, HistoryRole::Weight),
                TableKind::Orders => named(&mapping.orders, OrderRole::Weight),
                _ => None,
            };
            match name.and_then(|name| table.source.table.column(name)).map(|column| &column.values) {
                Some(Values::Numbers(values)) => Some(values.as_slice()),
                _ => table.source.table.weights(),
            }
        };
        Book { loaded, findings: Vec::new(), weights: loaded.tables.iter().map(weights).collect() }
    }

    /// Place of the table of this kind.
    pub fn place(&self, kind: TableKind) -> Option<usize> {
        self.loaded.tables.iter().position(|table| table.kind == kind)
    }

    /// Place of the table in which deals stand: that of deals, or the history that they were made from.
    pub fn place_of_deals(&self) -> Option<usize> {
        self.place(TableKind::Deals).or_else(|| self.place(TableKind::History))
    }

    pub fn table(&self, place: usize) -> &'a Table {
        &self.loaded.tables[place].source.table
    }

    /// What the table is called in results.
    pub fn name(&self, place: usize) -> &'a str {
        let table = &self.loaded.tables[place];
        if table.kind == TableKind::Dimension { table.source.table.name() } else { table.kind.name() }
    }

    pub fn weight(&self, place: usize, row: u32) -> f64 {
        // A bad weight is a finding of its own; its row counts once in the others.
        self.weights[place]
            .and_then(|weights| weights.get(row as usize))
            .map_or(1.0, |weight| if *weight >= 0.0 && weight.is_finite() { *weight } else { 1.0 })
    }

    #[inline(never)]
    pub fn sum(&self, place: usize, rows: &[u32]) -> f64 {
        match self.weights[place] {
            None => rows.len() as f64,
            Some(_) => sum_of(rows.len(), &|at| self.weight(place, rows[at])),
        }
    }

    /// All rows of a table, weighted.
    #[inline(never)]
    pub fn total(&self, place: usize) -> f64 {
        let rows = self.table(place).rows();
        match self.weights[place] {
            None => rows as f64,
            Some(_) => sum_of(rows, &|row| self.weight(place, row as u32)),
        }
    }

    /// The text in `row` of a column.
    #[inline(never)]
    pub fn cell(&self, place: usize, column: &str, row: u32) -> Option<String> {
        let row = row as usize;
        match &self.table(place).column(column)?.values {
            Values::Texts(texts) => texts.get(row).map(str::to_owned),
            Values::Numbers(values) => values.get(row).copied().filter(|value| !value.is_nan()).map(shown),
            Values::Instants(values) => values.get(row).filter(|value| !value.is_nan()).map(|value| {
                let text = iso_text(self.loaded.crm.time.zone.local(*value), false);
                text.trim_end_matches("T00:00:00Z").trim_end_matches('Z').replace('T', " ")
            }),
        }
    }

    /// A finding about `rows` of a table, out of `of`; nothing where there are none. Examples are its first rows.
    #[inline(never)]
    pub fn add(&mut self, place: usize, look: &Look<'_>, rows: Vec<u32>, of: f64) -> Option<&mut Finding> {
        let count = self.sum(place, &rows);
        self.add_counted(place, look, rows, (count, of))
    }

    /// The same with a count of its own.
    pub fn add_counted(
        &mut self,
        place: usize,
        look: &Look<'_>,
        rows: Vec<u32>,
        (count, of): (f64, f64),
    ) -> Option<&mut Finding> {
        let &Look { code, column, severity, touches } = look;
        let rounded = count.round() as u64;
        if rounded == 0 {
            return None;
        }
        // Segments rest on the orders where there are any; deals then do not matter to them.
        let of_deals = matches!(self.loaded.tables[place].kind, TableKind::Deals | TableKind::History);
        let has_orders = of_deals && self.place(TableKind::Orders).is_some();
        let touches: Vec<Touch> =
            touches.iter().copied().filter(|(analysis, _)| !(has_orders && *analysis == SEGMENTS)).collect();
        let first = &rows[..rows.len().min(EXAMPLES)];
        let value = |row: &u32| column.and_then(|column| self.cell(place, column, *row));
        let finding = Finding {
            code: code.into(),
            table: self.name(place).into(),
            column: column.map(str::to_owned),
            count: rounded,
            share: if of > 0.0 { (count / of).min(1.0) } else { 0.0 },
            severity,
            affects: touches.iter().map(|(analysis, _)| *analysis).collect(),
            example_lines: first.iter().map(|row| self.table(place).line(*row as usize)).collect(),
            example_values: first.iter().filter_map(value).collect(),
            costs: touches
                .iter()
                .map(|(analysis, lost)| Cost { analysis, rows: rounded, of: of.round() as u64, lost: *lost })
                .collect(),
            fix: fix_of(code),
            near_misses: Vec::new(),
            rows,
        };
        self.findings.push(finding);
        self.findings.last_mut()
    }

    /// What reading and recognition left out, each reason a finding.
    pub fn left_out(&mut self) {
        let loaded = self.loaded;
        for entry in &loaded.crm.left_out {
            // Where won deals stand for orders there is no such table: what they lack is found in the deals.
            if let Some(place) = (0..loaded.tables.len()).find(|place| self.name(*place) == entry.table) {
                self.entry(place, entry);
            }
        }
    }

    fn entry(&mut self, place: usize, entry: &LeftOut) {
        let mapping = &self.loaded.summary.mapping;
        let lines_lost = if entry.reason == "unreadable_line" { entry.count as f64 } else { 0.0 };
        let of = (self.total(place) + lines_lost).max(entry.count as f64);
        let kind = self.loaded.tables[place].kind;
        let column: Option<&str> = match entry.reason.as_str() {
            "unreadable_value" => {
                let first = entry.example_values.first().map(String::as_str).unwrap_or_default();
                let names = self.table(place).columns().iter().map(|column| column.name.as_str());
                let of_first = |name: &&str| first.strip_prefix(name).is_some_and(|rest| rest.starts_with(": "));
                names.filter(of_first).max_by_key(|name| name.len())
            }
            "no_customer" if kind == TableKind::Orders => named(&mapping.orders, OrderRole::CustomerId),
            "no_date" if kind == TableKind::Orders => named(&mapping.orders, OrderRole::Date),
            "no_stage" => named(&mapping.history, HistoryRole::Stage),
            "no_entered_at" => named(&mapping.history, HistoryRole::EnteredAt),
            _ => None,
        };
        // A reason that stands before another one hides it: for completeness, all rows without the value count.
        let absent = match (entry.reason.as_str(), column) {
            ("unreadable_value", _) | (_, None) => None,
            (_, Some(column)) => self.table(place).column(column).map(|column| missing(&column.values)),
        };
        let rows = absent.unwrap_or_else(|| entry.rows.clone());
        let of_stays = matches!(
            entry.reason.as_str(),
            "not_stage_times"
                | "negative_duration"
                | "reentry_without_dates"
                | "exit_before_entry"
                | "closed_before_last_stage"
                | "exit_without_entry"
        );
        let lost = !matches!(entry.reason.as_str(), "unreadable_value" | "other_field" | "reentry_without_dates");
        let touches: &[Touch] = match entry.table.as_str() {
            "history" => &[(FUNNEL, true)],
            "orders" => &[(SEGMENTS, true)],
            "customers" => &[(SEGMENTS, false)],
            "interactions" => &[],
            "deals" if of_stays => &[(FUNNEL, true)],
            "deals" if lost => &[(FUNNEL, true), (FORECAST, true), (SEGMENTS, true)],
            "deals" => ALL,
            _ => &[(FORECAST, false)],
        };
        let share = entry.count as f64 / of.max(1.0);
        let severity = match entry.reason.as_str() {
            "after_as_of" | "return_or_cancellation" | "other_field" | "reentry_without_dates" => Severity::Info,
            _ if share > 0.1 => Severity::Error,
            _ => Severity::Warning,
        };
        let left_out = self.sum(place, &entry.rows).max(if entry.rows.is_empty() { entry.count as f64 } else { 0.0 });
        let count = if rows.is_empty() { left_out } else { self.sum(place, &rows) };
        let found = self.add_counted(place, &Look::new(&entry.reason, column, severity, touches), rows, (count, of));
        if let Some(finding) = found {
            finding.table.clone_from(&entry.table);
            finding.example_values.clone_from(&entry.example_values);
            finding.example_lines.clone_from(&entry.example_lines);
            finding.costs.iter_mut().for_each(|cost| {
                cost.rows = left_out.round() as u64;
                cost.lost &= lost;
            });
        }
    }
}

/// The rows out of `n` for which `is` holds. One loop for all checks, as each of its own would be downloaded too; so the others below.
#[inline(never)]
pub(super) fn rows_where(n: usize, is: &dyn Fn(usize) -> bool) -> Vec<u32> {
    let mut rows = Vec::new();
    for row in 0..n {
        if is(row) {
            rows.push(row as u32);
        }
    }
    rows
}

/// For each of `n` whether `is` holds.
#[inline(never)]
pub(super) fn flags(n: usize, is: &dyn Fn(usize) -> bool) -> Vec<bool> {
    let mut flags = vec![false; n];
    for (at, flag) in flags.iter_mut().enumerate() {
        *flag = is(at);
    }
    flags
}

/// The sum over `n`.
#[inline(never)]
pub(super) fn sum_of(n: usize, value: &dyn Fn(usize) -> f64) -> f64 {
    let mut sum = 0.0;
    for at in 0..n {
        sum += value(at);
    }
    sum
}

/// Values with their weights for each of `n`; those that are NaN are no values.
#[inline(never)]
pub(super) fn weighted(n: usize, value: &dyn Fn(usize) -> (f64, f64)) -> Vec<(f64, f64)> {
    let mut values = Vec::new();
    for at in 0..n {
        let found = value(at);
        if !found.0.is_nan() {
            values.push(found);
        }
    }
    values
}

/// The rows that hold a level of which `is` holds.
#[inline(never)]
pub(super) fn rows_with(texts: &Texts, is: &[bool]) -> Vec<u32> {
    rows_where(texts.codes.len(), &|row| is.get(texts.codes[row] as usize) == Some(&true))
}

/// The first levels of which `is` holds.
#[inline(never)]
pub(super) fn levels_with(texts: &Texts, is: &[bool]) -> Vec<String> {
    let rows = rows_where(texts.levels.len(), &|at| is[at]);
    rows.iter().take(EXAMPLES).map(|at| texts.levels[*at as usize].to_owned()).collect()
}

/// Rows without a value.
#[inline(never)]
pub(super) fn missing(values: &Values) -> Vec<u32> {
    rows_where(values.len(), &|row| match values {
        Values::Numbers(values) | Values::Instants(values) => values[row].is_nan(),
        Values::Texts(texts) => texts.get(row).is_none(),
    })
}
