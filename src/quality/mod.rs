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
use crate::stats::order::{reordered, sorted_rows};
use book::Book;
use serde::Serialize;

pub(crate) use offending::harmless;
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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
        let order = b.severity.cmp(&a.severity).then(b.share.total_cmp(&a.share)).then_with(|| a.code.cmp(&b.code));
        order.then_with(|| a.table.cmp(&b.table)).then_with(|| a.column.cmp(&b.column))
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
    let mut fixes = Vec::new();
    for (at, finding) in findings.iter().enumerate().filter(|(_, finding)| finding.severity > Severity::Info) {
        let mut fix = Fix { finding: at, fix: finding.fix, gained: 0, cleared: 0 };
        for cost in &finding.costs {
            let most = if cost.lost { &mut fix.gained } else { &mut fix.cleared };
            *most = cost.rows.max(*most);
        }
        fixes.push(fix);
    }
    let order = sorted_rows(fixes.len(), &mut |a, b| {
        let (a, b): (&Fix, &Fix) = (&fixes[a], &fixes[b]);
        let is_error = |fix: &Fix| findings[fix.finding].severity == Severity::Error;
        // Weights may add up to more than a count holds.
        let weight = |fix: &Fix| fix.cleared.saturating_mul(if is_error(fix) { 2 } else { 1 });
        b.gained.cmp(&a.gained).then(weight(b).cmp(&weight(a)))
    });
    order.into_iter().map(|at| fixes[at]).collect()
}

#[cfg(test)]
mod tests;
