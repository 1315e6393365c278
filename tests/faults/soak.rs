//! A day of a large fleet in which nothing goes wrong: what it takes at the beginning and at the end.

use std::fs;
use std::process::ExitCode;
use std::sync::Arc;

use rustix::process::Signal;
use serde_json::Value;

use super::check::size_of;
use super::home::Home;
use super::world::World;
use super::{STARTS, Wanted, home, say};

/// Memory may grow by so much after the first hour, in percent.
const MOST_GROWTH: f64 = 10.0;

/// What a process takes.
#[derive(Clone, Copy, Debug)]
struct Taken {
    resident_kib: u64,
    descriptors: usize,
}

/// Runs the day, prints a line an hour and what it came to.
pub(crate) fn run(wanted: &Wanted) -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = home::clock(folder.path());
    let world = Arc::new(World::begin(wanted.seed, wanted.tenants, 5, STARTS[0], wanted.speed, clock));
    let mut home = Home::furnish(folder.path(), Arc::clone(&world));
    home.collect();
    let mut hours = Vec::new();
    for hour in 1..=wanted.hours {
        world.wait_until(world.start + hour * 3600);
        let status = home.status_where("the fleet", |status| status["tenants"].is_array());
        let taken = taken(home.process());
        let behind = world.now()
            - status["at"]
                .as_str()
                .and_then(|at| at.parse::<jiff::Timestamp>().ok())
                .map_or(0, jiff::Timestamp::as_second);
        let rows = status["tenants"].as_array().map_or(0, Vec::len);
        say(&format!(
            "hour {hour:>2}: RSS {} KiB, {} file descriptors, {rows} tenants, judged {behind} s ago",
            taken.resident_kib, taken.descriptors
        ));
        hours.push(taken);
    }
    let ended = home.end(Signal::TERM);
    let stats = home.json(&["store", "stats", "--output", "json"]).unwrap_or(Value::Null);
    report(&hours, &stats, size_of(&folder.path().join("store")), ended)
}

fn taken(process: u32) -> Taken {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the collector runs");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    Taken {
        resident_kib: resident.trim().trim_end_matches(" kB").parse().expect("a number"),
        descriptors: fs::read_dir(format!("/proc/{process}/fd")).expect("its descriptors").count(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for display")]
fn report(hours: &[Taken], stats: &Value, size: u64, ended: bool) -> ExitCode {
    let (first, last) = (hours[0], hours[hours.len() - 1]);
    let growth = 100.0 * (last.resident_kib as f64 / first.resident_kib as f64 - 1.0);
    let counts: Vec<usize> = hours.iter().map(|taken| taken.descriptors).collect();
    let (fewest, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    say(&format!(
        "RSS at hour 1: {} KiB, at hour {}: {} KiB ({growth:+.1} %)",
        first.resident_kib,
        hours.len(),
        last.resident_kib
    ));
    say(&format!("file descriptors: {fewest} to {most}"));
    say(&format!("store: {size} bytes on disk; `store stats`: {stats}"));
    if ended && growth.abs() <= MOST_GROWTH && fewest == most { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
