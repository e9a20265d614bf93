//! How a delimited file is written, told by its first lines: its separator, whether it has a header, how to read each column.

use super::cells::Cells;
use super::scan::Scanner;

const SEPARATORS: [u8; 4] = *b",;\t|";
const SAMPLE_LINES: usize = 64;
const SAMPLE_ROWS: usize = 256;
/// Bytes that are enough to tell how a file is written.
pub(super) const SAMPLE_BYTES: usize = 1 << 18;

/// The lines that tell how a file is written: the same, in whatever pieces it comes.
pub(super) fn head(text: &str) -> &str {
    let bytes = text.as_bytes();
    let end = bytes.get(..SAMPLE_BYTES).and_then(|head| head.iter().rposition(|byte| *byte == b'\n'));
    end.and_then(|end| text.get(..=end)).unwrap_or(text)
}

/// Bytes in front of the first record, and the separator where Excel's own hint, `sep=;` on the first line, tells it.
pub(super) fn prefix(text: &str) -> (usize, Option<u8>) {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = &text[mark..];
    if body.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep=")) {
        let end = body.find('\n').map_or(body.len(), |end| end + 1);
        let hinted = body.as_bytes()[4..end].first().copied().filter(|byte| SEPARATORS.contains(byte));
        if hinted.is_some() {
            return (mark + end, hinted);
        }
    }
    (mark, None)
}

/// How to read each column, by the rows behind the first.
pub(super) fn sample(text: &str, separator: u8) -> Vec<Cells> {
    let mut scanner = Scanner::new(text, separator, 1);
    let mut columns: Vec<Vec<String>> = Vec::new();
    let mut scratch = String::new();
    for row in 0..=SAMPLE_ROWS {
        let Ok(Some(record)) = scanner.record() else { break };
        if row == 0 {
            columns = vec![Vec::new(); scanner.width()];
        } else if scanner.width() == columns.len() && !record.is_open && !record.has_junk {
            for (at, column) in columns.iter_mut().enumerate() {
                column.push(scanner.field(at, &mut scratch).to_owned());
            }
        }
    }
    columns.iter().map(|column| Cells::for_sample(column.iter().map(String::as_str))).collect()
}

/// The separator that cuts most of the first lines into as many fields as the first one; `None` where none cuts the first.
pub(super) fn sniffed(text: &str) -> Option<u8> {
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
pub(super) fn is_blank_separated(text: &str) -> bool {
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
