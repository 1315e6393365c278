//! The coverage signal: usage that has no price, so that no budget can see it.

use crate::config::CoverageThresholds;
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::meter::Meter;
use crate::domain::money::with_thousands;
use crate::domain::view::{Assessment, PricedUsage};

/// Judges how much of the usage has no price, by tokens or by images, whichever is the greater share: money cannot be
/// compared with what has no price.
#[must_use]
pub fn assess(usage: &PricedUsage, thresholds: &CoverageThresholds) -> Assessment {
    let of_tokens = share(usage.unpriced_tokens, usage.counts.tokens());
    let of_images = share(usage.unpriced_images, usage.counts.sum_of(Meter::Images));
    let share = of_tokens.max(of_images);
    let (level, threshold) = match share {
        share if share > thresholds.orange => (Level::Orange, thresholds.orange),
        share if share > thresholds.yellow => (Level::Yellow, thresholds.yellow),
        _ => (Level::Green, thresholds.yellow),
    };
    let written = |count: u64| with_thousands(&count.to_string());
    let reason = match (usage.unpriced_tokens, usage.unpriced_images) {
        (0, 0) => "every token has a price".to_owned(),
        (_, images) if of_images > of_tokens => {
            format!("{:.1} % of the images have no price ({})", share * 100.0, written(images))
        }
        (tokens, _) => format!("{:.1} % of the tokens have no price ({})", share * 100.0, written(tokens)),
    };
    Assessment::new(Signal::Coverage, level, share, threshold, reason).because(|| {
        vec![format!(
            "{} tokens in all, {} with a price",
            written(usage.counts.tokens()),
            written(usage.counts.tokens() - usage.unpriced_tokens)
        )]
    })
}

#[expect(clippy::cast_precision_loss, reason = "a share for a threshold")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::meter::Counts;

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

    #[test]
    fn images_count_as_well() {
        let counts = Counts::EMPTY.with(Meter::InputTokens, 1000).with(Meter::Images, 10);
        let usage = PricedUsage { counts, unpriced_images: 10, ..PricedUsage::default() };
        let assessed = assess(&usage, &CoverageThresholds::default());
        assert_eq!(
            (assessed.level, assessed.reason.as_str()),
            (Level::Orange, "100.0 % of the images have no price (10)")
        );
    }
}
