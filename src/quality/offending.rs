//! The rows behind a finding, and a file of them.

use super::{Finding, quality};
use crate::crm::Loaded;
use crate::error::{Error, Result};
use crate::read::write_csv;
use crate::table::{Column, Table, Texts, Values};

fn finding(loaded: &Loaded, code: &str, table: &str, column: Option<&str>) -> Result<Finding> {
    let is = |finding: &Finding| finding.code == code && finding.table == table && finding.column.as_deref() == column;
    quality(loaded).findings.into_iter().find(is).ok_or_else(|| Error::InvalidOption {
        option: "finding".into(),
        value: [code, table, column.unwrap_or_default()].join(", "),
        rule: "code, table and column must be those of a finding of these data".into(),
    })
}

/// All rows, by number in their table (0 is the first one below the header), that the finding of this code, table and column is
/// about; empty where it is about no rows, such as lines that could not be read.
///
/// # Errors
/// [`Error::InvalidOption`] where there is no such finding.
pub fn rows(loaded: &Loaded, code: &str, table: &str, column: Option<&str>) -> Result<Vec<u32>> {
    Ok(finding(loaded, code, table, column)?.rows)
}

/// The same rows as the UTF-8 bytes of a CSV file: line of the source, code of the finding, and all columns of the table, times local.
/// Texts that a spreadsheet would take for a formula get an apostrophe in front. Of a finding about no rows, its examples.
///
/// # Errors
/// [`Error::InvalidOption`] where there is no such finding.
pub fn offending(loaded: &Loaded, code: &str, table: &str, column: Option<&str>) -> Result<Vec<u8>> {
    let finding = finding(loaded, code, table, column)?;
    let source = loaded.tables.iter().find(|t| t.source.table.name() == table || t.kind.name() == table);
    let mut columns: Vec<(String, Vec<Option<String>>)> = Vec::new();
    let line = |line: u32| Some(f64::from(line).to_string());
    match source.map(|found| &found.source.table) {
        Some(source) if !finding.rows.is_empty() => {
            let lines = finding.rows.iter().map(|row| line(source.line(*row as usize)));
            columns.push(("line".into(), lines.collect()));
            columns.push(("finding".into(), vec![Some(code.into()); finding.rows.len()]));
            let own = columns.len();
            columns.extend(source.columns().iter().map(|column| (column.name.clone(), Vec::new())));
            for record in loaded.records(table, &finding.rows)? {
                for ((_, cells), (_, cell)) in columns[own..].iter_mut().zip(record) {
                    cells.push(cell);
                }
            }
        }
        _ => {
            let most = finding.example_lines.len().max(finding.example_values.len());
            let lines = (0..most).map(|at| finding.example_lines.get(at).and_then(|at| line(*at)));
            columns.push(("line".into(), lines.collect()));
            columns.push(("finding".into(), vec![Some(code.into()); most]));
            columns.push(("value".into(), (0..most).map(|at| finding.example_values.get(at).cloned()).collect()));
        }
    }
    let mut written = Vec::new();
    for (name, cells) in columns {
        let mut texts = Texts::default();
        for cell in cells {
            // Equal texts need not share a level to be written.
            texts.codes.push(if cell.is_some() { texts.levels.len() as u32 } else { Texts::MISSING });
            texts.levels.extend(cell.map(|cell| harmless(&cell)));
        }
        written.push(Column { name: harmless(&name), values: Values::Texts(texts) });
    }
    Ok(write_csv(&Table::new(table, written)?))
}

/// `text` so that no spreadsheet takes it for a formula; a plain number is none.
pub(crate) fn harmless(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if formula { ["'", text].concat() } else { text.to_owned() }
}
