//! How odd a value of a metric is, judged from what came before it.

use jiff::Timestamp;

/// A causal score of one metric, whatever its unit and step: the score of a value never depends on later ones.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    seen: u32,
    mean: f64,
    variance: f64,
}

impl Detector {
    /// A detector that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The score of the next value: 0 as ever, 1 as odd as can be. A value that is not a number is a gap and scores 0.
    pub fn push(&mut self, _at: Timestamp, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        self.seen = self.seen.saturating_add(1);
        let weight = (1.0 / f64::from(self.seen)).max(0.01);
        let off = value - self.mean;
        let score = if self.seen > 10 { off * off / (off * off + 9.0 * self.variance + 1e-9) } else { 0.0 };
        self.mean += weight * off;
        self.variance += weight * (off * off * (1.0 - weight) - self.variance);
        score.clamp(0.0, 1.0)
    }
}
