//! A real bedtop on a disk that runs full: it says so, asks AWS nothing meanwhile, harms nothing, and goes on when there is
//! room. Needs a disk of its own: `.ci/full-disk` makes one.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bedtop::domain::update::Gaze;
use bedtop::link::{Ask, Client, place};
use jiff::Timestamp;
use serde_json::Value;

use super::scripted_aws::{Script, ScriptedAws};

const PATIENCE: Duration = Duration::from_secs(90);
/// What is left free by the first ballast, in bytes: less than bedtop wants, more than nothing.
const LEFT: u64 = 6 << 20;
const PROFILE: &str = "profile00001";

struct Host {
    home: PathBuf,
    run: tempfile::TempDir,
    aws: ScriptedAws,
    tokens: u64,
}

impl Host {
    fn new(disk: &Path) -> Self {
        let mut script = Script { page: 100, ..Script::default() };
        script.profiles.insert(PROFILE.to_owned(), [("TenantID".to_owned(), "acme".to_owned())].into());
        let home = disk.join("home");
        fs::create_dir(&home).expect("a home on the small disk");
        let run = tempfile::tempdir().expect("a folder for the socket");
        Self { home, run, aws: ScriptedAws::start(script), tokens: 0 }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedtop"));
        command
            .args(arguments)
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("NO_PROXY", "127.0.0.1")])
            .env("HOME", &self.home)
            .env("XDG_RUNTIME_DIR", self.run.path());
        command
    }

    fn collector(&self) -> Child {
        let arguments = ["collect", "--region", "us-east-1", "--endpoint-url", self.aws.endpoint()];
        self.command(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts")
    }

    fn say(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Usage that AWS tells from now on, in a minute of its own.
    fn use_some(&mut self, minutes_ago: i64) {
        let minute = Timestamp::now().as_second() / 60 * 60 - 60 * minutes_ago;
        self.aws.script().put(PROFILE, "Invocations", minute, 1.0);
        self.aws.script().put(PROFILE, "InputTokenCount", minute, 1000.0);
        self.tokens += 1000;
    }

    fn asked(&self) -> usize {
        self.aws.script().of("GetMetricData").len()
    }

    /// Asks for a poll, as the key `r` does.
    fn refresh(&self) {
        let store = self.home.join(".local/state/bedtop");
        let run = self.run.path().display().to_string();
        let socket = place::socket(&store, |name| (name == "XDG_RUNTIME_DIR").then(|| run.clone())).expect("a socket");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let owner = Client::attach(&socket, Gaze::default()).await.expect("attached");
            owner.ask(Ask::Refresh).await.expect("asked");
        });
    }

    /// What `status` says, as soon as something holds of it.
    fn status_where(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let output = self.say(&["status", "--format", "json"]);
            let status = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
            if holds(&status) {
                return status;
            }
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(Instant::now() < end, "waited in vain for {what}: {status} {error}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn has_all(&self, status: &Value) -> bool {
        status["tenants"][0]["usage"]["input_tokens"] == self.tokens && !is_full(status)
    }
}

fn is_full(status: &Value) -> bool {
    let faults = status["store_faults"].as_array();
    faults.is_some_and(|faults| faults.iter().any(|fault| fault.as_str().is_some_and(|it| it.contains("is full"))))
}

/// A running collector, which is killed at the end: the disk cannot be taken away before.
struct Collector(Child);

impl Collector {
    fn kill(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Takes room on the disk until this much is left, or nothing.
fn fill(disk: &Path, left: u64) {
    let mut ballast = fs::File::options().create(true).append(true).open(disk.join("ballast")).expect("made");
    let free = |disk: &Path| rustix::fs::statvfs(disk).map(|space| space.f_bavail * space.f_frsize).expect("told");
    for size in [1 << 20, 4096] {
        while free(disk) >= left + size {
            let piece = vec![1; usize::try_from(size).expect("small")];
            if ballast.write_all(&piece).and_then(|()| ballast.sync_data()).is_err() {
                break;
            }
        }
    }
}

fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

pub(super) fn stops_collecting_and_harms_nothing(disk: &Path) {
    let mut host = Host::new(disk);
    host.use_some(12);
    let mut collector = Collector(host.collector());
    host.status_where("the first poll", |status| host.has_all(status));

    for (round, left) in [(1, LEFT), (2, 0)] {
        fill(disk, left);
        host.use_some(12 - round);
        host.refresh();
        host.status_where("a disk that is told to be full", is_full);
        let before = host.asked();
        for _ in 0..5 {
            host.refresh();
            thread::sleep(Duration::from_millis(200));
        }
        assert!(is_full(&host.status_where("the same", |status| !status.is_null())));
        assert_eq!(host.asked(), before, "AWS is asked nothing that could not be stored");
        fs::remove_file(disk.join("ballast")).expect("removed");
        host.refresh();
        host.status_where("what was used meanwhile", |status| host.has_all(status));
        say(&format!("{left} bytes left: told, AWS not asked, went on with all of {} tokens", host.tokens));
    }

    fill(disk, 0);
    collector.kill();
    let on_full = host.say(&["status", "--format", "json"]);
    let told = String::from_utf8_lossy(&on_full.stderr).into_owned();
    let status = serde_json::from_slice(&on_full.stdout).unwrap_or(Value::Null);
    assert!(status["tenants"][0]["usage"]["input_tokens"] == host.tokens || told.contains("is full"), "{told}");
    fs::remove_file(disk.join("ballast")).expect("removed");
    host.status_where("the history of before", |status| host.has_all(status));
    let verified = host.say(&["store", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    say(&format!("killed on a full disk and opened again: {}", String::from_utf8_lossy(&verified.stdout).trim()));
}
