//! Forecast and anomaly of plain series from the real program: the CSV that others rely on.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

#[path = "support/program.rs"]
mod program;
use program::{printed, run};

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

/// A thousand tokens an hour for ten days, in equal hours: what a contract has ahead can be told by hand.
fn steady_tenant(home: &Path) {
    let mut text = "timestamp,tenant,profile,model,input_tokens\n".to_owned();
    for index in 0..240 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{},acme,chat,amazon.nova-pro-v1:0,1000", hour(index));
    }
    fs::write(home.join("u.csv"), text).expect("written");
    let plans = "default_plan = \"standard\"\n\
        [[plan]]\nid = \"standard\"\nincluded = \"100e3 tokens\"\ncommitment = 1.5\n\
        tiers = [{ up_to = 200e3, unit_price = 2 }, { unit_price = 1 }]\n\
        [[tenant]]\nid = \"acme\"\n\
        [[tenant.contract]]\nplan = \"standard\"\nto = 2026-11-26\n\
        [[budget]]\nid = \"volume\"\namount = \"360e3 tokens\"\nper = \"month\"\ntenants = [\"*\"]\n";
    fs::write(home.join("plans.toml"), plans).expect("written");
}

#[test]
fn a_contract_has_its_dates_ahead() {
    let home = tempfile::tempdir().expect("a home");
    steady_tenant(home.path());
    let asked = ["forecast", "acme", "--input", "u.csv", "--config", "plans.toml", "--output"];
    let of = |output: &str| printed(home.path(), &[&asked[..], &[output]].concat());
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    let hours_off = |time: &serde_json::Value, wanted: &str| {
        let at: jiff::Timestamp = time.as_str().expect("a time").parse().expect("a time");
        at.duration_since(wanted.parse().expect("a time")).as_secs().abs() / 3600
    };

    // The contract ends on the 26th, so that 25 of 30 days of what is prorated are owed. 240,000 tokens are used, so that
    // the included 83,333 are gone; tier 2 begins at 283,333: in 43 hours.
    let milestones = json["milestones"].as_array().expect("a list");
    let kinds: Vec<&str> = milestones.iter().filter_map(|it| it["kind"].as_str()).collect();
    assert_eq!(kinds, ["tier", "commitment", "terms_end"], "{json:#}");
    assert_eq!((&milestones[0]["tier"], &milestones[0]["unit"]), (&2.into(), &"tokens".into()));
    assert!((milestones[0]["amount"].as_f64().expect("a number") - 283_333.3).abs() < 0.1, "{json:#}");
    assert!(hours_off(&milestones[0]["reached"]["median"], "2026-11-12T19:00:00Z") <= 12, "{json:#}");

    // Of the commitment 1.25 USD. By its end about 600,000 tokens are used; 83,333 cost nothing, 200,000 cost 0.40, the
    // rest 0.32: 0.53 are missing.
    assert!((milestones[1]["amount"].as_f64().expect("a number") - 1.25).abs() < 1e-9);
    let shortfall = milestones[1]["shortfall"].as_f64().expect("a number");
    assert!((shortfall - 0.53).abs() < 0.06, "{shortfall}");
    assert_eq!(milestones[2]["until"], "2026-11-26T00:00:00Z");

    // The budget of tokens is forecast in tokens: 360,000 are reached after 360 hours.
    let budget = &json["forecasts"][0];
    assert_eq!((&budget["unit"], &budget["budget_amount"]), (&"tokens".into(), &360e3.into()));
    assert!(hours_off(&budget["gone"]["median"], "2026-11-16T00:00:00Z") <= 12, "{json:#}");

    let table = of("table");
    assert!(
        table.contains("tier 2 of tokens") && table.contains("commitment drawn") && table.contains("USD short"),
        "{table}"
    );
    assert!(of("csv").contains(",volume,tokens,360000.00,"));
}
