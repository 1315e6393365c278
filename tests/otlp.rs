//! A collecting bedtop pushes its metrics to a receiver of OpenTelemetry of ours, which decodes them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric, number_data_point};
use prost::Message;

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "support/scripted_aws.rs"]
mod scripted_aws;

use scripted_aws::{Script, ScriptedAws, http, of_model};

/// How long anything may take that comes at all.
const PATIENCE: Duration = Duration::from_mins(2);

/// What came: the head of the request and its message.
type Pushed = (String, ExportMetricsServiceRequest);

/// Ends the program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A receiver that answers with this status.
fn receiver(status: &'static str) -> (String, mpsc::Receiver<Pushed>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1/metrics", listener.local_addr().expect("an address"));
    let (pushed_in, pushed) = mpsc::channel();
    thread::spawn(move || {
        for mut client in listener.incoming().filter_map(Result::ok) {
            let (head, body) = http::raw_request(&mut client).expect("a whole request");
            let message = ExportMetricsServiceRequest::decode(&*body).expect("a message of OTLP");
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            client.write_all(answer.as_bytes()).expect("answered");
            if pushed_in.send((head.to_lowercase(), message)).is_err() {
                return;
            }
        }
    });
    (url, pushed)
}

/// An AWS where the tenant `acme` spent a little in the last minutes.
fn aws() -> ScriptedAws {
    let id = "blkjc8qmk04r";
    let tags = BTreeMap::from([("TenantID".to_owned(), "acme".to_owned())]);
    let mut script = Script { profiles: BTreeMap::from([(id.to_owned(), tags)]), page: 100, ..Script::default() };
    let minute = Timestamp::now().as_second() / 60 * 60;
    for ago in 2..30 {
        for (metric, value) in [("Invocations", 3.0), ("InputTokenCount", 90_000.0), ("OutputTokenCount", 9_000.0)] {
            script.put(id, metric, minute - ago * 60, value);
            script.recently_active.insert(of_model(id, metric));
        }
    }
    ScriptedAws::start(script)
}

fn collect(home: &Path, aws: &ScriptedAws, url: &str) -> Running {
    let config = format!(
        "[metrics]\notlp_url = \"{url}\"\notlp_headers_env = \"TOKEN\"\notlp_interval = \"10s\"\n\
         [[budget]]\nid = \"b\"\namount = \"5 USD\"\ntenants = [\"acme\"]\n"
    );
    fs::write(home.join("c.toml"), config).expect("written");
    let program = Command::new(env!("CARGO_BIN_EXE_bedtop"))
        .args(["collect", "--config", "c.toml", "--region", "us-east-1", "--endpoint-url", aws.endpoint()])
        .args(["--log-file", "b.log"])
        .current_dir(home)
        .env_clear()
        .envs([("AWS_ACCESS_KEY_ID", "OWNKEY"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .envs([("TOKEN", "api-key=hunter2%20x"), ("XDG_RUNTIME_DIR", "/nowhere")])
        .env("HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Running(program.expect("the program runs"))
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()?;
    match value {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The value of a gauge where these labels are.
fn value(message: &ExportMetricsServiceRequest, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let metrics = message.resource_metrics.iter().flat_map(|it| &it.scope_metrics).flat_map(|it| &it.metrics);
    let points = |metric: &Metric| match metric.data.clone() {
        Some(metric::Data::Gauge(gauge)) => gauge.data_points,
        other => panic!("{other:?}"),
    };
    let has_labels =
        |point: &NumberDataPoint| labels.iter().all(|(key, value)| text(&point.attributes, key) == Some(value));
    let mut points = metrics.filter(|metric| metric.name == name).flat_map(points).filter(has_labels);
    match points.next()?.value? {
        number_data_point::Value::AsDouble(value) => Some(value),
        number_data_point::Value::AsInt(value) => panic!("{name}: {value}"),
    }
}

#[test]
fn spend_level_own_cost_and_lag_are_pushed() {
    let home = tempfile::tempdir().expect("a temporary home");
    let (aws, (url, pushed)) = (aws(), receiver("200 OK"));
    let _running = collect(home.path(), &aws, &url);
    let acme = [("tenant", "acme"), ("bound", "likely")];
    // The first push may come before the first poll.
    let (head, message) = loop {
        let (head, message) = pushed.recv_timeout(PATIENCE).expect("a push");
        if value(&message, "bedtop_tenant_spend_usd", &acme).is_some_and(|spend| spend > 0.0) {
            break (head, message);
        }
    };
    assert!(
        head.starts_with("post /v1/metrics ") && head.contains("content-type: application/x-protobuf\r\n"),
        "{head}"
    );
    assert!(head.contains("api-key: hunter2 x\r\n"), "{head}");
    let resource = message.resource_metrics[0].resource.as_ref().expect("a resource");
    assert_eq!(text(&resource.attributes, "service.name"), Some("bedtop"));
    let level = value(&message, "bedtop_tenant_level", &acme[..1]).expect("a level");
    assert!((-1.0..=3.0).contains(&level), "{level}");
    assert!(value(&message, "bedtop_budget_used_ratio", &[("budget", "b")]).is_some_and(|used| used > 0.0));
    assert!(value(&message, "bedtop_own_cost_usd", &[]).is_some_and(|own| own > 0.0), "polling costs");
    assert!(value(&message, "bedtop_scope_own_cost_usd", &[("scope", "us-east-1")]).is_some());
    assert!(value(&message, "bedtop_scope_data_age_seconds", &[("scope", "us-east-1")]).is_some_and(|age| age >= 0.0));
    assert!(value(&message, "bedtop_view_age_seconds", &[]).is_some_and(|age| age >= 0.0));
}

#[test]
fn a_receiver_that_refuses_is_told_in_the_log_without_the_secret() {
    let home = tempfile::tempdir().expect("a temporary home");
    let (aws, (url, pushed)) = (aws(), receiver("503 Service Unavailable"));
    let _running = collect(home.path(), &aws, &url);
    pushed.recv_timeout(PATIENCE).expect("a push");
    // The second comes after the first was told.
    pushed.recv_timeout(PATIENCE).expect("another");
    let log = fs::read_to_string(home.path().join("b.log")).expect("a log");
    assert_eq!(log.matches("metrics could not be pushed").count(), 1, "{log}");
    assert!(log.contains("503") && !log.contains("hunter2"), "{log}");
}
