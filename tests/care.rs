//! `bedtop store` as a user has it: import, sizes, checks, export, compaction, and a history that is in use.

use std::fs;

use bedtop::domain::time::Step;
use bedtop::history::{Retention, Store, StoreOptions};

#[path = "support/program.rs"]
mod program;
use program::{printed, run};

const CSV: &str = "timestamp,tenant,profile,model,invocations,input_tokens,account\n\
    2026-11-20T10:00:00Z,acme,p1,unknown,3,900,main\n\
    2026-11-20T10:01:00Z,globex,p2,unknown,1,70,main\n\
    2026-11-21T10:00:00Z,acme,p1,unknown,4,18446744073709551615,main\n";

fn imported() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary home");
    fs::write(home.path().join("usage.csv"), CSV).expect("written");
    let said = printed(home.path(), &["--store", "one", "store", "import", "usage.csv"]);
    assert_eq!(said, "3 points imported\n");
    home
}

#[test]
fn nobody_is_locked_in() {
    let home = imported();
    let csv = printed(home.path(), &["--store", "one", "store", "export"]);
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.contains("2026-11-21T10:00:00Z,acme,p1,unknown,4,18446744073709551615"), "{csv}");
    printed(home.path(), &["--store", "one", "store", "export", "usage2.csv.gz"]);
    printed(home.path(), &["--store", "two", "store", "import", "usage2.csv.gz"]);
    printed(home.path(), &["--store", "one", "store", "export", "--format", "archive", "all.gz"]);
    printed(home.path(), &["--store", "three", "store", "import", "all.gz"]);
    for copy in ["two", "three"] {
        assert_eq!(printed(home.path(), &["--store", copy, "store", "export"]), csv, "{copy}");
    }
    let again = run(home.path(), &["--store", "three", "store", "import", "all.gz"]);
    assert_eq!(again.status.code(), Some(1), "an archive goes into an empty folder only");
}

#[test]
fn sizes_checks_and_space() {
    let home = imported();
    let stats = printed(home.path(), &["--store", "one", "store", "stats", "--output", "json"]);
    let stats: serde_json::Value = serde_json::from_str(&stats).expect("JSON");
    assert_eq!((&stats["schema"], &stats["points"], &stats["damaged"]), (&1.into(), &3.into(), &0.into()));
    assert!(printed(home.path(), &["--store", "one", "store", "stats"]).contains("at today's use"));
    let before = printed(home.path(), &["--store", "one", "store", "export"]);
    assert!(printed(home.path(), &["--store", "one", "store", "compact"]).contains("MiB became"));
    assert_eq!(printed(home.path(), &["--store", "one", "store", "export"]), before);
    assert!(printed(home.path(), &["--store", "one", "store", "verify"]).ends_with(" 0 damaged\n"));
}

#[test]
fn a_history_in_use_is_left_alone() {
    let home = imported();
    let options = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: true };
    let _owner = Store::open(&home.path().join("one"), &options).expect("opens");
    for command in [&["stats"][..], &["verify"], &["export"], &["import", "usage.csv"], &["compact"]] {
        let output = run(home.path(), &[&["--store", "one", "store"], command].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("in use by another bedtop") && output.status.code() == Some(1), "{command:?}: {said}");
    }
}

#[test]
fn every_command_has_a_help_with_an_example() {
    let home = tempfile::tempdir().expect("a temporary home");
    for command in ["stats", "verify", "export", "import", "compact"] {
        assert!(printed(home.path(), &["store", command, "--help"]).contains("bedtop store ") || command == "import");
    }
    let nothing = run(home.path(), &["store", "stats"]);
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("there is no history"));
}
