//! Local time and calendars: which day, and which period, an instant belongs to for the person who looks at it.

mod calendar;
mod days;
mod working;
mod zone;

pub use calendar::{Calendar, Period, Periods};
pub(crate) use days::{gregorian_date, gregorian_day, jalali_day, umm_al_qura_day};
pub use working::WorkingClock;
pub use zone::{Cursor, TimeZone, ZoneTable};

/// Length of a day in ms.
pub const DAY_MS: f64 = 86_400_000.0;

/// How the user counts time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LocalTime {
    /// Where days begin, and which instant a time without a zone means.
    pub zone: TimeZone,
    /// What months, weeks and fiscal years are.
    pub periods: Periods,
    /// What counts as passed between two instants; all of it where `None`.
    pub working: Option<WorkingClock>,
}

impl LocalTime {
    /// The time in ms that counts as passed between two instants (ms): working time where there are working hours.
    /// Negative where `to` is earlier, NaN where either is.
    #[inline(always)]
    pub fn elapsed_ms(&self, from: f64, to: f64) -> f64 {
        if self.working.is_some() { self.worked_ms(from, to) } else { to - from }
    }

    #[inline(never)]
    fn worked_ms(&self, from: f64, to: f64) -> f64 {
        match &self.working {
            Some(clock) if from <= to => clock.elapsed_ms(from, to, &self.zone),
            _ => to - from,
        }
    }

    /// Length in ms of the day that durations are given in: the working hours of a day where there are such.
    pub fn day_ms(&self) -> f64 {
        self.working.as_ref().map_or(DAY_MS, WorkingClock::day_ms)
    }
}
