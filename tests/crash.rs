//! `kill -9` at any moment loses no poll that was acknowledged. This program is its own victim: started with a folder in
//! the environment it stores polls and acknowledges each on its standard output, until it is killed.
//!
//! `.ci/power-cut` and `.ci/full-disk`, which need root for a disk of their own, start it as well: to store until the power
//! is cut, to check what is left, and to see a real bedtop through a full disk.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use bedtop::domain::health::PollRecord;
use bedtop::domain::history::History;
use bedtop::domain::ids::{ProfileKey, ProfileRef};
use bedtop::domain::meter::{Counts, Meter};
use bedtop::domain::time::{Step, TimeSpan};
use bedtop::domain::usage::{Batch, Point, ProfileUsage};
use bedtop::history::{Retention, Store, StoreOptions, care};
use jiff::{SignedDuration, Timestamp};

#[path = "crash/full_disk.rs"]
mod full_disk;
#[path = "support/scripted_aws.rs"]
#[allow(dead_code, reason = "each of the tests that share it needs a part of it")]
mod scripted_aws;

const OPTIONS: StoreOptions = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: true };
const VICTIM: &str = "BEDTOP_CRASH_TEST_STORE";
/// Asks the victim to compact the store over and over instead.
const COMPACT: &str = "BEDTOP_CRASH_TEST_COMPACT";
/// Asks to check the store of a victim that acknowledged all polls up to this one.
const CHECK: &str = "BEDTOP_CRASH_TEST_CHECK";
/// How many profiles a poll is of: two, or as many as this variable says.
const PROFILES: &str = "BEDTOP_CRASH_TEST_PROFILES";
/// A folder on a disk of 64 MB, on which a bedtop is seen through the disk's being full.
const SMALL_DISK: &str = "BEDTOP_SMALL_DISK";
/// How often it is killed: 20 times, or as often as this variable says (200 before a release).
const ROUNDS: &str = "BEDTOP_CRASH_ROUNDS";

fn main() {
    if let Some(folder) = std::env::var_os(VICTIM) {
        return be_of_use(Path::new(&folder));
    }
    if let Some(folder) = std::env::var_os(SMALL_DISK) {
        return full_disk::stops_collecting_and_harms_nothing(Path::new(&folder));
    }
    // A filter for other tests is not for this one.
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if filters.is_empty() || filters.iter().any(|filter| "kill_9_loses_nothing".contains(filter.as_str())) {
        let acknowledged = kill_9_loses_nothing();
        let _ = writeln!(io::stdout(), "test kill_9_loses_nothing ... ok ({} kills, {acknowledged} polls)", rounds());
        let _ = writeln!(io::stdout(), "\ntest result: ok. 1 passed; 0 failed; 0 ignored");
    }
}

/// What another process started this one for.
fn be_of_use(folder: &Path) {
    if let Ok(last) = std::env::var(CHECK) {
        check(folder, last.parse().expect("the number of a poll"));
    } else if std::env::var_os(COMPACT).is_some() {
        compact_until_killed(folder);
    } else {
        store_until_killed(folder);
    }
}

fn rounds() -> i64 {
    number_in(ROUNDS, 20)
}

fn profiles() -> u32 {
    u32::try_from(number_in(PROFILES, 2)).expect("a number of profiles")
}

fn number_in(variable: &str, default: i64) -> i64 {
    std::env::var(variable).map_or(default, |number| number.parse().expect("a number"))
}

fn minute(number: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 20_000) + SignedDuration::from_mins(number)
}

/// What is stored for a minute: some profiles, one of which also gets an hour as a whole.
fn poll(number: i64) -> Batch {
    let at = minute(number);
    let count = Counts::EMPTY.with(Meter::InputTokens, number.cast_unsigned() + 1);
    let usage = |profile: u32, at| ProfileUsage {
        profile: ProfileKey { scope: "main".into(), id: format!("profile{profile}").as_str().into() },
        points: vec![Point { at, counts: count }],
    };
    let poll = PollRecord::new("main".into(), at, Some(at));
    let hour = at - SignedDuration::from_hours(24 * 30);
    Batch {
        points: (0..profiles()).map(|profile| usage(profile, at)).collect(),
        hours: vec![usage(0, Step::HOUR.floor(hour))],
        ..Batch::new(poll)
    }
}

fn store_until_killed(folder: &Path) {
    let mut store = Store::open(folder, &OPTIONS).expect("the store opens");
    let next = store.newest_poll().map_or(0, |newest| newest.duration_since(minute(0)).as_mins() + 1);
    let mut out = io::stdout().lock();
    for number in next.. {
        store.apply(&poll(number)).expect("stored");
        // Days are sealed in between, as they are in a long run.
        store.maintain(minute(number) + SignedDuration::from_hours(number % 40)).expect("kept up");
        writeln!(out, "{number}").and_then(|()| out.flush()).expect("the test reads on");
    }
}

fn compact_until_killed(folder: &Path) {
    let mut out = io::stdout().lock();
    for number in 0.. {
        care::compact(folder).expect("compacted");
        writeln!(out, "{number}").and_then(|()| out.flush()).expect("the test reads on");
    }
}

/// Kills a compaction somewhere: after some that were whole, and then a little later each time.
fn kill_a_compaction(folder: &Path, round: i64) {
    let mut victim = Command::new(std::env::current_exe().expect("this program"))
        .env(VICTIM, folder)
        .env(COMPACT, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the victim starts");
    let mut lines = BufReader::new(victim.stdout.take().expect("its output")).lines();
    acknowledged(lines.next()).expect("it goes on until it is killed");
    thread::sleep(Duration::from_millis(round.unsigned_abs() * 11 % 97));
    victim.kill().expect("killed");
    victim.wait().expect("it ends");
}

fn kill_9_loses_nothing() -> i64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut last = -1;
    for round in 0..rounds() {
        let mut victim = Command::new(std::env::current_exe().expect("this program"))
            .env(VICTIM, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the victim starts");
        let mut lines = BufReader::new(victim.stdout.take().expect("its output")).lines();
        // The kill comes at another place of the work each time.
        for _ in 0..(3 + 17 * round % 61) {
            last = acknowledged(lines.next()).expect("it goes on until it is killed");
        }
        victim.kill().expect("killed");
        victim.wait().expect("it ends");
        last = lines.map_while(|line| acknowledged(Some(line))).last().unwrap_or(last);
        check(folder.path(), last);
        kill_a_compaction(folder.path(), round);
        check(folder.path(), last);
    }
    last + 1
}

fn acknowledged(line: Option<io::Result<String>>) -> Option<i64> {
    line?.ok()?.parse().ok()
}

/// Every poll up to the last acknowledged one is there, whole and right; one more may be.
fn check(folder: &Path, last: i64) {
    let store = Store::open(folder, &OPTIONS).expect("the store opens after a kill");
    // The engine tears its own index when it is killed while it writes it: that is mended and told, and no loss.
    let losses: Vec<String> = store.faults().into_iter().filter(|fault| !fault.ends_with("nothing is lost")).collect();
    assert!(losses.is_empty(), "{losses:?}");
    assert!(store.scopes(Timestamp::MAX)[0].watermark >= Some(minute(last)), "the watermark of poll {last}");
    let everything = TimeSpan::new(Timestamp::MIN, Timestamp::MAX);
    let beside = std::fs::read_dir(folder.join("sled/blobs")).map_or(0, Iterator::count);
    assert_eq!(beside, 0, "no value is in a file of its own, which the engine would not sync");
    for profile in (0..profiles()).map(ProfileRef) {
        let points: BTreeMap<Timestamp, Counts> =
            store.points(profile, everything).into_iter().map(|point| (point.at, point.counts)).collect();
        for number in 0..=last {
            let expected = number.cast_unsigned() + 1;
            let found = points.get(&minute(number)).map(|counts| counts.sum_of(Meter::InputTokens));
            assert_eq!(found, Some(expected), "poll {number} of {profile:?}");
        }
    }
}
