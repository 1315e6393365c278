//! How a budget stands.

use jiff::{SignedDuration, Timestamp};

use crate::domain::amount::Unit;
use crate::domain::budget::{Budget, BudgetStanding};
use crate::domain::view::PricedUsage;

/// What was used lately, to tell whether the rest of a period fits.
#[derive(Clone, Copy, Debug)]
pub struct Recent<'a> {
    /// What was used.
    pub usage: &'a PricedUsage,
    /// Over how long.
    pub length: SignedDuration,
}

/// The standing of a budget at `now`, from the usage that counts towards it since the period began and from what was
/// used lately. The expected share is a flat one: an even pace over the period.
#[must_use]
pub fn stand(budget: &Budget, usage: &PricedUsage, recent: Recent<'_>, now: Timestamp) -> BudgetStanding {
    let span = budget.calendar.span_at(now);
    let seconds_left = span.end.duration_since(now).as_secs_f64();
    let unit = budget.amount.unit;
    let spent = unit.used(usage);
    let speed = unit.used(recent.usage).likely.to_f64() / recent.length.as_secs_f64().max(f64::MIN_POSITIVE);
    BudgetStanding {
        id: budget.id.clone(),
        amount: budget.amount,
        caps: budget.caps,
        span,
        period: budget.calendar.label_at(now),
        zone: budget.calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
        spent,
        cost: usage.cost.likely,
        unpriced_tokens: if unit == Unit::Usd { usage.unpriced_tokens } else { 0 },
        unpriced_images: if unit == Unit::Usd { usage.unpriced_images } else { 0 },
        used: spent.likely.share_of(&budget.amount).unwrap_or(0.0),
        expected: span.elapsed_share(now),
        rest_fits: spent.likely.to_f64() + speed * seconds_left <= budget.amount.to_f64(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use rust_decimal::Decimal;

    use super::*;
    use crate::domain::amount::Amount;
    use crate::domain::budget::{BudgetOver, Caps};
    use crate::domain::calendar::Calendar;
    use crate::domain::meter::{Counts, Meter};
    use crate::domain::money::{CostRange, Money};

    fn budget(amount: Amount) -> Budget {
        Budget {
            id: "b".into(),
            amount,
            calendar: Calendar::months(TimeZone::UTC),
            over: BudgetOver::Fleet,
            caps: Caps::default(),
        }
    }

    fn used(dollars: i64, tokens: u64) -> PricedUsage {
        PricedUsage {
            counts: Counts::EMPTY.with(Meter::InputTokens, tokens),
            cost: CostRange::exact(Money::usd(Decimal::from(dollars))),
            unpriced_tokens: 7,
            ..PricedUsage::default()
        }
    }

    /// Half way through November, with this spent and this much of it in the last hour.
    fn standing(amount: Amount, spent: &PricedUsage, last_hour: &PricedUsage) -> BudgetStanding {
        let now = "2026-11-16T00:00:00Z".parse().expect("a valid time");
        stand(&budget(amount), spent, Recent { usage: last_hour, length: SignedDuration::from_hours(1) }, now)
    }

    #[test]
    fn half_way_through_a_month() {
        let amount = Amount::usd(Decimal::from(600));
        let stands = standing(amount, &used(480, 0), &used(0, 0));
        assert!((stands.used - 0.8).abs() < 1e-12 && (stands.expected - 0.5).abs() < 1e-12);
        assert_eq!((stands.period.as_str(), stands.unpriced_tokens), ("2026-11", 7));
        assert!(stands.rest_fits, "nothing more is coming");
        assert!(!standing(amount, &used(480, 0), &used(1, 0)).rest_fits, "360 dollars more do not fit into 120");
    }

    #[test]
    fn tokens_have_budgets_whatever_they_cost() {
        let amount = Amount { unit: Unit::of_meters("tokens").expect("a meter"), number: Decimal::from(1000) };
        let stands = standing(amount, &used(480, 250), &used(0, 2));
        assert!((stands.used - 0.25).abs() < 1e-12);
        assert_eq!(stands.unpriced_tokens, 0, "a token counts with a price or without");
        assert!(stands.rest_fits, "720 more fit into 750");
        assert!(!standing(amount, &used(0, 250), &used(0, 3)).rest_fits, "1,080 more do not");
    }
}
