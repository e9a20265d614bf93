//! Bytes or plain columns in, a typed [`Table`] out, with what was seen on the way.

pub(crate) mod case;
mod cells;
pub(crate) mod dates;
mod delimited;
pub(crate) mod fold;
mod infer;
mod interner;
pub(crate) mod numbers;
mod plain;
mod rows;
mod scan;
mod simd;
mod sniff;
mod write;

use crate::crm::LeftOut;
use crate::error::{Error, Result};
use crate::table::{Column, Table, Texts, Values};
use crate::time::LocalTime;

pub use delimited::Reader;
pub use write::write_csv;

/// A table as read, with the facts about each column that a person needs to judge the reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The typed columns.
    pub table: Table,
    /// What separates fields (a blank for runs of blanks); `None` where the source was no text file.
    pub separator: Option<char>,
    /// One entry per column of the table.
    pub columns: Vec<ColumnFacts>,
    /// Lines and values that could not be read.
    pub left_out: Vec<LeftOut>,
}

/// How a column was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnFacts {
    /// `number`, `instant` or `text`.
    pub kind: &'static str,
    /// Rows without a value.
    pub missing: usize,
    /// Distinct values; texts only.
    pub distinct: Option<usize>,
    /// The first three distinct values as they were written.
    pub examples: Vec<String>,
    /// How dates are written: `yyyy-mm-dd`, `dd-mm-yy`, `m/d/yyyy`, `jalali yyyy/mm/dd`, …
    pub date_order: Option<String>,
    /// What that rests on; begins with `guess` where the values cannot tell.
    pub date_evidence: Option<String>,
}

/// Values of one column of a host that has its own.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValues {
    /// Numbers; NaN where missing. Beyond 1e30 they are unreadable, as those of a file.
    Numbers(Vec<f64>),
    /// Instants in ms since 1970-01-01T00:00Z; NaN where missing. Beyond 8.64e15, the last one of a `Date`, they are unreadable.
    Instants(Vec<f64>),
    /// Texts, typed as the cells of a CSV file are; empty where missing.
    Texts(Vec<String>),
    /// The same by dictionary code; missing beyond the levels.
    Cells(Texts),
    /// Texts by dictionary code; they stay texts.
    Levels(Texts),
}

/// The table in the bytes of a CSV file, times without a zone being UTC: [`csv_with`] in UTC.
///
/// # Errors
/// As [`csv_with`].
///
/// ```
/// let source = crm_analytics::read::csv("deals.csv", "id;مبلغ\nA1;۱۲٬۰۰۰\nB2;۷٬۵۰۰\n".as_bytes())?;
/// assert_eq!(source.separator, Some(';'));
/// assert_eq!(source.columns[1].kind, "number");
/// # Ok::<(), crm_analytics::Error>(())
/// ```
pub fn csv(name: &str, bytes: &[u8]) -> Result<Source> {
    csv_with(name, bytes, &LocalTime::default())
}

/// The table in the bytes of a CSV file (UTF-8, or UTF-16 with a byte order mark) named `name`.
///
/// Fields are separated by comma, semicolon, tab or bar, found by what cuts the first lines alike, or by runs of blanks where
/// every field holds a digit. The first row is the header unless it looks like the rows below it; columns are then named `column_1`, ….
/// Lines with another number of fields and quotes that do not end are left out (`unreadable_line`). A column is numbers or
/// instants where nine tenths of its values are; the others become missing (`unreadable_value`), and so do numbers beyond 1e30. Blanks around values do not count.
/// Dates and times without a zone are local in the zone of `time`; years from 1300 to 1499 are Jalali, or those of Umm al-Qura where
/// the header or the calendar of `time` says so.
///
/// # Errors
/// [`Error::EmptyInput`], [`Error::NoRows`], [`Error::Binary`], [`Error::NotUtf8`].
pub fn csv_with(name: &str, bytes: &[u8], time: &LocalTime) -> Result<Source> {
    let mut reader = Reader::new(name, time);
    loop {
        if let Some(source) = reader.close_with(bytes)? {
            return Ok(source);
        }
    }
}

/// A table named `name` of columns that a host holds already; texts are typed as the cells of a CSV file are,
/// dates and times without a zone among them being local in the zone of `time`.
///
/// # Errors
/// [`Error::ColumnLength`] where columns differ in length, [`Error::EmptyInput`] without columns, [`Error::NoRows`] without rows.
pub fn columns(name: &str, columns: Vec<(String, RawValues)>, time: &LocalTime) -> Result<Source> {
    let length = |values: &RawValues| match values {
        RawValues::Numbers(values) | RawValues::Instants(values) => values.len(),
        RawValues::Texts(values) => values.len(),
        RawValues::Cells(texts) | RawValues::Levels(texts) => texts.codes.len(),
    };
    let Some(rows) = columns.first().map(|(_, values)| length(values)) else {
        return Err(Error::EmptyInput { table: name.into() });
    };
    if rows == 0 {
        return Err(Error::NoRows { table: name.into() });
    }
    if let Some((column, values)) = columns.iter().find(|(_, values)| length(values) != rows) {
        return Err(Error::ColumnLength {
            table: name.into(),
            column: column.clone(),
            length: length(values),
            expected: rows,
        });
    }
    let name_of_table = name;
    let names = rows::unique_names(&columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    let mut texts = (Vec::new(), Vec::new());
    for (name, (_, values)) in names.iter().zip(&columns) {
        let mut interner = interner::Interner::default();
        match values {
            RawValues::Texts(values) => {
                values.iter().for_each(|text| interner.push(text));
                interner.settle();
            }
            RawValues::Cells(texts) => interner = interner::Interner::of(texts),
            _ => continue,
        }
        texts.0.push(name.clone());
        texts.1.push(cells::Cells::Texts(interner));
    }
    let mut typed = infer::infer(name, &texts.0, texts.1, &[], false, time).into_iter();
    let mut left_out = Vec::new();
    let mut beyond = Vec::new();
    let mut bounded = |column: &str, mut values: Vec<f64>, most: f64| {
        beyond.extend(unreadable_beyond(name_of_table, column, &mut values, most));
        values
    };
    let (mut table, mut facts) = (Vec::new(), Vec::new());
    for (name, (_, values)) in names.into_iter().zip(columns) {
        let held = match values {
            RawValues::Numbers(numbers) => Values::Numbers(bounded(&name, numbers, numbers::LARGEST)),
            RawValues::Instants(instants) => Values::Instants(bounded(&name, instants, LAST_INSTANT)),
            RawValues::Levels(texts) => Values::Texts(with_known_codes(texts)),
            RawValues::Texts(_) | RawValues::Cells(_) => match typed.next() {
                Some(typed) => {
                    table.push(Column { name, values: typed.values });
                    facts.push(typed.facts);
                    left_out.extend(typed.unreadable);
                    continue;
                }
                // There is one typed column per column of texts.
                None => continue,
            },
        };
        facts.push(facts_of(&held));
        table.push(Column { name, values: held });
    }
    left_out.extend(beyond);
    Ok(Source { table: Table::new(name, table)?, separator: None, columns: facts, left_out })
}

/// The last instant of a JavaScript `Date` in ms.
const LAST_INSTANT: f64 = 8.64e15;

/// Makes `values` beyond `most` missing, and lists them.
fn unreadable_beyond(table: &str, column: &str, values: &mut [f64], most: f64) -> Option<LeftOut> {
    let mut rows = Vec::new();
    for (row, value) in (0_u32..).zip(values) {
        if value.abs() > most {
            rows.push((row, if rows.len() < rows::EXAMPLES { format!("{value:e}") } else { String::new() }));
            *value = f64::NAN;
        }
    }
    let rows: Vec<(u32, &str)> = rows.iter().map(|(row, text)| (*row, text.as_str())).collect();
    infer::unreadable(table, column, &rows, &[])
}

/// Codes beyond the levels, and those of empty levels, are missing.
fn with_known_codes(mut texts: Texts) -> Texts {
    let known = |code: &u32| texts.levels.get(*code as usize).is_some_and(|level| !level.is_empty());
    texts.codes.iter_mut().filter(|code| !known(code)).for_each(|code| *code = Texts::MISSING);
    texts
}

fn facts_of(values: &Values) -> ColumnFacts {
    let numbers = |kind, values: &[f64], text: &dyn Fn(f64) -> String| ColumnFacts {
        kind,
        missing: values.iter().filter(|value| value.is_nan()).count(),
        examples: values.iter().filter(|value| !value.is_nan()).take(3).map(|value| text(*value)).collect(),
        ..Default::default()
    };
    match values {
        Values::Numbers(values) => numbers("number", values, &|value| value.to_string()),
        Values::Instants(values) => numbers("instant", values, &|value| dates::iso_text(value, false)),
        Values::Texts(texts) => ColumnFacts {
            kind: "text",
            missing: texts.codes.iter().filter(|code| texts.levels.get(**code as usize).is_none()).count(),
            distinct: Some(texts.levels.len()),
            examples: texts.levels.iter().take(3).map(str::to_owned).collect(),
            ..Default::default()
        },
    }
}

impl From<Table> for Source {
    fn from(table: Table) -> Self {
        let columns = table.columns().iter().map(|column| facts_of(&column.values)).collect();
        Source { table, separator: None, columns, left_out: Vec::new() }
    }
}
