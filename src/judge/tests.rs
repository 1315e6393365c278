//! The rules of the domain, as the judge keeps them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::*;
use crate::domain::budget::{Budget, BudgetOver, Caps};
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::event::Signal;
use crate::domain::health::{Health, PollRecord, ScopeStatus};
use crate::domain::ids::{Owner, ProfileRef};
use crate::domain::level::Level;
use crate::domain::meter::{Counts, Meter};
use crate::domain::money::Money;
use crate::domain::tenancy::TenantRules;
use crate::domain::view::{Mode, PricedUsage, TenantRow};
use crate::judge::fixtures::MemoryHistory;

mod signals;

/// Has one price everywhere: 0.72 USD per million tokens of input and of output.
const FLAT_MODEL: &str = "meta.llama3-3-70b-instruct-v1:0";
const NOON: &str = "2026-11-24T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn policy(daily_budget_usd: i64) -> Policy {
    let budget = Budget {
        id: "daily".into(),
        amount: Money::usd(Decimal::from(daily_budget_usd)).into(),
        calendar: Calendar { length: PeriodLength::Day, anchor_day: 1, zone: TimeZone::UTC },
        over: BudgetOver::Tenants(vec!["*".into()]),
        caps: Caps::default(),
    };
    Policy {
        tenancy: TenantRules { tag_keys: vec!["TenantID".into()], ..TenantRules::default() },
        budgets: vec![budget],
        ceiling: Money::usd(Decimal::TEN),
        ..Policy::plain(Mode::Live)
    }
}

/// Counts that cost this many dollars at the flat model's price.
fn worth(dollars: u64) -> Counts {
    Counts::EMPTY.with(Meter::Invocations, dollars).with(Meter::InputTokens, dollars * 1_000_000 * 100 / 72 + 1)
}

fn judged(history: &MemoryHistory, policy: &Policy, now: Timestamp) -> FleetView {
    let mut judge = Judge::default();
    let tally = judge.tally(history, policy, now);
    judge.step(&tally, policy);
    judge.view(&tally, history, policy)
}

fn row<'a>(view: &'a FleetView, tenant: &str) -> &'a TenantRow {
    view.tenant(&Owner::Tenant(tenant.into())).expect("the tenant has a row")
}

fn poll(now: Timestamp) -> PollRecord {
    PollRecord::new("main".into(), now, Some(now))
}

/// Two tenants over ten hours: one steady, one that starts to run away; with gaps.
fn busy_history(start: Timestamp, length: i64) -> MemoryHistory {
    let mut history = MemoryHistory::healthy(start);
    let steady = history.add_profile("steady", "acme", FLAT_MODEL);
    let runaway = history.add_profile("runaway", "globex", FLAT_MODEL);
    for minute in 0..length {
        let when = start + minutes(minute);
        if minute % 7 != 3 {
            history.set(steady, when, worth(1));
        }
        if minute > length / 2 {
            history.set(runaway, when, worth(u64::try_from(minute).expect("a small number") / 40));
        }
    }
    history
}

#[test]
fn a_replay_of_the_stored_history_says_what_live_said() {
    let (start, length) = (at("2026-11-24T01:30:00Z"), 600);
    let whole = busy_history(start, length);
    let policy = policy(2000);
    let run = |sees: &dyn Fn(&mut MemoryHistory, Timestamp)| {
        let mut history = busy_history(start, 0);
        let mut judge = Judge::default();
        let mut said = Vec::new();
        for minute in 1..=length {
            let now = start + minutes(minute);
            sees(&mut history, now);
            history.polled(&poll(now));
            let tally = judge.tally(&history, &policy, now);
            let outcome = judge.step(&tally, &policy);
            history.changes.extend(outcome.changes);
            if minute % 60 == 0 {
                said.push(judge.view(&tally, &history, &policy));
            }
        }
        said
    };
    let live = run(&|history, now| {
        let newest = now - minutes(1);
        for (profile, points) in whole.points.iter().enumerate() {
            if let Some(&counts) = points.get(&newest) {
                history.set(ProfileRef(u32::try_from(profile).expect("few")), newest, counts);
            }
        }
    });
    let replayed = run(&|history, _| history.points.clone_from(&whole.points));
    assert_eq!(live, replayed);
    let last = live.last().expect("views were taken");
    let levels: Vec<_> = last.log.iter().map(|change| (change.alert.subject.name().to_owned(), change.level)).collect();
    assert!(levels.contains(&("globex".to_owned(), Level::Red)), "the runaway is seen: {levels:?}");
    assert!(levels.iter().filter(|(name, _)| name == "acme").all(|(_, level)| *level < Level::Orange), "{levels:?}");
}

#[test]
fn a_judge_rebuilt_from_its_checkpoint_gives_the_same_view() {
    let start = at("2026-11-24T01:30:00Z");
    let mut history = busy_history(start, 600);
    let policy = policy(900);
    let mut judge = Judge::default();
    let mut now = start;
    for minute in 1..=600 {
        now = start + minutes(minute);
        history.polled(&poll(now));
        let tally = judge.tally(&history, &policy, now);
        judge.step(&tally, &policy);
    }
    let tally = judge.tally(&history, &policy, now);
    let kept = judge.view(&tally, &history, &policy);
    let mut rebuilt = Judge::new(Some(&judge.checkpoint()));
    let tally = rebuilt.tally(&history, &policy, now);
    assert_eq!(rebuilt.view(&tally, &history, &policy), kept);
}

#[test]
fn usage_without_a_tenant_is_a_row_and_the_parts_add_up() {
    let now = at(NOON);
    let mut history = MemoryHistory::healthy(now);
    for (id, tenant) in [("a", "acme"), ("b", ""), ("c", "acme"), ("d", "globex")] {
        let profile = history.add_profile(id, tenant, FLAT_MODEL);
        history.set(profile, now - minutes(5), worth(3));
        history.set(profile, now - SignedDuration::from_hours(40), worth(4));
    }
    let view = judged(&history, &policy(100), now);
    let unattributed = view.tenant(&Owner::Unattributed).expect("a row of its own");
    assert_eq!(unattributed.usage.cost.likely.to_string(), "$7.00");
    let mut sum = PricedUsage::default();
    for row in &view.tenants {
        sum.add(&row.usage);
        let mut profiles = PricedUsage::default();
        row.profiles.iter().for_each(|profile| profiles.add(&profile.usage));
        assert_eq!(profiles, row.usage, "profiles add up to {}", row.owner.name());
    }
    assert_eq!(sum, view.totals.usage);
    assert_eq!(view.totals.usage.cost.likely.to_string(), "$28.00");
}

#[test]
fn usage_of_an_unknown_model_is_unpriced_and_its_budget_blind() {
    let now = at(NOON);
    let mut history = MemoryHistory::healthy(now);
    let profile = history.add_profile("a", "acme", "nobody.knows-this-v1");
    history.set(profile, now - minutes(5), worth(3));
    let view = judged(&history, &policy(100), now);
    let row = row(&view, "acme");
    assert_eq!(row.usage.known_cost(), None);
    assert_eq!(row.usage.unpriced_tokens, row.usage.counts.tokens());
    assert_eq!(row.budgets[0].level, Level::Blind, "not green: what is spent is not known");
    let coverage = row.signals.iter().find(|assessed| assessed.signal == Signal::Coverage).expect("assessed");
    assert_eq!((coverage.level, row.level), (Level::Orange, Level::Orange));
}

#[test]
fn stale_data_is_blind_and_keeps_the_level() {
    let noon = at(NOON);
    let mut history = MemoryHistory::healthy(noon);
    let profile = history.add_profile("a", "acme", FLAT_MODEL);
    history.set(profile, noon - minutes(5), worth(90));
    let policy = policy(100);
    let mut judge = Judge::default();
    let tally = judge.tally(&history, &policy, noon);
    judge.step(&tally, &policy);
    assert_eq!(row(&judge.view(&tally, &history, &policy), "acme").level, Level::Orange);
    let later = noon + minutes(25);
    let tally = judge.tally(&history, &policy, later);
    let changes = judge.step(&tally, &policy).changes;
    let view = judge.view(&tally, &history, &policy);
    let row = row(&view, "acme");
    assert_eq!((row.level, row.frozen_level, row.health), (Level::Blind, Some(Level::Orange), Health::Stale));
    assert!(
        changes.iter().all(|change| change.alert.signal == Signal::Data),
        "only the data alert speaks: {changes:?}"
    );
    assert_eq!(row.sparkline.last(), Some(&None), "what is not known is a hole, not a zero");
}

/// A tenant with a profile in a healthy scope, and one in a scope that has not been heard of for a while.
fn partly_blind(dollars: u64) -> MemoryHistory {
    let noon = at(NOON);
    let mut history = MemoryHistory::healthy(noon);
    let healthy = history.add_profile("a", "acme", FLAT_MODEL);
    history.set(healthy, noon - minutes(5), worth(dollars));
    history.add_profile("b", "acme", FLAT_MODEL);
    history.add_profile("c", "globex", FLAT_MODEL);
    for profile in &mut history.profiles[1..] {
        profile[0].key.scope = "labs".into();
    }
    let long_ago = noon - minutes(40);
    let labs = ScopeStatus { last_poll: Some(long_ago), watermark: Some(long_ago), ..ScopeStatus::new("labs".into()) };
    history.scopes.push(labs);
    history
}

#[test]
fn a_scope_that_is_not_heard_of_does_not_blind_what_others_show() {
    let view = judged(&partly_blind(90), &policy(100), at(NOON));
    let acme = row(&view, "acme");
    assert_eq!((acme.level, acme.health), (Level::Orange, Health::Stale), "what is known is the least there is");
    assert_eq!(row(&view, "globex").level, Level::Blind);
}

#[test]
fn with_a_part_of_its_data_missing_a_tenant_is_never_green() {
    let view = judged(&partly_blind(1), &policy(100), at(NOON));
    assert_eq!((row(&view, "acme").level, row(&view, "acme").frozen_level), (Level::Blind, Some(Level::Green)));
}

#[test]
fn an_idle_tenant_of_a_healthy_scope_is_green_and_its_sparkline_zero() {
    let now = at(NOON);
    let mut history = MemoryHistory::healthy(now);
    history.add_profile("a", "acme", FLAT_MODEL);
    let view = judged(&history, &policy(100), now);
    let row = row(&view, "acme");
    assert_eq!((row.level, row.health), (Level::Green, Health::Ok));
    assert_eq!(row.sparkline.last(), Some(&Some(0.0)));
}

#[test]
fn usage_keeps_the_tenant_it_had_at_its_time() {
    let now = at(NOON);
    let mut history = MemoryHistory::healthy(now);
    let profile = history.add_profile("a", "acme", FLAT_MODEL);
    history.set(profile, at("2026-11-24T08:30:00Z"), worth(5));
    history.set(profile, at("2026-11-24T10:30:00Z"), worth(2));
    let mut moved = history.profiles[0][0].clone();
    moved.tags.insert("TenantID".into(), "globex".into());
    moved.from = at("2026-11-24T10:00:00Z");
    history.profiles[0].push(moved);
    let view = judged(&history, &policy(100), now);
    assert_eq!(row(&view, "acme").usage.cost.likely.to_string(), "$5.00");
    assert_eq!(row(&view, "globex").usage.cost.likely.to_string(), "$2.00");
}

#[test]
fn a_month_counts_its_own_usage_only_and_a_budget_its_period() {
    let now = at("2026-12-01T12:00:00Z");
    let mut history = MemoryHistory::healthy(now);
    let profile = history.add_profile("a", "acme", FLAT_MODEL);
    history.set(profile, at("2026-11-30T23:59:00Z"), worth(50));
    history.set(profile, at("2026-12-01T00:00:00Z"), worth(8));
    let view = judged(&history, &policy(100), now);
    let row = row(&view, "acme");
    assert_eq!((view.period.as_str(), row.usage.cost.likely.to_string().as_str()), ("2026-12", "$8.00"));
    assert_eq!(row.budgets[0].spent.likely.to_string(), "$8.00");
}

#[test]
fn a_point_that_has_not_closed_is_not_counted() {
    let now = at("2026-11-24T12:00:30Z");
    let mut history = MemoryHistory::healthy(now);
    let profile = history.add_profile("a", "acme", FLAT_MODEL);
    history.set(profile, at("2026-11-24T12:00:00Z"), worth(5));
    assert_eq!(row(&judged(&history, &policy(100), now), "acme").usage, PricedUsage::default());
    let closed = judged(&history, &policy(100), at("2026-11-24T12:01:00Z"));
    assert_eq!(row(&closed, "acme").usage.cost.likely.to_string(), "$5.00");
}

#[test]
fn an_old_hour_that_is_revised_is_counted_anew() {
    let now = at(NOON);
    let mut history = MemoryHistory::healthy(now);
    let profile = history.add_profile("a", "acme", FLAT_MODEL);
    let old = now - SignedDuration::from_hours(9);
    history.set(profile, old, worth(5));
    let policy = policy(100);
    let mut judge = Judge::default();
    let spent = |judge: &mut Judge, history: &MemoryHistory| {
        let tally = judge.tally(history, &policy, now);
        row(&judge.view(&tally, history, &policy), "acme").usage.cost.likely.to_string()
    };
    assert_eq!(spent(&mut judge, &history), "$5.00");
    history.set(profile, old, worth(7));
    history.revisions[0] += 1;
    assert_eq!(spent(&mut judge, &history), "$7.00");
}

#[test]
fn budgets_count_by_pace_as_well() {
    let policy = policy(100);
    let level_at = |now: Timestamp| {
        let mut history = MemoryHistory::healthy(now);
        let profile = history.add_profile("a", "acme", FLAT_MODEL);
        history.set(profile, at("2026-11-24T00:30:00Z"), worth(80));
        row(&judged(&history, &policy, now), "acme").level
    };
    assert_eq!(level_at(at("2026-11-24T06:00:00Z")), Level::Yellow, "80 % used when 25 % of the day has passed");
    assert_eq!(level_at(at("2026-11-24T20:24:00Z")), Level::Green, "80 % used when 85 % of the day has passed");
}

/// A plan of 100 dollars and twice AWS's cost, for everybody.
fn with_contract(policy: Policy) -> Policy {
    use crate::domain::contract::{Charge, Contracts, Plan, Pricing, Terms, Validity};
    let markup = Charge {
        unit: crate::domain::amount::Unit::Usd,
        included: Decimal::ZERO,
        rollover: true,
        pricing: Pricing::Markup(Decimal::ONE),
    };
    let terms =
        Terms { base_fee: Decimal::ONE_HUNDRED, charges: vec![markup], ..Terms::free(Calendar::months(TimeZone::UTC)) };
    let plan = Plan { id: "gold".into(), validity: Validity::default(), terms };
    let contracts = Contracts { plans: vec![plan], default_plan: Some("gold".into()), ..Contracts::default() };
    Policy { contracts: contracts.into(), ..policy }
}

#[test]
fn a_row_tells_how_the_tenant_stands_with_its_contract() {
    let mut history = MemoryHistory::healthy(at(NOON));
    let profile = history.add_profile("p1", "acme", FLAT_MODEL);
    history.set(profile, at("2026-10-31T23:00:00Z"), worth(7));
    history.set(profile, at("2026-11-02T10:00:00Z"), worth(20));
    history.set(profile, at("2026-11-24T11:30:00Z"), worth(10));
    let policy = with_contract(policy(1000));
    let mut judge = Judge::default();
    let tally = judge.tally(&history, &policy, at(NOON));
    let view = judge.view(&tally, &history, &policy);
    let contract = row(&view, "acme").contract.as_ref().expect("a contract");
    assert_eq!((contract.cost.to_string().as_str(), contract.revenue.to_string().as_str()), ("$30.00", "$160.00"));
    // 23.5 of 30 days have passed: 78.33 of the fee are due, and 60 for usage.
    assert_eq!((contract.accrued.to_string().as_str(), contract.margin().to_string().as_str()), ("$138.33", "$108.33"));
}

#[test]
fn a_report_adds_up_to_the_view_to_the_last_digit() {
    use crate::domain::chargeback::{GroupBy, Period};
    let mut history = MemoryHistory::healthy(at(NOON));
    let profiles = ["acme", "globex", ""].map(|tenant| history.add_profile(&format!("p{tenant}"), tenant, FLAT_MODEL));
    for (index, profile) in profiles.into_iter().enumerate() {
        for hour in 0..200 {
            let dollars = 1 + hour % 7 + index as u64;
            history.set(
                profile,
                at("2026-11-16T03:00:00Z") + minutes(60 * i64::try_from(hour).expect("few")),
                worth(dollars),
            );
        }
    }
    let policy = with_contract(policy(1000));
    let mut judge = Judge::default();
    let tally = judge.tally(&history, &policy, at(NOON));
    let view = judge.view(&tally, &history, &policy);
    for by in [GroupBy::Tenant, GroupBy::Profile, GroupBy::Model, GroupBy::Tag("TenantID".into())] {
        let period = Period::month_of(at(NOON), &TimeZone::UTC);
        let report = crate::judge::chargeback::chargeback(&history, &policy, period, by, at(NOON));
        assert_eq!(report.total.usage, view.totals.usage);
        let owed: Money = view.tenants.iter().filter_map(|row| Some(row.contract.as_ref()?.revenue)).sum();
        assert_eq!(report.total.revenue_total(), owed);
    }
}
