//! When programs run, and when what they did is taken back.

use rstest::rstest;

use super::*;
use crate::respond::identity_of;

fn program(ttl: Option<SignedDuration>, revert: bool) -> Receiver {
    receiver(
        "run",
        ReceiverKind::Exec(Exec {
            command: vec!["/bin/true".to_owned()],
            revert: revert.then(|| vec!["/bin/true".to_owned()]),
            cwd: "/".into(),
            env: Vec::new(),
            ttl,
            cooldown: SignedDuration::from_mins(15),
            per_hour: 2,
            dry_run: false,
            allow_fallback_price: false,
        }),
    )
}

#[test]
fn a_program_runs_once_and_its_work_is_taken_back_at_the_end() {
    let mut office = Office::new(vec![program(None, true)], vec![route(&["run"])]);
    office.take(Fire, Level::Orange, 0);
    office.take(Acknowledge, Level::Orange, 1);
    office.take(Again, Level::Orange, 50_000);
    assert_eq!(office.deliver(50_000), [told("run", &[Fire])]);
    office.take(Resolve, Level::Green, 60_000);
    assert_eq!(office.deliver(60_000), [told("run", &[Resolve])]);
}

#[test]
fn what_a_program_did_is_taken_back_after_its_time_and_only_once() {
    let mut office = Office::new(vec![program(Some(SignedDuration::from_hours(1)), true)], vec![route(&["run"])]);
    office.take(Fire, Level::Red, 0);
    office.deliver(0);
    office.restart();
    assert!(office.due(3599).is_empty());
    let jobs = office.due(3600);
    assert_eq!(jobs.iter().map(|job| job.letter.action).collect::<Vec<_>>(), [Action::Revert]);
    office.settle(&jobs[0], Verdict::delivered(), 3600);
    office.take(Resolve, Level::Green, 7200);
    assert!(office.deliver(7200).is_empty(), "its work is taken back already");
}

#[test]
fn an_end_in_time_needs_no_taking_back_later() {
    let mut office = Office::new(vec![program(Some(SignedDuration::from_hours(1)), true)], vec![route(&["run"])]);
    office.take(Fire, Level::Red, 0);
    office.deliver(0);
    office.take(Resolve, Level::Green, 60);
    assert_eq!(office.deliver(60), [told("run", &[Resolve])]);
    assert!(office.due(4000).is_empty());
}

#[rstest]
#[case::cool_down(&["acme", "acme"], "cool-down")]
#[case::ceiling(&["t1", "t2", "t3"], "ceiling of 2 runs")]
fn a_program_does_not_run_too_often(#[case] tenants: &[&str], #[case] expected: &str) {
    let mut office = Office::new(vec![program(None, true)], vec![route(&["run"])]);
    for (tenant, at) in tenants.iter().zip((0..).step_by(100)) {
        office.take_of(tenant, Fire, Level::Red, at);
        office.deliver(at);
        office.restart();
        office.take_of(tenant, Resolve, Level::Green, at + 50);
        office.deliver(at + 50);
    }
    let skipped: Vec<String> = office
        .states()
        .into_iter()
        .filter(|(_, state, _)| *state == LetterState::Skipped)
        .map(|(.., why)| why)
        .collect();
    assert!(skipped.len() == 1 && skipped[0].contains(expected), "{skipped:?}");
}

#[test]
fn a_program_that_did_not_run_in_time_does_not_run_at_all() {
    let mut office = Office::new(vec![program(None, true)], vec![route(&["run"])]);
    office.take(Fire, Level::Red, 0);
    office.take(Resolve, Level::Green, 60);
    assert!(office.deliver(60).is_empty());
}

#[test]
fn a_program_waits_while_its_data_is_too_old_to_act_on() {
    let mut office = Office::new(vec![program(None, true)], vec![route(&["run"])]);
    office.take(Fire, Level::Red, 0);
    let identity = identity_of(&notice("acme", Fire, Level::Red).alert);
    office.responder.freeze([identity].into());
    assert!(office.deliver(0).is_empty());
    assert_eq!(office.states()[0].2, "its data has become too old to act on");
    office.responder.freeze(HashSet::new());
    assert_eq!(office.deliver(60), [told("run", &[Fire])], "it runs once the data is fresh again");
    office.take(Resolve, Level::Green, 120);
    office.responder.freeze([identity_of(&notice("acme", Fire, Level::Red).alert)].into());
    assert_eq!(office.deliver(120), [told("run", &[Resolve])], "what it did is taken back on any data");
}

#[test]
fn a_program_that_failed_half_way_is_taken_back() {
    let mut office = Office::new(vec![program(None, true)], vec![route(&["run"])]);
    office.take(Fire, Level::Red, 0);
    let jobs = office.due(0);
    office.settle(&jobs[0], Verdict::Retry { why: "exit code 1".to_owned(), after: None, maybe_received: true }, 1);
    office.take(Resolve, Level::Green, 2);
    assert_eq!(office.deliver(100), [told("run", &[Resolve])]);
}
