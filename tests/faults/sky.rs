//! An AWS on loopback that tells what happens in the world, or fails in a way that is asked for.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ciborium::Value;

#[path = "../support/cbor.rs"]
mod cbor;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/numbered.rs"]
mod numbered;

use cbor::{field, map, seconds};
use http::raw_request;
use numbered::Numbered;

use super::world::{METERS, MODEL, World};

/// How requests fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Fine,
    Throttled,
    TooMany,
    Broken,
    Silent,
    Garbage,
}

/// The AWS.
pub(crate) struct Sky {
    pub(crate) endpoint: String,
    weather: Arc<Mutex<Weather>>,
}

impl Sky {
    pub(crate) fn open(world: &Arc<World>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let weather = Arc::new(Mutex::new(Weather::Fine));
        let (of_clients, world) = (Arc::clone(&weather), Arc::clone(world));
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let (world, weather) = (Arc::clone(&world), Arc::clone(&of_clients));
                // A client that goes away is no fault.
                thread::spawn(move || answer(client, &world, &weather));
            }
        });
        Self { endpoint, weather }
    }

    pub(crate) fn turn(&self, weather: Weather) {
        *self.weather.lock().expect("not poisoned") = weather;
    }
}

fn answer(mut client: TcpStream, world: &World, weather: &Mutex<Weather>) -> Option<()> {
    let (head, body) = raw_request(&mut client)?;
    let weather = *weather.lock().expect("not poisoned");
    let (status, kind, body) = match weather {
        Weather::Silent => {
            client.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
            let _ = client.read(&mut [0; 1]);
            return None;
        }
        Weather::Throttled => (400, CBOR, cbor::bytes(&fault("ThrottlingException"))),
        Weather::TooMany => (429, CBOR, Vec::new()),
        Weather::Broken => (500, CBOR, cbor::bytes(&fault("InternalServiceFault"))),
        Weather::Garbage => (200, CBOR, garbage(world, &body)),
        Weather::Fine => fine(world, &head, &body)?,
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.set_nodelay(true).ok()?;
    client.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    client.shutdown(Shutdown::Write).ok()
}

const CBOR: &str = "application/cbor";
const JSON: &str = "application/json";

fn fine(world: &World, head: &str, body: &[u8]) -> Option<(u16, &'static str, Vec<u8>)> {
    let head = head.to_lowercase();
    Some(match head {
        head if head.contains("/getmetricdata") => {
            (200, CBOR, cbor::bytes(&metric_data(world, &ciborium::from_reader(body).ok()?)?))
        }
        head if head.contains("/listmetrics") => {
            (200, CBOR, cbor::bytes(&metrics(world, &ciborium::from_reader(body).ok()?)?))
        }
        head if head.contains("/inference-profiles") => (200, JSON, numbered(world).profiles(&head)),
        head if head.contains("getresources") => (200, JSON, numbered(world).resources(body)),
        _ => (200, JSON, b"{\"tags\":[]}".to_vec()),
    })
}

fn numbered(world: &World) -> Numbered<'static> {
    Numbered { count: world.profiles, model: MODEL, id: World::id, tenant: World::tenant }
}

fn garbage(world: &World, body: &[u8]) -> Vec<u8> {
    let mut noise = world.dice(&[9, body.len() as u64]);
    let byte = |_| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.to_be_bytes()[0]
    };
    (0..200).map(byte).collect()
}

fn metrics(world: &World, request: &Value) -> Option<Value> {
    let (space, name) = (field(request, "Namespace")?.as_text()?, field(request, "MetricName")?.as_text()?);
    let start: usize = field(request, "NextToken").and_then(|token| token.as_text()?.parse().ok()).unwrap_or(0);
    let now = world.now();
    let from = if field(request, "RecentlyActive").is_some() { now - 3 * 3600 } else { world.start };
    let minutes: Vec<i64> = (from.max(world.start) / 60 * 60..now).step_by(60).collect();
    let is_listed = |number: &usize| {
        let mut newest_first = minutes.iter().rev();
        newest_first.any(|&minute| world.value(*number, name, minute).is_some() && world.is_told(*number, minute, now))
    };
    let known = space == "AWS/Bedrock" && METERS.iter().any(|(meter, _)| *meter == name);
    let listed: Vec<usize> = if known { (0..world.profiles).filter(is_listed).collect() } else { Vec::new() };
    let metric = |number: &usize| {
        let dimension = map(&[("Name", "ModelId".into()), ("Value", World::id(*number).into())]);
        map(&[("Namespace", space.into()), ("MetricName", name.into()), ("Dimensions", vec![dimension].into())])
    };
    let page: Vec<Value> = listed.iter().skip(start).take(500).map(metric).collect();
    let mut answer = vec![("Metrics", page.into())];
    if start + 500 < listed.len() {
        answer.push(("NextToken", (start + 500).to_string().into()));
    }
    Some(map(&answer))
}

fn metric_data(world: &World, request: &Value) -> Option<Value> {
    let (from, until) = (seconds(field(request, "StartTime")?)?, seconds(field(request, "EndTime")?)?);
    let now = world.now();
    let result = |query: &Value| {
        let stat = field(query, "MetricStat")?;
        let metric = field(stat, "Metric")?;
        let name = field(metric, "MetricName")?.as_text()?;
        let period = i64::try_from(field(stat, "Period")?.as_integer()?).ok()?;
        let dimensions = field(metric, "Dimensions")?.as_array()?;
        let number = field(dimensions.first()?, "Value")?
            .as_text()?
            .strip_prefix("profile")
            .and_then(|number| number.parse().ok());
        let mut bins: BTreeMap<i64, u64> = BTreeMap::new();
        if let (Some(number), 1) = (number, dimensions.len()) {
            let minutes = (from.max(world.start) / 60 * 60..until.min(now)).step_by(60);
            for minute in minutes.filter(|minute| *minute >= from && world.is_told(number, *minute, now)) {
                if let Some(value) = world.value(number, name, minute) {
                    *bins.entry(minute / period * period).or_default() += value;
                }
            }
        }
        let time = |at: &i64| Value::Tag(1, Box::new((*at).into()));
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let values: Vec<Value> = bins.values().map(|value| Value::Float(*value as f64)).collect();
        Some(map(&[
            ("Id", field(query, "Id")?.clone()),
            ("StatusCode", "Complete".into()),
            ("Timestamps", bins.keys().map(time).collect::<Vec<_>>().into()),
            ("Values", values.into()),
        ]))
    };
    let results = field(request, "MetricDataQueries")?.as_array()?.iter().map(result);
    Some(map(&[("MetricDataResults", results.collect::<Option<Vec<Value>>>()?.into())]))
}

fn fault(code: &str) -> Value {
    map(&[("__type", code.into()), ("message", "as the harness wants it".into())])
}
