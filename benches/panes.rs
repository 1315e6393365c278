//! Many panes on one owner: how fast they attach, how fast one takes over, and what they cost the owner.
//!
//! `cargo bench --bench panes` prints a table, `-- --json` an object a line. Real programs in pseudo-terminals show a
//! history of 1,000 tenants: twelve panes, one of them stopped by SIGSTOP, the owner killed by SIGKILL twice. AWS is not
//! asked: every poll fails at once, which is an update like any other.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bedtop::domain::health::PollRecord;
use bedtop::domain::ids::ProfileKey;
use bedtop::domain::meter::{Counts, Meter};
use bedtop::domain::profile::Profile;
use bedtop::domain::time::Step;
use bedtop::domain::update::{Gaze, Update};
use bedtop::domain::usage::{Batch, Point, ProfileUsage};
use bedtop::domain::view::FleetView;
use bedtop::history::{Retention, Store, StoreOptions};
use bedtop::link::{Ask, Client, place};
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};

#[path = "../tests/support/terminal.rs"]
mod terminal;

use terminal::Terminal;

const TENANTS: u32 = 1000;
const PANES: usize = 12;
const UPDATES: usize = 120;
/// From here on the owner's memory is compared: it has sent each kind of message once, and has its buffers.
const SETTLED: usize = UPDATES / 4;
const TRIES: usize = 20;
const PATIENCE: Duration = Duration::from_mins(1);
const NOWHERE: [&str; 4] = ["--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:9"];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let json = std::env::args().any(|argument| argument == "--json");
    let mut report = Report { json, out: io::stdout() };
    let place = Place::fill()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(&place, &mut report))
}

/// Prints figures, for a person or for a program.
struct Report {
    json: bool,
    out: io::Stdout,
}

impl Report {
    fn figure(&mut self, figure: &str, value: f64, unit: &str) -> io::Result<()> {
        if self.json {
            let line = serde_json::json!({"figure": figure, "engine": "bedtop", "value": value, "unit": unit});
            return writeln!(self.out, "{line}");
        }
        writeln!(self.out, "{figure:<68} {value:>12.2} {unit}")
    }

    fn spread(&mut self, figure: &str, mut times: Vec<f64>, unit: &str) -> io::Result<()> {
        times.sort_by(f64::total_cmp);
        self.figure(&format!("{figure}, p50"), times[times.len() / 2], unit)?;
        self.figure(&format!("{figure}, worst"), times[times.len() - 1], unit)
    }
}

/// A home with a filled history.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn fill() -> Result<Self, Failure> {
        let home = tempfile::tempdir()?;
        fs::create_dir(home.path().join("run"))?;
        let place = Self { home };
        let options = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: false };
        fs::create_dir_all(place.store())?;
        let mut store = Store::open(&place.store(), &options)?;
        let now = Step::MINUTE.floor(Timestamp::now());
        let mut batch = Batch::new(PollRecord::new("default".into(), now, Some(now)));
        for number in 0..TENANTS {
            let key = ProfileKey { scope: "default".into(), id: format!("profile{number:05}").as_str().into() };
            let mut profile = Profile::bare(key.clone(), now - SignedDuration::from_hours(48));
            profile.tags.insert("TenantID".into(), format!("tenant-{number:04}"));
            profile.model = Some("anthropic.claude-sonnet-4-5-20250929-v1:0".into());
            batch.profiles.push(profile);
            // One tenant in twenty is in use now, the others were an hour ago.
            let first = if number % 20 == 0 { 1 } else { 60 };
            let point = |minutes: i64| Point {
                at: now - SignedDuration::from_mins(minutes),
                counts: Counts::EMPTY
                    .with(Meter::Invocations, 3)
                    .with(Meter::InputTokens, 2_000 + u64::from(number))
                    .with(Meter::OutputTokens, 500),
            };
            batch.points.push(ProfileUsage { profile: key, points: (first..120).rev().map(point).collect() });
        }
        store.apply(&batch)?;
        Ok(place)
    }

    fn store(&self) -> PathBuf {
        self.home.path().join(".local/state/bedtop")
    }

    fn run_folder(&self) -> String {
        self.home.path().join("run").display().to_string()
    }

    fn socket(&self) -> Result<PathBuf, Failure> {
        let run = self.run_folder();
        Ok(place::socket(&self.store(), |name| (name == "XDG_RUNTIME_DIR").then(|| run.clone())).ok_or("no history")?)
    }

    fn pane(&self) -> Terminal {
        let run = self.run_folder();
        Terminal::start(&NOWHERE, (120, 40), self.home.path(), &[("XDG_RUNTIME_DIR", &run)])
    }

    /// How long the line for tmux takes, from the start of the program to its end.
    fn tmux_line(&self) -> Result<f64, Failure> {
        let began = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_bedtop"))
            .args(["status", "--format", "tmux"])
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.run_folder())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(milliseconds(began))
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn number(pane: &Terminal) -> u32 {
    pane.process().as_raw_nonzero().get().cast_unsigned()
}

/// Resident memory of a process in MB.
fn memory(process: u32) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}

/// Attaches to an owner that is none of these, and waits for its view.
async fn attach(path: &Path, gone: &[u32]) -> Result<(Client, Arc<FleetView>), Failure> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Ok(mut client) = Client::attach(path, Gaze::default()).await
            && !gone.contains(&client.owner.process)
            && let Ok(Some(view)) = client.first_view().await
        {
            return Ok((client, view));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Err("nobody serves".into())
}

/// The next view after an instant.
async fn view_after(client: &mut Client, at: Timestamp) -> Result<Arc<FleetView>, Failure> {
    let is_newer = |update: &Update| matches!(update, Update::View(shown) if shown.view.at > at);
    let update = tokio::time::timeout(PATIENCE, client.updates.wait_for(is_newer)).await??.clone();
    if let Update::View(shown) = update { Ok(shown.view) } else { Err("no view".into()) }
}

async fn measure(place: &Place, report: &mut Report) -> Result<(), Failure> {
    let began = Instant::now();
    let owner = place.pane();
    owner.wait_for("tenant-0");
    report.figure("open: program start to the fleet on the owner's screen", milliseconds(began), "ms")?;
    let socket = place.socket()?;
    let alone = memory(number(&owner))?;
    report.figure("owner alone: resident memory", alone, "MB")?;
    attaching(place, &socket, report).await?;
    let mut panes = vec![owner];
    for _ in 1..PANES {
        let pane = place.pane();
        pane.wait_for("attached");
        panes.push(pane);
    }
    report.figure("owner with 12 panes: resident memory", memory(number(&panes[0]))?, "MB")?;
    panes[PANES - 1].signal(Signal::STOP);
    updating(&socket, &panes[0], report).await?;
    let mut gone = Vec::new();
    for round in ["first", "second"] {
        take_over(&socket, &mut panes, &mut gone, round, report).await?;
    }
    Ok(())
}

async fn attaching(place: &Place, socket: &Path, report: &mut Report) -> Result<(), Failure> {
    let mut times = Vec::new();
    for _ in 0..TRIES {
        let began = Instant::now();
        attach(socket, &[]).await?;
        times.push(milliseconds(began));
    }
    report.spread("attach: connect to first view of 1,000 tenants", times, "ms")?;
    let times: Result<Vec<f64>, Failure> = (0..TRIES).map(|_| place.tmux_line()).collect();
    Ok(report.spread("status --format tmux, whole program", times?, "ms")?)
}

/// Updates with a stopped pane: what they weigh, whether all see the same, and whether the owner grows.
async fn updating(socket: &Path, owner: &Terminal, report: &mut Report) -> Result<(), Failure> {
    let counting = Counting::start(socket)?;
    let (mut counted, mut view) = attach(&counting.path, &[]).await?;
    let whole = counting.take();
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(attach(socket, &[]).await?.0);
    }
    let mut memories = vec![memory(number(owner))?];
    let (mut bytes, mut compared, mut equal) = (0.0, 0.0, 0.0);
    for _ in 0..UPDATES {
        counted.ask(Ask::Refresh).await?;
        view = view_after(&mut counted, view.at).await?;
        bytes += counting.take();
        for other in &mut others {
            let theirs = view_after(other, view.at - SignedDuration::from_nanos(1)).await?;
            // One that was asked a moment later may have a newer one.
            if theirs.at == view.at {
                compared += 1.0;
                equal += f64::from(u8::from(*theirs == *view));
            }
        }
        memories.push(memory(number(owner))?);
    }
    #[expect(clippy::cast_precision_loss, reason = "figures for display")]
    let updates = UPDATES as f64;
    report.figure("view of 1,000 tenants, whole", whole / 1024.0, "KB")?;
    report.figure("view of 1,000 tenants, an update", bytes / updates / 1024.0, "KB")?;
    report.figure("views of the same instant in two panes", compared, "views")?;
    report.figure("equal ones among them", equal, "views")?;
    report.figure("owner before 120 updates, one pane stopped: resident memory", memories[0], "MB")?;
    report.figure("owner after a quarter of them", memories[SETTLED], "MB")?;
    report.figure("owner after half of them", memories[UPDATES / 2], "MB")?;
    report.figure("owner after all of them", memories[UPDATES], "MB")?;
    Ok(())
}

/// Kills the owner and waits until another serves and all panes are attached to it.
async fn take_over(
    socket: &Path,
    panes: &mut Vec<Terminal>,
    gone: &mut Vec<u32>,
    round: &str,
    report: &mut Report,
) -> Result<(), Failure> {
    let (client, before) = attach(socket, gone).await?;
    let owner = client.owner.process;
    let began = Instant::now();
    let pid = Pid::from_raw(owner.cast_signed()).ok_or("no process")?;
    kill_process(pid, Signal::KILL)?;
    gone.push(owner);
    panes.retain(|pane| number(pane) != owner);
    let (successor, after) = attach(socket, gone).await?;
    report.figure(
        &format!("{round} kill -9 of the owner: until the next one serves its view"),
        milliseconds(began),
        "ms",
    )?;
    let running = panes.iter().filter(|pane| pane.contents().contains("tenant-0"));
    for pane in running.take(panes.len() - 1) {
        let text = if number(pane) == successor.owner.process { "took over" } else { "  attached " };
        pane.wait_for(text);
    }
    report.figure(&format!("{round} kill -9: until all running panes show it"), milliseconds(began), "ms")?;
    let is_same = before.tenants.len() == after.tenants.len() && before.totals.usage == after.totals.usage;
    report.figure(
        &format!("{round} kill -9: usage and tenants as before (1 = yes)"),
        f64::from(u8::from(is_same)),
        "",
    )?;
    Ok(())
}

/// A socket between a pane and its owner that counts what the owner sends.
struct Counting {
    path: PathBuf,
    _folder: tempfile::TempDir,
    bytes: Arc<AtomicU64>,
}

impl Counting {
    fn start(owner: &Path) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("counting.sock");
        let (listener, owner) = (UnixListener::bind(&path)?, owner.to_owned());
        let bytes = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&bytes);
        thread::spawn(move || {
            let pane = listener.accept()?.0;
            let owner = UnixStream::connect(owner)?;
            let (mut from_pane, mut to_owner) = (pane.try_clone()?, owner.try_clone()?);
            thread::spawn(move || io::copy(&mut from_pane, &mut to_owner));
            pass_on(owner, pane, &counter)
        });
        Ok(Self { path, _folder: folder, bytes })
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for display")]
    fn take(&self) -> f64 {
        self.bytes.swap(0, Ordering::Relaxed) as f64
    }
}

fn pass_on(mut from: UnixStream, mut to: UnixStream, counter: &AtomicU64) -> io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut bytes)?;
        if length == 0 {
            return Ok(());
        }
        counter.fetch_add(length as u64, Ordering::Relaxed);
        to.write_all(&bytes[..length])?;
    }
}
