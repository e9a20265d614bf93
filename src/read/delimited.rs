//! Bytes of a CSV, TSV or blank-separated file, in pieces of any size, into typed columns; broken lines are left out and counted.

use super::Source;
use super::rows::Rows;
use super::scan::{BinaryByte, Record, Scanner, is_binary};
use super::simd::utf8;
use super::sniff::{SAMPLE_BYTES, head, is_blank_separated, prefix, sample, sniffed};
use crate::error::{Error, Result};
use crate::time::LocalTime;

/// Rows by whose length those to come are counted, to make room for them.
const ROWS_MEASURED: usize = 4096;

/// Reads a file that comes in pieces: [`Reader::push`] each of them, then [`Reader::close`].
pub struct Reader {
    name: String,
    time: LocalTime,
    /// Bytes that came and have not been read: an unfinished record, or all where the form of the file needs all.
    pending: Vec<u8>,
    /// Reading is not tried again before so many bytes are pending: a quote that does not end would be read anew with every piece.
    enough: usize,
    /// Bytes in front of the pending ones.
    offset: usize,
    line: u32,
    form: Option<Form>,
    rows: Rows,
    /// Bytes that may be read a second time; without a limit, a file of nothing but open quotes would take quadratic time.
    budget: usize,
}

/// How a file is written.
#[derive(Clone, Copy)]
enum Form {
    Separated(u8),
    Blanks,
    /// UTF-16, by what makes a unit of two bytes.
    Wide(fn([u8; 2]) -> u16),
}

impl Reader {
    /// A reader of the file `name`, times without a zone being local in the zone of `time`.
    pub fn new(name: &str, time: &LocalTime) -> Reader {
        Reader {
            name: name.into(),
            time: time.clone(),
            pending: Vec::new(),
            enough: SAMPLE_BYTES,
            offset: 0,
            line: 1,
            form: None,
            rows: Rows::default(),
            budget: 1 << 20,
        }
    }

    /// Reads the next piece.
    ///
    /// # Errors
    /// [`Error::Binary`], [`Error::NotUtf8`].
    pub fn push(&mut self, piece: &[u8]) -> Result<()> {
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(piece);
        // Only whole lines are read; a line break is never a part of another character.
        let lines = pending.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let read = if pending.len() < self.enough || lines == 0 { 0 } else { self.read(&pending[..lines], false)? };
        pending.drain(..read);
        self.enough = if self.form.is_some() && read > 0 { 0 } else { self.enough.max(pending.len() * 2) };
        self.pending = pending;
        Ok(())
    }

    /// What was read; `None` where the whole file has to be pushed a second time, because columns turned out not to be what their first
    /// values said. After that there is always an answer.
    ///
    /// # Errors
    /// [`Error::EmptyInput`], [`Error::NoRows`], [`Error::Binary`], [`Error::NotUtf8`].
    pub fn close(&mut self) -> Result<Option<Source>> {
        let pending = std::mem::take(&mut self.pending);
        self.close_with(&pending)
    }

    /// [`Reader::close`], `rest` being the last piece.
    pub fn close_with(&mut self, rest: &[u8]) -> Result<Option<Source>> {
        self.read(rest, true)?;
        let separator = match self.form {
            Some(Form::Separated(separator)) => separator,
            Some(_) => b' ',
            None => return Err(Error::EmptyInput { table: self.name.clone() }),
        };
        if !self.rows.finish(&self.name, separator == b';', &self.time) {
            (self.offset, self.line, self.form, self.enough) = (0, 1, None, SAMPLE_BYTES);
            return Ok(None);
        }
        std::mem::take(&mut self.rows).source(&self.name, char::from(separator), &self.time).map(Some)
    }

    /// Reads `bytes`, which begin where reading stands, and says how many are done with.
    fn read(&mut self, bytes: &[u8], is_last: bool) -> Result<usize> {
        if self.form.is_none() {
            self.form = match bytes {
                [0xff, 0xfe, ..] => Some(Form::Wide(u16::from_le_bytes)),
                [0xfe, 0xff, ..] => Some(Form::Wide(u16::from_be_bytes)),
                _ => None,
            };
        }
        if let Some(Form::Wide(unit)) = self.form {
            if !is_last {
                return Ok(0);
            }
            let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
            let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            self.form = None;
            return self.text(&text, true);
        }
        self.budget = self.budget.saturating_add(bytes.len().saturating_mul(8));
        let text = utf8(bytes).map_err(|at| match bytes.iter().position(|byte| is_binary(*byte)) {
            Some(at) => self.binary(BinaryByte { at, value: bytes[at] }),
            None => Error::NotUtf8 { table: self.name.clone(), byte: self.offset + at },
        })?;
        self.text(text, is_last)
    }

    fn text(&mut self, text: &str, is_last: bool) -> Result<usize> {
        let mut start = 0;
        if self.form.is_none() {
            let (skipped, hinted) = prefix(text);
            let body = text.get(skipped..).unwrap_or_default();
            if body.trim().is_empty() {
                return Ok(0);
            }
            (start, self.line) = (skipped, 1 + u32::from(hinted.is_some()));
            let head = head(body);
            let separator = hinted.or_else(|| sniffed(head));
            let is_blank = separator.is_none() && is_blank_separated(head);
            let form = if is_blank { Form::Blanks } else { Form::Separated(separator.unwrap_or(b',')) };
            self.form = Some(form);
            if let Form::Separated(separator) = form
                && !self.rows.is_second_reading()
            {
                self.rows.sample = sample(head, separator);
            }
        }
        match self.form {
            Some(Form::Separated(separator)) => self.records(text, start, separator, is_last),
            _ if is_last => self.blanks(text.get(start..).unwrap_or_default()),
            _ => {
                // Such a file is read when all of it is there.
                self.form = None;
                Ok(0)
            }
        }
    }

    fn blanks(&mut self, text: &str) -> Result<usize> {
        if let Some(at) = text.bytes().position(is_binary) {
            return Err(self.binary(BinaryByte { at, value: text.as_bytes()[at] }));
        }
        for (line, row) in text.lines().enumerate() {
            let fields: Vec<String> = row.split_ascii_whitespace().map(str::to_owned).collect();
            if !fields.is_empty() {
                self.rows.rare(&fields, self.line + line as u32, row);
            }
        }
        Ok(text.len())
    }

    /// Reads records of `text` from `start`. A quote that never ends would swallow the rows behind it: such a record is given up at
    /// its first line, and reading goes on with the next.
    fn records(&mut self, text: &str, start: usize, separator: u8, is_last: bool) -> Result<usize> {
        let mut scanner = Scanner::new(text, separator, self.line);
        scanner.seek(start, self.line);
        let mut scratch = String::new();
        let before = self.rows.len();
        let mut has_room = false;
        loop {
            let (at, line) = scanner.place();
            if !has_room && self.rows.len() - before >= ROWS_MEASURED {
                has_room = true;
                let left = text.len().saturating_sub(at);
                let rows = left / (at.saturating_sub(start) / ROWS_MEASURED).max(1);
                // Rows may get longer: never more room than twice the bytes that there are.
                self.rows.reserve((rows + rows / 16).min(left / (4 * scanner.width().max(1))));
            }
            let Some(record) = scanner.record().map_err(|byte| self.binary(byte))? else {
                self.line = scanner.place().1;
                self.rows.flush(&mut scanner);
                break;
            };
            if !record.is_ended && !is_last {
                scanner.forget();
                self.rows.flush(&mut scanner);
                self.line = line;
                self.offset += at;
                return Ok(at);
            }
            let whole = scanner.written(&record);
            let is_well_quoted = !record.is_open && !record.has_junk;
            if let Some(cut) = inner_break(text, &record)
                && (!is_well_quoted || !self.rows.fits(scanner.width()))
                && whole.len() <= self.budget
            {
                self.budget -= whole.len();
                self.rows.broken(record.line, scanner.first_line(&record));
                scanner.forget();
                scanner.seek(cut + 1, record.line + 1);
            } else if record.is_open {
                self.rows.broken(record.line, scanner.field(0, &mut scratch));
                scanner.forget();
            } else {
                self.rows.row(&mut scanner, &record);
            }
        }
        self.offset += text.len();
        Ok(text.len())
    }

    fn binary(&self, byte: BinaryByte) -> Error {
        Error::Binary { table: self.name.clone(), byte: self.offset + byte.at, value: byte.value }
    }
}

/// The first line break of `record` that something stands behind.
fn inner_break(text: &str, record: &Record) -> Option<usize> {
    let cut = record.first_break?;
    let behind = text.get(cut + 1..record.end)?;
    behind.bytes().any(|byte| byte != b'\n' && byte != b'\r').then_some(cut)
}

#[cfg(test)]
mod tests {
    use super::super::cells::Cells;
    use super::super::interner::Interner;
    use super::super::rows::unique_names;
    use super::*;
    use crate::time::TimeZone;

    fn split(bytes: &[u8]) -> Result<Source> {
        super::super::csv("t", bytes)
    }

    fn rows(source: &Source) -> Vec<Vec<String>> {
        let written = String::from_utf8(super::super::write_csv(&source.table)).expect("text");
        let mut reader = csv::Reader::from_reader(written.as_bytes());
        reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
    }

    fn lines(source: &Source) -> Vec<u32> {
        (0..source.table.rows()).map(|row| source.table.line(row)).collect()
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
            assert_eq!(split(text.as_bytes()).map(|source| source.separator), Ok(Some(separator)), "{text:?}");
        }
    }

    #[test]
    fn an_open_quote_costs_its_own_line_only() {
        let text = "id,name\n1,\"two\nlines\"\n2,\"open\n3,x\n\n4,\"q\"\n5,a,b\n6,\"last";
        let cells = split(text.as_bytes()).expect("readable");
        assert_eq!(rows(&cells), [["1", "two\nlines"], ["3", "x"], ["4", "q"]].map(|r| r.map(str::to_owned).to_vec()));
        assert_eq!(lines(&cells), [2, 5, 7]);
        let left_out = &cells.left_out[0];
        assert_eq!((left_out.count, &left_out.example_lines), (3, &vec![4, 8, 9]));
    }

    #[test]
    fn a_file_without_header_keeps_its_first_row() {
        let cells = split(b" 00004 0001 19970101  2   29.33\n 00005 0002 19970118  2   29.73\n").expect("readable");
        let names: Vec<&str> = cells.table.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["column_1", "column_2", "column_3", "column_4", "column_5"]);
        assert_eq!((cells.table.rows(), rows(&cells)[0][1].as_str()), (2, "0001"));
    }

    /// A file that holds something of everything, drawn for `seed`.
    fn drawn(seed: u32) -> String {
        let mut state = seed;
        let mut draw = move |n: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 9) as usize % n
        };
        let kinds: [&[&str]; 8] = [
            &["1", "2.50", "-3", "1234.5", "0.125", "12,5", "1.234", "007", "$5", "۱۲", "1e3", "20240110", "x"],
            &[
                "2024-01-02",
                "2024-03-04T05:06:07Z",
                "2024-03-04 05:06",
                "2024-13-01",
                "1403/06/20",
                "01/02/2024",
                "2024-1-5",
            ],
            &["a", "b", " a ", "ی", "null", "long text that fills more than sixteen bytes"],
            &["1.234", "5.678", "12", "3.500", "123"],
            &["20240110", "20240111", "19991231", "1"],
            &["2024-01-02T03:04:05+03:30", "2024-01-02T03:04:05Z", "2024-01-02"],
            &["12345678901", "0.1", "9007199254740993", "-0"],
            &["\"q\"\"q\"", "\"two\nlines\"", "\"a,b\"", "\"open", "junk\"", "\"j\"k"],
        ];
        let columns: Vec<(usize, usize)> = (0..1 + draw(5)).map(|_| (draw(kinds.len()), draw(3))).collect();
        let mut text = String::from(["", "\u{feff}", "sep=,\r\n"][draw(3)]);
        text.push_str(&(0..columns.len()).map(|at| format!("column {at}")).collect::<Vec<_>>().join(","));
        for row in 0..300 + draw(300) {
            text.push_str(["\n", "\r\n", "\n\n"][draw(40).saturating_sub(37)]);
            for (at, (kind, mess)) in columns.iter().enumerate() {
                // Mostly one form, so that a sample can be mistaken, and a mess later on.
                let form = if draw(30) < 27 || (*mess == 0 && row < 260) { 0 } else { draw(kinds[*kind].len()) };
                let form = if *mess == 2 && draw(2) == 0 { draw(2) } else { form };
                text.push_str(if at > 0 { "," } else { "" });
                text.push_str(if draw(12) == 0 { "" } else { kinds[*kind][form % kinds[*kind].len()] });
            }
        }
        text
    }

    fn shown(source: &Result<Source>) -> String {
        // Debug text, because NaN differs from itself.
        format!("{source:?}")
    }

    #[test]
    fn reading_straight_into_a_type_is_reading_texts_and_typing_them() {
        let zone = LocalTime { zone: TimeZone::fixed(210).expect("valid"), ..LocalTime::default() };
        for seed in 0..400 {
            let text = drawn(seed);
            let mut obvious = Reader::new("t", &zone);
            // Columns that are there already are read as texts.
            obvious.rows.columns = (0..8).map(|_| Cells::Texts(Interner::default())).collect();
            let obvious = obvious.close_with(text.as_bytes()).map(|source| source.expect("texts are read once"));
            assert_eq!(shown(&super::super::csv_with("t", text.as_bytes(), &zone)), shown(&obvious), "{seed}: {text}");
        }
    }

    #[test]
    fn pieces_of_any_size_are_the_whole() {
        let zone = LocalTime::default();
        for seed in 0..120 {
            // Long enough for several readings, and cut inside quotes, characters and line ends.
            let once = drawn(seed);
            let (header, body) = once.split_once("column 0").expect("a header");
            let text = if seed % 3 == 0 { once.clone() } else { format!("{header}column 0{}", body.repeat(20)) };
            for size in [1 + seed as usize * 7, 70_001, 300_007] {
                if size < 50 && text.len() > 100_000 {
                    continue;
                }
                let mut reader = Reader::new("t", &zone);
                let source = loop {
                    let read = text.as_bytes().chunks(size).try_for_each(|piece| reader.push(piece));
                    match read.and_then(|()| reader.close()) {
                        Ok(None) => {}
                        Ok(Some(source)) => break Ok(source),
                        Err(error) => break Err(error),
                    }
                };
                assert_eq!(shown(&source), shown(&super::super::csv("t", text.as_bytes())), "{seed} in {size}s");
            }
        }
    }

    #[test]
    fn names_are_made_unique() {
        assert_eq!(unique_names(&["a", "", "a", "a_2", "column_2"]), ["a", "column_2_2", "a_3", "a_2", "column_2"]);
    }

    #[test]
    fn what_is_no_text_is_refused_with_a_code() {
        let code = |bytes: &[u8]| split(bytes).map(|_| "read").unwrap_or_else(|error| error.code());
        assert_eq!(code(b""), "empty_input");
        assert_eq!(code(b"\xef\xbb\xbf \r\n"), "empty_input");
        assert_eq!(code(b"PK\x03\x04"), "binary");
        assert_eq!(code(b"a,b\n\xd8\xd3,1\n"), "not_utf8");
        assert_eq!(code(b"a,b\n"), "no_rows");
        assert_eq!(code(b"\xff\xfea\0,\0b\0\n\x001\0,\x002\0"), "read");
    }
}
