//! What a widely copied solution gets wrong about money, and what is right.
//!
//! The solution is that of the AWS blog (aws-samples/amazon-bedrock-samples, `inference-profile-cost-tracing`): it takes
//! prices by the thousand tokens for prices by the million, so that costs come out a thousand times too low; it looks for
//! prices by the name of the profile's model and region exactly, and fails where they are not in its table; and where a
//! tag is missing it counts a call that was billed as a failure without tokens.

use std::collections::BTreeMap;

use rstest::rstest;

use super::*;
use crate::domain::budget::{Budget, BudgetOver, Caps};
use crate::domain::calendar::Calendar;
use crate::domain::ids::{Owner, ProfileRef};
use crate::domain::level::Level;
use crate::domain::meter::{Counts, Meter};
use crate::domain::money::Money;
use crate::domain::profile::Reach;
use crate::domain::tenancy::{TagFault, TenantRules};
use crate::domain::view::Mode;
use crate::judge::fixtures::MemoryHistory;

/// The default model of the solution: 0.00025 USD for a thousand tokens of input, 0.00125 of output.
const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";

fn noon() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a valid time")
}

fn policy() -> Policy {
    let budget = Budget {
        id: "one-dollar".into(),
        amount: Money::usd(1.into()).into(),
        calendar: Calendar::months(jiff::tz::TimeZone::UTC),
        over: BudgetOver::Tenants(vec!["*".into()]),
        caps: Caps::default(),
    };
    Policy {
        tenancy: TenantRules { tag_keys: vec!["TenantID".into()], ..TenantRules::default() },
        budgets: vec![budget],
        ..Policy::plain(Mode::Live)
    }
}

/// An hour ago: two million tokens of input and 400,000 of output in ten calls.
fn called(history: &mut MemoryHistory, profile: ProfileRef) {
    let counts = Counts::EMPTY
        .with(Meter::Invocations, 10)
        .with(Meter::InputTokens, 2_000_000)
        .with(Meter::OutputTokens, 400_000);
    history.set(profile, noon() - SignedDuration::from_hours(1), counts);
}

fn view(history: &MemoryHistory) -> FleetView {
    let mut judge = Judge::default();
    let tally = judge.tally(history, &policy(), noon());
    judge.step(&tally, &policy());
    judge.view(&tally, history, &policy())
}

#[test]
fn a_price_by_the_thousand_is_not_one_by_the_million_and_a_dollar_is_a_dollar() {
    let mut history = MemoryHistory::healthy(noon());
    let profile = history.add_profile("blkjc8qmk04r", "acme", HAIKU);
    called(&mut history, profile);
    let row = view(&history).tenants.remove(0);
    // 2,000 thousands at 0.00025 and 400 at 0.00125. A thousand times less would be a tenth of a cent.
    assert_eq!(row.usage.cost.likely.to_exact_string(), "1.00");
    assert_eq!(
        (row.level, row.budgets[0].level),
        (Level::Red, Level::Red),
        "an alarm at one dollar rings at one dollar"
    );
}

/// In whatever region and reach a profile is, its model has a price; a price that had to be taken from elsewhere is an
/// estimate, and none is a fault.
#[rstest]
#[case::its_own_region(Reach::InRegion, "us-east-1")]
#[case::a_region_without_a_row(Reach::InRegion, "eu-north-1")]
#[case::a_geography(Reach::Geo, "eu-west-1")]
#[case::everywhere(Reach::Global, "ap-south-1")]
fn a_profile_has_the_price_of_its_model(#[case] reach: Reach, #[case] region: &str) {
    let mut history = MemoryHistory::healthy(noon());
    let profile = history.add_profile("blkjc8qmk04r", "acme", HAIKU);
    (history.profiles[0][0].reach, history.profiles[0][0].region) = (reach, region.to_owned());
    called(&mut history, profile);
    let row = view(&history).tenants.remove(0);
    assert_eq!((row.usage.unpriced_tokens, row.usage.cost.likely.to_exact_string().as_str()), (0, "1.00"));
}

#[test]
fn a_model_without_a_price_is_told_and_neither_free_nor_a_failure() {
    let mut history = MemoryHistory::healthy(noon());
    let profile = history.add_profile("blkjc8qmk04r", "acme", "acme.unheard-of-v1");
    called(&mut history, profile);
    let row = view(&history).tenants.remove(0);
    assert_eq!((row.usage.known_cost(), row.usage.unpriced_tokens), (None, 2_400_000));
    assert_eq!(row.usage.counts.sum_of(Meter::Invocations), 10, "the calls were answered");
    assert_eq!(row.budgets[0].level, Level::Blind, "what is not known is not green");
}

#[test]
fn a_call_without_a_tag_was_billed_and_is_nobodys() {
    let mut history = MemoryHistory::healthy(noon());
    let profile = history.add_profile("blkjc8qmk04r", "", HAIKU);
    history.profiles[0][0].tags = BTreeMap::from([("Environment".to_owned(), "prod".to_owned())]);
    called(&mut history, profile);
    let view = view(&history);
    let nobody = view.tenant(&Owner::Unattributed).expect("a row of its own");
    assert_eq!((nobody.usage.cost, view.totals.usage.cost), (view.totals.usage.cost, nobody.usage.cost));
    assert_eq!(nobody.usage.cost.likely.to_exact_string(), "1.00");
    assert_eq!(nobody.usage.counts.sum_of(Meter::Invocations), 10);
    assert_eq!(nobody.usage.counts.sum_of(Meter::ClientErrors) + nobody.usage.counts.sum_of(Meter::ServerErrors), 0);
    assert_eq!(nobody.profiles[0].tag_faults, [TagFault::Untagged]);
}
