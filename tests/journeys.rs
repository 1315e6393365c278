//! Journeys: what an engineer wants to know, the keys that lead there, and what must be readable on the way. The real
//! program in a real terminal.

use tempfile::TempDir;

#[path = "support/terminal.rs"]
mod terminal;

use terminal::Terminal;

const ENTER: &str = "\r";

/// A recorded day of six tenants: one has used up its budget, and all share a pool.
const CONFIG: &str = r#"
[[budget]]
id = "d079-monthly"
amount = "20000 USD"
per = "month"
tenants = ["d079"]

[[pool]]
name = "consumer"
members = ["d0*"]

[[budget]]
id = "consumer-monthly"
amount = "200000 USD"
per = "month"
pool = "consumer"
"#;

/// The program in a terminal, and where it lives.
struct Journey {
    terminal: Terminal,
    _home: TempDir,
}

impl Journey {
    fn over_a_recorded_day() -> Self {
        let home = tempfile::tempdir().expect("a temporary home");
        std::fs::write(home.path().join("bedtop.toml"), CONFIG).expect("written");
        let slice = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/usage_slice.csv");
        let journey = Self::begin(&["--config", "bedtop.toml", "replay", slice, "--speed", "0"], home);
        journey.read(&["d079", "Thu 00:00"]);
        journey
    }

    fn begin(arguments: &[&str], home: TempDir) -> Self {
        let terminal = Terminal::start(arguments, (160, 45), home.path(), &[("USER", "kim")]);
        Self { terminal, _home: home }
    }

    /// Presses keys, and reads on until all of this is on one screen.
    fn step(&mut self, keys: &str, readable: &[&str]) -> String {
        self.terminal.press(keys);
        self.read(readable)
    }

    fn read(&self, readable: &[&str]) -> String {
        self.terminal.wait_until(&format!("{readable:?}"), |screen| {
            let screen = screen.contents();
            readable.iter().all(|text| screen.contains(text))
        })
    }

    fn end(mut self) {
        self.terminal.press("\x03");
        assert_eq!(self.terminal.wait_for_end().0, 130);
    }
}

/// Paged at 3 a.m.: from the red row to the cause in three keys: `gg`, `w`.
#[test]
fn from_the_red_row_to_the_cause() {
    let mut journey = Journey::over_a_recorded_day();
    // What stands first is the loudest; every part of its explanation is on one screen.
    journey.step("gg", &["▌■ R  d079"]);
    let parts = ["R RED d079", "Why ", "Who ", "Verdict", "Waiting", "sleep until", "Next ", "bedtop ack"];
    let screen = journey.step("w", &parts);
    assert!(screen.contains("anthropic.claude") && screen.contains("What was said and done"), "{screen}");
    journey.end();
}

/// Which tenants share the blame for the pool: `3`.
#[test]
fn who_shares_the_blame_for_the_pool() {
    let mut journey = Journey::over_a_recorded_day();
    let screen = journey.step("3", &["Pools 1", "consumer", "shares add up to 100 %", "6 members", " left"]);
    let shares = screen.lines().filter(|line| line.contains("above its own past")).map(|line| {
        let percent = line.split_whitespace().nth(1).and_then(|word| word.strip_suffix('%')).unwrap_or("0");
        percent.parse::<u32>().expect("a share")
    });
    assert_eq!(shares.sum::<u32>(), 100, "{screen}");
    journey.end();
}

/// Silence a known load test for two hours: `/d079`, Enter, `s`, `2h load test`, Enter; `2` shows it.
#[test]
fn a_known_load_test_is_silenced() {
    let mut journey = Journey::over_a_recorded_day();
    journey.step("/d079", &["Tenants 1 of 6"]);
    journey.step(ENTER, &["Tenants 1 of 6"]);
    journey.step("s", &["silence for:"]);
    journey.terminal.press("2h load test");
    journey.read(&["2h load test"]);
    journey.terminal.press(ENTER);
    journey.step("2", &["silences 1", "silence by kim", "2h00 left", "tenant=d079: load test", "kim silenced"]);
    journey.end();
}

/// What did we see at 02:47: `:at 2025-03-12 02:47`, Enter; `2` shows the alerts of then; `0` is now.
#[test]
fn what_did_we_see_then() {
    let mut journey = Journey::over_a_recorded_day();
    journey.step(":at 2025-03-12 02:47\r", &["TIME Wed 12 Mar 02:4", "d079"]);
    journey.step("2", &["TIME Wed 12 Mar 02:4", "Alerts"]);
    journey.step("0", &["REPLAY", "Thu 00:00", "Alerts"]);
    journey.end();
}

/// Give me the chargeback of October: `:at 2026-10-31 23:00`, Enter, `5`; Tab tells it by model.
#[test]
fn the_chargeback_of_october() {
    let home = tempfile::tempdir().expect("a temporary home");
    let mut journey = Journey::begin(&["demo"], home);
    journey.read(&["northwind", "forecast"]);
    journey.step(":at 2026-10-31 23:00\r", &["TIME Sat 31 Oct 23:00"]);
    journey.step("5", &["Money 2026-10 by tenant", "northwind", "total", "100%", "prices: simulated"]);
    journey.step("\t", &["Money 2026-10 by model", "anthropic.claude", "total", "100%"]);
    journey.end();
}
