//! The record of own past forecasts: how often the intervals held, and how far off the totals were.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::forecast::model::Model;
use crate::forecast::prior::Prior;
use crate::forecast::profile::as_f64;
use crate::forecast::series::HourlySeries;

/// The span of each forecast on record, in hours.
const SPAN: usize = 24;
/// A forecast is put on record every so many hours.
const EVERY: usize = 12;
/// So many are kept.
const KEPT: usize = 40;
/// From so many hours of history on.
const LEAST: usize = 24;

/// One forecast that can be checked.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Checked {
    origin: Timestamp,
    held80: bool,
    held95: bool,
    error: f64,
    actual: f64,
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
        let first = newest.saturating_sub(EVERY * KEPT).max(LEAST).next_multiple_of(EVERY);
        for hours in (first..=newest).step_by(EVERY) {
            let history = series.first(hours);
            if done.is_some_and(|done| history.end() <= done) {
                continue;
            }
            self.check(series, &history, prior);
        }
    }

    fn check(&mut self, series: &HourlySeries, history: &HourlySeries, prior: &Prior) {
        let actual = &series.values()[history.len()..history.len() + SPAN];
        if actual.iter().any(|value| value.is_nan()) {
            return;
        }
        let actual: f64 = actual.iter().sum();
        let total = Model::fit(history, prior).total(as_f64(SPAN));
        let holds = |(low, high): (f64, f64)| low <= actual && actual <= high;
        self.checked.push_back(Checked {
            origin: history.end(),
            held80: holds(total.interval80()),
            held95: holds(total.interval95()),
            error: total.mean - actual,
            actual,
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

    /// By how much the intervals should be wider than the model has them; never narrower.
    #[must_use]
    pub fn widening(&self) -> f64 {
        let (held, of) = self.held80();
        // As if 20 more forecasts had been checked that held as they should.
        let missed = 1.0 - (as_f64(held) + 16.0) / (as_f64(of) + 20.0);
        (missed / 0.2).max(1.0)
    }
}
