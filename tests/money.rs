//! The commands about money of the real program: prices, budgets, reports, lint.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rstest::rstest;
use serde_json::Value;

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary home")
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .output()
        .expect("the program runs")
}

/// Runs a command that must succeed; gives its standard output.
fn printed(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn json(home: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(home, arguments)).expect("JSON")
}

fn write(home: &Path, name: &str, text: &str) {
    fs::write(home.join(name), text).expect("written");
}

#[test]
fn a_price_comes_with_its_reasons() {
    let home = home();
    write(home.path(), "c.toml", "[[price]]\nmodel = \"amazon.nova-*\"\nfrom = 2026-12-01\ndiscount = \"50%\"\n");
    let price = |day: &str| {
        let asked = ["prices", "us.amazon.nova-pro-v1:0", "--config", "c.toml", "--at", day, "--output", "json"];
        json(home.path(), &asked)["prices"][0].clone()
    };
    let before = price("2026-11-30");
    assert_eq!((&before["input"], &before["provenance"]), (&"0.8".into(), &"measured".into()));
    let after = price("2026-12-01");
    assert_eq!(after["input"], "0.4");
    assert!(after["why"][1].as_str().expect("a reason").contains("discount = \"50%\""), "{after}");
}

#[test]
fn what_cannot_be_priced_is_listed_with_its_tokens() {
    let home = home();
    write(
        home.path(),
        "u.csv",
        "timestamp,tenant,model,input_tokens\n2026-11-24T00:00:00Z,acme,acme.unheard-of-v1,700\n\
         2026-11-24T00:00:00Z,globex,amazon.nova-pro-v1:0,5\n",
    );
    let rows = json(home.path(), &["prices", "--unpriced", "--input", "u.csv", "--output", "json"]);
    let expected = serde_json::json!([
        { "model": "acme.unheard-of-v1", "profiles": 1, "tenants": ["acme"], "tokens": 700 }
    ]);
    assert_eq!(rows["unpriced"], expected);
}

#[rstest]
#[case::nothing_fits(&["prices", "zzz"], "no model fits `zzz`")]
#[case::no_day(&["prices", "--at", "soon"], "soon")]
fn refused(#[case] arguments: &[&str], #[case] expected: &str) {
    let home = home();
    let output = run(home.path(), arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains(expected), "{errors}");
}
