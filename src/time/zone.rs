//! Time zones as tables of offsets: what the clock on the wall shows at an instant, and back.

use super::DAY_MS;
use crate::error::{Error, Result};

const MINUTE_MS: f64 = 60_000.0;
/// The largest offset in minutes either way.
const LARGEST_OFFSET: i32 = 1080;
const OFFSET_RULE: &str = "an offset is a whole number of minutes from -1080 to 1080";
/// The most intervals that a zone may have; two changes a year for a thousand years.
const MOST_INTERVALS: usize = 2000;

/// A time zone as a host gives it: from `starts[i]` (ms since 1970-01-01T00:00Z) on, local time is `offsets[i]` minutes ahead of UTC.
/// The first offset also holds before the first start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ZoneTable {
    /// Name, such as `Asia/Tehran`.
    pub name: String,
    /// Instants in ms at which an offset begins, ascending.
    pub starts: Vec<f64>,
    /// Minutes east of UTC, one per start.
    pub offsets: Vec<f64>,
}

/// A time zone: the offset from UTC of every instant.
///
/// ```
/// use crm_analytics::time::TimeZone;
/// let tehran = TimeZone::fixed(210)?;
/// assert_eq!(tehran.day(tehran.instant(0.0)), 0);
/// assert_eq!(tehran.local(0.0), 12_600_000.0);
/// # Ok::<(), crm_analytics::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TimeZone {
    name: String,
    /// Instants at which all offsets but the first begin.
    starts_ms: Vec<f64>,
    /// The local times from which those offsets count; see [`TimeZone::instant`].
    local_starts_ms: Vec<f64>,
    /// One more than starts.
    offsets_minutes: Vec<i32>,
}

impl Default for TimeZone {
    fn default() -> Self {
        TimeZone::utc()
    }
}

impl TimeZone {
    /// Universal time.
    pub fn utc() -> Self {
        TimeZone { name: "UTC".into(), starts_ms: Vec::new(), local_starts_ms: Vec::new(), offsets_minutes: vec![0] }
    }

    /// The zone that is always `minutes` east of UTC.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] (`utcOffsetMinutes`) beyond 18 hours either way.
    pub fn fixed(minutes: i32) -> Result<Self> {
        if minutes.abs() > LARGEST_OFFSET {
            return Err(Error::invalid_option("utcOffsetMinutes", minutes.to_string(), OFFSET_RULE));
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        let name = match minutes {
            0 => "UTC".into(),
            _ => format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60),
        };
        Ok(TimeZone { name, offsets_minutes: vec![minutes], ..TimeZone::utc() })
    }

    /// The zone named `name` whose offset is `offsets[i]` minutes from `starts[i]` (ms) on; the first offset also holds before.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] (`zone`) unless there is one offset per start, at least one and at most 2000, offsets are whole minutes within
    /// 18 hours, and starts are finite and at least a day apart.
    pub fn new(name: &str, starts: &[f64], offsets: &[f64]) -> Result<Self> {
        let wrong =
            |value: String, rule: &str| Err(Error::InvalidOption { option: "zone".into(), value, rule: rule.into() });
        if starts.len() != offsets.len() || starts.is_empty() || starts.len() > MOST_INTERVALS {
            return wrong(name.into(), "a zone has one offset per start, 1 to 2000 of them");
        }
        if let Some(bad) =
            offsets.iter().find(|m| m.is_nan() || m.fract() != 0.0 || m.abs() > f64::from(LARGEST_OFFSET))
        {
            return wrong(bad.to_string(), OFFSET_RULE);
        }
        if let Some(bad) = starts.iter().find(|start| !start.is_finite()) {
            return wrong(bad.to_string(), "a start is an instant in ms");
        }
        if let Some(pair) = starts.windows(2).find(|pair| pair[1] - pair[0] < DAY_MS) {
            return wrong(pair[1].to_string(), "starts are ascending and at least a day apart");
        }
        let offsets_minutes: Vec<i32> = offsets.iter().map(|minutes| *minutes as i32).collect();
        let starts_ms = starts[1..].to_vec();
        let local_starts_ms = starts_ms
            .iter()
            .zip(offsets.windows(2))
            .map(|(start, pair)| start + pair[0].max(pair[1]) * MINUTE_MS)
            .collect();
        Ok(TimeZone { name: name.into(), starts_ms, local_starts_ms, offsets_minutes })
    }

    /// The zone that `table` describes.
    ///
    /// # Errors
    /// As [`TimeZone::new`].
    pub fn of_table(table: &ZoneTable) -> Result<Self> {
        TimeZone::new(&table.name, &table.starts, &table.offsets)
    }

    /// Its name; `UTC` or `+03:30` where it is an offset alone.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Minutes east of UTC at `instant` (ms); the first offset where that is no number.
    pub fn offset_at(&self, instant: f64) -> i32 {
        self.offset(interval_of(&self.starts_ms, instant))
    }

    /// The local time at `instant` (ms), as the instant at which a clock in UTC shows the same. NaN stays NaN.
    pub fn local(&self, instant: f64) -> f64 {
        instant + f64::from(self.offset_at(instant)) * MINUTE_MS
    }

    /// The instant (ms) at which the clock shows `local` (as from [`TimeZone::local`]). A time that the clock skips moves forward by what is
    /// skipped, of one that it shows twice the first counts. NaN stays NaN.
    pub fn instant(&self, local: f64) -> f64 {
        // At a change the old offset holds until the later of both clocks has passed it: in a gap that moves forward, in an overlap it is the first.
        local - f64::from(self.offset(interval_of(&self.local_starts_ms, local))) * MINUTE_MS
    }

    /// Local calendar day of `instant` (ms), counted from 1970-01-01; 0 where that is no number.
    pub fn day(&self, instant: f64) -> i32 {
        day_of(self.local(instant))
    }

    /// A reader of many instants or local times of this zone that remembers where the last one was.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { zone: self, at: 0 }
    }

    fn offset(&self, interval: usize) -> i32 {
        self.offsets_minutes.get(interval).copied().unwrap_or(0)
    }
}

fn day_of(local: f64) -> i32 {
    libm::floor(local / DAY_MS) as i32
}

fn interval_of(starts: &[f64], at: f64) -> usize {
    starts.partition_point(|start| *start <= at)
}

/// Answers as its [`TimeZone`] does, without a search where neighbours lie in the same interval.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    zone: &'a TimeZone,
    at: usize,
}

impl Cursor<'_> {
    /// As [`TimeZone::instant`].
    pub fn instant(&mut self, local: f64) -> f64 {
        self.seek(&self.zone.local_starts_ms, local);
        local - f64::from(self.zone.offset(self.at)) * MINUTE_MS
    }

    /// As [`TimeZone::local`].
    pub fn local(&mut self, instant: f64) -> f64 {
        self.seek(&self.zone.starts_ms, instant);
        instant + f64::from(self.zone.offset(self.at)) * MINUTE_MS
    }

    /// As [`TimeZone::day`].
    pub fn day(&mut self, instant: f64) -> i32 {
        day_of(self.local(instant))
    }

    fn seek(&mut self, starts: &[f64], at: f64) {
        let begun = self.at.checked_sub(1).and_then(|before| starts.get(before)).is_none_or(|start| at >= *start);
        let ended = starts.get(self.at).is_some_and(|end| at >= *end);
        if !begun || ended {
            self.at = interval_of(starts, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: f64 = 3_600_000.0;

    /// UTC until day 100, then two hours ahead until day 200, then one hour behind.
    fn zone() -> TimeZone {
        TimeZone::new("Test/Zone", &[-1e15, 100.0 * DAY_MS, 200.0 * DAY_MS], &[0.0, 120.0, -60.0]).expect("valid")
    }

    #[test]
    fn local_time_and_instant_are_inverse_away_from_changes() {
        let zone = zone();
        for hour in (-3000..8000).map(f64::from) {
            let instant = hour * HOUR;
            let near = [100.0, 200.0].iter().any(|day| (instant - day * DAY_MS).abs() < 4.0 * HOUR);
            assert!(near || zone.instant(zone.local(instant)) == instant, "{hour}");
        }
    }

    #[test]
    fn a_time_in_a_gap_moves_forward_by_the_gap() {
        let zone = zone();
        let skipped = 100.0 * DAY_MS + 0.5 * HOUR;
        assert_eq!(zone.local(zone.instant(skipped)), skipped + 2.0 * HOUR);
        assert_eq!(zone.instant(100.0 * DAY_MS + 2.0 * HOUR), 100.0 * DAY_MS);
        assert_eq!(zone.instant(100.0 * DAY_MS - 1.0), 100.0 * DAY_MS - 1.0);
    }

    #[test]
    fn of_a_time_shown_twice_the_first_counts() {
        let zone = zone();
        let twice = 200.0 * DAY_MS + 0.5 * HOUR;
        assert_eq!(zone.instant(twice), twice - 2.0 * HOUR);
        assert_eq!(zone.local(zone.instant(twice) + 3.0 * HOUR), twice);
        assert_eq!(zone.instant(200.0 * DAY_MS + 2.0 * HOUR), 200.0 * DAY_MS + 3.0 * HOUR);
    }

    #[test]
    fn a_cursor_answers_as_its_zone_in_any_order() {
        let zone = zone();
        let mut cursor = zone.cursor();
        let mut hour = 0.0;
        for step in 0..5000 {
            // 997 and 6007 have no common factor: all hours from -3000 to 3006, out of order.
            hour = (hour + 997.0) % 6007.0;
            let at = (hour - 3000.0 + f64::from(step) / 100.0) * HOUR;
            assert_eq!((cursor.instant(at), cursor.local(at)), (zone.instant(at), zone.local(at)));
        }
        assert!(cursor.instant(f64::NAN).is_nan() && cursor.local(f64::NAN).is_nan());
        assert_eq!((cursor.day(f64::NAN), cursor.day(-1.0)), (0, -1));
    }

    #[test]
    fn tables_that_are_no_zone_are_refused() {
        for (starts, offsets) in [
            (&[][..], &[][..]),
            (&[0.0], &[0.0, 1.0]),
            (&[0.0], &[1081.0]),
            (&[0.0], &[f64::NAN]),
            (&[0.0], &[0.5]),
            (&[f64::NAN], &[0.0]),
            (&[0.0, 1000.0], &[0.0, 60.0]),
            (&[DAY_MS * 2.0, 0.0], &[0.0, 60.0]),
        ] {
            let code = TimeZone::new("x", starts, offsets).map_err(|error| error.code());
            assert_eq!(code, Err("invalid_option"), "{starts:?} {offsets:?}");
        }
        assert!(TimeZone::fixed(1081).is_err());
        assert_eq!(TimeZone::fixed(-210).map(|zone| zone.name().to_owned()), Ok("-03:30".into()));
    }
}
