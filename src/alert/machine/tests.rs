//! The rules of alerts' ways, one test each.

use jiff::SignedDuration;
use rstest::rstest;
use rust_decimal::Decimal;

use super::fixtures::{Bench, at, budget, burn, key, of, tenant};
use super::*;
use crate::domain::action::{Deed, Silence, SilenceId};
use crate::domain::event::{Mute, Signal};
use crate::domain::ids::Owner;
use crate::domain::matcher::Matchers;
use crate::domain::money::Money;
use crate::domain::notice::Condition;
use crate::domain::view::Notification;

fn matchers(texts: &[&str]) -> Matchers {
    Matchers::parse(texts).expect("matchers")
}

fn silence(texts: &[&str], hours: i64, cap: Level) -> Silence {
    Silence {
        id: SilenceId("s-1".into()),
        matchers: matchers(texts),
        author: "ada".into(),
        comment: "load test".into(),
        starts: at(0),
        ends: at(60 * hours),
        cap,
    }
}

fn ack(minutes: i64) -> Deed {
    Deed::Ack { matchers: matchers(&["tenant=acme"]), note: "on it".into(), until: at(minutes) }
}

#[rstest]
#[case::yellow(Level::Yellow, 16)]
#[case::orange(Level::Orange, 11)]
#[case::red(Level::Red, 3)]
fn a_level_fires_when_it_was_so_for_its_time(#[case] level: Level, #[case] minute: i64) {
    let mut bench = Bench::default();
    bench.steps(20, &[burn(level)]);
    assert_eq!(bench.levels().first(), Some(&(minute, level)));
}

#[test]
fn a_level_must_be_so_throughout() {
    let mut bench = Bench::default();
    for _ in 0..5 {
        bench.steps(10, &[burn(Level::Yellow)]);
        bench.step(&[burn(Level::Green)]);
    }
    assert_eq!(bench.levels(), []);
}

#[test]
fn a_wait_is_at_least_one_bin() {
    let mut bench = Bench::default();
    let step = crate::domain::time::Step::from_minutes(10);
    let moment = |minute| Moment {
        now: at(minute),
        step,
        transitions: &bench.transitions,
        labels: &crate::domain::matcher::Labels::of,
    };
    let first = bench.machine.step(&[burn(Level::Red)], &moment(10));
    let second = bench.machine.step(&[burn(Level::Red)], &moment(20));
    assert_eq!((first.changes.len(), second.changes.len()), (0, 1));
}

#[test]
fn a_sum_fires_at_once() {
    let mut bench = Bench::default();
    bench.step(&[budget(Level::Orange, 0)]);
    assert_eq!(bench.levels(), [(1, Level::Orange)]);
}

#[test]
fn a_level_is_left_below_its_margin_and_after_it_was_held() {
    let mut bench = Bench::default();
    bench.steps(16, &[burn(Level::Yellow)]);
    let near = Observation { value: 1.81, ..burn(Level::Green) };
    bench.steps(60, std::slice::from_ref(&near));
    assert_eq!(bench.levels(), [(16, Level::Yellow)], "10 % below 2 is 1.8");
    let below = Observation { value: 1.79, ..burn(Level::Green) };
    bench.steps(9, std::slice::from_ref(&below));
    assert_eq!(bench.machine.rows(std::slice::from_ref(&below))[0].condition, Condition::Recovering);
    bench.step(&[below]);
    assert_eq!(bench.levels(), [(16, Level::Yellow), (86, Level::Green)], "10 min after minute 76");
}

#[test]
fn a_margin_that_is_too_low_is_left_above() {
    let mut bench = Bench::default();
    let seen = |level, value| Observation { value, threshold: 0.2, ..of("acme", Signal::Margin, level) };
    bench.step(&[seen(Level::Yellow, 0.19)]);
    bench.steps(30, &[seen(Level::Green, 0.21)]);
    assert_eq!(bench.levels(), [(1, Level::Yellow)]);
    bench.steps(30, &[seen(Level::Green, 0.23)]);
    assert_eq!(bench.levels().len(), 2);
}

#[test]
fn a_rate_needs_three_of_five() {
    let rate = |level| Observation { is_rate: true, ..burn(level) };
    let mut bench = Bench::default();
    for _ in 0..10 {
        bench.step(&[rate(Level::Red)]);
        bench.steps(3, &[rate(Level::Green)]);
    }
    assert_eq!(bench.levels(), [], "at most two of five");
    for _ in 0..10 {
        bench.steps(2, &[rate(Level::Red)]);
        bench.step(&[rate(Level::Green)]);
    }
    assert_eq!(bench.levels().len(), 1, "{:?}", bench.levels());
}

#[test]
fn a_budget_only_rises_within_its_period_and_resets_with_the_next() {
    let mut bench = Bench::default();
    for seen in [
        budget(Level::Yellow, 0),
        budget(Level::Green, 0),
        budget(Level::Orange, 0),
        budget(Level::Yellow, 0),
        budget(Level::Green, 1),
    ] {
        bench.steps(20, &[seen]);
    }
    assert_eq!(bench.levels(), [(1, Level::Yellow), (41, Level::Orange), (81, Level::Green)]);
    assert_eq!(bench.changes[2].note, Some(ChangeNote::Reset));
    assert_eq!(bench.told(), [(1, NoticeKind::Fire), (41, NoticeKind::Rise), (81, NoticeKind::Reset)]);
}

#[test]
fn a_budget_that_is_gone_in_the_first_step_of_a_period_resets_and_fires_again() {
    let mut bench = Bench::default();
    bench.step(&[budget(Level::Red, 0)]);
    bench.step(&[budget(Level::Yellow, 1)]);
    assert_eq!(bench.levels(), [(1, Level::Red), (2, Level::Green), (2, Level::Yellow)]);
    assert_eq!(bench.told(), [(1, NoticeKind::Fire), (2, NoticeKind::Reset), (2, NoticeKind::Fire)]);
}

#[test]
fn blind_data_freezes_the_level_even_over_the_end_of_a_period() {
    let frozen = |level, day| Observation { hold: Hold::Frozen, ..budget(level, day) };
    let mut bench = Bench::default();
    for seen in [budget(Level::Orange, 0), frozen(Level::Green, 0), frozen(Level::Red, 1), budget(Level::Green, 1)] {
        bench.step(&[seen]);
    }
    assert_eq!(bench.levels(), [(1, Level::Orange), (4, Level::Green)]);
}

#[test]
fn with_a_part_of_the_data_blind_a_level_can_rise_and_not_fall() {
    let partly = |level, day| Observation { hold: Hold::MayRise, ..budget(level, day) };
    let mut bench = Bench::default();
    for seen in [
        partly(Level::Yellow, 0),
        partly(Level::Orange, 0),
        partly(Level::Green, 0),
        partly(Level::Green, 1),
        budget(Level::Green, 1),
    ] {
        bench.step(&[seen]);
    }
    assert_eq!(bench.levels(), [(1, Level::Yellow), (2, Level::Orange), (5, Level::Green)]);
}

#[test]
fn time_that_cannot_be_seen_does_not_count() {
    let frozen = Observation { hold: Hold::Frozen, ..burn(Level::Green) };
    let mut bench = Bench::default();
    bench.steps(10, &[burn(Level::Yellow)]);
    bench.steps(60, &[frozen]);
    bench.steps(10, &[burn(Level::Yellow)]);
    assert_eq!(bench.levels(), [(76, Level::Yellow)], "the 16th minute that was seen");
}

#[test]
fn what_cannot_be_assessed_is_blind_and_never_ends_an_alert() {
    let mut bench = Bench::default();
    bench.step(&[budget(Level::Blind, 0)]);
    bench.step(&[budget(Level::Yellow, 0)]);
    bench.step(&[budget(Level::Blind, 0)]);
    assert_eq!(bench.levels(), [(1, Level::Blind), (2, Level::Yellow)]);
}

#[test]
fn more_than_four_changes_in_half_an_hour_are_one_flapping_alert() {
    let quick = |level| {
        let timing = Timing { keep_firing_for: SignedDuration::ZERO, ..Timing::default().of(Signal::Data) };
        Observation { timing, ..of("acme", Signal::Data, level) }
    };
    let mut bench = Bench::default();
    for _ in 0..10 {
        bench.step(&[quick(Level::Orange)]);
        bench.step(&[quick(Level::Green)]);
    }
    assert_eq!(bench.changes.len(), 5, "{:?}", bench.levels());
    assert_eq!(bench.changes[4].note, Some(ChangeNote::Flapping));
    assert_eq!(bench.told().iter().filter(|(_, kind)| *kind == NoticeKind::Flapping).count(), 1);
    bench.steps(31, &[quick(Level::Green)]);
    assert_eq!(bench.changes.last().map(|change| change.level), Some(Level::Green));
    assert_eq!(bench.notices.last().map(|notice| notice.kind), Some(NoticeKind::Resolve));
}

#[test]
fn a_rise_breaks_the_ack_and_is_told_at_once() {
    let mut bench = Bench::default();
    bench.step(&[budget(Level::Orange, 0)]);
    assert_eq!(bench.act(ack(600)), 1);
    bench.steps(100, &[budget(Level::Orange, 0)]);
    bench.step(&[budget(Level::Red, 0)]);
    let rise = bench.notices.last().expect("a notice");
    assert_eq!((rise.kind, rise.due), (NoticeKind::Rise, rise.at));
    assert_eq!(bench.machine.rows(&[budget(Level::Red, 0)])[0].notification, Notification::Notified);
}

#[test]
fn an_ack_ends_repeats_and_escalation_until_its_time_is_over() {
    let mut bench = Bench::default();
    bench.step(&[budget(Level::Red, 0)]);
    bench.act(ack(300));
    bench.steps(298, &[budget(Level::Red, 0)]);
    assert_eq!(bench.told(), [(1, NoticeKind::Fire), (1, NoticeKind::Acknowledge)]);
    bench.steps(2, &[budget(Level::Red, 0)]);
    assert_eq!(bench.told()[2], (300, NoticeKind::Escalate));
}

#[test]
fn a_red_alert_that_nobody_acknowledges_is_escalated_once_and_repeated() {
    let mut bench = Bench::default();
    bench.steps(600, &[budget(Level::Red, 0)]);
    let expected =
        [(1, NoticeKind::Fire), (16, NoticeKind::Escalate), (256, NoticeKind::Repeat), (496, NoticeKind::Repeat)];
    assert_eq!(bench.told(), expected);
}

#[test]
fn yellow_is_never_repeated() {
    let mut bench = Bench::default();
    bench.steps(1000, &[budget(Level::Yellow, 0)]);
    assert_eq!(bench.told(), [(1, NoticeKind::Fire)]);
}

#[test]
fn the_first_of_a_group_waits_for_others_and_the_next_for_the_interval() {
    let mut bench = Bench::default();
    let other = |level| of("acme", Signal::Coverage, level);
    bench.step(&[budget(Level::Orange, 0), other(Level::Green)]);
    bench.step(&[budget(Level::Orange, 0), other(Level::Orange)]);
    let due: Vec<i64> = bench.notices.iter().map(|notice| notice.due.duration_since(at(0)).as_secs()).collect();
    assert_eq!(due, [60 + 30, 60 + 30 + 300]);
    assert_eq!(bench.notices[0].group, bench.notices[1].group);
}

#[test]
fn a_louder_alert_mutes_a_quieter_one_of_the_same_tenant_and_only_there() {
    let mut bench = Bench::default();
    let yellow = |name| of(name, Signal::Coverage, Level::Yellow);
    bench.step(&[budget(Level::Red, 0), yellow("acme"), yellow("globex")]);
    let told: Vec<&str> = bench.notices.iter().map(|notice| notice.fingerprint.as_str()).collect();
    assert_eq!(told, ["tenant/acme/budget", "tenant/globex/coverage"]);
    let by = crate::domain::notice::Fingerprint::from(&budget(Level::Red, 0).alert);
    assert_eq!(bench.skips[0].why, Mute::Inhibited(by));
    bench.steps(9, &[budget(Level::Red, 0), yellow("acme"), yellow("globex")]);
    assert_eq!(bench.skips.len(), 1, "a skip is logged once");
}

#[test]
fn a_dead_collector_mutes_what_derives_from_it() {
    let mut bench = Bench::default();
    let dead =
        Observation { alert: key(Subject::Scope("main".into()), Signal::Data), ..of("", Signal::Data, Level::Orange) };
    let derived = |level| Observation { blind_scope: Some("main".into()), hold: Hold::MayRise, ..budget(level, 0) };
    bench.step(&[dead, derived(Level::Red)]);
    assert_eq!(bench.notices.len(), 1);
    assert!(matches!(bench.skips[0].why, Mute::Inhibited(_)));
}

#[test]
fn a_pool_mutes_the_yellow_of_its_members() {
    let mut bench = Bench::default();
    let pool = Observation {
        alert: key(Subject::Pool("shared".into()), Signal::Budget),
        members: vec![Owner::Tenant("acme".into()), Owner::Tenant("globex".into())],
        ..of("", Signal::Budget, Level::Orange)
    };
    let member = |name, level| of(name, Signal::Coverage, level);
    bench.step(&[pool, member("acme", Level::Yellow), member("globex", Level::Orange)]);
    let told: Vec<&str> = bench.notices.iter().map(|notice| notice.fingerprint.as_str()).collect();
    assert_eq!(told, ["tenant/globex/coverage", "pool/shared/budget"]);
}

#[test]
fn an_alert_about_the_whole_fleet_stands_for_a_thousand() {
    let mut bench = Bench::default();
    let at_once = |name: &str| Observation {
        timing: Timing::default().of(Signal::Budget),
        ..of(name, Signal::Throttles, Level::Red)
    };
    let fleet = Observation { alert: key(Subject::Fleet, Signal::Throttles), ..at_once("") };
    let mut seen: Vec<Observation> = (0..1000).map(|number| at_once(&format!("t{number}"))).collect();
    seen.push(fleet);
    bench.step(&seen);
    assert_eq!(bench.notices.len(), 1);
    assert_eq!(bench.notices[0].fingerprint.as_str(), "fleet/throttles");
}

#[test]
fn a_silence_holds_back_up_to_its_cap_and_says_what() {
    let mut bench = Bench::default();
    let spent = |usd| Some(Spent { since: at(0), amount: Money::usd(Decimal::from(usd)) });
    let seen = |level, usd| Observation { spent: spent(usd), ..budget(level, 0) };
    bench.act(Deed::Silence(silence(&["tenant=ac*"], 5, Level::Orange)));
    bench.step(&[seen(Level::Orange, 10)]);
    bench.steps(5, &[seen(Level::Orange, 25)]);
    assert_eq!(bench.told(), []);
    let row = &bench.machine.silences(&[seen(Level::Orange, 25)])[0];
    assert_eq!((row.suppressed, row.suppressed_cost), (1, Money::usd(Decimal::from(15))));
    bench.step(&[seen(Level::Red, 30)]);
    assert_eq!(bench.told(), [(7, NoticeKind::Fire)], "red is above the cap");
}

#[test]
fn when_a_silence_ends_what_still_fires_is_told() {
    let mut bench = Bench::default();
    bench.act(Deed::Silence(silence(&["tenant=acme"], 1, Level::Red)));
    bench.steps(70, &[budget(Level::Orange, 0)]);
    assert_eq!(bench.told(), [(60, NoticeKind::Fire)]);
}

#[test]
fn a_silence_can_be_ended_and_lasts_a_day_at_most() {
    let mut bench = Bench::default();
    bench.act(Deed::Silence(silence(&["tenant=acme"], 90, Level::Red)));
    assert_eq!(bench.machine.silences(&[])[0].silence.ends, at(24 * 60));
    bench.steps(3, &[budget(Level::Orange, 0)]);
    assert_eq!(bench.act(Deed::Unsilence { id: SilenceId("s-1".into()) }), 1);
    bench.step(&[budget(Level::Orange, 0)]);
    assert_eq!(bench.told(), [(4, NoticeKind::Fire)]);
}

#[test]
fn those_who_got_firing_get_resolved_even_if_silenced_since_with_duration_and_money() {
    let mut bench = Bench::default();
    let seen = |level, usd: i64| Observation {
        spent: Some(Spent { since: at(0), amount: Money::usd(Decimal::from(usd)) }),
        ..of("acme", Signal::Coverage, level)
    };
    bench.step(&[seen(Level::Orange, 100)]);
    bench.act(Deed::Silence(silence(&["tenant=acme"], 20, Level::Red)));
    bench.steps(60, &[seen(Level::Orange, 150)]);
    bench.steps(10, &[seen(Level::Green, 160)]);
    assert_eq!(bench.told(), [(1, NoticeKind::Fire), (71, NoticeKind::Resolve)]);
    let resolved = &bench.notices[1];
    assert_eq!(resolved.cost, Some(Money::usd(Decimal::from(60))));
    assert!(resolved.reason.ends_with("it fired for 1 h 10 min, $60.00 spent meanwhile"), "{}", resolved.reason);
}

#[test]
fn who_was_not_told_of_firing_is_not_told_of_the_end() {
    let mut bench = Bench::default();
    bench.act(Deed::Silence(silence(&["tenant=acme"], 20, Level::Red)));
    bench.step(&[of("acme", Signal::Coverage, Level::Orange)]);
    bench.steps(20, &[of("acme", Signal::Coverage, Level::Green)]);
    assert_eq!((bench.levels().len(), bench.told().len()), (2, 0));
}

#[test]
fn an_alert_that_is_no_longer_judged_ends() {
    let mut bench = Bench::default();
    bench.step(&[budget(Level::Red, 0)]);
    bench.step(&[]);
    assert_eq!(bench.changes[1].note, Some(ChangeNote::Gone));
    assert_eq!(bench.told(), [(1, NoticeKind::Fire), (2, NoticeKind::Resolve)]);
    assert_eq!(bench.machine.rows(&[]), []);
}

#[test]
fn a_change_that_late_data_made_says_so() {
    let mut bench = Bench::default();
    bench.step(&[Observation { is_revised: true, ..budget(Level::Red, 0) }]);
    assert_eq!(bench.changes[0].note, Some(ChangeNote::Revised));
    assert!(bench.changes[0].reason.contains("late data says so"));
}

#[test]
fn a_quiet_fleet_leaves_an_empty_checkpoint_and_a_steady_alert_an_unchanged_one() {
    let mut bench = Bench::default();
    let quiet: Vec<Observation> =
        (0..1000).map(|number| of(&format!("t{number}"), Signal::Burn, Level::Green)).collect();
    bench.step(&quiet);
    assert_eq!(bench.machine, Machine::default());
    bench.steps(60, &[burn(Level::Orange)]);
    let before = bench.machine.checkpoint();
    bench.steps(60, &[burn(Level::Orange)]);
    assert_eq!(bench.machine.checkpoint(), before);
}

#[test]
fn the_checkpoint_of_the_first_version_is_read_and_nobody_is_told_again() {
    let first = r#"[[{"subject":{"Owner":{"Tenant":"acme"}},"signal":"budget","budget":null},
        {"level":"orange","period_start":"2026-11-24T12:00:00Z"}]]"#;
    let mut bench = Bench { machine: Machine::from_checkpoint(first.as_bytes()), ..Bench::default() };
    bench.steps(3, &[budget(Level::Orange, 0)]);
    assert_eq!((bench.levels(), bench.told()), (vec![], vec![]));
    bench.step(&[budget(Level::Green, 1)]);
    assert_eq!(bench.told(), [(4, NoticeKind::Reset)]);
}

#[test]
fn a_checkpoint_that_cannot_be_read_counts_as_none() {
    assert_eq!(Machine::from_checkpoint(b"\xff{"), Machine::default());
}

#[test]
fn an_ack_reaches_only_what_fits() {
    let mut bench = Bench::default();
    bench.step(&[budget(Level::Red, 0), of("globex", Signal::Coverage, Level::Orange)]);
    assert_eq!(bench.act(ack(60)), 1);
    let subject = tenant("acme");
    assert_eq!(bench.notices.last().map(|notice| notice.alert.subject.clone()), Some(subject));
    assert_eq!(bench.act(Deed::Unack { matchers: matchers(&["signal=budget"]) }), 1);
}
