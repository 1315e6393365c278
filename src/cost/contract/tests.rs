//! Worked examples, each computed by hand, and what holds for every contract.

mod days;
mod laws;

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;
use crate::domain::amount::Unit;
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::contract::{
    Contract, Currency, ExchangeRate, Plan, Pricing, TenantContracts, Tier, TierMode, Validity,
};
use crate::domain::meter::{Counts, Meter};
use crate::domain::money::{CostRange, Money};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).expect("a number")
}

fn tokens() -> Unit {
    Unit::of_meters("tokens").expect("a meter")
}

fn month(zone: &str) -> Calendar {
    Calendar::months(TimeZone::get(zone).expect("a known zone"))
}

/// Tiers as `up_to unit_price flat_fee`, `-` for an open one.
fn tiered(mode: TierMode, price_per: i64, tiers: &[&str]) -> Pricing {
    let tier = |text: &&str| {
        let parts: Vec<&str> = text.split(' ').collect();
        let up_to = (parts[0] != "-").then(|| decimal(parts[0]));
        Tier { up_to, unit_price: decimal(parts[1]), flat_fee: decimal(parts[2]) }
    };
    Pricing::Tiered { mode, price_per: price_per.into(), tiers: tiers.iter().map(tier).collect() }
}

fn charge(included: i64, pricing: Pricing) -> Charge {
    Charge { unit: tokens(), included: included.into(), rollover: false, pricing }
}

fn flat(included: i64, price: &str) -> Charge {
    charge(included, tiered(TierMode::Graduated, 1, &[&format!("- {price} 0")]))
}

fn terms(charges: Vec<Charge>) -> Terms {
    Terms { charges, ..Terms::free(month("UTC")) }
}

/// The only plan, for everybody.
fn contracts(terms: Terms) -> Contracts {
    Contracts {
        plans: vec![Plan { id: "gold".into(), validity: Validity::default(), terms }],
        default_plan: Some("gold".into()),
        ..Contracts::default()
    }
}

/// Tokens and dollars by the time they were used at.
type Used<'a> = &'a [(&'a str, u64, i64)];

fn usage(used: Used<'_>) -> impl Fn(TimeSpan) -> PricedUsage {
    let used: Vec<_> = used.iter().map(|&(time, tokens, dollars)| (at(time), tokens, dollars)).collect();
    move |span| {
        let mut sum = PricedUsage::default();
        for (_, tokens, dollars) in used.iter().filter(|(time, ..)| span.contains(*time)) {
            sum.add(&PricedUsage {
                counts: Counts::EMPTY.with(Meter::InputTokens, *tokens),
                cost: CostRange::exact(Money::usd((*dollars).into())),
                ..PricedUsage::default()
            });
        }
        sum
    }
}

fn billed(contracts: &Contracts, from: &str, to: &str, used: Used<'_>) -> Vec<Bill> {
    let account = Account { contracts, tenant: &"acme".into(), tags: &Tags::new(), known_from: Timestamp::MIN };
    bills(account, TimeSpan::new(at(from), at(to)), &usage(used))
}

/// Lines as `kind quantity amount`.
fn told(bills: &[Bill]) -> Vec<String> {
    let line = |line: &Line| format!("{} {} {}", line.kind.name(), line.quantity.normalize(), line.amount.normalize());
    bills.iter().flat_map(|bill| &bill.lines).map(line).collect()
}

/// November with this many tokens in it.
fn november(terms: Terms, tokens: u64) -> Vec<Bill> {
    let used = [("2026-11-10T12:00:00Z", tokens, 0)];
    billed(&contracts(terms), "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", &used)
}

fn november_total(terms: Terms, tokens: u64) -> String {
    november(terms, tokens).iter().map(Bill::total).sum::<Decimal>().normalize().to_string()
}

/// Up to 100 at 0.5, up to 300 at 0.3 and 7 for getting there, beyond at 0.1.
const BANDS: [&str; 3] = ["100 0.5 0", "300 0.3 7", "- 0.1 0"];

#[rstest]
#[case::nothing(0, "0", "0")]
#[case::below_the_first_edge(99, "49.5", "49.5")]
#[case::at_the_first_edge(100, "50", "50")]
// 100 x 0.5 + 1 x 0.3 + 7; all 101 x 0.3 + 7
#[case::above_the_first_edge(101, "57.3", "37.3")]
#[case::below_the_second_edge(299, "116.7", "96.7")]
// 50 + 200 x 0.3 + 7; 300 x 0.3 + 7
#[case::at_the_second_edge(300, "117", "97")]
// 117 + 1 x 0.1; 301 x 0.1
#[case::above_the_second_edge(301, "117.1", "30.1")]
#[case::far_above(1_000_000, "100087", "100000")]
fn graduated_and_volume(#[case] tokens: u64, #[case] graduated: &str, #[case] volume: &str) {
    let total = |mode| november_total(terms(vec![charge(0, tiered(mode, 1, &BANDS))]), tokens);
    assert_eq!((total(TierMode::Graduated).as_str(), total(TierMode::Volume).as_str()), (graduated, volume));
}

#[rstest]
#[case::nothing(0, "0")]
#[case::a_package_begun(1, "2")]
#[case::a_package(1000, "2")]
#[case::another_begun(1001, "4")]
// Four packages at 2, then one begun at 1.
#[case::beyond_the_edge(4001, "9")]
fn packages_are_whole(#[case] tokens: u64, #[case] expected: &str) {
    let pricing = tiered(TierMode::Package, 1000, &["4000 2 0", "- 1 0"]);
    assert_eq!(november_total(terms(vec![charge(0, pricing)]), tokens), expected);
}

#[test]
fn a_price_is_for_so_many() {
    let millions = charge(0, tiered(TierMode::Graduated, 1_000_000, &["- 3.5 0"]));
    assert_eq!(november_total(terms(vec![millions]), 2_000_001), "7.0000035");
}

#[rstest]
#[case::within(40, &["base_fee 0 9", "included 40 0"])]
#[case::all_of_it(50, &["base_fee 0 9", "included 50 0"])]
#[case::beyond(60, &["base_fee 0 9", "included 50 0", "usage 10 20"])]
fn the_included_quantity_costs_nothing(#[case] tokens: u64, #[case] expected: &[&str]) {
    assert_eq!(told(&november(Terms { base_fee: 9.into(), ..terms(vec![flat(50, "2")]) }, tokens)), expected);
}

#[rstest]
#[case::spend_not_reached(Commitment::Spend(100.into()), 30, &["usage 30 60", "true_up 0 40"])]
#[case::spend_reached(Commitment::Spend(100.into()), 50, &["usage 50 100"])]
#[case::spend_passed(Commitment::Spend(100.into()), 51, &["usage 51 102"])]
// The 20 tokens that are missing cost what they would have cost.
#[case::tokens_not_reached(Commitment::Quantity(tokens(), 50.into()), 30, &["usage 30 60", "true_up 0 40"])]
#[case::tokens_reached(Commitment::Quantity(tokens(), 50.into()), 50, &["usage 50 100"])]
fn a_commitment_is_topped_up(#[case] commitment: Commitment, #[case] tokens: u64, #[case] expected: &[&str]) {
    let bills = november(Terms { commitment: Some(commitment), ..terms(vec![flat(0, "2")]) }, tokens);
    assert_eq!(told(&bills), expected);
    let standing = bills[0].commitment.expect("a commitment");
    assert_eq!(standing.drawn, if standing.unit.is_some() { tokens.into() } else { Decimal::from(tokens * 2) });
}

#[rstest]
#[case::topped_up(10, &["usage 10 20", "minimum 0 30"])]
#[case::between(40, &["usage 40 80"])]
#[case::cut(60, &["usage 60 120", "maximum 0 -30"])]
fn minimum_and_maximum(#[case] tokens: u64, #[case] expected: &[&str]) {
    let bounded = Terms { minimum: Some(50.into()), maximum: Some(90.into()), ..terms(vec![flat(0, "2")]) };
    assert_eq!(told(&november(bounded, tokens)), expected);
}

#[test]
fn a_mark_up_is_on_what_aws_charges_in_the_currency_of_its_day() {
    let euro = Currency::parse("EUR").expect("a currency");
    let markup =
        Charge { unit: Unit::Usd, included: 10.into(), rollover: false, pricing: Pricing::Markup(decimal("0.2")) };
    let rate = |usd: &str, from: &str| ExchangeRate { currency: euro, usd: decimal(usd), from: from.parse().ok() };
    let contracts = Contracts {
        exchange_rates: vec![rate("1.25", "2026-10-01"), rate("1.6", "2026-11-02")],
        ..contracts(Terms { currency: euro, base_fee: 3.into(), ..terms(vec![markup]) })
    };
    let bills = billed(&contracts, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", &[("2026-11-10T12:00:00Z", 5, 110)]);
    // 100 USD are 80 EUR at the rate of 1 November, and 20 % on top; the later rate is of another day.
    assert_eq!(told(&bills), ["base_fee 0 3", "included 10 0", "markup 100 96"]);
    assert_eq!((bills[0].currency.as_str(), bills[0].usd().to_string().as_str()), ("EUR", "$123.75"));
}

fn plan(from: &str, to: &str, base_fee: i64, price: &str) -> Plan {
    let terms = Terms { base_fee: base_fee.into(), ..terms(vec![flat(30, price)]) };
    Plan { id: "gold".into(), validity: Validity { from: from.parse().ok(), to: to.parse().ok() }, terms }
}

#[test]
fn a_change_in_mid_month_bills_each_part_by_its_own_terms() {
    let plans = vec![plan("2026-01-01", "2026-11-11", 300, "2"), plan("2026-11-11", "", 600, "1")];
    let contracts = Contracts { plans, ..contracts(terms(Vec::new())) };
    let used = [("2026-11-10T23:59:59Z", 40, 0), ("2026-11-11T00:00:00Z", 50, 0)];
    let bills = billed(&contracts, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", &used);
    // 10 of 30 days: a third of 300, 10 of 30 included. 20 of 30: two thirds of 600, 20 included.
    let expected = ["base_fee 0 100", "included 10 0", "usage 30 60", "base_fee 0 400", "included 20 0", "usage 30 30"];
    assert_eq!(told(&bills), expected);
}

#[rstest]
#[case::starts_in_mid_month("2026-11-16", "", true, "150")]
#[case::ends_in_mid_month("", "2026-11-04", true, "30")]
#[case::for_a_day("2026-11-04", "2026-11-05", true, "10")]
#[case::in_full("2026-11-16", "", false, "300")]
fn parts_of_a_month_owe_parts_of_the_fee(
    #[case] from: &str,
    #[case] to: &str,
    #[case] prorate: bool,
    #[case] fee: &str,
) {
    let mut version = plan(from, to, 300, "1");
    version.terms.prorate = prorate;
    let contracts = Contracts { plans: vec![version], ..contracts(terms(Vec::new())) };
    let bills = billed(&contracts, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", &[]);
    assert_eq!(told(&bills), [format!("base_fee 0 {fee}")]);
}

#[test]
fn parts_add_up_to_the_last_digit_where_days_do_not_divide() {
    let plans = vec![
        plan("", "2026-11-08", 100, "1"),
        plan("2026-11-08", "2026-11-15", 100, "1"),
        plan("2026-11-15", "", 100, "1"),
    ];
    let contracts = Contracts { plans, ..contracts(terms(Vec::new())) };
    let bills = billed(&contracts, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", &[]);
    assert_eq!(bills.len(), 3);
    assert_eq!(bills.iter().map(Bill::total).sum::<Decimal>(), Decimal::ONE_HUNDRED);
}

#[test]
fn a_contract_of_its_own_goes_before_the_plan() {
    let own = Contract {
        validity: Validity { from: "2026-11-16".parse().ok(), to: None },
        plan: "gold".into(),
        terms: Some(Terms { base_fee: 60.into(), ..terms(Vec::new()) }),
    };
    let acme = TenantContracts { contracts: vec![own], ..TenantContracts::default() };
    let contracts = Contracts {
        tenants: BTreeMap::from([("acme".into(), acme)]),
        ..contracts(Terms { base_fee: 300.into(), ..terms(Vec::new()) })
    };
    let bills = billed(&contracts, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", &[]);
    assert_eq!(told(&bills), ["base_fee 0 150", "base_fee 0 30"]);
}

/// October uses 20 of 100, September nothing.
#[rstest]
#[case::as_much_as_is_included_and_carried(180, &["included 180 0"])]
// What September left is lost: 100 of October and 80 that October left.
#[case::beyond(181, &["included 180 0", "usage 1 2"])]
fn what_is_left_rolls_over_once(#[case] tokens: u64, #[case] expected: &[&str]) {
    let rolling = Charge { rollover: true, ..flat(100, "2") };
    let used = [("2026-10-15T00:00:00Z", 120, 0), ("2026-11-15T00:00:00Z", tokens, 0)];
    let contracts = contracts(terms(vec![rolling]));
    let tenant = "acme".into();
    let tags = Tags::new();
    let account =
        Account { contracts: &contracts, tenant: &tenant, tags: &tags, known_from: at("2026-09-01T00:00:00Z") };
    let november = TimeSpan::new(at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z"));
    // September leaves 100, which October uses first: of its own 100 then 80 are left.
    assert_eq!(told(&bills(account, november, &usage(&used))), expected);
    let unknown = Account { known_from: at("2026-10-02T00:00:00Z"), ..account };
    assert_eq!(told(&bills(unknown, november, &usage(&used)))[0], "included 100 0", "what is not known is not given");
}

#[test]
fn an_included_quantity_that_does_not_roll_over_is_lost() {
    let used = [("2026-11-15T00:00:00Z", 101, 0)];
    let bills = billed(&contracts(terms(vec![flat(100, "2")])), "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", &used);
    assert_eq!(told(&bills), ["included 100 0", "usage 1 2"]);
}

#[test]
fn a_quarter_is_billed_over_its_months_without_loss() {
    let cycle = Calendar { length: PeriodLength::Quarter, ..month("UTC") };
    let quarterly = Terms {
        cycle,
        base_fee: 92.into(),
        commitment: Some(Commitment::Spend(1000.into())),
        ..terms(vec![charge(0, tiered(TierMode::Graduated, 1, &BANDS))])
    };
    let contracts = contracts(quarterly);
    let used = [("2026-10-05T00:00:00Z", 80, 0), ("2026-11-05T00:00:00Z", 400, 0), ("2026-12-30T00:00:00Z", 3, 0)];
    let total = |from: &str, to: &str| billed(&contracts, from, to, &used).iter().map(Bill::total).sum::<Decimal>();
    let whole = total("2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z");
    // 92 + 117 + 183 x 0.1 = 227.3 and up to 1,000 of it for usage: 92 + 1000.
    assert_eq!(whole, 1092.into());
    let months = total("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
        + total("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
        + total("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_eq!(months, whole);
}

#[test]
fn half_way_half_of_what_is_for_time_is_due() {
    let contracts = contracts(Terms { base_fee: 30.into(), minimum: Some(50.into()), ..terms(vec![flat(0, "1")]) });
    let account =
        Account { contracts: &contracts, tenant: &"acme".into(), tags: &Tags::new(), known_from: Timestamp::MIN };
    let used = [("2026-11-10T12:00:00Z", 10, 7)];
    let stands = standing(account, at("2026-11-16T00:00:00Z"), &usage(&used)).expect("a contract");
    // 30 + 10 + 10 up to the minimum; by now half of 30 and of 10, and all 10 for usage.
    assert_eq!((stands.revenue.to_string().as_str(), stands.accrued.to_string().as_str()), ("$50.00", "$30.00"));
    assert_eq!((stands.margin().to_string().as_str(), stands.bill.charges[0].tier), ("$23.00", Some(1)));
}
