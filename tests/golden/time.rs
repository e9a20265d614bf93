//! Calendars and zones against independent programs.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crm_analytics::read;
use crm_analytics::table::Values;
use crm_analytics::time::{Calendar, Period, Periods};

/// Calendar, year and the twelve first days of its months.
fn month_starts() -> Vec<(Calendar, i32, Vec<i32>)> {
    let bytes = crate::data::bytes("calendar-month-starts.csv").expect("it is part of the repository");
    let text = String::from_utf8(bytes).expect("text");
    let row = |line: &str| {
        let mut cells = line.split(',');
        let calendar = if cells.next() == Some("jalali") { Calendar::Jalali } else { Calendar::UmmAlQura };
        let mut numbers = cells.map(|cell| cell.parse().expect("a whole number"));
        (calendar, numbers.next().expect("a year"), numbers.collect())
    };
    text.lines().skip(1).map(row).collect()
}

#[test]
fn months_of_1300_to_1450_begin_where_independent_libraries_say() {
    let years = month_starts();
    assert_eq!(years.len(), 151 + 108);
    for (calendar, year, starts) in &years {
        if *calendar == Calendar::UmmAlQura && *year < PUBLISHED_FROM {
            continue;
        }
        let periods = Periods::new(*calendar);
        for (month, start) in (1..).zip(starts) {
            assert_eq!(calendar.day(*year, month, 1), Some(*start), "{calendar:?} {year} {month}");
            assert_eq!(calendar.date(*start), (*year, month, 1));
            let key = periods.key(Period::Month, *start);
            assert_eq!((periods.start(Period::Month, key), periods.key(Period::Month, start - 1)), (*start, key - 1));
        }
        assert_eq!(periods.start(Period::FiscalYear, *year), starts[0]);
        assert_eq!(periods.start(Period::Quarter, *year * 4 + 2), starts[6]);
    }
}

/// From 1420 (April 1999) on, the calendar of ICU is the one that was published; before, it is today's rule applied to the past.
const PUBLISHED_FROM: i32 = 1420;

#[test]
fn umm_al_qura_months_before_1420_begin_within_two_days_of_the_published_ones() {
    let mut other = 0;
    for (calendar, year, starts) in month_starts() {
        if calendar == Calendar::UmmAlQura && year < PUBLISHED_FROM {
            for (month, start) in (1..).zip(starts) {
                let ours = calendar.day(year, month, 1).expect("a month");
                assert!((ours - start).abs() <= 2, "{year} {month}: {ours} {start}");
                other += usize::from(ours != start);
            }
        }
    }
    assert!(other > 0, "the rule of the past is known after all");
}

#[test]
fn leap_years_end_on_the_thirtieth_of_esfand() {
    for (year, leap) in
        [(1395, true), (1399, true), (1400, false), (1402, false), (1403, true), (1404, false), (1408, true)]
    {
        assert_eq!(Calendar::Jalali.day(year, 12, 30).is_some(), leap, "{year}");
        let length =
            Calendar::Jalali.day(year + 1, 1, 1).zip(Calendar::Jalali.day(year, 1, 1)).map(|(next, this)| next - this);
        assert_eq!(length, Some(if leap { 366 } else { 365 }), "{year}");
    }
    assert_eq!(Calendar::Jalali.day(1404, 1, 1), Calendar::Gregorian.day(2025, 3, 21));
    assert_eq!(Calendar::Jalali.day(1403, 1, 1), Calendar::Gregorian.day(2024, 3, 20));
}

#[test]
fn jalali_and_gregorian_columns_of_the_dollar_price_agree_but_for_three_rows() {
    let Some(bytes) = crate::data::bytes("usd-irr.csv") else {
        println!("skipped: usd-irr.csv is not here");
        return;
    };
    let source = read::csv("usd-irr.csv", &bytes).expect("readable");
    let days = |name: &str| match source.table.column(name).map(|column| &column.values) {
        Some(Values::Instants(values)) => values.clone(),
        other => panic!("{name} is {other:?}"),
    };
    let (gregorian, jalali) = (days("Gregorian Date"), days("Persian Date"));
    assert_eq!(gregorian.len(), 3921);
    let text = String::from_utf8(bytes).expect("text");
    for (row, line) in text.lines().skip(1).enumerate() {
        let written_in_jalali =
            line.rsplit(',').next().is_some_and(|date| date.starts_with("13") || date.starts_with("14"));
        assert!(!written_in_jalali || gregorian[row] == jalali[row], "{line}");
    }
    let other = text.lines().skip(1).filter(|line| !line.rsplit(',').next().is_some_and(|date| date.starts_with('1')));
    assert_eq!(other.count(), 3);
}

#[cfg(not(target_arch = "wasm32"))]
mod zones {
    use crm_analytics::time::TimeZone;
    use jiff::civil::{Date, Time};
    use jiff::{Timestamp, tz};

    /// Half-hour and 45-minute zones, summer time in both hemispheres, at midnight (São Paulo, Cairo, Beirut, Havana), by half an hour (Lord Howe),
    /// by two hours (Troll), changes of standard time (Caracas, Pyongyang, Moscow) and of Ramadan (Casablanca).
    const ZONES: [&str; 24] = [
        "UTC",
        "Asia/Tehran",
        "Asia/Kabul",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Asia/Riyadh",
        "Asia/Beirut",
        "Asia/Gaza",
        "Asia/Pyongyang",
        "Europe/London",
        "Europe/Berlin",
        "Europe/Moscow",
        "America/New_York",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Santiago",
        "America/Caracas",
        "America/Havana",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Australia/Adelaide",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Antarctica/Troll",
    ];
    const MINUTE_MS: f64 = 60_000.0;
    const DAY_MS: f64 = 86_400_000.0;

    fn tables(name: &str) -> (TimeZone, tz::TimeZone) {
        let zone = tz::TimeZone::get(name).expect("a zone of the bundled data");
        let minutes = |at: Timestamp| f64::from(zone.to_offset(at).seconds() / 60);
        let begin = Timestamp::from_second(0).expect("1970");
        let end = Timestamp::from_second(4_102_444_800).expect("2100");
        let (mut starts, mut offsets) = (vec![0.0], vec![minutes(begin)]);
        for change in zone.following(begin).take_while(|change| change.timestamp() < end) {
            if offsets.last() != Some(&minutes(change.timestamp())) {
                starts.push(change.timestamp().as_millisecond() as f64);
                offsets.push(minutes(change.timestamp()));
            }
        }
        (TimeZone::new(name, &starts, &offsets).expect("a zone"), zone)
    }

    /// 60 days: around the changes of the years 2000 to 2025, leap days, ends of years and months.
    fn dates() -> Vec<Date> {
        let mut dates = Vec::new();
        for (year, month, day) in [
            (1972, 1, 7),
            (1985, 3, 31),
            (1999, 12, 31),
            (2000, 2, 29),
            (2000, 10, 8),
            (2000, 10, 15),
            (2004, 10, 31),
            (2005, 3, 21),
            (2007, 3, 11),
            (2007, 11, 4),
            (2007, 12, 9),
            (2008, 3, 20),
            (2008, 3, 21),
            (2008, 9, 20),
            (2008, 9, 21),
            (2010, 9, 10),
            (2011, 3, 27),
            (2012, 7, 20),
            (2014, 10, 26),
            (2015, 8, 15),
            (2016, 5, 1),
            (2017, 10, 15),
            (2018, 2, 18),
            (2018, 5, 5),
            (2018, 11, 4),
            (2019, 4, 7),
            (2019, 10, 6),
            (2020, 2, 29),
            (2020, 3, 20),
            (2020, 3, 21),
            (2020, 12, 31),
            (2021, 1, 1),
            (2021, 3, 14),
            (2021, 3, 28),
            (2021, 3, 30),
            (2021, 4, 4),
            (2021, 9, 21),
            (2021, 9, 22),
            (2021, 9, 26),
            (2021, 10, 3),
            (2021, 10, 31),
            (2021, 11, 7),
            (2022, 3, 21),
            (2022, 3, 22),
            (2022, 9, 11),
            (2022, 9, 22),
            (2023, 3, 30),
            (2023, 4, 28),
            (2023, 10, 27),
            (2024, 2, 29),
            (2024, 3, 10),
            (2024, 4, 7),
            (2024, 4, 26),
            (2024, 9, 8),
            (2024, 10, 6),
            (2024, 11, 3),
            (2025, 3, 9),
            (2025, 3, 21),
            (2025, 10, 26),
            (2099, 7, 1),
        ] {
            dates.push(Date::new(year, month, day).expect("a day"));
        }
        assert_eq!(dates.len(), 60);
        dates
    }

    #[test]
    fn a_written_day_never_shifts_and_its_instant_is_that_of_another_library() {
        let epoch = Date::new(1970, 1, 1).expect("a day");
        let mut moved = 0;
        for name in ZONES {
            let (ours, other) = tables(name);
            for date in dates() {
                let day = date.since(epoch).expect("days").get_days();
                for (hour, minute) in [
                    (0, 0),
                    (0, 1),
                    (0, 30),
                    (1, 0),
                    (1, 45),
                    (2, 0),
                    (2, 30),
                    (3, 0),
                    (9, 0),
                    (12, 0),
                    (23, 0),
                    (23, 30),
                    (23, 59),
                ] {
                    let local =
                        f64::from(day) * DAY_MS + f64::from(i32::from(hour) * 60 + i32::from(minute)) * MINUTE_MS;
                    let instant = ours.instant(local);
                    let written = date.to_datetime(Time::new(hour, minute, 0, 0).expect("a time"));
                    // “Compatible” is the rule of RFC 5545: a gap moves forward, of two times the first counts.
                    let expected = other.to_ambiguous_timestamp(written).compatible().expect("in range");
                    assert_eq!(instant, expected.as_millisecond() as f64, "{name} {written}");
                    assert_eq!(ours.day(instant), day, "{name} {written}");
                    let shown = other.to_datetime(expected);
                    let clock = f64::from(shown.date().since(epoch).expect("days").get_days()) * DAY_MS
                        + f64::from(i32::from(shown.hour()) * 60 + i32::from(shown.minute())) * MINUTE_MS;
                    assert_eq!(ours.local(instant), clock, "{name} {written}");
                    moved += usize::from(clock != local);
                }
            }
        }
        assert!(moved > 10, "the table holds times that clocks skip: {moved}");
    }

    #[test]
    fn every_change_of_every_zone_is_where_another_library_has_it() {
        for name in ZONES {
            let (ours, other) = tables(name);
            for hours in (0..1_130_000).step_by(101) {
                let instant = f64::from(hours) * 3_600_000.0;
                let at = Timestamp::from_second(i64::from(hours) * 3600).expect("in range");
                assert_eq!(ours.offset_at(instant), other.to_offset(at).seconds() / 60, "{name} {at}");
            }
        }
    }
}
