//! A home in which real programs run by the simulated clock, and what they say there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bedtop::link::place;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::sky::Sky;
use super::world::World;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// The home, with the collector that runs in it.
pub(crate) struct Home {
    pub(crate) world: Arc<World>,
    pub(crate) sky: Sky,
    pub(crate) folder: PathBuf,
    collector: Option<Child>,
    run: tempfile::TempDir,
}

impl Home {
    pub(crate) fn furnish(folder: &Path, world: Arc<World>) -> Self {
        let sky = Sky::open(&world);
        let run = tempfile::tempdir().expect("a folder for the socket");
        let config = format!(
            "timezone = \"Europe/Berlin\"\n[collect]\nceiling_usd_month = 1000000\nbackfill = \"0s\"\n\
             [[scope]]\nname = \"main\"\nregion = \"us-east-1\"\nendpoint_url = \"{}\"\n\
             [[budget]]\nid = \"day\"\namount = \"0.5 USD\"\nper = \"day\"\ntenants = [\"tenant-000*\"]\n\
             [[budget]]\nid = \"all\"\namount = \"50 USD\"\nper = \"month\"\nfleet = true\n\
             [store]\npath = '{}'\n",
            sky.endpoint,
            folder.join("store").display()
        );
        fs::write(folder.join("config.toml"), config).expect("written");
        Self { world, sky, folder: folder.to_owned(), collector: None, run }
    }

    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.display().to_string();
        [
            ("AWS_ACCESS_KEY_ID", "x".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "y".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("RUST_BACKTRACE", "1".to_owned()),
            ("HOME", text(&self.folder)),
            ("BEDTOP_CONFIG", text(&self.folder.join("config.toml"))),
            ("XDG_RUNTIME_DIR", text(self.run.path())),
            ("BEDTOP_REHEARSE_CLOCK", text(&clock(&self.folder))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let other = std::env::var_os("BEDTOP_FAULTS_PROGRAM");
        let mut command = Command::new(other.unwrap_or_else(|| env!("CARGO_BIN_EXE_bedtop").into()));
        command.args(arguments).env_clear().envs(self.variables()).current_dir(&self.folder);
        command
    }

    pub(crate) fn say(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Option<Value> {
        let output = self.say(arguments);
        serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success())
    }

    pub(crate) fn socket(&self) -> Option<PathBuf> {
        let run = self.run.path().display().to_string();
        place::socket(&self.folder.join("store"), |name| (name == "XDG_RUNTIME_DIR").then(|| run.clone()))
    }

    /// Starts the collector, where none runs.
    pub(crate) fn collect(&mut self) {
        if self.collector.is_some() {
            return;
        }
        let said = fs::File::options().create(true).append(true).open(self.said()).expect("a file");
        let mut command = self.command(&["collect"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn().expect("it starts");
        self.collector = Some(child);
    }

    /// What collectors said on standard error.
    fn said(&self) -> PathBuf {
        self.run.path().join("said")
    }

    /// The collector's process.
    pub(crate) fn process(&self) -> u32 {
        self.collector.as_ref().map_or(0, Child::id)
    }

    /// Ends the collector by a signal; gives whether it ended as it should.
    pub(crate) fn end(&mut self, signal: Signal) -> bool {
        let Some(mut collector) = self.collector.take() else { return true };
        let lived = collector.try_wait().expect("it can be asked").is_none();
        kill_process(Pid::from_child(&collector), signal).expect("it can be signalled");
        let status = collector.wait().expect("it ends");
        lived && (signal == Signal::KILL || status.code() == Some(0))
    }

    /// What the owner says of the fleet.
    pub(crate) fn status(&self) -> Option<Value> {
        self.json(&["status", "--format", "json"])
    }

    /// The same once something holds of it.
    pub(crate) fn status_where(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.status().unwrap_or(Value::Null);
            if holds(&status) {
                return status;
            }
            assert!(Instant::now() < end, "waited in vain for {what}: {status}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The lines of changes of level that collectors have told: time, level, subject and signal.
    pub(crate) fn told_changes(&self) -> Vec<[String; 4]> {
        let text = fs::read_to_string(self.said()).unwrap_or_default();
        let change = |line: &str| {
            let (before, _) = line.split_once(" (was ")?;
            let words: Vec<String> = before.split(' ').map(str::to_owned).collect();
            <[String; 4]>::try_from(words).ok()
        };
        text.lines().filter_map(change).collect()
    }

    /// How often anything panicked, as standard error and the log tell.
    pub(crate) fn panics(&self) -> Vec<String> {
        let mut files = vec![self.said()];
        let logs = fs::read_dir(self.folder.join("store")).into_iter().flatten().filter_map(Result::ok);
        files.extend(logs.map(|file| file.path()).filter(|path| path.to_string_lossy().contains("log")));
        let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
        texts
            .flat_map(|text| {
                text.lines().filter(|line| line.contains("panicked")).map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.end(Signal::KILL);
    }
}

/// The file of the clock in a home.
pub(crate) fn clock(folder: &Path) -> PathBuf {
    folder.join("clock")
}

/// Something of each tenant of a fleet as JSON.
pub(crate) fn by_tenant<T>(view: &Value, what: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    let rows = view["tenants"].as_array().into_iter().flatten();
    rows.map(|row| (row["tenant"].as_str().unwrap_or_default().to_owned(), what(row))).collect()
}
