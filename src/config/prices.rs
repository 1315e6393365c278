//! `[[price]]`: what the user knows better than the price book.

use rust_decimal::Decimal;

use crate::config::reader::Table;
use crate::config::{amounts, plans, values};
use crate::domain::price::{CacheLifetime, Discount, ModelPrice, Narrowing, PriceRule};
use crate::domain::profile::{Reach, ServiceTier};

const REACHES: [(&str, Reach); 3] = [("in-region", Reach::InRegion), ("geo", Reach::Geo), ("global", Reach::Global)];
const TIERS: [(&str, ServiceTier); 5] = [
    ("standard", ServiceTier::Standard),
    ("priority", ServiceTier::Priority),
    ("flex", ServiceTier::Flex),
    ("batch", ServiceTier::Batch),
    ("reserved", ServiceTier::Reserved),
];
const LIFETIMES: [(&str, CacheLifetime); 2] = [("5m", CacheLifetime::FiveMinutes), ("1h", CacheLifetime::OneHour)];

/// A rule for prices.
pub(super) fn price(table: Table<'_>) -> Option<PriceRule> {
    let model = table.require("model", values::text);
    let rule = PriceRule {
        model: model.clone().unwrap_or_default(),
        region: table.get("region", values::text),
        reach: table.get("reach", values::choice(&REACHES)),
        tier: table.get("tier", values::choice(&TIERS)),
        validity: plans::validity(&table),
        price: amounts_of(&table),
        discount: table.get("discount", |value| discount(&values::text(value)?)),
        narrowing: Narrowing {
            cache_write_lifetime: table.get("cache_write_lifetime", values::choice(&LIFETIMES)),
            long_context: table.get("long_context", |value| part(&values::written(value)?)),
            tier: table.get("served_as", values::choice(&TIERS)),
        },
    };
    let says_nothing = !ModelPrice::NAMES
        .into_iter()
        .chain(["discount", "cache_write_lifetime", "long_context", "served_as"])
        .any(|key| table.has(key));
    if says_nothing {
        table.fault("it changes nothing: write prices such as input = 3, or discount = \"15%\"");
    }
    table.finish();
    model.map(|_| rule)
}

fn amounts_of(table: &Table<'_>) -> ModelPrice {
    let mut price = ModelPrice::default();
    for name in ModelPrice::NAMES {
        let set = |value: &toml::de::DeValue<'_>| {
            let mut one = ModelPrice::default();
            one.set(name, &values::written(value)?).map_err(|fault| fault.to_string())?;
            Ok(one)
        };
        if let Some(one) = table.get(name, set) {
            price = one.or(&price);
        }
    }
    price
}

/// `15%`, or `0.5 USD` off a million tokens.
fn discount(text: &str) -> Result<Discount, String> {
    let wrong =
        || format!("`{text}` is not a discount: write for example \"15%\", or \"0.5 USD\" off a million tokens");
    if text.trim().ends_with('%') {
        let share = amounts::share(text).map_err(|_| wrong())?;
        let sensible = share > Decimal::ZERO && share <= Decimal::ONE;
        return if sensible { Ok(Discount::Share(share)) } else { Err(wrong()) };
    }
    let amount = amounts::amount(text).map_err(|_| wrong())?;
    amount.money().map(|money| Discount::Usd(money.amount())).ok_or_else(wrong)
}

fn part(text: &str) -> Result<Decimal, String> {
    amounts::share(text)
        .ok()
        .filter(|share| *share <= Decimal::ONE)
        .ok_or_else(|| format!("`{text}` is not a share of the tokens: write for example 0.05 (5 %)"))
}
