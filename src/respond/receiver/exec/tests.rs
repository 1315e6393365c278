//! What a program gets, and that nothing in it can become a command.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::SignedDuration;
use serde_json::Value;

use super::*;
use crate::domain::level::Level;
use crate::domain::notice::NoticeKind;
use crate::respond::fixtures::{event, letter, start};
use crate::respond::http::Http;

fn program(folder: &Path, script: &str) -> Exec {
    let path = folder.join("program");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("set");
    let word = |text: &str| text.to_owned();
    let path = path.to_str().expect("a plain path");
    Exec {
        command: vec![word(path), word("run")],
        revert: Some(vec![word(path), word("revert")]),
        cwd: folder.into(),
        env: Vec::new(),
        ttl: None,
        cooldown: SignedDuration::ZERO,
        per_hour: 10,
        dry_run: false,
        allow_fallback_price: false,
    }
}

async fn run(exec: &Exec, event: Event, folder: &Path) -> Verdict {
    let http: Result<&Http, String> = Err("no program sends anything".to_owned());
    let context = Context { http, timeout: std::time::Duration::from_secs(30), now: start() };
    let job = Job { letter: letter("run", &[event]), memo: None };
    tell(exec, &job, &context, &Audit::new(folder.join("runs.jsonl"), 1_000_000, 1)).await
}

#[tokio::test]
async fn hostile_names_are_values_and_never_commands() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exec =
        program(folder.path(), "printf '%s' \"$BEDTOP_TENANT\" > tenant; cat > input; printf '%s' \"$1\" > word");
    let name = "x'; touch broken; \"$(touch broken)`touch broken`\n\u{1b}[31m";
    let verdict = run(&exec, event(name, NoticeKind::Fire, Level::Red), folder.path()).await;
    assert!(matches!(verdict, Verdict::Delivered { ran: true, .. }), "{verdict:?}");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("written");
    let printable = "x'; touch broken; \"$(touch broken)`touch broken` ·[31m";
    assert_eq!((read("tenant").as_str(), read("word").as_str()), (printable, "run"));
    let input: Value = serde_json::from_str(&read("input")).expect("JSON");
    assert_eq!((input["event"]["tenant"].as_str(), input["action"].as_str()), (Some(printable), Some("run")));
    assert!(!folder.path().join("broken").exists());
    assert!(read("runs.jsonl").contains("exit code 0"));
}

#[tokio::test]
async fn the_end_of_an_alert_runs_what_takes_it_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exec = program(folder.path(), "printf '%s %s' \"$1\" \"$BEDTOP_ACTION\" > word");
    run(&exec, event("acme", NoticeKind::Resolve, Level::Green), folder.path()).await;
    assert_eq!(fs::read_to_string(folder.path().join("word")).expect("written"), "revert revert");
}

#[tokio::test]
async fn a_dry_run_runs_nothing_and_tells_what_it_would() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let exec = Exec { dry_run: true, ..program(folder.path(), "touch broken") };
    let verdict = run(&exec, event("acme", NoticeKind::Fire, Level::Red), folder.path()).await;
    let Verdict::Delivered { note: Some(note), ran: false, .. } = verdict else { panic!("{verdict:?}") };
    assert!(note.contains("would run") && !folder.path().join("broken").exists(), "{note}");
}

#[tokio::test]
async fn a_program_that_fails_is_tried_again_and_one_that_is_missing_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fails = program(folder.path(), "echo no; exit 9");
    let verdict = run(&fails, event("acme", NoticeKind::Fire, Level::Red), folder.path()).await;
    let Verdict::Retry { why, maybe_received: true, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(why, "exit code 9: no");
    let missing = Exec { command: vec!["/nowhere/program".to_owned()], ..fails };
    let verdict = run(&missing, event("acme", NoticeKind::Fire, Level::Red), folder.path()).await;
    assert!(matches!(&verdict, Verdict::Refused(why) if why.contains("check `command`")), "{verdict:?}");
}
