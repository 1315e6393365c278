//! `bedtop collect` as a service: what the real program tells a service manager, which here is a socket of the test.

use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

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
    manager: UnixDatagram,
    /// What was told so far, a line each.
    told: Vec<String>,
}

impl Service {
    fn start(host: Host) -> Self {
        let socket = host.home.path().join("notify");
        let manager = UnixDatagram::bind(&socket).expect("bound");
        let mut command = host.command(&["collect"]);
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "50000").stdin(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("it starts");
        Self { host, process, manager, told: Vec::new() }
    }

    /// Waits for a line that begins so.
    fn hear(&mut self, beginning: &str) -> String {
        let end = Instant::now() + PATIENCE;
        let mut message = [0; 4096];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {beginning}: {:?}", self.told);
            self.manager.set_read_timeout(Some(left)).expect("set");
            let Ok(length) = self.manager.recv(&mut message) else { continue };
            let text = String::from_utf8_lossy(&message[..length]);
            self.told.extend(text.lines().map(str::to_owned));
            let heard = text.lines().find(|line| line.starts_with(beginning));
            if let Some(line) = heard {
                return line.to_owned();
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
