//! When an amount will be used up.

use jiff::{SignedDuration, Timestamp};

use crate::forecast::profile::as_f64;
use crate::forecast::series::hours_after;
use crate::forecast::total::TotalForecast;

/// When an amount is gone. A bound that lies beyond the span asked for is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhaustion {
    /// As likely before as after; `None`: rather not in this span.
    pub median: Option<Timestamp>,
    /// Only 10 % of courses use it up before.
    pub early: Timestamp,
    /// Only 10 % of courses have some left then; `None`: more than 10 % have some left at the span's end.
    pub late: Option<Timestamp>,
}

/// The course of the total over the hours ahead.
pub(super) struct Path<'a, F> {
    origin: Timestamp,
    /// Sums of the means up to the end of each hour.
    means: &'a [f64],
    /// The distribution of the total after so many hours with this mean.
    distribution: F,
}

impl<'a, F: Fn(f64, f64) -> TotalForecast> Path<'a, F> {
    /// A course.
    pub(super) fn new(origin: Timestamp, means: &'a [f64], distribution: F) -> Self {
        Self { origin, means, distribution }
    }

    /// When `remaining` is gone; `None` where 90 % of courses stay below it to the end.
    pub(super) fn exhaustion(&self, remaining: f64) -> Option<Exhaustion> {
        if remaining <= 0.0 {
            let gone = Some(self.origin);
            return Some(Exhaustion { median: gone, early: self.origin, late: gone });
        }
        let early = self.crossing(remaining, 0.9)?;
        Some(Exhaustion { early, median: self.crossing(remaining, 0.5), late: self.crossing(remaining, 0.1) })
    }

    /// When the course that `p` of all courses stay below reaches the amount.
    fn crossing(&self, amount: f64, p: f64) -> Option<Timestamp> {
        let after = |hours: usize| {
            let mean = if hours == 0 { 0.0 } else { self.means[hours - 1] };
            (self.distribution)(as_f64(hours), mean).quantile(p)
        };
        if self.means.is_empty() || after(self.means.len()) < amount {
            return None;
        }
        let (mut below, mut above) = (0, self.means.len());
        while above - below > 1 {
            let middle = below.midpoint(above);
            if after(middle) < amount { below = middle } else { above = middle }
        }
        let (start, end) = (after(below), after(above));
        let share = if end > start { ((amount - start) / (end - start)).clamp(0.0, 1.0) } else { 1.0 };
        let into = SignedDuration::from_secs_f64(share * 3600.0);
        Some(hours_after(self.origin, below).saturating_add(into).unwrap_or(Timestamp::MAX))
    }
}
