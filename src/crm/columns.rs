//! Columns of a table in the type that a role needs.

use crate::crm::LeftOut;
use crate::read::dates::iso_text;
use crate::table::{Column, Table, Texts, Values};
use std::collections::HashMap;

/// The column as texts; numbers as they are written, instants as ISO.
pub(super) fn texts(column: &Column) -> Texts {
    let by_bits = |values: &[f64], text: &dyn Fn(f64) -> String| {
        let mut seen: HashMap<u64, u32> = HashMap::new();
        let mut texts = Texts::default();
        for value in values {
            let code = if value.is_nan() {
                Texts::MISSING
            } else {
                *seen.entry(value.to_bits()).or_insert_with(|| {
                    texts.levels.push(text(*value));
                    (texts.levels.len() - 1) as u32
                })
            };
            texts.codes.push(code);
        }
        texts
    };
    match &column.values {
        Values::Texts(texts) => texts.clone(),
        Values::Numbers(values) => by_bits(values, &|value| value.to_string()),
        Values::Instants(values) => by_bits(values, &|value| iso_text(value, false)),
    }
}

/// The column as texts, of ids joined with `;` the first.
pub(super) fn first_texts(column: &Column) -> Texts {
    let texts = texts(column);
    if !texts.levels.iter().any(|level| level.contains(';')) {
        return texts;
    }
    let first = |row| texts.get(row).and_then(|text| text.split(';').map(str::trim).find(|id| !id.is_empty()));
    (0..texts.codes.len()).map(first).collect()
}

/// The column as numbers; NaN throughout where it holds something else.
pub(super) fn numbers(column: &Column) -> Vec<f64> {
    match &column.values {
        Values::Numbers(values) => values.clone(),
        other => vec![f64::NAN; other.len()],
    }
}

/// The number in `row`; NaN where the column holds something else.
pub(super) fn numbers_at(column: &Column, row: usize) -> f64 {
    match &column.values {
        Values::Numbers(values) => values.get(row).copied().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// Milliseconds per unit where numbers can be meant as instants: milliseconds or seconds since 1970, of the years 1973 to 2128.
pub(super) fn epoch_unit(values: &[f64]) -> Option<f64> {
    let present = || values.iter().filter(|value| !value.is_nan());
    present().next()?;
    if present().all(|value| (1e11..5e12).contains(value)) {
        Some(1.0)
    } else if present().all(|value| (1e8..5e9).contains(value)) {
        Some(1000.0)
    } else {
        None
    }
}

/// The column as instants in ms; NaN throughout where it holds something else.
pub(super) fn instants(column: &Column) -> Vec<f64> {
    match &column.values {
        Values::Instants(values) => values.clone(),
        Values::Numbers(values) => match epoch_unit(values) {
            Some(unit) => values.iter().map(|value| value * unit).collect(),
            None => vec![f64::NAN; values.len()],
        },
        Values::Texts(texts) => vec![f64::NAN; texts.codes.len()],
    }
}

/// The values at `rows`, which must exist.
pub(super) fn at_rows(values: &Values, rows: &[u32]) -> Values {
    let all = rows.len() == values.len() && rows.iter().enumerate().all(|(at, row)| at == *row as usize);
    if all {
        return values.clone();
    }
    let pick = |values: &[f64]| rows.iter().map(|row| values[*row as usize]).collect();
    match values {
        Values::Numbers(values) => Values::Numbers(pick(values)),
        Values::Instants(values) => Values::Instants(pick(values)),
        Values::Texts(texts) => Values::Texts(Texts {
            codes: rows.iter().map(|row| texts.codes[*row as usize]).collect(),
            levels: texts.levels.clone(),
        }),
    }
}

/// Counts rows that are left out, by reason, in the order in which reasons first occur.
pub(super) struct Tally<'a> {
    table: &'static str,
    lines: &'a Table,
    entries: Vec<LeftOut>,
}

impl<'a> Tally<'a> {
    /// An empty tally of the rows of `lines`, called `table` in results.
    pub fn new(table: &'static str, lines: &'a Table) -> Self {
        Tally { table, lines, entries: Vec::new() }
    }

    /// One more row for `reason`; `value` says what stood there.
    pub fn add(&mut self, reason: &str, row: usize, value: &str) {
        let at = match self.entries.iter().position(|entry| entry.reason == reason) {
            Some(at) => at,
            None => {
                self.entries.push(LeftOut { table: self.table.into(), reason: reason.into(), ..LeftOut::default() });
                self.entries.len() - 1
            }
        };
        let entry = &mut self.entries[at];
        entry.count += 1;
        entry.rows.push(row as u32);
        if entry.example_lines.len() < 10 {
            entry.example_lines.push(self.lines.line(row));
            if !value.is_empty() {
                entry.example_values.push(value.to_owned());
            }
        }
    }

    /// What was counted.
    pub fn finish(self) -> Vec<LeftOut> {
        self.entries
    }
}
