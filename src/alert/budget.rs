//! The budget signal: how much of a budget is used, and whether that is ahead of an even pace.

use crate::config::BudgetThresholds;
use crate::domain::budget::BudgetStanding;
use crate::domain::event::Signal;
use crate::domain::level::Level;
use crate::domain::view::{Assessment, unpriced_text};

/// Judges one budget.
///
/// Red: all of it is used. Orange: most of it is used ahead of pace, or it is nearly used up and the rest of
/// the period does not fit at the present speed. Yellow: half of it is used ahead of pace. A budget whose
/// usage has no price is blind rather than green, because what is known of it is too little.
#[must_use]
pub fn assess(standing: &BudgetStanding, thresholds: &BudgetThresholds) -> Assessment {
    let ahead = standing.used > standing.expected;
    let used = standing.used;
    let (level, threshold) = if used >= thresholds.red {
        (Level::Red, thresholds.red)
    } else if used >= thresholds.orange && ahead {
        (Level::Orange, thresholds.orange)
    } else if used >= thresholds.nearly_gone && !standing.rest_fits {
        (Level::Orange, thresholds.nearly_gone)
    } else if used >= thresholds.yellow && ahead {
        (Level::Yellow, thresholds.yellow)
    } else if standing.unpriced_tokens > 0 || standing.unpriced_images > 0 {
        (Level::Blind, thresholds.yellow)
    } else {
        (Level::Green, thresholds.yellow)
    };
    Assessment::new(Signal::Budget, level, used, threshold, reason(standing, level))
        .of_budget(&standing.id)
        .because(|| evidence(standing))
}

fn evidence(standing: &BudgetStanding) -> Vec<String> {
    let fits = if standing.rest_fits { "fits" } else { "does not fit" };
    vec![
        format!("the period {} ends at {}", standing.period, standing.span.end),
        format!("at the present speed the rest of it {fits}"),
    ]
}

fn reason(standing: &BudgetStanding, level: Level) -> String {
    let spent = standing.spent.likely;
    let share = format!("{spent} of {} used ({:.0} %)", standing.amount, standing.used * 100.0);
    match level {
        Level::Blind => {
            let unpriced = unpriced_text(standing.unpriced_tokens, standing.unpriced_images).unwrap_or_default();
            format!("{share}, but {unpriced} have no price: the true figure is higher")
        }
        Level::Red => format!("{share}: the budget is gone"),
        _ => format!("{share}, an even pace would be {:.0} %", standing.expected * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::amount::{Amount, AmountRange};
    use crate::domain::budget::Caps;
    use crate::domain::time::TimeSpan;

    fn standing(used: f64, expected: f64, rest_fits: bool, unpriced_tokens: u64) -> BudgetStanding {
        BudgetStanding {
            id: "month".into(),
            amount: Amount::usd(Decimal::ONE_HUNDRED),
            caps: Caps::default(),
            span: TimeSpan::new(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH),
            period: "2026-11".into(),
            zone: "UTC".into(),
            spent: AmountRange::default(),
            unpriced_tokens,
            unpriced_images: 0,
            cost: crate::domain::money::Money::ZERO,
            used,
            expected,
            rest_fits,
        }
    }

    #[rstest]
    #[case::most_used_on_pace(0.75, 0.75, true, 0, Level::Green)]
    #[case::much_used_ahead(0.75, 0.74, true, 0, Level::Yellow)]
    #[case::just_below(0.749, 0.10, true, 0, Level::Green)]
    #[case::most_used_ahead(0.85, 0.84, true, 0, Level::Orange)]
    #[case::most_used_behind(0.85, 0.90, false, 0, Level::Green)]
    #[case::nearly_gone_and_the_rest_fits(0.95, 0.97, true, 0, Level::Green)]
    #[case::nearly_gone_and_the_rest_does_not_fit(0.95, 0.97, false, 0, Level::Orange)]
    #[case::gone(1.0, 1.0, true, 0, Level::Red)]
    #[case::unpriced_is_never_green(0.10, 0.50, true, 7, Level::Blind)]
    #[case::what_is_known_still_counts(0.80, 0.50, true, 7, Level::Yellow)]
    fn levels(
        #[case] used: f64,
        #[case] expected: f64,
        #[case] rest_fits: bool,
        #[case] unpriced: u64,
        #[case] level: Level,
    ) {
        let assessed = assess(&standing(used, expected, rest_fits, unpriced), &BudgetThresholds::default());
        assert_eq!(assessed.level, level, "{}", assessed.reason);
    }
}
