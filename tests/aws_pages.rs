//! What the fake AWS does not have: answers in several pages, against a stub of ours. The requests are the real SDK's;
//! that real AWS answers like this stub is taken from its documentation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bedtop::domain::ids::ProfileKey;
use bedtop::domain::meter::Meter;
use bedtop::domain::profile::Reach;
use bedtop::domain::time::{Step, TimeSpan};
use bedtop::source::aws::{AwsSettings, AwsSource};
use bedtop::source::{Source, SourceErrorKind, UsageRequest};
use jiff::Timestamp;

#[path = "support/stub.rs"]
mod stub;

const START: i64 = 1_795_093_200;

fn source(endpoint: String) -> AwsSource {
    AwsSource::connect(AwsSettings {
        scope: "main".into(),
        region: Some("us-east-1".into()),
        endpoint_url: Some(endpoint),
        profile: Some("stub".into()),
        ..AwsSettings::default()
    })
}

fn second(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a valid time")
}

fn request(profiles: usize) -> UsageRequest {
    let key = |number: usize| ProfileKey { scope: "main".into(), id: format!("profile{number:05}").as_str().into() };
    let span = TimeSpan::new(second(START), second(START + 3600));
    UsageRequest { now: span.end, span, step: Step::MINUTE, profiles: (0..profiles).map(key).collect() }
}

fn cbor_text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("a short text");
    let head = if length < 24 { vec![0x60 | length] } else { vec![0x78, length] };
    [head, text.as_bytes().to_vec()].concat()
}

/// A page of GetMetricData with one value of the first query.
fn page(minute: i64, value: f64, status: &str, next: Option<&str>) -> Vec<u8> {
    let seconds = u32::try_from(START + minute * 60).expect("a 32-bit time");
    let timestamp = [&[0xc1, 0x1a][..], &seconds.to_be_bytes()].concat();
    let number = [&[0xfb][..], &value.to_be_bytes()].concat();
    let mut body = vec![if next.is_some() { 0xa2 } else { 0xa1 }];
    body.extend(cbor_text("MetricDataResults"));
    body.extend([0x81, 0xa4]);
    body.extend([cbor_text("Id"), cbor_text("m0"), cbor_text("Timestamps"), vec![0x81], timestamp].concat());
    body.extend([cbor_text("Values"), vec![0x81], number, cbor_text("StatusCode"), cbor_text(status)].concat());
    if let Some(token) = next {
        body.extend([cbor_text("NextToken"), cbor_text(token)].concat());
    }
    body
}

fn holds(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Credentials of a profile that a file of our own names.
fn with_credentials() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("credentials");
    std::fs::write(&file, "[stub]\naws_access_key_id = x\naws_secret_access_key = y\n").expect("written");
    folder
}

/// Runs a check in a process whose environment names the credentials: the environment of this one is not touched.
fn in_own_process(name: &str) {
    let folder = with_credentials();
    let output = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", name, "--nocapture"])
        .env("AWS_SHARED_CREDENTIALS_FILE", folder.path().join("credentials"))
        .env("NO_PROXY", "127.0.0.1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("BEDTOP_TEST_CHILD", "1")
        .output()
        .expect("it runs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn is_child() -> bool {
    std::env::var_os("BEDTOP_TEST_CHILD").is_some()
}

#[tokio::test]
async fn partial_data_is_completed_by_the_pages_that_follow() {
    if !is_child() {
        return in_own_process("partial_data_is_completed_by_the_pages_that_follow");
    }
    let endpoint = stub::start(|_, body| {
        let answer = if holds(body, "NextToken") {
            page(1, 20.0, "Complete", None)
        } else {
            page(0, 1.0, "PartialData", Some("the-second-page"))
        };
        ("application/cbor", answer)
    });
    let reply = source(endpoint).usage(&request(1)).await.expect("answered");
    let counts: Vec<u64> = reply.usage[0].points.iter().map(|point| point.counts.sum_of(Meter::Invocations)).collect();
    assert_eq!(counts, [1, 20]);
    assert_eq!(reply.metrics_requested, 12, "a metric is billed once, however many pages it has");
}

#[tokio::test]
async fn more_queries_than_one_request_may_have_are_sent_in_several() {
    if !is_child() {
        return in_own_process("more_queries_than_one_request_may_have_are_sent_in_several");
    }
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let endpoint = stub::start(move |_, body| {
        counted.fetch_add(1, Ordering::SeqCst);
        let queries = body.windows(10).filter(|window| *window == b"MetricStat").count();
        assert!(queries <= 500, "{queries} queries in one request");
        ("application/cbor", page(0, 1.0, "Complete", None))
    });
    let reply = source(endpoint).usage(&request(100)).await.expect("answered");
    assert_eq!((requests.load(Ordering::SeqCst), reply.metrics_requested), (3, 1200));
}

#[tokio::test]
async fn a_metric_that_is_forbidden_is_a_permission_to_ask_for() {
    if !is_child() {
        return in_own_process("a_metric_that_is_forbidden_is_a_permission_to_ask_for");
    }
    let endpoint = stub::start(|_, _| ("application/cbor", page(0, 1.0, "Forbidden", None)));
    let error = source(endpoint).usage(&request(1)).await.expect_err("refused");
    assert_eq!(error.kind, SourceErrorKind::Denied);
    assert!(error.remedy.contains("cloudwatch:GetMetricData"), "{}", error.remedy);
}

#[tokio::test]
async fn profiles_come_in_pages_and_system_profiles_are_left_out() {
    if !is_child() {
        return in_own_process("profiles_come_in_pages_and_system_profiles_are_left_out");
    }
    let endpoint = stub::start(|line, _| {
        let answer = match line {
            line if line.contains("/listTagsForResource") => {
                r#"{"tags":[{"key":"TenantID","value":"acme"}]}"#.to_owned()
            }
            line if line.contains("nextToken=") => profiles(&["application-inference-profile/bbbbbbbbbbbb"], None),
            _ => profiles(
                &["application-inference-profile/aaaaaaaaaaaa", "inference-profile/us.amazon.nova-lite-v1:0"],
                Some("2"),
            ),
        };
        ("application/json", answer.into_bytes())
    });
    let found = source(endpoint).profiles(second(START)).await.expect("answered");
    let ids: Vec<&str> = found.iter().map(|profile| profile.key.id.as_str()).collect();
    assert_eq!(ids, ["aaaaaaaaaaaa", "bbbbbbbbbbbb"]);
    assert_eq!(found[0].model, Some("amazon.nova-lite-v1:0".into()));
    assert_eq!((found[0].reach, found[0].region.as_str()), (Reach::Geo, "us-east-1"));
    assert_eq!(found[1].tags.get("TenantID").map(String::as_str), Some("acme"));
}

fn profiles(names: &[&str], next: Option<&str>) -> String {
    let model = |region: &str| serde_json::json!({"modelArn": format!("arn:aws:bedrock:{region}::foundation-model/amazon.nova-lite-v1:0")});
    let summaries = names.iter().map(|name| {
        serde_json::json!({
            "inferenceProfileName": "a name",
            "inferenceProfileArn": format!("arn:aws:bedrock:us-east-1:111122223333:{name}"),
            "inferenceProfileId": name.rsplit('/').next(),
            "models": [model("us-east-1"), model("us-west-2")],
            "status": "ACTIVE",
            "type": "APPLICATION",
        })
    });
    serde_json::json!({"inferenceProfileSummaries": summaries.collect::<Vec<_>>(), "nextToken": next}).to_string()
}
