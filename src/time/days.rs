//! Days counted from 1970-01-01, and what calendars call them.

use icu_calendar::Date;
use icu_calendar::cal::Hijri;

/// 1970-01-01 as days from 0001-01-01, which is day 1.
const EPOCH: i64 = 719_163;

/// Days from 1970-01-01 to a Gregorian day; `None` where there is no such day.
pub(crate) fn gregorian_day(year: i32, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > 28 && day > month_length(year, month) {
        return None;
    }
    // Howard Hinnant, "chrono-compatible low-level date algorithms" (2013): years begin in March.
    let year = year - i32::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year as i32;
    Some(i64::from(era) * 146_097 + i64::from(day_of_era) - 719_468)
}

fn month_length(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)),
        _ => 31,
    }
}

/// Year, month and day of a day counted from 1970-01-01.
pub(crate) fn gregorian_date(day: i64) -> (i64, u32, u32) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let date = (day_of_year - (153 * month + 2) / 5 + 1) as u32;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, date)
}

/// Days from 1970-01-01 to a Jalali (Solar Hijri) day; `None` where there is no such day.
pub(crate) fn jalali_day(year: i32, month: u32, day: u32) -> Option<i64> {
    let date = Date::try_new_persian(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?).ok()?;
    Some(date.to_rata_die().to_i64_date() - EPOCH)
}

/// Days from 1970-01-01 to an Umm al-Qura day; `None` where there is no such day.
pub(crate) fn umm_al_qura_day(year: i32, month: u32, day: u32) -> Option<i64> {
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let date = Date::try_new_hijri_with_calendar(year, month, day, Hijri::new_umm_al_qura()).ok()?;
    Some(date.to_rata_die().to_i64_date() - EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970_and_back() {
        assert_eq!(gregorian_day(1970, 1, 1), Some(0));
        assert_eq!(gregorian_day(2017, 12, 31), Some(17_531));
        assert_eq!(gregorian_day(2000, 2, 29), Some(11_016));
        assert_eq!(gregorian_day(1900, 2, 29), None);
        for day in (-800_000..800_000).step_by(37) {
            let (year, month, date) = gregorian_date(day);
            assert_eq!(gregorian_day(year as i32, month, date), Some(day));
        }
    }

    #[test]
    fn jalali_days_are_the_gregorian_days_of_the_almanac() {
        // First of Farvardin of leap and common years, and the 30th of Esfand that only a leap year has.
        assert_eq!(jalali_day(1403, 1, 1), gregorian_day(2024, 3, 20));
        assert_eq!(jalali_day(1403, 12, 30), gregorian_day(2025, 3, 20));
        assert_eq!(jalali_day(1404, 12, 30), None);
        assert_eq!(jalali_day(1405, 5, 15), gregorian_day(2026, 8, 6));
    }
}
