//! `kill -9` at any moment of a storm loses no response and tells nobody under a second key. This program is its own
//! victim: started with a folder in the environment it feeds a recorded storm of a thousand changes of level to the
//! engine, with the courier beside it, and tells them to a server of the test until it is killed. A part of the letters
//! is refused meanwhile, and delivered afterwards by `bedtop collect`, which is killed as well.
//!
//! `BEDTOP_CRASH_KILLS=200 cargo test --test respond_crash` kills ten times as often as the default.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

#[path = "respond_crash/ear.rs"]
mod ear;
#[path = "support/http.rs"]
mod http;
#[path = "respond_crash/victim.rs"]
mod victim;

use ear::{Ear, Told};

/// How often it is killed.
const KILLS: &str = "BEDTOP_CRASH_KILLS";
/// Tenants, and bins of five minutes: each tenant is throttled for two bins in every two hours.
const TENANTS: usize = 120;
const BINS: usize = 110;
const CYCLE: usize = 24;
/// How many requests about tell all of the storm when nothing comes between.
const ENOUGH: usize = 480;
/// A victim that tells nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_mins(2);

fn main() {
    if let Some(folder) = std::env::var_os(victim::FOLDER) {
        return victim::tell_until_killed(Path::new(&folder));
    }
    // A filter for other tests is not for this one.
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if filters.is_empty() || filters.iter().any(|filter| "kill_9_loses_no_response".contains(filter.as_str())) {
        let kills = std::env::var(KILLS).map_or(20, |kills| kills.parse().expect("a number of kills"));
        let said = kill_9_loses_no_response(kills);
        let _ = writeln!(io::stdout(), "test kill_9_loses_no_response ... ok ({said})");
        let _ = writeln!(io::stdout(), "\ntest result: ok. 1 passed; 0 failed; 0 ignored");
    }
}

fn kill_9_loses_no_response(kills: usize) -> String {
    let undisturbed = thread::spawn(whole_storm);
    let site = Site::new();
    let of_the_storm = kills * 4 / 5;
    let mut died = 0;
    for round in 0..of_the_storm {
        died += usize::from(kill_somewhere(site.victim(), &site.ear, ENOUGH / kills.max(1), round));
    }
    site.victim().come_to_the_end();
    let expected = undisturbed.join().expect("nobody disturbs it");
    site.ear.open_the_late_door();
    let waiting = expected.of("late").len();
    for round in 0..kills - of_the_storm {
        died += usize::from(kill_somewhere(site.collector(), &site.ear, waiting / 2 / (kills - of_the_storm), round));
    }
    let last = site.collector();
    site.ear.wait_until(PATIENCE, "late", waiting);
    drop(last);
    let told = site.ear.told();
    check(&told, &expected);
    format!(
        "{died} of {kills} kills came in time, {} events, {} requests where {} are enough",
        expected.events("all").len(),
        told.requests,
        expected.requests
    )
}

/// What is told when nobody is killed.
fn whole_storm() -> Told {
    let site = Site::new();
    site.ear.open_the_late_door();
    site.victim().come_to_the_end();
    let told = site.ear.told();
    let changes = told.events("all").len();
    assert!(changes >= 1_000, "a storm of {changes} changes");
    told
}

/// A folder with a history, a config and a recording, and the server that is told.
struct Site {
    folder: tempfile::TempDir,
    ear: Arc<Ear>,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ear = Ear::listen();
        let receiver = |name: &str| {
            format!(
                "[[receiver]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"http://{}/{name}\"\nper_minute = 6000\nretry_for = \"7d\"\n",
                ear.address
            )
        };
        let routes = "[[route]]\nlevels = [\"red\"]\nreceiver = \"red\"\ncontinue = true\n\
            [[route]]\nmatchers = [\"tenant=t1*\"]\nreceiver = \"late\"\ncontinue = true\n[[route]]\nreceiver = \"all\"\n";
        // The address of AWS is one where nobody listens.
        let scope = "[[scope]]\nname = \"trace\"\nregion = \"us-east-1\"\nendpoint_url = \"http://127.0.0.1:9\"\n";
        let receivers = ["red", "late", "all"].map(receiver).concat();
        let store = format!("[store]\npath = '{}'\n", folder.path().join("store").display());
        let config = format!("{store}{scope}{receivers}{routes}");
        std::fs::write(folder.path().join("config.toml"), config).expect("written");
        std::fs::write(folder.path().join("storm.csv"), storm()).expect("written");
        Self { folder, ear }
    }

    fn victim(&self) -> Victim {
        let program = std::env::current_exe().expect("this program");
        Command::new(program).env(victim::FOLDER, self.folder.path()).spawn().map(Victim).expect("the victim starts")
    }

    /// The real program, as the owner of the history.
    fn collector(&self) -> Victim {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedtop"));
        let credentials = [("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y")];
        command
            .args(["collect", "--config"])
            .arg(self.folder.path().join("config.toml"))
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("NO_PROXY", "127.0.0.1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(credentials)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().map(Victim).expect("it starts")
    }
}

fn storm() -> String {
    let mut text = String::from(
        "timestamp,tenant,profile,model,invocations,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,throttles\n",
    );
    for bin in 0..BINS {
        let (hour, minute) = (bin * 5 / 60, bin * 5 % 60);
        for tenant in 0..TENANTS {
            let throttles = if (bin + tenant * 5) % CYCLE < 2 { 900 } else { 0 };
            let at = format!("2026-11-02T{hour:02}:{minute:02}:00Z");
            text.extend([format!("{at},t{tenant},p{tenant},claude,500,20000,5000,0,0,{throttles}\n")]);
        }
    }
    text
}

/// A process that is killed at the latest when this goes.
struct Victim(Child);

impl Victim {
    fn lives(&mut self) -> bool {
        self.0.try_wait().expect("it can be asked").is_none()
    }

    fn come_to_the_end(mut self) {
        assert!(self.0.wait().expect("it ends").success(), "it comes to the end of the storm");
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Kills it after about so many more requests, at another place of the work each time. Gives whether it still lived.
fn kill_somewhere(mut victim: Victim, ear: &Ear, about: usize, round: usize) -> bool {
    let wanted = ear.requests() + 1 + about * (1 + 7 * round % 11) / 6;
    let end = Instant::now() + PATIENCE;
    while ear.requests() < wanted && victim.lives() {
        assert!(Instant::now() < end, "the victim is stuck");
        ear.wait_a_moment();
    }
    thread::sleep(Duration::from_micros(u64::try_from(737 * round % 19_000).expect("small")));
    victim.lives()
}

/// Everyone who is to be told was told of everything, of each event under one key, of nothing else; and an end is told
/// to exactly those who were told of the beginning.
fn check(told: &Told, expected: &Told) {
    for receiver in ["red", "late", "all"] {
        let (found, wanted) = (told.of(receiver), expected.of(receiver));
        let missing: Vec<_> = wanted.keys().filter(|id| !found.contains_key(*id)).collect();
        assert!(missing.is_empty(), "{receiver} was never told of {missing:?}");
        let more: Vec<_> = found.keys().filter(|id| !wanted.contains_key(*id)).collect();
        assert!(more.is_empty(), "{receiver} was told of {more:?}, which never happened");
        let twice: Vec<_> = found.iter().filter(|(_, event)| event.keys.len() != 1).collect();
        assert!(twice.is_empty(), "{receiver} was told under several keys: {twice:?}");
        let mut balance: BTreeMap<&str, i64> = BTreeMap::new();
        for event in found.values() {
            *balance.entry(&event.alert).or_default() += i64::from(event.begins) - i64::from(event.ends);
        }
        let odd: Vec<_> = balance.iter().filter(|(_, open)| !(0..=1).contains(*open)).collect();
        assert!(odd.is_empty(), "{receiver}: ends without a beginning, or beginnings without an end: {odd:?}");
    }
}
