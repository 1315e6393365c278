//! Shares the cost of an hour of provisioned throughput out over those who used it.

use rust_decimal::Decimal;

use crate::domain::money::Money;

/// Parts are cut here: sums of millions of such parts stay exact.
const DECIMALS: u32 = 12;

/// The part of each user by its tokens; the parts add up to the whole, to the last digit. `None` where nobody used any.
#[must_use]
pub fn share_out(whole: Money, tokens: &[u64]) -> Option<Vec<Money>> {
    let all: Decimal = tokens.iter().map(|&tokens| Decimal::from(tokens)).sum();
    if all.is_zero() {
        return None;
    }
    let up_to = |reached: Decimal| {
        let share = whole.amount().saturating_mul(reached).checked_div(all).unwrap_or_default();
        if reached == all { whole } else { Money::usd(share.round_dp(DECIMALS)) }
    };
    let mut reached = Decimal::ZERO;
    let part = |&tokens: &u64| {
        let before = up_to(reached);
        reached += Decimal::from(tokens);
        up_to(reached) - before
    };
    Some(tokens.iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_hour_is_shared_by_tokens() {
        let parts = share_out(Money::usd(Decimal::new(792, 1)), &[300, 0, 100]).expect("users");
        let told: Vec<String> = parts.iter().map(|part| part.to_exact_string()).collect();
        assert_eq!(told, ["59.40", "0.00", "19.80"]);
        assert_eq!(share_out(Money::usd(Decimal::ONE), &[0, 0]), None, "an idle hour is nobody's");
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(
            hours in prop::collection::vec((1_i64..1_000_000_000, prop::collection::vec(0_u64..1 << 50, 1..8)), 1..60),
        ) {
            let (mut sum, mut all) = (Money::ZERO, Money::ZERO);
            for (cost, tokens) in hours {
                let whole = Money::usd(Decimal::new(cost, 4));
                let Some(parts) = share_out(whole, &tokens) else { continue };
                prop_assert!(parts.iter().all(|part| *part >= Money::ZERO));
                prop_assert!(parts.iter().zip(&tokens).all(|(part, tokens)| *tokens > 0 || *part == Money::ZERO));
                sum += parts.into_iter().sum();
                all += whole;
            }
            prop_assert_eq!(sum, all);
        }
    }
}
