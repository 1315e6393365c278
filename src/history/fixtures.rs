//! What the tests of the store share: a store in a folder of its own, and polls to fill it with.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::health::{PollRecord, Traffic};
use crate::domain::ids::ProfileKey;
use crate::domain::meter::{Counts, Meter};
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::{Batch, Point, ProfileUsage};

pub(super) const OPTIONS: StoreOptions =
    StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: false };

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

pub(super) fn start() -> Timestamp {
    at("2026-11-20T00:00:00Z")
}

pub(super) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(super) fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

pub(super) fn key(id: &str) -> ProfileKey {
    ProfileKey { scope: "main".into(), id: id.into() }
}

pub(super) fn poll(now: Timestamp) -> PollRecord {
    let traffic = Traffic { metrics: 14, ..Traffic::default() };
    PollRecord { traffic, ..PollRecord::new("main".into(), now, Some(now)) }
}

pub(super) fn batch(now: Timestamp, points: Vec<ProfileUsage>) -> Batch {
    Batch { points, ..Batch::new(poll(now)) }
}

pub(super) fn tokens(count: u64) -> Counts {
    Counts::EMPTY.with(Meter::InputTokens, count)
}

pub(super) fn usage(id: &str, at: Timestamp, counts: Counts) -> ProfileUsage {
    ProfileUsage { profile: key(id), points: vec![Point { at, counts }] }
}

pub(super) fn open(folder: &Path) -> Store {
    Store::open(folder, &OPTIONS).expect("the store opens")
}

pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(super) fn keep_up(store: &mut Store, now: Timestamp) {
    while !store.maintain(now).expect("kept up") {}
}

pub(super) fn everything() -> TimeSpan {
    TimeSpan::new(Timestamp::MIN, Timestamp::MAX)
}
