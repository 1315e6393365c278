//! The signals throttles and errors: calls that AWS refused for their rate, and calls that failed.

use crate::config::CallThresholds;
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::meter::{Counts, Meter};
use crate::domain::view::Assessment;

/// What was called lately.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calls {
    /// Counts of the last ten minutes.
    pub lately: Counts,
    /// How many minutes those are.
    pub minutes: f64,
    /// Counts of the last half hour.
    pub half_hour: Counts,
}

impl Calls {
    /// Whether anything was called at all.
    #[must_use]
    pub fn are_any(&self) -> bool {
        Self::sum(&self.lately, &[Meter::Invocations, Meter::Throttles, Meter::ClientErrors, Meter::ServerErrors]) > 0.0
    }

    /// How many lately were of this kind, a minute.
    #[must_use]
    pub fn per_minute(&self, meters: &[Meter]) -> f64 {
        Self::sum(&self.lately, meters) / self.minutes.max(f64::MIN_POSITIVE)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts for a rate")]
    fn sum(counts: &Counts, meters: &[Meter]) -> f64 {
        meters.iter().map(|meter| counts.sum_of(*meter) as f64).sum()
    }

    /// Their share of all calls of the half hour. Calls that were refused or failed do not count as invocations.
    fn share(&self, meters: &[Meter]) -> f64 {
        let of_kind = Self::sum(&self.half_hour, meters);
        let all = of_kind + Self::sum(&self.half_hour, &[Meter::Invocations]);
        if all > 0.0 { of_kind / all } else { 0.0 }
    }
}

/// The meters of refused calls.
pub const THROTTLES: [Meter; 1] = [Meter::Throttles];
/// The meters of failed calls.
pub const ERRORS: [Meter; 2] = [Meter::ClientErrors, Meter::ServerErrors];

/// Judges refused calls. Retries inflate them, so that it is their share of half an hour that makes them loud.
#[must_use]
pub fn assess_throttles(calls: &Calls, thresholds: &CallThresholds) -> Assessment {
    assess(Signal::Throttles, "refused for their rate", calls, &THROTTLES, thresholds)
}

/// Judges failed calls.
#[must_use]
pub fn assess_errors(calls: &Calls, thresholds: &CallThresholds) -> Assessment {
    assess(Signal::Errors, "failed", calls, &ERRORS, thresholds)
}

fn assess(signal: Signal, what: &str, calls: &Calls, meters: &[Meter], thresholds: &CallThresholds) -> Assessment {
    let (speed, share) = (calls.per_minute(meters), calls.share(meters));
    let (level, value, threshold) = match speed >= thresholds.floor_per_minute {
        true if share > thresholds.red => (Level::Red, share, thresholds.red),
        true if share > thresholds.orange => (Level::Orange, share, thresholds.orange),
        true => (Level::Yellow, speed, thresholds.floor_per_minute),
        false => (Level::Green, speed, thresholds.floor_per_minute),
    };
    let percent = share * 100.0;
    let digits = usize::from(percent < 9.95);
    let reason = format!("{speed:.1} calls a minute {what}, {percent:.digits$} % of those of the last half hour");
    Assessment::new(signal, level, value, threshold, reason).because(|| {
        let half_hour = Calls::sum(&calls.half_hour, meters);
        vec![format!(
            "{half_hour:.0} in the last half hour, {:.0} went through",
            Calls::sum(&calls.half_hour, &[Meter::Invocations])
        )]
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none(0, 1000, Level::Green)]
    #[case::a_few(5, 1000, Level::Green)]
    #[case::above_the_floor(20, 3000, Level::Yellow)]
    #[case::many(200, 1000, Level::Orange)]
    #[case::most(900, 1000, Level::Red)]
    fn levels(#[case] refused: u64, #[case] served: u64, #[case] level: Level) {
        let counts = Counts::EMPTY.with(Meter::Throttles, refused).with(Meter::Invocations, served);
        let calls = Calls { lately: counts, minutes: 10.0, half_hour: counts };
        assert_eq!(assess_throttles(&calls, &CallThresholds::default()).level, level);
        assert_eq!(assess_errors(&calls, &CallThresholds::default()).level, Level::Green, "meters are not mixed");
    }
}
