//! The store under damage, on a full disk, after a clock that jumps, and with files of an earlier format.

use std::fs;
use std::io::Read;
use std::path::Path;

use jiff::SignedDuration;
use rstest::rstest;

use super::engine::Engine;
use super::fixtures::{OPTIONS, at, batch, days, everything, folder, keep_up, minutes, open, start, tokens, usage};
use super::keys::{self, Kind};
use super::tier::Tier;
use super::*;
use crate::domain::history::History;
use crate::domain::ids::ProfileRef;
use crate::domain::meter::{Counts, Meter};
use crate::domain::usage::Point;

/// A durable store with some days of points, closed.
fn filled(folder: &Path) -> Vec<Point> {
    let mut store = Store::open(folder, &StoreOptions { durable: true, ..OPTIONS }).expect("opens");
    for minute in 0..600 {
        let when = start() + minutes(7 * minute);
        store.apply(&batch(when, vec![usage("a", when, tokens(minute.cast_unsigned() + 1))])).expect("stored");
    }
    store.points(ProfileRef(0), everything())
}

#[rstest]
#[case::garbage(Some(&b"not a snapshot"[..]))]
#[case::empty(Some(&[][..]))]
#[case::truncated(None)]
fn damaged_snapshots_are_put_aside_and_nothing_is_lost(#[case] instead: Option<&[u8]>) {
    let folder = folder();
    let points = filled(folder.path());
    drop(open(folder.path()));
    let files = folder.path().join("sled");
    let mut damaged = 0;
    for entry in fs::read_dir(&files).expect("listed").filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            let whole = fs::read(entry.path()).expect("readable");
            fs::write(entry.path(), instead.unwrap_or(&whole[..whole.len() / 2])).expect("written");
            damaged += 1;
        }
    }
    assert!(damaged > 0, "opening a store leaves a snapshot");
    let store = open(folder.path());
    assert_eq!(store.points(ProfileRef(0), everything()), points);
    assert!(store.faults().iter().any(|fault| fault.contains("rebuilt")), "{:?}", store.faults());
}

#[test]
fn damage_anywhere_in_the_log_is_told_and_never_fatal() {
    let folder = folder();
    let points = filled(folder.path());
    let log = folder.path().join("sled").join("db");
    let whole = fs::read(&log).expect("readable");
    let newest = fs::read(folder.path().join("newest")).expect("noted");
    for tenth in 0..10 {
        let mut damaged = whole.clone();
        let from = whole.len() * tenth / 10;
        damaged[from..(from + 4096).min(whole.len())].fill(0);
        fs::write(&log, &damaged).expect("written");
        fs::write(folder.path().join("newest"), &newest).expect("written");
        let store = open(folder.path());
        let read = store.points(ProfileRef(0), everything());
        assert!(read.iter().all(|point| points.contains(point)), "what is read is what was stored");
        assert!(read.len() == points.len() || !store.faults().is_empty(), "a loss is told");
    }
}

#[test]
fn a_flipped_bit_is_told_by_verify_wherever_it_matters() {
    let folder = folder();
    let points = filled(folder.path());
    let log = folder.path().join("sled").join("db");
    let whole = fs::read(&log).expect("readable");
    let newest = fs::read(folder.path().join("newest")).expect("noted");
    let used = whole.iter().rposition(|byte| *byte != 0).expect("something is written");
    for place in 1..24 {
        let mut damaged = whole.clone();
        damaged[used * place / 24] ^= 1 << (place % 8);
        fs::write(&log, &damaged).expect("written");
        fs::write(folder.path().join("newest"), &newest).expect("written");
        let verified = care::survey(folder.path()).expect("verified");
        let store = open(folder.path());
        let read = store.points(ProfileRef(0), everything());
        assert!(read.iter().all(|point| points.contains(point)), "what is read is what was stored");
        let is_told = !verified.damage.is_empty() || !store.faults().is_empty();
        assert!(read.len() == points.len() || is_told, "a bit at {place}/24: {} of {}", read.len(), points.len());
    }
}

#[test]
fn files_that_cannot_be_read_in_places_are_copied_as_far_as_they_can() {
    let folder = folder();
    let points = filled(folder.path());
    let log = folder.path().join("sled").join("db");
    let whole = fs::read(&log).expect("readable");
    for tenth in 1..9 {
        let mut damaged = whole.clone();
        let from = whole.len() * tenth / 10;
        damaged[from..from + 64].fill(0xa5);
        fs::write(&log, &damaged).expect("written");
        open::ask_for_salvage(folder.path());
        let store = open(folder.path());
        let read = store.points(ProfileRef(0), everything());
        assert!(read.iter().all(|point| points.contains(point)), "what is read is what was stored");
        assert!(store.faults().iter().any(|fault| fault.contains("kept in")), "{:?}", store.faults());
        drop(store);
        fs::remove_dir_all(folder.path().join("sled")).expect("removed");
        fs::create_dir(folder.path().join("sled")).expect("made");
    }
}

#[test]
fn a_damaged_chunk_is_put_aside_and_the_rest_serves() {
    let folder = folder();
    let mut store = open(folder.path());
    for day in 0..3 {
        let when = start() + days(day);
        store.apply(&batch(when, vec![usage("a", when, tokens(7))])).expect("stored");
    }
    keep_up(&mut store, start() + days(4));
    let key = keys::part(Kind::Chunk, Tier::POINTS.bucket_of((start() + days(1)).as_second()), ProfileRef(0), 0);
    store.engine.write_raw(&[(key.clone(), b"not a chunk".to_vec())]).expect("written");
    assert_eq!(store.points(ProfileRef(0), everything()).len(), 2, "the others are served");
    drop(store);
    let expected = "a day of a profile on 2026-11-21T00:00:00Z of profile 0: its checksum does not hold";
    assert_eq!(care::survey(folder.path()).expect("verified").damage, [expected], "exactly that is damaged");
    let mut store = open(folder.path());
    assert_eq!(store.points(ProfileRef(0), everything()).len(), 2, "the others are served");
    assert!(store.faults().iter().any(|fault| fault.contains("damaged")), "{:?}", store.faults());
    keep_up(&mut store, start() + days(4));
    assert_eq!(fs::read_dir(folder.path().join("quarantine").join("values")).expect("made").count(), 1);
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.points(ProfileRef(0), everything()).len(), 2);
    assert_eq!(store.faults(), Vec::<String>::new(), "it was told once");
}

#[test]
fn a_full_disk_stops_storing_and_harms_nothing() {
    let folder = folder();
    let mut store = open(folder.path());
    let point = |minute: i64| usage("a", start() + minutes(minute), tokens(7));
    store.apply(&batch(start(), vec![point(0)])).expect("stored");
    store.engine.is_full.set(true);
    let error = store.apply(&batch(start(), vec![point(1)])).expect_err("full");
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(store.maintain(start() + days(2)).is_err());
    assert_eq!(store.points(ProfileRef(0), everything()).len(), 1, "reads go on");
    store.engine.is_full.set(false);
    store.apply(&batch(start(), vec![point(1)])).expect("stored again");
    drop(store);
    assert_eq!(open(folder.path()).points(ProfileRef(0), everything()).len(), 2);
}

#[test]
fn an_engine_that_failed_is_opened_again() {
    let folder = folder();
    let mut store = open(folder.path());
    store.engine.batches_left.set(Some(0));
    assert!(store.apply(&batch(start(), vec![usage("a", start(), tokens(7))])).is_err());
    store.engine.batches_left.set(None);
    store.apply(&batch(start() + minutes(1), Vec::new())).expect("stored");
    drop(store);
    assert_eq!(open(folder.path()).points(ProfileRef(0), everything()).len(), 1);
}

#[test]
fn a_clock_that_jumps_stores_nothing_twice_and_removes_nothing() {
    let folder = folder();
    let mut store = open(folder.path());
    let point = |minute: i64| usage("a", start() + minutes(minute), tokens(7));
    let poll = |minute: i64| batch(start() + minutes(minute), (0..=minute).map(point).collect());
    store.apply(&poll(60)).expect("stored");
    store.apply(&poll(30)).expect("the clock went back");
    store.apply(&poll(61)).expect("and on");
    keep_up(&mut store, start() + days(4000));
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.points(ProfileRef(0), everything()).len(), 62);
    let hours = store.hours(ProfileRef(0), everything());
    assert_eq!(hours.iter().map(|hour| hour.counts.sum_of(Meter::InputTokens)).sum::<u64>(), 62 * 7);
}

#[test]
fn a_late_point_that_comes_while_its_day_is_sealed_in_slices_is_kept() {
    let folder = folder();
    let mut store = open(folder.path());
    let ids: Vec<String> = (0..25).map(|number| format!("profile{number}")).collect();
    let of_all = |minute: i64| ids.iter().map(|id| usage(id, start() + minutes(minute), tokens(7))).collect();
    store.apply(&batch(start() + minutes(1), of_all(0))).expect("stored");
    let later = start() + days(1) + minutes(361);
    assert!(store.seal_day(later).expect("sealed"), "some of the profiles");
    store.apply(&batch(later, of_all(1))).expect("stored, although late");
    keep_up(&mut store, later);
    let points =
        |store: &Store| (0..25).map(|number| store.points(ProfileRef(number), everything()).len()).sum::<usize>();
    assert_eq!(points(&store), 50);
    drop(store);
    assert_eq!(points(&open(folder.path())), 50);
}

/// A store of format 1, as bedtop 0.1.0 made it.
fn format_1(folder: &Path) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/store_format_1");
    fs::create_dir(folder.join("sled")).expect("made");
    fs::copy(data.join("store.toml"), folder.join("store.toml")).expect("copied");
    fs::copy(data.join("conf"), folder.join("sled/conf")).expect("copied");
    let mut log = Vec::new();
    let packed = fs::File::open(data.join("db.gz")).expect("there");
    flate2::read::GzDecoder::new(packed).read_to_end(&mut log).expect("whole");
    fs::write(folder.join("sled/db"), log).expect("written");
}

/// What the store of format 1 holds of profile 0 at a minute since its start, which is a multiple of ten.
fn of_minute(minute: u64) -> Counts {
    let counts = Counts::EMPTY.with(Meter::Invocations, minute % 5).with(Meter::InputTokens, 1000 + minute);
    if minute.is_multiple_of(3) { counts.with(Meter::LatencyP90Ms, 200 + minute % 70) } else { counts }
}

fn check_of_format_1(store: &Store) {
    let first = at("2026-11-01T00:00:00Z");
    let sizes = (0..3).map(ProfileRef).map(|profile| {
        let count = |points: Vec<Point>| points.len();
        (
            count(store.points(profile, everything())),
            count(store.five_minutes(profile, everything())),
            count(store.hours(profile, everything())),
        )
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [(504, 504, 124), (230, 230, 84), (149, 649, 84)]);
    for (point, minute) in store.points(ProfileRef(0), everything()).iter().zip((0..).step_by(10)) {
        assert_eq!(point.at, first + SignedDuration::from_mins(minute));
        assert_eq!(point.counts, of_minute(minute.unsigned_abs()));
    }
    let largest =
        store.points(ProfileRef(1), everything()).iter().map(|point| point.counts.sum_of(Meter::OutputTokens)).max();
    assert_eq!(largest, Some(u64::MAX), "integers are exact");
    assert_eq!(store.hours(ProfileRef(0), everything())[0].counts, tokens(7 * 40), "an hour that was told");
    let names: Vec<_> = store.profiles()[0].1.iter().map(|version| version.name.as_str()).collect();
    assert_eq!(names, ["first", "renamed"]);
    assert_eq!(store.checkpoint().as_deref(), Some(b"checkpoint 2".as_slice()));
    assert_eq!(store.changes(first + days(9), 9).len(), 3);
    assert_eq!(store.scopes(first + days(9))[0].watermark, Some(first + days(3) + minutes(720)));
    assert_eq!(store.faults(), Vec::<String>::new());
}

#[test]
fn a_store_of_format_1_is_brought_to_this_format_with_all_it_holds() {
    let folder = folder();
    format_1(folder.path());
    check_of_format_1(&open(folder.path()));
    let described = fs::read_to_string(folder.path().join("store.toml")).expect("described");
    assert!(described.contains("format = 2"), "{described}");
    assert!(!folder.path().join("sled.old").exists());
    let mut store = open(folder.path());
    keep_up(&mut store, at("2026-11-05T00:00:00Z"));
    check_of_format_1(&store);
}

#[test]
fn a_change_of_files_that_was_cut_off_is_finished_or_begun_again() {
    // Cut off while copying: what was copied goes.
    let folder = folder();
    format_1(folder.path());
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("sled.new")).expect("made");
    fs::write(path("sled.new").join("db"), b"half").expect("written");
    drop(open(folder.path()));
    // Cut off between the two renames: the new files are complete and take their place.
    fs::rename(path("sled"), path("sled.new")).expect("renamed");
    fs::create_dir(path("sled.old")).expect("made");
    check_of_format_1(&open(folder.path()));
    // Cut off before the description was written: the files are new already.
    fs::create_dir(path("sled.old")).expect("made");
    let old = fs::read_to_string(path("store.toml")).expect("described").replace("format = 2", "format = 1");
    fs::write(path("store.toml"), old.replace("min_reader = 2", "min_reader = 1")).expect("written");
    check_of_format_1(&open(folder.path()));
    assert!(!path("sled.old").exists() && !path("sled.new").exists());
}

#[test]
fn batches_and_values_stay_small() {
    let folder = folder();
    let engine = Engine::open(folder.path(), false).expect("opens");
    let points: Vec<Point> =
        (0..1440_i64).map(|minute| Point { at: start() + minutes(minute), counts: tokens(1) }).collect();
    let operations = tier::put_parts(&engine, Tier::POINTS, ProfileRef(0), 1, &points);
    assert_eq!(operations.len(), 1);
    let many = (0..5_u32).flat_map(|_| operations.clone()).cycle().take(1000).collect();
    engine.write(many).expect("cut into batches that the engine bears");
}
