//! How unlike a value is to those of the same time of day.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::forecast::anomaly::level::in_spreads;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// So many days are looked back.
const DAYS: i32 = 14;
/// How far apart two times of day count as the same.
const SAME: SignedDuration = SignedDuration::from_hours(1);
/// So many values are kept at most: two weeks of minutes.
const MOST: usize = 14 * 24 * 60 + 60;
/// So many values back the spread reaches once there are more.
const SPREAD_REACH: f64 = 2000.0;

/// The values of the last two weeks.
#[derive(Clone, Debug, Default)]
pub(super) struct Season {
    values: VecDeque<(Timestamp, f64)>,
    seen: f64,
    spread: f64,
}

impl Season {
    /// How far the next value is from the nearest of the same time of day, in spreads, on a scale that tames the
    /// tails; `None` on the first day.
    pub(super) fn push(&mut self, at: Timestamp, value: f64) -> Option<f64> {
        let nearest = (1..=DAYS).filter_map(|days| self.nearest(at.checked_sub(DAY * days).ok()?, at, value));
        let off = nearest.reduce(f64::min);
        self.keep(at, value);
        let off = off?;
        self.seen += 1.0;
        self.spread += (off - self.spread) * (1.0 / self.seen).max(1.0 / SPREAD_REACH);
        Some(in_spreads(off, self.spread))
    }

    /// The distance to the nearest value around an instant.
    fn nearest(&self, around: Timestamp, now: Timestamp, value: f64) -> Option<f64> {
        let first = self.values.partition_point(|(at, _)| *at < around.saturating_sub(SAME).unwrap_or(Timestamp::MIN));
        let same = self.values.range(first..).take_while(|(at, _)| at.duration_since(around) <= SAME && *at < now);
        same.map(|(_, known)| (known - value).abs()).reduce(f64::min)
    }

    /// Values that come out of order are not kept: what is looked for lies in the order of time.
    fn keep(&mut self, at: Timestamp, value: f64) {
        if self.values.back().is_none_or(|(last, _)| *last < at) {
            self.values.push_back((at, value));
        }
        let oldest =
            at.saturating_sub(DAY * DAYS).and_then(|first| first.saturating_sub(SAME)).unwrap_or(Timestamp::MIN);
        while self.values.len() > MOST || self.values.front().is_some_and(|(first, _)| *first < oldest) {
            self.values.pop_front();
        }
    }
}
