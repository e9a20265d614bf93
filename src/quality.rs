//! What is wrong with the data, and what that costs each analysis.

use crate::crm::{Deals, LeftOut, Loaded, Outcome, TableKind};
use crate::meta::Meta;
use crate::stats::order::reordered;
use crate::table::{Table, Texts, Values};
use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Some answers rest on fewer rows than they could, or are easily misread.
    Warning,
    /// An analysis cannot answer, or a good part of the rows is lost.
    Error,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable code.
    pub code: String,
    /// Table, as in the summary.
    pub table: String,
    /// Column, where one is to blame.
    pub column: Option<String>,
    /// Rows concerned.
    pub count: u64,
    /// The same as a share of the rows that could have been.
    pub share: f64,
    /// How much it matters.
    pub severity: Severity,
    /// Analyses whose answers it touches.
    pub affects: Vec<&'static str>,
    /// Lines of the source file of the first few (at most 10).
    pub example_lines: Vec<u32>,
    /// What stood there, where a value is to blame.
    pub example_values: Vec<String>,
}

/// Quality has no options.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct NoOptions {}

/// What is wrong, worst first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QualityResult {
    /// Provenance.
    pub meta: Meta<NoOptions>,
    /// The findings by severity, then share, then name.
    pub findings: Vec<Finding>,
}

const FUNNEL: &str = "funnel";
const FORECAST: &str = "forecast";
const SEGMENTS: &str = "segments";
const EXAMPLES: usize = 10;

/// What is wrong with `loaded`, worst first; the same data give the same findings in the same order.
pub fn quality(loaded: &Loaded) -> QualityResult {
    let mut findings = Vec::new();
    for entry in &loaded.crm.left_out {
        findings.push(left_out(loaded, entry));
    }
    if let Some(deals) = &loaded.crm.deals {
        of_deals(loaded, deals, &mut findings);
        of_history(loaded, deals, &mut findings);
    }
    of_columns(loaded, &mut findings);
    of_joins(loaded, &mut findings);
    let findings = reordered(findings, &mut |a, b| {
        let key = |finding: &Finding| (finding.code.clone(), finding.table.clone(), finding.column.clone());
        b.severity.cmp(&a.severity).then(b.share.total_cmp(&a.share)).then_with(|| key(a).cmp(&key(b)))
    });
    let rows: usize = loaded.tables.iter().map(|table| table.source.table.rows()).sum();
    QualityResult {
        meta: Meta::new("quality", &loaded.crm, &[], NoOptions {}, rows as f64, loaded.crm.left_out.clone()),
        findings,
    }
}

fn share(count: u64, of: usize) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// Analyses that rest on a table.
fn users(table: &str) -> Vec<&'static str> {
    match table {
        "history" => vec![FUNNEL],
        "orders" | "customers" => vec![SEGMENTS],
        "deals" => vec![FUNNEL, FORECAST, SEGMENTS],
        _ => vec![FORECAST],
    }
}

fn left_out(loaded: &Loaded, entry: &LeftOut) -> Finding {
    let source = loaded.tables.iter().find(|table| {
        let dimension = table.kind == TableKind::Dimension;
        if dimension { table.source.table.name() == entry.table } else { table.kind.name() == entry.table }
    });
    let rows = source.map_or(0, |table| table.source.table.rows());
    let lost = if entry.reason == "unreadable_line" { entry.count as usize } else { 0 };
    let share = share(entry.count, (rows + lost).max(entry.count as usize));
    let severity = match entry.reason.as_str() {
        "after_as_of" | "return_or_cancellation" => Severity::Info,
        _ if share > 0.1 => Severity::Error,
        _ => Severity::Warning,
    };
    let prefix = entry.example_values.first().filter(|_| entry.reason == "unreadable_value");
    let column = prefix.and_then(|value| {
        let names = source.iter().flat_map(|table| table.source.table.columns()).map(|column| &column.name);
        names.filter(|name| value.starts_with(&format!("{name}: "))).max_by_key(|name| name.len()).cloned()
    });
    Finding {
        code: entry.reason.clone(),
        table: entry.table.clone(),
        column,
        count: entry.count,
        share,
        severity,
        affects: users(&entry.table),
        example_lines: entry.example_lines.clone(),
        example_values: entry.example_values.clone(),
    }
}

/// Where deals stand in a file: the deals table, or the history that they were made from.
struct Place<'a> {
    name: &'static str,
    table: Option<&'a Table>,
}

impl Place<'_> {
    /// A finding about the deals for which `is` holds, out of those for which `could` holds.
    fn finding(
        &self,
        deals: &Deals,
        code: &str,
        severity: Severity,
        affects: &[&'static str],
        could: impl Fn(usize) -> bool,
        is: impl Fn(usize) -> bool,
    ) -> Option<Finding> {
        let of = (0..deals.len()).filter(|deal| could(*deal)).count();
        let hits = || (0..deals.len()).filter(|deal| could(*deal) && is(*deal));
        let count = hits().count() as u64;
        let line = |deal: usize| self.table.map_or(0, |table| table.line(deals.row[deal] as usize));
        (count > 0).then(|| Finding {
            code: code.into(),
            table: self.name.into(),
            column: None,
            count,
            share: share(count, of),
            severity,
            affects: affects.to_vec(),
            example_lines: hits().take(EXAMPLES).map(line).collect(),
            example_values: Vec::new(),
        })
    }
}

fn place(loaded: &Loaded) -> Place<'_> {
    match loaded.table(TableKind::Deals) {
        Some(table) => Place { name: "deals", table: Some(table) },
        None => Place { name: "history", table: loaded.table(TableKind::History) },
    }
}

fn of_deals(loaded: &Loaded, deals: &Deals, findings: &mut Vec<Finding>) {
    let place = place(loaded);
    let in_table = place.name == "deals";
    let ended = |deal: usize| matches!(deals.outcome[deal], Outcome::Won | Outcome::Lost | Outcome::Closed);
    let open = |deal: usize| !ended(deal);
    let all = |_: usize| true;
    let column = |role: &str| deals.attributes.iter().find(|a| a.role.as_deref() == Some(role)).map(|a| a.name.clone());
    let mapping = &loaded.summary.mapping.deals;
    let created = mapping.iter().find(|(role, _)| role.name() == "created_at").and_then(|(_, name)| name.clone());
    let mut add = |finding: Option<Finding>, column: Option<String>| {
        findings.extend(finding.map(|finding| Finding { column, ..finding }));
    };
    let no_creation = place.finding(deals, "no_created_date", Severity::Warning, &[FUNNEL, FORECAST], all, |deal| {
        deals.created[deal].is_nan()
    });
    // Where no deal has a date there is nothing to compute a duration from.
    let no_creation = no_creation.map(|finding| Finding {
        severity: if finding.share == 1.0 { Severity::Error } else { finding.severity },
        ..finding
    });
    add(no_creation, created);
    add(
        place.finding(deals, "no_close_date", Severity::Warning, &[FUNNEL, FORECAST, SEGMENTS], ended, |deal| {
            deals.closed[deal].is_nan()
        }),
        column("closed_at"),
    );
    add(
        place.finding(deals, "closed_before_created", Severity::Error, &[FUNNEL, FORECAST], ended, |deal| {
            deals.closed[deal] < deals.created[deal]
        }),
        column("closed_at"),
    );
    let longest = (0..deals.len()).filter(|deal| ended(*deal)).map(|deal| deals.closed[deal] - deals.created[deal]);
    let longest = longest.fold(f64::NAN, f64::max);
    add(
        place.finding(deals, "open_longer_than_any_closed", Severity::Warning, &[FUNNEL, FORECAST], open, |deal| {
            loaded.crm.as_of - deals.created[deal] > longest
        }),
        None,
    );
    if !in_table {
        return;
    }
    let has_amount = column("amount").is_some();
    let won = |deal: usize| deals.outcome[deal] == Outcome::Won;
    let lost = |deal: usize| deals.outcome[deal] == Outcome::Lost;
    let missing_amount = |deal: usize| deals.amount[deal].is_nan();
    if has_amount {
        add(
            place.finding(deals, "won_without_amount", Severity::Warning, &[FORECAST, SEGMENTS], won, missing_amount),
            column("amount"),
        );
        add(
            place.finding(deals, "open_without_amount", Severity::Warning, &[FORECAST], open, missing_amount),
            column("amount"),
        );
        let zeros = place
            .finding(deals, "lost_amount_zero", Severity::Warning, &[FORECAST], lost, |deal| deals.amount[deal] == 0.0);
        add(zeros.filter(|finding| finding.share == 1.0), column("amount"));
    }
    for attribute in &deals.attributes {
        let affects: &[&'static str] = match attribute.role.as_deref() {
            Some("customer_id") => &[FORECAST, SEGMENTS],
            Some("owner" | "product" | "source") => &[FUNNEL, FORECAST],
            Some("stage" | "outcome") => &[FUNNEL, FORECAST],
            _ => continue,
        };
        let Values::Texts(texts) = &attribute.values else { continue };
        let absent = |deal: usize| texts.get(deal).is_none();
        let finding = place.finding(deals, "missing_value", Severity::Warning, affects, all, absent);
        add(finding, Some(attribute.name.clone()));
    }
    unknown_outcomes(loaded, deals, &place, findings);
}

/// Texts of an outcome column of its own that mean nothing known: those deals count as open.
fn unknown_outcomes(loaded: &Loaded, deals: &Deals, place: &Place<'_>, findings: &mut Vec<Finding>) {
    let mapping = &loaded.summary.mapping;
    let name = |wanted: &str| mapping.deals.iter().find(|(r, _)| r.name() == wanted).and_then(|(_, n)| n.as_ref());
    let (outcome, stage) = (name("outcome"), name("stage"));
    if outcome.is_none() || outcome == stage {
        return;
    }
    let Some(attribute) = deals.attributes.iter().find(|attribute| Some(&attribute.name) == outcome) else { return };
    let Values::Texts(texts) = &attribute.values else { return };
    let unknown: Vec<bool> = texts.levels.iter().map(|level| !mapping.outcomes.contains_key(level)).collect();
    let is = |deal: usize| unknown.get(texts.codes[deal] as usize) == Some(&true);
    let finding = place.finding(deals, "unknown_outcome", Severity::Warning, &[FUNNEL, FORECAST], |_| true, is);
    let values = texts.levels.iter().zip(&unknown).filter(|(_, unknown)| **unknown).map(|(level, _)| level.clone());
    findings.extend(finding.map(|finding| Finding {
        column: Some(attribute.name.clone()),
        example_values: values.take(EXAMPLES).collect(),
        ..finding
    }));
}

fn of_history(loaded: &Loaded, deals: &Deals, findings: &mut Vec<Finding>) {
    let (Some(passages), Some(_)) = (&loaded.crm.passages, loaded.table(TableKind::Deals)) else { return };
    let mut has_passage = vec![false; deals.len()];
    for deal in &passages.deal {
        has_passage[*deal as usize] = true;
    }
    let place = place(loaded);
    let ended = |deal: usize| matches!(deals.outcome[deal], Outcome::Won | Outcome::Lost | Outcome::Closed);
    let without = |deal: usize| !has_passage[deal];
    let codes: [(&str, &dyn Fn(usize) -> bool); 2] =
        [("closed_without_history", &ended), ("open_without_history", &|deal| !ended(deal))];
    for (code, could) in codes {
        findings.extend(place.finding(deals, code, Severity::Warning, &[FUNNEL], could, without));
    }
}

/// Dates whose order is a guess.
fn of_columns(loaded: &Loaded, findings: &mut Vec<Finding>) {
    for table in &loaded.summary.tables {
        for column in &table.columns {
            if !column.date_evidence.as_deref().is_some_and(|evidence| evidence.starts_with("guess")) {
                continue;
            }
            let count = (table.rows - column.missing) as u64;
            let name = if table.table == "dimension" { table.source.as_str() } else { table.table };
            findings.push(Finding {
                code: "guessed_date_order".into(),
                table: name.into(),
                column: Some(column.name.clone()),
                count,
                share: share(count, table.rows),
                severity: if column.role.is_some() { Severity::Error } else { Severity::Warning },
                affects: users(table.table),
                example_lines: Vec::new(),
                example_values: column.examples.clone(),
            });
        }
    }
}

fn of_joins(loaded: &Loaded, findings: &mut Vec<Finding>) {
    let deals = loaded.crm.deals.as_ref();
    for join in &loaded.summary.joins {
        if join.unmatched > 0 {
            let known = |value: &str| join.near_misses.iter().any(|miss| miss.value == value);
            let attribute = deals.and_then(|deals| deals.attributes.iter().find(|a| a.name == join.column));
            let lines = match (deals, loaded.table(TableKind::Deals), attribute.map(|attribute| &attribute.values)) {
                (Some(deals), Some(table), Some(Values::Texts(texts))) => first_lines(deals, table, texts, known),
                _ => Vec::new(),
            };
            findings.push(Finding {
                code: "unmatched_key".into(),
                table: "deals".into(),
                column: Some(join.column.clone()),
                count: join.unmatched as u64,
                share: share(join.unmatched as u64, join.matched + join.unmatched),
                severity: Severity::Error,
                affects: vec![FORECAST, SEGMENTS],
                example_lines: lines,
                example_values: join.near_misses.iter().take(EXAMPLES).map(|miss| miss.value.clone()).collect(),
            });
        }
        if !join.unused.is_empty() {
            let rows =
                loaded.tables.iter().find(|t| t.source.table.name() == join.source).map(|t| t.source.table.rows());
            findings.push(Finding {
                code: "unused_key".into(),
                table: join.source.clone(),
                column: None,
                count: join.unused.len() as u64,
                share: share(join.unused.len() as u64, rows.unwrap_or(0)),
                severity: Severity::Info,
                affects: Vec::new(),
                example_lines: Vec::new(),
                example_values: join.unused.iter().take(EXAMPLES).cloned().collect(),
            });
        }
    }
}

fn first_lines(deals: &Deals, table: &Table, texts: &Texts, wanted: impl Fn(&str) -> bool) -> Vec<u32> {
    let wanted: Vec<bool> = texts.levels.iter().map(|level| wanted(level)).collect();
    let hits = texts.codes.iter().zip(&deals.row).filter(|(code, _)| wanted.get(**code as usize) == Some(&true));
    hits.take(EXAMPLES).map(|(_, row)| table.line(*row as usize)).collect()
}
