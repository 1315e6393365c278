//! Forecast and anomaly of plain series from the real program: the CSV that others rely on.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .output()
        .expect("the program runs")
}

fn printed(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn hour(index: u32) -> String {
    format!("2026-11-{:02}T{:02}:00:00Z", 1 + index / 24, index % 24)
}

#[test]
fn a_forecast_has_the_total_first_and_all_series_in_the_order_of_the_file() {
    let home = tempfile::tempdir().expect("a home");
    let mut text = "series_id,timestamp,value\n".to_owned();
    for index in 0..96 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "zeta,{},{}", hour(index), 10 + index % 24);
        let _ = writeln!(text, "acme,{},0", hour(index));
    }
    fs::write(home.path().join("s.csv"), text).expect("written");
    let csv = printed(home.path(), &["forecast", "--input", "s.csv", "--horizon", "24"]);
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(csv.as_bytes()).records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 50);
    assert_eq!((&rows[0][0], &rows[0][1], &rows[0][2]), ("zeta", hour(95).as_str(), "0"));
    assert_eq!((&rows[25][0], &rows[25][2], &rows[49][2]), ("acme", "0", "24"));
    for row in &rows {
        let figures: Vec<f64> = row.iter().skip(3).map(|cell| cell.parse().expect("a number")).collect();
        let [_, lo80, hi80, lo95, hi95] = figures[..] else { panic!("{row:?}") };
        assert!(0.0 <= lo95 && lo95 <= lo80 && lo80 <= hi80 && hi80 <= hi95, "{row:?}");
    }
}

#[test]
fn scores_have_a_row_for_a_row_with_its_time_unchanged() {
    let home = tempfile::tempdir().expect("a home");
    let mut text = "timestamp,value\n".to_owned();
    for index in 0..500 {
        let value = if index == 400 { 900 } else { 50 + index % 7 };
        let _ =
            writeln!(text, "2026-11-{:02} {:02}:{:02}:00,{value}", 1 + index / 288, index / 12 % 24, index % 12 * 5);
    }
    text.push_str("never,5\n2026-11-03 00:00:00,\n");
    fs::write(home.path().join("m.csv"), &text).expect("written");
    let output = run(home.path(), &["anomaly", "--input", "m.csv"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 rows have a time that cannot be read"));
    let scores = String::from_utf8(output.stdout).expect("text");
    let times = |text: &str| -> Vec<String> {
        text.lines().skip(1).map(|line| line.split(',').next().expect("a time").to_owned()).collect()
    };
    assert_eq!(times(&scores), times(&text));
    let score = |row: usize| scores.lines().nth(row + 1).expect("a row").split(',').nth(1).expect("a score").to_owned();
    assert!(score(400).parse::<f64>().expect("a number") > 0.8);
    assert_eq!(score(500), "0.000000");
    let first_half: String = text.lines().take(301).map(|line| format!("{line}\n")).collect();
    fs::write(home.path().join("m.csv"), first_half).expect("written");
    let cut = printed(home.path(), &["anomaly", "--input", "m.csv"]);
    assert!(scores.starts_with(&cut), "later rows change nothing");
}

#[test]
fn bad_input_is_told_with_what_it_should_be() {
    let home = tempfile::tempdir().expect("a home");
    fs::write(home.path().join("bad.csv"), "time,value\n1,2\n").expect("written");
    for arguments in [["forecast", "--input", "bad.csv"], ["anomaly", "--input", "bad.csv"]] {
        let output = run(home.path(), &arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && told.contains("it has no column `timestamp`"), "{told}");
    }
    assert_eq!(run(home.path(), &["forecast", "--input", "bad.csv", "--horizon", "0"]).status.code(), Some(2));
}
