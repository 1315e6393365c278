//! How usage spreads over the hours of the week.

use jiff::Timestamp;

use crate::domain::time::HOUR_SECONDS;
use crate::forecast::series::HourlySeries;

/// Hours in a week.
pub(super) const WEEK: usize = 168;
const DAY: usize = 24;

/// Weights of the UTC hours of a week from Monday, 1 on average.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekProfile {
    hours: [f64; DAY],
    days: [f64; 7],
    /// Whether there are weeks enough that weekdays are no chance.
    weekdays_known: bool,
}

/// How strongly a profile is drawn towards flat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shrinkage {
    /// As if so many flat days had been seen as well.
    pub flat_days: f64,
    /// As if each weekday had been seen so many times more, as an average day.
    pub flat_weeks: f64,
    /// Below so many hours of history the profile is flat.
    pub least_hours: usize,
    /// Weekdays count from so many weeks on, for what is far ahead; for all hours from three weeks on.
    pub least_weeks: usize,
    /// Hours further back do not count.
    pub most_hours: usize,
}

impl WeekProfile {
    /// Every hour alike.
    #[must_use]
    pub fn flat() -> Self {
        Self { hours: [1.0; DAY], days: [1.0; 7], weekdays_known: false }
    }

    /// The profile of a series, drawn towards flat as far as it is short. Each day is taken relative to its own mean, so
    /// that one day of heavy use does not stand for all.
    #[must_use]
    pub fn of(series: &HourlySeries, shrinkage: &Shrinkage) -> Self {
        let from = series.len().saturating_sub(shrinkage.most_hours);
        let values = &series.values()[from..];
        if values.len() < shrinkage.least_hours {
            return Self::flat();
        }
        let phase = (hour_of_week(series.start()) + from) % WEEK;
        Self {
            hours: hours_of_day(values, phase, shrinkage.flat_days),
            days: days_of_week(values, phase, shrinkage),
            weekdays_known: values.len() >= 3 * WEEK,
        }
    }

    /// The weight of the hour that holds the instant.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> f64 {
        self.of_hour(hour_of_week(instant))
    }

    /// The weight so many hours of the week after Monday 00:00 UTC.
    pub(super) fn of_hour(&self, hour_of_week: usize) -> f64 {
        let hour = hour_of_week % WEEK;
        self.hours[hour % DAY] * self.days[hour / DAY]
    }

    /// The same as far as it holds for what was just seen: weekdays only once they are known.
    pub(super) fn of_recent_hour(&self, hour_of_week: usize) -> f64 {
        if self.weekdays_known { self.of_hour(hour_of_week) } else { self.hours[hour_of_week % DAY] }
    }

    /// The mean weight of recent hours of the week from `first` on.
    pub(super) fn mean_over(&self, first: usize, hours: usize) -> f64 {
        if hours == 0 {
            return 1.0;
        }
        (first..first + hours).map(|hour| self.of_recent_hour(hour)).sum::<f64>() / as_f64(hours)
    }
}

/// Hours since Monday 00:00 UTC of the hour that holds the instant.
pub(super) fn hour_of_week(at: Timestamp) -> usize {
    // 1970-01-01 was a Thursday.
    let hours = at.as_second().div_euclid(HOUR_SECONDS) + 3 * 24;
    usize::try_from(hours.rem_euclid(168)).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of hours")]
pub(super) fn as_f64(count: usize) -> f64 {
    count as f64
}

/// Weights of the hours of the day, 1 on average.
fn hours_of_day(values: &[f64], phase: usize, flat_days: f64) -> [f64; DAY] {
    let (mut sums, mut counts) = ([0.0; DAY], [0.0; DAY]);
    for (start, day) in values.chunks(DAY).enumerate().map(|(index, day)| (index * DAY, day)) {
        let Some(mean) = super::series::mean(day).filter(|mean| *mean > 0.0) else { continue };
        for (offset, value) in day.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let hour = (phase + start + offset) % DAY;
            sums[hour] += value / mean;
            counts[hour] += 1.0;
        }
    }
    let mut weights = [1.0; DAY];
    for (weight, (sum, count)) in weights.iter_mut().zip(sums.iter().zip(&counts)) {
        *weight = (sum + flat_days) / (count + flat_days).max(1e-9);
    }
    normalised(weights)
}

/// Weights of the days of the week, 1 on average.
fn days_of_week(values: &[f64], phase: usize, shrinkage: &Shrinkage) -> [f64; 7] {
    if values.len() < shrinkage.least_weeks * WEEK {
        return [1.0; 7];
    }
    let (mut sums, mut counts) = ([0.0; 7], [0.0; 7]);
    let odd = values.len() % WEEK;
    // Weeks back from the end, each relative to its own mean: growth over months is no weekday.
    for (week, hours) in values[odd..].chunks_exact(WEEK).enumerate() {
        let Some(mean) = super::series::mean(hours).filter(|mean| *mean > 0.0) else { continue };
        for (hour, value) in hours.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let weekday = (phase + odd + week * WEEK + hour) % WEEK / DAY;
            sums[weekday] += value / mean / as_f64(DAY);
            counts[weekday] += 1.0 / as_f64(DAY);
        }
    }
    let mut weights = [1.0; 7];
    for (weight, (sum, count)) in weights.iter_mut().zip(sums.iter().zip(&counts)) {
        *weight = (sum + shrinkage.flat_weeks) / (count + shrinkage.flat_weeks).max(1e-9);
    }
    normalised(weights)
}

fn normalised<const N: usize>(weights: [f64; N]) -> [f64; N] {
    let mean = weights.iter().sum::<f64>() / as_f64(N);
    if mean > 0.0 && mean.is_finite() { weights.map(|weight| weight / mean) } else { [1.0; N] }
}
