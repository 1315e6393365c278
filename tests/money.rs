//! The commands about money of the real program: prices, budgets, reports, lint.

use std::fs;
use std::path::Path;

use rstest::rstest;
use serde_json::Value;

#[path = "support/program.rs"]
mod program;
use program::{home, printed, run};

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
        { "model": "acme.unheard-of-v1", "profiles": 1, "tenants": ["acme"], "tokens": 700, "images": 0 }
    ]);
    assert_eq!(rows["unpriced"], expected);
}

const PLANS: &str = r#"
default_plan = "standard"
[[exchange_rate]]
currency = "EUR"
usd = 1.25
[[plan]]
id = "standard"
base_fee = 100
included = "1e6 tokens"
tiers = [{ up_to = 3e6, unit_price = 6 }, { unit_price = 5 }]
[[plan]]
id = "gold"
currency = "EUR"
commitment = 20
markup = "20%"
[[tenant]]
id = "globex"
plan = "gold"
"#;

/// Nova Pro: 0.8 USD for a million of input, 3.2 of output.
const USAGE: &str = "timestamp,tenant,profile,model,input_tokens,output_tokens\n\
    2026-11-03T00:00:00Z,acme,acme-chat,amazon.nova-pro-v1:0,3000000,500000\n\
    2026-11-04T00:00:00Z,acme,acme-mail,amazon.nova-pro-v1:0,1000000,0\n\
    2026-11-04T00:00:00Z,globex,globex-chat,amazon.nova-pro-v1:0,1000000,1000000\n\
    2026-11-04T00:00:00Z,,nobody,amazon.nova-pro-v1:0,1000000,0\n\
    2026-11-05T00:00:00Z,initech,initech-chat,acme.unheard-of-v1,5000000,0\n";

fn priced() -> tempfile::TempDir {
    let home = home();
    write(home.path(), "plans.toml", PLANS);
    write(home.path(), "u.csv", USAGE);
    home
}

fn report(home: &Path, more: &[&str]) -> Vec<csv::StringRecord> {
    let asked = ["report", "--input", "u.csv", "--config", "plans.toml", "--period", "2026-11", "--output", "csv"];
    let text = printed(home, &[&asked[..], more].concat());
    csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes())
        .records()
        .map(|row| row.expect("a row"))
        .collect()
}

fn column(rows: &[csv::StringRecord], name: &str) -> Vec<String> {
    let index = rows[0].iter().position(|column| column == name).unwrap_or_else(|| panic!("no column {name}"));
    rows[1..].iter().map(|row| row[index].to_owned()).collect()
}

#[test]
fn a_report_has_cost_revenue_and_margin_by_tenant() {
    let home = priced();
    let rows = report(home.path(), &[]);
    assert_eq!(column(&rows, "tenant"), ["acme", "globex", "initech", "unattributed"]);
    assert_eq!(column(&rows, "cost_usd"), ["4.80", "4.00", "", "0.80"]);
    // acme: 100 and 3.5 million beyond what is included, 3 at 6 and 0.5 at 5. globex: 4 USD are 3.2 EUR, and 20 % on
    // top are 3.84; 20 EUR were committed to. initech: 100 and 4 million, 3 at 6 and one at 5.
    assert_eq!(column(&rows, "revenue_usd"), ["120.50", "25.00", "123.00", "0.00"]);
    assert_eq!(column(&rows, "margin_usd"), ["115.70", "21.00", "", "-0.80"]);
    assert_eq!(column(&rows, "true_up_usd"), ["0.00", "20.20", "0.00", "0.00"]);
    assert_eq!(column(&rows, "unpriced_tokens"), ["0", "0", "5000000", "0"]);
    assert_eq!(column(&rows, "usd_per_million_tokens"), ["1.066667", "2", "", "0.8"]);
}

/// The sum of a column to the last digit, in units of its last decimal.
fn exact_sum(values: &[String]) -> String {
    let sum: rust_decimal::Decimal =
        values.iter().filter_map(|value| value.parse::<rust_decimal::Decimal>().ok()).sum();
    sum.normalize().to_string()
}

#[rstest]
#[case("tenant")]
#[case("profile")]
#[case("model")]
#[case("tag:CostCenter")]
fn every_report_adds_up_to_the_fleet(#[case] by: &str) {
    let home = priced();
    let rows = report(home.path(), &["--by", by]);
    let fleet = json(home.path(), &["status", "--format", "json", "--input", "u.csv", "--config", "plans.toml"]);
    let totals = &fleet["totals"];
    for meter in ["invocations", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"] {
        assert_eq!(exact_sum(&column(&rows, meter)), totals["usage"][meter].to_string(), "{meter}");
    }
    let exact = |value: &Value| exact_sum(&[value.as_str().expect("money").to_owned()]);
    assert_eq!(exact_sum(&column(&rows, "cost_usd")), exact(&totals["cost_usd"]["likely"]));
    assert_eq!(exact_sum(&column(&rows, "cost_high_usd")), exact(&totals["cost_usd"]["high"]));
    assert_eq!(exact_sum(&column(&rows, "revenue_usd")), "268.5");
}

#[test]
fn the_same_usage_under_other_contracts_shows_the_difference() {
    let home = priced();
    write(home.path(), "other.toml", &PLANS.replace("base_fee = 100", "base_fee = 90"));
    let rows = report(home.path(), &["--with", "other.toml"]);
    assert_eq!(column(&rows, "with_revenue_usd"), ["110.50", "25.00", "113.00", "0.00"]);
    assert_eq!(column(&rows, "difference_usd"), ["-10.00", "0.00", "", "0.00"]);
}

#[rstest]
#[case::days(&["--since", "2026-11-03", "--until", "2026-11-05"], "2026-11-03T00:00:00Z", "9.6")]
#[case::hours(&["--since", "2026-11-03T01:00:00Z"], "2026-11-03T01:00:00Z", "5.6")]
#[case::to_the_end_of_the_third(&["--until", "2026-11-04"], "2026-11-03T00:00:00Z", "4")]
// The fourth begins an hour before that of UTC, where the rest of the usage is at midnight.
#[case::days_of_a_zone(&["--until", "2026-11-04", "--timezone", "Europe/Berlin"], "2026-11-03T00:00:00Z", "4")]
#[case::none_of_it(&["--since", "2026-11-03T01:00:00Z", "--until", "2026-11-04"], "2026-11-03T01:00:00Z", "0")]
fn a_report_is_for_any_span_of_hours(#[case] more: &[&str], #[case] from: &str, #[case] cost: &str) {
    let home = priced();
    let asked = ["report", "--input", "u.csv", "--config", "plans.toml", "--output", "json"];
    let report = json(home.path(), &[&asked[..], more].concat());
    let exact = exact_sum(&[report["total"]["cost_usd"]["likely"].as_str().expect("money").to_owned()]);
    assert_eq!((report["from"].as_str(), exact.as_str()), (Some(from), cost));
}

#[test]
fn an_open_period_says_so_and_a_table_has_its_notes() {
    let home = priced();
    let asked = |more: &[&str]| {
        printed(home.path(), &[&["report", "--input", "u.csv", "--config", "plans.toml", "--period"], more].concat())
    };
    let table = asked(&["2026-11"]);
    assert!(table.contains("open: data until 2026-11-06 00:00"), "{table}");
    assert!(
        table.contains("unpriced: 5,000,000 tokens of acme.unheard-of-v1") && table.contains("unattributed"),
        "{table}"
    );
    assert!(!asked(&["2026-11-03"]).contains("open"));
    let markdown = asked(&["2026-11", "--output", "markdown"]);
    assert!(markdown.contains("| acme | 0 | 4000000 |") && markdown.starts_with("## 2026-11"), "{markdown}");
    let bills = asked(&["2026-11", "--output", "json"]);
    let bills: Value = serde_json::from_str(&bills).expect("JSON");
    assert_eq!((&bills["open"], &bills["rows"][1]["bills"][0]["total"]), (&true.into(), &"20".into()));
}

#[test]
fn without_contracts_there_is_no_revenue() {
    let home = priced();
    let text = printed(home.path(), &["report", "--input", "u.csv", "--output", "csv"]);
    let rows: Vec<_> = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes())
        .records()
        .map(|row| row.expect("a row"))
        .collect();
    assert!(column(&rows, "revenue_usd").iter().chain(&column(&rows, "margin_usd")).all(String::is_empty), "{text}");
}

#[rstest]
#[case::nothing_fits(&["prices", "zzz"], "no model fits `zzz`")]
#[case::no_period(&["report", "--input", "u.csv", "--period", "november"], "write for example 2026-11")]
#[case::no_key(&["report", "--by", "tag:"], "tenant, profile, model or tag:KEY")]
#[case::half_an_hour(&["report", "--input", "u.csv", "--since", "2026-11-03T01:30:00Z"], "write a whole hour")]
#[case::backwards(&["report", "--input", "u.csv", "--since", "2026-11-05", "--until", "2026-11-04"], "has to come before")]
#[case::no_day(&["prices", "--at", "soon"], "soon")]
fn refused(#[case] arguments: &[&str], #[case] expected: &str) {
    let home = priced();
    let output = run(home.path(), arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains(expected), "{errors}");
}

/// acme's month in Berlin began an hour before that of UTC; globex shares a pool of tokens with acme.
const BUDGETS: &str = r#"
default_plan = "standard"
[[plan]]
id = "standard"
base_fee = 1
rate_limits = { tpm = 1000000, rpm = 10 }
[[budget]]
id = "own"
amount = "6 USD"
timezone = "Europe/Berlin"
soft = 0.5
hard = "9 USD"
tenants = ["acme"]
[[budget]]
id = "together"
amount = "10000000 tokens"
per = "week"
pool = "both"
[[budget]]
id = "of-nobody"
amount = "5 USD"
tenants = ["hooli"]
[[pool]]
name = "both"
members = ["acme", "globex"]
"#;

#[test]
fn budgets_tell_whose_they_are_for_when_and_what_is_used() {
    let home = priced();
    write(home.path(), "b.toml", BUDGETS);
    let asked = |output| ["budgets", "--input", "u.csv", "--config", "b.toml", "--output", output];
    let all = json(home.path(), &asked("json"));
    let [own, together] = [&all["budgets"][0], &all["budgets"][1]];
    assert_eq!((&own["owner"], &own["budget"], &own["meter"]), (&"acme".into(), &"own".into(), &"USD".into()));
    // A month of Berlin begins an hour before one of UTC.
    assert_eq!((&own["from"], &own["to"]), (&"2026-10-31T23:00:00Z".into(), &"2026-11-30T23:00:00Z".into()));
    assert_eq!((&own["zone"], &own["period"]), (&"Europe/Berlin".into(), &"2026-11".into()));
    // 4 million at 0.8 and half a million at 3.2 of 6 USD.
    assert_eq!(
        (&own["used"]["likely"], &own["used_share"], &own["level"]),
        (&"4.80".into(), &0.8.into(), &"yellow".into())
    );
    assert_eq!((&own["soft"], &own["hard"]), (&"3.00".into(), &"9.00".into()));
    assert!(own["expected_share"].as_f64().expect("a share") < 0.2, "{own}");
    // Monday 2 November and on: 4.5 million of acme, 2 of globex.
    assert_eq!((&together["owner"], &together["kind"]), (&"both".into(), &"shared".into()));
    assert_eq!((&together["used"]["likely"], &together["used_share"]), (&"6500000".into(), &0.65.into()));
    assert_eq!((&together["from"], &together["forecast"]), (&"2026-11-02T00:00:00Z".into(), &Value::Null));
    assert_eq!(
        (&all["unused"], &all["rate_limits"][0]["limit_per_minute"]),
        (&serde_json::json!(["of-nobody"]), &1_000_000.into())
    );
    let table = printed(home.path(), &asked("table"));
    assert!(table.contains("2026-11-01 to 2026-11-30 Europe/Berlin") && table.contains("*pool:both"), "{table}");
    assert!(table.contains("`of-nobody` is nobody's yet") && table.contains("RATE LIMIT OF"), "{table}");
    let rows = csv::Reader::from_reader(printed(home.path(), &asked("csv")).as_bytes()).into_records().count();
    assert_eq!(rows, 2 + 2 * 3, "each budget, and tokens and requests a minute of three tenants");
}

#[test]
fn the_fleet_tells_how_tenants_stand_with_their_contracts() {
    let home = priced();
    let asked = ["tenants", "--input", "u.csv", "--config", "plans.toml", "--output", "json"];
    let fleet = json(home.path(), &asked);
    let of = |tenant: &str| {
        let rows = fleet["tenants"].as_array().expect("rows");
        rows.iter().find(|row| row["tenant"] == tenant).expect("there")["contract"].clone()
    };
    let acme = of("acme");
    // 4.5 million: one included, 3.5 beyond it, which reach the second tier of two.
    let charge = &acme["charges"][0];
    assert_eq!((&charge["included_left"], &charge["overage"]), (&"0".into(), &"3500000".into()));
    assert_eq!((&charge["tier"], &charge["tiers"]), (&2.into(), &2.into()));
    assert_eq!(
        (&acme["revenue_usd"], &acme["cost_usd"], &acme["plan"]),
        (&"120.50".into(), &"4.80".into(), &"standard".into())
    );
    let globex = of("globex");
    assert_eq!(globex["commitment"], serde_json::json!({ "unit": "EUR", "committed": "20", "drawn": "3.84" }));
    assert_eq!(of("unattributed"), Value::Null);
}

/// 126 USD an hour: at midnight acme used 300 tokens and globex 100; the three hours after it were idle.
const UNITS: &str = r#"
default_plan = "marked-up"
[[plan]]
id = "marked-up"
markup = "20%"
[[provisioned]]
name = "units"
model = "anthropic.claude-v1"
profiles = ["acme-chat", "globex-*"]
units = 2
usd_hour = 63
"#;

#[rstest]
#[case("tenant", &["94.50", "31.50", "378.80"])]
#[case("profile", &["378.00", "94.50", "31.50", "0.80"])]
#[case("model", &["504.00", "0.80"])]
#[case("tag:CostCenter", &["504.80"])]
fn provisioned_throughput_is_shared_out_and_adds_up_to_the_fleet(#[case] by: &str, #[case] costs: &[&str]) {
    let home = home();
    write(home.path(), "c.toml", UNITS);
    write(
        home.path(),
        "p.csv",
        "timestamp,tenant,profile,model,input_tokens\n2026-11-03T00:00:00Z,acme,acme-chat,anthropic.claude-v1,300\n\
         2026-11-03T00:00:00Z,globex,globex-chat,anthropic.claude-v1,100\n\
         2026-11-03T03:00:00Z,,nobody,amazon.nova-pro-v1:0,1000000\n",
    );
    let flags = ["--input", "p.csv", "--bin", "1h", "--config", "c.toml"];
    let report = [&["report", "--by", by, "--output", "json"][..], &flags].concat();
    let report = json(home.path(), &report);
    let cost = |row: &Value| row["cost_usd"]["likely"].as_str().expect("money").to_owned();
    let found: Vec<String> = report["rows"].as_array().expect("rows").iter().map(cost).collect();
    assert_eq!(found, costs);
    let fleet = json(home.path(), &[&["status", "--format", "json"][..], &flags].concat());
    assert_eq!((exact_sum(&found), cost(&report["total"])), ("504.8".to_owned(), cost(&fleet["totals"])));
    // A mark-up is on the tenants' parts: 126 and a fifth of it.
    assert_eq!(report["total"]["revenue_usd"], "151.20");
}
