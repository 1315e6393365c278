//! Spans and steps of time. Instants are [`jiff::Timestamp`]s.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Seconds in an hour, the width of a rollup.
pub const HOUR_SECONDS: i64 = 3600;

/// From `start` (inclusive) to `end` (exclusive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeSpan {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
}

impl TimeSpan {
    /// A span; an `end` before `start` gives an empty span at `start`.
    #[must_use]
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Whether the instant lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> SignedDuration {
        self.end.duration_since(self.start)
    }

    /// Whether nothing lies inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// The share of the span that has passed at `now`, 0 to 1.
    #[must_use]
    pub fn elapsed_share(&self, now: Timestamp) -> f64 {
        let whole = self.length().as_secs_f64();
        if whole <= 0.0 {
            return 1.0;
        }
        (now.duration_since(self.start).as_secs_f64() / whole).clamp(0.0, 1.0)
    }
}

/// The width of a point in whole seconds: 60 from CloudWatch, the bin of the file in a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Step(u32);

impl Step {
    /// One minute.
    pub const MINUTE: Self = Self(60);
    /// Five minutes.
    pub const FIVE_MINUTES: Self = Self(300);
    /// One hour.
    pub const HOUR: Self = Self(3600);

    /// A step of whole seconds, at least one.
    #[must_use]
    pub fn from_seconds(seconds: u32) -> Self {
        Self(seconds.max(1))
    }

    /// A step of whole minutes.
    #[must_use]
    pub const fn from_minutes(minutes: u32) -> Self {
        Self(minutes * 60)
    }

    /// Its width in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::from(self.0)
    }

    /// Its width.
    #[must_use]
    pub fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(self.seconds())
    }

    /// The start of the step that holds the instant.
    #[must_use]
    pub fn floor(self, at: Timestamp) -> Timestamp {
        floor_seconds(at, self.seconds())
    }
}

/// The start of the UTC hour that holds the instant.
#[must_use]
pub fn floor_hour(at: Timestamp) -> Timestamp {
    floor_seconds(at, HOUR_SECONDS)
}

fn floor_seconds(at: Timestamp, step: i64) -> Timestamp {
    let whole = at.as_second().div_euclid(step) * step;
    Timestamp::from_second(whole).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a test writes valid times")
    }

    #[test]
    fn the_end_of_a_span_is_outside() {
        let span = TimeSpan::new(at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"));
        assert!(span.contains(at("2026-11-20T00:00:00Z")));
        assert!(!span.contains(at("2026-11-21T00:00:00Z")));
        assert!((span.elapsed_share(at("2026-11-20T06:00:00Z")) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn floors_reach_back_before_1970() {
        assert_eq!(floor_hour(at("1969-12-31T23:30:00Z")), at("1969-12-31T23:00:00Z"));
        assert_eq!(Step::from_seconds(600).floor(at("2026-11-20T00:19:59Z")), at("2026-11-20T00:10:00Z"));
    }
}
