//! Which terms are in force when.

use std::collections::BTreeMap;

use super::*;
use crate::domain::tenancy::Tags;

fn day(text: &str) -> Option<Date> {
    text.parse().ok()
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

fn validity(from: &str, to: &str) -> Validity {
    Validity { from: day(from), to: day(to) }
}

fn terms(base_fee: i64) -> Terms {
    Terms { base_fee: Decimal::from(base_fee), ..Terms::free(Calendar::months(TimeZone::UTC)) }
}

fn plan(id: &str, from: &str, to: &str, base_fee: i64) -> Plan {
    Plan { id: id.into(), validity: validity(from, to), terms: terms(base_fee) }
}

/// `gold` gets dearer on 1 July; acme has terms of its own in the second half of June.
fn contracts() -> Contracts {
    let own = Contract { validity: validity("2026-06-15", "2026-07-01"), plan: "gold".into(), terms: Some(terms(5)) };
    let acme = TenantContracts { plan: Some("gold".into()), contracts: vec![own], tags: Tags::new() };
    Contracts {
        plans: vec![plan("gold", "", "2026-07-01", 10), plan("gold", "2026-07-01", "", 20), plan("free", "", "", 0)],
        tenants: BTreeMap::from([("acme".into(), acme)]),
        plan_tags: vec!["Plan".into()],
        default_plan: Some("free".into()),
        exchange_rates: Vec::new(),
    }
}

fn fees(tenant: &str, tags: &Tags, from: &str, to: &str) -> Vec<(String, i64)> {
    use rust_decimal::prelude::ToPrimitive;
    let contracts = contracts();
    let found = contracts.in_force(&tenant.into(), tags, TimeSpan::new(at(from), at(to)));
    let fee = |in_force: &InForce<'_>| in_force.terms.base_fee.to_i64().expect("a small fee");
    found.iter().map(|in_force| (in_force.span.start.to_string(), fee(in_force))).collect()
}

#[test]
fn a_contract_goes_before_the_plan_and_the_plan_has_versions() {
    let found = fees("acme", &Tags::new(), "2026-06-01T00:00:00Z", "2026-08-01T00:00:00Z");
    let expected = [("2026-06-01T00:00:00Z", 10), ("2026-06-15T00:00:00Z", 5), ("2026-07-01T00:00:00Z", 20)];
    assert_eq!(found, expected.map(|(start, fee)| (start.to_owned(), fee)));
}

#[test]
fn a_new_tenant_has_the_plan_of_its_tag_or_the_default_one() {
    let tagged = Tags::from([("plan".to_owned(), "gold".to_owned())]);
    let fee = |tags: &Tags| fees("new", tags, "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z")[0].1;
    assert_eq!((fee(&tagged), fee(&Tags::new())), (10, 0));
    let unknown = Tags::from([("plan".to_owned(), "platinum".to_owned())]);
    assert_eq!(fee(&unknown), 0, "a tag that names no plan says nothing");
}

#[test]
fn days_are_those_of_the_zone() {
    let zone = TimeZone::get("Europe/Berlin").expect("a known zone");
    let span = validity("2026-03-29", "2026-03-30").span(&zone);
    assert_eq!(span.length().as_hours(), 23, "the clocks go forward on this day");
    assert!(validity("", "").span(&zone).contains(Timestamp::UNIX_EPOCH));
}

#[test]
fn validities_that_touch_do_not_overlap() {
    let june = validity("2026-06-01", "2026-07-01");
    assert!(!june.overlaps(&validity("2026-07-01", "")) && !validity("", "2026-06-01").overlaps(&june));
    assert!(june.overlaps(&validity("2026-06-30", "")) && june.overlaps(&validity("", "")));
}

#[test]
fn the_exchange_rate_of_the_day_counts() {
    let euro = Currency::parse("EUR").expect("a currency");
    let rate = |usd: i64, from: &str| ExchangeRate { currency: euro, usd: Decimal::new(usd, 2), from: day(from) };
    let rates = Contracts { exchange_rates: vec![rate(110, "2026-11-01"), rate(105, "2026-10-01")], ..contracts() };
    let usd = |text: &str| rates.usd_for(euro, at(text)).map(|usd| usd.to_string());
    assert_eq!(usd("2026-10-31T23:59:59Z").as_deref(), Some("1.05"));
    assert_eq!(usd("2026-11-01T00:00:00Z").as_deref(), Some("1.10"));
    assert_eq!(usd("2026-01-01T00:00:00Z").as_deref(), Some("1.05"), "the oldest is open towards the past");
    assert_eq!(rates.usd_for(Currency::parse("CHF").expect("a currency"), at("2026-11-01T00:00:00Z")), None);
    assert_eq!(rates.usd_for(Currency::USD, at("2026-11-01T00:00:00Z")), Some(Decimal::ONE));
}
