//! The real program with the real AWS SDK against a fake AWS that is loaded with a slice of a real trace.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use aws_sdk_bedrock::types::{InferenceProfileModelSource, Tag};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use bedtop::domain::calendar::Calendar;
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};

#[path = "support/fake_aws.rs"]
mod fake;
#[path = "support/terminal.rs"]
mod terminal;

use fake::{Failure, FakeAws};
use terminal::Terminal;

const SLICE: &str = include_str!("data/usage_slice.csv");
const METRICS: [(&str, &str); 3] =
    [("invocations", "Invocations"), ("input_tokens", "InputTokenCount"), ("output_tokens", "OutputTokenCount")];
/// The last bin of the slice ends here.
const SLICE_END: &str = "2025-03-13T00:00:00Z";

/// Sums by tenant and column.
type Sums = BTreeMap<String, BTreeMap<String, u64>>;

/// One row of the slice, moved to the present.
struct Row {
    at: Timestamp,
    tenant: String,
    profile: String,
    model: String,
    counts: BTreeMap<String, u64>,
}

/// The rows of the slice, moved so that the last bin has just ended.
fn rows(now: Timestamp) -> Vec<Row> {
    let slice_end: Timestamp = SLICE_END.parse().expect("a valid time");
    let bin = 600;
    let shift = now.as_second() / bin * bin - slice_end.as_second();
    let mut reader = csv::Reader::from_reader(SLICE.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let row = |record: csv::StringRecord| Row {
        at: record[0].parse::<Timestamp>().expect("a time") + SignedDuration::from_secs(shift),
        tenant: record[1].to_owned(),
        profile: record[2].to_owned(),
        model: record[3].to_owned(),
        counts: header
            .iter()
            .zip(&record)
            .skip(4)
            .map(|(name, count)| (name.to_owned(), count.parse().expect("a count")))
            .collect(),
    };
    reader.records().map(|record| row(record.expect("a row"))).collect()
}

/// What a month-to-date view must come to.
fn expected(rows: &[Row], now: Timestamp) -> Sums {
    let month = Calendar::months(jiff::tz::TimeZone::UTC).span_at(now);
    let mut sums = Sums::new();
    for row in rows {
        let tenant = sums.entry(row.tenant.clone()).or_default();
        for (meter, count) in &row.counts {
            *tenant.entry(meter.clone()).or_default() += if month.contains(row.at) { *count } else { 0 };
        }
    }
    sums
}

async fn sdk_config(endpoint: &str, region: &str) -> aws_config::SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(http)
        .region(aws_config::Region::new(region.to_owned()))
        .endpoint_url(endpoint)
        .credentials_provider(aws_sdk_bedrock::config::Credentials::new("x", "y", None, None, "test"))
        .load()
        .await
}

/// Makes a profile for each one of the slice, tagged with its tenant, and puts its counts under the profile's id.
async fn load(fake: &FakeAws, region: &str, rows: &[Row]) {
    let config = sdk_config(fake.direct(), region).await;
    let bedrock = aws_sdk_bedrock::Client::new(&config);
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&config);
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    let mut data = Vec::new();
    for row in rows {
        if !ids.contains_key(row.profile.as_str()) {
            ids.insert(&row.profile, create_profile(&bedrock, region, row).await);
        }
        let id = &ids[row.profile.as_str()];
        data.extend(METRICS.iter().map(|(column, metric)| datum(metric, id, row.at, row.counts[*column])));
    }
    for batch in data.chunks(900) {
        let put = cloudwatch.put_metric_data().namespace("AWS/Bedrock").set_metric_data(Some(batch.to_vec())).send();
        put.await.expect("the fake AWS takes metrics");
    }
}

async fn create_profile(bedrock: &aws_sdk_bedrock::Client, region: &str, row: &Row) -> String {
    let model = format!("arn:aws:bedrock:{region}::foundation-model/{}", row.model);
    let tag = Tag::builder().key("TenantID").value(&row.tenant).build().expect("a whole tag");
    let created = bedrock
        .create_inference_profile()
        .inference_profile_name(&row.profile)
        .model_source(InferenceProfileModelSource::CopyFrom(model))
        .tags(tag)
        .send()
        .await
        .expect("the fake AWS makes profiles");
    created.inference_profile_arn().rsplit('/').next().expect("an id").to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "CloudWatch takes floats; the counts are far below 2^53")]
fn datum(metric: &str, id: &str, at: Timestamp, count: u64) -> MetricDatum {
    MetricDatum::builder()
        .metric_name(metric)
        .dimensions(Dimension::builder().name("ModelId").value(id).build())
        .timestamp(DateTime::from_secs(at.as_second()))
        .value(count as f64)
        .build()
}

fn filled(region: &str) -> (FakeAws, Vec<Row>, Timestamp) {
    let fake = FakeAws::start();
    let now = Timestamp::now();
    let rows = rows(now);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(load(&fake, region, &rows));
    (fake, rows, now)
}

/// What the program needs to reach the fake AWS, and a short backfill.
fn console(fake: &FakeAws, home: &Path) -> Terminal {
    std::fs::write(home.join("bedtop.toml"), "[collect]\nbackfill = \"36h\"\n").expect("written");
    let variables = [
        ("AWS_ENDPOINT_URL", fake.endpoint()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
        ("NO_PROXY", "127.0.0.1"),
    ];
    Terminal::start(&["--config", "bedtop.toml", "--store", "store"], (160, 40), home, &variables)
}

fn status(home: &Path) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(["status", "--store", "store", "--format", "json"])
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn every_total_is_right_to_the_token_and_survives_the_end() {
    let (fake, rows, now) = filled("us-east-1");
    let home = tempfile::tempdir().expect("a temporary home");
    let mut terminal = console(&fake, home.path());
    terminal.wait_for("Tenants 6");
    // The collector says when all of the past has been fetched.
    terminal.press("6");
    let screen = terminal.wait_for("   all ");
    assert!(screen.contains("us-east-1") && screen.contains("ok"), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
    let view = status(home.path());
    let tenants = view["tenants"].as_array().expect("a list");
    let expected = expected(&rows, now);
    assert_eq!(tenants.len(), expected.len());
    for tenant in tenants {
        let name = tenant["tenant"].as_str().expect("a name");
        for (meter, sum) in &expected[name] {
            assert_eq!(tenant["usage"][meter], *sum, "{name} {meter}");
        }
        let is_unpriced = name == "d052" && expected[name]["input_tokens"] > 0;
        assert_eq!(tenant["cost_usd"].is_null(), is_unpriced, "{name}: the price follows the model behind the profile");
    }
    assert_ne!(view["own_cost"]["metrics_requested"], 0, "the console's own bill is counted: {}", view["own_cost"]);
    // A console that gets no answer at all starts with its history on the screen.
    fake.fail_everything();
    let mut terminal = console(&fake, home.path());
    let screen = terminal.wait_for("Tenants 6");
    assert!(screen.contains("d079"), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}

#[test]
fn the_collector_without_a_screen_says_what_changes_and_ends_well() {
    let (fake, _, _) = filled("us-east-1");
    let home = tempfile::tempdir().expect("a temporary home");
    let mut collector = Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(["collect", "--store", "store", "--endpoint-url", fake.endpoint(), "--region", "us-east-1"])
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("NO_PROXY", "127.0.0.1")])
        .env("HOME", home.path())
        .current_dir(home.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(collector.stderr.take().expect("its messages")).lines();
    let told = lines.find_map(|line| line.ok().filter(|line| line.contains("us-east-1 ok")));
    assert!(told.is_some(), "the scope is told to be well");
    let process = i32::try_from(collector.id()).ok().and_then(Pid::from_raw).expect("it runs");
    kill_process(process, Signal::TERM).expect("it can be signalled");
    assert_eq!(collector.wait().expect("it ends").code(), Some(0));
    assert_eq!(status(home.path())["tenants"].as_array().map(Vec::len), Some(6));
}

#[test]
fn each_failure_is_a_clear_state_and_the_last_data_stays() {
    let (fake, _, _) = filled("us-east-1");
    let home = tempfile::tempdir().expect("a temporary home");
    let mut terminal = console(&fake, home.path());
    terminal.wait_for("Tenants 6");
    let failures = [
        (Failure::Throttled, "throttled: cloudwatch:GetMetricData"),
        (Failure::ServerError, "service: cloudwatch:GetMetricData"),
        (Failure::ExpiredToken, "expired: cloudwatch:GetMetricData"),
        (Failure::TooManyRequests, "throttled: cloudwatch:GetMetricData"),
        (Failure::Hang, "timeout: cloudwatch:GetMetricData"),
    ];
    for (failure, told) in failures {
        fake.fail(failure);
        let screen = terminal.press_until_shown("r", told);
        assert!(screen.contains(" old, "), "{failure:?} has its age: {screen}");
        assert!(screen.contains("Tenants 6") && screen.contains("d079"), "{failure:?} keeps the data: {screen}");
        if failure == Failure::ExpiredToken {
            assert!(screen.contains("aws sso login"), "{screen}");
        }
    }
    fake.fail(Failure::None);
    terminal.press_until_gone("r", "cloudwatch:GetMetricData");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}

const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "us-west-2"];
const PROFILES_A_REGION: usize = 400;
const USED_A_REGION: usize = 20;

/// Usage of every 10 minutes of the last five hours, and of an hour three days ago, of the profiles that are used.
fn usage_of(region: usize, now: Timestamp) -> Vec<Row> {
    let row = |profile: usize, at: Timestamp| {
        let counts = METRICS.iter().zip(1..).map(|((column, _), meter)| {
            let count = (profile * 31 + region * 7 + meter * 1000) as u64 + at.as_second().unsigned_abs() / 600 % 17;
            ((*column).to_owned(), count)
        });
        Row {
            at,
            tenant: format!("tenant{:02}", profile % 10),
            profile: format!("{}-{profile}", REGIONS[region]),
            model: "amazon.nova-lite-v1:0".to_owned(),
            counts: counts.collect(),
        }
    };
    let last = Timestamp::from_second(now.as_second() / 600 * 600 - 600).expect("a valid time");
    let recent = (0..30).map(|bin| last - SignedDuration::from_mins(10 * bin));
    let times: Vec<Timestamp> = recent.chain([last - SignedDuration::from_hours(72)]).collect();
    (0..USED_A_REGION).flat_map(|profile| times.iter().map(move |at| row(profile, *at)).collect::<Vec<_>>()).collect()
}

/// Makes the profiles of a region, most of them idle.
async fn fill_region(fake: &FakeAws, region: usize, rows: &[Row]) {
    load(fake, REGIONS[region], rows).await;
    let bedrock = aws_sdk_bedrock::Client::new(&sdk_config(fake.direct(), REGIONS[region]).await);
    for number in USED_A_REGION..PROFILES_A_REGION {
        let idle = Row {
            at: Timestamp::UNIX_EPOCH,
            tenant: format!("tenant{:02}", number % 10),
            profile: format!("{}-{number}", REGIONS[region]),
            model: "amazon.nova-lite-v1:0".to_owned(),
            counts: BTreeMap::new(),
        };
        create_profile(&bedrock, REGIONS[region], &idle).await;
    }
}

#[test]
fn of_three_scopes_with_1200_profiles_two_fail_and_all_totals_are_exact_in_the_end() {
    let fake = FakeAws::start();
    let now = Timestamp::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let rows: Vec<Vec<Row>> = (0..REGIONS.len()).map(|region| usage_of(region, now)).collect();
    for (region, rows) in rows.iter().enumerate() {
        runtime.block_on(fill_region(&fake, region, rows));
    }
    fake.fail_in("eu-west-1", Failure::Throttled);
    fake.fail_in("us-west-2", Failure::ExpiredToken);
    let home = tempfile::tempdir().expect("a temporary home");
    let config = format!(
        "[collect]\nbackfill = \"5d\"\n[[scope]]\nname = \"prod\"\nregions = {REGIONS:?}\nendpoint_url = \"{}\"\n",
        fake.endpoint()
    );
    std::fs::write(home.path().join("bedtop.toml"), config).expect("written");
    let variables = [("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("NO_PROXY", "127.0.0.1")];
    let arguments = ["--config", "bedtop.toml", "--store", "store"];
    let mut terminal = Terminal::start(&arguments, (200, 50), home.path(), &variables);
    terminal.wait_for("prod/eu-west-1");
    terminal.press("6");
    terminal.wait_for("throttled: cloudwatch:GetMetricData in eu-west-1");
    terminal.wait_for("aws sso login");
    let line = |screen: &str, scope: &str| {
        let is_row = |line: &&str| line.trim_start().starts_with(scope) && line.contains("400");
        screen.lines().find(is_row).unwrap_or_default().to_owned()
    };
    // The failing ones do not hold up the one that works.
    terminal.wait_until("a complete first scope", |screen| {
        let row = line(&screen.contents(), "prod/us-east-1");
        row.contains(" ok ") && row.contains("20/400") && row.contains(" all ")
    });
    fake.fail_in("eu-west-1", Failure::None);
    fake.fail_in("us-west-2", Failure::None);
    terminal.press("r");
    terminal.wait_until("three complete scopes", |screen| {
        let screen = screen.contents();
        let is_complete = |region: &str| line(&screen, &format!("prod/{region}")).contains(" all ");
        REGIONS.into_iter().all(is_complete) && !screen.contains("cloudwatch:")
    });
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
    let view = status(home.path());
    let expected = expected(&rows.into_iter().flatten().collect::<Vec<_>>(), now);
    assert_eq!(view["tenants"].as_array().map(Vec::len), Some(expected.len()));
    for tenant in view["tenants"].as_array().expect("a list") {
        for (meter, sum) in &expected[tenant["tenant"].as_str().expect("a name")] {
            assert_eq!(tenant["usage"][meter], *sum, "{} {meter}", tenant["tenant"]);
        }
        assert_ne!(tenant["level"], "blind");
    }
    // Beside it lies the audit file of the responses.
    let mut files =
        std::fs::read_dir(home.path().join("store/log")).expect("a log").map(|file| file.expect("readable").path());
    let log = files.find(|file| file.extension().is_some_and(|it| it == "log")).expect("a file");
    let log = std::fs::read_to_string(log).expect("text");
    assert!(log.contains("a poll failed") && log.contains("prod/eu-west-1"), "{log}");
    assert!(!log.contains("Credential=") && !log.contains("SECRET"), "no request gets into the log");
}

#[test]
fn another_region_has_none_of_it_and_says_what_to_check() {
    let (fake, _, _) = filled("eu-west-1");
    let home = tempfile::tempdir().expect("a temporary home");
    let mut terminal = console(&fake, home.path());
    let screen = terminal.wait_for("No application inference profiles found");
    assert!(screen.contains("--region"), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().0, 0);
}
