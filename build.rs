//! Tells the program which commit it is built from: what the packager says in `BEDTOP_COMMIT`, else what git says of a
//! release build. Other builds do without, so that a commit alone does not make them anew.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=BEDTOP_COMMIT");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    // An unpacked crate may lie in the repository of something else, whose commit would say nothing.
    if env::var_os("BEDTOP_COMMIT").is_some() || !is_release || !Path::new(".git").exists() {
        return;
    }
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
        println!("cargo:rerun-if-changed={log}");
    }
    if let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) {
        println!("cargo:rustc-env=BEDTOP_COMMIT={commit}");
    }
}

/// What git answers in one line; `None` where it is not there or does not answer.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}
