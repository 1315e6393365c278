//! The forecast signal: how likely a budget is gone before its period ends, and how soon.
//!
//! Being likely to overrun in three weeks is worth a look, not a page: yellow asks about the whole period, orange and
//! red only about the days and hours in which somebody would have to act.

use crate::config::ForecastThresholds;
use crate::domain::event::Signal;
use crate::domain::ids::BudgetId;
use crate::domain::level::Level;
use crate::domain::view::Assessment;

/// What the forecast says of a budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Chances {
    /// Which budget.
    pub budget: BudgetId,
    /// How likely it is gone before its period ends.
    pub in_period: f64,
    /// How likely within [`ForecastThresholds::orange_within_hours`].
    pub soon: f64,
    /// How likely within [`ForecastThresholds::red_within_hours`].
    pub very_soon: f64,
    /// The amount that the period is expected to come to, as a share of the budget.
    pub expected_end: f64,
}

/// Judges the forecast of a budget.
#[must_use]
pub fn assess(chances: &Chances, thresholds: &ForecastThresholds) -> Assessment {
    let (level, value, threshold) = if chances.very_soon >= thresholds.red {
        (Level::Red, chances.very_soon, thresholds.red)
    } else if chances.soon >= thresholds.orange {
        (Level::Orange, chances.soon, thresholds.orange)
    } else if chances.in_period >= thresholds.yellow {
        (Level::Yellow, chances.in_period, thresholds.yellow)
    } else {
        (Level::Green, chances.in_period, thresholds.yellow)
    };
    let within = match level {
        Level::Red => format!("within {:.0} hours", thresholds.red_within_hours),
        Level::Orange => format!("within {:.0} hours", thresholds.orange_within_hours),
        _ => "before its period ends".to_owned(),
    };
    let reason = format!(
        "{:.0} % likely that the budget is gone {within}; the period is expected to end at {:.0} % of it",
        value * 100.0,
        chances.expected_end * 100.0
    );
    Assessment::new(Signal::Forecast, level, value, threshold, reason).of_budget(&chances.budget).because(|| {
        let chance = |within: &str, chance: f64| format!("{:.0} % likely {within}", chance * 100.0);
        vec![
            chance("in the period", chances.in_period),
            chance(&format!("within {:.0} h", thresholds.orange_within_hours), chances.soon),
            chance(&format!("within {:.0} h", thresholds.red_within_hours), chances.very_soon),
        ]
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::fits(0.3, 0.1, 0.0, Level::Green)]
    #[case::far_ahead(0.99, 0.2, 0.0, Level::Yellow)]
    #[case::likely_soon(0.9, 0.48, 0.2, Level::Orange)]
    #[case::soon_and_unlikely_later_as_well(0.6, 0.6, 0.2, Level::Orange)]
    #[case::all_but_gone(1.0, 1.0, 0.95, Level::Red)]
    fn levels(#[case] in_period: f64, #[case] soon: f64, #[case] very_soon: f64, #[case] level: Level) {
        let chances = Chances { budget: "month".into(), in_period, soon, very_soon, expected_end: 1.1 };
        let assessed = assess(&chances, &ForecastThresholds::default());
        assert_eq!(assessed.level, level, "{}", assessed.reason);
    }
}
