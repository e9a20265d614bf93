//! Periods of a calendar as grouping keys: which month, week or fiscal year a local day belongs to.

use super::days::{gregorian_day, jalali_day, umm_al_qura_day};
use serde::{Deserialize, Serialize};

/// How years and months are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calendar {
    /// The calendar of ISO 8601.
    #[default]
    Gregorian,
    /// Solar Hijri, of Iran.
    Jalali,
    /// The lunar calendar of Saudi Arabia, by the tables of ICU for 1300 to 1600. From 1420 (April 1999) on these are the published ones; months before
    /// may begin up to two days sooner or later than they were published.
    UmmAlQura,
}

/// Days outside these, about the years 53 to 4700, count as the nearest of them: no table of records reaches there.
const DAYS: std::ops::RangeInclusive<i32> = -700_000..=1_000_000;

impl Calendar {
    /// Year, month (from 1) and day (from 1) of a day counted from 1970-01-01.
    pub fn date(self, day: i32) -> (i32, u32, u32) {
        let day = day.clamp(*DAYS.start(), *DAYS.end());
        // The mean length of a month finds it but for one or two: asking for starts is less code than every calendar's own way back.
        let (epoch, length) = match self {
            Calendar::Gregorian => (-719_528, 30.436_875),
            Calendar::Jalali => (-492_633, 30.436_875),
            Calendar::UmmAlQura => (-492_502, 29.530_588),
        };
        let mut month = libm::floor(f64::from(day - epoch) / length) as i32;
        while self.month_start(month) > day {
            month -= 1;
        }
        while self.month_start(month + 1) <= day {
            month += 1;
        }
        (month.div_euclid(12), month.rem_euclid(12) as u32 + 1, (day - self.month_start(month)) as u32 + 1)
    }

    /// First day of a month counted from the first of year 0; the end of all dates where there is none.
    fn month_start(self, month: i32) -> i32 {
        let edge = if month < 0 { *DAYS.start() } else { *DAYS.end() };
        self.day(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1).unwrap_or(edge)
    }

    /// Day counted from 1970-01-01; `None` where the calendar has no such day.
    pub fn day(self, year: i32, month: u32, day: u32) -> Option<i32> {
        let day = match self {
            Calendar::Gregorian => gregorian_day(year, month, day),
            Calendar::Jalali => jalali_day(year, month, day),
            Calendar::UmmAlQura => umm_al_qura_day(year, month, day),
        };
        day.map(|day| day as i32)
    }

    /// The first day of the week where this calendar is at home: 1, Monday; 6, Saturday, for Jalali; 0, Sunday, for Umm al-Qura.
    pub fn first_weekday(self) -> u32 {
        match self {
            Calendar::Gregorian => 1,
            Calendar::Jalali => 6,
            Calendar::UmmAlQura => 0,
        }
    }
}

/// A length of time that a calendar cuts time into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A local day.
    Day,
    /// Seven days from the first weekday on.
    Week,
    /// A month of the calendar.
    #[default]
    Month,
    /// Three months, counted from the start of the fiscal year.
    Quarter,
    /// Twelve months from the start of the fiscal year on.
    FiscalYear,
}

/// A calendar with the conventions of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// The calendar.
    pub calendar: Calendar,
    /// First day of the week, 0 (Sunday) to 6.
    pub week_start: u32,
    /// Month with which the fiscal year begins, 1 to 12.
    pub fiscal_year_start: u32,
}

impl Default for Periods {
    fn default() -> Self {
        Periods::new(Calendar::default())
    }
}

impl Periods {
    /// The calendar with the first weekday of its home and a fiscal year that is the year.
    pub fn new(calendar: Calendar) -> Self {
        Periods { calendar, week_start: calendar.first_weekday(), fiscal_year_start: 1 }
    }

    /// Number of the period that `day` (from 1970-01-01) lies in: ascending with time, without gaps.
    ///
    /// ```
    /// use crm_analytics::time::{Calendar, Period, Periods};
    /// let jalali = Periods::new(Calendar::Jalali);
    /// let nowruz = Calendar::Gregorian.day(2025, 3, 21).unwrap_or_default();
    /// assert_eq!(jalali.key(Period::Month, nowruz), jalali.key(Period::Month, nowruz - 1) + 1);
    /// assert_eq!(jalali.start(Period::FiscalYear, 1404), nowruz);
    /// ```
    pub fn key(&self, period: Period, day: i32) -> i32 {
        let day = day.clamp(*DAYS.start(), *DAYS.end());
        let months = |each: i32| {
            let (year, month, _) = self.calendar.date(day);
            (year * 12 + month as i32 - self.fiscal_year_start as i32).div_euclid(each)
        };
        match period {
            Period::Day => day,
            Period::Week => (day - self.week_shift()).div_euclid(7),
            Period::Month => months(1),
            Period::Quarter => months(3),
            Period::FiscalYear => months(12),
        }
    }

    /// First day of the period with this key; the day after its last one is the start of the next key.
    pub fn start(&self, period: Period, key: i32) -> i32 {
        let month = |each: i32| {
            let index = key.saturating_mul(each).saturating_add(self.fiscal_year_start as i32 - 1);
            self.calendar.month_start(index)
        };
        match period {
            Period::Day => key,
            Period::Week => key.saturating_mul(7).saturating_add(self.week_shift()),
            Period::Month => month(1),
            Period::Quarter => month(3),
            Period::FiscalYear => month(12),
        }
    }

    /// Days from 1970-01-01, a Thursday, to the first day of the first week that begins then or within seven days before.
    fn week_shift(&self) -> i32 {
        self.week_start as i32 - 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALENDARS: [Calendar; 3] = [Calendar::Gregorian, Calendar::Jalali, Calendar::UmmAlQura];
    const PERIODS: [Period; 5] = [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::FiscalYear];

    #[test]
    fn keys_rise_by_one_exactly_where_a_period_starts() {
        for calendar in CALENDARS {
            for (fiscal_year_start, week_start) in [(1, 1), (4, 6), (10, 0)] {
                let periods = Periods { calendar, week_start, fiscal_year_start };
                for period in PERIODS {
                    for day in (-4000..30_000).step_by(7).flat_map(|day| [day, day + 1]) {
                        let key = periods.key(period, day);
                        let (start, end) = (periods.start(period, key), periods.start(period, key + 1));
                        assert!(start <= day && day < end, "{periods:?} {period:?} {day}");
                        assert_eq!((periods.key(period, start), periods.key(period, end)), (key, key + 1));
                    }
                }
            }
        }
    }

    #[test]
    fn dates_and_days_are_inverse_in_every_calendar() {
        for calendar in CALENDARS {
            for day in -20_000..40_000 {
                let (year, month, date) = calendar.date(day);
                assert_eq!(calendar.day(year, month, date), Some(day), "{calendar:?} {day}");
            }
            assert_eq!(
                (calendar.day(1400, 13, 1), calendar.day(1400, 0, 1), calendar.day(1400, 1, 0)),
                (None, None, None)
            );
        }
    }

    #[test]
    fn weeks_begin_on_the_weekday_that_is_asked_for() {
        // 2026-08-08 was a Saturday.
        let saturday = Calendar::Gregorian.day(2026, 8, 8).expect("a day");
        for week_start in 0..7 {
            let periods = Periods { week_start, ..Periods::default() };
            let start = periods.start(Period::Week, periods.key(Period::Week, saturday));
            assert_eq!((start - saturday + 6).rem_euclid(7), week_start as i32);
        }
        assert_eq!(
            Periods::new(Calendar::Jalali)
                .start(Period::Week, Periods::new(Calendar::Jalali).key(Period::Week, saturday)),
            saturday
        );
    }

    #[test]
    fn a_fiscal_year_begins_with_its_month_and_its_quarters_follow_it() {
        let periods = Periods { fiscal_year_start: 4, ..Periods::default() };
        let day = |year, month, date| Calendar::Gregorian.day(year, month, date).expect("a day");
        let year = periods.key(Period::FiscalYear, day(2025, 3, 31));
        assert_eq!((year, periods.start(Period::FiscalYear, year)), (2024, day(2024, 4, 1)));
        assert_eq!(periods.key(Period::FiscalYear, day(2025, 4, 1)), 2025);
        let quarter = periods.key(Period::Quarter, day(2025, 3, 31));
        assert_eq!(periods.start(Period::Quarter, quarter), day(2025, 1, 1));
        assert_eq!(quarter.div_euclid(4), 2024);
    }

    #[test]
    fn any_day_and_key_has_an_answer() {
        for calendar in CALENDARS {
            let periods = Periods::new(calendar);
            for period in PERIODS {
                for any in [i32::MIN, -1_000_000, 0, 1_000_000, i32::MAX] {
                    let key = periods.key(period, any);
                    assert!(periods.start(period, key) <= any.clamp(*DAYS.start(), *DAYS.end()), "{period:?} {any}");
                    let _ = periods.start(period, any);
                }
            }
        }
    }
}
