//! Records of a delimited file into columns, the first one deciding how many fields a row has.

use super::cells::Cells;
use super::interner::{Interner, trimmed};
use super::scan::{Record, Scanner};
use super::{Source, dates, infer, numbers};
use crate::crm::LeftOut;
use crate::error::{Error, Result};
use crate::table::{Column, Table};
use crate::time::LocalTime;

pub(super) const EXAMPLES: usize = 10;
/// Fields that are kept before the columns take them: few enough to stay in the cache.
const BATCH: usize = 2048;

/// Gathers rows: the first one decides how many fields a row has.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) sample: Vec<Cells>,
    first: Option<(Vec<String>, u32)>,
    second_seen: bool,
    names: Vec<String>,
    pub(super) columns: Vec<Cells>,
    lines: Vec<u32>,
    broken: u64,
    broken_lines: Vec<u32>,
    broken_texts: Vec<String>,
}

impl Rows {
    pub(super) fn fits(&self, fields: usize) -> bool {
        self.first.as_ref().is_none_or(|(first, _)| first.len() == fields)
    }

    pub(super) fn is_second_reading(&self) -> bool {
        !self.columns.is_empty()
    }

    /// One more row, which is `record`.
    #[inline(always)]
    pub(super) fn row(&mut self, scanner: &mut Scanner<'_>, record: &Record) {
        let width = scanner.width();
        if !self.second_seen || width != self.columns.len() {
            let (mut fields, mut scratch) = (Vec::with_capacity(width), String::new());
            (0..width).for_each(|at| fields.push(scanner.field(at, &mut scratch).to_owned()));
            let whole = scanner.written(record);
            scanner.forget();
            self.rare(&fields, record.line, whole);
            return;
        }
        self.lines.push(record.line);
        if scanner.kept() >= BATCH {
            self.flush(scanner);
        }
    }

    /// Rows so far.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Makes room for so many more rows, so that columns do not move as they grow.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.lines.reserve(rows);
        self.columns.iter_mut().for_each(|column| column.reserve(rows));
    }

    /// Hands the rows whose fields were kept to the columns, one column after the other: each is a small loop that stays in registers.
    #[inline(never)]
    pub(super) fn flush(&mut self, scanner: &mut Scanner<'_>) {
        let width = self.columns.len();
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.push_kept(scanner, at, width);
        }
        scanner.clear();
    }

    /// Any row, which began on `line` and is `whole` as written: the way for the first two, those of another width, and for forms that are rare.
    #[inline(never)]
    pub(super) fn rare(&mut self, fields: &[String], line: u32, whole: &str) {
        let Some((first, first_line)) = &self.first else {
            self.first = Some((fields.iter().map(|field| trimmed(field).to_owned()).collect(), line));
            return;
        };
        if fields.len() != first.len() {
            self.broken(line, whole);
            return;
        }
        let mut rows = vec![(fields, line)];
        if !self.second_seen {
            self.second_seen = true;
            if !self.is_second_reading() {
                self.columns = std::mem::take(&mut self.sample);
            }
            self.columns.resize_with(fields.len(), || Cells::Texts(Interner::default()));
            if is_data(first, fields.iter().map(String::as_str)) {
                self.names = (1..=first.len()).map(|number| format!("column_{number}")).collect();
                rows.insert(0, (first, *first_line));
            } else {
                self.names = unique_names(first);
            }
        }
        for (fields, line) in rows {
            for (column, field) in self.columns.iter_mut().zip(fields) {
                column.push(field);
            }
            self.lines.push(line);
        }
    }

    pub(super) fn broken(&mut self, line: u32, text: &str) {
        self.broken += 1;
        if self.broken_lines.len() < EXAMPLES {
            self.broken_lines.push(line);
            self.broken_texts.push(text.trim_end().chars().take(120).collect());
        }
    }

    /// Types what can be typed without the other columns; otherwise forgets the rows, to read the columns that need it again as texts.
    pub(super) fn finish(&mut self, table: &str, comma_likely: bool, time: &LocalTime) -> bool {
        let (names, lines) = (&self.names, &self.lines);
        let columns = std::mem::take(&mut self.columns).into_iter().zip(names);
        self.columns =
            columns.map(|(column, name)| column.finished(table, name, lines, comma_likely, &time.zone)).collect();
        if !self.columns.iter().any(|column| matches!(column, Cells::Again)) {
            return true;
        }
        let again = |column| match column {
            Cells::Again => Cells::Texts(Interner::default()),
            Cells::Texts(texts) => Cells::Read(texts),
            typed => typed,
        };
        *self = Rows { columns: std::mem::take(&mut self.columns).into_iter().map(again).collect(), ..Rows::default() };
        false
    }

    pub(super) fn source(self, table: &str, separator: char, time: &LocalTime) -> Result<Source> {
        if self.lines.is_empty() {
            return Err(Error::NoRows { table: table.into() });
        }
        let broken = (self.broken > 0).then(|| LeftOut {
            table: table.into(),
            reason: "unreadable_line".into(),
            count: self.broken,
            example_lines: self.broken_lines,
            example_values: self.broken_texts,
            rows: Vec::new(),
        });
        let typed = infer::infer(table, &self.names, self.columns, &self.lines, separator == ';', time);
        let (mut columns, mut facts) = (Vec::new(), Vec::new());
        let mut left_out: Vec<LeftOut> = broken.into_iter().collect();
        for (name, typed) in self.names.into_iter().zip(typed) {
            columns.push(Column { name, values: typed.values });
            facts.push(typed.facts);
            left_out.extend(typed.unreadable);
        }
        Ok(Source {
            table: Table::new(table, columns)?.with_lines(self.lines)?,
            separator: Some(separator),
            columns: facts,
            left_out,
        })
    }
}

/// Whether the first row is data: it holds a date, or mostly numbers, where the second row does so too.
fn is_data<'f>(first: &[String], second: impl Iterator<Item = &'f str> + Clone) -> bool {
    let is_date = |text: &str| dates::Written::parse(text).is_some();
    let is_number = |text: &str| numbers::Written::parse(text).is_some();
    let pairs = || first.iter().zip(second.clone()).filter(|(_, second)| !trimmed(second).is_empty());
    let dates = pairs().filter(|(first, second)| is_date(first) && is_date(trimmed(second))).count();
    let numbers = pairs().filter(|(first, second)| is_number(first) && is_number(trimmed(second))).count();
    !first.iter().any(String::is_empty) && (dates > 0 || (numbers > 0 && numbers * 2 >= first.len()))
}

/// Header names: empty ones are numbered, repeated ones get a number behind them.
pub(super) fn unique_names<S: AsRef<str>>(header: &[S]) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    let written: std::collections::HashSet<&str> = header.iter().map(S::as_ref).collect();
    let mut names = Vec::with_capacity(header.len());
    for (at, name) in header.iter().enumerate() {
        let name = name.as_ref();
        let base = if name.is_empty() { format!("column_{}", at + 1) } else { name.to_owned() };
        let mut unique = base.clone();
        let mut number = 2;
        while taken.contains(&unique) || (unique != name && written.contains(unique.as_str())) {
            unique = format!("{base}_{number}");
            number += 1;
        }
        taken.insert(unique.clone());
        names.push(unique);
    }
    names
}
