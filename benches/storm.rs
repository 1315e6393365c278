//! A storm of 10,000 changes of level in a minute: what is told of it, what it costs the owner, and how a screen bears it.
//!
//! `cargo bench --bench storm` prints a table, `-- --json` an object a line. A recording of 1,200 tenants, of which each is
//! throttled for ten minutes in every two hours, is fed to the engine in a minute; its courier tells a server on
//! loopback, by tenant and all together; the real program in a pseudo-terminal shows the fleet through a socket. With
//! `BEDTOP_STORM_TENANTS=120` it is a storm of a tenth, which a debug build bears as well.

use std::fs;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bedtop::collect::{Clock, Hand};
use bedtop::config::{self, Config, Overrides};
use bedtop::domain::time::Step;
use bedtop::domain::update::Update;
use bedtop::domain::view::Mode;
use bedtop::link::Server;
use bedtop::run::desk::{Desk, Watched};
use bedtop::run::engine::{Command, Engine, QUEUE_LENGTH, Wiring};
use bedtop::run::responses::Responding;
use bedtop::run::setup;
use bedtop::source::replay::Recording;
use jiff::SignedDuration;
use tokio::sync::{Notify, mpsc, watch};

#[path = "../tests/support/http.rs"]
mod http;
#[path = "../tests/support/terminal.rs"]
mod terminal;

use terminal::Terminal;

/// How many tenants there are, unless [`FEWER`] says otherwise: each changes its level more than eight times.
const TENANTS: usize = 1_200;
/// For a machine or a build that cannot judge so many twice a second.
const FEWER: &str = "BEDTOP_STORM_TENANTS";
const BINS: u32 = 112;
const CYCLE: usize = 24;
/// How long the storm takes.
const LENGTH: Duration = Duration::from_mins(1);
/// From here on the owner's memory is compared: it has read its history and the pane is there.
const SETTLED: u32 = BINS / 4;
/// How long a key may take.
const PATIENCE: Duration = Duration::from_secs(30);
const HELP: &str = "Help: tenants";

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let json = std::env::args().any(|argument| argument == "--json");
    let folder = tempfile::tempdir()?;
    let tenants = std::env::var(FEWER).map_or(Ok(TENANTS), |fewer| fewer.parse())?;
    fs::write(folder.path().join("storm.csv"), storm(tenants))?;
    let ear = Ear::listen()?;
    let config = config(folder.path(), &ear.address)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let figures = runtime.block_on(weather(&config, folder.path(), &ear))?;
    let mut out = io::stdout();
    for (figure, value, unit) in figures {
        if json {
            let line = serde_json::json!({"figure": figure, "engine": "bedtop", "value": value, "unit": unit});
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{figure:<72} {value:>12.2} {unit}")?;
        }
    }
    Ok(())
}

type Figures = Vec<(&'static str, f64, &'static str)>;

fn storm(tenants: usize) -> String {
    let mut text = String::from(
        "timestamp,tenant,profile,model,invocations,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,throttles\n",
    );
    for bin in 0..BINS as usize {
        for tenant in 0..tenants {
            let throttles = if (bin + tenant * 5) % CYCLE < 2 { 900 } else { 0 };
            let at = format!("2026-11-02T{:02}:{:02}:00Z", bin * 5 / 60, bin * 5 % 60);
            text.extend([format!("{at},tenant-{tenant:04},p{tenant},claude,500,20000,5000,0,0,{throttles}\n")]);
        }
    }
    text
}

fn config(folder: &Path, server: &str) -> Result<Config, Failure> {
    let receiver = |name: &str| {
        format!(
            "[[receiver]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"http://{server}/{name}\"\nper_minute = 6000\n"
        )
    };
    let routes =
        "[[route]]\nreceiver = \"grouped\"\ngroup_by = \"all\"\ncontinue = true\n[[route]]\nreceiver = \"by-tenant\"\n";
    let store = format!("[store]\npath = '{}'\n", folder.join("store").display());
    let path = folder.join("config.toml");
    fs::write(&path, format!("{store}{}{}{routes}", receiver("grouped"), receiver("by-tenant")))?;
    let flags = Overrides { config: Some(path), ..Overrides::default() };
    Ok(config::load(&flags, &|name| (name == "HOME").then(|| "/nowhere".to_owned()))?.config)
}

async fn weather(config: &Config, folder: &Path, ear: &Arc<Ear>) -> Result<Figures, Failure> {
    let recording = Recording::load(&folder.join("storm.csv"), Some(Step::FIVE_MINUTES))?;
    let (clock, hand) = Clock::by_hand(recording.span().start);
    let policy = setup::policy(config, Mode::Live, setup::prices(None));
    let (responding, woken) = (Responding::new(config), Arc::new(Notify::new()));
    let engine = Engine::new(setup::open_store(config)?, policy, clock.now());
    let engine = engine.with_responses(&responding, Arc::clone(&woken));
    let (commands, commands_out) = mpsc::channel(QUEUE_LENGTH);
    let (updates_in, updates) = watch::channel(Update::Opening);
    let (watched, watched_out) = watch::channel(Watched::new());
    let (stop, stopped) = watch::channel(false);
    let wiring = Wiring { commands: commands_out, watched: watched_out, updates: updates_in, stopped };
    let working = thread::spawn(move || engine.run(wiring));
    let courier = responding.courier(commands.clone(), clock, Arc::clone(&woken), watch::channel(0).0);
    let carrying = tokio::spawn(courier.run());
    let socket = folder.join("run/storm.sock");
    let desk = Desk { updates, commands: commands.clone(), watched, refresh: Arc::default() };
    let server = Server::start(&socket, desk)?;
    let pane = pane(folder, &socket);
    let mut weather = Weather { commands: &commands, hand: &hand, ear, memory: Vec::new(), behind: Duration::ZERO };
    let is_over = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&is_over);
    let keys = tokio::task::spawn_blocking(move || keys(pane, &until));
    weather.blow(&recording).await?;
    is_over.store(true, Ordering::Relaxed);
    let keys = keys.await??;
    hand.set(recording.span().end + SignedDuration::from_hours(2));
    ear.wait_until_quiet(&woken).await;
    let mut figures = weather.figures();
    figures.extend(keys);
    carrying.abort();
    server.close().await;
    stop.send_replace(true);
    let _ = commands.send(Command::Watch).await;
    tokio::task::spawn_blocking(move || working.join()).await?.map_err(|_| "the engine panicked")?;
    Ok(figures)
}

fn pane(folder: &Path, socket: &Path) -> Terminal {
    let socket = socket.display().to_string();
    Terminal::start(&["--attach", &socket], (200, 50), folder, &[])
}

struct Weather<'a> {
    commands: &'a mpsc::Sender<Command>,
    hand: &'a Hand,
    ear: &'a Ear,
    memory: Vec<f64>,
    /// How far the engine was behind at most.
    behind: Duration,
}

impl Weather<'_> {
    async fn blow(&mut self, recording: &Recording) -> Result<(), Failure> {
        let began = Instant::now();
        for (number, batch) in (0_u32..).zip(recording.batches()) {
            let due = LENGTH * number / BINS;
            tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
            let closed = batch.poll.at;
            self.hand.set(closed);
            self.commands.send(Command::Store(Box::new(batch))).await?;
            self.commands.send(Command::Step(closed)).await?;
            self.behind = self.behind.max(began.elapsed().saturating_sub(due));
            self.memory.push(memory("self")?);
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for display")]
    fn figures(&self) -> Figures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let settled = &self.memory[SETTLED as usize..];
        let largest = settled.iter().copied().fold(0.0, f64::max);
        vec![
            ("events told by tenant", count(&self.ear.tenants.events), "events"),
            ("notices that they came in", count(&self.ear.tenants.requests), "requests"),
            ("events told all together", count(&self.ear.grouped.events), "events"),
            ("notices that they came in, grouped", count(&self.ear.grouped.requests), "requests"),
            ("the queue of the engine, longest wait", self.behind.as_secs_f64() * 1000.0, "ms"),
            ("owner and test server after a quarter of the storm: resident memory", settled[0], "MB"),
            ("the largest from there on", largest, "MB"),
            ("at the end of the storm", settled[settled.len() - 1], "MB"),
        ]
    }
}

/// Opens and closes the help all the while: from the key to the text on the screen, and to its end.
fn keys(mut pane: Terminal, is_over: &AtomicBool) -> io::Result<Figures> {
    pane.wait_for("tenant-");
    let mut times = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        for is_open in [true, false] {
            let pressed = Instant::now();
            pane.press("?");
            while pane.contents().contains(HELP) != is_open && pressed.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(1));
            }
            times.push(pressed.elapsed().as_secs_f64() * 1000.0);
        }
        thread::sleep(Duration::from_millis(100));
    }
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    Ok(vec![
        ("pane at the end: resident memory", memory(&pane.process().as_raw_nonzero().to_string())?, "MB"),
        ("key to screen under the storm, p50", at(50), "ms"),
        ("p95", at(95), "ms"),
        ("worst", at(100), "ms"),
    ])
}

/// Resident memory of a process in MB.
fn memory(process: &str) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kilobytes: f64 = line.trim_end_matches("kB").trim().parse().map_err(io::Error::other)?;
    Ok(kilobytes / 1024.0)
}

#[derive(Default)]
struct Tally {
    requests: AtomicU64,
    events: AtomicU64,
}

/// A server that counts what it is told.
struct Ear {
    address: String,
    tenants: Tally,
    grouped: Tally,
}

impl Ear {
    fn listen() -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let ear = Arc::new(Self { address, tenants: Tally::default(), grouped: Tally::default() });
        let hearing = Arc::clone(&ear);
        thread::spawn(move || listener.incoming().filter_map(Result::ok).for_each(|client| hearing.hear(client)));
        Ok(ear)
    }

    fn hear(&self, mut client: TcpStream) {
        let Some((head, body)) = http::request(&mut client) else { return };
        let events =
            serde_json::from_str(&body).ok().and_then(|body: serde_json::Value| Some(body["events"].as_array()?.len()));
        let Some(events) = events else { return };
        let tally = if head.starts_with("POST /grouped") { &self.grouped } else { &self.tenants };
        tally.requests.fetch_add(1, Ordering::Relaxed);
        tally.events.fetch_add(events as u64, Ordering::Relaxed);
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }

    /// Waits until nothing more comes for a second.
    async fn wait_until_quiet(&self, woken: &Notify) {
        let count = || self.tenants.requests.load(Ordering::Relaxed) + self.grouped.requests.load(Ordering::Relaxed);
        let mut before = u64::MAX;
        while before != count() {
            before = count();
            woken.notify_one();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}
