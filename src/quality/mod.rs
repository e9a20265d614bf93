//! What is wrong with the data, what that costs each analysis, and what to mend first.
//!
//! Thresholds are learnt from the data (medians and their absolute deviations, tails of a Poisson count), so that a clean file of
//! any size and rhythm stays quiet; each is given where it is used, with its reason. Counts are weighted, except of what concerns
//! the lines of a file themselves: repeated rows and repeated ids.

mod book;
mod deals;
mod history;
mod levels;
mod offending;
mod orders;
mod robust;
mod scores;
mod tables;
mod time;

use crate::crm::{Loaded, NearMiss};
use crate::meta::Meta;
use crate::stats::order::{reordered, sort_rows};
use book::Book;
use serde::Serialize;

pub use offending::{offending, rows};

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

/// What a finding costs one analysis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// `funnel`, `forecast` or `segments`.
    pub analysis: &'static str,
    /// Rows (weighted) concerned.
    pub rows: u64,
    /// Out of so many.
    pub of: u64,
    /// Whether the analysis leaves these rows out; else it uses them, and they can mislead it.
    pub lost: bool,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable code.
    pub code: String,
    /// Table, as in the summary; a dimension table by its own name.
    pub table: String,
    /// Column, where one is to blame.
    pub column: Option<String>,
    /// Rows (weighted) concerned.
    pub count: u64,
    /// The same as a share of the rows that could have been.
    pub share: f64,
    /// How much it matters.
    pub severity: Severity,
    /// Analyses whose answers it touches.
    pub affects: Vec<&'static str>,
    /// Lines of the source file of the first few (at most 10).
    pub example_lines: Vec<u32>,
    /// What stands there, where values are to blame, or the evidence in words.
    pub example_values: Vec<String>,
    /// What it costs, by analysis.
    pub costs: Vec<Cost>,
    /// What to do about it: a code; the dashboard has a sentence for each.
    pub fix: &'static str,
    /// Levels to merge: each `value` should probably be read as `nearest`.
    pub near_misses: Vec<NearMiss>,
    /// All rows of the table that are concerned; empty where they are in no row, such as lines that could not be read.
    #[serde(skip)]
    pub rows: Vec<u32>,
}

/// How far the data carry one analysis.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// `funnel`, `forecast` or `segments`.
    pub analysis: &'static str,
    /// 0 to 100: 100 × the share of the rows that the analysis can use × (1 − d × share) for every finding about rows that it uses, d being 0.5
    /// for an error and 0.25 for a warning; for the forecast also × min(1, won ÷ 40, lost ÷ 40), since a test needs 40 of each.
    /// `None` where the tables that the analysis needs are not there.
    pub score: Option<f64>,
    /// Rows (weighted) that the analysis uses: deals, closed deals, orders.
    pub usable: f64,
    /// Rows there are.
    pub of: f64,
    /// Codes of the findings that lower the score, the strongest first; `too_few_closed` for a lack of closed deals.
    pub limited_by: Vec<String>,
}

/// Something to mend.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fix {
    /// Place in [`QualityResult::findings`].
    pub finding: usize,
    /// What to do: a code.
    pub fix: &'static str,
    /// Rows that the analysis which gains most would gain.
    pub gained: u64,
    /// Rows that would no longer mislead the analysis which they mislead most.
    pub cleared: u64,
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
    /// One score per analysis.
    pub scores: Vec<Score>,
    /// What to mend first: by rows gained, then rows cleared times severity. Remarks are not in it.
    pub fixes: Vec<Fix>,
}

const FUNNEL: &str = "funnel";
const FORECAST: &str = "forecast";
const SEGMENTS: &str = "segments";
const EXAMPLES: usize = 10;

/// What is wrong with `loaded`, worst first; the same data give the same findings in the same order.
pub fn quality(loaded: &Loaded) -> QualityResult {
    let mut book = Book::new(loaded);
    book.left_out();
    deals::check(&mut book);
    history::check(&mut book);
    orders::check(&mut book);
    tables::check(&mut book);
    levels::check(&mut book);
    time::check(&mut book);
    let findings = reordered(book.findings, &mut |a, b| {
        let key = |finding: &Finding| (finding.code.clone(), finding.table.clone(), finding.column.clone());
        b.severity.cmp(&a.severity).then(b.share.total_cmp(&a.share)).then_with(|| key(a).cmp(&key(b)))
    });
    let rows: usize = loaded.tables.iter().map(|table| table.source.table.rows()).sum();
    QualityResult {
        meta: Meta::new("quality", &loaded.crm, &[], NoOptions {}, rows as f64, loaded.crm.left_out.clone()),
        scores: scores::scores(loaded, &findings),
        fixes: fixes(&findings),
        findings,
    }
}

fn fixes(findings: &[Finding]) -> Vec<Fix> {
    let most = |finding: &Finding, lost: bool| {
        finding.costs.iter().filter(|cost| cost.lost == lost).map(|cost| cost.rows).max().unwrap_or(0)
    };
    let fix = |at: usize| {
        let finding = &findings[at];
        Fix { finding: at, fix: finding.fix, gained: most(finding, true), cleared: most(finding, false) }
    };
    let severity = |at: usize| findings[at].severity;
    let mut order: Vec<usize> = (0..findings.len()).filter(|at| severity(*at) > Severity::Info).collect();
    sort_rows(&mut order, &mut |a, b| {
        let weight = |at: usize| fix(at).cleared * if severity(at) == Severity::Error { 2 } else { 1 };
        fix(b).gained.cmp(&fix(a).gained).then(weight(b).cmp(&weight(a)))
    });
    order.into_iter().map(fix).collect()
}

#[cfg(test)]
mod tests;
