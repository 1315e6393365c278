//! The recent past as one value a step.

use jiff::Timestamp;

use crate::domain::time::{Step, TimeSpan};
use crate::domain::view::SPARK_STEPS;
use crate::judge::POINTS_REACH;

/// Dollars and tokens a step, oldest first. A step that the data does not reach is not known.
#[derive(Clone, Debug)]
pub(super) struct Sparkline {
    start: Timestamp,
    step: Step,
    dollars: Vec<Option<f64>>,
    tokens: Vec<Option<f64>>,
}

impl Sparkline {
    /// An idle sparkline up to `now`.
    pub(super) fn new(now: Timestamp, step: Step) -> Self {
        let reach = usize::try_from(POINTS_REACH.as_secs() / step.seconds()).unwrap_or(1);
        let steps = SPARK_STEPS.min(reach).max(1);
        let back = step.seconds() * i64::try_from(steps).unwrap_or(1);
        let end = step.floor(now).as_second();
        let start = Timestamp::from_second(end - back).unwrap_or(Timestamp::MIN);
        Self { start, step, dollars: vec![None; steps], tokens: vec![None; steps] }
    }

    /// The span it covers.
    pub(super) fn span(&self) -> TimeSpan {
        let length = self.step.duration().saturating_mul(i32::try_from(self.dollars.len()).unwrap_or(i32::MAX));
        TimeSpan::new(self.start, self.start.saturating_add(length).unwrap_or(Timestamp::MAX))
    }

    /// Steps over the span that a healthy collector has passed are known: idle until something is added.
    pub(super) fn know(&mut self, known: TimeSpan) {
        let (from, to) = (self.index(known.start).unwrap_or(0), self.index(known.end).unwrap_or(self.dollars.len()));
        if known.end <= self.start {
            return;
        }
        for index in from..to {
            self.dollars[index].get_or_insert(0.0);
            self.tokens[index].get_or_insert(0.0);
        }
    }

    /// Adds what was used in the step that starts at `at`.
    #[expect(clippy::cast_precision_loss, reason = "a chart")]
    pub(super) fn add(&mut self, at: Timestamp, dollars: f64, tokens: u64) {
        if let Some(index) = self.index(at) {
            *self.dollars[index].get_or_insert(0.0) += dollars;
            *self.tokens[index].get_or_insert(0.0) += tokens as f64;
        }
    }

    /// Dollars a step, or tokens where nothing has a price.
    pub(super) fn values(&self, by_tokens: bool) -> Vec<Option<f64>> {
        if by_tokens { self.tokens.clone() } else { self.dollars.clone() }
    }

    fn index(&self, at: Timestamp) -> Option<usize> {
        let seconds = at.duration_since(self.start).as_secs();
        let index = usize::try_from(seconds.div_euclid(self.step.seconds())).ok()?;
        (index < self.dollars.len()).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_beyond_the_data_are_holes_and_known_idle_steps_are_zero() {
        let now: Timestamp = "2026-11-20T12:00:30Z".parse().expect("a valid time");
        let mut sparkline = Sparkline::new(now, Step::MINUTE);
        let watermark: Timestamp = "2026-11-20T11:58:00Z".parse().expect("a valid time");
        sparkline.know(TimeSpan::new(Timestamp::MIN, watermark));
        let values = sparkline.values(false);
        assert_eq!(values.len(), SPARK_STEPS);
        assert_eq!(values[SPARK_STEPS - 3..], [Some(0.0), None, None]);
    }

    #[test]
    fn coarse_steps_reach_no_further_than_points_do() {
        let ten_minutes = Step::from_seconds(600);
        assert_eq!(Sparkline::new(Timestamp::UNIX_EPOCH, ten_minutes).values(false).len(), 36);
    }
}
