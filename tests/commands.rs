//! The one-shot commands of the real program: what they print, and what they say about bad input.

use std::collections::BTreeMap;
use std::fs;

use bedtop::domain::health::PollRecord;
use bedtop::domain::time::Step;
use bedtop::domain::usage::Batch;
use bedtop::history::{Retention, Store, StoreOptions};
use jiff::Timestamp;
use rstest::rstest;

#[path = "support/program.rs"]
mod program;
use program::{home, printed, refused, run, said};

const SLICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/usage_slice.csv");

/// Sums of the slice by tenant and meter, as plainly as can be.
fn plain_sums() -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut sums: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(SLICE).expect("the slice is readable");
    let header = reader.headers().expect("a header").clone();
    for record in reader.records() {
        let record = record.expect("a row");
        for (meter, value) in header.iter().zip(&record).skip(4) {
            let sum = sums.entry(record[1].to_owned()).or_default().entry(meter.to_owned()).or_default();
            *sum += value.parse::<u64>().expect("a count");
        }
    }
    sums
}

#[test]
fn a_replayed_file_sums_up_exactly() {
    let home = home();
    let text = printed(home.path(), &["replay", SLICE, "--speed", "0", "--once"]);
    let view: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(view["schema"], 1);
    let expected = plain_sums();
    let tenants = view["tenants"].as_array().expect("a list");
    assert_eq!(tenants.len(), expected.len());
    for tenant in tenants {
        let name = tenant["tenant"].as_str().expect("a name");
        for (meter, sum) in &expected[name] {
            assert_eq!(tenant["usage"][meter], *sum, "{name} {meter}");
        }
        let is_unknown = name == "d052";
        assert_eq!(tenant["cost_usd"].is_null(), is_unknown, "{name}: only a model in no price book has no cost");
        assert_eq!(tenant["unpriced_tokens"] != 0, is_unknown, "{name}");
    }
}

#[test]
fn the_same_rows_come_as_table_json_and_csv() {
    let home = home();
    let of = |format: &str| printed(home.path(), &["tenants", "--input", SLICE, "--output", format]);
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    let names: Vec<&str> =
        json["tenants"].as_array().expect("a list").iter().filter_map(|row| row["tenant"].as_str()).collect();
    let csv = of("csv");
    let of_csv: Vec<String> = csv::Reader::from_reader(csv.as_bytes())
        .deserialize::<BTreeMap<String, String>>()
        .map(|row| row.expect("a row")["tenant"].clone())
        .collect();
    assert_eq!(of_csv, names);
    let table = of("table");
    assert!(names.iter().all(|name| table.contains(name)) && table.contains("unpriced"), "{table}");
}

#[test]
fn the_status_comes_as_text_and_as_one_line_for_tmux() {
    let home = home();
    let text = printed(home.path(), &["status", "--input", SLICE]);
    assert!(text.contains("2025-03") && text.contains("tokens unpriced"), "{text}");
    let tmux = printed(home.path(), &["status", "--input", SLICE, "--format", "tmux"]);
    assert_eq!(tmux.trim_end().lines().count(), 1, "{tmux}");
    assert!(tmux.contains("#[fg="), "{tmux}");
}

#[test]
fn a_price_given_by_hand_prices_what_the_book_does_not_know() {
    let home = home();
    let file = home.path().join("one.csv");
    fs::write(&file, "timestamp,tenant,input_tokens,output_tokens\n2026-11-01T00:00:00Z,acme,1000000,100000\n")
        .expect("written");
    let text =
        printed(home.path(), &["tenants", "--input", "one.csv", "--price", "input=3,output=15", "--output", "json"]);
    let view: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(view["tenants"][0]["cost_usd"]["likely"], "4.50");
    assert_eq!(view["tenants"][0]["provenance"], "fallback price");
}

#[test]
fn malformed_rows_are_told_and_the_others_counted() {
    let home = home();
    let file = home.path().join("bad.csv");
    fs::write(&file, "timestamp,tenant,invocations\n0,acme,5\nnever,acme,7\n60,acme,-1\n60,ac\x1bme,2\n")
        .expect("written");
    let output = run(home.path(), &["replay", "bad.csv", "--speed", "0", "--once"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("2 rows were refused: line 3: `never` is not a time") && errors.contains("line 4:"),
        "{errors}"
    );
    let view: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(view["rows_refused"], 2);
    assert_eq!(view["tenants"].as_array().map(Vec::len), Some(2));
    let table = printed(home.path(), &["tenants", "--input", "bad.csv"]);
    assert!(table.contains("ac·me") && !table.contains('\x1b'), "{table:?}");
}

#[rstest]
#[case::missing_file(&["tenants", "--input", "nowhere.csv"], 1, "could not read the usage CSV nowhere.csv")]
#[case::not_a_trace(&["replay", "store.toml", "--once"], 1, "it has no column `timestamp`")]
#[case::bad_price(&["tenants", "--input", "x.csv", "--price", "3,15"], 2, "write for example input=3,output=15")]
#[case::bad_bin(&["tenants", "--input", "x.csv", "--bin", "7s"], 2, "a bin is a whole number of minutes")]
#[case::bad_flag(&["tenants", "--imput", "x.csv"], 2, "--input")]
#[case::bad_command(&["tenant"], 2, "tenants")]
#[case::bad_speed(&["demo", "--speed", "0"], 2, "a number above 0")]
#[case::bad_scenario(&["demo", "--scenario", "spikes"], 2, "choose one of all, peak, spike")]
#[case::bad_zone(&["status", "--timezone", "Europe/Berln"], 1, "did you mean `Europe/Berlin`?")]
#[case::bad_endpoint(&["status", "--endpoint-url", "localhost"], 1, "is not a URL")]
#[case::no_history(&["status"], 1, "there is no history")]
#[case::no_terminal(&["demo"], 1, "the console needs a terminal")]
#[case::missing_config(&["status", "--config", "none.toml"], 1, "bedtop config init")]
fn bad_input_is_told_with_the_next_step(#[case] arguments: &[&str], #[case] code: i32, #[case] expected: &str) {
    let home = home();
    fs::write(home.path().join("store.toml"), "nothing\n").expect("written");
    let told = refused(home.path(), arguments, code);
    assert!(told.contains(expected), "{told}");
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn the_config_is_written_once_checked_and_shown() {
    let home = home();
    let path = home.path().join(".config/bedtop/config.toml");
    printed(home.path(), &["config", "init"]);
    let written = fs::read_to_string(&path).expect("written");
    let told = refused(home.path(), &["config", "init"], 1);
    assert!(told.contains("was not touched"), "{told}");
    printed(home.path(), &["config", "check"]);
    fs::write(&path, written.replace("timezone = \"UTC\"", "timezone = \"Asia/Tokyo\"\nceilling = 5"))
        .expect("written");
    let told = refused(home.path(), &["config", "check"], 1);
    assert!(told.contains("config.toml") && told.contains("line 8, column 1") && told.contains("`ceilling`"), "{told}");
    fs::write(&path, written.replace("timezone = \"UTC\"", "timezone = \"Asia/Tokyo\"")).expect("written");
    let shown = printed(home.path(), &["config", "show", "--store", "here"]);
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
    assert!(line("timezone").ends_with("\"Asia/Tokyo\"  # file"), "{shown}");
    assert!(line("store.path").ends_with("\"here\"  # flag"), "{shown}");
}

#[test]
fn a_store_in_use_is_told_and_left_alone() {
    let home = home();
    let folder = home.path().join("store");
    let options = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: true };
    let _owner = Store::open(&folder, &options).expect("opens");
    let told = refused(home.path(), &["status", "--store", "store"], 1);
    assert!(told.contains("is in use by another bedtop"), "{told}");
}

#[test]
fn a_damaged_store_is_told_kept_aside_and_started_anew() {
    let home = home();
    let folder = home.path().join("store");
    let options = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: true };
    let mut store = Store::open(&folder, &options).expect("opens");
    let poll = PollRecord::new("main".into(), Timestamp::now(), Some(Timestamp::now()));
    store.apply(&Batch::new(poll)).expect("stored");
    drop(store);
    let log = folder.join("sled/db");
    let damaged = vec![0x5a; usize::try_from(fs::metadata(&log).expect("there").len()).expect("a small file")];
    fs::write(&log, damaged).expect("written");
    let told = refused(home.path(), &["status", "--store", "store"], 1);
    assert!(told.contains("the history was damaged") && told.contains("quarantine"), "{told}");
    assert!(folder.join("quarantine/1/sled/db").exists(), "what the engine left of it is kept");
    let told = refused(home.path(), &["status", "--store", "store"], 1);
    assert!(!told.contains("damaged"), "it is told once: {told}");
}

#[test]
fn every_command_has_a_help_with_an_example() {
    let home = home();
    let commands: [&[&str]; 15] = [
        &[],
        &["demo"],
        &["replay"],
        &["collect"],
        &["status"],
        &["tenants"],
        &["config", "init"],
        &["config", "check"],
        &["config", "show"],
        &["check"],
        &["iam-policy"],
        &["completions"],
        &["man"],
        &["forecast"],
        &["anomaly"],
    ];
    for command in commands {
        let help = printed(home.path(), &[command, &["--help"]].concat());
        assert!(help.contains("Example") && help.contains("bedtop"), "{help}");
    }
}

#[test]
fn a_plan_sets_the_naive_poller_and_the_planner_side_by_side() {
    let home = home();
    let arguments = ["plan", "--profiles", "100", "--active", "5", "--output", "json"];
    let plan: serde_json::Value = serde_json::from_str(&printed(home.path(), &arguments)).expect("JSON");
    assert_eq!(plan["schema"], 1);
    assert_eq!(plan["naive"]["usd_month"], 302.4, "100 profiles, 7 meters, each minute of 30 days");
    assert_eq!(plan["naive"]["freshness_s"], serde_json::json!({"p50": 30.0, "p95": 57.0}));
    let figure = |way: &str, figure: &str| plan[way][figure].as_f64().expect("a number");
    assert!(figure("planner", "usd_month") * 12.0 <= figure("naive", "usd_month"), "{plan}");
    assert!(plan["planner"]["freshness_s"]["p95"].as_f64() <= Some(57.0 + 60.0), "{plan}");
    let table = printed(home.path(), &["plan", "--profiles", "100", "--ceiling", "1"]);
    assert!(table.contains("ceiling $1.00 a month") && table.contains("FRESHNESS P50"), "{table}");
    refused(home.path(), &["plan", "--profiles", "0"], 2);
    refused(home.path(), &["plan", "--ceiling", "-1"], 2);
}

#[test]
fn profiles_are_listed_and_those_to_be_mended_first_by_money() {
    let home = home();
    let csv = "timestamp,tenant,profile,model,invocations,input_tokens\n\
               2026-11-20T00:00:00Z,acme,chat,anthropic.claude-opus-4-6-v1,1,1000\n\
               2026-11-20T00:00:00Z,,nobodys,anthropic.claude-opus-4-6-v1,1,2000\n\
               2026-11-20T00:00:00Z,globex,unknown,no-such-model,1,3000\n";
    std::fs::write(home.path().join("usage.csv"), csv).expect("written");
    let table = printed(home.path(), &["profiles", "--input", "usage.csv"]);
    let names: Vec<&str> = table.lines().skip(1).map(|line| line.split_whitespace().nth(1).expect("a name")).collect();
    assert_eq!(names, ["nobodys", "chat", "unknown"], "the dearest first, the unpriced last");
    let lint = printed(home.path(), &["profiles", "--lint", "--input", "usage.csv"]);
    assert!(lint.contains("no tag names its tenant") && lint.contains("3,000 tokens without a price"), "{lint}");
    assert!(!lint.contains(" chat "), "{lint}");
    // 2,000 tokens of nobody and 3,000 without a price of 6,000, all at the one price there is.
    let limited = ["profiles", "--lint", "--max-share", "80", "--input", "usage.csv"];
    assert!(refused(home.path(), &limited, 1).contains("83.3 % of the money is at risk, more than 80 %"));
    printed(home.path(), &["profiles", "--lint", "--max-share", "84", "--input", "usage.csv"]);
    refused(home.path(), &["profiles", "--lint", "--max-share", "101", "--input", "usage.csv"], 2);
    refused(home.path(), &["profiles", "--max-share", "5", "--input", "usage.csv"], 2);
    let json: serde_json::Value =
        serde_json::from_str(&printed(home.path(), &["profiles", "--output", "json", "--input", "usage.csv"]))
            .expect("JSON");
    assert_eq!((&json["schema"], &json["profiles"][0]["tenant"]), (&1.into(), &"unattributed".into()));
    let csv = printed(home.path(), &["profiles", "--output", "csv", "--input", "usage.csv"]);
    assert!(csv.starts_with("tenant,scope,profile,name,kind,model"), "{csv}");
}

/// A budget of this many dollars a month over the one tenant of a usage CSV that costs 4.50.
fn home_with_budget(dollars: u32) -> tempfile::TempDir {
    let home = home();
    fs::write(
        home.path().join("one.csv"),
        "timestamp,tenant,input_tokens,output_tokens\n2026-11-01T00:00:00Z,acme,1000000,100000\n",
    )
    .expect("written");
    let config = format!("[[budget]]\nid = \"b\"\namount = \"{dollars} USD\"\ntenants = [\"*\"]\n");
    fs::write(home.path().join("c.toml"), config).expect("written");
    home
}

const CHECK: [&str; 7] = ["check", "--config", "c.toml", "--input", "one.csv", "--price", "input=3,output=15"];

#[rstest]
#[case::green(1000, &[], 0, "BEDTOP OK - 1 green |")]
#[case::red(4, &[], 2, "BEDTOP CRITICAL - 1 red; red acme:")]
#[case::nobody(4, &["--tenant", "globex*"], 3, "BEDTOP UNKNOWN - no tenant to judge |")]
#[case::a_wrong_flag(4, &["--fail-on", "purple"], 3, "BEDTOP UNKNOWN - its arguments are wrong")]
fn a_check_answers_as_a_plugin(#[case] budget: u32, #[case] more: &[&str], #[case] code: i32, #[case] expected: &str) {
    let home = home_with_budget(budget);
    let output = run(home.path(), &[CHECK.as_slice(), more].concat());
    let line = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    assert!(line.starts_with(expected) && line.lines().count() == 1, "{line}");
}

#[rstest]
#[case::no_history(&["check"])]
#[case::no_file(&["check", "--input", "nowhere.csv"])]
#[case::no_config(&["check", "--config", "nowhere.toml"])]
fn a_check_that_fails_is_unknown_and_never_something_else(#[case] arguments: &[&str]) {
    let home = home();
    let output = run(home.path(), arguments);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(output.stdout.starts_with(b"BEDTOP UNKNOWN - "), "{}", said(&output));
}

#[test]
fn the_policy_is_read_only_and_bounded_by_the_regions_of_the_config() {
    let home = home();
    let text =
        "[[scope]]\nname = \"a\"\nregion = \"eu-west-1\"\nrole_arn = \"arn:aws:iam::111122223333:role/reader\"\n";
    fs::write(home.path().join("c.toml"), text).expect("written");
    let policy = printed(home.path(), &["iam-policy", "--config", "c.toml", "--feature", "assume-role"]);
    let policy: serde_json::Value = serde_json::from_str(&policy).expect("JSON");
    let actions: Vec<&str> = policy["Statement"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|statement| statement["Action"].as_array().expect("a list"))
        .filter_map(|action| action.as_str())
        .collect();
    let expected = [
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "bedrock:ListInferenceProfiles",
        "tag:GetResources",
        "bedrock:ListTagsForResource",
        "sts:AssumeRole",
    ];
    assert_eq!(actions, expected);
    assert_eq!(policy["Statement"][3]["Resource"][0], "arn:aws:iam::111122223333:role/reader");
    assert_eq!(policy["Statement"][0]["Condition"]["StringEquals"]["aws:RequestedRegion"][0], "eu-west-1");
    refused(home.path(), &["iam-policy", "--feature", "sns"], 2);
}

#[test]
fn the_log_goes_where_it_is_asked_to_and_in_the_form_asked_for() {
    let home = home();
    let shown = printed(home.path(), &["config", "show", "--log-file", "here/b.log", "--log-format", "json"]);
    let line = |key: &str| shown.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
    assert!(line("log.file").ends_with("\"here/b.log\"  # flag"), "{shown}");
    assert!(line("log.format").ends_with("\"json\"  # flag"), "{shown}");
    let told = refused(home.path(), &["collect", "--log-file", "/dev/null/b.log"], 1);
    assert!(told.contains("could not write the log /dev/null/b.log"), "{told}");
}

#[test]
fn completions_and_the_manual_name_every_command() {
    let home = home();
    let pages = [
        printed(home.path(), &["completions", "bash"]),
        printed(home.path(), &["completions", "zsh"]),
        printed(home.path(), &["completions", "fish"]),
        printed(home.path(), &["man"]),
    ];
    for page in pages {
        for command in ["demo", "replay", "collect", "status", "check", "tenants", "profiles", "plan", "config"] {
            assert!(page.contains(command), "{command} is missing");
        }
    }
}

/// Two hourly series, one that was never active.
fn two_series(hours: i64) -> String {
    let start: Timestamp = "2026-11-02T00:00:00Z".parse().expect("a time");
    let line = |hour: i64| {
        let at = start + jiff::SignedDuration::from_hours(hour);
        format!("busy,{at},{}\nidle,{at},0\n", if hour % 24 < 12 { 8 } else { 2 })
    };
    (0..hours).fold("series_id,timestamp,value\n".to_owned(), |text, hour| text + &line(hour))
}

#[test]
fn a_forecast_of_series_keeps_the_contract() {
    let home = home();
    fs::write(home.path().join("series.csv"), two_series(100)).expect("written");
    let text = printed(home.path(), &["forecast", "--input", "series.csv", "--horizon", "24"]);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("series_id,origin,horizon_step,mean,lo80,hi80,lo95,hi95"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 2 * 25, "a total and 24 steps of two series");
    for (index, row) in rows.iter().enumerate() {
        assert_eq!((row[1], row[2]), ("2026-11-06T03:00:00Z", (index % 25).to_string().as_str()));
        let figure = |column: usize| row[column].parse::<f64>().expect("a number");
        assert!(figure(6) <= figure(4) && figure(4) <= figure(5) && figure(5) <= figure(7), "{row:?}");
    }
    let sum: f64 = rows[1..25].iter().map(|row| row[3].parse::<f64>().expect("a number")).sum();
    let total: f64 = rows[0][3].parse().expect("a number");
    assert!((sum / total - 1.0).abs() < 0.01, "{sum} {total}");
}

#[rstest]
#[case::strange_figures(
    "series_id,timestamp,value\na,2026-11-02T00:00:00Z,1e308\na,2026-11-02T01:00:00Z,-1e308\na,2026-11-02T02:00:00Z,NaN\na,2026-11-02T03:00:00Z,inf\n"
)]
#[case::one_row("series_id,timestamp,value\na,2026-11-02T00:00:00Z,5\n")]
#[case::no_rows("series_id,timestamp,value\n")]
#[case::a_time_far_off("series_id,timestamp,value\na,0001-01-01T00:00:00Z,5\na,0001-01-01T01:00:00Z,5\n")]
fn any_series_is_forecast_in_finite_figures(#[case] text: &str) {
    let home = home();
    fs::write(home.path().join("series.csv"), text).expect("written");
    let told = printed(home.path(), &["forecast", "--input", "series.csv", "--horizon", "3"]);
    for row in told.lines().skip(1) {
        let figures = row.split(',').skip(3).map(|figure| figure.parse::<f64>().expect("a number"));
        assert!(figures.into_iter().all(f64::is_finite), "{row}");
    }
}

#[test]
fn an_anomaly_score_stands_beside_each_row_and_never_looks_ahead() {
    let home = home();
    let row = |index: u32| format!("2014-04-{:02} {:02}:00:00,{}\n", 1 + index / 24, index % 24, 20 + index * 7 % 5);
    let text = |rows: u32| (0..rows).fold("timestamp,value\n".to_owned(), |text, index| text + &row(index));
    fs::write(home.path().join("long.csv"), text(300) + "2014-04-13 12:00:00,900\n").expect("written");
    fs::write(home.path().join("short.csv"), text(250)).expect("written");
    let long = printed(home.path(), &["anomaly", "--input", "long.csv"]);
    let short = printed(home.path(), &["anomaly", "--input", "short.csv"]);
    assert!(long.starts_with(&short), "cutting the input leaves the rows before the cut");
    assert!(long.starts_with("timestamp,anomaly_score\n2014-04-01 00:00:00,"), "the time is echoed as it is written");
    let score = |line: &str| line.rsplit(',').next().expect("a score").parse::<f64>().expect("a number");
    let (before, last) = long.trim_end().rsplit_once('\n').expect("lines");
    let highest = before.lines().skip(1).map(score).fold(0.0, f64::max);
    assert!(score(last) > highest, "{long}");
}

#[test]
fn what_tenants_will_spend_comes_as_table_json_and_csv() {
    let home = home();
    let of = |output: &str| {
        printed(
            home.path(),
            &["forecast", "--horizon", "7d", "--input", SLICE, "--price", "input=3,output=15", "--output", output],
        )
    };
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    assert_eq!(json["schema"], 1);
    let rows = json["forecasts"].as_array().expect("a list");
    assert!(!rows.is_empty());
    for row in rows {
        let bound = |name: &str, index: usize| row[name][index].as_f64().expect("a number");
        assert!(bound("interval95", 0) <= bound("interval80", 0), "{row}");
        assert!(bound("interval80", 0) <= bound("interval80", 1), "{row}");
        assert!(bound("interval80", 1) <= bound("interval95", 1), "{row}");
    }
    let first = rows[0]["tenant"].as_str().expect("a name");
    assert!(of("csv").starts_with("tenant,budget,unit,budget_amount,from,until") && of("csv").contains(first));
    assert!(of("table").contains(first) && of("table").contains("80 %"));
    refused(home.path(), &["forecast", "nobody", "--input", SLICE], 1);
    refused(home.path(), &["forecast", "--pool", "nowhere", "--input", SLICE], 1);
    refused(home.path(), &["forecast", "--horizon", "soon"], 2);
}
