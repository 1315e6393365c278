//! A history whose owner was killed and whose files are damaged: levels, and what was said, are as they were.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

#[path = "support/program.rs"]
mod program;
use program::{home, printed, run};

/// How long anything may take before the test fails: far above what it takes, so that a slow machine passes.
const PATIENCE: Duration = Duration::from_secs(90);
const HEADER: &str = "timestamp,tenant,profile,model,invocations,input_tokens,output_tokens\n";
/// AWS is an address where nobody listens.
const CONFIG: &str = "[store]\npath = \"store\"\n\
    [[scope]]\nname = \"nowhere\"\nregion = \"us-east-1\"\nendpoint_url = \"http://127.0.0.1:9\"\n\
    [[budget]]\nid = \"small\"\namount = \"1 USD\"\nper = \"month\"\nfleet = true\n";

/// A home whose owner has said that a budget is gone, and was killed then.
fn killed_home() -> tempfile::TempDir {
    let home = home();
    let mut usage = String::from(HEADER);
    for minute in (1..=60).rev() {
        let at = Timestamp::now() - SignedDuration::from_mins(minute);
        let at = at.strftime("%Y-%m-%dT%H:%M:00Z");
        writeln!(usage, "{at},acme,p1,anthropic.claude-sonnet-4-5-20250929-v1:0,10,100000,20000").expect("a row");
    }
    fs::write(home.path().join("usage.csv"), usage).expect("written");
    fs::write(home.path().join("bedtop.toml"), CONFIG).expect("written");
    printed(home.path(), &["--config", "bedtop.toml", "store", "import", "usage.csv"]);
    let mut owner = Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(["--config", "bedtop.toml", "collect"])
        .env_clear()
        .envs([("HOME", home.path().as_os_str()), ("AWS_ACCESS_KEY_ID", "x".as_ref())])
        .envs([("AWS_SECRET_ACCESS_KEY", "y"), ("XDG_RUNTIME_DIR", "/nonexistent"), ("TMPDIR", "/nonexistent")])
        .current_dir(home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let log = home.path().join("store/log/responses.jsonl");
    let end = Instant::now() + PATIENCE;
    while !fs::read_to_string(&log).is_ok_and(|told| told.contains("the budget is gone")) {
        assert!(Instant::now() < end, "nobody was told that the budget is gone");
        thread::sleep(Duration::from_millis(20));
    }
    owner.kill().expect("killed");
    owner.wait().expect("it ends");
    home
}

/// The alerts that fire and the log of what was said, as the command prints them.
fn said(home: &Path) -> String {
    printed(home, &["--config", "bedtop.toml", "alerts", "--since", "2h"])
}

fn each_snapshot(home: &Path, damage: impl Fn(&Path)) {
    for entry in fs::read_dir(home.join("store/sled")).expect("listed").filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with("snap.") {
            damage(&entry.path());
        }
    }
}

fn truncate(home: &Path) {
    each_snapshot(home, |path| {
        let whole = fs::read(path).expect("readable");
        fs::write(path, &whole[..whole.len() / 2]).expect("written");
    });
}

fn remove(home: &Path) {
    each_snapshot(home, |path| fs::remove_file(path).expect("removed"));
}

#[rstest]
#[case::truncated_snapshots(truncate)]
#[case::no_snapshots(remove)]
fn levels_are_as_before(#[case] damage: fn(&Path)) {
    let home = killed_home();
    let before = said(home.path());
    assert!(before.contains("red    pool fleet budget small") && before.contains("red    was green"), "{before}");
    damage(home.path());
    assert_eq!(said(home.path()), before);
    let verified = run(home.path(), &["--config", "bedtop.toml", "store", "verify"]);
    assert!(String::from_utf8_lossy(&verified.stdout).ends_with(" 0 damaged\n"), "{verified:?}");
}
