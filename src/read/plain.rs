//! Numbers and ISO dates as programs write them: whole words of eight bytes at a time in the forms that nearly all have, byte by byte in the rest.

use crate::time::gregorian_day;

const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const ZEROS: u64 = LOW * b'0' as u64;
const POINTS: u64 = LOW * b'.' as u64;

/// The text of a plain number.
pub(super) struct PlainNumber {
    pub value: f64,
    /// Digits in front of the point, and behind it where there is one.
    pub whole: usize,
    pub fraction: Option<usize>,
    /// Whether the first digit is zero.
    pub zero: bool,
}

impl PlainNumber {
    /// Whether it is eight digits in a row, which may mean a day.
    pub fn may_be_day(&self) -> bool {
        self.whole == 8 && self.fraction.is_none()
    }
}

/// `0.1`, `-12.50`, `7`: at most 15 digits, so that value and power of ten are exact and their quotient is rounded once; no leading zeros.
pub(super) fn plain_number(text: &[u8]) -> Option<PlainNumber> {
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

/// The number that the last `length` bytes of `text` are, as [`plain_number`], in its usual forms: at most eight digits in front of the point and
/// seven behind it. `None` says nothing about others.
#[inline(always)]
pub(super) fn swift_number(text: &[u8], length: usize) -> Option<PlainNumber> {
    let first = *text.get(text.len().checked_sub(length)?)?;
    let negative = first == b'-';
    let length = length - usize::from(negative);
    let last = word(text.last_chunk()?);
    if !(1..=16).contains(&length) {
        return None;
    }
    let points = zero_bytes(last_bytes(last, length.min(8)) ^ POINTS);
    if points == 0 {
        // The first digit is the lowest byte that counts.
        let digits = last_bytes(last, length.min(8));
        let zero = length <= 8 && (last >> (64 - 8 * length)) as u8 == b'0';
        if length > 8 || (zero && length > 1) {
            return None;
        }
        let value = f64::from(eight_digits(digits)?);
        return Some(PlainNumber { value: if negative { -value } else { value }, whole: length, fraction: None, zero });
    }
    let fraction = points.leading_zeros() as usize / 8;
    let whole = length - fraction - 1;
    if fraction == 0 || !(1..=8).contains(&whole) {
        return None;
    }
    let front = word(text[..text.len() - fraction - 1].last_chunk()?);
    let zero = (front >> (64 - 8 * whole)) as u8 == b'0';
    if zero && whole > 1 {
        return None;
    }
    let (front, behind) = (eight_digits(last_bytes(front, whole))?, eight_digits(last_bytes(last, fraction))?);
    // Both are whole and below 10^15 together: only the division rounds.
    let value = (f64::from(front) * POWERS[fraction] + f64::from(behind)) / POWERS[fraction];
    Some(PlainNumber { value: if negative { -value } else { value }, whole, fraction: Some(fraction), zero })
}

#[inline(always)]
fn word(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

/// The last `count` of eight bytes, 1 to 8, zeros in front of them.
#[inline(always)]
fn last_bytes(word: u64, count: usize) -> u64 {
    let mask = u64::MAX << (64 - 8 * count);
    (word & mask) | (ZEROS & !mask)
}

/// The high bit of every byte that is zero.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    !(((word & !HIGH) + !HIGH) | word | !HIGH)
}

/// Whether all bytes are below ten.
#[inline(always)]
fn are_digits(word: u64) -> bool {
    (word | word.wrapping_add(LOW * 0x76)) & HIGH == 0
}

/// What every two digits say, in the first of their bytes.
#[inline(always)]
fn pairs(digits: u64) -> u64 {
    digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff
}

#[inline(always)]
fn eight_digits(text: u64) -> Option<u32> {
    let digits = text ^ ZEROS;
    if !are_digits(digits) {
        return None;
    }
    let pairs = pairs(digits);
    let (odd, even) = (pairs & 0x0000_00ff_0000_00ff, (pairs >> 16) & 0x0000_00ff_0000_00ff);
    let sum = odd.wrapping_mul(100 + (1_000_000 << 32)).wrapping_add(even.wrapping_mul(1 + (10_000 << 32)));
    Some((sum >> 32) as u32)
}

#[inline(always)]
fn day_ms(year: u32, month: u32, day: u32) -> Option<f64> {
    if !(1500..=2999).contains(&year) {
        return None;
    }
    Some(gregorian_day(year as i32, month, day)? as f64 * 86_400_000.0)
}

/// `2024-09-10`, `2024-09-10 08:30`, `2024-09-10T08:30:00.5Z`, `2024-09-10T08:30:00+03:30` in ms, and whether that is UTC; local otherwise.
pub(super) fn iso(text: &[u8]) -> Option<(f64, bool)> {
    let digits = |at: usize| -> Option<u32> {
        let (tens, ones) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
    };
    if text.len() < 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let day = day_ms(digits(0)? * 100 + digits(2)?, digits(5)?, digits(8)?)?;
    if text.len() == 10 {
        return Some((day, false));
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
        [] => Some((day + ms, false)),
        [b'Z'] => Some((day + ms, true)),
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let at = text.len() - 5;
            let (hours, minutes) = (digits(at)?, digits(at + 3)?);
            if hours > 18 || minutes > 59 {
                return None;
            }
            let east = f64::from(hours * 60 + minutes) * 60_000.0;
            Some((day + ms - if *sign == b'+' { east } else { -east }, true))
        }
        _ => None,
    }
}

/// As [`iso`], in its usual forms: `2024-09-10`, `2024-09-10T08:30:00`, `2024-09-10T08:30:00Z`. `None` says nothing about others.
#[inline(always)]
pub(super) fn swift_iso(text: &[u8]) -> Option<(f64, bool)> {
    if !matches!(text.len(), 10 | 19 | 20) {
        return None;
    }
    let front = word(text.first_chunk()?) ^ u64::from_le_bytes(*b"0000-00-");
    let back = word(text[2..].first_chunk()?) ^ ZEROS;
    let digits = (front & 0xffff_ffff) | ((front >> 8) & 0xffff_0000_0000) | (back & 0xffff_0000_0000_0000);
    if front & 0xff00_00ff_0000_0000 != 0 || !are_digits(digits) {
        return None;
    }
    let said = pairs(digits);
    let two = |at: u32| (said >> (16 * at)) as u32 & 0xff;
    let day = day_ms(two(0) * 100 + two(1), two(2), two(3))?;
    if text.len() == 10 {
        return Some((day, false));
    }
    let is_utc = text.len() == 20;
    let time = word(text[11..].first_chunk()?) ^ u64::from_le_bytes(*b"00:00:00");
    let digits = (time & 0xffff) | ((time >> 8) & 0xffff_0000) | ((time >> 16) & 0xffff_0000_0000);
    let said = pairs(digits);
    let (hour, minute, second) = (said as u32 & 0xff, (said >> 16) as u32 & 0xff, (said >> 32) as u32);
    let is_time = matches!(text[10], b'T' | b' ')
        && time & 0x0000_ff00_00ff_0000 == 0
        && are_digits(digits)
        && hour < 24
        && minute < 60
        && second < 60
        && (!is_utc || text[19] == b'Z');
    is_time.then(|| (day + f64::from((hour * 3600 + minute * 60 + second) * 1000), is_utc))
}

#[cfg(test)]
mod tests {
    use super::super::dates::{self, Order};
    use super::*;
    use crate::time::TimeZone;

    /// The swift way says the same or nothing, whatever stands in front.
    fn agrees_with_plain(text: &str) -> bool {
        let whole = format!("12345678,\"{text}");
        let swift = swift_number(whole.as_bytes(), text.len());
        let said = |number: PlainNumber| (number.value.to_bits(), number.whole, number.fraction, number.zero);
        let is_there = swift.is_some();
        if let Some(swift) = swift {
            assert_eq!(Some(said(swift)), plain_number(text.as_bytes()).map(said), "{text}");
        }
        is_there
    }

    #[test]
    fn swift_numbers_are_the_plain_ones() {
        for text in ["0", "7", "-3", "42", "100000", "12345678", "0.5", "-0.25", "131187.83", "12345678.1234567", "-0"]
        {
            assert!(agrees_with_plain(text), "{text}");
            assert!(swift_number(text.as_bytes(), text.len()).is_none() || text.len() >= 8, "{text}");
        }
        let mut state = 5_u32;
        let mut draw = move |n: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 9) as usize % n
        };
        let pieces = ["0", "1", "25", "987", "4444", ".", "-", "x", "/", ":", "\"", "۱", " "];
        for _ in 0..200_000 {
            agrees_with_plain(&(0..draw(8)).map(|_| pieces[draw(pieces.len())]).collect::<String>());
        }
    }

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
            agrees_with_plain(&text);
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
                    if let Some(swift) = swift_iso(text.as_bytes()) {
                        assert_eq!(Some(swift), iso(text.as_bytes()), "{text}");
                    }
                    if let Some((value, _)) = iso(text.as_bytes()) {
                        assert_eq!(Some(value), general, "{text}");
                    }
                }
            }
        }
        for text in ["2024-02-29", "2024-12-31T23:59:59", "1999-01-01 00:00:00Z"] {
            assert_eq!(
                (swift_iso(text.as_bytes()).is_some(), swift_iso(text.as_bytes())),
                (true, iso(text.as_bytes()))
            );
            // No byte may be another without being noticed.
            for (at, other) in (0..text.len()).flat_map(|at| (0..=255).map(move |other| (at, other))) {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = other;
                assert!(swift_iso(&bytes).is_none() || swift_iso(&bytes) == iso(&bytes), "{text} {at} {other}");
            }
        }
        assert_eq!(iso(b"2024-09-10T08:30:00+03:30"), Some((1_725_944_400_000.0, true)));
    }
}
