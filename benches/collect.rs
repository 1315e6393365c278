//! What collecting costs: in USD a month beside a naive poller, and in CPU time and memory a poll.
//!
//! `cargo bench --bench collect` prints a table, `-- --json` an object a line. The polls run the real SDK, store and
//! judge against an AWS of ours in a process of its own, so that only bedtop's own time is counted.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use bedtop::collect::simulate::{self, FleetSize, Outcome};
use bedtop::collect::{Clock, CollectSettings, Collector, Known, Purse};
use bedtop::config::Config;
use bedtop::cost::PriceBook;
use bedtop::domain::meter::MeterSet;
use bedtop::domain::time::Step;
use bedtop::domain::view::Mode;
use bedtop::history::{Retention, Store, StoreOptions};
use bedtop::run::engine::{Command as Order, Engine};
use bedtop::run::setup;
use bedtop::source::aws::{AwsSettings, AwsSource, Paces};
use ciborium::Value;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, watch};

#[path = "../tests/support/cbor.rs"]
mod cbor;
#[path = "../tests/support/http.rs"]
mod http;
#[path = "../tests/support/numbered.rs"]
mod numbered;

use cbor::{field, map, seconds};
use http::raw_request;
use numbered::Numbered;

const PROFILES: usize = 10_000;
/// 2026-11-24T12:00:00Z.
const NOON: i64 = 1_795_521_600;
const SERVE: &str = "--serve";
const POLLS: usize = 5;
const CHILD: &str = "BEDTOP_BENCH_CHILD";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == SERVE) {
        return serve(arguments[place + 1].parse()?);
    }
    if std::env::var_os(CHILD).is_none() {
        return with_credentials(&arguments[1..]);
    }
    let json = arguments.iter().any(|argument| argument == "--json");
    let mut report = Report { json, out: std::io::stdout() };
    for profiles in [1000, PROFILES] {
        plans(&mut report, profiles)?;
    }
    for (name, share) in [("5 % of the profiles in use", 20), ("every profile in use", 1)] {
        poll(&mut report, name, share)?;
    }
    Ok(())
}

/// Runs this program in an environment that has credentials, of which the AWS of ours takes any.
fn with_credentials(arguments: &[String]) -> Result<(), Failure> {
    let status = Command::new(std::env::current_exe()?)
        .args(arguments)
        .envs([(CHILD, "1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("NO_PROXY", "127.0.0.1")])
        .env_remove("AWS_PROFILE")
        .status()?;
    if status.success() { Ok(()) } else { Err("the benchmark failed".into()) }
}

/// Prints figures, for a person or for a program.
struct Report {
    json: bool,
    out: std::io::Stdout,
}

impl Report {
    fn figure(&mut self, figure: &str, engine: &str, value: f64, unit: &str) -> std::io::Result<()> {
        if self.json {
            let line = serde_json::json!({"figure": figure, "engine": engine, "value": value, "unit": unit});
            return writeln!(self.out, "{line}");
        }
        writeln!(self.out, "{figure:<58} {engine:<16} {value:>14.2} {unit}")
    }
}

fn plans(report: &mut Report, profiles: usize) -> std::io::Result<()> {
    let fleet = FleetSize { profiles, active_percent: 5.0, meters: 7 };
    let minute = SignedDuration::from_mins(1);
    let naive = simulate::naive(fleet);
    let mut told = vec![("naive".to_owned(), naive)];
    told.extend(
        [1, 2, 5, 15]
            .map(|minutes| (format!("planner {} s", minutes * 60), simulate::planner(fleet, minute * minutes, None))),
    );
    for (engine, Outcome { calls_a_day, metrics_a_day, usd_a_month, freshness, .. }) in &told {
        let mut figure =
            |what: &str, value, unit| report.figure(&format!("{profiles} profiles: {what}"), engine, value, unit);
        #[expect(clippy::cast_precision_loss, reason = "figures for display")]
        let (calls, metrics) = (*calls_a_day as f64, *metrics_a_day as f64);
        figure("calls a day", calls, "calls")?;
        figure("metrics requested a day", metrics, "metrics")?;
        figure("cost a month", usd_a_month.to_f64(), "USD")?;
        figure("freshness of tokens in use, p50", freshness.p50, "s")?;
        figure("freshness of tokens in use, p95", freshness.p95, "s")?;
    }
    let times = naive.usd_a_month.to_f64() / told[1].1.usd_a_month.to_f64();
    report.figure(&format!("{profiles} profiles: cheaper than naive"), &told[1].0, times, "times")
}

/// One poll after another, until the profiles in use are known; then some that count.
fn poll(report: &mut Report, name: &str, share: usize) -> Result<(), Failure> {
    let server = Server::start(share)?;
    let folder = tempfile::tempdir()?;
    let options = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: true };
    let store = Store::open(folder.path(), &options)?;
    let config = Config::with_defaults(folder.path().to_owned());
    let mut engine = Engine::new(store, setup::policy(&config, Mode::Live, PriceBook::embedded()), second(0));
    let (clock, hand) = Clock::by_hand(second(0));
    let (batches, mut taken) = mpsc::channel(1);
    let (_stop, stopped) = watch::channel(false);
    let collector = Collector {
        settings: CollectSettings {
            interval: SignedDuration::from_mins(1),
            meters: MeterSet::ALL,
            revise_window: SignedDuration::from_mins(15),
            backfill: SignedDuration::ZERO,
            finer: None,
        },
        known: Known::default(),
        purse: Arc::new(Purse::new(None, &[], second(0))),
        clock,
        batches,
        refresh: Arc::new(Notify::new()),
        stopped,
    };
    let source = AwsSource::connect(AwsSettings {
        region: Some("us-east-1".into()),
        endpoint_url: Some(server.endpoint.clone()),
        paces: Arc::new(Paces::unhurried()),
        ..AwsSettings::default()
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let running = runtime.spawn(collector.run(source));
    let mut times = Vec::new();
    for minute in 0..=POLLS {
        let now = second(i64::try_from(minute)? * 60);
        let before = cpu_seconds()?;
        hand.set(now);
        let delivery = taken.blocking_recv().ok_or("the collector ended")?;
        if let Some(fault) = &delivery.batch.poll.fault {
            return Err(format!("the poll failed: {}", fault.message).into());
        }
        engine.handle(Order::Take(Box::new(delivery)));
        engine.handle(Order::Step(now));
        let view = engine.view();
        assert_eq!(view.scopes[0].profiles, PROFILES, "all profiles are judged");
        times.push(cpu_seconds()? - before);
    }
    running.abort();
    let first = times.remove(0);
    times.sort_by(f64::total_cmp);
    report.figure(&format!("first poll of {PROFILES} profiles, {name}: CPU"), "bedtop", first, "s")?;
    report.figure(&format!("one poll of {PROFILES} profiles, {name}: CPU"), "bedtop", times[times.len() / 2], "s")?;
    report.figure(&format!("after these, {name}: peak RSS"), "bedtop", peak_megabytes()?, "MB")?;
    Ok(())
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOON + seconds).unwrap_or(Timestamp::MAX)
}

/// User and system time of this process.
fn cpu_seconds() -> Result<f64, Failure> {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().ok_or("an unknown form of /proc/self/stat")?;
    let fields: Vec<f64> = after_name.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    Ok((fields[11] + fields[12]) / TICKS_A_SECOND)
}

fn peak_megabytes() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak in /proc/self/status")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1000.0)
}

/// The AWS of ours, in a process of its own.
struct Server {
    process: Child,
    endpoint: String,
}

impl Server {
    fn start(share: usize) -> Result<Self, Failure> {
        let mut process =
            Command::new(std::env::current_exe()?).args([SERVE, &share.to_string()]).stdout(Stdio::piped()).spawn()?;
        let mut endpoint = String::new();
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut endpoint)?;
        Ok(Self { process, endpoint: endpoint.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has ended already needs no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Answers for `PROFILES` profiles, of which every `share`-th is in use each minute.
fn serve(share: usize) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()?;
    for client in listener.incoming().filter_map(Result::ok) {
        thread::spawn(move || answer(client, share));
    }
    Ok(())
}

const FLEET: Numbered<'_> = Numbered { count: PROFILES, model: "amazon.nova-lite-v1:0", id, tenant };

fn id(number: usize) -> String {
    format!("profile{number:05}")
}

fn tenant(number: usize) -> String {
    format!("tenant{:04}", number / 10)
}

fn answer(mut client: TcpStream, share: usize) -> Option<()> {
    let (head, body) = raw_request(&mut client)?;
    let (content_type, body) = match head.to_lowercase() {
        head if head.contains("operation/getmetricdata") => ("application/cbor", metric_data(&body, share)?),
        head if head.contains("operation/listmetrics") => {
            ("application/cbor", cbor::bytes(&map(&[("Metrics", Value::Array(Vec::new()))])))
        }
        head if head.contains("/inference-profiles") => ("application/json", FLEET.profiles(&head)),
        _ => ("application/json", FLEET.resources(&body)),
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.set_nodelay(true).ok()?;
    client.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    client.shutdown(Shutdown::Write).ok()
}

fn metric_data(body: &[u8], share: usize) -> Option<Vec<u8>> {
    let request: Value = ciborium::from_reader(body).ok()?;
    let (from, until) = (seconds(field(&request, "StartTime")?)?, seconds(field(&request, "EndTime")?)?);
    let first = from.max(NOON - 30 * 60);
    let minutes: Vec<i64> = (first..until).filter(|at| at % 60 == 0).collect();
    let results = field(&request, "MetricDataQueries")?.as_array()?.iter().map(|query| {
        let metric = field(field(query, "MetricStat")?, "Metric")?;
        let name = field(metric, "MetricName")?.as_text()?;
        let dimension = field(metric, "Dimensions")?.as_array()?.first()?;
        let number: usize = field(dimension, "Value")?.as_text()?[7..].parse().ok()?;
        let is_told = number.is_multiple_of(share) && !name.starts_with("Cache") && !name.contains("Image");
        let times: &[i64] = if is_told { &minutes } else { &[] };
        Some(map(&[
            ("Id", field(query, "Id")?.clone()),
            ("StatusCode", "Complete".into()),
            ("Timestamps", times.iter().map(|at| Value::Tag(1, Box::new((*at).into()))).collect::<Vec<_>>().into()),
            (
                "Values",
                times
                    .iter()
                    .map(|at| Value::Float(f64::from(u16::try_from(at % 977).unwrap_or(0))))
                    .collect::<Vec<_>>()
                    .into(),
            ),
        ]))
    });
    Some(cbor::bytes(&map(&[("MetricDataResults", results.collect::<Option<Vec<Value>>>()?.into())])))
}
