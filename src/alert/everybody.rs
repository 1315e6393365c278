//! What happens to most tenants at once is about AWS or the way to it: one alert of the fleet, not one of each.

use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::view::Assessment;

/// Fewer active tenants than this are no crowd.
const LEAST_ACTIVE: usize = 3;

/// Judges the levels of one signal over the active tenants: `Some` where more than `share` of them are struck. Its level
/// is the one that most of the struck reach.
#[must_use]
pub fn assess(signal: Signal, levels: &[Level], share: f64) -> Option<Assessment> {
    let mut struck: Vec<Level> = levels.iter().copied().filter(|level| *level >= Level::Yellow).collect();
    let part = share_of(struck.len(), levels.len());
    if levels.len() < LEAST_ACTIVE || part <= share {
        return None;
    }
    struck.sort_unstable();
    let level = struck[struck.len() / 2];
    let what = if signal == Signal::Throttles { "are refused for their rate" } else { "fail" };
    let reason =
        format!("calls of {} of {} active tenants {what} at once: look at AWS first", struck.len(), levels.len());
    let evidence = || {
        let at = |level: Level| struck.iter().filter(|struck| **struck == level).count();
        vec![format!("{} at yellow, {} at orange, {} at red", at(Level::Yellow), at(Level::Orange), at(Level::Red))]
    };
    Some(Assessment::new(signal, level, part, share, reason).because(evidence))
}

#[expect(clippy::cast_precision_loss, reason = "a share of tenants")]
fn share_of(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::half(&[Level::Orange, Level::Orange, Level::Green, Level::Green], None)]
    #[case::most(&[Level::Orange, Level::Red, Level::Orange, Level::Green], Some(Level::Orange))]
    #[case::two_are_no_crowd(&[Level::Red, Level::Red], None)]
    fn most_of_the_active_tenants_make_one_alert(#[case] levels: &[Level], #[case] level: Option<Level>) {
        assert_eq!(assess(Signal::Errors, levels, 0.5).map(|assessed| assessed.level), level);
    }
}
