//! The history of bedtop itself: the polls, its upkeep, and a long history that is opened.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::path::Path;
use std::time::Instant;

use bedtop::domain::health::PollRecord;
use bedtop::domain::history::History;
use bedtop::domain::ids::{ProfileKey, ProfileRef};
use bedtop::domain::meter::{Counts, Meter};
use bedtop::domain::time::{Step, TimeSpan};
use bedtop::domain::usage::{Batch, Point, ProfileUsage};
use bedtop::history::{Retention, Store, StoreOptions, care};
use jiff::Timestamp;

use crate::figures::{Report, folder_bytes, peak_megabytes, percentile, worked_seconds, written_bytes};
use crate::workload::{Row, TENANTS, row, rows};
use crate::{Engine, Failure, ingested, questions};

const METERS: [Meter; 8] = [
    Meter::Invocations,
    Meter::InputTokens,
    Meter::OutputTokens,
    Meter::CacheReadTokens,
    Meter::CacheWriteTokens,
    Meter::ClientErrors,
    Meter::Throttles,
    Meter::LatencyP90Ms,
];
const OPTIONS: StoreOptions = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: true };
/// 2026-10-01T00:00:00Z.
const START: i64 = 1_790_812_800;

fn instant(minute: i64) -> Timestamp {
    Timestamp::from_second(START + 60 * minute).unwrap_or(Timestamp::MAX)
}

struct Bedtop(Store);

impl Bedtop {
    fn open(folder: &Path) -> Result<Self, Failure> {
        Ok(Self(Store::open(folder, &OPTIONS)?))
    }
}

fn key(tenant: usize) -> ProfileKey {
    ProfileKey { scope: "main".into(), id: format!("profile{tenant:05}").as_str().into() }
}

fn counts(row: &Row) -> Counts {
    METERS.into_iter().zip(row).fold(Counts::EMPTY, |counts, (meter, &value)| counts.with(meter, value))
}

fn batch(minute: i64, rows: &[Row], keys: &[ProfileKey]) -> Batch {
    let (at, end) = (instant(minute), instant(minute + 1));
    let usage = keys
        .iter()
        .zip(rows)
        .map(|(key, row)| ProfileUsage { profile: key.clone(), points: vec![Point { at, counts: counts(row) }] });
    Batch { points: usage.collect(), ..Batch::new(PollRecord::new("main".into(), end, Some(end))) }
}

fn span(from: i64, to: i64) -> TimeSpan {
    TimeSpan::new(instant(from), instant(to))
}

impl Engine for Bedtop {
    fn poll(&mut self, minute: i64, rows: &[Row]) -> Result<(), Failure> {
        let keys: Vec<ProfileKey> = (0..rows.len()).map(key).collect();
        Ok(self.0.apply(&batch(minute, rows, &keys))?)
    }

    fn last(&self, minute: i64) -> Result<u64, Failure> {
        let profiles = (0..TENANTS).map(|tenant| ProfileRef(u32::try_from(tenant).unwrap_or(0)));
        let newest = profiles.flat_map(|profile| self.0.points(profile, span(minute, minute + 1)));
        Ok(newest.map(|point| point.counts.sum_of(Meter::InputTokens)).sum())
    }

    fn series(&self, tenant: usize, meter: usize, from: i64, to: i64) -> Result<Vec<(i64, u64)>, Failure> {
        let found = self.0.series(ProfileRef(u32::try_from(tenant)?), METERS[meter], span(from, to));
        Ok(found.into_iter().map(|(at, value)| (at.as_second(), value)).collect())
    }

    fn fleet(&self, from: i64, to: i64) -> Result<u64, Failure> {
        let profiles = (0..TENANTS).map(|tenant| ProfileRef(u32::try_from(tenant).unwrap_or(0)));
        let hours = profiles.flat_map(|profile| self.0.hours(profile, span(from, to)));
        Ok(hours.map(|point| point.counts.sum_of(Meter::InputTokens)).sum())
    }
}

/// Stores the polls of a day, seals it, and tells what that takes.
pub(crate) fn ingest(report: &Report, folder: &Path, polls: i64) -> Result<(), Failure> {
    let mut engine = Bedtop::open(folder)?;
    let (mut times, mut upkeep) = (Vec::new(), Vec::new());
    let written = written_bytes()?;
    for minute in 0..polls {
        let rows = rows(minute);
        let began = Instant::now();
        engine.poll(minute, &rows)?;
        times.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        engine.0.maintain(instant(minute))?;
        upkeep.push(began.elapsed().as_secs_f64());
    }
    questions(report, &engine, polls)?;
    // The day that is over becomes chunks in slices, as it does between later polls.
    while !seal(&mut engine, polls, &mut upkeep)? {}
    let all: Vec<f64> = times.iter().zip(&upkeep).map(|(poll, upkeep)| poll + upkeep).collect();
    ingested(report, &times, written)?;
    let sealing: f64 = upkeep.iter().sum();
    report.tell(
        "ingest, upkeep counted",
        (polls * 8000) as f64 / (all.iter().sum::<f64>().max(sealing)) / 1e6,
        "M points/s",
    )?;
    report.tell("longest slice of upkeep", upkeep.iter().copied().fold(0.0, f64::max) * 1e3, "ms")?;
    report.tell("peak resident memory", peak_megabytes()?, "MB")?;
    drop(engine);
    let points = (polls * 8000) as f64;
    let survey = care::survey(folder)?;
    for kind in survey.kinds.iter().filter(|kind| kind.bytes > 0) {
        report.tell(&format!("live bytes: {}", kind.name()), kind.bytes as f64 / points, "B/point")?;
    }
    let of_points: u64 =
        survey.kinds.iter().filter(|kind| kind.name() == "days of points").map(|kind| kind.bytes).sum();
    report.tell("live bytes per point, 60 s", of_points as f64 / points, "B")?;
    report.tell("bytes on disk per point", folder_bytes(folder)? as f64 / points, "B")?;
    let (before, after) = care::compact(folder)?;
    report.tell("disk/live", before as f64 / survey.live_bytes() as f64, "")?;
    report.tell("disk/live, compacted", after as f64 / survey.live_bytes() as f64, "")?;
    let began = Instant::now();
    let engine = Bedtop::open(folder)?;
    report.tell("open, warm", began.elapsed().as_secs_f64() * 1e3, "ms")?;
    drop(engine);
    Ok(())
}

fn seal(engine: &mut Bedtop, polls: i64, upkeep: &mut Vec<f64>) -> Result<bool, Failure> {
    let end = instant((polls / 1440 + 1) * 1440 + 361);
    let began = Instant::now();
    let is_done = engine.0.maintain(end)?;
    upkeep.push(began.elapsed().as_secs_f64());
    Ok(is_done)
}

/// A history of days in minutes and of the whole retention in hours, and what reading and opening it takes.
pub(crate) fn long_history(report: &Report, folder: &Path, days: i64) -> Result<(), Failure> {
    let mut engine = Bedtop::open(folder)?;
    // The newest day is left out: there are two at least.
    let (now, days) = (455 * 1440, days.max(2));
    engine.0.apply(&batch(now, &rows(now), &(0..TENANTS).map(key).collect::<Vec<_>>()))?;
    let began = Instant::now();
    for tenant in 0..TENANTS {
        let point = |minute: i64| Point { at: instant(minute), counts: counts(&row(tenant, minute)) };
        let usage = |points: Vec<Point>| vec![ProfileUsage { profile: key(tenant), points }];
        let end = instant(now);
        let empty = Batch::new(PollRecord::new("main".into(), end, Some(end)));
        let hours = usage((0..now - 1440 * days).step_by(60).map(point).collect());
        let points = usage((now - 1440 * days..now - 1440).map(point).collect());
        engine.0.apply(&Batch { hours, points, ..empty })?;
    }
    let points = (days * 1440 + (455 - days) * 24) as f64 * 8000.0;
    report.tell("backfill", points / began.elapsed().as_secs_f64() / 1e6, "M points/s")?;
    let mut times = Vec::new();
    for tenant in (0..TENANTS).step_by(7) {
        let began = Instant::now();
        let found = engine.series(tenant, 1, now - 1440 * days, now)?;
        times.push(began.elapsed().as_secs_f64());
        assert!(found.len() >= 1440, "{} points", found.len());
    }
    report.tell("15 days of one series, p50", percentile(&mut times, 50) * 1e3, "ms")?;
    drop(engine);
    let survey = care::survey(folder)?;
    report.tell("live bytes, full retention", survey.live_bytes() as f64 / 1e6, "MB")?;
    report.tell("bytes on disk, full retention", folder_bytes(folder)? as f64 / 1e6, "MB")?;
    report.tell("disk/live, full retention", survey.disk_bytes as f64 / survey.live_bytes() as f64, "")?;
    for what in ["first", "warm"] {
        let (began, worked) = (Instant::now(), worked_seconds()?);
        let store = Store::open(folder, &OPTIONS)?;
        report.tell(&format!("open full retention, {what}"), began.elapsed().as_secs_f64() * 1e3, "ms")?;
        first_view(report, store, began, now, what)?;
        let worked = worked_seconds()? - worked;
        report.tell(&format!("open to the first view, {what}: work of all cores"), worked * 1e3, "ms")?;
    }
    let (_, after) = care::compact(folder)?;
    report.tell("disk/live, full retention, compacted", after as f64 / survey.live_bytes() as f64, "")
}

/// Up to the first view of the fleet, as the console makes it.
fn first_view(report: &Report, store: Store, began: Instant, now: i64, what: &str) -> Result<(), Failure> {
    let config = bedtop::config::Config::with_defaults("unused".into());
    let policy =
        bedtop::run::setup::policy(&config, bedtop::domain::view::Mode::Live, bedtop::cost::PriceBook::embedded());
    let mut engine = bedtop::run::engine::Engine::new(store, policy, instant(now));
    let view = engine.view();
    assert!(!view.tenants.is_empty());
    report.tell(&format!("open to the first view, {what}"), began.elapsed().as_secs_f64() * 1e3, "ms")
}
