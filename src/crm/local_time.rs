//! The user's time from the options of a host.

use super::mapping::LoadOptions;
use crate::error::{Error, Result};
use crate::read::dates::iso_instant;
use crate::time::{Calendar, DAY_MS, LocalTime, Periods, TimeZone, WorkingClock};
use serde::{Deserialize, Serialize};

/// Working hours.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkingTime {
    /// Working weekdays, 0 (Sunday) to 6.
    pub days: Vec<u32>,
    /// Local time at which work begins, such as `09:00`.
    pub from: String,
    /// Local time at which it ends; `24:00` at most.
    pub to: String,
    /// Local days without work, Gregorian or Jalali, year first.
    pub holidays: Vec<String>,
}

impl LoadOptions {
    /// The zone, calendar and working hours that the options name.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a table that is no zone, an offset beyond 18 hours, a weekday beyond 6, a month beyond 12, and working hours or
    /// holidays that cannot be.
    pub fn local_time(&self) -> Result<LocalTime> {
        let zone = match &self.zone {
            Some(table) => TimeZone::of_table(table)?,
            None => TimeZone::fixed(self.utc_offset_minutes)?,
        };
        let home = Periods::new(self.calendar.unwrap_or_default());
        let periods = Periods {
            week_start: within("weekStart", self.week_start, 0, 6, home.week_start)?,
            fiscal_year_start: within("fiscalYearStart", self.fiscal_year_start, 1, 12, home.fiscal_year_start)?,
            ..home
        };
        let working = self.working_time.as_ref().map(|hours| clock(hours, home.calendar)).transpose()?;
        Ok(LocalTime { zone, periods, working })
    }
}

fn within(option: &str, given: Option<u32>, low: u32, high: u32, otherwise: u32) -> Result<u32> {
    match given.unwrap_or(otherwise) {
        value if (low..=high).contains(&value) => Ok(value),
        value => Err(Error::invalid_option(option, value.to_string(), "days of the week count from 0, months from 1")),
    }
}

fn clock(hours: &WorkingTime, calendar: Calendar) -> Result<WorkingClock> {
    let wrong = |value: &String, rule: &str| Error::invalid_option("workingTime", value.clone(), rule);
    let minute = |text: &String| {
        minute_of_day(text)
            .ok_or_else(|| wrong(text, "working hours begin and end at a time such as 09:00, 24:00 at most"))
    };
    let mut holidays = Vec::with_capacity(hours.holidays.len());
    for text in &hours.holidays {
        let day = iso_instant(text, &TimeZone::utc(), calendar).filter(|instant| instant % DAY_MS == 0.0);
        let day = day.ok_or_else(|| wrong(text, "a holiday is a day such as 2025-03-21 or 1404/01/01"))?;
        holidays.push((day / DAY_MS) as i32);
    }
    WorkingClock::new(&hours.days, minute(&hours.from)?, minute(&hours.to)?, &holidays)
}

fn minute_of_day(text: &str) -> Option<u32> {
    let &[h, i, b':', m, s] = text.as_bytes() else { return None };
    let two = |a: u8, b: u8| {
        (a.is_ascii_digit() && b.is_ascii_digit()).then(|| u32::from(a - b'0') * 10 + u32::from(b - b'0'))
    };
    let (hour, minute) = (two(h, i)?, two(m, s)?);
    Some(hour * 60 + minute).filter(|minutes| *minutes <= 1440 && minute < 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::options;
    use crate::time::ZoneTable;

    fn time(json: &str) -> Result<LocalTime> {
        options::<LoadOptions>(json)?.local_time()
    }

    #[test]
    fn working_hours_are_read_with_holidays_of_either_calendar() {
        let json = |holiday: &str| {
            format!(
                r#"{{"utcOffsetMinutes": 210, "workingTime": {{"days": [6,0,1,2,3], "from": "08:30", "to": "16:30", "holidays": ["{holiday}"]}}}}"#
            )
        };
        let (gregorian, jalali, persian) =
            (time(&json("2025-03-22")), time(&json("1404/01/02")), time(&json("۱۴۰۴/۰۱/۰۲")));
        assert_eq!((&gregorian, &gregorian), (&jalali, &persian));
        let time = gregorian.expect("valid");
        assert_eq!(time.day_ms(), 8.0 * 3_600_000.0);
        // Saturday, 22 March 2025, is the holiday; Sunday is not.
        let at = |day: f64| 20_169.0 * DAY_MS + (day - 210.0 / 1440.0) * DAY_MS;
        assert_eq!((time.elapsed_ms(at(0.0), at(1.0)), time.elapsed_ms(at(1.0), at(2.0))), (0.0, time.day_ms()));
        assert_eq!(time.elapsed_ms(at(2.0), at(0.0)), -2.0 * DAY_MS);
    }

    #[test]
    fn the_week_begins_where_the_calendar_is_at_home_unless_told_otherwise() {
        let starts = |json: &str| time(json).map(|time| (time.periods.week_start, time.periods.fiscal_year_start));
        assert_eq!(starts("{}"), Ok((1, 1)));
        assert_eq!(starts(r#"{"calendar": "jalali"}"#), Ok((6, 1)));
        assert_eq!(starts(r#"{"calendar": "umm-al-qura", "weekStart": 1, "fiscalYearStart": 7}"#), Ok((1, 7)));
    }

    #[test]
    fn what_cannot_be_is_refused_with_option_and_value() {
        let working = |days: &str, from: &str, to: &str, holiday: &str| {
            format!(r#"{{"workingTime": {{"days": {days}, "from": "{from}", "to": "{to}", "holidays": [{holiday}]}}}}"#)
        };
        for json in [
            r#"{"weekStart": 7}"#.to_owned(),
            r#"{"fiscalYearStart": 0}"#.to_owned(),
            r#"{"calendar": "julian"}"#.to_owned(),
            r#"{"workingTime": {}}"#.to_owned(),
            working("[7]", "09:00", "17:00", ""),
            working("[1]", "9:00", "17:00", ""),
            working("[1]", "17:00", "09:00", ""),
            working("[1]", "+9:00", "17:00", ""),
            working("[1]", "09:00", "24:01", ""),
            working("[1]", "09:00", "17:00", r#""Christmas""#),
            working("[1]", "09:00", "17:00", r#""2025-03-21 12:00""#),
        ] {
            assert_eq!(time(&json).map_err(|error| error.code()), Err("invalid_option"), "{json}");
        }
        let zone = Some(ZoneTable { name: "x".into(), starts: vec![0.0], offsets: Vec::new() });
        let options = LoadOptions { zone, ..LoadOptions::default() };
        assert_eq!(options.local_time().map_err(|error| error.code()), Err("invalid_option"));
    }
}
