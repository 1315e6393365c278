//! Replaying stored history says what was said live: one function judges both.

use std::path::Path;

use bedtop::domain::budget::{Budget, BudgetOver, Caps};
use bedtop::domain::calendar::{Calendar, PeriodLength};
use bedtop::domain::event::{Happening, LevelChange, LogEntry};
use bedtop::domain::history::History;
use bedtop::domain::level::Level;
use bedtop::domain::money::Money;
use bedtop::domain::usage::Batch;
use bedtop::domain::view::{FleetView, Mode};
use bedtop::history::{Retention, Store, StoreOptions};
use bedtop::judge::Judge;
use bedtop::judge::policy::Policy;
use bedtop::run::engine::{Command, Engine};
use bedtop::source::replay::Recording;
use jiff::tz::TimeZone;

fn recording() -> Recording {
    let slice = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/usage_slice.csv");
    Recording::load(&slice, None).expect("the slice is readable")
}

/// A daily budget that the busiest tenants use up and others do not.
fn policy() -> Policy {
    let budget = Budget {
        id: "daily".into(),
        amount: Money::usd(60_000.into()).into(),
        calendar: Calendar { length: PeriodLength::Day, anchor_day: 1, zone: TimeZone::UTC },
        over: BudgetOver::Tenants(vec!["*".into()]),
        caps: Caps::default(),
    };
    Policy { budgets: vec![budget], ..Policy::plain(Mode::Replay) }
}

fn open(folder: &Path, recording: &Recording) -> Store {
    let options = StoreOptions { step: recording.step(), retention: Retention::forever(), durable: false };
    Store::open(folder, &options).expect("the store opens")
}

/// Feeds the recording bin by bin, as a live run does; gives the view after each.
fn live(folder: &Path, recording: &Recording) -> Vec<FleetView> {
    let mut engine = Engine::new(open(folder, recording), policy(), recording.span().start);
    let judged = |batch: Batch| {
        let closed = batch.poll.at;
        engine.handle(Command::Store(Box::new(batch)));
        engine.handle(Command::Step(closed));
        engine.view()
    };
    recording.batches().map(judged).collect()
}

/// Judges the finished history again at the same instants; gives the views and what was said.
fn replayed(history: &dyn History, recording: &Recording) -> (Vec<FleetView>, Vec<LevelChange>) {
    let policy = policy();
    let mut judge = Judge::new(None);
    let (mut said, mut events) = (Vec::new(), Vec::new());
    let judged = |batch: Batch| {
        let tally = judge.tally(history, &policy, batch.poll.at);
        let outcome = judge.step(&tally, &policy);
        said.extend(outcome.changes);
        let skip = |skip| LogEntry { at: batch.poll.at, what: Happening::Skip(skip) };
        events.extend(outcome.skips.into_iter().map(skip));
        FleetView { events: events.clone(), ..judge.view(&tally, history, &policy) }
    };
    (recording.batches().map(judged).collect(), said)
}

#[test]
fn the_stored_history_judged_again_says_what_was_said_live() {
    let recording = recording();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let live = live(folder.path(), &recording);
    let store = open(folder.path(), &recording);
    let (replayed, said) = replayed(&store, &recording);
    let last = live.last().expect("the slice has bins");
    assert_eq!(said, last.log, "the same changes of level, at the same times, for the same reasons");
    assert_eq!(replayed, live, "and the same view at every step");
    let reached = |level| last.log.iter().any(|change| change.level == level);
    assert!(reached(Level::Yellow) && reached(Level::Orange) && reached(Level::Red), "{:?}", last.log);
}

#[test]
fn nothing_is_said_while_history_is_still_coming() {
    let recording = recording();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut engine = Engine::new(open(folder.path(), &recording), policy(), recording.span().start);
    let batches: Vec<Batch> = recording.batches().collect();
    let last = batches.len() - 1;
    for (number, mut batch) in batches.into_iter().enumerate() {
        let view = engine.view();
        assert!(view.log.is_empty(), "bin {number}");
        assert!(view.tenants.iter().all(|row| row.level == Level::Blind), "what is not judged yet is not green");
        let closed = batch.poll.at;
        batch.poll.collecting.is_filling = number < last;
        engine.handle(Command::Store(Box::new(batch)));
        engine.handle(Command::Step(closed));
    }
    assert!(!engine.view().log.is_empty(), "and then all of it is judged at once");
}
