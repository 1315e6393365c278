//! `bedtop collect` as a service: what the real program tells a service manager, which here is a socket of the test.

use std::fs;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use bedtop::domain::update::Update;
use bedtop::domain::view::FleetView;
use bedtop::link::Client;
use rustix::process::{Pid, Signal, kill_process};

#[path = "support/host.rs"]
mod host;
#[path = "support/scripted_aws.rs"]
#[allow(dead_code, reason = "each of the tests that share it needs a part of it")]
mod scripted_aws;
#[path = "support/terminal.rs"]
mod terminal;

use host::{Host, PATIENCE};

/// A collector that a service manager looks after.
struct Service {
    host: Host,
    process: Child,
    manager: mpsc::Receiver<String>,
    /// What was told so far, a line each.
    told: Vec<String>,
}

impl Service {
    fn start(host: Host) -> Self {
        let socket = host.home.path().join("notify");
        let manager = listen(&socket);
        let mut command = host.command(&["collect"]);
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "50000").stdin(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("it starts");
        Self { host, process, manager, told: Vec::new() }
    }

    /// Waits for a line that begins so.
    fn hear(&mut self, beginning: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let Ok(line) = self.manager.recv_timeout(end.saturating_duration_since(Instant::now())) else {
                panic!("waited in vain for {beginning}: {:?}", self.told);
            };
            self.told.push(line.clone());
            if line.starts_with(beginning) {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("it can be signalled");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads whatever comes at once, as a service manager does: nobody has to wait for it.
fn listen(path: &Path) -> mpsc::Receiver<String> {
    let socket = UnixDatagram::bind(path).expect("bound");
    let (lines_in, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut message = [0; 4096];
        while let Ok(length) = socket.recv(&mut message) {
            let text = String::from_utf8_lossy(&message[..length]);
            // The test has ended.
            let Ok(()) = text.lines().try_for_each(|line| lines_in.send(line.to_owned())) else { return };
        }
    });
    lines
}

fn listens(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok()
}

#[test]
fn a_service_says_when_it_is_ready_how_it_goes_that_it_lives_and_when_it_stops() {
    let mut service = Service::start(Host::new());
    service.hear("READY=1");
    assert!(listens(&service.host.socket().expect("the history is there")), "panes can attach from then on");
    assert!(!service.told.contains(&"WATCHDOG=1".to_owned()));
    service.hear("WATCHDOG=1");
    while !service.told.iter().any(|line| line.starts_with("STATUS=3 ") && line.contains(" spent, $")) {
        service.hear("STATUS=");
    }
    service.hear("WATCHDOG=1");
    service.signal(Signal::TERM);
    service.hear("STOPPING=1");
    assert_eq!(service.process.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_service_is_ready_though_aws_cannot_be_reached() {
    let host = Host::new();
    host.aws.script().denied.insert("GetMetricData");
    let mut service = Service::start(host);
    service.hear("READY=1");
    service.hear("WATCHDOG=1");
}

const BUDGET: &str = "[[budget]]\nid = \"monthly\"\namount = \"10 USD\"\nper = \"month\"\ntenants = [\"acme\"]\n";
/// Its third line has a fault.
const FAULTY: &str = "[[budget]]\nid = \"monthly\"\namount = true\nper = \"month\"\ntenants = [\"acme\"]\n";
const FAULT: &str = "has a fault: line 3, column 10: ";

/// The config file of a host, written anew.
fn configure(host: &Host, text: &str) {
    let folder = host.home.path().join(".config/bedtop");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("config.toml"), text).expect("written");
}

/// Waits for a view for which something holds.
async fn view_where(client: &mut Client, holds: impl Fn(&FleetView) -> bool) {
    let is_it = |update: &Update| matches!(update, Update::View(shown) if holds(&shown.view));
    let waiting = client.updates.wait_for(is_it);
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes").expect("the owner is there");
}

/// What the budget of the first tenant that has one is.
fn budget(view: &FleetView) -> Option<String> {
    let budgets = view.tenants.iter().flat_map(|row| &row.budgets);
    budgets.map(|budget| budget.amount.to_string()).next()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_reads_its_config_again_when_it_is_told_to_and_when_the_file_has_changed() {
    let host = Host::new();
    configure(&host, BUDGET);
    let mut service = Service::start(host);
    service.hear("READY=1");
    let mut client = service.host.attach().await;
    view_where(&mut client, |view| budget(view).as_deref() == Some("$10.00")).await;

    configure(&service.host, &BUDGET.replace("10 USD", "20 USD"));
    service.signal(Signal::HUP);
    service.hear("RELOADING=1");
    service.hear("MONOTONIC_USEC=");
    service.hear("READY=1");
    view_where(&mut client, |view| budget(view).as_deref() == Some("$20.00")).await;

    configure(&service.host, FAULTY);
    let is_told = |view: &FleetView| matches!(&view.config_faults[..], [fault] if fault.contains(FAULT));
    view_where(&mut client, |view| is_told(view) && budget(view).as_deref() == Some("$20.00")).await;
    let status = service.hear("STATUS=config: ");
    assert!(status.contains(FAULT) && status.contains("; what held before stays in force; "), "{status}");

    configure(&service.host, &format!("{}[store]\nkeep_points = \"5d\"\n", BUDGET.replace("10 USD", "30 USD")));
    let is_named = |view: &FleetView| view.config_faults == ["needs a restart: [store] keep_points"];
    view_where(&mut client, |view| is_named(view) && budget(view).as_deref() == Some("$30.00")).await;
    let told = service.host.json(&["status", "--format", "json"]);
    assert_eq!(told["config_faults"][0], "needs a restart: [store] keep_points");

    configure(&service.host, BUDGET);
    service.signal(Signal::HUP);
    view_where(&mut client, |view| view.config_faults.is_empty() && budget(view).as_deref() == Some("$10.00")).await;
    service.signal(Signal::TERM);
    assert_eq!(service.process.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_console_takes_a_changed_file_and_says_what_is_wrong_with_it_until_it_is_mended() {
    let host = Host::new();
    configure(&host, BUDGET);
    let mut pane = host.open_pane();
    pane.wait_until("the budget", |screen| screen.contents().contains("$10"));
    configure(&host, FAULTY);
    pane.wait_for("CONFIG ");
    let shown = pane.wait_for("line 3, column 10");
    assert!(shown.contains("$10"), "what held before stays in force: {shown}");
    configure(&host, &BUDGET.replace("10 USD", "25 USD"));
    pane.wait_until("the new budget and no fault", |screen| {
        let shown = screen.contents();
        shown.contains("$25") && !shown.contains("CONFIG ")
    });
    pane.press("q");
    assert_eq!(pane.wait_for_end().0, 0);
}
