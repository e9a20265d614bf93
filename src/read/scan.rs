//! Records and fields of delimited text, found by the places of quotes, separators and line ends.

use super::simd::{BLOCK, append, specials};

/// A field by its place in the text.
#[derive(Debug, Clone, Copy)]
struct Field {
    start: usize,
    end: usize,
    /// Whether more has to be taken off than the quotes around it.
    escaped: bool,
}

/// A field that was kept.
pub(super) struct Cell<'t> {
    text: &'t str,
    field: Field,
}

/// The fields of one column that were kept.
pub(super) struct Column<'t, 's> {
    text: &'t str,
    fields: &'s [Field],
    width: usize,
}

/// What a record turned out to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Record {
    /// Its first byte.
    pub start: usize,
    /// Behind its last byte, the line end not counted.
    pub end: usize,
    /// Line that it begins on.
    pub line: u32,
    /// First line end inside it.
    pub first_break: Option<usize>,
    /// Whether a line end stands behind it; otherwise the text ended.
    pub is_ended: bool,
    /// Whether a quoted field does not end.
    pub is_open: bool,
    /// Whether something stands between the end of a quoted field and the next separator.
    pub has_junk: bool,
}

/// A byte that no text file holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BinaryByte {
    /// Its place.
    pub at: usize,
    /// What it is.
    pub value: u8,
}

/// Reads records of a text one after the other. Quotes count at the start of a field only; empty lines do not count.
pub(super) struct Scanner<'t> {
    text: &'t str,
    separator: u8,
    at: usize,
    line: u32,
    places: Places<'t>,
    fields: Vec<Field>,
    /// Place of the record's first field among those that were kept.
    first: usize,
}

/// The places of bytes that count, one after the other. A copy of it, in a loop, stays in registers.
#[derive(Clone, Copy)]
struct Places<'t> {
    text: &'t [u8],
    separator: u8,
    block: usize,
    mask: u64,
}

impl<'t> Places<'t> {
    /// Those from `at` on.
    fn new(text: &'t [u8], separator: u8, at: usize) -> Self {
        let mut places = Places { text, separator, block: at - at % BLOCK, mask: 0 };
        places.mask = places.block_mask() & (u64::MAX << (at % BLOCK));
        places
    }

    #[inline(always)]
    fn block_mask(&self) -> u64 {
        let rest = self.text.get(self.block..).unwrap_or_default();
        match rest.first_chunk::<BLOCK>() {
            Some(block) => specials(block, self.separator),
            None => last_mask(rest, self.separator),
        }
    }

    /// The next place; the length of the text where there is none.
    #[inline(always)]
    fn next(&mut self) -> usize {
        while self.mask == 0 {
            if self.block + BLOCK >= self.text.len() {
                return self.text.len();
            }
            self.block += BLOCK;
            self.mask = self.block_mask();
        }
        let bit = self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        self.block + bit
    }
}

#[inline(never)]
fn last_mask(rest: &[u8], separator: u8) -> u64 {
    let mut block = [b' '; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    specials(&block, separator) & !(u64::MAX.checked_shl(rest.len() as u32).unwrap_or(0))
}

/// Whether `byte` is a control character that no text holds. Vertical tab and form feed stand for line breaks inside cells of some exports; the
/// old end-of-file mark is harmless.
pub(super) fn is_binary(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1a)
}

impl<'t> Scanner<'t> {
    /// A scanner at the start of `text`, which begins on `line`.
    pub fn new(text: &'t str, separator: u8, line: u32) -> Self {
        let places = Places::new(text.as_bytes(), separator, 0);
        Scanner { text, separator, at: 0, line, places, fields: Vec::new(), first: 0 }
    }

    /// Goes on reading at byte `at`, which is on `line`.
    pub fn seek(&mut self, at: usize, line: u32) {
        (self.at, self.line) = (at, line);
        self.places = Places::new(self.text.as_bytes(), self.separator, at);
    }

    /// Where the next record begins, and its line.
    pub fn place(&self) -> (usize, u32) {
        (self.at, self.line)
    }

    #[inline(always)]
    fn push(&mut self, start: usize, end: usize) {
        self.fields.push(Field { start, end, escaped: false });
    }

    /// The next record; its fields are then at hand, behind those of the records before. `None` at the end of the text.
    ///
    /// # Errors
    /// A byte that no text file holds.
    pub fn record(&mut self) -> Result<Option<Record>, BinaryByte> {
        let bytes = self.text.as_bytes();
        self.first = self.fields.len();
        while let Some(end @ (b'\r' | b'\n')) = bytes.get(self.at) {
            self.line += u32::from(*end == b'\n');
            self.at = self.places.next() + 1;
        }
        if self.at >= bytes.len() {
            return Ok(None);
        }
        let mut record = Record {
            start: self.at,
            end: bytes.len(),
            line: self.line,
            first_break: None,
            is_ended: false,
            is_open: false,
            has_junk: false,
        };
        let mut field = self.at;
        let mut places = self.places;
        loop {
            let at = places.next();
            let Some(byte) = bytes.get(at).copied() else {
                self.push(field, at);
                self.at = at;
                self.places = places;
                return Ok(Some(record));
            };
            if byte == self.separator {
                self.push(field, at);
                field = at + 1;
            } else if byte == b'\n' || byte == b'\r' {
                self.push(field, at);
                self.places = places;
                return Ok(Some(self.ended(record, at)));
            } else if byte == b'"' {
                if at == field {
                    self.places = places;
                    match self.quoted(at, &mut record)? {
                        After::Separator(next) => field = next,
                        After::LineEnd(at) => return Ok(Some(self.ended(record, at))),
                        After::End => {
                            self.at = bytes.len();
                            return Ok(Some(record));
                        }
                    }
                    places = self.places;
                }
            } else if is_binary(byte) {
                return Err(BinaryByte { at, value: byte });
            }
        }
    }

    #[inline(always)]
    fn ended(&mut self, mut record: Record, at: usize) -> Record {
        (record.end, record.is_ended) = (at, true);
        self.line += u32::from(self.text.as_bytes().get(at) == Some(&b'\n'));
        self.at = at + 1;
        record
    }

    /// Reads the quoted field that opens at `open`.
    fn quoted(&mut self, open: usize, record: &mut Record) -> Result<After, BinaryByte> {
        let bytes = self.text.as_bytes();
        let mut field = Field { start: open + 1, end: bytes.len(), escaped: false };
        let mut is_closed = false;
        loop {
            let at = self.places.next();
            let Some(byte) = bytes.get(at).copied() else {
                record.is_open = !is_closed;
                self.fields.push(field);
                return Ok(After::End);
            };
            if is_closed {
                // Behind junk: the field goes on to the next separator, quotes in it are no more than that.
                if byte == self.separator || byte == b'\n' || byte == b'\r' {
                    field.end = at;
                    self.fields.push(field);
                    return Ok(if byte == self.separator { After::Separator(at + 1) } else { After::LineEnd(at) });
                }
            } else if byte == b'"' {
                let next = bytes.get(at + 1).copied();
                if next == Some(b'"') {
                    field.escaped = true;
                    self.places.next();
                    continue;
                }
                let ends = next.is_none_or(|next| next == self.separator || next == b'\n' || next == b'\r');
                if ends {
                    field.end = at;
                    self.fields.push(field);
                    let Some(next) = next else { return Ok(After::End) };
                    let at = self.places.next();
                    return Ok(if next == self.separator { After::Separator(at + 1) } else { After::LineEnd(at) });
                }
                (is_closed, field.escaped, record.has_junk) = (true, true, true);
            } else if byte == b'\n' {
                self.line += 1;
                record.first_break.get_or_insert(at);
            }
            if byte != self.separator && is_binary(byte) {
                return Err(BinaryByte { at, value: byte });
            }
        }
    }

    /// How many fields the record has.
    pub fn width(&self) -> usize {
        self.fields.len() - self.first
    }

    /// Lets go of the record's fields.
    pub fn forget(&mut self) {
        self.fields.truncate(self.first);
    }

    /// Lets go of all fields.
    pub fn clear(&mut self) {
        self.fields.clear();
        self.first = 0;
    }

    /// How many fields have been kept, those of the last record among them.
    pub fn kept(&self) -> usize {
        self.fields.len()
    }

    /// Field `at` of the record without its quotes; `scratch` holds it where that changes more than its ends. Empty beyond the last.
    #[inline(always)]
    pub fn field<'s>(&'s self, at: usize, scratch: &'s mut String) -> &'s str {
        match self.fields.get(self.first + at) {
            Some(field) => Cell { text: self.text, field: *field }.text(scratch),
            None => "",
        }
    }

    /// Field `at` of every record of `width` fields that has been kept.
    #[inline(always)]
    pub fn column(&self, at: usize, width: usize) -> Column<'t, '_> {
        Column { text: self.text, fields: self.fields.get(at..).unwrap_or_default(), width }
    }

    /// `record` as it is written.
    pub fn written(&self, record: &Record) -> &'t str {
        self.text.get(record.start..record.end).unwrap_or_default()
    }

    /// The first line of `record`.
    pub fn first_line(&self, record: &Record) -> &'t str {
        self.text.get(record.start..record.first_break.unwrap_or(record.end)).unwrap_or_default()
    }
}

impl<'t> Iterator for Column<'t, '_> {
    type Item = Cell<'t>;

    // Closures of the library's iterators would be called, once per cell.
    #[inline(always)]
    fn next(&mut self) -> Option<Cell<'t>> {
        let field = *self.fields.first()?;
        self.fields = self.fields.get(self.width..).unwrap_or_default();
        Some(Cell { text: self.text, field })
    }
}

impl<'t> Cell<'t> {
    /// Bytes between its quotes.
    #[inline(always)]
    pub fn length(&self) -> usize {
        self.field.end.saturating_sub(self.field.start)
    }

    /// Whether more has to be taken off than the quotes around it: there are quotes in [`Cell::written`].
    #[inline(always)]
    pub fn is_escaped(&self) -> bool {
        self.field.escaped
    }

    /// The bytes between its quotes.
    #[inline(always)]
    pub fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.field.start..self.field.end).unwrap_or_default()
    }

    /// The whole text up to its end.
    #[inline(always)]
    pub fn until_end(&self) -> &'t [u8] {
        self.text.as_bytes().get(..self.field.end).unwrap_or_default()
    }

    /// The whole text from its start.
    #[inline(always)]
    pub fn with_rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.field.start..).unwrap_or_default()
    }

    /// What stands between its quotes.
    #[inline(always)]
    pub fn written(&self) -> &'t str {
        // Fields begin and end at ASCII bytes.
        self.text.get(self.field.start..self.field.end).unwrap_or_default()
    }

    /// What it says; `scratch` holds it where that is not what is written.
    #[inline(always)]
    pub fn text<'s>(&self, scratch: &'s mut String) -> &'s str
    where
        't: 's,
    {
        if self.field.escaped {
            unescaped(self.written(), scratch);
            return scratch;
        }
        self.written()
    }
}

/// What stands behind a quoted field.
enum After {
    /// The next field, which begins here.
    Separator(usize),
    /// A line end, here.
    LineEnd(usize),
    /// Nothing.
    End,
}

/// What a quoted field says, its first quote taken off already: two quotes are one, and the first single one ends the quoting.
#[inline(never)]
fn unescaped(written: &str, said: &mut String) {
    said.clear();
    let mut rest = written;
    while let Some(quote) = rest.bytes().position(|byte| byte == b'"') {
        append(said, &rest[..quote]);
        let behind = &rest[quote + 1..];
        match behind.strip_prefix('"') {
            Some(behind) => {
                said.push('"');
                rest = behind;
            }
            None => {
                rest = behind;
                break;
            }
        }
    }
    append(said, rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Vec<String>> {
        let mut scanner = Scanner::new(text, b',', 1);
        let (mut records, mut scratch) = (Vec::new(), String::new());
        while scanner.record().expect("text").is_some() {
            records.push((0..scanner.width()).map(|at| scanner.field(at, &mut scratch).to_owned()).collect());
        }
        records
    }

    #[test]
    fn records_are_those_of_the_csv_crate() {
        let mut state = 7_u32;
        let mut draw = move |n: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 9) as usize % n
        };
        let pieces = [
            "\"",
            ",",
            "\n",
            "\r\n",
            "\r",
            "a",
            "bc ",
            "ی",
            "\"\"",
            "\",\"",
            "long text without anything special in it, ",
        ];
        for _ in 0..30_000 {
            let text: String = (0..draw(40)).map(|_| pieces[draw(pieces.len())]).collect();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let obvious: Vec<Vec<String>> =
                reader.records().map(|r| r.expect("text").iter().map(str::to_owned).collect()).collect();
            assert_eq!(read(&text), obvious, "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted_inside_quotes_too() {
        let mut scanner = Scanner::new("a\n\n\"b\nc\"\r\nd", b',', 1);
        let mut lines = Vec::new();
        while let Some(record) = scanner.record().expect("text") {
            lines.push((record.line, record.first_break.is_some()));
        }
        assert_eq!(lines, [(1, false), (3, true), (5, false)]);
    }

    #[test]
    fn control_characters_are_no_text() {
        for (text, at) in [("a,b\n1,\u{1}", 6), ("\"a\u{0}\"", 2), ("\"a\"\u{2}", 3)] {
            let mut scanner = Scanner::new(text, b',', 1);
            let found = loop {
                match scanner.record() {
                    Ok(Some(_)) => {}
                    other => break other,
                }
            };
            assert_eq!(found.map_err(|byte| byte.at), Err(at));
        }
    }
}
