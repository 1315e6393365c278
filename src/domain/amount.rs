//! Amounts of whatever a budget or a contract counts: money, tokens of any mix, requests, images.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::domain::meter::{Counts, Meter, MeterSet};
use crate::domain::money::{Money, with_thousands};
use crate::domain::view::PricedUsage;

/// The words for one meter or several that amounts are counted in.
const NAMES: [(&str, &[Meter]); 8] = [
    ("tokens", &Meter::TOKENS),
    ("requests", &[Meter::Invocations]),
    ("invocations", &[Meter::Invocations]),
    ("input_tokens", &[Meter::InputTokens]),
    ("output_tokens", &[Meter::OutputTokens]),
    ("cache_read_tokens", &[Meter::CacheReadTokens]),
    ("cache_write_tokens", &[Meter::CacheWriteTokens]),
    ("images", &[Meter::Images]),
];

/// What an amount is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// US dollars that AWS charges.
    #[default]
    Usd,
    /// The sum of these meters.
    Count(MeterSet),
}

impl Unit {
    /// Reads `tokens`, `requests`, or a mix such as `input_tokens+output_tokens`.
    ///
    /// # Errors
    /// The word that is no meter, with those that are.
    pub fn of_meters(text: &str) -> Result<Self, String> {
        let mut meters = MeterSet::EMPTY;
        for word in text.split('+').map(str::trim) {
            let Some((_, named)) = NAMES.iter().find(|(name, _)| *name == word) else {
                let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                return Err(format!("`{word}` is not a meter: use {}, or several joined by +", names.join(", ")));
            };
            meters = meters.union(MeterSet::of(named));
        }
        Ok(Self::Count(meters))
    }

    /// The name in tables and in the config: `USD`, `tokens`, `input_tokens+output_tokens`.
    #[must_use]
    pub fn name(self) -> String {
        let Self::Count(meters) = self else { return "USD".to_owned() };
        match NAMES.iter().find(|(_, named)| MeterSet::of(named) == meters) {
            Some((name, _)) => (*name).to_owned(),
            None => meters.iter().map(Meter::name).collect::<Vec<_>>().join("+"),
        }
    }

    /// Whether it is the same as tokens of some kind.
    #[must_use]
    pub fn is_tokens(self) -> bool {
        matches!(self, Self::Count(meters) if meters.without(MeterSet::of(&Meter::TOKENS)).is_empty())
    }

    /// How much of a count it is.
    #[must_use]
    pub fn count_of(self, counts: &Counts) -> Decimal {
        let Self::Count(meters) = self else { return Decimal::ZERO };
        meters.iter().map(|meter| Decimal::from(counts.sum_of(meter))).sum()
    }

    /// How much of it was used.
    #[must_use]
    pub fn used(self, usage: &PricedUsage) -> AmountRange {
        let amount = |number| Amount { unit: self, number };
        match self {
            Self::Usd => AmountRange {
                low: usage.cost.low.into(),
                likely: usage.cost.likely.into(),
                high: usage.cost.high.into(),
            },
            Self::Count(_) => AmountRange::exact(amount(self.count_of(&usage.counts))),
        }
    }
}

/// So much of a unit; exact, rounded only where it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Amount {
    /// Of what.
    pub unit: Unit,
    /// How much.
    pub number: Decimal,
}

impl Amount {
    /// An amount of money.
    #[must_use]
    pub fn usd(number: Decimal) -> Self {
        Self { unit: Unit::Usd, number }
    }

    /// The money, where it is money.
    #[must_use]
    pub fn money(&self) -> Option<Money> {
        (self.unit == Unit::Usd).then(|| Money::usd(self.number))
    }

    /// The number as a float, for rates, ratios and charts: never for a sum.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.number.to_f64().unwrap_or(f64::NAN)
    }

    /// This amount as a share of another of the same unit; `None` where the other is not above zero.
    #[must_use]
    pub fn share_of(&self, whole: &Self) -> Option<f64> {
        Money::usd(self.number).share_of(Money::usd(whole.number))
    }

    /// The decimal string of the JSON contracts.
    #[must_use]
    pub fn to_exact_string(&self) -> String {
        match self.unit {
            Unit::Usd => Money::usd(self.number).to_exact_string(),
            Unit::Count(_) => self.number.normalize().to_string(),
        }
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self::usd(money.amount())
    }
}

impl fmt::Display for Amount {
    /// `$1,234.50` or `5,000,000 tokens`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Usd => Money::usd(self.number).fmt(f),
            Unit::Count(_) => {
                let whole = self.number.round().normalize().to_string();
                f.pad(&format!("{} {}", with_thousands(&whole), self.unit.name()))
            }
        }
    }
}

/// An amount that may not be known exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountRange {
    /// Everything that is unknown taken at its cheapest.
    pub low: Amount,
    /// The likely amount.
    pub likely: Amount,
    /// Everything that is unknown taken at its dearest.
    pub high: Amount,
}

impl AmountRange {
    /// An amount that is known exactly.
    #[must_use]
    pub fn exact(amount: Amount) -> Self {
        Self { low: amount, likely: amount, high: amount }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::money::CostRange;

    #[rstest]
    #[case("tokens", "tokens")]
    #[case("requests", "requests")]
    #[case("output_tokens + input_tokens", "input_tokens+output_tokens")]
    #[case("input_tokens+output_tokens+cache_read_tokens+cache_write_tokens", "tokens")]
    fn units_are_read_and_named(#[case] text: &str, #[case] name: &str) {
        assert_eq!(Unit::of_meters(text).expect("meters").name(), name);
    }

    #[test]
    fn an_unknown_meter_is_refused_with_those_that_are_known() {
        let fault = Unit::of_meters("tokens+tolkens").expect_err("a fault");
        assert!(fault.contains("`tolkens` is not a meter") && fault.contains("cache_read_tokens"), "{fault}");
    }

    #[test]
    fn usage_counts_as_money_or_as_meters() {
        let usage = PricedUsage {
            counts: Counts::EMPTY.with(Meter::InputTokens, 1_000_000).with(Meter::CacheReadTokens, 234_567),
            cost: CostRange::exact(Money::usd(Decimal::new(3075, 3))),
            ..PricedUsage::default()
        };
        assert_eq!(Unit::Usd.used(&usage).likely.to_string(), "$3.08");
        let tokens = Unit::of_meters("tokens").expect("meters").used(&usage).likely;
        assert_eq!(tokens.to_string(), "1,234,567 tokens");
        assert_eq!(tokens.to_exact_string(), "1234567");
    }
}
