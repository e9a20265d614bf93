//! Numbers as people write them: Latin, Persian and Arabic digits, separators, currency and percent signs.

/// How one value writes its number: digits and separators, everything else taken off.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    /// ASCII digits, `.`, `,`, `'` (any blank or quote between groups), `D` (a certain decimal mark), `T` (a certain thousands mark).
    body: String,
    negative: bool,
    exponent: i32,
}

/// Numbers beyond this magnitude are no measurements: they are left out as unreadable. Below it fourth powers of a product of two stay finite.
pub(crate) const LARGEST: f64 = 1e30;

/// `value`, or NaN where it is beyond [`LARGEST`].
pub(crate) fn within_bounds(value: f64) -> f64 {
    if value.abs() <= LARGEST { value } else { f64::NAN }
}

/// `value` for people: very large and very small ones with an exponent.
pub(crate) fn shown(value: f64) -> String {
    if value == 0.0 || (1e-6..1e21).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// Whether rows can count `weight` times: its square is neither 0, but for that of 0, nor infinite.
pub(crate) fn is_weight(weight: f64) -> bool {
    weight == 0.0 || (1.0 / LARGEST..=LARGEST).contains(&weight)
}

/// Which mark separates decimals in a column; the other one groups thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DecimalMark {
    /// 1,234.5
    Point,
    /// 1.234,5
    Comma,
}

const CURRENCIES: [&str; 22] = [
    "$",
    "€",
    "£",
    "¥",
    "₹",
    "₽",
    "₺",
    "﷼",
    "%",
    "٪",
    "usd",
    "eur",
    "gbp",
    "irr",
    "irt",
    "aed",
    "sar",
    "ریال",
    "تومان",
    "ریال‌",
    "درهم",
    "دینار",
];

/// The value of a digit in Latin, Arabic or Persian script.
pub(super) fn digit(c: char) -> Option<u8> {
    match c {
        '0'..='9' => Some(c as u8 - b'0'),
        '٠'..='٩' => Some((c as u32 - '٠' as u32) as u8),
        '۰'..='۹' => Some((c as u32 - '۰' as u32) as u8),
        _ => None,
    }
}

impl Written {
    /// The number in `text`; `None` where it holds anything besides digits, separators, a sign, an exponent, a currency or a percent sign.
    pub fn parse(text: &str) -> Option<Written> {
        let first = text.chars().next()?;
        // Most texts are no numbers: be quick about them.
        if first.is_ascii_alphabetic() && text.len() > 40 {
            return None;
        }
        let mut rest = text.trim();
        let mut negative = false;
        if let Some(inner) = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
            (rest, negative) = (inner.trim(), true);
        }
        for _ in 0..3 {
            if let Some(unsigned) = rest.strip_prefix(['-', '−']) {
                (rest, negative) = (unsigned.trim_start(), !negative);
            } else if let Some(unsigned) = rest.strip_prefix('+') {
                rest = unsigned.trim_start();
            }
            rest = without_currency(rest);
        }
        let mut body = String::with_capacity(rest.len());
        let mut exponent = 0;
        for (at, c) in rest.char_indices() {
            match c {
                _ if digit(c).is_some() => body.push((b'0' + digit(c)?) as char),
                '.' | ',' => body.push(c),
                '،' => body.push(','),
                '٫' => body.push('D'),
                '٬' => body.push('T'),
                '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' => body.push('\''),
                'e' | 'E' if !body.is_empty() => {
                    let power = &rest[at + 1..];
                    let signed = power.starts_with(['+', '-']);
                    // A code such as 12E4 is no number; 1.2E4, 12e4 and 12E+4 are.
                    if c == 'E' && !signed && !body.contains('.') {
                        return None;
                    }
                    exponent = power.parse().ok().filter(|power: &i32| power.abs() < 400)?;
                    break;
                }
                _ => return None,
            }
        }
        let digits = body.bytes().filter(u8::is_ascii_digit).count();
        let last = body.bytes().last()?;
        (digits > 0 && last != b'\'' && last != b',' && !body.starts_with(['\'', 'T'])).then_some(Written {
            body,
            negative,
            exponent,
        })
    }

    /// Whether the value is plain digits that a number would not give back: leading zeros, or more digits than a float keeps.
    pub fn is_code(&self) -> bool {
        let plain = self.body.bytes().all(|b| b.is_ascii_digit()) && self.exponent == 0;
        plain
            && ((self.body.len() > 1 && self.body.starts_with('0'))
                || self.body.parse::<u64>().map_or(true, |value| value > 1 << 53))
    }

    /// Whether the value has any separator.
    pub fn is_separated(&self) -> bool {
        self.body.bytes().any(|b| !b.is_ascii_digit())
    }

    /// Number of digits of a plain integer.
    pub fn integer_digits(&self) -> Option<usize> {
        (!self.is_separated()).then_some(self.body.len())
    }

    /// Whether the value reads under both marks, and differently: one mark with three digits behind it.
    pub fn is_ambiguous(&self) -> bool {
        match (self.value(DecimalMark::Point), self.value(DecimalMark::Comma)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        }
    }

    /// Whether the ambiguous mark of the value is a comma.
    pub fn has_comma(&self) -> bool {
        self.body.contains(',')
    }

    /// The value where `mark` separates decimals; `None` where the value does not fit that.
    pub fn value(&self, mark: DecimalMark) -> Option<f64> {
        // The usual case, which needs no second copy.
        let points = self.body.bytes().filter(|byte| *byte == b'.').count();
        let plain = self.exponent == 0 && self.body.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if plain && (points == 0 || (points == 1 && mark == DecimalMark::Point)) {
            let value = self.body.parse::<f64>().ok().filter(|value| value.is_finite())?;
            return Some(if self.negative { -value } else { value });
        }
        let (decimal, group) = match mark {
            DecimalMark::Point => ('.', ','),
            DecimalMark::Comma => (',', '.'),
        };
        let mut plain = String::with_capacity(self.body.len() + 8);
        if self.negative {
            plain.push('-');
        }
        let mut split = self.body.splitn(2, [decimal, 'D']);
        let whole = split.next()?;
        let fraction = split.next();
        let mut groups = whole.split([group, 'T', '\'']);
        let head = groups.next()?;
        plain.push_str(head);
        let mut grouped = false;
        for part in groups {
            grouped = true;
            if part.len() != 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            plain.push_str(part);
        }
        if grouped && (head.is_empty() || head.len() > 3 || head.starts_with('0')) {
            return None;
        }
        if let Some(fraction) = fraction {
            if !fraction.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            plain.push('.');
            plain.push_str(fraction);
        }
        if self.exponent != 0 {
            plain.push('e');
            plain.push_str(&self.exponent.to_string());
        }
        plain.parse::<f64>().ok().filter(|value| value.is_finite())
    }
}

fn without_currency(text: &str) -> &str {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    if is_digit(text.as_bytes().first()) && is_digit(text.as_bytes().last()) {
        return text;
    }
    for sign in CURRENCIES {
        let (Some(start), Some(end)) = (text.get(..sign.len()), text.len().checked_sub(sign.len())) else { continue };
        if start.eq_ignore_ascii_case(sign) {
            return text[sign.len()..].trim_start();
        }
        if text.get(end..).is_some_and(|tail| tail.eq_ignore_ascii_case(sign)) {
            return text[..end].trim_end();
        }
    }
    text
}

/// The decimal mark of a column, on the evidence of its distinct values and the rows that have each.
///
/// Values that only one mark can explain decide. Where there are none, three digits behind the only mark mean thousands if
/// the mark is a comma, or if the column's plain integers all lie below 1,000; `comma_likely` (fields separated by `;`) breaks the tie.
pub(super) fn decimal_mark<'a>(
    values: impl Iterator<Item = (&'a Written, u32)> + Clone,
    comma_likely: bool,
) -> DecimalMark {
    let fits = |mark| {
        values.clone().filter(|(value, _)| value.value(mark).is_some()).map(|(_, count)| u64::from(count)).sum::<u64>()
    };
    let (point, comma) = (fits(DecimalMark::Point), fits(DecimalMark::Comma));
    if point != comma {
        return if point > comma { DecimalMark::Point } else { DecimalMark::Comma };
    }
    let Some((first, _)) = values.clone().find(|(value, _)| value.is_ambiguous()) else { return DecimalMark::Point };
    let longest = values.clone().filter_map(|(value, _)| value.integer_digits()).max();
    let thousands = match longest {
        Some(digits) => digits <= 3,
        None => first.has_comma() || comma_likely,
    };
    match (first.has_comma(), thousands) {
        (true, true) | (false, false) => DecimalMark::Point,
        (true, false) | (false, true) => DecimalMark::Comma,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Vec<Option<f64>> {
        let written: Vec<_> = texts.iter().map(|text| Written::parse(text)).collect();
        let mark = decimal_mark(written.iter().flatten().map(|w| (w, 1)), false);
        written.iter().map(|w| w.as_ref().and_then(|w| w.value(mark))).collect()
    }

    #[test]
    fn a_number_for_people_has_few_digits_and_reads_back() {
        for (value, text) in
            [(0.0, "0"), (1234.5, "1234.5"), (-8.64e15, "-8640000000000000"), (5e-324, "5e-324"), (1e30, "1e30")]
        {
            assert_eq!((shown(value), text.parse()), (text.to_owned(), Ok(value)));
        }
    }

    #[test]
    fn one_unambiguous_value_decides_the_marks_of_the_column() {
        assert_eq!(read(&["1.234", "2.345,5"]), [Some(1234.0), Some(2345.5)]);
        assert_eq!(read(&["1,234", "2,345.5"]), [Some(1234.0), Some(2345.5)]);
        assert_eq!(read(&["1.234", "2.5"]), [Some(1.234), Some(2.5)]);
        assert_eq!(read(&["1.234.567", "2.500"]), [Some(1_234_567.0), Some(2500.0)]);
        assert_eq!(read(&["1,234", "12"]), [Some(1234.0), Some(12.0)]);
        assert_eq!(read(&["0.125", "3.250"]), [Some(0.125), Some(3.25)]);
    }

    #[test]
    fn persian_and_arabic_digits_signs_and_currencies_are_read() {
        assert_eq!(read(&["۱۲٬۳۴۵٫۵", "٤٥"]), [Some(12345.5), Some(45.0)]);
        assert_eq!(read(&["$1,234.50", "(20)", "-€3", "12 %"]), [Some(1234.5), Some(-20.0), Some(-3.0), Some(12.0)]);
        assert_eq!(read(&["۱۲۰۰ ریال", "1 000 000"]), [Some(1200.0), Some(1e6)]);
        assert_eq!(
            read(&["1.5e-3", "12E4", "1C1", "1,2,3", "--", "12,"]),
            [Some(0.0015), None, None, None, None, None]
        );
    }

    #[test]
    fn leading_zeros_and_long_numbers_are_codes() {
        let code = |text: &str| Written::parse(text).is_some_and(|written| written.is_code());
        assert!(code("00042") && code("90071992547409930") && !code("0") && !code("0.5") && !code("42"));
    }
}
