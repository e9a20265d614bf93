//! Columns while they are read: numbers and ISO dates straight into their type, everything else as distinct texts.
//!
//! A sample decides how a column is read, all of its values decide what it is: where they say otherwise than the sample, the column is
//! read a second time as texts, which [`super::infer`] types on all of them.

use super::ColumnFacts;
use super::dates::{self, Order};
use super::infer::{TYPED_SHARE, is_missing, unreadable};
use super::interner::{Interner, trimmed};
use super::numbers::{self, DecimalMark};
use super::scan::Scanner;
use crate::crm::LeftOut;
use crate::stats::order::reordered;
use crate::table::Values;
use crate::time::{TimeZone, gregorian_day};

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
    fn see(&mut self, row: usize, text: &str) {
        if self.0.len() < EXAMPLES {
            self.keep(row, text);
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
    day: (u32, f64),
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
        if enough(present().filter(|text| iso(text.as_bytes(), &mut Default::default()).is_some()).count()) {
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
    for field in (at..scanner.kept()).step_by(width) {
        texts.push(scanner.kept_field(field, &mut scratch));
    }
    true
}

#[inline(never)]
fn numbers_of(numbers: &mut Numbers, scanner: &Scanner<'_>, at: usize, width: usize) -> bool {
    let mut scratch = String::new();
    (at..scanner.kept()).step_by(width).all(|field| numbers.push(scanner.kept_field(field, &mut scratch)))
}

#[inline(never)]
fn instants_of(instants: &mut Instants, scanner: &Scanner<'_>, at: usize, width: usize) -> bool {
    let mut scratch = String::new();
    (at..scanner.kept()).step_by(width).all(|field| instants.push(scanner.kept_field(field, &mut scratch)))
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

/// The text of a plain number.
struct PlainNumber {
    value: f64,
    /// Digits in front of the point, and behind it where there is one.
    whole: usize,
    fraction: Option<usize>,
    /// Whether the first digit is zero.
    zero: bool,
}

impl PlainNumber {
    /// Whether it is eight digits in a row, which may mean a day.
    fn may_be_day(&self) -> bool {
        self.whole == 8 && self.fraction.is_none()
    }
}

/// `0.1`, `-12.50`, `7`: at most 15 digits, so that value and power of ten are exact and their quotient is rounded once; no leading zeros.
#[inline(always)]
fn plain_number(text: &[u8]) -> Option<PlainNumber> {
    const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let (mut mantissa, mut point) = (0_u64, None);
    for (at, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            mantissa = mantissa * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return None;
        }
    }
    let whole = point.unwrap_or(digits.len());
    let fraction = point.map(|point| digits.len() - point - 1);
    let zero = digits[0] == b'0';
    let count = whole + fraction.unwrap_or(0);
    if whole == 0 || fraction == Some(0) || count > 15 || (zero && whole > 1) {
        return None;
    }
    let value = mantissa as f64 / POWERS[fraction.unwrap_or(0)];
    Some(PlainNumber { value: if negative { -value } else { value }, whole, fraction, zero })
}

impl Numbers {
    #[inline(always)]
    fn push(&mut self, text: &str) -> bool {
        let text = trimmed(text);
        let row = self.values.len();
        let Some(number) = plain_number(text.as_bytes()) else {
            self.values.push(f64::NAN);
            return text.is_empty() || self.odd.push(row, text);
        };
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
        self.examples.see(row, text);
        true
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
        let value =
            |w: &Option<numbers::Written>| w.as_ref().and_then(|w| w.value(DecimalMark::Point)).unwrap_or(f64::NAN);
        let by_code: Vec<f64> = written.iter().map(value).collect();
        let facts = ColumnFacts { kind: "number", ..Default::default() };
        let (facts, unreadable) =
            self.odd.merge((table, name, lines), &mut self.values, &by_code, self.examples, facts);
        Some(Typed { values: Values::Numbers(self.values), facts, unreadable })
    }
}

/// `2024-09-10`, `2024-09-10 08:30`, `2024-09-10T08:30:00.5Z`, `2024-09-10T08:30:00+03:30` in ms, and whether that is UTC; local otherwise.
#[inline(always)]
fn iso(text: &[u8], day: &mut (u32, f64)) -> Option<(f64, bool)> {
    let digits = |at: usize| -> Option<u32> {
        let (tens, ones) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
    };
    if text.len() < 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let packed = ((digits(0)? * 100 + digits(2)?) * 100 + digits(5)?) * 100 + digits(8)?;
    if day.0 != packed {
        let year = packed / 10_000;
        if !(1500..=2999).contains(&year) {
            return None;
        }
        *day = (packed, gregorian_day(year as i32, packed / 100 % 100, packed % 100)? as f64 * 86_400_000.0);
    }
    if text.len() == 10 {
        return Some((day.1, false));
    }
    if !matches!(text[10], b'T' | b' ') {
        return None;
    }
    let (hour, minute) = (digits(11)?, digits(14)?);
    if text[13] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let mut ms = f64::from(hour * 3_600_000 + minute * 60_000);
    let mut rest = &text[16..];
    if let [b':', ..] = rest {
        let second = digits(17)?;
        if second > 59 {
            return None;
        }
        ms += f64::from(second * 1000);
        rest = &text[19..];
        if let [b'.', fraction @ ..] = rest {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if length == 0 {
                return None;
            }
            // Finer digits are cut, as everywhere.
            let thousandths = (0..3).fold(0, |sum, at| {
                sum * 10 + fraction.get(at).filter(|_| at < length).map_or(0, |byte| u32::from(byte - b'0'))
            });
            ms += f64::from(thousandths);
            rest = &fraction[length..];
        }
    }
    match rest {
        [] => Some((day.1 + ms, false)),
        [b'Z'] => Some((day.1 + ms, true)),
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let at = text.len() - 5;
            let (hours, minutes) = (digits(at)?, digits(at + 3)?);
            if hours > 18 || minutes > 59 {
                return None;
            }
            let east = f64::from(hours * 60 + minutes) * 60_000.0;
            Some((day.1 + ms - if *sign == b'+' { east } else { -east }, true))
        }
        _ => None,
    }
}

impl Instants {
    #[inline(always)]
    fn push(&mut self, text: &str) -> bool {
        let text = trimmed(text);
        let row = self.values.len();
        let Some((value, is_utc)) = iso(text.as_bytes(), &mut self.day) else {
            self.values.push(f64::NAN);
            return text.is_empty() || self.odd.push(row, text);
        };
        self.values.push(value);
        self.plain += 1;
        self.zoned += u64::from(is_utc);
        self.examples.see(row, text);
        true
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_those_of_the_standard_library() {
        let mut state = 3_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (whole, digits) = (state >> 33 >> (state % 31), (state >> 20) % 9);
            let text = if digits == 0 {
                format!("-{whole}")
            } else {
                format!("{whole}.{:0>1$}", state >> 50, digits as usize)
            };
            if let Some(number) = plain_number(text.as_bytes()) {
                assert_eq!(Ok(number.value.to_bits()), text.parse::<f64>().map(f64::to_bits), "{text}");
            } else {
                assert!(text.len() > 15, "{text}");
            }
        }
        for text in ["", "-", ".5", "5.", "007", "00.5", "1e3", "1,5", "+1", "1234567890123456", "1.2.3", "--1"] {
            assert!(plain_number(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn iso_dates_are_those_of_the_general_reader() {
        let zone = TimeZone::utc();
        for day in [
            "2024-02-29",
            "2023-02-29",
            "1999-12-31",
            "2024-00-10",
            "2024-13-01",
            "1403-06-20",
            "20240101",
            "2024-1-01",
        ] {
            for time in [
                "",
                "T00:00",
                " 23:59:59",
                "T24:00:00",
                "T12:30:15.5",
                "T12:30:15.98765",
                "T12:60",
                " 12",
                "T12:30:15.",
            ] {
                for offset in ["", "Z", "+03:30", "-11:00", "+0330", "+19:00", "z", " "] {
                    let text = format!("{day}{time}{offset}");
                    let general = dates::Written::parse(&text).and_then(|w| w.instant(Order::YearMonthDay, &zone));
                    if let Some((value, _)) = iso(text.as_bytes(), &mut (0, 0.0)) {
                        assert_eq!(Some(value), general, "{text}");
                    }
                }
            }
        }
        assert_eq!(iso(b"2024-09-10T08:30:00+03:30", &mut (0, 0.0)), Some((1_725_944_400_000.0, true)));
    }
}
