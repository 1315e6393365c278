//! `[[plan]]`, `[[exchange_rate]]` and the contracts of a tenant.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::config::budgets::{calendar, caps};
use crate::config::reader::Table;
use crate::config::{amounts, charges, values};
use crate::domain::amount::Amount;
use crate::domain::budget::{Budget, BudgetOver};
use crate::domain::contract::{Commitment, Contract, Currency, ExchangeRate, Plan, RateLimits, Terms, Validity};
use crate::domain::ids::{BudgetId, PlanId};

/// The most tokens or requests a minute that are taken.
const FASTEST: i64 = 1_000_000_000_000;

/// A version of a plan, and the budget that its caps give each of its tenants.
pub(super) fn plan(table: Table<'_>, zone: &TimeZone, rates: &[ExchangeRate]) -> Option<(Plan, Option<Budget>)> {
    let id = table.require("id", values::text).map(PlanId::new);
    let validity = validity(&table);
    let currency = currency(&table, rates).unwrap_or(Currency::USD);
    let cycle = calendar(&table, "period", zone);
    let terms = terms(&table, &Terms { currency, ..Terms::free(cycle) });
    let budget = id.as_ref().and_then(|id| cap_budget(table.table("caps"), id, &terms));
    table.finish();
    Some((Plan { id: id?, validity, terms }, budget))
}

/// A contract of a tenant; what it does not say is as in the plan's version of its first day.
pub(super) fn contract(table: Table<'_>, usual: Option<&PlanId>, plans: &[Plan]) -> Option<Contract> {
    let plan = table.get("plan", values::text).map(PlanId::new).or_else(|| usual.cloned());
    let validity = validity(&table);
    let Some(plan) = plan else {
        table.fault("it is for no plan: write plan = \"...\" here or in the tenant");
        return None;
    };
    let versions = || plans.iter().filter(|known| known.id == plan);
    let begins_in = |version: &&Plan| version.validity.overlaps(&Validity { to: None, ..validity });
    let base = versions().find(begins_in).or_else(|| versions().next());
    let own = base.map(|base| (terms(&table, &base.terms), &base.terms));
    if base.is_none() {
        table.fault_of("plan", format!("there is no plan `{plan}`: add a [[plan]] with this id"));
    }
    table.finish();
    let terms = own.and_then(|(own, base)| (own != *base).then_some(own));
    Some(Contract { validity, plan, terms })
}

/// What a currency is worth.
pub(super) fn exchange_rate(table: Table<'_>) -> Option<ExchangeRate> {
    let currency = table.require("currency", |value| letters(&values::text(value)?));
    let usd = table.require("usd", |value| {
        let number = amounts::number(&values::written(value)?);
        let sensible = Decimal::new(1, 6)..=Decimal::from(1_000_000);
        number.filter(|usd| sensible.contains(usd)).ok_or_else(|| {
            "it is how many US dollars one of it is worth, a number above 0, for example 1.08".to_owned()
        })
    });
    let from = table.get("from", values::date);
    table.finish();
    Some(ExchangeRate { currency: currency?, usd: usd?, from })
}

/// `from` and `to` of a table.
pub(super) fn validity(table: &Table<'_>) -> Validity {
    let validity = Validity { from: table.get("from", values::date), to: table.get("to", values::date) };
    if validity.from.zip(validity.to).is_some_and(|(from, to)| from >= to) {
        table.fault_of("to", "it is not after `from`: `to` is the first day that is not part of it any more");
    }
    validity
}

fn currency(table: &Table<'_>, rates: &[ExchangeRate]) -> Option<Currency> {
    table.get("currency", |value| {
        let currency = letters(&values::text(value)?)?;
        let is_known = currency == Currency::USD || rates.iter().any(|rate| rate.currency == currency);
        if is_known {
            return Ok(currency);
        }
        Err(format!(
            "nothing is known of what {currency} is worth: add [[exchange_rate]] with currency = \"{currency}\" and \
             usd = how many US dollars one of it is"
        ))
    })
}

fn letters(text: &str) -> Result<Currency, String> {
    Currency::parse(text)
        .ok_or_else(|| format!("`{text}` is not a currency: write its three capital letters, for example EUR"))
}

/// The terms of a table over others.
fn terms(table: &Table<'_>, base: &Terms) -> Terms {
    let currency = base.currency;
    let money = |key| table.get(key, |value| amounts::money(&values::written(value)?, currency));
    let charges = charges::charges(table, currency);
    let terms = Terms {
        base_fee: money("base_fee").unwrap_or(base.base_fee),
        charges: charges.unwrap_or_else(|| base.charges.clone()),
        commitment: table.get("commitment", |value| commitment(&values::written(value)?, currency)).or(base.commitment),
        minimum: money("minimum").or(base.minimum),
        maximum: money("maximum").or(base.maximum),
        prorate: table.get("prorate", values::flag).unwrap_or(base.prorate),
        rate_limits: rate_limits(table, base.rate_limits),
        ..base.clone()
    };
    if terms.minimum.zip(terms.maximum).is_some_and(|(minimum, maximum)| minimum > maximum) {
        table.fault_of("minimum", "it is above `maximum`");
    }
    match terms.commitment {
        Some(Commitment::Quantity(unit, _)) if terms.charges.iter().all(|charge| charge.unit != unit) => {
            let fault = format!("nothing here charges {}: write a charge with this meter, or an amount", unit.name());
            table.fault_of("commitment", fault);
        }
        _ => {}
    }
    terms
}

/// `5000 EUR`, `5000`, or `5e9 tokens`.
fn commitment(text: &str, currency: Currency) -> Result<Commitment, String> {
    let unit = text.trim().split_once(char::is_whitespace).map(|(_, unit)| unit.trim());
    match unit {
        Some(unit) if Currency::parse(unit).is_none() => match amounts::quantity(text)? {
            (number, Some(unit)) => Ok(Commitment::Quantity(unit, number)),
            (number, None) => Ok(Commitment::Spend(number)),
        },
        _ => Ok(Commitment::Spend(amounts::money(text, currency)?)),
    }
}

fn rate_limits(table: &Table<'_>, base: RateLimits) -> RateLimits {
    let limits = table.table("rate_limits");
    let limit = |key, base| {
        let whole = limits.get(key, values::whole(1, FASTEST));
        whole.and_then(|limit| u64::try_from(limit).ok()).or(base)
    };
    let read = RateLimits {
        tokens_per_minute: limit("tpm", base.tokens_per_minute),
        requests_per_minute: limit("rpm", base.requests_per_minute),
    };
    limits.finish();
    read
}

/// The budget that a plan's caps give to each of its tenants from its first minute on.
fn cap_budget(table: Table<'_>, id: &PlanId, terms: &Terms) -> Option<Budget> {
    let whole = table.has("hard").then_some("hard").or_else(|| table.has("soft").then_some("soft"));
    let Some(whole) = whole else {
        table.finish();
        return None;
    };
    let amount = table.get(whole, |value| amounts::amount(&values::text(value)?));
    let caps = amount.map(|amount: Amount| caps(&table, &amount));
    table.finish();
    Some(Budget {
        id: BudgetId::new(format!("plan:{id}")),
        amount: amount?,
        calendar: terms.cycle.clone(),
        over: BudgetOver::Plan(id.clone()),
        caps: caps?,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::amount::Unit;

    #[rstest]
    #[case("5000 EUR", Some(Commitment::Spend(Decimal::from(5000))))]
    #[case("5000", Some(Commitment::Spend(Decimal::from(5000))))]
    #[case("5e9 tokens", Some(Commitment::Quantity(Unit::of_meters("tokens").expect("a meter"), Decimal::from(5_000_000_000_i64))))]
    #[case("5000 USD", None)]
    #[case("lots", None)]
    fn commitments(#[case] text: &str, #[case] expected: Option<Commitment>) {
        assert_eq!(commitment(text, Currency::parse("EUR").expect("a currency")).ok(), expected);
    }
}
