//! Usage with its cost, and where figures come from.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::{Deserialize, Serialize};

use crate::domain::meter::Counts;
use crate::domain::money::{CostRange, Money, with_thousands};

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// Measured usage at a price in force at its time.
    #[default]
    Measured,
    /// A part of the cost is a range, or its price is older or newer than the book knows.
    Estimated,
    /// A part is priced at a price the user gave for models that are not in the book.
    Fallback,
    /// Made by the demo.
    Simulated,
}

impl Provenance {
    /// The name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Estimated => "estimated",
            Self::Fallback => "fallback price",
            Self::Simulated => "simulated",
        }
    }
}

/// Usage with what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedUsage {
    /// The counts.
    pub counts: Counts,
    /// The cost of what has a price.
    pub cost: CostRange,
    /// Tokens without a price: their cost is unknown, never zero.
    pub unpriced_tokens: u64,
    /// Images without a price.
    #[serde(default)]
    pub unpriced_images: u64,
    /// Where the cost comes from.
    pub provenance: Provenance,
}

impl PricedUsage {
    /// Adds another part; the sum is as doubtful as its most doubtful part.
    pub fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.cost += other.cost;
        self.unpriced_tokens = self.unpriced_tokens.saturating_add(other.unpriced_tokens);
        self.unpriced_images = self.unpriced_images.saturating_add(other.unpriced_images);
        self.provenance = self.provenance.max(other.provenance);
    }

    /// What is left without a part of it.
    #[must_use]
    pub fn less(&self, part: &Self) -> Self {
        Self {
            counts: self.counts.less(&part.counts),
            cost: self.cost - part.cost,
            unpriced_tokens: self.unpriced_tokens.saturating_sub(part.unpriced_tokens),
            unpriced_images: self.unpriced_images.saturating_sub(part.unpriced_images),
            provenance: self.provenance,
        }
    }

    /// So many times as much of all of it, counts rounded.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        let mut counts = Counts::EMPTY;
        for meter in self.counts.meters().iter() {
            counts.set(meter, times(self.counts.sum_of(meter), factor));
        }
        let exact = Decimal::from_f64(factor).unwrap_or(Decimal::ONE);
        let amount = |money: Money| Money::usd(money.amount().saturating_mul(exact));
        let CostRange { low, likely, high } = self.cost;
        Self {
            counts,
            cost: CostRange { low: amount(low), likely: amount(likely), high: amount(high) },
            unpriced_tokens: times(self.unpriced_tokens, factor),
            unpriced_images: times(self.unpriced_images, factor),
            provenance: self.provenance,
        }
    }

    /// Whether something of it has no price.
    #[must_use]
    pub fn is_partly_unpriced(&self) -> bool {
        self.unpriced_tokens > 0 || self.unpriced_images > 0
    }

    /// Whether there are tokens or images and none has a price.
    #[must_use]
    pub fn is_wholly_unpriced(&self) -> bool {
        self.is_partly_unpriced() && self.unpriced_tokens == self.counts.tokens() && self.cost == CostRange::ZERO
    }

    /// What of it has no price, in words.
    #[must_use]
    pub fn unpriced_text(&self) -> Option<String> {
        unpriced_text(self.unpriced_tokens, self.unpriced_images)
    }

    /// The cost, or `None` where nothing of it is known.
    #[must_use]
    pub fn known_cost(&self) -> Option<CostRange> {
        (!self.is_wholly_unpriced()).then_some(self.cost)
    }
}

/// A count times a factor that is not below zero.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, cut off at the largest count"
)]
fn times(count: u64, factor: f64) -> u64 {
    (count as f64 * factor.max(0.0)).round() as u64
}

/// `5 tokens and 3 images`; `None` for nothing.
#[must_use]
pub fn unpriced_text(tokens: u64, images: u64) -> Option<String> {
    let written = |count: u64| with_thousands(&count.to_string());
    match (tokens, images) {
        (0, 0) => None,
        (tokens, 0) => Some(format!("{} tokens", written(tokens))),
        (0, images) => Some(format!("{} images", written(images))),
        (tokens, images) => Some(format!("{} tokens and {} images", written(tokens), written(images))),
    }
}
