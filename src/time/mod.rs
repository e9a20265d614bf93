//! Local time and calendars: which day, and which period, an instant belongs to for the person who looks at it.

mod days;
mod zone;

pub(crate) use days::{gregorian_date, gregorian_day, jalali_day};
pub use zone::{Cursor, TimeZone, ZoneTable};

/// Length of a day in ms.
pub const DAY_MS: f64 = 86_400_000.0;
