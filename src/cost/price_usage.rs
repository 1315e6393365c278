//! Counts to money.

use rust_decimal::Decimal;

use crate::cost::price_book::Match;
use crate::domain::meter::{Counts, Meter};
use crate::domain::money::{CostRange, Money};
use crate::domain::price::ModelPrice;
use crate::domain::view::{PricedUsage, Provenance};

/// The cheapest, likely and dearest price of a meter.
struct Candidates {
    likely: Option<Decimal>,
    others: [Option<Decimal>; 3],
}

/// What counts cost. Likely is the standard tier with cache writes at the five-minute lifetime and without a
/// long-context surcharge; low and high span what CloudWatch does not tell. Tokens of a kind without a price,
/// images without one, and all of a model without one, come out as unpriced.
#[must_use]
pub fn price_usage(counts: &Counts, found: Option<&Match>) -> PricedUsage {
    let Some(found) = found else {
        return PricedUsage {
            counts: *counts,
            unpriced_tokens: counts.tokens(),
            unpriced_images: counts.sum_of(Meter::Images),
            ..PricedUsage::default()
        };
    };
    let mut priced = PricedUsage { counts: *counts, provenance: found.provenance, ..PricedUsage::default() };
    for meter in Meter::TOKENS {
        let tokens = counts.sum_of(meter);
        match cost_of(tokens, &candidates(&found.price, meter)) {
            _ if tokens == 0 => {}
            Some(cost) => priced.cost += cost,
            None => priced.unpriced_tokens = priced.unpriced_tokens.saturating_add(tokens),
        }
    }
    match found.price.image {
        Some(price) => priced.cost += CostRange::exact(amount(counts.sum_of(Meter::Images), price)),
        None => priced.unpriced_images = counts.sum_of(Meter::Images),
    }
    // Only models that rank are charged by the request; those of all others cost nothing themselves.
    let by_request = found.price.request.unwrap_or_default();
    priced.cost += CostRange::exact(amount(counts.sum_of(Meter::Invocations), by_request));
    if !priced.cost.is_exact() {
        priced.provenance = priced.provenance.max(Provenance::Estimated);
    }
    priced
}

fn candidates(price: &ModelPrice, meter: Meter) -> Candidates {
    let (likely, others) = match meter {
        Meter::InputTokens => (price.input, [price.long_input, None, None]),
        Meter::OutputTokens => (price.output, [price.long_output, None, None]),
        Meter::CacheReadTokens => (price.cache_read, [price.long_cache_read, None, None]),
        Meter::CacheWriteTokens => {
            (price.cache_write, [price.cache_write_1h, price.long_cache_write, price.long_cache_write_1h])
        }
        _ => (None, [None; 3]),
    };
    Candidates { likely, others }
}

fn cost_of(tokens: u64, candidates: &Candidates) -> Option<CostRange> {
    let likely = candidates.likely?;
    let all = || candidates.others.iter().flatten().copied().chain([likely]);
    let millionth = Decimal::new(1, 6);
    let cost = |price: Decimal| amount(tokens, price.saturating_mul(millionth));
    Some(CostRange {
        low: cost(all().min().unwrap_or(likely)),
        likely: cost(likely),
        high: cost(all().max().unwrap_or(likely)),
    })
}

fn amount(count: u64, price: Decimal) -> Money {
    Money::usd(Decimal::from(count).saturating_mul(price))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(text: &str) -> ModelPrice {
        text.parse().expect("a valid price")
    }

    fn found(price: &ModelPrice) -> Match {
        Match { price: price.clone(), provenance: Provenance::Measured }
    }

    #[test]
    fn cache_tokens_have_their_own_price_and_writes_are_a_range() {
        let price = price("input=3,output=15,cache_read=0.3,cache_write=3.75,cache_write_1h=6");
        let counts = Counts::EMPTY
            .with(Meter::InputTokens, 1_000_000)
            .with(Meter::OutputTokens, 100_000)
            .with(Meter::CacheReadTokens, 10_000_000)
            .with(Meter::CacheWriteTokens, 1_000_000);
        let priced = price_usage(&counts, Some(&found(&price)));
        assert_eq!(priced.cost.likely.to_exact_string(), "11.25");
        assert_eq!(priced.cost.low.to_exact_string(), "11.25");
        assert_eq!(priced.cost.high.to_exact_string(), "13.50");
        assert_eq!(priced.provenance, Provenance::Estimated, "a range is an estimate");
    }

    #[test]
    fn what_has_no_price_is_unpriced_and_not_free() {
        let counts = Counts::EMPTY.with(Meter::InputTokens, 10).with(Meter::CacheReadTokens, 90);
        assert_eq!(price_usage(&counts, None).unpriced_tokens, 100);
        let price = price("input=3,output=15");
        let partly = price_usage(&counts, Some(&found(&price)));
        assert_eq!((partly.unpriced_tokens, partly.cost.likely.to_exact_string().as_str()), (90, "0.00003"));
        assert!(price_usage(&counts, None).is_wholly_unpriced() && !partly.is_wholly_unpriced());
    }

    #[test]
    fn images_without_a_price_are_not_free() {
        let counts = Counts::EMPTY.with(Meter::InputTokens, 1_000_000).with(Meter::Images, 4);
        let mut with_images = price("input=3,output=15");
        let told = |price: Option<&ModelPrice>| {
            let priced = price_usage(&counts, price.map(found).as_ref());
            (priced.known_cost().map(|cost| cost.likely.to_exact_string()), priced.unpriced_text())
        };
        assert_eq!(told(Some(&with_images)), (Some("3.00".into()), Some("4 images".into())));
        with_images.image = Some(Decimal::new(4, 2));
        assert_eq!(told(Some(&with_images)), (Some("3.16".into()), None));
        assert_eq!(told(None), (None, Some("1,000,000 tokens and 4 images".into())));
        let images_alone = price_usage(&Counts::EMPTY.with(Meter::Images, 4), None);
        assert_eq!(images_alone.known_cost(), None, "a model without a price never costs 0");
    }

    proptest! {
        #[test]
        fn parts_cost_what_the_whole_costs(parts in prop::collection::vec((0_u64..1 << 40, 0_u64..1 << 40, 0_u64..1 << 40), 0..20)) {
            let price = price("input=0.0375,output=27.5,cache_write=6.875,cache_write_1h=11");
            let (mut sum, mut whole) = (PricedUsage::default(), Counts::EMPTY);
            for (input, output, write) in parts {
                let counts = Counts::EMPTY
                    .with(Meter::InputTokens, input)
                    .with(Meter::OutputTokens, output)
                    .with(Meter::CacheWriteTokens, write);
                sum.add(&price_usage(&counts, Some(&found(&price))));
                whole.add(&counts);
            }
            let at_once = price_usage(&whole, Some(&found(&price)));
            prop_assert_eq!(sum.cost, at_once.cost);
            prop_assert!(at_once.cost.low <= at_once.cost.likely && at_once.cost.likely <= at_once.cost.high);
        }
    }
}
