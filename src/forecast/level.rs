//! The level: how much an average hour uses, soon and later on, and what the history looks like.

use crate::forecast::prior::Prior;
use crate::forecast::profile::as_f64;
use crate::forecast::series::{HourlySeries, mean};

const DAY: usize = 24;
const WEEK: usize = 7 * DAY;
/// Hours further back say nothing about the level.
const REACH: usize = 8 * WEEK;

/// Two levels and how fast the recent one gives way to the lasting one, on the logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    /// The last day's mean hour.
    pub recent: f64,
    /// A robust mean hour of the longer past.
    pub lasting: f64,
    /// What both are lifted by before logarithms are taken.
    small: f64,
    fade_hours: f64,
    caution: f64,
    history_hours: f64,
}

/// What a history looks like, for the width of its intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Traits {
    /// Hours of history.
    pub hours: f64,
    /// The mean hour.
    pub mean: f64,
    /// The standard deviation of the logarithms of its daily (or shorter) means.
    pub volatility: f64,
    /// The share of hours with any use.
    pub activity: f64,
}

impl Level {
    /// The level of a series with these traits. A tenant that is never idle goes by its last three days and the
    /// geometric mean of its days; a sporadic one by the mean and the median day as well, so that a burst does not last.
    pub(super) fn of(series: &HourlySeries, traits: &Traits, prior: &Prior) -> Self {
        let values = reach(series.values());
        let last = |hours: usize| mean(&values[values.len().saturating_sub(hours)..]).unwrap_or(traits.mean);
        let recent = last(DAY);
        let small = 0.02 * recent.max(traits.mean) + f64::MIN_POSITIVE;
        let days = whole_days(values, traits.mean);
        let active = traits.activity;
        let parts = [
            (2.0 * active + 1.0, last(3 * DAY)),
            (1.0 - active, traits.mean),
            (1.0 - active, median(&days[..days.len().min(7)])),
            (active, geometric_mean(&days[..days.len().min(28)])),
        ];
        let weights: f64 = parts.iter().map(|(weight, _)| weight).sum();
        let logs: f64 = parts.iter().map(|(weight, part)| weight * (part + small).ln()).sum();
        let mut log = logs / weights;
        if values.len() >= WEEK {
            log = f64::midpoint(log, (last(WEEK) + small).ln());
        }
        Self {
            recent,
            lasting: (log.exp() - small).max(0.0),
            small,
            fade_hours: prior.fade_hours[1] + (prior.fade_hours[0] - prior.fade_hours[1]) * active,
            caution: prior.caution,
            history_hours: traits.hours.max(1.0),
        }
    }

    /// The mean hour so many hours after the origin, with the recent and the lasting level weighted for that hour.
    pub(super) fn after(&self, hours: f64, of_recent: f64, of_lasting: f64) -> f64 {
        let share = (-(hours + 0.5) / self.fade_hours).exp();
        let recent = (self.recent * of_recent + self.small).ln();
        let caution = self.caution * (hours / self.history_hours).ln_1p();
        let lasting = (self.lasting * of_lasting * (-caution).exp() + self.small).ln();
        ((share * recent + (1.0 - share) * lasting).exp() - self.small).max(0.0)
    }
}

impl Traits {
    /// The traits of a series.
    pub(super) fn of(series: &HourlySeries) -> Self {
        let values = reach(series.values());
        let known = values.iter().filter(|value| value.is_finite()).count();
        let active = values.iter().filter(|value| **value > 0.0).count();
        let level = mean(values).unwrap_or(0.0);
        Self {
            hours: as_f64(series.len()),
            mean: level,
            volatility: volatility(values, level),
            activity: as_f64(active) / as_f64(known.max(1)),
        }
    }
}

fn reach(values: &[f64]) -> &[f64] {
    &values[values.len().saturating_sub(REACH)..]
}

/// Means of whole days, the newest first; the mean of all where there is none.
fn whole_days(values: &[f64], otherwise: f64) -> Vec<f64> {
    let days: Vec<f64> = values.rchunks_exact(DAY).filter_map(mean).collect();
    if days.is_empty() { vec![otherwise] } else { days }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

fn geometric_mean(values: &[f64]) -> f64 {
    let small = 0.05 * mean(values).unwrap_or(0.0) + f64::MIN_POSITIVE;
    let logs: f64 = values.iter().map(|value| (value + small).ln()).sum();
    ((logs / as_f64(values.len().max(1))).exp() - small).max(0.0)
}

fn volatility(values: &[f64], level: f64) -> f64 {
    let pieces = |hours: usize| values.rchunks_exact(hours).take(28).filter_map(mean).collect::<Vec<f64>>();
    let pieces = match values.len() {
        48.. => pieces(DAY),
        12.. => pieces(DAY / 4),
        _ => pieces(1),
    };
    if pieces.len() < 2 || level <= 0.0 {
        return 1.0;
    }
    let logs: Vec<f64> = pieces.iter().map(|piece| (piece / level + 0.05).ln()).collect();
    let centre = mean(&logs).unwrap_or(0.0);
    (logs.iter().map(|log| (log - centre) * (log - centre)).sum::<f64>() / as_f64(logs.len())).sqrt()
}
