//! Money in US dollars, always decimal.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// An amount in US dollars; exact, rounded only where it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(Decimal);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// An amount in dollars.
    #[must_use]
    pub fn usd(amount: Decimal) -> Self {
        Self(amount)
    }

    /// The amount in dollars.
    #[must_use]
    pub fn amount(self) -> Decimal {
        self.0
    }

    /// The amount as a float, for rates, ratios and charts: never for a sum.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }

    /// This amount as a share of another; `None` where the other is not above zero.
    #[must_use]
    pub fn share_of(self, whole: Self) -> Option<f64> {
        if whole.0 <= Decimal::ZERO {
            return None;
        }
        self.0.checked_div(whole.0).and_then(|ratio| ratio.to_f64())
    }

    /// The decimal string of the JSON contracts: at least two decimals, no rounding.
    #[must_use]
    pub fn to_exact_string(self) -> String {
        let mut exact = self.0.normalize();
        if exact.scale() < 2 {
            exact.rescale(2);
        }
        exact.to_string()
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// Dollars and cents with thousands separated: `$1,234.50`; half-cents round to even.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cents = self.0.round_dp(2);
        cents.rescale(2);
        let digits = cents.abs().to_string();
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, "00"));
        let sign = if cents < Decimal::ZERO { "-" } else { "" };
        f.pad(&format!("{sign}${}.{fraction}", with_thousands(whole)))
    }
}

/// `1234567` as `1,234,567`.
#[must_use]
pub fn with_thousands(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What usage costs where CloudWatch cannot tell it exactly (cache-write lifetime, long context).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostRange {
    /// Everything that is unknown taken at its cheapest.
    pub low: Money,
    /// Standard tier, cache writes at the 5-minute lifetime, no long-context surcharge.
    pub likely: Money,
    /// Everything that is unknown taken at its dearest.
    pub high: Money,
}

impl CostRange {
    /// Nothing spent.
    pub const ZERO: Self = Self { low: Money::ZERO, likely: Money::ZERO, high: Money::ZERO };

    /// A cost that is known exactly.
    #[must_use]
    pub fn exact(amount: Money) -> Self {
        Self { low: amount, likely: amount, high: amount }
    }

    /// Whether the range is a single value.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.low == self.high
    }
}

impl Sub for CostRange {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { low: self.low - other.low, likely: self.likely - other.likely, high: self.high - other.high }
    }
}

impl AddAssign for CostRange {
    fn add_assign(&mut self, other: Self) {
        self.low += other.low;
        self.likely += other.likely;
        self.high += other.high;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn money_is_shown_in_cents_and_kept_exact() {
        let price = Money::usd(Decimal::new(12_345_678_915, 7));
        assert_eq!(price.to_string(), "$1,234.57");
        assert_eq!(price.to_exact_string(), "1234.5678915");
        assert_eq!(Money::usd(Decimal::new(5, 0)).to_exact_string(), "5.00");
        assert_eq!(Money::usd(Decimal::new(-123_456, 2)).to_string(), "-$1,234.56");
    }

    #[test]
    fn a_share_of_nothing_is_unknown() {
        assert_eq!(Money::usd(Decimal::ONE).share_of(Money::ZERO), None);
    }

    proptest! {
        #[test]
        fn the_order_of_a_sum_never_matters(mut micros in prop::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..40)) {
            let total = |parts: &[i64]| parts.iter().map(|&part| Money::usd(Decimal::new(part, 9))).sum::<Money>();
            let forwards = total(&micros);
            micros.sort_unstable();
            prop_assert_eq!(forwards, total(&micros));
        }
    }
}
