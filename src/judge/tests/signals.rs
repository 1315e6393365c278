//! What the judge makes of quotas, late data, budgets of tokens, tags and notices.

use super::*;
use crate::domain::amount::{Amount, Unit};
use crate::domain::event::{ChangeNote, Subject};
use crate::domain::quota::ModelQuota;
use crate::domain::tenancy::Tags;

fn step_at(judge: &mut Judge, history: &mut MemoryHistory, policy: &Policy, now: Timestamp) -> Outcome {
    history.polled(&poll(now));
    let tally = judge.tally(history, policy, now);
    let mut outcome = judge.step(&tally, policy);
    judge.complete(&mut outcome, &tally, history, policy);
    outcome
}

#[test]
fn a_quota_is_shared_by_all_who_call_its_model() {
    let noon = at(NOON);
    let mut history = MemoryHistory::healthy(noon);
    let (one, other) = (history.add_profile("a", "acme", FLAT_MODEL), history.add_profile("b", "globex", FLAT_MODEL));
    for minute in -90..60 {
        let when = noon + minutes(minute);
        history.set(one, when, Counts::EMPTY.with(Meter::InputTokens, if minute < 0 { 20_000 } else { 60_000 }));
        history.set(other, when, Counts::EMPTY.with(Meter::InputTokens, 20_000));
    }
    let quota = ModelQuota {
        scope: "*".into(),
        model: "meta.*".into(),
        tokens_per_minute: Some(100_000),
        requests_per_minute: None,
        output_burndown: 1.0,
    };
    let policy = Policy { quotas: vec![quota], ..policy(1_000_000) };
    let mut judge = Judge::default();
    for minute in 0..40 {
        step_at(&mut judge, &mut history, &policy, noon + minutes(minute));
    }
    let now = noon + minutes(40);
    history.polled(&poll(now));
    let tally = judge.tally(&history, &policy, now);
    let row = &judge.view(&tally, &history, &policy).quotas[0];
    assert!((row.used.expect("a limit") - 0.8).abs() < 1e-9, "two profiles together: {row:?}");
    assert_eq!(row.level, Level::Yellow);
    let holders: Vec<_> = row.holders.iter().map(|holder| (holder.owner.name(), holder.share)).collect();
    assert_eq!(holders, [("acme", 0.75), ("globex", 0.25)]);
    let left = row.minutes_to_throttle.expect("it rises");
    assert!((left - 30.0).abs() < 1e-6, "40,000 in an hour, 20,000 to go: {left}");
}

#[test]
fn a_change_that_late_data_made_says_so() {
    let noon = at(NOON);
    let note = |ago: i64| {
        let mut history = MemoryHistory::healthy(noon).exact();
        let profile = history.add_profile("a", "acme", FLAT_MODEL);
        for minute in 1..120 {
            history.set(profile, noon - minutes(minute), worth(1));
        }
        let (policy, mut judge) = (policy(1_000), Judge::default());
        step_at(&mut judge, &mut history, &policy, noon);
        let now = noon + minutes(1);
        history.set(profile, noon, worth(1));
        history.set(profile, now - minutes(ago), worth(990));
        let changes = step_at(&mut judge, &mut history, &policy, now).changes;
        changes.iter().find(|change| change.alert.signal == Signal::Budget).expect("it is gone").note
    };
    assert_eq!(note(30), Some(ChangeNote::Revised), "half an hour ago was judged before");
    assert_eq!(note(1), None, "the newest minute is news");
}

#[test]
fn a_budget_of_tokens_is_forecast_and_burns_like_money() {
    let noon = at(NOON);
    let mut history = busy_history(noon - minutes(600), 600);
    history.polled(&poll(noon));
    let mut policy = policy(1_000_000);
    policy.budgets[0].amount =
        Amount { unit: Unit::of_meters("tokens").expect("a meter"), number: Decimal::from(5_000_000_000_u64) };
    let view = judged(&history, &policy, noon);
    let of = |signal: Signal| row(&view, "globex").signals.iter().find(|it| it.signal == signal).expect("assessed");
    assert!(of(Signal::Forecast).budget.is_some());
    assert!(of(Signal::Burn).reason.contains("tokens/h"), "{}", of(Signal::Burn).reason);
}

#[test]
fn tags_and_the_plan_they_tell_are_labels() {
    let policy = policy(100);
    let alert = AlertKey { subject: Subject::Owner(Owner::Tenant("acme".into())), signal: Signal::Burn, budget: None };
    let tags = Tags::from([("env".to_owned(), "prod".to_owned())]);
    assert_eq!(policy.labels(&alert, Some(&tags), at(NOON)).get("tag:env"), "prod");
    assert_eq!(policy.labels(&alert, None, at(NOON)).get("tag:env"), "");
}

#[test]
fn a_notice_tells_what_the_judge_knows() {
    let noon = at(NOON);
    let mut history = busy_history(noon - minutes(600), 600);
    let (policy, mut judge) = (policy(2000), Judge::default());
    let outcome = step_at(&mut judge, &mut history, &policy, noon);
    let notice = outcome.notices.iter().find(|it| it.alert.signal == Signal::Budget).expect("the runaway is told");
    assert!(notice.percent_of_budget.is_some_and(|percent| percent > 75.0), "{notice:?}");
    assert!(notice.verdict.is_some() && notice.provenance.is_some() && notice.data_age_s == Some(0), "{notice:?}");
    assert!((notice.contributors.iter().map(|part| part.share).sum::<f64>() - 1.0).abs() < 1e-9, "{notice:?}");
}

#[test]
fn a_confluence_names_its_movers_and_a_member_that_only_earns_too_little_hides_none() {
    let noon = at(NOON);
    let mut history = MemoryHistory::healthy(noon);
    for (id, tenant) in [("a", "acme"), ("b", "globex")] {
        let profile = history.add_profile(id, tenant, FLAT_MODEL);
        for hour in 1..72 {
            history.set(profile, noon - SignedDuration::from_hours(hour), worth(if hour < 24 { 3 } else { 1 }));
        }
    }
    let mut policy = policy(100_000);
    policy.budgets.push(Budget {
        id: "all".into(),
        amount: Money::usd(Decimal::from(60)).into(),
        over: BudgetOver::Fleet,
        ..policy.budgets[0].clone()
    });
    let view = judged(&history, &policy, noon);
    let pool = &view.pools[0];
    assert!(pool.is_confluence && pool.level == Level::Red, "72 dollars of 60 are gone: {pool:?}");
    let reason = &pool.signals[0].reason;
    assert!(reason.ends_with("no member is loud, together they rise: acme 50 %, globex 50 %"), "{reason}");
    assert!(!pool.signals[0].evidence.is_empty());
}
