//! The demo repeats itself, adds up, and tells its story in time.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::domain::budget::BudgetOver;
use crate::domain::ids::PlanId;
use crate::domain::meter::{Counts, Meter, MeterSet};
use crate::domain::money::Money;
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan, floor_hour};
use crate::domain::usage::ProfileUsage;
use crate::source::{Ask, Source, UsageRequest};

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn fleet(seed: u64) -> Arc<Fleet> {
    Arc::new(Fleet::new(seed, 40, Scenario::All))
}

/// A dollar for a million tokens of any kind.
fn flat_price(_: &Profile, counts: &Counts) -> Money {
    Money::usd(Decimal::from(counts.tokens()) / Decimal::from(1_000_000))
}

fn asked(fleet: &Arc<Fleet>, span: TimeSpan, step: Step, now: Timestamp) -> Vec<ProfileUsage> {
    let profiles = fleet.members.iter().map(|member| member.profile.key.clone());
    let ask = |profile| Ask { profile, meters: MeterSet::ALL, from: span.start };
    let request = UsageRequest { now, until: span.end, step, asks: profiles.map(ask).collect() };
    let mut usage = Vec::new();
    for source in sources(fleet) {
        let own = |ask: &&Ask| &ask.profile.scope == source.scope();
        let request = UsageRequest { asks: request.asks.iter().filter(own).cloned().collect(), ..request.clone() };
        usage.extend(source.answer(&request).usage);
    }
    usage
}

#[test]
fn the_start_is_the_instant_it_is_said_to_be() {
    assert_eq!(START, "2026-11-19T13:00:00Z".parse().expect("a valid time"));
}

#[test]
fn the_same_seed_gives_the_same_fleet_and_another_one_another() {
    let span = TimeSpan::new(START - minutes(120), START);
    let of = |seed| asked(&fleet(seed), span, Step::MINUTE, START);
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn an_hour_is_the_sum_of_its_minutes_however_they_are_asked_for(hours in -200..10_i64, cut in 1..59_i64) {
        let fleet = fleet(7);
        let start = floor_hour(START) + SignedDuration::from_hours(hours);
        let (end, now) = (start + minutes(60), START + minutes(100_000));
        let sum = |usage: &[ProfileUsage]| {
            let mut sum = Counts::EMPTY;
            usage.iter().flat_map(|usage| &usage.points).for_each(|point| sum.add(&point.counts));
            sum
        };
        let whole = sum(&asked(&fleet, TimeSpan::new(start, end), Step::HOUR, now));
        let mut parts = sum(&asked(&fleet, TimeSpan::new(start, start + minutes(cut)), Step::MINUTE, now));
        parts.add(&sum(&asked(&fleet, TimeSpan::new(start + minutes(cut), end), Step::MINUTE, now)));
        prop_assert_eq!(parts, whole);
        prop_assert!(whole.sum_of(Meter::Invocations) > 100, "the fleet is in use");
    }
}

#[test]
fn the_runaway_crosses_yellow_orange_and_red_in_the_first_minute_on_screen() {
    let fleet = fleet(1);
    let name = Fleet::tenant_name(3);
    let budget = budgets(&fleet, &flat_price)
        .into_iter()
        .find(|budget| budget.over == BudgetOver::Tenants(vec![name.clone()]))
        .expect("has one");
    let used_at = |minute: i64| {
        let span = TimeSpan::new("2026-11-19T00:00:00Z".parse().expect("a valid time"), START + minutes(minute));
        let usage = asked(&fleet, span, Step::MINUTE, START + minutes(minute));
        let of_tenant = fleet.members_of(3).map(|member| &member.profile);
        let spent = of_tenant.map(|profile| {
            let own = usage.iter().filter(|usage| usage.profile == profile.key).flat_map(|usage| &usage.points);
            let mut counts = Counts::EMPTY;
            own.for_each(|point| counts.add(&point.counts));
            flat_price(profile, &counts)
        });
        spent.sum::<Money>().share_of(budget.amount.money().expect("money")).expect("a budget above zero")
    };
    let crossing = |share: f64| (0..60).find(|&minute| used_at(minute) >= share).expect("crossed within the hour");
    let (yellow, orange, red) = (crossing(0.57), crossing(0.8), crossing(1.0));
    assert!(used_at(0) < 0.5, "green at the start: {}", used_at(0));
    assert!(
        (3..=18).contains(&yellow) && (yellow + 3..=30).contains(&orange) && (34..=37).contains(&red),
        "{yellow} {orange} {red}"
    );
}

#[test]
fn a_part_of_the_story_that_is_not_told_leaves_its_tenant_alone() {
    let budget_of = |scenario| {
        let fleet = Arc::new(Fleet::new(1, 40, scenario));
        let name = Fleet::tenant_name(3);
        budgets(&fleet, &flat_price)
            .into_iter()
            .find(|budget| budget.over == BudgetOver::Tenants(vec![name.clone()]))
            .map(|budget| budget.id)
    };
    assert_eq!(budget_of(Scenario::Runaway), Some("initech-daily".into()));
    assert_ne!(budget_of(Scenario::Late), Some("initech-daily".into()));
}

#[test]
fn the_late_source_stands_still_and_comes_back() {
    let fleet = fleet(1);
    let labs = sources(&fleet).remove(2);
    let watermark = |minute: i64| {
        let now = START + minutes(minute);
        let span = TimeSpan::new(START - minutes(30), now);
        let request = UsageRequest { now, until: span.end, step: Step::MINUTE, asks: Vec::new() };
        labs.answer(&request).watermark.duration_since(START).as_mins()
    };
    assert_eq!([7, 8, 20, 42, 43].map(watermark), [7, 8, 8, 8, 43]);
}

#[test]
fn the_fleet_has_what_the_story_needs() {
    let fleet = fleet(1);
    assert!(fleet.members.iter().any(|member| !member.profile.tags.contains_key("TenantID")), "an untagged profile");
    assert!(
        fleet.members.iter().any(|member| member.profile.model == Some(fleet::UNKNOWN_MODEL.into())),
        "an unknown model"
    );
    let budgets = budgets(&fleet, &flat_price);
    assert!(
        budgets.len() > 20 && budgets.iter().all(|budget| budget.amount.number.is_sign_positive()),
        "{}",
        budgets.len()
    );
}

#[test]
fn the_risers_share_a_budget_and_everybody_has_a_plan() {
    let fleet = fleet(1);
    let pool = pools(&fleet).remove(0);
    let risers: Vec<String> = (8..12).map(Fleet::tenant_name).collect();
    assert_eq!(pool.members, risers);
    let shared: Vec<_> =
        budgets(&fleet, &flat_price).into_iter().filter(|it| it.over == BudgetOver::Pool(pool.name.clone())).collect();
    assert_eq!(shared.len(), 1);
    assert!(pools(&Fleet::new(1, 40, Scenario::Late)).is_empty());
    let contracts = contracts(&fleet);
    let plan_of =
        |tenant: usize| contracts.plan_of(&Fleet::tenant_name(tenant).as_str().into(), &BTreeMap::new(), START);
    assert_eq!([0, 39].map(|tenant| plan_of(tenant).map(PlanId::as_str)), [Some("enterprise"), Some("standard")]);
}

#[test]
fn small_and_large_fleets_work() {
    for tenants in [1, 2, 500] {
        let fleet = Arc::new(Fleet::new(3, tenants, Scenario::All));
        let usage = asked(&fleet, TimeSpan::new(START, START + minutes(10)), Step::MINUTE, START + minutes(10));
        assert!(!usage.is_empty());
    }
}
