//! What the book has, and which of its prices a profile gets.

use rstest::rstest;

use super::*;
use crate::cost::price_usage;
use crate::domain::contract::Validity;
use crate::domain::ids::ProfileKey;
use crate::domain::meter::{Counts, Meter};
use crate::domain::price::{Discount, Narrowing};
use crate::domain::profile::{Profile, Reach};
use crate::domain::view::Provenance;

#[rstest]
#[case::standard(ServiceTier::Standard, "$3.00", 0)]
#[case::priority(ServiceTier::Priority, "$5.25", 0)]
#[case::flex(ServiceTier::Flex, "$1.50", 0)]
#[case::reserved_is_billed_by_the_month(ServiceTier::Reserved, "$0.00", 1_000_000)]
fn tiers_have_their_price(#[case] tier: ServiceTier, #[case] cost: &str, #[case] unpriced: u64) {
    let book = PriceBook::embedded().with_fallback("input=3,output=15".parse().expect("a price"));
    let part = Profile { tier, ..profile("", Reach::Global, "us-east-1") };
    let counts = Counts::EMPTY.with(Meter::InputTokens, 1_000_000);
    let priced = price_usage(&counts, book.price_for(&part, Timestamp::UNIX_EPOCH).as_ref());
    assert_eq!((priced.cost.likely.to_string().as_str(), priced.unpriced_tokens), (cost, unpriced));
}

fn profile(model: &str, reach: Reach, region: &str) -> Profile {
    let key = ProfileKey { scope: "main".into(), id: "blkjc8qmk04r".into() };
    Profile {
        model: (!model.is_empty()).then(|| model.into()),
        reach,
        region: region.to_owned(),
        ..Profile::bare(key, Timestamp::UNIX_EPOCH)
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

#[test]
fn every_row_of_the_data_file_is_found_again() {
    let listing = Listing::read(EMBEDDED).expect("the data file is well formed");
    let tiers = listing.places_by_model.values().flat_map(BTreeMap::values);
    let prices: usize = tiers.flat_map(BTreeMap::values).map(Vec::len).sum();
    assert_eq!((prices, listing.unit_hours.len()), (889, 28));
    assert_eq!(prices + listing.unit_hours.len(), EMBEDDED.lines().count() - 1);
    let without = |dated: &Dated| dated.price.is_empty();
    assert!(
        !listing.places_by_model.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values).flatten().any(without)
    );
}

/// Prices of the source, as it has them by the token, times a million.
#[rstest]
#[case("anthropic.claude-opus-4-6-v1", Reach::Geo, "us-east-1", ServiceTier::Standard, "5.5 27.5 0.55 6.875 11")]
#[case("amazon.nova-pro-v1:0", Reach::InRegion, "us-east-1", ServiceTier::Standard, "0.8 3.2 0.2 - -")]
#[case("amazon.nova-pro-v1:0", Reach::Geo, "eu-west-1", ServiceTier::Flex, "0.525 2.1 0.13125 - -")]
#[case("amazon.nova-pro-v1:0", Reach::Geo, "us-east-1", ServiceTier::Priority, "1.4 5.6 0.35 - -")]
#[case("amazon.nova-pro-v1:0", Reach::Geo, "us-east-1", ServiceTier::Batch, "0.4 1.6 0.1 - -")]
#[case("claude-opus-5-5", Reach::Global, "us-east-1", ServiceTier::Batch, "2 10 0.1 2.5 4")]
#[case(
    "anthropic.claude-3-haiku-20240307-v1:0",
    Reach::InRegion,
    "us-east-1",
    ServiceTier::Standard,
    "0.25 1.25 - - -"
)]
fn spot_prices(
    #[case] model: &str,
    #[case] reach: Reach,
    #[case] region: &str,
    #[case] tier: ServiceTier,
    #[case] prices: &str,
) {
    let profile = Profile { tier, ..profile(model, reach, region) };
    let found = PriceBook::embedded().price_for(&profile, at("2026-11-24T00:00:00Z")).expect("a known model");
    let text = |price: &Option<Decimal>| price.map_or("-".to_owned(), |price| price.normalize().to_string());
    let told: Vec<String> = found.price.values()[..5].iter().map(text).collect();
    assert_eq!((told.join(" ").as_str(), found.provenance), (prices, Provenance::Measured));
}

#[test]
fn a_tier_without_a_row_is_an_estimate_from_the_standard_price() {
    let profile =
        Profile { tier: ServiceTier::Flex, ..profile("anthropic.claude-opus-4-6-v1", Reach::Geo, "us-east-1") };
    let quote = PriceBook::embedded().quote(&profile, at("2026-11-24T00:00:00Z"));
    let found = quote.found.expect("a known model");
    assert_eq!((found.price.input, found.provenance), ("2.75".parse().ok(), Provenance::Estimated));
    assert!(quote.why[1].contains("no row for this tier: 0.5 times the standard price"), "{:?}", quote.why);
}

#[test]
fn a_model_that_ranks_is_charged_by_the_request() {
    let book = PriceBook::embedded();
    let profile = profile("cohere.rerank-v3-5:0", Reach::InRegion, "us-east-1");
    let counts = Counts::EMPTY.with(Meter::Invocations, 1_500).with(Meter::InputTokens, 9_000);
    let priced = price_usage(&counts, book.price_for(&profile, at("2026-11-24T00:00:00Z")).as_ref());
    assert_eq!((priced.cost.likely.to_string().as_str(), priced.unpriced_tokens), ("$3.00", 0));
}

#[test]
fn hours_of_model_units_are_listed() {
    let book = PriceBook::embedded();
    let is_wanted =
        |unit: &&UnitHour| unit.model == "anthropic.claude-v1" && unit.place == "us-east-1" && unit.months == 6;
    // 0.00972 USD a second in the source.
    assert_eq!(book.unit_hours().iter().find(is_wanted).map(|unit| unit.usd), "34.992".parse().ok());
}

fn rule(model: &str, prices: &str, from: &str) -> PriceRule {
    let mut price = ModelPrice::default();
    for (name, amount) in prices.split_whitespace().filter_map(|part| part.split_once('=')) {
        price.set(name, amount).expect("a price");
    }
    PriceRule {
        model: model.to_owned(),
        region: None,
        reach: None,
        tier: None,
        validity: Validity { from: from.parse().ok(), to: None },
        price,
        discount: None,
        narrowing: Narrowing::default(),
    }
}

#[test]
fn a_rule_changes_what_it_names_from_its_day_on() {
    let dearer = rule("amazon.nova-*", "input=7", "2026-11-25");
    let book = PriceBook::embedded().with_rules(vec![dearer]);
    let nova = profile("amazon.nova-pro-v1:0", Reach::InRegion, "us-east-1");
    let price = |day: &str| book.price_for(&nova, at(day)).expect("a known model").price;
    assert_eq!(
        price("2026-11-24T23:59:59Z"),
        PriceBook::embedded().price_for(&nova, at("2026-11-24T00:00:00Z")).expect("known").price
    );
    let after = price("2026-11-25T00:00:00Z");
    assert_eq!((after.input, after.output), (Some(7.into()), "3.2".parse().ok()));
    assert!(book.change_times().contains(&at("2026-11-25T00:00:00Z")), "usage is cut where prices change");
    let flex = Profile { tier: ServiceTier::Flex, ..nova.clone() };
    let found = book.price_for(&flex, at("2026-11-25T00:00:00Z")).expect("a known model");
    assert_eq!(found.price.input, "3.5".parse().ok(), "a rule without a tier gives the standard price");
    let claude = profile("anthropic.claude-opus-4-6-v1", Reach::Geo, "us-east-1");
    assert_eq!(
        book.price_for(&claude, at("2026-12-01T00:00:00Z")),
        PriceBook::embedded().price_for(&claude, at("2026-12-01T00:00:00Z"))
    );
}

#[test]
fn rules_apply_in_their_order() {
    let percent = PriceRule { discount: Some(Discount::Share(Decimal::new(25, 2))), ..rule("*", "", "") };
    let off = PriceRule { discount: Some(Discount::Usd(Decimal::ONE)), ..rule("anthropic.*", "", "") };
    let nova = profile("anthropic.claude-opus-4-6-v1", Reach::Global, "us-east-1");
    let input = |rules: Vec<PriceRule>| {
        let book = PriceBook::embedded().with_rules(rules);
        book.price_for(&nova, at("2026-11-24T00:00:00Z")).and_then(|found| found.price.input)
    };
    assert_eq!(input(vec![percent.clone(), off.clone()]), "2.75".parse().ok());
    assert_eq!(input(vec![off, percent]), "3.00".parse().ok());
}

#[test]
fn a_rule_prices_what_the_book_does_not_know_and_says_so() {
    let book = PriceBook::embedded().with_rules(vec![rule("acme.*", "input=1 output=2", "")]);
    let quote = book.quote(&profile("acme.unheard-of-v1", Reach::InRegion, "us-east-1"), at("2026-11-24T00:00:00Z"));
    assert_eq!(quote.found.expect("a price").provenance, Provenance::Measured);
    assert_eq!(quote.why, ["[[price]] model = \"acme.*\", input = 1, output = 2"]);
    let unknown = book.quote(&profile("other.model", Reach::InRegion, "us-east-1"), at("2026-11-24T00:00:00Z"));
    assert!(unknown.found.is_none() && unknown.why[0].contains("give one with [[price]]"), "{:?}", unknown.why);
}

#[test]
fn usage_can_be_known_to_be_served_at_a_tier() {
    let batch = PriceRule {
        narrowing: Narrowing { tier: Some(ServiceTier::Batch), ..Narrowing::default() },
        ..rule("amazon.*", "", "")
    };
    let book = PriceBook::embedded().with_rules(vec![batch]);
    let quote = book.quote(&profile("amazon.nova-pro-v1:0", Reach::InRegion, "us-east-1"), at("2026-11-24T00:00:00Z"));
    assert_eq!((quote.tier, quote.found.and_then(|found| found.price.input)), (ServiceTier::Batch, "0.4".parse().ok()));
}

/// The prices per thousand tokens of the AWS ML blog's own table, taken as dollars per million, came out 1,000 times too
/// low there. A dollar of Claude 3 Haiku is a dollar here.
#[test]
fn a_price_is_not_a_thousand_times_too_low() {
    let haiku = profile("anthropic.claude-3-haiku-20240307-v1:0", Reach::InRegion, "us-east-1");
    let counts = Counts::EMPTY.with(Meter::InputTokens, 2_000_000).with(Meter::OutputTokens, 400_000);
    let priced = price_usage(&counts, PriceBook::embedded().price_for(&haiku, at("2025-08-01T00:00:00Z")).as_ref());
    assert_eq!(priced.cost.likely.to_string(), "$1.00");
}

#[rstest]
#[case::geo(Reach::Geo, "us-east-1", "5.5")]
#[case::global(Reach::Global, "us-east-1", "5")]
#[case::in_region_costs_what_the_geography_does(Reach::InRegion, "eu-west-1", "5.5")]
#[case::no_region_known(Reach::InRegion, "", "5")]
fn the_price_follows_the_reach(#[case] reach: Reach, #[case] region: &str, #[case] input: &str) {
    let book = PriceBook::embedded();
    let profile = profile("anthropic.claude-opus-4-6-v1", reach, region);
    let found = book.price_for(&profile, at("2026-11-24T00:00:00Z")).expect("a known model");
    assert_eq!(found.price.input, input.parse().ok());
    assert_eq!(found.provenance, Provenance::Measured);
}

#[test]
fn a_region_with_a_price_of_its_own_has_it() {
    let book = PriceBook::embedded();
    let profile = profile("anthropic.claude-haiku-4-5-20251001-v1:0", Reach::InRegion, "us-gov-west-1");
    let found = book.price_for(&profile, at("2026-11-24T00:00:00Z")).expect("a known model");
    assert_eq!(found.price.input, "1.2".parse().ok());
}

#[test]
fn before_the_oldest_price_the_cost_is_an_estimate() {
    let book = PriceBook::embedded();
    let profile = profile("amazon.nova-lite-v1:0", Reach::InRegion, "us-east-1");
    let found = book.price_for(&profile, at("2026-11-01T00:00:00Z")).expect("a known model");
    assert_eq!(found.provenance, Provenance::Estimated);
}

#[test]
fn an_unknown_model_has_no_price_unless_one_is_given() {
    let now = at("2026-11-24T00:00:00Z");
    for model in ["", "acme.unheard-of-v1"] {
        let profile = profile(model, Reach::InRegion, "us-east-1");
        assert_eq!(PriceBook::embedded().price_for(&profile, now), None);
        let book = PriceBook::embedded().with_fallback("input=3,output=15".parse().expect("a price"));
        let found = book.price_for(&profile, now).expect("the fallback");
        assert_eq!(found.provenance, Provenance::Fallback);
    }
}

/// One live hour of a published data set: cache tokens are most of the bill. Source:
/// seraphjiang/bedrock-monitor, example-data, us.anthropic.claude-opus-4-6-v1.
#[test]
fn a_live_hour_costs_what_it_should() {
    let counts = Counts::EMPTY
        .with(Meter::InputTokens, 1_556)
        .with(Meter::OutputTokens, 44_150)
        .with(Meter::CacheReadTokens, 24_397_343)
        .with(Meter::CacheWriteTokens, 1_369_784);
    let book = PriceBook::embedded();
    let profile = profile("anthropic.claude-opus-4-6-v1", Reach::Geo, "us-east-1");
    let cost =
        |counts: &Counts| price_usage(counts, book.price_for(&profile, at("2026-11-24T00:00:00Z")).as_ref()).cost;
    assert_eq!(cost(&counts).likely.to_string(), "$24.06");
    let uncached = Counts::EMPTY.with(Meter::InputTokens, 1_556).with(Meter::OutputTokens, 44_150);
    assert_eq!(cost(&uncached).likely.to_string(), "$1.22");
}
