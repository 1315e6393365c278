//! The anomaly signal: spending that the own past has not seen at this time of the day. It works without a budget.
//!
//! A speed is odd when it is above anything of the last week, or above anything of the last week at this time of the
//! day and has jumped within the last two hours as well: a nightly batch that starts on time is neither.

use crate::config::AnomalyThresholds;
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::view::Assessment;

/// A speed and what the past knows of such hours, all in dollars an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Over the last 40 minutes.
    pub speed: f64,
    /// Over the last three hours.
    pub lasting: f64,
    /// The highest over 40 minutes within the two hours before.
    pub before: f64,
    /// The highest hour at this time of the day, an hour more or less, of the last seven days.
    pub same_hour: f64,
    /// The highest hour of the last seven days.
    pub highest: f64,
    /// The mean hour of the past.
    pub mean: f64,
    /// Hours of past.
    pub history_hours: f64,
    /// Whether a budget says how much money is at stake.
    pub has_budget: bool,
}

/// Below so many hours of past nothing is odd: every hour of the day should have been seen once.
const LEAST_HISTORY: f64 = 25.0;

/// Judges a speed against its past. With a budget it is yellow at most: how bad it is, burn and forecast tell.
#[must_use]
pub fn assess(pace: &Pace, thresholds: &AnomalyThresholds) -> Assessment {
    let jumped = (thresholds.same_hour * pace.same_hour).max(thresholds.recent * pace.before);
    let floor = (thresholds.mean * pace.mean).max(thresholds.floor_usd_hour);
    let bar = jumped.min(thresholds.highest * pace.highest).max(floor);
    let lasting_bar = (thresholds.orange * pace.same_hour).max(floor);
    let is_learning = pace.history_hours < LEAST_HISTORY;
    let (level, value, threshold) = if is_learning {
        (Level::Green, pace.speed, bar)
    } else if !pace.has_budget && pace.lasting > lasting_bar {
        (Level::Orange, pace.lasting, lasting_bar)
    } else if pace.speed > bar {
        (Level::Yellow, pace.speed, bar)
    } else {
        (Level::Green, pace.speed, bar)
    };
    Assessment::new(Signal::Anomaly, level, value, threshold, reason(pace, level, is_learning))
        .because(|| evidence(pace))
}

fn evidence(pace: &Pace) -> Vec<String> {
    vec![
        format!(
            "the highest hour of the last week was {:.2} USD, the mean hour of the past {:.2}",
            pace.highest, pace.mean
        ),
        format!("{:.2} USD/h over the last three hours", pace.lasting),
        format!("{:.0} h of past", pace.history_hours),
    ]
}

fn reason(pace: &Pace, level: Level, is_learning: bool) -> String {
    if is_learning {
        return format!("still learning: {:.0} h of past", pace.history_hours);
    }
    let past = format!("at this time of the day it was {:.2} at most in the last week", pace.same_hour);
    match level {
        Level::Orange => format!("{:.2} USD/h for three hours; {past}", pace.lasting),
        Level::Yellow => format!("{:.2} USD/h; {past}, and {:.2} within the two hours before", pace.speed, pace.before),
        _ => format!("{:.2} USD/h, as can be expected", pace.speed),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const USUAL: Pace = Pace {
        speed: 2.0,
        lasting: 2.0,
        before: 2.0,
        same_hour: 2.0,
        highest: 10.0,
        mean: 2.0,
        history_hours: 100.0,
        has_budget: true,
    };

    #[rstest]
    #[case::as_ever(USUAL, Level::Green)]
    #[case::a_jump(Pace { speed: 5.0, ..USUAL }, Level::Yellow)]
    #[case::the_nightly_batch(Pace { speed: 9.0, same_hour: 9.0, ..USUAL }, Level::Green)]
    #[case::a_slow_rise(Pace { speed: 5.0, before: 4.8, ..USUAL }, Level::Green)]
    #[case::higher_than_ever(Pace { speed: 16.0, before: 15.0, same_hour: 15.0, ..USUAL }, Level::Yellow)]
    #[case::cents(Pace { speed: 0.05, before: 0.0, same_hour: 0.0, highest: 0.01, mean: 0.001, ..USUAL }, Level::Green)]
    #[case::no_past(Pace { speed: 50.0, history_hours: 5.0, ..USUAL }, Level::Green)]
    #[case::lasting_with_a_budget(Pace { speed: 7.0, lasting: 7.0, before: 7.0, ..USUAL }, Level::Green)]
    #[case::lasting_without(Pace { speed: 7.0, lasting: 7.0, before: 7.0, has_budget: false, ..USUAL }, Level::Orange)]
    fn levels(#[case] pace: Pace, #[case] level: Level) {
        let assessed = assess(&pace, &AnomalyThresholds::default());
        assert_eq!(assessed.level, level, "{}", assessed.reason);
    }
}
