//! Dates and instants as people write them: ISO, day or month first, Jalali, with or without time and zone.

use super::numbers::digit;
use crate::time::{Calendar, TimeZone, gregorian_date, gregorian_day, jalali_day, umm_al_qura_day};

const DAY_MS: i64 = 86_400_000;

/// Which number of a date is the year, the month and the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Year first.
    YearMonthDay,
    /// Day first.
    DayMonthYear,
    /// Month first.
    MonthDayYear,
}

/// One date as written, its order not yet decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Written {
    /// The three numbers as they stand.
    pub parts: [u32; 3],
    /// How many digits each has.
    pub widths: [u8; 3],
    /// What separates them; `\0` for eight digits in a row.
    pub separator: char,
    /// Place of a month that is written as a word.
    month_word: Option<usize>,
    /// Time of day in ms.
    pub time: f64,
    /// Whether a time of day stands there.
    pub has_time: bool,
    /// Minutes east of UTC, where written.
    pub zone: Option<i32>,
    /// Whether AM or PM stands there.
    pub twelve_hours: bool,
    /// Whether years from 1300 to 1499 are those of Umm al-Qura, not Jalali ones.
    pub lunar: bool,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Characters of a text with digits of any script made ASCII.
struct Cursor<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
}

impl Cursor<'_> {
    fn number(&mut self) -> Option<(u32, u8)> {
        let (mut value, mut width) = (0_u32, 0_u8);
        while let Some(d) = self.rest.peek().copied().and_then(digit) {
            if width == 8 {
                return None;
            }
            value = value * 10 + u32::from(d);
            width += 1;
            self.rest.next();
        }
        (width > 0).then_some((value, width))
    }

    fn take(&mut self, wanted: &[char]) -> Option<char> {
        self.rest.next_if(|c| wanted.contains(c))
    }

    fn blanks(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_alphabetic()) {
            word.push(super::case::lower(c));
        }
        word
    }
}

impl Written {
    /// The date, with time and zone where they stand, in `text`; `None` where `text` is nothing of the kind.
    pub fn parse(text: &str) -> Option<Written> {
        let first = text.chars().next()?;
        if text.len() > 64 || !(digit(first).is_some() || first.is_ascii_alphabetic()) {
            return None;
        }
        let mut cursor = Cursor { rest: text.chars().peekable() };
        let mut written = Written {
            parts: [0; 3],
            widths: [0; 3],
            separator: '\0',
            month_word: None,
            time: 0.0,
            has_time: false,
            zone: None,
            twelve_hours: false,
            lunar: false,
        };
        for part in 0..3 {
            if let Some((value, width)) = cursor.number() {
                if part == 0 && width == 8 {
                    written.parts = [value / 10_000, value / 100 % 100, value % 100];
                    written.widths = [4, 2, 2];
                    break;
                }
                if !matches!(width, 1 | 2 | 4) {
                    return None;
                }
                (written.parts[part], written.widths[part]) = (value, width);
            } else {
                let word = cursor.word();
                let month = MONTHS.iter().position(|month| word.get(..3) == Some(*month) && word.len() < 10)?;
                if written.month_word.is_some() || part == 2 {
                    return None;
                }
                (written.parts[part], written.month_word) = (month as u32 + 1, Some(part));
            }
            if part < 2 {
                match cursor.take(&['-', '/', '.', ' ', ',']) {
                    Some(mark) if part == 0 => written.separator = mark,
                    Some(_) => {}
                    None => return None,
                }
                if written.month_word.is_some() || written.separator == ' ' {
                    cursor.take(&[',']);
                    cursor.blanks();
                }
            }
        }
        if matches!(written.separator, ' ' | ',') && written.month_word.is_none() {
            return None;
        }
        written.clock(&mut cursor)?;
        cursor.rest.next().is_none().then_some(written)
    }

    fn clock(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let comma = cursor.take(&[',', '،']).is_some();
        let t = !comma && cursor.take(&['T', 't']).is_some();
        if !t {
            cursor.blanks();
        }
        if cursor.rest.peek().is_none() {
            return (!t && !comma).then_some(());
        }
        let (mut hour, width) = cursor.number()?;
        cursor.take(&[':'])?;
        let (minute, minute_width) = cursor.number()?;
        let mut ms = 0.0;
        if cursor.take(&[':']).is_some() {
            let (second, second_width) = cursor.number()?;
            if second > 59 || second_width != 2 {
                return None;
            }
            ms = f64::from(second) * 1000.0;
            if cursor.take(&['.', ',', '٫']).is_some() {
                // Instants are whole milliseconds: finer digits are cut, so that a later digit cannot move a time to the next.
                let mut fraction = 0.0;
                let mut scale = 100.0;
                let mut digits = 0;
                while let Some(d) = cursor.rest.peek().copied().and_then(digit) {
                    if digits < 3 {
                        fraction += f64::from(d) * scale;
                        scale /= 10.0;
                    }
                    digits += 1;
                    cursor.rest.next();
                }
                if digits == 0 {
                    return None;
                }
                ms += fraction;
            }
        }
        if width > 2 || minute_width != 2 || hour > 24 || minute > 59 {
            return None;
        }
        cursor.blanks();
        if cursor.rest.peek().is_some_and(|c| matches!(c, 'a' | 'A' | 'p' | 'P')) {
            let half = cursor.word();
            if hour == 0 || hour > 12 || !matches!(half.as_str(), "am" | "pm") {
                return None;
            }
            hour = hour % 12 + if half == "pm" { 12 } else { 0 };
            self.twelve_hours = true;
            cursor.blanks();
        }
        if hour == 24 && (minute > 0 || ms > 0.0) {
            return None;
        }
        self.time = f64::from(hour * 3600 + minute * 60) * 1000.0 + ms;
        self.has_time = true;
        if let Some(sign) = cursor.take(&['+', '-', '−']) {
            let (hours, width) = cursor.number()?;
            let (hours, minutes) = match width {
                1 | 2 if cursor.take(&[':']).is_some() => (hours, cursor.number()?.0),
                1 | 2 => (hours, 0),
                4 => (hours / 100, hours % 100),
                _ => return None,
            };
            if hours > 18 || minutes > 59 {
                return None;
            }
            let east = (hours * 60 + minutes) as i32;
            self.zone = Some(if sign == '+' { east } else { -east });
        } else if cursor.rest.peek().is_some() {
            let zone = cursor.word();
            if !matches!(zone.as_str(), "z" | "utc" | "gmt") {
                return None;
            }
            self.zone = Some(0);
        }
        Some(())
    }

    /// The order that the value itself proves, by a four-digit year in front or a month as a word.
    pub fn own_order(&self) -> Option<Order> {
        if self.widths[0] == 4 {
            return Some(Order::YearMonthDay);
        }
        match self.month_word {
            Some(0) => Some(Order::MonthDayYear),
            Some(1) => Some(Order::DayMonthYear),
            _ => None,
        }
    }

    /// Whether the value stands in the Jalali or the Umm al-Qura calendar, under `order`.
    pub fn is_hijri(&self, order: Order) -> bool {
        let place = if self.own_order().unwrap_or(order) == Order::YearMonthDay { 0 } else { 2 };
        self.widths[place] == 4 && (1300..=1499).contains(&self.parts[place])
    }

    /// The instant in ms where numbers stand in `order` (unless the value itself proves another) and times without a zone
    /// are local in `zone`; `None` where there is no such day.
    pub fn instant(&self, order: Order, zone: &TimeZone) -> Option<f64> {
        let [a, b, c] = self.parts;
        let order = self.own_order().unwrap_or(order);
        let (year, month, day, year_width) = match order {
            Order::YearMonthDay => (a, b, c, self.widths[0]),
            Order::DayMonthYear => (c, b, a, self.widths[2]),
            Order::MonthDayYear => (c, a, b, self.widths[2]),
        };
        let two = |place: usize| self.month_word == Some(place) || self.widths[place] <= 2;
        let well_formed = match order {
            Order::YearMonthDay => two(1) && two(2),
            _ => two(0) && two(1),
        };
        let year = match year_width {
            4 => year as i32,
            2 => year as i32 + if year < 70 { 2000 } else { 1900 },
            _ => return None,
        };
        if !well_formed {
            return None;
        }
        let days = match year {
            1300..=1499 if self.lunar => umm_al_qura_day(year, month, day)?,
            1300..=1499 => jalali_day(year, month, day)?,
            1500..=2999 => gregorian_day(year, month, day)?,
            _ => return None,
        };
        let written = (days * DAY_MS) as f64 + self.time;
        Some(self.zone.map_or_else(|| zone.instant(written), |minutes| written - f64::from(minutes) * 60_000.0))
    }

    /// How the date is written, such as `dd-mm-yy`, `m/d/yyyy` or `jalali yyyy/mm/dd`.
    pub fn layout(&self, order: Order, padded: bool) -> String {
        let order = self.own_order().unwrap_or(order);
        let calendar = match (self.is_hijri(order), self.lunar) {
            (false, _) => "",
            (true, false) => "jalali ",
            (true, true) => "umm-al-qura ",
        };
        let (day, month) = match (padded, self.month_word) {
            (true, None) => ("dd", "mm"),
            (false, None) => ("d", "m"),
            (_, Some(_)) => ("d", "mmm"),
        };
        let year = |place: usize| if self.widths[place] == 4 { "yyyy" } else { "yy" };
        let parts = match order {
            Order::YearMonthDay => [year(0), month, day],
            Order::DayMonthYear => [day, month, year(2)],
            Order::MonthDayYear => [month, day, year(2)],
        };
        let separator = if self.separator == '\0' { String::new() } else { self.separator.to_string() };
        format!("{calendar}{}", parts.join(&separator))
    }
}

/// Instant in ms of an ISO date or date-time; without a zone it is local in `zone`. A year from 1300 to 1499 is
/// Jalali unless `calendar` is Umm al-Qura. `None` for anything else.
pub(crate) fn iso_instant(text: &str, zone: &TimeZone, calendar: Calendar) -> Option<f64> {
    let mut written = Written::parse(text.trim())?;
    written.lunar = calendar == Calendar::UmmAlQura;
    (written.own_order() == Some(Order::YearMonthDay)).then(|| written.instant(Order::YearMonthDay, zone))?
}

/// `instant` (ms) as ISO text: `2017-03-01T08:26:00Z`, with milliseconds where there are any; the day alone where `date_only`.
pub(crate) fn iso_text(instant: f64, date_only: bool) -> String {
    let ms = libm::round(instant) as i64;
    let (year, month, day) = gregorian_date(ms.div_euclid(DAY_MS));
    if date_only {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    let time = ms.rem_euclid(DAY_MS);
    let (hour, minute, second, ms) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60, time % 1000);
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Whether years from 1300 to 1499 in a column called `name` are those of Umm al-Qura: by the name, else by the calendar of the user.
pub(super) fn is_lunar(name: &str, calendar: Calendar) -> bool {
    let name = super::case::lowered(name);
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    // In Persian, “hijri” alone is the solar year; with the Arabic letter yeh it is the lunar one.
    !says(&["شمسی", "شمسي", "خورشیدی", "جلالی", "jalali", "shamsi", "persian", "solar"])
        && (calendar == Calendar::UmmAlQura || says(&["قمری", "قمري", "هجري", "hijri", "umm al-qura", "ummalqura"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str, order: Order) -> Option<f64> {
        Written::parse(text)?.instant(order, &TimeZone::utc())
    }

    #[test]
    fn forms_of_one_instant_are_equal() {
        let noon = Some(17_457.0 * 86_400_000.0 + 43_200_000.0);
        for text in [
            "2017-10-18T12:00:00Z",
            "2017-10-18 14:00:00.000+02:00",
            "2017-10-18 12:00",
            "20171018 12:00",
            "۱۳۹۶/۰۷/۲۶ ۱۲:۰۰",
            "18 Oct 2017, 12:00",
            "Oct 18, 2017 12:00 PM",
        ] {
            assert_eq!(instant(text, Order::DayMonthYear), noon, "{text}");
        }
        assert_eq!(instant("18-10-17 12:00", Order::DayMonthYear), noon);
        assert_eq!(instant("10/18/17 12:00", Order::MonthDayYear), noon);
        assert_eq!(instant("10/18/17 12:00", Order::DayMonthYear), None);
        assert_eq!(iso_instant("2017-10-18 15:30", &TimeZone::fixed(210).expect("valid"), Calendar::Gregorian), noon);
    }

    #[test]
    fn what_is_no_date_is_not_read_as_one() {
        for text in
            ["2017-02-30", "12", "1.5", "2017-10-18T", "2017-10", "10:30", "1C-1I-7A", "99999999", "2017-10-18x"]
        {
            assert_eq!(instant(text, Order::DayMonthYear), None, "{text}");
        }
    }

    #[test]
    fn iso_text_reads_back() {
        for ms in [0.0, 1.0, -1.0, 1_508_328_000_123.0, -62_000_000_000.0] {
            assert_eq!(iso_instant(&iso_text(ms, false), &TimeZone::utc(), Calendar::Gregorian), Some(ms));
        }
        assert_eq!(iso_text(1_508_284_800_000.0, true), "2017-10-18");
    }

    #[test]
    fn years_of_the_fourteenth_century_are_jalali_unless_column_or_user_say_otherwise() {
        let gregorian = Calendar::Gregorian;
        for (name, calendar, lunar) in [
            ("تاریخ", gregorian, false),
            ("تاريخ هجري", gregorian, true),
            ("تاریخ هجری قمری", gregorian, true),
            ("هجری شمسی", Calendar::UmmAlQura, false),
            ("Hijri Date", gregorian, true),
            ("created", Calendar::UmmAlQura, true),
            ("created", Calendar::Jalali, false),
        ] {
            assert_eq!(is_lunar(name, calendar), lunar, "{name}");
        }
        let utc = TimeZone::utc();
        // 1 Ramadan 1446 was 1 March 2025; 30 Dhu al-Qa'dah is no Jalali day.
        let first = gregorian_day(2025, 3, 1).map(|day| (day * DAY_MS) as f64);
        assert_eq!(iso_instant("1446-09-01", &utc, Calendar::UmmAlQura), first);
        assert_eq!(iso_instant("۱۴۰۳/۱۲/۱۱", &utc, gregorian), first);
    }
}
