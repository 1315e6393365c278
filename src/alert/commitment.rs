//! The commitment signal: money that was committed to and will not be used.

use crate::config::CommitmentThresholds;
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::view::Assessment;

/// What a commitment will come to by the end of its billing period, as shares of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// Drawn so far.
    pub now: f64,
    /// Drawn by the end, likely.
    pub likely: f64,
    /// Drawn by the end, at most with 90 %.
    pub most: f64,
}

/// Judges what will be missing. The value is the share that is missing even if as much is used as is likely at most.
#[must_use]
pub fn assess(drawn: &Drawn, thresholds: &CommitmentThresholds) -> Assessment {
    let missing = (1.0 - drawn.most).max(0.0);
    let level = if missing > thresholds.yellow { Level::Yellow } else { Level::Green };
    let percent = |share: f64| share * 100.0;
    let reason = format!(
        "{:.0} % of the commitment drawn; the period will likely end at {:.0} %",
        percent(drawn.now),
        percent(drawn.likely)
    );
    Assessment::new(Signal::Commitment, level, missing, thresholds.yellow, reason)
        .because(|| vec![format!("it ends at {:.0} % at most, with 90 %", percent(drawn.most))])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::will_be_drawn(0.2, 1.1, 1.3, Level::Green)]
    #[case::may_be_drawn(0.2, 0.6, 0.91, Level::Green)]
    #[case::will_be_missed(0.2, 0.6, 0.89, Level::Yellow)]
    fn levels(#[case] now: f64, #[case] likely: f64, #[case] most: f64, #[case] level: Level) {
        let assessed = assess(&Drawn { now, likely, most }, &CommitmentThresholds::default());
        assert_eq!(assessed.level, level, "{}", assessed.reason);
        assert_eq!(assessed.evidence.is_empty(), level == Level::Green);
    }
}
