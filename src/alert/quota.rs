//! The quota signal: how much of what may be used a minute is used, by all who share it.

use crate::config::QuotaThresholds;
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::view::Assessment;

/// How a quota is used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quota {
    /// The greater share of its limits that is used; `None` where no limit is known.
    pub used: Option<f64>,
    /// Refused calls a minute.
    pub throttles_per_minute: f64,
    /// Their share of all calls.
    pub throttled_share: f64,
    /// Minutes until the limit is reached, as it rises now.
    pub minutes_to_throttle: Option<f64>,
    /// Who holds most of it, with the share.
    pub holder: Option<(String, f64)>,
}

/// Refused calls count from so many a minute on, and where no limit is known from this share of the calls on.
const THROTTLES_FLOOR: f64 = 1.0;
const MANY: f64 = 0.25;

/// Judges the use of a quota. It is red when calls are refused while it is all but full; where no limit is known, many
/// refused calls are all there is to tell.
#[must_use]
pub fn assess(quota: &Quota, thresholds: &QuotaThresholds) -> Assessment {
    let is_refused = quota.throttles_per_minute >= THROTTLES_FLOOR;
    let (level, value, threshold) = match quota.used {
        Some(used) if used >= thresholds.yellow && is_refused => (Level::Red, used, thresholds.yellow),
        Some(used) if used >= thresholds.orange => (Level::Orange, used, thresholds.orange),
        Some(used) if used >= thresholds.yellow => (Level::Yellow, used, thresholds.yellow),
        Some(used) => (Level::Green, used, thresholds.yellow),
        None if is_refused && quota.throttled_share > MANY => (Level::Orange, quota.throttled_share, MANY),
        None => (Level::Green, quota.throttled_share, MANY),
    };
    Assessment::new(Signal::Quota, level, value, threshold, reason(quota)).because(|| evidence(quota))
}

fn reason(quota: &Quota) -> String {
    let refused = if quota.throttles_per_minute > 0.0 {
        format!(", {:.1} calls a minute refused", quota.throttles_per_minute)
    } else {
        String::new()
    };
    match quota.used {
        Some(used) => format!("{:.0} % of the quota used{refused}", used * 100.0),
        None => format!("no limit is configured{refused} ({:.0} % of the calls)", quota.throttled_share * 100.0),
    }
}

fn evidence(quota: &Quota) -> Vec<String> {
    let held = quota.holder.as_ref().map(|(name, share)| format!("{name} holds {:.0} % of it", share * 100.0));
    let full = quota.minutes_to_throttle.map(|minutes| format!("full in {minutes:.0} min if it goes on rising so"));
    held.into_iter().chain(full).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::room(Some(0.79), 0.0, 0.0, Level::Green)]
    #[case::close(Some(0.80), 0.0, 0.0, Level::Yellow)]
    #[case::full(Some(0.95), 0.0, 0.0, Level::Orange)]
    #[case::full_and_refused(Some(0.95), 1.0, 0.01, Level::Red)]
    #[case::refused_for_another_reason(Some(0.40), 5.0, 0.5, Level::Green)]
    #[case::a_call_in_two_minutes(Some(0.90), 0.5, 0.01, Level::Yellow)]
    #[case::no_limit_known(None, 0.0, 0.0, Level::Green)]
    #[case::no_limit_known_and_some_refused(None, 3.0, 0.25, Level::Green)]
    #[case::no_limit_known_and_many_refused(None, 3.0, 0.26, Level::Orange)]
    fn levels(#[case] used: Option<f64>, #[case] refused: f64, #[case] share: f64, #[case] level: Level) {
        let quota = Quota { used, throttles_per_minute: refused, throttled_share: share, ..Quota::default() };
        let assessed = assess(&quota, &QuotaThresholds::default());
        assert_eq!(assessed.level, level, "{}", assessed.reason);
    }

    #[test]
    fn the_evidence_names_the_holder_and_the_time() {
        let holder = Some(("acme".to_owned(), 0.6));
        let quota = Quota { used: Some(0.9), minutes_to_throttle: Some(12.0), holder, ..Quota::default() };
        let evidence = assess(&quota, &QuotaThresholds::default()).evidence;
        assert_eq!(evidence, ["acme holds 60 % of it", "full in 12 min if it goes on rising so"]);
    }
}
