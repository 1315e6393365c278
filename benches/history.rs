//! The history beside other embedded stores: the same polls of 8,000 series, each made durable, and the same questions.
//!
//! `cargo bench --bench history` prints a table, `-- --json` an object a line; `--polls N` changes how many minutes are
//! stored (1440, the same for every engine), `--days N` how many days of minutes the history has whose opening is measured.
//! Every engine runs in a process of its own. The peers hold a row a tenant and minute with eight values, keyed by minute
//! first: the best that was found for polls. `SQLite` runs in WAL mode with `synchronous=FULL`, redb and fjall sync each
//! poll.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

#[path = "history/figures.rs"]
mod figures;
#[path = "history/ours.rs"]
mod ours;
#[path = "history/peers.rs"]
mod peers;
#[path = "history/workload.rs"]
mod workload;

use figures::{Report, folder_bytes, peak_megabytes, percentile, written_bytes};
use workload::{Row, TENANTS, row, rows};

type Failure = Box<dyn std::error::Error>;

const ENGINES: [&str; 4] = ["bedtop", "sqlite", "redb", "fjall"];
const CHILD: &str = "BEDTOP_BENCH_ENGINE";

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

/// A store as the measurement sees it.
trait Engine {
    fn poll(&mut self, minute: i64, rows: &[Row]) -> Result<(), Failure>;
    /// The sum of the newest input tokens of all tenants.
    fn last(&self, minute: i64) -> Result<u64, Failure>;
    fn series(&self, tenant: usize, meter: usize, from: i64, to: i64) -> Result<Vec<(i64, u64)>, Failure>;
    /// Input tokens of all tenants over a span.
    fn fleet(&self, from: i64, to: i64) -> Result<u64, Failure>;
}

fn argument(arguments: &[String], name: &str, default: i64) -> i64 {
    let place = arguments.iter().position(|argument| argument == name);
    place.and_then(|place| arguments.get(place + 1)?.parse().ok()).unwrap_or(default)
}

fn measure(name: &str, arguments: &[String]) -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(std::env::var_os("BEDTOP_BENCH_FOLDER").unwrap_or_else(|| ".".into()))?;
    let report = Report(name);
    let polls = argument(arguments, "--polls", 1440);
    if name == "bedtop" {
        ours::ingest(&report, &folder.path().join("store"), polls)?;
        return ours::long_history(&report, &folder.path().join("long"), argument(arguments, "--days", 15));
    }
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
