//! The burn signal: at the present speed the rest of a budget is gone within hours.
//!
//! The factors of error budgets (14.4, 6 and 1 times) do not fit money, which is always being spent: what counts is how
//! long the rest lasts, and that the speed is well above the usual.

use crate::config::BurnThresholds;
use crate::domain::amount::Unit;
use crate::domain::event::Signal;
use crate::domain::ids::BudgetId;
use crate::domain::level::Level;
use crate::domain::view::Assessment;

/// How fast the rest of a budget is being used, in its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Burning {
    /// Which budget.
    pub budget: BudgetId,
    /// What it is counted in.
    pub unit: Unit,
    /// So much an hour over the last 40 minutes.
    pub speed: f64,
    /// The mean hour of the past; `None` while there is none.
    pub usual: Option<f64>,
    /// What is left.
    pub rest: f64,
    /// Hours until the period ends.
    pub hours_left: f64,
}

/// Judges how long the rest of a budget lasts. The value is how many times over the rest would be used within
/// [`BurnThresholds::orange_hours`], so that it rises with the danger.
#[must_use]
pub fn assess(burning: &Burning, thresholds: &BurnThresholds) -> Assessment {
    let lasts = if burning.speed > 0.0 { (burning.rest / burning.speed).max(0.0) } else { f64::INFINITY };
    let is_unusual = burning.usual.is_none_or(|usual| burning.speed > thresholds.least_speed * usual);
    let is_within = |hours: f64| burning.rest > 0.0 && lasts < hours.min(burning.hours_left) && is_unusual;
    let (level, hours) = if is_within(thresholds.red_hours) {
        (Level::Red, thresholds.red_hours)
    } else if is_within(thresholds.orange_hours) {
        (Level::Orange, thresholds.orange_hours)
    } else {
        (Level::Green, thresholds.orange_hours)
    };
    let amount = |number: f64| match burning.unit {
        Unit::Usd => format!("{number:.2} USD"),
        Unit::Count(_) => format!("{number:.0} {}", burning.unit.name()),
    };
    let speed = amount(burning.speed);
    let reason = match level {
        _ if burning.rest <= 0.0 => format!("{speed}/h: nothing is left"),
        Level::Green => format!("{speed}/h: the rest lasts"),
        _ => format!("{speed}/h: at this speed the rest of {} lasts {lasts:.1} h", amount(burning.rest)),
    };
    let (value, threshold) = (thresholds.orange_hours / lasts.max(1e-6), thresholds.orange_hours / hours.max(1e-6));
    Assessment::new(Signal::Burn, level, value, threshold, reason).of_budget(&burning.budget).because(|| {
        let usual = burning.usual.map(|usual| format!("the mean hour of the past is {}", amount(usual)));
        usual.into_iter().chain([format!("the period ends in {:.0} h", burning.hours_left)]).collect()
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::lasts(10.0, 1.0, 100.0, 200.0, Level::Green)]
    #[case::gone_within_three_hours(40.0, 1.0, 100.0, 200.0, Level::Orange)]
    #[case::gone_within_the_hour(150.0, 1.0, 100.0, 200.0, Level::Red)]
    #[case::the_usual_speed_at_the_end_of_a_period(40.0, 30.0, 100.0, 200.0, Level::Green)]
    #[case::the_period_ends_first(40.0, 1.0, 100.0, 2.0, Level::Green)]
    #[case::gone_already(40.0, 1.0, -5.0, 20.0, Level::Green)]
    fn levels(#[case] speed: f64, #[case] usual: f64, #[case] rest: f64, #[case] left: f64, #[case] level: Level) {
        let burning =
            Burning { budget: "month".into(), unit: Unit::Usd, speed, usual: Some(usual), rest, hours_left: left };
        let assessed = assess(&burning, &BurnThresholds::default());
        assert_eq!(assessed.level, level, "{}", assessed.reason);
        assert_eq!(assessed.reason.contains("nothing is left"), rest <= 0.0, "{}", assessed.reason);
        assert!(level == Level::Green || assessed.value > assessed.threshold, "the value rises with the danger");
    }
}
