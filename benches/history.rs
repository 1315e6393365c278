//! The history beside other embedded stores: the same polls of 8,000 series, each made durable, and the same questions.
//!
//! `cargo bench --bench history` prints a table, `-- --json` an object a line; `--polls N` and `--peer-polls N` change how
//! many minutes are stored (1440 and 480), `--days N` how long the history is whose opening is measured. Every engine
//! runs in a process of its own. Its peers hold a row a tenant and minute with eight values, keyed by minute first: the
//! best that was found for polls. `SQLite` runs in WAL mode with `synchronous=FULL`, redb and fjall sync each poll.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use bedtop::domain::health::PollRecord;
use bedtop::domain::history::History;
use bedtop::domain::ids::{ProfileKey, ProfileRef};
use bedtop::domain::meter::{Counts, Meter};
use bedtop::domain::time::{Step, TimeSpan};
use bedtop::domain::usage::{Batch, Point, ProfileUsage};
use bedtop::history::{Retention, Store, StoreOptions, care};
use jiff::Timestamp;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;
type Row = [u64; 8];

const TENANTS: usize = 1000;
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
const ENGINES: [&str; 4] = ["bedtop", "sqlite", "redb", "fjall"];
const CHILD: &str = "BEDTOP_BENCH_ENGINE";
const OPTIONS: StoreOptions = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: true };
/// 2026-10-01T00:00:00Z.
const START: i64 = 1_790_812_800;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Ok(engine) = std::env::var(CHILD) {
        return measure(&engine, &arguments);
    }
    let mut figures = Vec::new();
    for engine in ENGINES {
        figures.extend(child(engine, &arguments)?);
    }
    let mut out = std::io::stdout().lock();
    if arguments.iter().any(|argument| argument == "--json") {
        for figure in &figures {
            writeln!(out, "{figure}")?;
        }
        return Ok(());
    }
    table(&figures, &mut out)
}

fn child(engine: &str, arguments: &[String]) -> Result<Vec<Value>, Failure> {
    let program = std::env::current_exe()?;
    let mut child = Command::new(program).args(arguments).env(CHILD, engine).stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let figures = lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect::<Result<Vec<Value>, Failure>>();
    if !child.wait()?.success() {
        return Err(format!("{engine} failed").into());
    }
    figures
}

fn table(figures: &[Value], out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "{:<44} {:>12} {:>12} {:>12} {:>12}  unit", "figure", "bedtop", "sqlite", "redb", "fjall")?;
    let mut named: Vec<(&Value, &Value)> = Vec::new();
    for figure in figures {
        if !named.contains(&(&figure["figure"], &figure["unit"])) {
            named.push((&figure["figure"], &figure["unit"]));
        }
    }
    for (name, unit) in named {
        let of = |engine: &str| {
            let found = figures.iter().find(|figure| figure["figure"] == *name && figure["engine"] == engine);
            found.and_then(|figure| figure["value"].as_f64()).map_or("-".to_owned(), |value| format!("{value:.3}"))
        };
        let [a, b, c, d] = ENGINES.map(of);
        let (name, unit) = (name.as_str().unwrap_or(""), unit.as_str().unwrap_or(""));
        writeln!(out, "{name:<44} {a:>12} {b:>12} {c:>12} {d:>12}  {unit}")?;
    }
    Ok(())
}

/// Numbers that look random and are the same in every run.
fn mixed(seed: u64) -> u64 {
    let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ seed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ seed >> 31
}

/// 55 % of the tenants are idle, 25 % light, 15 % medium, 5 % heavy; all in bursts, by day more than by night. About
/// 12 % of the values are not zero.
fn row(tenant: usize, minute: i64) -> Row {
    let seed = |what: u64| mixed((tenant as u64) << 40 ^ minute.unsigned_abs() << 8 ^ what);
    let (rate, share) = match tenant % 20 {
        0 => (40, 90),
        1..=3 => (8, 55),
        4..=8 => (2, 12),
        _ => return [0; 8],
    };
    let hour = minute / 60 % 24;
    let by_day = if (7..20).contains(&hour) { 100 } else { 35 };
    let burst = mixed((tenant as u64) << 32 ^ (minute / 20).unsigned_abs()) % 100;
    if burst * 100 >= share * by_day {
        return [0; 8];
    }
    let calls = (0..4).map(|part| seed(part) % (rate + 1)).sum::<u64>() / 2;
    if calls == 0 {
        return [0; 8];
    }
    let tokens = |what: u64, size: u64| {
        calls * (size / 4 + seed(what) % size + seed(what + 1) % size * (seed(what + 2) % 4) / 4)
    };
    let cached = if tenant.is_multiple_of(3) { tokens(20, 3000) } else { 0 };
    let rare = |what: u64| u64::from(seed(what).is_multiple_of(40)) * (1 + seed(what + 1) % 3);
    [calls, tokens(8, 1800), tokens(12, 350), cached, cached / 7, rare(30), rare(34), 700 + seed(40) % 1400]
}

fn rows(minute: i64) -> Vec<Row> {
    (0..TENANTS).map(|tenant| row(tenant, minute)).collect()
}

/// A store as the measurement sees it.
trait Engine {
    fn poll(&mut self, minute: i64, rows: &[Row]) -> Result<(), Failure>;
    /// The sum of the newest input tokens of all tenants.
    fn last(&self, minute: i64) -> Result<u64, Failure>;
    fn series(&self, tenant: usize, meter: usize, from: i64, to: i64) -> Result<Vec<(i64, u64)>, Failure>;
    /// Input tokens of all tenants over a span.
    fn fleet(&self, from: i64, to: i64) -> Result<u64, Failure>;
}

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

#[path = "history/peers.rs"]
mod peers;

fn argument(arguments: &[String], name: &str, default: i64) -> i64 {
    let place = arguments.iter().position(|argument| argument == name);
    place.and_then(|place| arguments.get(place + 1)?.parse().ok()).unwrap_or(default)
}

struct Report<'a>(&'a str);

impl Report<'_> {
    fn tell(&self, figure: &str, value: f64, unit: &str) -> Result<(), Failure> {
        let line = json!({"figure": figure, "engine": self.0, "value": value, "unit": unit});
        Ok(writeln!(std::io::stdout(), "{line}")?)
    }
}

fn measure(name: &str, arguments: &[String]) -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(std::env::var_os("BEDTOP_BENCH_FOLDER").unwrap_or_else(|| ".".into()))?;
    let report = Report(name);
    if name == "bedtop" {
        let polls = argument(arguments, "--polls", 1440);
        ingest_bedtop(&report, &folder.path().join("store"), polls)?;
        return long_history(&report, &folder.path().join("long"), argument(arguments, "--days", 15));
    }
    let polls = argument(arguments, "--peer-polls", 480);
    let mut engine = peers::open(name, folder.path())?;
    let mut times = Vec::new();
    let written = written_bytes()?;
    for minute in 0..polls {
        let rows = rows(minute);
        let began = Instant::now();
        engine.poll(minute, &rows)?;
        times.push(began.elapsed().as_secs_f64());
    }
    ingested(&report, &times, written)?;
    questions(&report, engine.as_ref(), polls)?;
    drop(engine);
    let points = (polls * 8000) as f64;
    report.tell("bytes on disk per point", folder_bytes(folder.path())? as f64 / points, "B")?;
    let began = Instant::now();
    let engine = peers::open(name, folder.path())?;
    report.tell("open, warm", began.elapsed().as_secs_f64() * 1e3, "ms")?;
    engine.last(polls - 1)?;
    report.tell("peak resident memory", peak_megabytes()?, "MB")
}

fn ingest_bedtop(report: &Report, folder: &Path, polls: i64) -> Result<(), Failure> {
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
    questions(report, &engine, polls)?;
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
fn long_history(report: &Report, folder: &Path, days: i64) -> Result<(), Failure> {
    let mut engine = Bedtop::open(folder)?;
    let now = 455 * 1440;
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
    report.tell("bytes on disk, full retention", folder_bytes(folder)? as f64 / 1e6, "MB")?;
    for what in ["first", "warm"] {
        let began = Instant::now();
        let store = Store::open(folder, &OPTIONS)?;
        report.tell(&format!("open full retention, {what}"), began.elapsed().as_secs_f64() * 1e3, "ms")?;
        first_view(report, store, began, now, what)?;
    }
    Ok(())
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

fn ingested(report: &Report, times: &[f64], written_before: u64) -> Result<(), Failure> {
    let points = (times.len() * 8000) as f64;
    report.tell("ingest, every poll durable", points / times.iter().sum::<f64>() / 1e6, "M points/s")?;
    let mut sorted = times.to_vec();
    report.tell("durable poll of 8,000 points, p50", percentile(&mut sorted, 50) * 1e3, "ms")?;
    report.tell("durable poll of 8,000 points, p99", percentile(&mut sorted, 99) * 1e3, "ms")?;
    report.tell("bytes written per point", (written_bytes()? - written_before) as f64 / points, "B")
}

fn questions(report: &Report, engine: &dyn Engine, polls: i64) -> Result<(), Failure> {
    let expected: u64 = rows(polls - 1).iter().map(|row| row[1]).sum();
    let mut times = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        assert_eq!(engine.last(polls - 1)?, expected, "the last values are those that were stored");
        times.push(began.elapsed().as_secs_f64());
    }
    report.tell("last of all series, p50", percentile(&mut times, 50) * 1e3, "ms")?;
    times.clear();
    let from = (polls - 360).max(0);
    for tenant in (0..TENANTS).step_by(7) {
        let began = Instant::now();
        let found = engine.series(tenant, 1, from, polls)?;
        times.push(began.elapsed().as_secs_f64());
        assert_eq!(found.last().map(|(_, value)| *value), Some(row(tenant, polls - 1)[1]));
    }
    report.tell("6 h of one series, p50", percentile(&mut times, 50) * 1e3, "ms")?;
    let from = (polls - 1440).max(0);
    let began = Instant::now();
    let sum = engine.fleet(from, polls)?;
    let took = began.elapsed().as_secs_f64();
    assert!(sum > 0);
    report.tell("sum over the fleet and the day", took * 1e3, "ms")
}

fn percentile(times: &mut [f64], percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

fn proc_figure(file: &str, name: &str) -> Result<u64, Failure> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such figure")?;
    Ok(line.split_whitespace().next().ok_or("no value")?.parse()?)
}

/// Bytes that this process has passed to write calls.
fn written_bytes() -> Result<u64, Failure> {
    proc_figure("/proc/self/io", "wchar:")
}

fn peak_megabytes() -> Result<f64, Failure> {
    Ok(proc_figure("/proc/self/status", "VmHWM:")? as f64 / 1024.0)
}

fn folder_bytes(folder: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { folder_bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}
