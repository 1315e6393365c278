//! The real program in a home of its own, without a terminal and without AWS.
#![allow(dead_code, reason = "each of the tests that share it needs a part of it")]

use std::path::Path;
use std::process::{Command, Output};

/// An empty home.
pub(crate) fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary home")
}

/// Runs the program in a home.
pub(crate) fn run(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .output()
        .expect("the program runs")
}

/// All that it said.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a command that must succeed; gives its standard output.
pub(crate) fn printed(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a command that must fail with this code; gives what it said.
pub(crate) fn refused(home: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(home, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    said(&output)
}
