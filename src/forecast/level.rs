//! The level: how much an average hour uses, soon and later on.

use crate::forecast::profile::as_f64;
use crate::forecast::series::{HourlySeries, mean};

const DAY: usize = 24;

/// Two levels and how fast the recent one gives way to the lasting one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    /// The last day's mean hour.
    pub recent: f64,
    /// A robust mean hour of the longer past.
    pub lasting: f64,
    /// After so many hours the recent level weighs 1/e.
    pub fade_hours: f64,
}

/// What a history looks like, for the width of its intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Traits {
    /// Hours of history.
    pub hours: f64,
    /// The standard deviation of the logarithms of its daily (or shorter) means.
    pub volatility: f64,
    /// The share of hours with any use.
    pub activity: f64,
    /// The highest mean hour of any 24 consecutive hours (of the whole, where it is shorter).
    pub highest_day: f64,
}

impl Level {
    /// The level of a series.
    pub(super) fn of(series: &HourlySeries, fade_hours: f64) -> Self {
        let values = series.values();
        let last = |hours: usize| mean(&values[values.len().saturating_sub(hours)..]);
        let all = mean(values).unwrap_or(0.0);
        let recent = last(DAY).unwrap_or(all);
        let small = 0.02 * all.max(recent);
        let parts = [last(3 * DAY).unwrap_or(all), all, median_day(values).unwrap_or(all)];
        let logs: f64 = parts.iter().map(|part| (part + small).max(f64::MIN_POSITIVE).ln()).sum();
        let lasting = ((logs / 3.0).exp() - small).max(0.0);
        Self { recent, lasting, fade_hours }
    }

    /// The share of the recent level in the hour that starts `hours` after the origin.
    pub(super) fn recent_share(&self, hours: f64) -> f64 {
        (-(hours + 0.5) / self.fade_hours).exp()
    }

    /// The mean hour so many hours after the origin.
    pub(super) fn after(&self, hours: f64) -> f64 {
        self.lasting + (self.recent - self.lasting) * self.recent_share(hours)
    }
}

impl Traits {
    /// The traits of a series.
    pub(super) fn of(series: &HourlySeries) -> Self {
        let values = series.values();
        let known = values.iter().filter(|value| value.is_finite()).count();
        let active = values.iter().filter(|value| **value > 0.0).count();
        Self {
            hours: as_f64(values.len()),
            volatility: volatility(values),
            activity: as_f64(active) / as_f64(known.max(1)),
            highest_day: highest_day(values),
        }
    }
}

fn day_means(values: &[f64]) -> Vec<f64> {
    values.rchunks(DAY).filter(|day| day.len() * 2 >= DAY).filter_map(mean).collect()
}

fn median_day(values: &[f64]) -> Option<f64> {
    let mut days: Vec<f64> = day_means(values).into_iter().take(7).collect();
    days.sort_by(f64::total_cmp);
    days.get(days.len() / 2).copied()
}

fn volatility(values: &[f64]) -> f64 {
    let days = day_means(values);
    let days = if days.len() >= 2 { days } else { values.rchunks(DAY / 4).filter_map(mean).collect() };
    let Some(level) = mean(&days).filter(|level| *level > 0.0) else { return 1.0 };
    let logs: Vec<f64> = days.iter().take(28).map(|day| (day / level + 0.05).ln()).collect();
    let Some(centre) = mean(&logs) else { return 1.0 };
    (logs.iter().map(|log| (log - centre) * (log - centre)).sum::<f64>() / as_f64(logs.len())).sqrt()
}

fn highest_day(values: &[f64]) -> f64 {
    let width = DAY.min(values.len()).max(1);
    let amount = |value: f64| if value.is_finite() { value } else { 0.0 };
    let (mut sum, mut highest) = (0.0_f64, 0.0_f64);
    for (index, value) in values.iter().enumerate() {
        sum += amount(*value);
        if index >= width {
            sum -= amount(values[index - width]);
        }
        highest = highest.max(sum);
    }
    highest / as_f64(width)
}
