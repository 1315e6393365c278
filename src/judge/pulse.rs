//! The dollars of the last hours, one value a step: what speeds and windows are taken from.

use jiff::{SignedDuration, Timestamp};

use crate::domain::time::{HOUR_SECONDS, Step};

/// Dollars a step from a start on, up to where the data goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pulse {
    start: Timestamp,
    step: Step,
    steps: Vec<f64>,
    end: Timestamp,
}

impl Pulse {
    /// Nothing used from `start` (a whole hour) to `end`.
    pub(super) fn new(start: Timestamp, end: Timestamp, step: Step) -> Self {
        let seconds = end.duration_since(start).as_secs().max(0);
        let steps = usize::try_from(seconds / step.seconds()).unwrap_or(0);
        Self { start, step, steps: vec![0.0; steps], end: step.floor(end).max(start) }
    }

    /// Adds what was used in the step that starts at `at`.
    pub(super) fn add(&mut self, at: Timestamp, dollars: f64) {
        if let Some(step) = self.index(at).and_then(|index| self.steps.get_mut(index)) {
            *step += dollars;
        }
    }

    /// Adds another pulse over the same steps.
    pub(super) fn join(&mut self, other: &Self) {
        for (step, more) in self.steps.iter_mut().zip(&other.steps) {
            *step += more;
        }
        self.end = self.end.min(other.end);
    }

    /// Where its data ends.
    pub(super) fn end(&self) -> Timestamp {
        self.end
    }

    /// It is known only so far.
    pub(super) fn cut(&mut self, known_until: Timestamp) {
        self.end = self.end.min(self.step.floor(known_until)).max(self.start);
    }

    /// Dollars an hour over the last `length`, a step at least; `ago` before the end. What lies before the first step
    /// is not counted in.
    pub(super) fn speed(&self, length: SignedDuration, ago: SignedDuration) -> f64 {
        let length = length.max(self.step.duration());
        let end = self.end.saturating_sub(ago).unwrap_or(self.start);
        let from = end.saturating_sub(length).unwrap_or(self.start).max(self.start);
        let hours = end.duration_since(from).as_secs_f64() / 3600.0;
        if hours <= 0.0 { 0.0 } else { self.sum(from, end) / hours }
    }

    /// The whole hours that are over, from the start on.
    pub(super) fn hours(&self) -> Vec<f64> {
        let hours = self.end.duration_since(self.start).as_secs() / HOUR_SECONDS;
        let start_of = |hour: i64| self.start.saturating_add(SignedDuration::from_hours(hour)).unwrap_or(self.end);
        (0..hours).map(|hour| self.sum(start_of(hour), start_of(hour + 1))).collect()
    }

    fn sum(&self, from: Timestamp, until: Timestamp) -> f64 {
        let index = |at| self.index(at).unwrap_or(0).min(self.steps.len());
        self.steps[index(from)..index(until).max(index(from))].iter().sum()
    }

    fn index(&self, at: Timestamp) -> Option<usize> {
        usize::try_from(at.duration_since(self.start).as_secs().div_euclid(self.step.seconds())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_end_where_the_data_does_and_hours_are_whole() {
        let start = Timestamp::UNIX_EPOCH;
        let minute = |minutes: i64| start + SignedDuration::from_mins(minutes);
        let mut pulse = Pulse::new(start, minute(150), Step::MINUTE);
        (0..150).for_each(|at| pulse.add(minute(at), if at < 60 { 1.0 } else { 2.0 }));
        assert_eq!(pulse.hours(), [60.0, 120.0]);
        assert!((pulse.speed(SignedDuration::from_mins(40), SignedDuration::ZERO) - 120.0).abs() < 1e-9);
        assert!((pulse.speed(SignedDuration::from_mins(60), SignedDuration::from_mins(90)) - 60.0).abs() < 1e-9);
        pulse.cut(minute(75));
        assert_eq!((pulse.end(), pulse.hours().len()), (minute(75), 1));
    }
}
