//! Bytes of a CSV, TSV or blank-separated file into columns of interned texts; broken lines are left out and counted.

use super::dates;
use super::interner::{Interner, trimmed};
use super::numbers;
use crate::crm::LeftOut;
use crate::error::{Error, Result};
use std::borrow::Cow;

/// What a file holds before types are inferred.
pub(super) struct Cells {
    pub names: Vec<String>,
    pub columns: Vec<Interner>,
    pub lines: Vec<u32>,
    pub separator: char,
    /// Broken lines: of another number of fields than the header, or with a quote that does not end.
    pub left_out: Option<LeftOut>,
}

const SEPARATORS: [u8; 4] = *b",;\t|";
const SAMPLE_LINES: usize = 64;
pub(super) const EXAMPLES: usize = 10;

/// Splits `bytes` into cells.
pub(super) fn split(table: &str, bytes: &[u8]) -> Result<Cells> {
    let text = decoded(table, bytes)?;
    let mut text: &str = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut first_line = 1;
    let mut separator = None;
    // Excel's own hint, `sep=;` on the first line.
    if let Some(hint) = text.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")) {
        let end = text.find('\n').map_or(text.len(), |end| end + 1);
        separator = text[hint.len()..end].bytes().next().filter(|byte| SEPARATORS.contains(byte));
        if separator.is_some() {
            text = &text[end..];
            first_line = 2;
        }
    }
    if text.trim().is_empty() {
        return Err(Error::EmptyInput { table: table.into() });
    }
    let mut separator = separator.or_else(|| sniffed(text));
    if separator.is_none() && is_blank_separated(text) {
        separator = Some(b' ');
    }
    let separator = separator.unwrap_or(b',');
    let mut collector = Collector::default();
    if separator == b' ' {
        for (line, row) in text.lines().enumerate() {
            let fields: Vec<&str> = row.split_ascii_whitespace().collect();
            if !fields.is_empty() {
                collector.row(fields.len(), fields.iter().copied(), first_line + line as u32, row);
            }
        }
    } else {
        records(text, separator, first_line, &mut collector);
    }
    collector.finish(table, char::from(separator))
}

/// `bytes` as text: UTF-8, or UTF-16 where a byte order mark says so.
fn decoded<'a>(table: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>> {
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(move |pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => Cow::Owned(utf16(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => Cow::Owned(utf16(u16::from_be_bytes)),
        _ => Cow::Borrowed(""),
    };
    let plain = if text.is_empty() { bytes } else { text.as_bytes() };
    // Vertical tab and form feed stand for line breaks inside cells of some exports; the old end-of-file mark is harmless.
    let binary = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1a);
    if let Some(byte) = plain.iter().position(binary) {
        return Err(Error::Binary { table: table.into(), byte, value: plain[byte] });
    }
    if !text.is_empty() {
        return Ok(text);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => Err(Error::NotUtf8 { table: table.into(), byte: error.valid_up_to() }),
    }
}

/// The separator that cuts most of the first lines into as many fields as the first one; `None` where none cuts the first.
fn sniffed(text: &str) -> Option<u8> {
    let counts = |separator: u8| {
        let (mut counts, mut fields, mut quoted) = (Vec::new(), 1_usize, false);
        let mut blank = true;
        for byte in text.bytes() {
            match byte {
                b'"' => (quoted, blank) = (!quoted, false),
                b'\n' | b'\r' if !quoted => {
                    if !blank {
                        counts.push(fields);
                    }
                    (fields, blank) = (1, true);
                    if counts.len() == SAMPLE_LINES {
                        break;
                    }
                }
                _ if byte == separator && !quoted => (fields, blank) = (fields + 1, false),
                _ => blank = false,
            }
        }
        if !blank && counts.len() < SAMPLE_LINES {
            counts.push(fields);
        }
        counts
    };
    let mut best: Option<(f64, usize, u8)> = None;
    for separator in SEPARATORS {
        let counts = counts(separator);
        let Some(&first) = counts.first().filter(|first| **first > 1) else { continue };
        let share = counts.iter().filter(|count| **count == first).count() as f64 / counts.len() as f64;
        if best.is_none_or(|(s, f, _)| share > s || (share == s && first > f)) {
            best = Some((share, first, separator));
        }
    }
    best.map(|(_, _, separator)| separator)
}

/// Whether blanks cut every one of the first lines into the same number of fields, each with a digit in it: then there is no header.
fn is_blank_separated(text: &str) -> bool {
    let mut width = None;
    let mut lines = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(SAMPLE_LINES) {
        let mut fields = 0;
        for field in line.split_ascii_whitespace() {
            if !field.bytes().any(|byte| byte.is_ascii_digit()) {
                return false;
            }
            fields += 1;
        }
        if fields < 2 || width.is_some_and(|width| width != fields) {
            return false;
        }
        width = Some(fields);
        lines += 1;
    }
    lines > 1
}

/// Reads records of `text`. A quote that never ends would swallow the rows behind it: such a record is given up at its
/// first line, and reading goes on with the next.
fn records(text: &str, separator: u8, first_line: u32, collector: &mut Collector) {
    let bytes = text.as_bytes();
    let reader_at = |from: usize| {
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(&bytes[from..])
    };
    let (mut base, mut base_line) = (0_usize, first_line);
    let mut reader = reader_at(0);
    let mut record = csv::StringRecord::new();
    // Bytes that may be read a second time; without a limit, a file of nothing but open quotes would take quadratic time.
    let mut budget = bytes.len().saturating_mul(8).saturating_add(1 << 20);
    loop {
        let mut start = base + reader.position().byte() as usize;
        let mut line = base_line + reader.position().line() as u32 - 1;
        // The reader stands before the line ends that it is going to skip.
        while let Some(byte @ (b'\r' | b'\n')) = bytes.get(start) {
            line += u32::from(*byte == b'\n');
            start += 1;
        }
        match reader.read_record(&mut record) {
            Ok(true) => {}
            // The text is UTF-8 and in memory: the reader has no error to report.
            Ok(false) | Err(_) => break,
        }
        let end = base + reader.position().byte() as usize;
        let raw = bytes.get(start..end).unwrap_or_default();
        let first_break = raw
            .iter()
            .position(|byte| *byte == b'\n')
            .filter(|at| raw[at + 1..].iter().any(|b| *b != b'\n' && *b != b'\r'));
        let open_at_end = end >= bytes.len() && !is_well_quoted(raw, separator);
        if let (Some(cut), true) = (first_break, !is_well_quoted(raw, separator) || !collector.fits(record.len()))
            && raw.len() <= budget
        {
            budget -= raw.len();
            collector.broken(line, &text[start..start + cut]);
            base = start + cut + 1;
            base_line = line + 1;
            reader = reader_at(base);
            continue;
        }
        if open_at_end && raw.contains(&b'"') && first_break.is_none() && !ends_quotes(raw, separator) {
            collector.broken(line, record.iter().next().unwrap_or_default());
            continue;
        }
        collector.row(record.len(), record.iter(), line, text.get(start..end).unwrap_or_default());
    }
}

/// Whether every quoted field of `raw` ends and is followed by a separator or the end of the record.
fn is_well_quoted(raw: &[u8], separator: u8) -> bool {
    let (mut at, mut field_start) = (0, true);
    while at < raw.len() {
        let byte = raw[at];
        if byte == b'"' && field_start {
            at += 1;
            loop {
                match raw.get(at) {
                    None => return false,
                    Some(b'"') if raw.get(at + 1) == Some(&b'"') => at += 2,
                    Some(b'"') => break,
                    Some(_) => at += 1,
                }
            }
            at += 1;
            match raw.get(at) {
                None => return true,
                Some(next) if *next == separator || matches!(next, b'\r' | b'\n') => {}
                Some(_) => return false,
            }
            continue;
        }
        field_start = byte == separator || matches!(byte, b'\r' | b'\n');
        at += 1;
    }
    true
}

/// Whether the last quoted field of `raw` ends somewhere, junk behind it or not.
fn ends_quotes(raw: &[u8], separator: u8) -> bool {
    let (mut quoted, mut field_start) = (false, true);
    for byte in raw {
        match byte {
            b'"' if quoted => quoted = false,
            b'"' if field_start => quoted = true,
            _ => {}
        }
        field_start = !quoted && (*byte == separator || (field_start && *byte == b'"'));
    }
    !quoted
}

/// Gathers rows: the first one decides how many fields a row has.
#[derive(Default)]
struct Collector {
    first: Option<(Vec<String>, u32)>,
    second_seen: bool,
    names: Vec<String>,
    columns: Vec<Interner>,
    lines: Vec<u32>,
    broken: u64,
    broken_lines: Vec<u32>,
    broken_texts: Vec<String>,
}

impl Collector {
    fn fits(&self, fields: usize) -> bool {
        self.first.as_ref().is_none_or(|(first, _)| first.len() == fields)
    }

    /// One more row of `width` fields, which began on `line` and is `whole` as written.
    fn row<'f>(&mut self, width: usize, fields: impl Iterator<Item = &'f str> + Clone, line: u32, whole: &str) {
        let Some((first, first_line)) = &self.first else {
            self.first = Some((fields.map(|field| trimmed(field).to_owned()).collect(), line));
            return;
        };
        if width != first.len() {
            self.broken(line, whole);
            return;
        }
        if !self.second_seen {
            self.second_seen = true;
            self.columns = vec![Interner::default(); width];
            if is_data(first, fields.clone()) {
                self.names = (1..=first.len()).map(|number| format!("column_{number}")).collect();
                for (column, field) in self.columns.iter_mut().zip(first) {
                    column.push(field);
                }
                self.lines.push(*first_line);
            } else {
                self.names = unique_names(first);
            }
        }
        for (column, field) in self.columns.iter_mut().zip(fields) {
            column.push(field);
        }
        self.lines.push(line);
    }

    fn broken(&mut self, line: u32, text: &str) {
        self.broken += 1;
        if self.broken_lines.len() < EXAMPLES {
            self.broken_lines.push(line);
            self.broken_texts.push(text.trim_end().chars().take(120).collect());
        }
    }

    fn finish(self, table: &str, separator: char) -> Result<Cells> {
        if self.lines.is_empty() {
            return Err(Error::NoRows { table: table.into() });
        }
        let left_out = (self.broken > 0).then(|| LeftOut {
            table: table.into(),
            reason: "unreadable_line".into(),
            count: self.broken,
            example_lines: self.broken_lines,
            example_values: self.broken_texts,
            rows: Vec::new(),
        });
        Ok(Cells { names: self.names, columns: self.columns, lines: self.lines, separator, left_out })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &Cells) -> Vec<Vec<String>> {
        (0..cells.lines.len())
            .map(|row| cells.columns.iter().map(|c| c.text(c.codes[row] as usize).to_owned()).collect())
            .collect()
    }

    #[test]
    fn separators_are_told_apart_by_what_cuts_every_line_alike() {
        for (text, separator) in [
            ("a;b\n1,5;2\n1,7;3\n", ';'),
            ("a,b\n\"x;y\",2\n1;2,3\n", ','),
            ("a\tb\n1\t2\n", '\t'),
            ("a|b|c\n1|2|3\n", '|'),
            (" 01 19970101  2\n 02 19970102  3\n", ' '),
            ("sep=;\r\na;b,c\r\n1;2\r\n", ';'),
        ] {
            assert_eq!(split("t", text.as_bytes()).map(|cells| cells.separator), Ok(separator), "{text:?}");
        }
    }

    #[test]
    fn an_open_quote_costs_its_own_line_only() {
        let text = "id,name\n1,\"two\nlines\"\n2,\"open\n3,x\n\n4,\"q\"\n5,a,b\n6,\"last";
        let cells = split("t", text.as_bytes()).expect("readable");
        assert_eq!(rows(&cells), [["1", "two\nlines"], ["3", "x"], ["4", "q"]].map(|r| r.map(str::to_owned).to_vec()));
        assert_eq!(cells.lines, [2, 5, 7]);
        let left_out = cells.left_out.expect("three broken lines");
        assert_eq!((left_out.count, left_out.example_lines), (3, vec![4, 8, 9]));
    }

    #[test]
    fn a_file_without_header_keeps_its_first_row() {
        let cells =
            split("t", b" 00004 0001 19970101  2   29.33\n 00005 0002 19970118  2   29.73\n").expect("readable");
        assert_eq!(cells.names, ["column_1", "column_2", "column_3", "column_4", "column_5"]);
        assert_eq!((cells.lines.len(), rows(&cells)[0][1].as_str()), (2, "0001"));
    }

    #[test]
    fn names_are_made_unique() {
        assert_eq!(unique_names(&["a", "", "a", "a_2", "column_2"]), ["a", "column_2_2", "a_3", "a_2", "column_2"]);
    }

    #[test]
    fn what_is_no_text_is_refused_with_a_code() {
        let code = |bytes: &[u8]| split("t", bytes).map(|_| "read").unwrap_or_else(|error| error.code());
        assert_eq!(code(b""), "empty_input");
        assert_eq!(code(b"\xef\xbb\xbf \r\n"), "empty_input");
        assert_eq!(code(b"PK\x03\x04"), "binary");
        assert_eq!(code(b"a,b\n\xd8\xd3,1\n"), "not_utf8");
        assert_eq!(code(b"a,b\n"), "no_rows");
        assert_eq!(code(b"\xff\xfea\0,\0b\0\n\x001\0,\x002\0"), "read");
    }
}
