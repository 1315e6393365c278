//! The coverage signal: usage that has no price, so that no budget can see it.

use crate::config::CoverageThresholds;
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::view::{Assessment, PricedUsage};

/// Judges how much of the usage has no price, by tokens: money cannot be compared with what has no price.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share for a threshold")]
pub fn assess(usage: &PricedUsage, thresholds: &CoverageThresholds) -> Assessment {
    let share = match usage.counts.tokens() {
        0 => 0.0,
        tokens => usage.unpriced_tokens as f64 / tokens as f64,
    };
    let (level, threshold) = match share {
        share if share > thresholds.orange => (Level::Orange, thresholds.orange),
        share if share > thresholds.yellow => (Level::Yellow, thresholds.yellow),
        _ => (Level::Green, thresholds.yellow),
    };
    let reason = match usage.unpriced_tokens {
        0 => "every token has a price".to_owned(),
        tokens => format!("{:.1} % of the tokens have no price ({tokens})", share * 100.0),
    };
    Assessment::new(Signal::Coverage, level, share, threshold, reason).because(|| {
        vec![format!(
            "{} tokens in all, {} with a price",
            usage.counts.tokens(),
            usage.counts.tokens() - usage.unpriced_tokens
        )]
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::meter::{Counts, Meter};

    #[rstest]
    #[case::idle(0, 0, Level::Green)]
    #[case::a_rest_below_the_floor(1000, 10, Level::Green)]
    #[case::noticeable(1000, 11, Level::Yellow)]
    #[case::serious(1000, 51, Level::Orange)]
    fn levels(#[case] tokens: u64, #[case] unpriced_tokens: u64, #[case] level: Level) {
        let counts = Counts::EMPTY.with(Meter::InputTokens, tokens);
        let usage = PricedUsage { counts, unpriced_tokens, ..PricedUsage::default() };
        assert_eq!(assess(&usage, &CoverageThresholds::default()).level, level);
    }
}
