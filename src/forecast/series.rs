//! One amount an hour: what a forecast is made from.

use jiff::{SignedDuration, Timestamp};

use crate::domain::time::{HOUR_SECONDS, floor_hour};

/// Above this an amount is cut off, so that sums over years stay finite.
const MOST: f64 = 1e200;

/// Amounts of consecutive UTC hours, in any unit. An hour without a report is a gap (`NaN`), never a zero.
#[derive(Clone, Debug, PartialEq)]
pub struct HourlySeries {
    start: Timestamp,
    values: Vec<f64>,
}

impl HourlySeries {
    /// A series whose first value is that of the hour which holds `start`. What is not finite becomes a gap, what is
    /// below zero becomes zero: usage cannot be taken back.
    #[must_use]
    pub fn new(start: Timestamp, mut values: Vec<f64>) -> Self {
        for value in &mut values {
            *value = if value.is_finite() { value.clamp(0.0, MOST) } else { f64::NAN };
        }
        Self { start: floor_hour(start), values }
    }

    /// The start of the first hour.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The end of the last hour: where a forecast begins.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        hours_after(self.start, self.values.len())
    }

    /// The amounts, oldest first; a gap is `NaN`.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many hours, gaps included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has no hour.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The series as it was when `hours` of it were over.
    #[must_use]
    pub fn first(&self, hours: usize) -> Self {
        Self { start: self.start, values: self.values[..hours.min(self.values.len())].to_vec() }
    }

    /// Whether it only goes on where another one ended: hours that both have are the same in both.
    #[must_use]
    pub fn continues(&self, before: &Self) -> bool {
        let gone = self.start.duration_since(before.start).as_secs() / HOUR_SECONDS;
        let Some(shared) = usize::try_from(gone).ok().and_then(|gone| before.values.get(gone..)) else { return false };
        self.values.len() >= shared.len() && self.values[..shared.len()] == *shared
    }

    /// The newest hours alone.
    #[must_use]
    pub fn last(&self, hours: usize) -> Self {
        let from = self.values.len().saturating_sub(hours);
        Self { start: hours_after(self.start, from), values: self.values[from..].to_vec() }
    }

    /// The mean of the known hours; `None` where none is.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        mean(&self.values)
    }

    /// What was used from `from` to `until`, known hours only.
    #[must_use]
    pub fn sum_between(&self, from: Timestamp, until: Timestamp) -> f64 {
        let index = |at: Timestamp| {
            let hours = at.duration_since(self.start).as_secs().div_euclid(HOUR_SECONDS);
            usize::try_from(hours).unwrap_or(0).min(self.values.len())
        };
        let (from, until) = (index(from), index(until));
        self.values.get(from..until).unwrap_or_default().iter().filter(|value| value.is_finite()).sum()
    }

    /// Adds the hours that have closed since; the oldest go once there are more than `most`.
    pub fn push(&mut self, value: f64, most: usize) {
        self.values.push(if value.is_finite() { value.clamp(0.0, MOST) } else { f64::NAN });
        let surplus = self.values.len().saturating_sub(most.max(1));
        if surplus > 0 {
            self.values.drain(..surplus);
            self.start = hours_after(self.start, surplus);
        }
    }
}

/// The instant so many hours later; the end of time where there is none.
pub(super) fn hours_after(at: Timestamp, hours: usize) -> Timestamp {
    let hours = SignedDuration::from_hours(i64::try_from(hours).unwrap_or(i64::MAX / HOUR_SECONDS).min(1 << 32));
    at.saturating_add(hours).unwrap_or(Timestamp::MAX)
}

/// The mean of the known values; `None` where nothing is known.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    let (sum, count) = values.iter().filter(|value| value.is_finite()).fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
    (count > 0.0).then(|| sum / count)
}
