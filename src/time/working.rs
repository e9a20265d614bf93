//! Working time: what passes between two instants on working days, in working hours, without holidays.

use super::{DAY_MS, TimeZone};
use crate::error::{Error, Result};

/// Counts working time between instants.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkingClock {
    /// By weekday, 0 is Sunday.
    weekdays: [bool; 7],
    /// Working hours, in ms from local midnight.
    from: f64,
    to: f64,
    /// Local days from 1970-01-01, ascending, none on a weekday without work.
    holidays: Vec<i32>,
}

impl WorkingClock {
    /// The clock that runs on `days` (0 is Sunday, 6 Saturday) from the `from`-th to the `to`-th minute of the local day, and not on `holidays`
    /// (days from 1970-01-01, in any order).
    ///
    /// # Errors
    /// [`Error::InvalidOption`] (`workingTime`) without days, for a day beyond 6, and unless `from` comes before `to` within one day.
    pub fn new(days: &[u32], from: u32, to: u32, holidays: &[i32]) -> Result<Self> {
        let wrong = |value: String, rule: &str| Err(Error::invalid_option("workingTime", value, rule));
        let mut weekdays = [false; 7];
        for day in days {
            match weekdays.get_mut(*day as usize) {
                Some(works) => *works = true,
                None => return wrong(day.to_string(), "a working day is a number from 0, Sunday, to 6, Saturday"),
            }
        }
        if days.is_empty() {
            return wrong("[]".into(), "there is at least one working day in a week");
        }
        if from >= to || to > 1440 {
            return wrong(to.to_string(), "working hours end after they begin, on the same day");
        }
        // A few days a year: less code than a sort of whole numbers of its own.
        let mut free: Vec<i32> = Vec::with_capacity(holidays.len());
        for day in holidays.iter().filter(|day| weekdays[weekday(**day)]) {
            if let Err(at) = free.binary_search(day) {
                free.insert(at, *day);
            }
        }
        Ok(WorkingClock { weekdays, from: f64::from(from) * 60_000.0, to: f64::from(to) * 60_000.0, holidays: free })
    }

    /// Length of a working day in ms.
    pub fn day_ms(&self) -> f64 {
        self.to - self.from
    }

    /// Working time in ms from one instant (ms) to a later one, in the local time of `zone`. Negative where `to` is earlier; NaN where either is.
    ///
    /// The clock on the wall is what counts: an hour that it skips within working hours does not pass, one that it repeats passes once.
    pub fn elapsed_ms(&self, from: f64, to: f64, zone: &TimeZone) -> f64 {
        if from > to {
            return -self.elapsed_ms(to, from, zone);
        }
        // NaN stays NaN: f64::max would lose it.
        let elapsed = self.until(zone.local(to)) - self.until(zone.local(from));
        if elapsed < 0.0 { 0.0 } else { elapsed }
    }

    /// Working time from 1970-01-01 to a local time.
    fn until(&self, local: f64) -> f64 {
        if local.is_nan() {
            return local;
        }
        let day = libm::floor(local / DAY_MS);
        let index = day as i32;
        let today =
            if self.works_on(index) { (local - day * DAY_MS).max(self.from).min(self.to) - self.from } else { 0.0 };
        self.days_before(index) as f64 * self.day_ms() + today
    }

    /// Working days from 1970-01-01 up to and without `day`.
    fn days_before(&self, day: i32) -> i64 {
        let in_week = self.weekdays.iter().filter(|works| **works).count() as i64;
        let (weeks, rest) = (i64::from(day).div_euclid(7), day.rem_euclid(7));
        let begun = (0..rest).filter(|of_week| self.weekdays[weekday(*of_week)]).count() as i64;
        weeks * in_week + begun - self.holidays.partition_point(|holiday| *holiday < day) as i64
    }

    fn works_on(&self, day: i32) -> bool {
        self.weekdays[weekday(day)] && self.holidays.binary_search(&day).is_err()
    }
}

/// 0 to 6, Sunday to Saturday, of a day from 1970-01-01, which was a Thursday.
fn weekday(day: i32) -> usize {
    (day.rem_euclid(7) as usize + 4) % 7
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: f64 = 3_600_000.0;
    /// 2023-01-01, a Sunday.
    const SUNDAY: i32 = 19_358;

    fn clock(holidays: &[i32]) -> WorkingClock {
        WorkingClock::new(&[6, 0, 1, 2, 3], 540, 1020, holidays).expect("valid")
    }

    fn at(day: i32, hour: f64) -> f64 {
        f64::from(day) * DAY_MS + hour * HOUR
    }

    /// The same by looking at every minute.
    fn minute_by_minute(clock: &WorkingClock, from: f64, to: f64, zone: &TimeZone) -> f64 {
        let mut passed = 0.0;
        let mut minute = from;
        while minute < to {
            let local = zone.local(minute);
            let day = zone.day(minute);
            let time = local - f64::from(day) * DAY_MS;
            if clock.works_on(day) && time >= clock.from && time < clock.to {
                passed += 60_000.0;
            }
            minute += 60_000.0;
        }
        passed
    }

    #[test]
    fn equals_a_count_of_every_working_minute() {
        let zone = TimeZone::fixed(210).expect("valid");
        let clock = clock(&[SUNDAY + 8, SUNDAY + 5, SUNDAY + 8, -3, 2]);
        for (from, hours) in
            [(at(SUNDAY, 3.25), 400.0), (at(SUNDAY + 5, 13.0), 30.5), (at(-9, 0.0), 300.0), (at(0, 7.0), 0.25)]
        {
            for shift in 0..9 {
                let (from, to) =
                    (from + f64::from(shift) * 5.0 * HOUR, from + hours * HOUR + f64::from(shift) * 11.0 * HOUR);
                assert_eq!(clock.elapsed_ms(from, to, &zone), minute_by_minute(&clock, from, to, &zone), "{from} {to}");
            }
        }
    }

    #[test]
    fn a_working_week_is_five_working_days_and_a_holiday_one_less() {
        let utc = TimeZone::utc();
        let week = |clock: &WorkingClock| clock.elapsed_ms(at(SUNDAY, 0.0), at(SUNDAY + 7, 0.0), &utc) / clock.day_ms();
        assert_eq!((week(&clock(&[])), week(&clock(&[SUNDAY + 1])), week(&clock(&[SUNDAY + 4]))), (5.0, 4.0, 5.0));
        assert_eq!(clock(&[]).elapsed_ms(at(SUNDAY, 17.0), at(SUNDAY + 1, 9.0), &utc), 0.0);
    }

    #[test]
    fn backwards_is_negative_and_no_instant_is_no_time() {
        let utc = TimeZone::utc();
        assert_eq!(clock(&[]).elapsed_ms(at(SUNDAY, 11.0), at(SUNDAY, 10.0), &utc), -HOUR);
        assert!(
            clock(&[]).elapsed_ms(f64::NAN, 0.0, &utc).is_nan() && clock(&[]).elapsed_ms(0.0, f64::NAN, &utc).is_nan()
        );
    }

    #[test]
    fn parts_sum_to_the_whole() {
        let (utc, clock) = (TimeZone::utc(), clock(&[SUNDAY + 2]));
        let whole = clock.elapsed_ms(at(SUNDAY, 1.0), at(SUNDAY + 30, 12.5), &utc);
        let parts: f64 =
            (0..30).map(|day| clock.elapsed_ms(at(SUNDAY + day, 1.0), at(SUNDAY + day + 1, 1.0), &utc)).sum();
        assert_eq!(whole, parts + clock.elapsed_ms(at(SUNDAY + 30, 1.0), at(SUNDAY + 30, 12.5), &utc));
    }

    #[test]
    fn hours_and_days_that_cannot_be_are_refused() {
        for (days, from, to) in [(&[][..], 0, 60), (&[7], 0, 60), (&[1], 60, 60), (&[1], 600, 540), (&[1], 0, 1441)] {
            let code = WorkingClock::new(days, from, to, &[]).map_err(|error| error.code());
            assert_eq!(code, Err("invalid_option"), "{days:?} {from} {to}");
        }
    }
}
