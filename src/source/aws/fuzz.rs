//! Answers of AWS, through the real SDK: an AWS of ours on loopback says anything at all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudwatch::config::{Credentials, SharedCredentialsProvider};
use jiff::Timestamp;

use super::client::{Clients, Control};
use super::{AwsSettings, AwsSource};
use crate::domain::fuzz;
use crate::domain::ids::ProfileKey;
use crate::domain::meter::MeterSet;
use crate::domain::time::Step;
use crate::source::aws::Paces;
use crate::source::aws::counters::Counters;
use crate::source::aws::faults::Place;
use crate::source::{Ask, Source, UsageRequest};

/// The samples: each begins with the letter of the operation that is answered with the rest of it.
const SAMPLES: [(u8, &[u8]); 5] = [
    (b'P', include_bytes!("../../../tests/corpus/aws_reply/list_inference_profiles.json")),
    (b'T', include_bytes!("../../../tests/corpus/aws_reply/list_tags_for_resource.json")),
    (b'R', include_bytes!("../../../tests/corpus/aws_reply/get_resources.json")),
    (b'L', include_bytes!("../../../tests/corpus/aws_reply/list_metrics.cbor")),
    (b'D', include_bytes!("../../../tests/corpus/aws_reply/get_metric_data.cbor")),
];
/// When the samples are of.
const NOW: &str = "2026-11-24T12:00:00Z";
/// What does not end is told.
const PATIENCE: Duration = Duration::from_secs(30);

/// The operation that is answered otherwise, and how.
type Odd = Arc<Mutex<(u8, Vec<u8>)>>;

/// An AWS that gives the samples as answers, but for one operation.
fn serve(odd: Odd) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming().filter_map(Result::ok) {
            let odd = Arc::clone(&odd);
            thread::spawn(move || while answer(&client, &odd).is_some() {});
        }
    });
    format!("http://{address}")
}

/// Answers a request of a connection; `None` at its end.
fn answer(client: &TcpStream, odd: &Odd) -> Option<()> {
    let mut reader = BufReader::new(client);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let read = reader.read_line(&mut head).ok()?;
        (read > 0).then_some(())?;
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let operation = match head {
        head if head.contains("/getmetricdata") => b'D',
        head if head.contains("/listmetrics") => b'L',
        head if head.contains("getresources") => b'R',
        head if head.contains("listtagsforresource") => b'T',
        _ => b'P',
    };
    let kind = if matches!(operation, b'D' | b'L') { "application/cbor" } else { "application/json" };
    let (which, said) = odd.lock().expect("not poisoned").clone();
    let sample =
        || SAMPLES.iter().find(|(known, _)| *known == operation).map_or(vec![], |(_, body)| body[1..].to_vec());
    let body = if which == operation { said } else { sample() };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut client = client;
    client.write_all(&[head.as_bytes(), &body].concat()).ok()
}

fn clients(endpoint: &str) -> Clients {
    let credentials = Credentials::new("x", "y", None, None, "a fuzz target");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let counters = Counters::default();
    Clients {
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        control: Some(Control::new(&config, &counters)),
        account: None,
        place: Place { region: "us-east-1".into(), profile: None, role: None, endpoint: Some(endpoint.to_owned()) },
        counters,
        paces: Arc::new(Paces::unhurried()),
    }
}

/// Everything that a collector asks, one question after the other; gives how many profiles and points were told.
async fn ask_everything(clients: Clients) -> (usize, usize) {
    let now: Timestamp = NOW.parse().expect("a time");
    let mut source = AwsSource::connect(AwsSettings { scope: "main".into(), ..AwsSettings::default() });
    source.clients = Some(clients);
    let listed = source.profiles(now).await.unwrap_or_default();
    let _ = source.recently_used(now).await;
    let bare = ProfileKey { scope: "main".into(), id: "profile00001".into() };
    let profiles = listed.len();
    let keys = listed.into_iter().map(|profile| profile.key).chain([bare]).take(20);
    let from = now - jiff::SignedDuration::from_mins(30);
    let asks: Vec<Ask> = keys.map(|profile| Ask { profile, meters: MeterSet::ALL, from }).collect();
    let request = UsageRequest { now, until: now, step: Step::MINUTE, asks };
    let usage = source.usage(&request).await.map(|reply| reply.usage).unwrap_or_default();
    let points: Vec<_> = usage.iter().flat_map(|usage| &usage.points).collect();
    for point in &points {
        assert!(point.at >= from && point.at < now, "{} was not asked for", point.at);
    }
    (profiles, points.len())
}

#[test]
fn aws_may_say_anything() {
    let odd: Odd = Arc::default();
    let clients = clients(&serve(Arc::clone(&odd)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let told = runtime.block_on(ask_everything(clients.clone()));
    assert!(told.0 > 1 && told.1 > 4, "the samples are understood: {told:?}");
    let ours = AssertUnwindSafe((odd, clients, runtime));
    fuzz::target("aws_reply", |bytes| {
        let (odd, clients, runtime) = &*ours;
        let Some((&operation, said)) = bytes.split_first() else { return };
        *odd.lock().expect("not poisoned") = (operation, said.to_vec());
        let asked = async { tokio::time::timeout(PATIENCE, ask_everything(clients.clone())).await };
        assert!(runtime.block_on(asked).is_ok(), "it does not end");
    });
}
