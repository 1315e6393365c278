//! A night of the demo, judged live, replayed and back-tested: one log. And nothing in it looks ahead.

use std::fs;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::*;
use crate::domain::amount::Amount;
use crate::domain::budget::{Budget, BudgetOver, Caps};
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::event::{LevelChange, Signal};
use crate::domain::health::PollRecord;
use crate::domain::history::History;
use crate::domain::level::Level;
use crate::domain::meter::MeterSet;
use crate::domain::profile::{Profile, Reach, ServiceTier};
use crate::domain::tenancy::TenantRules;
use crate::domain::time::Step;
use crate::domain::usage::Batch;
use crate::judge::backtest;
use crate::run::transfer::{Bins, export_csv};
use crate::source::demo::{self, Fleet, Scenario};
use crate::source::replay::RecordedHistory;
use crate::source::{Ask, Source, UsageRequest};

/// How many minutes of the demo make the night.
const NIGHT: i64 = 180;

/// A day's budget for each tenant and one for the fleet, so small that the night uses them up.
fn policy(mode: Mode) -> Policy {
    let budget = |id: &str, usd: i64, over: BudgetOver| Budget {
        id: id.into(),
        amount: Amount::usd(Decimal::from(usd)),
        calendar: Calendar { length: PeriodLength::Day, anchor_day: 1, zone: TimeZone::UTC },
        over,
        caps: Caps::default(),
    };
    let each = budget("each", 40, BudgetOver::Tenants(vec!["*".into()]));
    Policy {
        tenancy: TenantRules { tag_keys: vec!["TenantID".into()], ..TenantRules::default() },
        budgets: vec![each, budget("all", 400, BudgetOver::Fleet)],
        ..Policy::plain(mode)
    }
}

/// A usage CSV knows neither reach nor tier, and both bear on prices.
fn plain(profile: Profile) -> Profile {
    Profile { reach: Reach::InRegion, tier: ServiceTier::default(), ..profile }
}

/// The night as it happens: every minute is polled, stored and judged.
fn live(folder: &Path) -> Store {
    let fleet = Arc::new(Fleet::new(7, 6, Scenario::Runaway));
    let mut sources = demo::sources(&fleet);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = setup::temporary_store(folder, Step::MINUTE, Retention::forever()).expect("opens");
    let mut engine = Engine::new(store, policy(Mode::Demo), demo::START);
    for minute in 1..=NIGHT {
        let now = demo::START + jiff::SignedDuration::from_mins(minute);
        let batches: Vec<Batch> = sources
            .iter_mut()
            .map(|source| {
                let profiles = runtime.block_on(source.profiles(now)).expect("simulated");
                let profiles: Vec<Profile> = profiles.into_iter().map(plain).collect();
                let from = now - jiff::SignedDuration::from_mins(1);
                let ask =
                    |key: &crate::domain::ids::ProfileKey| Ask { profile: key.clone(), meters: MeterSet::ALL, from };
                let asks = profiles.iter().map(|profile| ask(&profile.key)).collect();
                let reply = source.answer(&UsageRequest { now, until: now, step: Step::MINUTE, asks });
                let poll = PollRecord::new(source.scope().clone(), now, Some(now));
                Batch { profiles, points: reply.usage, ..Batch::new(poll) }
            })
            .collect();
        for batch in batches {
            engine.handle(Command::Store(Box::new(batch)));
        }
        engine.handle(Command::Step(now));
    }
    engine.into_store()
}

fn recording(csv: &[u8], folder: &Path) -> Recording {
    let path = folder.join("night.csv");
    fs::write(&path, csv).expect("written");
    Recording::load(&path, Some(Step::MINUTE)).expect("read")
}

fn back_tested(csv: &[u8], folder: &Path) -> Vec<LevelChange> {
    let history = RecordedHistory::new(recording(csv, folder));
    let span = history.span();
    backtest::run(&history, &policy(Mode::Replay), span)
}

fn said(store: &Store) -> Vec<LevelChange> {
    store.changes(Timestamp::MAX, usize::MAX)
}

/// What was said, in the order of time: what is said at one instant has no order.
fn log(mut changes: Vec<LevelChange>) -> Vec<LevelChange> {
    changes.sort_by(|a, b| (a.at, &a.alert).cmp(&(b.at, &b.alert)));
    changes
}

#[test]
fn a_night_judged_live_replayed_and_back_tested_gives_one_log() {
    let folders: Vec<TempDir> = (0..3).map(|_| TempDir::new().expect("a folder")).collect();
    let store = live(folders[0].path());
    let lived = log(said(&store));
    let mut csv = Vec::new();
    export_csv(&store, &policy(Mode::Demo).tenancy, Bins::Points, &mut csv).expect("exported");

    let recorded = recording(&csv, folders[1].path());
    let replay = setup::temporary_store(folders[2].path(), Step::MINUTE, Retention::forever()).expect("opens");
    let replayed = log(said(&engine_over(&recorded, replay, policy(Mode::Replay)).into_store()));

    // A back-test dates a change with the start of the minute that it was known at the end of.
    let known = |change: LevelChange| LevelChange { at: change.at + Step::MINUTE.duration(), ..change };
    let tested = log(back_tested(&csv, folders[1].path()).into_iter().map(known).collect());

    assert_eq!(lived, replayed);
    assert_eq!(lived, tested);
    let has = |signal: Signal, level: Level| lived.iter().any(|it| it.alert.signal == signal && it.level == level);
    assert!(
        has(Signal::Budget, Level::Red) && has(Signal::Burn, Level::Orange),
        "a night with nothing in it: {lived:#?}"
    );

    let whole = back_tested(&csv, folders[1].path());
    for minutes in [60, 119, 150] {
        let cut = demo::START + jiff::SignedDuration::from_mins(minutes);
        let until =
            |line: &&str| line.split(',').next().and_then(|at| at.parse::<Timestamp>().ok()).is_none_or(|at| at < cut);
        let text = String::from_utf8(csv.clone()).expect("text");
        let lines: Vec<&str> = text.lines().filter(until).collect();
        let early = back_tested(lines.join("\n").as_bytes(), folders[1].path());
        let before: Vec<LevelChange> = whole.iter().filter(|change| change.at < cut).cloned().collect();
        assert_eq!(early, before, "what comes after {cut} changes nothing before it");
    }
}
