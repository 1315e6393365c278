//! How far a value is from the lasting level.

/// So many values back the level and its spread reach once there are more.
const LEVEL_REACH: f64 = 1000.0;
const SPREAD_REACH: f64 = 2000.0;

/// The level so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    seen: f64,
    level: f64,
    spread: f64,
}

impl Level {
    /// How far the next value is off, in spreads, on a scale that tames the tails.
    pub(super) fn push(&mut self, value: f64) -> f64 {
        self.seen += 1.0;
        if self.seen < 2.0 {
            self.level = value;
        }
        let off = (value - self.level).abs();
        self.spread += (off - self.spread) * (1.0 / self.seen).max(1.0 / SPREAD_REACH);
        self.level += (value - self.level) * (1.0 / self.seen).max(1.0 / LEVEL_REACH);
        in_spreads(off, self.spread)
    }
}

/// A distance in spreads as a logarithm; where there was no spread yet, any distance is far.
pub(super) fn in_spreads(off: f64, spread: f64) -> f64 {
    (off / (spread + f64::EPSILON * off.max(1.0))).ln_1p()
}
