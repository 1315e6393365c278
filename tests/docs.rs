//! What the documents tell people to type: blocks fenced as `sh` are run, every other `bedtop ...` is parsed by the
//! real program.
//!
//! A block runs in a home of its own that holds `usage.csv`, `series.csv` and `budgets.csv`, without a terminal and
//! without AWS. Lines that need one of these are written in another kind of block.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_bedtop");
const USAGE: &str = include_str!("data/usage_slice.csv");
const BUDGETS: &str = "budget_id,kind,members,budget_usd,period_start,period_end,price_in,price_out\n\
                       b1,tenant,d001,50,2025-03-03T00:00:00Z,2025-03-04T00:00:00Z,,\n";

/// The documents, by path from the root of the project.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md"), root.join("SECURITY.md")];
    let entries = fs::read_dir(root.join("docs")).expect("the documents are there");
    paths.extend(entries.map(|entry| entry.expect("readable").path()));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).expect("below the root").display().to_string();
        (name, fs::read_to_string(path).expect("readable"))
    };
    paths.into_iter().map(read).collect()
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary home");
    let mut series = "series_id,timestamp,value\n".to_owned();
    for hour in 0..72 {
        // Writing to a string cannot fail.
        let _ = writeln!(series, "acme,2026-11-{:02}T{:02}:00:00Z,{}", 20 + hour / 24, hour % 24, 10 + hour % 24);
    }
    for (name, text) in [("usage.csv", USAGE), ("series.csv", &series), ("budgets.csv", BUDGETS)] {
        fs::write(home.path().join(name), text).expect("written");
    }
    home
}

fn in_home(home: &Path, program: &str) -> Command {
    let bin = Path::new(PROGRAM).parent().expect("a folder").display().to_string();
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).env("PATH", format!("{bin}:/usr/bin:/bin")).current_dir(home);
    command.env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The texts of the blocks that are fenced as `sh`.
fn scripts(text: &str) -> Vec<String> {
    let mut scripts = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "```sh" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            scripts.push(block.join("\n"));
        }
    }
    scripts
}

/// Every other command line: indented ones, those of other blocks, and inline code without placeholders.
fn lines_to_type(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fence = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        if let Some(kind) = trimmed.strip_prefix("```") {
            fence = if fence.is_none() { Some(kind.to_owned()) } else { None };
            continue;
        }
        let is_block = fence.as_deref().is_some_and(|kind| kind != "sh") || line.starts_with("    ");
        let typed = trimmed.trim_start_matches("$ ");
        if is_block && (typed.starts_with("bedtop ") || typed == "bedtop") {
            found.push(typed.to_owned());
        } else if fence.is_none() {
            let inline = line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("bedtop "));
            found.extend(inline.map(str::to_owned));
        }
    }
    found
}

/// The words before whatever a shell takes for itself or a person is to fill in.
fn words(line: &str) -> Vec<String> {
    let is_ours = |word: &&str| !word.starts_with(['|', '>', '<', '&', ';', '#', '[', '.']) && !word.contains("\\|");
    let is_name = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase() || c == '.' || c == '_');
    let plain = line.split_whitespace().skip(1).take_while(is_ours).take_while(|word| !is_name(word));
    plain.map(|word| word.trim_matches(['\'', '"']).to_owned()).collect()
}

#[test]
fn what_is_to_be_run_runs() {
    for (name, text) in documents() {
        for script in scripts(&text) {
            let home = home();
            let output = in_home(home.path(), "sh").args(["-eu", "-c", &script]).output().expect("a shell");
            assert!(output.status.success(), "{name}:\n{script}\n{}", said(&output));
        }
    }
}

#[test]
fn every_other_command_line_is_one_that_the_program_knows() {
    let home = home();
    let mut looked_at = 0;
    for (name, text) in documents() {
        for line in lines_to_type(&text) {
            let mut arguments = words(&line);
            // An option whose value a person fills in is left out with it.
            while arguments.last().is_some_and(|last| last.starts_with("--")) {
                arguments.pop();
            }
            arguments.push("--help".to_owned());
            let output = in_home(home.path(), PROGRAM).args(&arguments).output().expect("the program runs");
            assert!(output.status.success(), "{name}: `{line}`: {}", said(&output));
            looked_at += 1;
        }
    }
    assert!(looked_at > 10, "only {looked_at} lines were found: does this test still know how they are written?");
}

#[test]
fn the_test_itself_finds_what_is_typed() {
    let text = "Run `bedtop plan` or\n\n    $ bedtop status --format tmux | cat\n\n```sh\nbedtop tenants\n```\n```console\nbedtop\n```\n";
    assert_eq!(scripts(text), ["bedtop tenants"]);
    assert_eq!(lines_to_type(text), ["bedtop plan", "bedtop status --format tmux | cat", "bedtop"]);
    assert_eq!(words("bedtop status --format tmux | cat"), ["status", "--format", "tmux"]);
    assert_eq!(words("bedtop check [--tenant GLOB]"), ["check"]);
    assert_eq!(words("bedtop completions SHELL"), ["completions"]);
    assert_eq!(words("bedtop config init\\|check"), ["config"]);
}
