//! Every command beside a running owner: what reads is told through it, what changes the files is refused, and what people
//! do about alerts is done by it, also through a forwarded socket.

use std::fs;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use bedtop::config::{self, Overrides};
use bedtop::cost::PriceBook;
use bedtop::domain::health::PollRecord;
use bedtop::domain::ids::ProfileKey;
use bedtop::domain::meter::{Counts, Meter};
use bedtop::domain::profile::Profile;
use bedtop::domain::time::Step;
use bedtop::domain::update::Update;
use bedtop::domain::usage::{Batch, Point, ProfileUsage};
use bedtop::domain::view::Mode;
use bedtop::history::{Retention, Store, StoreOptions};
use bedtop::run::engine::{Command as Order, Engine};
use bedtop::run::setup;
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};

#[path = "support/host.rs"]
mod host;
#[path = "support/scripted_aws.rs"]
#[allow(dead_code, reason = "each of the tests that share it needs a part of it")]
mod scripted_aws;
#[path = "support/terminal.rs"]
mod terminal;

use host::{Host, PATIENCE, said};

/// More than this is spent already.
const BUDGET: &str = "[[budget]]\nid = \"tiny\"\namount = \"0.0001 USD\"\nper = \"month\"\ntenants = [\"acme\"]\n";

/// A collector that owns a history with all that AWS has to tell.
struct Owner {
    host: Host,
    process: Child,
}

impl Owner {
    async fn start() -> Self {
        Self::on(Host::new()).await
    }

    async fn on(host: Host) -> Self {
        let process = host.command(&["collect"]).stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut client = host.attach().await;
        let has_all = |update: &Update| matches!(update, Update::View(shown) if shown.view.totals.usage.counts.tokens() >= 120_000);
        let waiting = client.updates.wait_for(has_all);
        tokio::time::timeout(PATIENCE, waiting).await.expect("it comes").expect("the owner is there");
        drop(client);
        Self { host, process }
    }

    fn printed(&self, arguments: &[&str]) -> String {
        let output = self.host.say(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn end(&mut self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).expect("it can be signalled");
        assert_eq!(self.process.wait().expect("it ends").code(), Some(0));
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_reads_the_history_works_beside_its_owner_and_says_the_same_as_without() {
    let mut owner = Owner::start().await;
    let beside: [&[&str]; 12] = [
        &["status"],
        &["tenants"],
        &["profiles"],
        &["budgets"],
        &["alerts"],
        &["prices", "--unpriced"],
        &["forecast"],
        &["report"],
        &["backtest"],
        &["respond", "list"],
        &["snapshot", "--view", "tenants"],
        &["doctor"],
    ];
    for command in beside {
        let output = owner.host.say(command);
        let told = said(&output);
        assert!(!told.contains("in use by another"), "{command:?}: {told}");
        assert!(output.status.success() || command == ["doctor"], "{command:?}: {told}");
    }
    let alike: [&[&str]; 2] = [&["store", "export"], &["report", "--period", "all", "--output", "csv"]];
    let with_owner = alike.map(|command| owner.printed(command));
    assert_eq!(with_owner[0].lines().count(), 61, "{}", with_owner[0]);
    assert!(with_owner[1].contains("hooli"), "{}", with_owner[1]);
    let stats: serde_json::Value =
        serde_json::from_str(&owner.printed(&["store", "stats", "--output", "json"])).expect("JSON");
    assert_eq!((&stats["points"], &stats["damaged"]), (&60.into(), &0.into()), "{stats}");
    assert!(stats["disk_bytes"].as_u64() > stats["live_bytes"].as_u64(), "{stats}");
    assert!(owner.printed(&["store", "verify"]).ends_with(" 0 damaged\n"));
    owner.printed(&["store", "export", "--format", "archive", "all.gz"]);
    owner.printed(&["store", "import", "all.gz", "--store", "copy"]);
    owner.end();
    assert_eq!(alike.map(|command| owner.printed(command)), with_owner);
    assert_eq!(owner.printed(&["store", "export", "--store", "copy"]), with_owner[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_the_files_is_refused_beside_their_owner() {
    let owner = Owner::start().await;
    fs::write(owner.host.home.path().join("usage.csv"), "timestamp,tenant,input_tokens\n2026-11-20T10:00:00Z,acme,7\n")
        .expect("written");
    for command in [&["store", "compact"][..], &["store", "import", "usage.csv"]] {
        let output = owner.host.say(command);
        let told = said(&output);
        assert!(output.status.code() == Some(1) && told.contains("in use by another bedtop: end that one"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acks_and_silences_go_to_the_owner_and_stay() {
    let mut owner = Owner::on(with_an_alert_that_fires()).await;
    let acked = owner.printed(&["ack", "tenant=acme", "signal=budget", "--note", "known", "--by", "me"]);
    assert!(acked.starts_with("1 alert acknowledged until "), "{acked}");
    let silenced = owner.printed(&["silence", "tenant=globex", "--for", "1h", "--comment", "load test", "--by", "me"]);
    let id = silenced.split_whitespace().next().expect("its name").to_owned();
    let shown = owner.printed(&["alerts", "--since", "1h"]);
    assert!(shown.contains("known") && shown.contains("load test"), "{shown}");
    owner.end();
    let kept = owner.printed(&["alerts", "--since", "1h"]);
    assert!(kept.contains("known") && kept.contains("load test"), "{kept}");
    owner.printed(&["unsilence", &id]);
    let again = owner.host.say(&["unsilence", &id]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
}

/// A host whose history has judged half an hour of a budget that is spent.
fn with_an_alert_that_fires() -> Host {
    let host = Host::new();
    let folder = host.home.path().join(".config/bedtop");
    fs::create_dir_all(&folder).expect("made");
    let path = folder.join("config.toml");
    fs::write(&path, BUDGET).expect("written");
    let flags = Overrides { config: Some(path), ..Overrides::default() };
    let config = config::load(&flags, &|name| (name == "HOME").then(|| host.home.path().display().to_string()))
        .expect("a good config")
        .config;
    let policy = setup::policy(&config, Mode::Live, PriceBook::embedded());
    let store = host.home.path().join(".local/state/bedtop");
    let options = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: false };
    let store = Store::open(&store, &options).expect("opens");
    let start = Step::MINUTE.floor(Timestamp::now()) - SignedDuration::from_mins(30);
    let mut engine = Engine::new(store, policy, start);
    let key = ProfileKey { scope: "us-east-1".into(), id: "profile00001".into() };
    let mut profile = Profile::bare(key.clone(), start - SignedDuration::from_hours(1));
    profile.tags.insert("TenantID".to_owned(), "acme".to_owned());
    profile.model = Some("amazon.nova-lite-v1:0".into());
    for minute in 0..30 {
        let now = start + SignedDuration::from_mins(minute);
        let counts = Counts::EMPTY.with(Meter::Invocations, 1).with(Meter::InputTokens, 1_000);
        let point = Point { at: now - SignedDuration::from_mins(1), counts };
        let points = vec![ProfileUsage { profile: key.clone(), points: vec![point] }];
        let poll = PollRecord::new("us-east-1".into(), now, Some(now));
        let batch = Batch { points, profiles: vec![profile.clone()], ..Batch::new(poll) };
        engine.handle(Order::Store(Box::new(batch)));
        engine.handle(Order::Step(now));
    }
    host
}

/// Passes on what comes at a socket of its own, as `ssh -L` does.
fn forward(from: &Path, to: &Path) {
    let (listener, to) = (UnixListener::bind(from).expect("listens"), to.to_owned());
    let pass = |mut from: UnixStream, mut to: UnixStream| {
        thread::spawn(move || {
            // However it ends, the other way is told.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Both);
        });
    };
    thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            let Ok(far) = UnixStream::connect(&to) else { continue };
            pass(near.try_clone().expect("cloned"), far.try_clone().expect("cloned"));
            pass(far, near);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_it_works_through_a_forwarded_socket() {
    let owner = Owner::start().await;
    let far = tempfile::tempdir().expect("another home");
    let socket = far.path().join("prod.sock");
    forward(&socket, &owner.host.socket().expect("there is one"));
    let say = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedtop"));
        command.args(arguments).arg("--attach").arg(&socket).env_clear().env("HOME", far.path());
        command.output().expect("the program runs")
    };
    for command in [
        &["status"][..],
        &["report", "--period", "all"],
        &["store", "export"],
        &["silence", "tenant=acme", "--for", "1h", "--comment", "from afar"],
    ] {
        let output = say(command);
        assert!(output.status.success(), "{command:?}: {}", said(&output));
    }
    assert!(owner.printed(&["alerts", "--since", "1h"]).contains("from afar"));
    let pane = terminal::Terminal::start(&["--attach", &socket.display().to_string()], host::SIZE, far.path(), &[]);
    pane.wait_for("hooli");
    pane.wait_for("attached");
}
