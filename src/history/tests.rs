//! The store against a plain model, over restarts, and under damage.

use std::collections::BTreeMap;
use std::fs;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::fixtures::{
    OPTIONS, batch, days, everything, folder, keep_up, key, minutes, open, poll, start, tokens, usage,
};
use super::*;
use crate::domain::event::{AlertKey, LevelChange, Signal, Subject};
use crate::domain::health::{Fault, PollRecord};
use crate::domain::history::History;
use crate::domain::ids::{Owner, ProfileRef};
use crate::domain::level::Level;
use crate::domain::meter::{Counts, Meter};
use crate::domain::profile::Profile;
use crate::domain::time::{Step, floor_hour};
use crate::domain::usage::{Batch, Point, ProfileUsage};

fn profile(id: &str, tenant: &str, from: Timestamp) -> Profile {
    let tags = BTreeMap::from([("TenantID".to_owned(), tenant.to_owned())]);
    Profile { tags, ..Profile::bare(key(id), from) }
}

/// What a store is asked to do.
#[derive(Clone, Debug)]
enum Deed {
    Point { profile: u8, minute: i64, counts: Counts },
    Maintain { hours: i64 },
    Reopen,
}

fn any_deed() -> impl Strategy<Value = Deed> {
    let point = (0..3_u8, 0..3 * 1440_i64, codec::tests::any_counts());
    prop_oneof![
        12 => point.prop_map(|(profile, minute, counts)| Deed::Point { profile, minute, counts }),
        2 => (0..120_i64).prop_map(|hours| Deed::Maintain { hours }),
        1 => Just(Deed::Reopen),
    ]
}

/// The store as plainly as can be.
type Model = BTreeMap<u8, BTreeMap<Timestamp, Counts>>;

fn hours_of(points: &BTreeMap<Timestamp, Counts>) -> Vec<Point> {
    let mut hours: BTreeMap<Timestamp, Counts> = BTreeMap::new();
    for (&at, counts) in points {
        hours.entry(floor_hour(at)).or_default().add(counts);
    }
    hours.into_iter().map(|(at, counts)| Point { at, counts }).collect()
}

fn check(store: &Store, model: &Model) -> Result<(), TestCaseError> {
    let known = store.profiles();
    for (number, points) in model {
        let id = number.to_string();
        let profile = known.iter().find(|(_, versions)| versions[0].key.id.as_str() == id).map(|(profile, _)| *profile);
        let profile = profile.expect("a profile that was used is known");
        let expected: Vec<_> = points.iter().map(|(&at, &counts)| Point { at, counts }).collect();
        prop_assert_eq!(store.points(profile, everything()), expected);
        prop_assert_eq!(store.hours(profile, everything()), hours_of(points));
    }
    prop_assert!(store.faults().is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_store_says_what_a_plain_map_says(deeds in prop::collection::vec(any_deed(), 1..60)) {
        let folder = folder();
        let mut store = open(folder.path());
        let mut model = Model::new();
        for deed in deeds {
            match deed {
                Deed::Point { profile, minute, counts } => {
                    let when = start() + minutes(minute);
                    store.apply(&batch(when, vec![usage(&profile.to_string(), when, counts)])).expect("stored");
                    model.entry(profile).or_default().entry(when).or_default().revise(&counts);
                }
                Deed::Maintain { hours } => keep_up(&mut store, start() + SignedDuration::from_hours(hours)),
                Deed::Reopen => {
                    drop(store);
                    store = open(folder.path());
                }
            }
        }
        check(&store, &model)?;
        drop(store);
        check(&open(folder.path()), &model)?;
    }
}

#[test]
fn backfilled_hours_stay_beside_points_and_points_win_their_hour() {
    let folder = folder();
    let mut store = open(folder.path());
    let hour = |count: i64| start() + SignedDuration::from_hours(count);
    store.apply(&batch(hour(12), vec![usage("a", hour(8) + minutes(5), tokens(7))])).expect("stored");
    let told = |count: i64, sum: u64| Point { at: hour(count), counts: tokens(sum) };
    let hours = ProfileUsage { profile: key("a"), points: vec![told(6, 100), told(7, 50), told(8, 999)] };
    store.apply(&Batch { hours: vec![hours], ..batch(hour(12), Vec::new()) }).expect("stored");
    let expected = vec![told(6, 100), told(7, 50), told(8, 7)];
    assert_eq!(store.hours(ProfileRef(0), everything()), expected);
    keep_up(&mut store, hour(48));
    assert_eq!(store.hours(ProfileRef(0), everything()), expected, "sealing the day changes nothing");
    assert_eq!(store.points(ProfileRef(0), everything()).len(), 1, "hours are no points");
}

#[test]
fn profiles_states_and_the_log_survive_a_restart() {
    let folder = folder();
    let mut store = open(folder.path());
    let now = start() + minutes(10);
    let versions = [profile("a", "acme", start()), profile("a", "acme", now), profile("a", "globex", now)];
    for version in &versions {
        store.apply(&Batch { profiles: vec![version.clone()], ..batch(now, Vec::new()) }).expect("stored");
    }
    let change = LevelChange {
        at: now,
        alert: AlertKey { subject: Subject::Owner(Owner::Unattributed), signal: Signal::Coverage, budget: None },
        previous: Level::Green,
        level: Level::Orange,
        reason: "why".into(),
        note: None,
    };
    store.record(std::slice::from_ref(&change), b"state", Vec::new()).expect("stored");
    store.record(&[LevelChange { level: Level::Red, ..change.clone() }], b"later state", Vec::new()).expect("stored");
    drop(store);
    let store = open(folder.path());
    let kept: Vec<_> = store.profiles()[0].1.to_vec();
    assert_eq!(kept, [versions[0].clone(), versions[2].clone()], "a version that says the same is not one");
    assert_eq!(store.scopes(now)[0].watermark, Some(now));
    assert_eq!(store.scopes(now)[0].traffic_month.metrics, 3 * 14);
    assert_eq!(store.checkpoint().as_deref(), Some(b"later state".as_slice()));
    assert_eq!(
        store.changes(now, 10).iter().map(|change| change.level).collect::<Vec<_>>(),
        [Level::Orange, Level::Red]
    );
    assert_eq!(store.changes(now, 1)[0].level, Level::Red, "the newest ones, within the limit");
    assert!(store.changes(now - minutes(1), 10).is_empty(), "what was said later is not known yet");
}

#[test]
fn a_failed_poll_keeps_the_watermark_and_the_start_of_the_trouble() {
    let folder = folder();
    let mut store = open(folder.path());
    let fault = |since| Fault { kind: "throttled".into(), message: "m".into(), remedy: "r".into(), since };
    let failed = |now| PollRecord { watermark: None, fault: Some(fault(now)), ..poll(now) };
    store.apply(&batch(start(), Vec::new())).expect("stored");
    for later in [1, 2] {
        let record = failed(start() + minutes(later));
        store.apply(&Batch { poll: record, ..batch(start(), Vec::new()) }).expect("stored");
    }
    let status = &store.scopes(start() + minutes(5))[0];
    assert_eq!(status.watermark, Some(start()));
    assert_eq!(status.fault.as_ref().map(|fault| fault.since), Some(start() + minutes(1)));
    let before = &store.scopes(start())[0];
    assert!(before.fault.is_none(), "as it was known then");
}

#[test]
fn what_is_older_than_the_retention_goes() {
    let folder = folder();
    let options =
        StoreOptions { retention: Retention { points: days(2), five_minutes: days(20), hours: days(40) }, ..OPTIONS };
    let mut store = Store::open(folder.path(), &options).expect("opens");
    store.apply(&batch(start(), vec![usage("a", start(), tokens(7))])).expect("stored");
    let later = start() + days(10);
    store.apply(&batch(later, vec![usage("a", later, tokens(9))])).expect("stored");
    keep_up(&mut store, later);
    assert_eq!(store.points(ProfileRef(0), everything()).len(), 1, "the old point is gone");
    assert_eq!(store.hours(ProfileRef(0), everything()).len(), 2, "its hour is not");
    keep_up(&mut store, later + days(400));
    assert_eq!(
        store.hours(ProfileRef(0), everything()).len(),
        2,
        "a clock that runs ahead of the data removes nothing"
    );
    store.apply(&batch(later + days(60), Vec::new())).expect("stored");
    keep_up(&mut store, later + days(60));
    assert_eq!(store.hours(ProfileRef(0), everything()).len(), 0);
}

#[test]
fn a_late_point_counts_as_a_revision_and_a_fresh_one_does_not() {
    let folder = folder();
    let mut store = open(folder.path());
    let now = start() + SignedDuration::from_hours(12);
    store.apply(&batch(now, vec![usage("a", now, tokens(1))])).expect("stored");
    assert_eq!(store.revision(ProfileRef(0)), 0);
    store.apply(&batch(now, vec![usage("a", start(), tokens(1))])).expect("stored");
    assert_eq!(store.revision(ProfileRef(0)), 1);
    store.apply(&batch(now, vec![usage("a", start(), tokens(1))])).expect("stored");
    assert_eq!(store.revision(ProfileRef(0)), 1, "the same point again changes nothing");
}

#[test]
fn points_of_days_that_are_over_go_to_their_chunks_at_once() {
    let folder = folder();
    let mut store = open(folder.path());
    let now = start() + SignedDuration::from_hours(24 * 12);
    let young = usage("a", now - minutes(1), tokens(1));
    store.apply(&batch(now, vec![young.clone()])).expect("stored");
    let day = |day: i64, count| {
        let point = |minute| Point {
            at: start() + SignedDuration::from_hours(24 * day) + minutes(minute),
            counts: tokens(count),
        };
        ProfileUsage { profile: key("a"), points: (0..1440).map(point).collect() }
    };
    let hours = Batch { hours: vec![usage("a", start(), tokens(5))], ..batch(now, Vec::new()) };
    store.apply(&hours).expect("stored");
    store.apply(&batch(now, vec![day(1, 3), day(0, 2)])).expect("stored");
    let check = |store: &Store| {
        assert_eq!(store.points(ProfileRef(0), everything()).len(), 2 * 1440 + 1);
        let hours = store.hours(ProfileRef(0), everything());
        assert_eq!(hours.len(), 49);
        assert_eq!(hours[0].counts, tokens(120), "points win over what was told of their hour as a whole");
        assert_eq!(hours[24].counts, tokens(180));
        let fives = store.five_minutes(ProfileRef(0), everything());
        assert_eq!(fives.len(), 2 * 288 + 1);
        assert_eq!((fives[0].counts, fives[288].counts, fives[576].counts), (tokens(10), tokens(15), tokens(1)));
    };
    check(&store);
    assert_eq!(store.head.days_of(ProfileRef(0)).count(), 1, "only what is young is held in memory");
    drop(store);
    check(&open(folder.path()));
}

#[test]
fn the_extent_is_known_whatever_is_stored_before_and_removed() {
    let folder = folder();
    let options =
        StoreOptions { retention: Retention { points: days(2), five_minutes: days(20), hours: days(40) }, ..OPTIONS };
    let mut store = Store::open(folder.path(), &options).expect("opens");
    let from = |store: &mut Store, now: Timestamp, hour: Timestamp| {
        store.apply(&Batch { hours: vec![usage("a", hour, tokens(1))], ..batch(now, Vec::new()) }).expect("stored");
        keep_up(store, now);
        store.extent().expect("something").start
    };
    assert_eq!(from(&mut store, start(), start() - days(3)), start() - days(3));
    assert_eq!(from(&mut store, start(), start() - days(2)), start() - days(3));
    assert_eq!(from(&mut store, start(), start() - days(3) - minutes(60)), start() - days(3) - minutes(60));
    assert_eq!(from(&mut store, start(), start() - days(33)), start() - days(33));
    let later = start() + days(90);
    assert_eq!(from(&mut store, later, later - days(1)), later - days(1), "what was removed is not in it");
}

#[test]
fn five_minutes_outlive_the_points_they_are_made_of() {
    let folder = folder();
    let options =
        StoreOptions { retention: Retention { points: days(2), five_minutes: days(20), hours: days(40) }, ..OPTIONS };
    let mut store = Store::open(folder.path(), &options).expect("opens");
    let points = (0..10).map(|minute| Point { at: start() + minutes(minute), counts: tokens(1) }).collect();
    store.apply(&batch(start() + minutes(10), vec![ProfileUsage { profile: key("a"), points }])).expect("stored");
    let fetched = usage("a", start() + minutes(5), tokens(99));
    let older = usage("a", start() - days(10), tokens(7));
    let past = Batch { five_minutes: vec![fetched, older], ..batch(start() + minutes(11), Vec::new()) };
    store.apply(&past).expect("stored");
    let kept = |store: &Store| {
        let sums = store.five_minutes(ProfileRef(0), everything());
        sums.iter().map(|point| point.counts.sum_of(Meter::InputTokens)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&store), [7, 5, 5], "sums of points win over what was fetched");
    for day in [1, 2, 3, 5] {
        store.apply(&batch(start() + days(day), Vec::new())).expect("stored");
        keep_up(&mut store, start() + days(day));
    }
    assert!(store.points(ProfileRef(0), everything()).is_empty(), "the points have gone");
    assert_eq!(kept(&store), [7, 5, 5]);
    store.apply(&batch(start() + days(15), Vec::new())).expect("stored");
    keep_up(&mut store, start() + days(15));
    assert_eq!(kept(&store), [5, 5]);
}

#[test]
fn what_could_not_be_written_is_written_with_the_next_batch() {
    let folder = folder();
    let mut store = open(folder.path());
    store.engine.batches_left.set(Some(0));
    let described =
        Batch { profiles: vec![profile("a", "acme", start())], ..batch(start(), vec![usage("a", start(), tokens(7))]) };
    assert!(store.apply(&described).is_err());
    assert!(store.apply(&described).is_err(), "the same again changes nothing");
    assert_eq!(store.scopes(start()), [], "nothing is known of a scope whose poll was not stored");
    store.engine.batches_left.set(None);
    store.apply(&batch(start() + minutes(1), Vec::new())).expect("stored");
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.points(ProfileRef(0), everything()), [Point { at: start(), counts: tokens(7) }]);
    assert_eq!(store.profiles()[0].1[0].tags.len(), 1);
}

#[test]
fn lag_and_revisions_are_measured() {
    let folder = folder();
    let mut store = open(folder.path());
    for minute in 0..10 {
        let now = start() + minutes(minute);
        let grown = Point { at: now - minutes(4), counts: tokens(2) };
        let newest = Point { at: now - minutes(3), counts: tokens(1) };
        let usage = ProfileUsage { profile: key("a"), points: vec![grown, newest] };
        store.apply(&batch(now, vec![usage])).expect("stored");
    }
    let status = store.scopes(start() + minutes(10)).remove(0);
    assert_eq!((status.lag_seconds, status.revised_month), (Some(120), 9));
    drop(store);
    let status = open(folder.path()).scopes(start() + minutes(10)).remove(0);
    assert_eq!((status.lag_seconds, status.revised_month), (Some(120), 9));
}

#[test]
fn a_second_owner_is_refused() {
    let folder = folder();
    let _first = open(folder.path());
    let error = Store::open(folder.path(), &OPTIONS).expect_err("locked");
    assert!(matches!(error, StoreError::Locked(_)), "{error}");
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let folder = folder();
    drop(open(folder.path()));
    let path = folder.path().join("store.toml");
    let newer = fs::read_to_string(&path).expect("written").replace("min_reader = 2", "min_reader = 9");
    fs::write(&path, &newer).expect("written");
    let error = Store::open(folder.path(), &OPTIONS).expect_err("newer").to_string();
    assert!(error.contains("update bedtop"), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("readable"), newer);
}

#[test]
fn points_of_another_width_are_refused() {
    let folder = folder();
    drop(open(folder.path()));
    let options = StoreOptions { step: Step::from_minutes(10), ..OPTIONS };
    assert!(matches!(Store::open(folder.path(), &options), Err(StoreError::Step { stored: 60, wanted: 600, .. })));
}
