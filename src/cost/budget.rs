//! How a budget stands.

use jiff::Timestamp;

use crate::domain::budget::{Budget, BudgetStanding};
use crate::domain::view::PricedUsage;

/// The standing of one tenant's budget at `now`, from its usage since the period began and its present speed
/// in dollars an hour. The expected share is a flat one: an even pace over the period.
#[must_use]
pub fn stand(budget: &Budget, usage: &PricedUsage, usd_per_hour: f64, now: Timestamp) -> BudgetStanding {
    let span = budget.calendar.span_at(now);
    let amount = budget.amount.to_f64();
    let hours_left = span.end.duration_since(now).as_secs_f64() / 3600.0;
    let spent = usage.cost.likely;
    BudgetStanding {
        id: budget.id.clone(),
        amount: budget.amount,
        span,
        period: budget.calendar.label_at(now),
        spent: usage.cost,
        unpriced_tokens: usage.unpriced_tokens,
        used: spent.share_of(budget.amount).unwrap_or(0.0),
        expected: span.elapsed_share(now),
        rest_fits: spent.to_f64() + usd_per_hour * hours_left <= amount,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::calendar::Calendar;
    use crate::domain::money::{CostRange, Money};

    #[test]
    fn half_way_through_a_month() {
        let budget = Budget {
            id: "b".into(),
            amount: Money::usd(Decimal::from(300)),
            calendar: Calendar::months(TimeZone::UTC),
            tenants: vec!["*".into()],
        };
        let usage = PricedUsage { cost: CostRange::exact(Money::usd(Decimal::from(240))), ..PricedUsage::default() };
        let now = "2026-11-16T00:00:00Z".parse().expect("a valid time");
        let standing = stand(&budget, &usage, 0.1, now);
        assert!((standing.used - 0.8).abs() < 1e-12 && (standing.expected - 0.5).abs() < 1e-12);
        assert_eq!(standing.period, "2026-11");
        assert!(standing.rest_fits, "36 dollars more fit into the rest of 60");
        assert!(!stand(&budget, &usage, 0.2, now).rest_fits, "72 dollars more do not");
    }
}
