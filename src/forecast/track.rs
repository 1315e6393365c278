//! The record of own past forecasts: how often the intervals held, and how far off the totals were.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::forecast::model::Model;
use crate::forecast::prior::Prior;
use crate::forecast::profile::{as_f64, hour_of_week};
use crate::forecast::series::{HourlySeries, hours_after};
use crate::forecast::total::TotalForecast;

/// The span of each forecast on record, in hours.
const SPAN: usize = 24;
/// A forecast is put on record every so many hours.
const EVERY: usize = 12;
/// So many are kept.
const KEPT: usize = 40;
/// From so many hours of history on.
const LEAST: usize = 24;
/// The recent record has so many origins ...
const RECENT: usize = 12;
/// ... each with so many hours of history at most: four weeks.
const RECENT_HISTORY: usize = 28 * 24;

/// The record counts as if so many forecasts more had been checked that erred as the fleet's do.
const FLEET: f64 = 8.0;
/// One miss counts no more than this many half widths of the 80 % interval.
const WORST: f64 = 3.0;
/// The mean square of errors in half widths where an 80 % interval is right (1 / 1.2816 squared, for a normal error).
const RIGHT: f64 = 0.609;

/// One forecast that was checked.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Checked {
    origin: Timestamp,
    held80: bool,
    held95: bool,
    error: f64,
    actual: f64,
    /// The error on the logarithm, in half widths of the 80 % interval.
    half_widths: f64,
}

/// Past forecasts of a series against what came. Bounded: a few dozen, each made once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    checked: VecDeque<Checked>,
}

impl Track {
    /// The record of a whole series.
    #[must_use]
    pub fn of(series: &HourlySeries, prior: &Prior) -> Self {
        let mut track = Self::default();
        track.update(series, prior);
        track
    }

    /// Adds what can be checked since the last time; costs a fit every 12 hours of new history.
    pub fn update(&mut self, series: &HourlySeries, prior: &Prior) {
        let done = self.checked.back().map(|last| last.origin);
        let newest = series.len().saturating_sub(SPAN);
        // Origins lie on fixed hours, so that a series that lost its oldest hours gives the same record.
        let phase = hour_of_week(series.start()) % EVERY;
        let first = (newest.saturating_sub(EVERY * KEPT).max(LEAST) + phase).next_multiple_of(EVERY) - phase;
        for hours in (first..=newest).step_by(EVERY) {
            let history = series.first(hours);
            if done.is_some_and(|done| history.end() <= done) {
                continue;
            }
            self.check(series, hours, &history, prior);
        }
    }

    /// Brings a record of the last week alone up to date. Each of its forecasts is made from the four weeks before it, so
    /// that it comes out the same whether it was kept all the time or is made anew, and however old the series is.
    pub fn update_recent(&mut self, series: &HourlySeries, prior: &Prior) {
        let done = self.checked.back().map(|last| last.origin);
        let newest = series.len().saturating_sub(SPAN);
        let phase = hour_of_week(series.start()) % EVERY;
        let oldest = newest.saturating_sub(EVERY * RECENT).max(LEAST);
        let first = (oldest + phase).next_multiple_of(EVERY) - phase;
        for hours in (first..=newest).step_by(EVERY) {
            let history = series.first(hours).last(RECENT_HISTORY);
            if done.is_none_or(|done| history.end() > done) {
                self.check(series, hours, &history, prior);
            }
        }
        let start = hours_after(series.start(), first);
        self.checked.retain(|checked| checked.origin >= start);
    }

    /// Checks the forecast of what comes after the first `hours`.
    fn check(&mut self, series: &HourlySeries, hours: usize, history: &HourlySeries, prior: &Prior) {
        let actual = &series.values()[hours..hours + SPAN];
        if actual.iter().any(|value| value.is_nan()) {
            return;
        }
        let actual: f64 = actual.iter().sum();
        let total = Model::fit_for_totals(history, prior).total(as_f64(SPAN));
        let holds = |(low, high): (f64, f64)| low <= actual && actual <= high;
        self.checked.push_back(Checked {
            origin: history.end(),
            held80: holds(total.interval80()),
            held95: holds(total.interval95()),
            error: total.mean - actual,
            actual,
            half_widths: half_widths(&total, actual, 0.05 * history.mean().unwrap_or(0.0) * as_f64(SPAN)),
        });
        if self.checked.len() > KEPT {
            self.checked.pop_front();
        }
    }

    /// How often the 80 % interval held, of how many forecasts.
    #[must_use]
    pub fn held80(&self) -> (usize, usize) {
        (self.checked.iter().filter(|checked| checked.held80).count(), self.checked.len())
    }

    /// How often the 95 % interval held, of how many forecasts.
    #[must_use]
    pub fn held95(&self) -> (usize, usize) {
        (self.checked.iter().filter(|checked| checked.held95).count(), self.checked.len())
    }

    /// The sum of errors over the sum of what came; `None` where nothing came.
    #[must_use]
    pub fn error(&self) -> Option<f64> {
        let (errors, actual) =
            self.checked.iter().fold((0.0, 0.0), |(e, a), checked| (e + checked.error.abs(), a + checked.actual));
        (actual > 0.0).then(|| errors / actual)
    }

    /// By how much the intervals should be wider (or, below 1, narrower) than the fleet has them: the tenant's own errors
    /// against those that were to be expected, mixed with the fleet's as far as the record is short.
    #[must_use]
    pub fn widening(&self) -> f64 {
        // Forecasts of a day made twice a day overlap: two count as one.
        let count = as_f64(self.checked.len()) / as_f64(SPAN / EVERY);
        let square = |checked: &Checked| checked.half_widths.min(WORST).powi(2);
        let own = self.checked.iter().map(square).sum::<f64>() / as_f64(SPAN / EVERY) / RIGHT;
        ((FLEET + own) / (FLEET + count)).sqrt()
    }
}

/// How far an actual total is from the middle of the forecast, in half widths of its 80 % interval on the logarithm.
fn half_widths(total: &TotalForecast, actual: f64, small: f64) -> f64 {
    let log = |amount: f64| (amount + small + f64::MIN_POSITIVE).ln();
    let ((low, high), middle) = (total.interval80(), log(total.quantile(0.5)));
    let off = log(actual) - middle;
    let width = if off < 0.0 { middle - log(low) } else { log(high) - middle };
    if width > 0.0 { off.abs() / width } else { 1.0 }
}
