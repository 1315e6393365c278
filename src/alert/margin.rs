//! The margin signal: tenants that will cost more than they pay, or all but.

use crate::config::MarginThresholds;
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::view::Assessment;

/// What a billing period will likely come to, in dollars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Earned {
    /// What the tenant will owe.
    pub revenue: f64,
    /// What AWS will charge for it.
    pub cost: f64,
}

/// Judges what will be left; `None` where nothing is owed, as by a plan that is free on purpose.
#[must_use]
pub fn assess(earned: &Earned, thresholds: &MarginThresholds) -> Option<Assessment> {
    if earned.revenue <= 0.0 {
        return None;
    }
    let share = (earned.revenue - earned.cost) / earned.revenue;
    let (level, threshold) = match share {
        share if share < thresholds.orange => (Level::Orange, thresholds.orange),
        share if share < thresholds.yellow => (Level::Yellow, thresholds.yellow),
        _ => (Level::Green, thresholds.yellow),
    };
    let reason = format!("the billing period will likely end with a margin of {:.0} %", share * 100.0);
    let evidence = || vec![format!("{:.2} USD will be owed, AWS will charge {:.2} USD", earned.revenue, earned.cost)];
    Some(Assessment::new(Signal::Margin, level, share, threshold, reason).because(evidence))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::healthy(100.0, 50.0, Some(Level::Green))]
    #[case::at_the_floor(100.0, 90.0, Some(Level::Green))]
    #[case::thin(100.0, 91.0, Some(Level::Yellow))]
    #[case::at_cost(100.0, 100.0, Some(Level::Yellow))]
    #[case::below_cost(100.0, 101.0, Some(Level::Orange))]
    #[case::free_on_purpose(0.0, 50.0, None)]
    fn levels(#[case] revenue: f64, #[case] cost: f64, #[case] level: Option<Level>) {
        let assessed = assess(&Earned { revenue, cost }, &MarginThresholds::default());
        assert_eq!(assessed.map(|assessed| assessed.level), level);
    }
}
