//! Columns while they are read: numbers and ISO dates straight into their type, everything else as distinct texts.
//!
//! A sample decides how a column is read, all of its values decide what it is: where they say otherwise than the sample, the column is
//! read a second time as texts, which [`super::infer`] types on all of them.

use super::ColumnFacts;
use super::dates::{self, Order};
use super::infer::{TYPED_SHARE, is_missing, unreadable};
use super::interner::{Interner, trimmed};
use super::numbers::{self, DecimalMark};
use super::plain::{PlainNumber, iso, plain_number, swift_iso, swift_number};
use super::scan::Scanner;
use crate::crm::LeftOut;
use crate::stats::order::reordered;
use crate::table::Values;
use crate::time::TimeZone;

/// A column being read.
pub(super) enum Cells {
    /// Distinct texts, to be typed when all are known.
    Texts(Interner),
    /// Plain numbers.
    Numbers(Box<Numbers>),
    /// ISO dates and instants.
    Instants(Box<Instants>),
    /// Texts of a first reading that was complete, while other columns are read again.
    Read(Interner),
    /// Typed.
    Typed(Box<Typed>),
    /// To be read again as texts.
    Again,
}

/// A column in its type.
pub(super) struct Typed {
    pub values: Values,
    pub facts: ColumnFacts,
    pub unreadable: Option<LeftOut>,
}

/// The cells of a column that its type does not take at once.
#[derive(Default)]
struct Odd {
    rows: Vec<u32>,
    texts: Interner,
}

/// The first distinct values as they were written, with their rows.
#[derive(Default)]
struct Examples(Vec<(u32, String)>);

const EXAMPLES: usize = 3;
/// A column is given up early where more than half of at least this many cells are odd.
const GIVE_UP: usize = 4096;

impl Examples {
    #[inline(always)]
    fn see<'t>(&mut self, row: usize, text: impl FnOnce() -> &'t str) {
        if self.0.len() < EXAMPLES {
            self.keep(row, text());
        }
    }

    #[inline(never)]
    fn keep(&mut self, row: usize, text: &str) {
        if self.0.iter().all(|(_, kept)| kept != text) {
            self.0.push((row as u32, text.to_owned()));
        }
    }
}

/// A column of numbers: digits with at most one point between them, read exactly; what else there is, is odd.
#[derive(Default)]
pub(super) struct Numbers {
    values: Vec<f64>,
    odd: Odd,
    examples: Examples,
    plain: u64,
    /// Plain values with a point; with a point that a comma-country would read as thousands; eight digits long, which may be days.
    pointed: u64,
    grouped: u64,
    eight: u64,
    longest: usize,
}

/// A column of ISO dates.
#[derive(Default)]
pub(super) struct Instants {
    /// Local unless `zoned`.
    values: Vec<f64>,
    odd: Odd,
    examples: Examples,
    plain: u64,
    zoned: u64,
}

impl Cells {
    /// Makes room for so many more rows.
    pub fn reserve(&mut self, rows: usize) {
        match self {
            Cells::Texts(texts) => texts.reserve(rows),
            Cells::Numbers(numbers) => numbers.values.reserve(rows),
            Cells::Instants(instants) => instants.values.reserve(rows),
            Cells::Read(_) | Cells::Typed(_) | Cells::Again => {}
        }
    }

    /// How to read a column with these first values.
    pub fn for_sample<'s>(sample: impl Iterator<Item = &'s str> + Clone) -> Cells {
        let present = || sample.clone().map(trimmed).filter(|text| !text.is_empty());
        let rows = present().count();
        let enough = |fitting: usize| rows > 0 && fitting as f64 >= TYPED_SHARE * rows as f64;
        let plain = |text: &&str| plain_number(text.as_bytes());
        let eight = present().filter_map(|text| plain(&text)).filter(PlainNumber::may_be_day).count();
        if enough(present().filter(|text| plain(text).is_some()).count()) && eight < rows {
            return Cells::Numbers(Box::default());
        }
        if enough(present().filter(|text| iso(text.as_bytes()).is_some()).count()) {
            return Cells::Instants(Box::default());
        }
        Cells::Texts(Interner::default())
    }

    /// Appends field `at` of every record of `width` fields that `scanner` has kept.
    pub fn push_kept(&mut self, scanner: &Scanner<'_>, at: usize, width: usize) {
        let is_worth_it = match self {
            Cells::Texts(texts) => texts_of(texts, scanner, at, width),
            Cells::Numbers(numbers) => numbers_of(numbers, scanner, at, width),
            Cells::Instants(instants) => instants_of(instants, scanner, at, width),
            Cells::Read(_) | Cells::Typed(_) | Cells::Again => true,
        };
        if !is_worth_it {
            *self = Cells::Again;
        }
    }

    /// Appends the cell of the next row.
    pub fn push(&mut self, text: &str) {
        match self {
            Cells::Texts(texts) => texts.push(text),
            Cells::Numbers(numbers) => {
                if !numbers.push(text) {
                    *self = Cells::Again;
                }
            }
            Cells::Instants(instants) => {
                if !instants.push(text) {
                    *self = Cells::Again;
                }
            }
            Cells::Read(_) | Cells::Typed(_) | Cells::Again => {}
        }
    }

    /// The column typed, or still as texts, or to be read again. `lines` are those of the rows.
    pub fn finished(self, table: &str, name: &str, lines: &[u32], comma_likely: bool, zone: &TimeZone) -> Cells {
        let typed = match self {
            Cells::Texts(mut texts) => {
                texts.settle();
                return Cells::Texts(texts);
            }
            Cells::Numbers(numbers) => numbers.typed(table, name, lines, comma_likely),
            Cells::Instants(instants) => instants.typed(table, name, lines, zone),
            other => return other,
        };
        typed.map_or(Cells::Again, |typed| Cells::Typed(Box::new(typed)))
    }
}

#[inline(never)]
fn texts_of(texts: &mut Interner, scanner: &Scanner<'_>, at: usize, width: usize) -> bool {
    let mut scratch = String::new();
    for cell in scanner.column(at, width) {
        texts.push_cell(&cell, &mut scratch);
    }
    true
}

#[inline(never)]
fn numbers_of(numbers: &mut Numbers, scanner: &Scanner<'_>, at: usize, width: usize) -> bool {
    let mut scratch = String::new();
    for cell in scanner.column(at, width) {
        match swift_number(cell.until_end(), cell.length()) {
            Some(number) => numbers.take(&number, || cell.written()),
            None if numbers.push(cell.text(&mut scratch)) => {}
            None => return false,
        }
    }
    true
}

#[inline(never)]
fn instants_of(instants: &mut Instants, scanner: &Scanner<'_>, at: usize, width: usize) -> bool {
    let mut scratch = String::new();
    for cell in scanner.column(at, width) {
        match swift_iso(cell.bytes()) {
            Some(instant) => instants.take(instant, || cell.written()),
            None if instants.push(cell.text(&mut scratch)) => {}
            None => return false,
        }
    }
    true
}

impl Odd {
    /// Keeps `text`; says whether the column is still worth reading this way.
    #[inline(never)]
    fn push(&mut self, row: usize, text: &str) -> bool {
        self.rows.push(row as u32);
        self.texts.push(text);
        self.rows.len() < GIVE_UP || self.rows.len() * 2 < row
    }

    /// Puts the values that odd cells have after all into `values`, and returns the facts and what is unreadable.
    fn merge(
        &self,
        place: (&str, &str, &[u32]),
        values: &mut [f64],
        by_code: &[f64],
        mut examples: Examples,
        mut facts: ColumnFacts,
    ) -> (ColumnFacts, Option<LeftOut>) {
        let (table, name, lines) = place;
        let mut unread = Vec::new();
        for (row, code) in self.rows.iter().zip(&self.texts.codes) {
            let text = self.texts.text(*code as usize);
            // Codes index the distinct texts, rows the values.
            let value = by_code[*code as usize];
            if !value.is_nan() {
                values[*row as usize] = value;
                if examples.0.len() < 2 * EXAMPLES {
                    examples.keep(*row as usize, text);
                }
            } else if !is_missing(text) {
                unread.push((*row, text));
            }
        }
        let examples = reordered(examples.0, &mut |a, b| a.0.cmp(&b.0));
        facts.examples = examples.into_iter().take(EXAMPLES).map(|(_, text)| text).collect();
        facts.missing = values.iter().filter(|value| value.is_nan()).count();
        (facts, unreadable(table, name, &unread, lines))
    }
}

impl Numbers {
    #[inline(never)]
    fn push(&mut self, text: &str) -> bool {
        let text = trimmed(text);
        match plain_number(text.as_bytes()) {
            Some(number) => self.take(&number, || text),
            None => {
                let row = self.values.len();
                self.values.push(f64::NAN);
                return text.is_empty() || self.odd.push(row, text);
            }
        }
        true
    }

    /// The number of the next row, which is written as `text`.
    #[inline(always)]
    fn take<'t>(&mut self, number: &PlainNumber, text: impl FnOnce() -> &'t str) {
        self.examples.see(self.values.len(), text);
        self.values.push(number.value);
        self.plain += 1;
        match number.fraction {
            None => {
                self.longest = self.longest.max(number.whole);
                self.eight += u64::from(number.whole == 8);
            }
            Some(fraction) => {
                self.pointed += 1;
                self.grouped += u64::from(fraction == 3 && number.whole <= 3 && !number.zero);
            }
        }
    }

    /// The column, where all of its values say that it is numbers with a decimal point; as [`super::infer`] would judge.
    fn typed(mut self, table: &str, name: &str, lines: &[u32], comma_likely: bool) -> Option<Typed> {
        self.odd.texts.settle();
        let texts = &self.odd.texts;
        let written: Vec<Option<numbers::Written>> = (0..texts.len())
            .map(|code| texts.text(code))
            .map(|text| if is_missing(text) { None } else { numbers::Written::parse(text) })
            .collect();
        let odd = || written.iter().zip(&texts.counts).filter_map(|(w, count)| w.as_ref().map(|w| (w, *count)));
        let rows = self.plain
            + (0..texts.len())
                .filter(|code| !is_missing(texts.text(*code)))
                .map(|code| u64::from(texts.counts[code]))
                .sum::<u64>();
        let enough = |fitting: u64| fitting as f64 >= TYPED_SHARE * rows as f64;
        let fitting = |mark: DecimalMark| {
            odd().filter(|(w, _)| w.value(mark).is_some()).map(|(_, count)| u64::from(count)).sum::<u64>()
        };
        let is_separated = self.pointed > 0 || odd().any(|(w, _)| w.is_separated());
        if (self.eight == self.plain && odd().next().is_none()) || (odd().any(|(w, _)| w.is_code()) && !is_separated) {
            return None;
        }
        let (point, comma) = (
            self.plain + fitting(DecimalMark::Point),
            self.plain - self.pointed + self.grouped + fitting(DecimalMark::Comma),
        );
        let has_point = match point.cmp(&comma) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => {
                let ambiguous = odd().find(|(w, _)| w.is_ambiguous()).map(|(w, _)| w.has_comma());
                let whole = odd().filter_map(|(w, _)| w.integer_digits()).max().unwrap_or(0).max(self.longest);
                match (self.grouped > 0, ambiguous) {
                    (false, None) => true,
                    // Which of the two came first decides.
                    (true, Some(_)) => return None,
                    (_, comma) => {
                        let comma = comma.unwrap_or(false);
                        comma == if whole > 0 { whole <= 3 } else { comma || comma_likely }
                    }
                }
            }
        };
        if !has_point || !enough(point) {
            return None;
        }
        let value = |w: &Option<numbers::Written>| {
            w.as_ref().and_then(|w| w.value(DecimalMark::Point)).map_or(f64::NAN, numbers::within_bounds)
        };
        let by_code: Vec<f64> = written.iter().map(value).collect();
        let facts = ColumnFacts { kind: "number", ..Default::default() };
        let (facts, unreadable) =
            self.odd.merge((table, name, lines), &mut self.values, &by_code, self.examples, facts);
        Some(Typed { values: Values::Numbers(self.values), facts, unreadable })
    }
}

impl Instants {
    #[inline(never)]
    fn push(&mut self, text: &str) -> bool {
        let text = trimmed(text);
        match iso(text.as_bytes()) {
            Some(instant) => self.take(instant, || text),
            None => {
                let row = self.values.len();
                self.values.push(f64::NAN);
                return text.is_empty() || self.odd.push(row, text);
            }
        }
        true
    }

    /// The instant of the next row, which is written as `text`.
    #[inline(always)]
    fn take<'t>(&mut self, (value, is_utc): (f64, bool), text: impl FnOnce() -> &'t str) {
        self.examples.see(self.values.len(), text);
        self.values.push(value);
        self.plain += 1;
        self.zoned += u64::from(is_utc);
    }

    /// The column, where all of its values say that it is ISO dates; as [`super::infer`] would judge.
    fn typed(mut self, table: &str, name: &str, lines: &[u32], zone: &TimeZone) -> Option<Typed> {
        if self.zoned != 0 && self.zoned != self.plain {
            return None;
        }
        self.odd.texts.settle();
        let texts = &self.odd.texts;
        let mut by_code = vec![f64::NAN; texts.len()];
        let (mut rows, mut fitting) = (self.plain, self.plain);
        for (code, value) in by_code.iter_mut().enumerate() {
            let text = texts.text(code);
            if is_missing(text) {
                continue;
            }
            rows += u64::from(texts.counts[code]);
            let Some(written) = dates::Written::parse(text) else { continue };
            // A date written in another way has a say in how the column is written.
            if written.layout(Order::YearMonthDay, true) != ISO_LAYOUT || written.widths != [4, 2, 2] {
                return None;
            }
            if let Some(instant) = written.instant(Order::YearMonthDay, zone) {
                *value = instant;
                fitting += u64::from(texts.counts[code]);
            }
        }
        if (fitting as f64) < TYPED_SHARE * rows as f64 {
            return None;
        }
        if self.zoned == 0 {
            let mut cursor = zone.cursor();
            self.values.iter_mut().for_each(|value| *value = cursor.instant(*value));
        }
        let facts = ColumnFacts {
            kind: "instant",
            date_order: Some(ISO_LAYOUT.into()),
            date_evidence: Some("the year stands first".into()),
            ..Default::default()
        };
        let (facts, unreadable) =
            self.odd.merge((table, name, lines), &mut self.values, &by_code, self.examples, facts);
        Some(Typed { values: Values::Instants(self.values), facts, unreadable })
    }
}

const ISO_LAYOUT: &str = "yyyy-mm-dd";
