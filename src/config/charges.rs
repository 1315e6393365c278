//! What a plan charges for usage: `[[plan.charge]]`, or the same keys in the plan itself where there is one charge.

use rust_decimal::Decimal;

use crate::config::reader::Table;
use crate::config::{amounts, values};
use crate::domain::amount::Unit;
use crate::domain::contract::{Charge, Currency, Pricing, Tier, TierMode};
use crate::domain::meter::MeterSet;

const MODES: [(&str, TierMode); 3] =
    [("graduated", TierMode::Graduated), ("volume", TierMode::Volume), ("package", TierMode::Package)];
/// The keys of a charge.
const KEYS: [&str; 7] = ["meter", "included", "rollover", "mode", "price_per", "tiers", "markup"];
/// Prices of tokens are for so many, if nothing else is said.
const MILLION: i64 = 1_000_000;
/// The highest price of a unit that is taken.
const DEAREST: i64 = 1_000_000_000;

/// The charges of a plan: its own keys first, then `[[plan.charge]]`; `None` where there are none of either.
pub(super) fn charges(table: &Table<'_>, currency: Currency) -> Option<Vec<Charge>> {
    let own = KEYS.into_iter().filter(|key| table.has(key)).count() > 0;
    let listed = table.tables("charge");
    if !own && listed.is_empty() {
        return None;
    }
    let mut charges: Vec<Charge> = Vec::new();
    charges.extend(own.then(|| charge(table, currency)).flatten());
    for listed in listed {
        if let Some(charge) = charge(&listed, currency) {
            if charges.iter().any(|known| shares_a_meter(known.unit, charge.unit)) {
                listed.fault_of("meter", "a charge before this one counts it already: it would be charged twice");
            }
            charges.push(charge);
        }
        listed.finish();
    }
    Some(charges)
}

fn shares_a_meter(a: Unit, b: Unit) -> bool {
    match (a, b) {
        (Unit::Count(a), Unit::Count(b)) => a.intersection(b) != MeterSet::EMPTY,
        (a, b) => a == b,
    }
}

fn charge(table: &Table<'_>, currency: Currency) -> Option<Charge> {
    let meter = table.get("meter", |value| unit(&values::text(value)?));
    let included = table.get("included", |value| amounts::quantity(&values::written(value)?));
    let rollover = table.get("rollover", values::flag).unwrap_or(false);
    let markup = table.get("markup", |value| amounts::share(&values::written(value)?));
    let of_included = included.and_then(|(_, unit)| unit);
    let unit = meter.or(of_included).or(markup.map(|_| Unit::Usd));
    let Some(unit) = unit else {
        table.fault("it is not said what is charged: write for example meter = \"tokens\"");
        return None;
    };
    if of_included.is_some_and(|counted| counted != unit) {
        table.fault_of("included", format!("it is not in {}, as `meter` is", unit.name()));
    }
    let tiers = tiers(table, currency, unit);
    let pricing = match (markup, tiers) {
        (Some(markup), None) => Pricing::Markup(markup),
        (None, Some(tiers)) => tiers,
        (Some(_), Some(_)) => {
            table.fault_of("markup", "there are `tiers` as well: a charge has one price, write one of the two");
            return None;
        }
        (None, None) => {
            table.fault("it has no price: write `tiers`, or `markup` on what AWS charges");
            return None;
        }
    };
    if markup.is_some() && unit != Unit::Usd {
        table.fault_of("markup", "it is on what AWS charges: write meter = \"cost\", or leave `meter` out");
    }
    let included = included.map_or(Decimal::ZERO, |(included, _)| included);
    if rollover && included.is_zero() {
        table.fault_of("rollover", "nothing is included that could roll over: add `included`");
    }
    Some(Charge { unit, included, rollover, pricing })
}

fn unit(text: &str) -> Result<Unit, String> {
    if text == "cost" { Ok(Unit::Usd) } else { Unit::of_meters(text).map_err(|fault| format!("{fault}, or cost")) }
}

/// The tiers with their mode; `None` where there are none or they are faulty.
fn tiers(table: &Table<'_>, currency: Currency, unit: Unit) -> Option<Pricing> {
    let mode = table.get("mode", values::choice(&MODES)).unwrap_or(TierMode::Graduated);
    let usual = if unit.is_tokens() { Decimal::from(MILLION) } else { Decimal::ONE };
    let price_per = table
        .get("price_per", |value| match amounts::quantity(&values::written(value)?)? {
            (number, None) if number > Decimal::ZERO => Ok(number),
            _ => Err("a price is for a number above 0, for example 1_000_000".to_owned()),
        })
        .unwrap_or(usual);
    let tables = table.tables("tiers");
    if tables.is_empty() {
        return None;
    }
    let last = tables.len() - 1;
    let mut tiers = Vec::new();
    let mut reached = Some(Decimal::ZERO);
    for (index, table) in tables.into_iter().enumerate() {
        let tier = tier(&table, currency);
        check_bounds(&table, tier.up_to, reached, index == last);
        if mode == TierMode::Package && tier.up_to.is_some_and(|up_to| !(up_to % price_per).is_zero()) {
            table.fault_of("up_to", format!("it cuts a package of {price_per}: write a multiple of that"));
        }
        table.finish();
        reached = tier.up_to;
        tiers.push(tier);
    }
    Some(Pricing::Tiered { mode, price_per, tiers })
}

fn tier(table: &Table<'_>, currency: Currency) -> Tier {
    let price = |value: &toml::de::DeValue<'_>| {
        let price = amounts::money(&values::written(value)?, currency)?;
        if price > Decimal::from(DEAREST) { Err(format!("{price} makes no sense as a price")) } else { Ok(price) }
    };
    let up_to = table.get("up_to", |value| Ok(amounts::quantity(&values::written(value)?)?.0));
    let unit_price = table.get("unit_price", price);
    let flat_fee = table.get("flat_fee", price);
    if !table.has("unit_price") && !table.has("flat_fee") {
        table.fault("it has no price: write unit_price, flat_fee or both; 0 is free");
    }
    Tier { up_to, unit_price: unit_price.unwrap_or_default(), flat_fee: flat_fee.unwrap_or_default() }
}

/// A tier begins where the one before ended (`reached`) and ends above that; the last one is open.
fn check_bounds(table: &Table<'_>, up_to: Option<Decimal>, reached: Option<Decimal>, is_last: bool) {
    let from = table.get("from", |value| Ok(amounts::quantity(&values::written(value)?)?.0));
    let Some(reached) = reached else {
        table.fault("the tier before it is open (it has no `up_to`) and holds all of this one: they overlap");
        return;
    };
    if let Some(from) = from.filter(|from| *from != reached) {
        let what = if from < reached { "overlaps the tier before it" } else { "leaves a gap to the tier before it" };
        table.fault_of("from", format!("{what}, which ends at {reached}: write {reached}, or leave `from` out"));
    }
    match up_to {
        Some(up_to) if up_to <= reached => {
            table.fault_of("up_to", format!("{up_to} does not rise: the tier before it ends at {reached}"));
        }
        Some(up_to) if is_last => {
            table.fault_of("up_to", format!("nothing is said of what is above {up_to}: leave it out in the last tier"));
        }
        None if table.has("up_to") || is_last => {}
        // The tier after it tells that they overlap.
        None | Some(_) => {}
    }
}
