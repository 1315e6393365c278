//! Whether the mean of the last hour is as such means are.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// The span of a mean.
const SHORT: SignedDuration = SignedDuration::from_hours(1);
/// A mean has at most so many values: an hour of seconds.
const MOST: usize = 3600;
/// So many means back the distribution reaches once there are more.
const REACH: f64 = 4000.0;
/// So many means there must be before one can be called unusual.
const LEAST: f64 = 50.0;

/// The distribution of the means over an hour.
#[derive(Clone, Debug, Default)]
pub(super) struct Usual {
    /// Values of the last hour with the mean that each of them closed.
    hour: VecDeque<Entry>,
    sum: f64,
    seen: f64,
    mean: f64,
    variance: f64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Timestamp,
    value: f64,
    mean: f64,
}

impl Usual {
    /// By how many standard deviations the mean over the hour up to this value is above those that were before
    /// the hour; 0 as long as there were too few.
    pub(super) fn push(&mut self, at: Timestamp, value: f64) -> f64 {
        while self.hour.len() >= MOST || self.hour.front().is_some_and(|first| at.duration_since(first.at) >= SHORT) {
            let Some(old) = self.hour.pop_front() else { break };
            self.sum -= old.value;
            // The distribution lags by an hour, so that an event does not hide itself.
            self.learn(old.mean);
        }
        self.sum += value;
        #[expect(clippy::cast_precision_loss, reason = "at most an hour of seconds")]
        let mean = self.sum / (self.hour.len() + 1) as f64;
        self.hour.push_back(Entry { at, value, mean });
        if self.seen <= LEAST {
            return 0.0;
        }
        let least = 1e-12 + 1e-6 * self.mean * self.mean;
        (mean - self.mean) / (self.variance + least).sqrt()
    }

    fn learn(&mut self, mean: f64) {
        self.seen += 1.0;
        let weight = (1.0 / self.seen).max(1.0 / REACH);
        let off = mean - self.mean;
        self.mean += weight * off;
        self.variance += weight * (off * off * (1.0 - weight) - self.variance);
    }
}
