//! Runs the real program for hours of simulated time, through everything that may go wrong: `kill -9`, a full disk, wrong
//! clocks, the ends of summer time, an AWS that fails in every way or is late, and storms of panes. At the end of each
//! eight hours, three of them calm, nothing that was acknowledged may be lost, nothing have panicked, and every level be the
//! one that a clean replay of the same usage gives.
//!
//! `cargo test --test faults -- --hours 8 --seed 1` (also `--speed 240`, `--disk FOLDER` for one that may be filled); with
//! `--soak --tenants 1000 --hours 24` nothing goes wrong, and memory, file descriptors and the store are measured instead, of
//! the program that `BEDTOP_FAULTS_PROGRAM` names, where it does.
//! The programs read their clock from a file, which only builds with debug assertions do (`BEDTOP_REHEARSE_CLOCK`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use rustix::process::Signal;
use serde_json::Value;

#[path = "faults/check.rs"]
mod check;
#[path = "faults/home.rs"]
mod home;
#[path = "faults/sky.rs"]
mod sky;
#[path = "faults/soak.rs"]
mod soak;
#[path = "faults/storm.rs"]
mod storm;
#[path = "support/terminal.rs"]
mod terminal;
#[path = "faults/world.rs"]
mod world;

use check::{cells, is_logged};
use home::{Home, by_tenant};
use sky::Weather;
use world::{CALM, CYCLE, World};

/// 2026-10-24T20:00:00Z and 2027-03-27T20:00:00Z: the nights in which summer time ends and begins in Berlin.
const STARTS: [i64; 2] = [1_792_872_000, 1_806_177_600];
const TENANTS: f64 = 12.0;
/// How wrong clocks are, in seconds, one after the other.
const JUMPS: [i64; 6] = [7200, -3600, 90, -900, 900, -90];

/// What the command line asks for.
pub(crate) struct Wanted {
    seed: u64,
    hours: i64,
    speed: f64,
    tenants: usize,
    disk: Option<PathBuf>,
    soak: bool,
}

impl Wanted {
    fn read() -> Self {
        let words: Vec<String> = std::env::args().collect();
        let value = |name: &str| words.iter().position(|word| word == name).and_then(|place| words.get(place + 1));
        let number = |name: &str, default: f64| value(name).map_or(default, |text| text.parse().expect("a number"));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]
        Self {
            seed: number("--seed", 1.0) as u64,
            hours: number("--hours", 8.0) as i64,
            speed: number("--speed", 240.0),
            tenants: number("--tenants", TENANTS) as usize,
            disk: value("--disk").map(PathBuf::from),
            soak: words.iter().any(|word| word == "--soak"),
        }
    }
}

fn main() -> ExitCode {
    let wanted = Wanted::read();
    if wanted.soak {
        return soak::run(&wanted);
    }
    let place = tempfile::tempdir().expect("a folder");
    let folder = wanted.disk.clone().unwrap_or_else(|| place.path().to_owned());
    let start = STARTS[usize::try_from(wanted.seed % 2).unwrap_or(0)];
    let world = World::begin(wanted.seed, wanted.tenants, 60, start, wanted.speed, home::clock(&folder));
    let mut trial = Trial::begin(Home::furnish(&folder, Arc::new(world)), wanted.disk.clone());
    let cycles = (wanted.hours * 3600 / CYCLE).max(1);
    for cycle in 1..=cycles {
        trial.chaos(start + cycle * CYCLE - CALM);
        trial.compare(start + cycle * CYCLE - 1800);
    }
    trial.finish(cycles * CYCLE / 3600)
}

pub(crate) fn say(line: &str) {
    writeln!(io::stdout(), "{line}").expect("standard output");
}

/// What has happened so far, and what must hold of it.
struct Trial {
    home: Home,
    disk: Option<PathBuf>,
    dice: u64,
    deck: Vec<i64>,
    jumps: usize,
    faults: BTreeMap<&'static str, usize>,
    acknowledged: BTreeMap<String, u64>,
    silences: BTreeSet<String>,
    losses: Vec<String>,
    panics: Vec<String>,
    differing: Vec<String>,
    levels: usize,
    changes: usize,
}

impl Trial {
    fn begin(mut home: Home, disk: Option<PathBuf>) -> Self {
        home.collect();
        let jumps = usize::try_from(home.world.seed % 97).unwrap_or(0);
        Self {
            home,
            disk,
            dice: 0,
            deck: Vec::new(),
            jumps,
            faults: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            silences: BTreeSet::new(),
            losses: Vec::new(),
            panics: Vec::new(),
            differing: Vec::new(),
            levels: 0,
            changes: 0,
        }
    }

    fn roll(&mut self, sides: u64) -> i64 {
        self.dice += 1;
        (self.home.world.dice(&[77, self.dice]) % sides).cast_signed()
    }

    /// One fault after the other, until an instant at which all is well again.
    fn chaos(&mut self, end: i64) {
        while self.home.world.now() + 3600 < end {
            let length = 60 * (2 + self.roll(18));
            let kind = self.next_kind();
            self.fault(kind, length);
            self.home.collect();
            let pause = 60 * (2 + self.roll(8));
            self.home.world.wait_until((self.home.world.now() + pause).min(end));
            self.acknowledge();
        }
        self.home.world.wait_until(end);
    }

    /// Every kind of fault comes once before one comes again.
    fn next_kind(&mut self) -> i64 {
        if self.deck.is_empty() {
            self.deck = (0..8).collect();
        }
        let place = self.roll(self.deck.len() as u64);
        self.deck.swap_remove(usize::try_from(place).unwrap_or(0))
    }

    /// A fault, and its end after a length of time.
    fn fault(&mut self, kind: i64, length: i64) {
        let (world, until) = (Arc::clone(&self.home.world), self.home.world.now() + length);
        let name = match kind {
            0 | 1 => {
                self.acknowledge();
                self.kill();
                if kind == 1 {
                    world.wait_until(until);
                }
                "kill -9"
            }
            2 => {
                let by = JUMPS[self.jumps % JUMPS.len()];
                self.jumps += 1;
                world.set_clock_wrong(by);
                world.wait_until(until);
                if self.roll(2) == 0 {
                    self.kill();
                    self.home.collect();
                }
                world.set_clock_wrong(0);
                "clock jump"
            }
            3 => {
                let bad = [Weather::Throttled, Weather::TooMany, Weather::Broken, Weather::Silent, Weather::Garbage];
                let weather = bad[usize::try_from(self.roll(5)).unwrap_or(0)];
                self.home.sky.turn(weather);
                world.wait_until(until);
                self.home.sky.turn(Weather::Fine);
                "AWS fails"
            }
            4 => {
                world.be_late(length);
                world.wait_until(until);
                "AWS is late"
            }
            5 => {
                storm::blow(&self.home);
                "pane storm"
            }
            6 => {
                // The owner is killed while panes are attached: one of them takes over, and goes when it is killed itself.
                storm::blow_and_kill(&mut self.home);
                "take-over"
            }
            7 if self.disk.is_some() => {
                self.fill_disk(until);
                "full disk"
            }
            _ => {
                self.silence();
                self.kill();
                "kill -9"
            }
        };
        *self.faults.entry(name).or_default() += 1;
    }

    fn kill(&mut self) {
        if !self.home.end(Signal::KILL) {
            self.panics.push("the collector had ended by itself".to_owned());
        }
    }

    /// Someone silences an alert, and is told that it holds.
    fn silence(&mut self) {
        let comment = format!("silence {}", self.dice);
        let arguments = ["silence", "tenant=nobody", "--for", "1h", "--comment", &comment];
        if self.home.say(&arguments).status.success() {
            self.silences.insert(comment);
        }
    }

    /// Usage that was shown may not be less later.
    fn acknowledge(&mut self) {
        let Some(status) = self.home.status() else { return };
        for (tenant, tokens) in by_tenant(&status, |row| row["usage"]["input_tokens"].as_u64().unwrap_or(0)) {
            let before = self.acknowledged.insert(tenant.clone(), tokens).unwrap_or(0);
            if tokens < before {
                self.losses.push(format!("{tenant}: {before} tokens were shown, then {tokens} at {}", status["at"]));
            }
        }
    }

    /// Nothing is left on the disk for a while.
    fn fill_disk(&self, until: i64) {
        let Some(disk) = &self.disk else { return };
        let ballast = disk.join("ballast");
        let mut file = fs::File::create(&ballast).expect("made");
        for size in [1 << 20, 4096] {
            while file.write_all(&vec![1; size]).and_then(|()| file.sync_data()).is_ok() {}
        }
        self.home.world.wait_until(until);
        fs::remove_file(ballast).expect("removed");
    }

    /// In the calm the levels become what a clean replay of the same usage says; a few minutes more are given to those that
    /// are on their way.
    fn compare(&mut self, from: i64) {
        let mut different = Vec::new();
        for at in (0..4).map(|more| from + more * 420) {
            self.home.world.wait_until(at);
            let status = self.home.status_where("the calm", |status| status["tenants"].is_array());
            let level = |row: &Value| row["level"].as_str().unwrap_or_default().to_owned();
            let found = by_tenant(&status, level);
            let wanted = by_tenant(&self.replayed(&status), level);
            self.levels = found.len();
            let is_other = |(tenant, level): (&String, &String)| {
                (found.get(tenant) != Some(level))
                    .then(|| format!("{tenant}: {:?}, {level} in the replay at {}", found.get(tenant), status["at"]))
            };
            different = wanted.iter().filter_map(is_other).collect();
            if different.is_empty() && wanted.len() == found.len() {
                return;
            }
        }
        self.differing.extend(different);
    }

    /// The fleet as a replay of everything that has happened by then has it.
    fn replayed(&self, status: &Value) -> Value {
        let at: jiff::Timestamp = status["at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
        let file = self.home.folder.join("truth.csv");
        fs::write(&file, self.home.world.csv(at.as_second() / 60 * 60)).expect("written");
        let file = file.display().to_string();
        let replayed = self.home.json(&["replay", &file, "--speed", "0", "--once"]);
        replayed.expect("the replay is judged")
    }

    /// Every minute that happened is in the history with every meter, every silence and every change that was told in its log.
    fn finish(mut self, hours: i64) -> ExitCode {
        let last = self.home.status_where("the end", |status| status["at"].is_string());
        if !self.home.end(Signal::TERM) {
            self.panics.push("the collector did not end well".to_owned());
        }
        let until: jiff::Timestamp = last["at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
        let end = until.as_second() / 60 * 60 - 300;
        let csv = String::from_utf8(self.home.say(&["store", "export"]).stdout).expect("text");
        let found = cells(&csv, end);
        let wanted = cells(&self.home.world.csv(end), end);
        let differ = wanted.iter().filter(|(cell, value)| found.get(*cell) != Some(value));
        self.losses.extend(differ.map(|(cell, value)| format!("{cell:?}: {value} used, {:?} stored", found.get(cell))));
        let more = found.iter().filter(|(cell, _)| !wanted.contains_key(*cell));
        self.losses.extend(more.map(|(cell, value)| format!("{cell:?}: {value} stored, never used")));
        self.check_log();
        self.panics.extend(self.home.panics());
        self.report(hours, wanted.len())
    }

    fn check_log(&mut self) {
        let log =
            String::from_utf8(self.home.say(&["alerts", "--since", "400d", "--output", "json"]).stdout).expect("text");
        let missing = self.silences.iter().filter(|silence| !log.contains(&format!("\"{silence}\"")));
        self.losses.extend(missing.map(|silence| format!("{silence} is not in the log")));
        let log: Value = serde_json::from_str(&log).expect("JSON");
        // A restarted collector tells the newest of what was before it again.
        let told: BTreeSet<[String; 4]> = self.home.told_changes().into_iter().collect();
        assert!(!told.is_empty(), "levels change in a fleet like this");
        self.changes = told.len();
        let missing = told.iter().filter(|change| !is_logged(&log, change));
        self.losses.extend(missing.map(|change| format!("{change:?} is not in the log")));
    }

    fn report(self, hours: i64, cells: usize) -> ExitCode {
        let count: usize = self.faults.values().sum();
        let kinds: Vec<String> = self.faults.iter().map(|(name, count)| format!("{count} {name}")).collect();
        for problem in self.losses.iter().chain(&self.panics).chain(&self.differing).take(40) {
            say(problem);
        }
        say(&format!("hours simulated: {hours} (seed {}, {} tenants)", self.home.world.seed, self.home.world.profiles));
        say(&format!("faults injected: {count} ({})", kinds.join(", ")));
        say(&format!(
            "losses: {} of {cells} values, {} changes of level, {} silences",
            self.losses.len(),
            self.changes,
            self.silences.len()
        ));
        say(&format!("panics: {}", self.panics.len()));
        say(&format!(
            "differing levels: {} of {} tenants, compared every {} hours",
            self.differing.len(),
            self.levels,
            CYCLE / 3600
        ));
        let is_well = self.losses.is_empty() && self.panics.is_empty() && self.differing.is_empty();
        if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
