//! How busy a tenant is by the hour of its day and the day of its week.

use jiff::civil::Weekday;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::source::demo::noise;

/// A tenant's habits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Habits {
    /// Hours east of UTC.
    pub offset_hours: i8,
    /// How much of its use comes from people at work: 1 follows office hours, 0 runs day and night.
    pub office: f64,
    /// The share of hours in which it is in use at all.
    pub active: f64,
}

/// How busy it is in an hour, relative to its mean; 0 is idle. `profile` tells its noise apart.
pub(super) fn busyness(habits: &Habits, hour: Timestamp, seed: u64, profile: u64) -> f64 {
    let hour_number = hour.as_second().div_euclid(3600).cast_unsigned();
    if noise::unit(&[seed, profile, hour_number, 1]) >= habits.active {
        return 0.0;
    }
    let local = local_time(hour, habits.offset_hours);
    let weekend = matches!(local.0, Weekday::Saturday | Weekday::Sunday);
    let day = if weekend { 0.35 } else { 1.0 };
    let office = day * office_curve(local.1);
    let level = habits.office * office + (1.0 - habits.office);
    level / habits.active * noise::between(0.8, 1.2, &[seed, profile, hour_number, 2])
}

/// A smooth day: quiet at night, two humps at mid-morning and mid-afternoon; its mean over 24 hours is near 1.
fn office_curve(hour: f64) -> f64 {
    let hump = |centre: f64, width: f64| (-((hour - centre) / width).powi(2)).exp();
    0.12 + 2.0 * hump(10.5, 2.6) + 1.9 * hump(15.5, 2.8)
}

fn local_time(at: Timestamp, offset_hours: i8) -> (Weekday, f64) {
    let offset = Offset::from_hours(offset_hours).unwrap_or(Offset::UTC);
    let middle = at.saturating_add(SignedDuration::from_mins(30)).unwrap_or(at);
    let local = middle.to_zoned_datetime(TimeZone::fixed(offset));
    (local.weekday(), f64::from(local.hour()) + f64::from(local.minute()) / 60.0)
}
