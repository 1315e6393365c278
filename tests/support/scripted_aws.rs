//! An AWS of ours on loopback that answers from a script: for what the fake AWS does not have. Its requests are the
//! real SDK's; that real AWS answers like this is taken from its documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use ciborium::Value;

#[path = "cbor.rs"]
mod cbor;
#[path = "http.rs"]
pub(crate) mod http;

pub(crate) use cbor::field;
use cbor::{map, seconds};

/// Namespace, metric and dimensions by name.
pub(crate) type Series = (String, String, BTreeMap<String, String>);

/// Everything the script says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// Profiles: id and tags.
    pub profiles: BTreeMap<String, BTreeMap<String, String>>,
    /// Regions of profiles that are not in us-east-1.
    pub regions: BTreeMap<String, &'static str>,
    /// Profiles that the tagging API leaves out.
    pub not_in_bulk: BTreeSet<String>,
    /// Values by start of the minute, in seconds.
    pub series: BTreeMap<Series, BTreeMap<i64, f64>>,
    /// Series that ListMetrics tells as recently active.
    pub recently_active: BTreeSet<Series>,
    /// Operations that are not allowed.
    pub denied: BTreeSet<&'static str>,
    /// Metrics that come with this status and no values.
    pub broken_metrics: BTreeMap<&'static str, &'static str>,
    /// How many requests are refused with an empty 429 before one is answered.
    pub too_many: usize,
    /// The `Date` of answers.
    pub date: Option<&'static str>,
    /// How many things a page has.
    pub page: usize,
    /// Requests so far: operation, head, body as text.
    pub seen: Vec<Seen>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub operation: &'static str,
    pub head: String,
    pub body: Value,
}

/// A running script.
#[derive(Clone)]
pub(crate) struct ScriptedAws {
    script: Arc<Mutex<Script>>,
    endpoint: String,
}

struct Answer {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
}

impl ScriptedAws {
    /// Starts answering.
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::new(Mutex::new(Script { page: script.page.max(1), ..script }));
        let answering = Arc::clone(&script);
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let script = Arc::clone(&answering);
                thread::spawn(move || serve(client, &script));
            }
        });
        Self { script, endpoint }
    }

    /// Where requests go.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The script, to be read or changed.
    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("not poisoned")
    }
}

impl Script {
    /// Puts a value under the dimension `ModelId` alone.
    pub(crate) fn put(&mut self, id: &str, metric: &str, minute: i64, value: f64) {
        self.series.entry(of_model(id, metric)).or_default().insert(minute, value);
    }

    /// The requests of an operation.
    pub(crate) fn of(&self, operation: &str) -> Vec<&Seen> {
        self.seen.iter().filter(|seen| seen.operation == operation).collect()
    }

    fn answer(&mut self, head: &str, body: &[u8]) -> Answer {
        let operation = operation(head);
        let body = match operation {
            "AssumeRole" => Value::Text(String::from_utf8_lossy(body).into_owned()),
            "GetMetricData" | "ListMetrics" => ciborium::from_reader(body).expect("CBOR"),
            _ => serde_json::from_slice(body).unwrap_or(Value::Null),
        };
        self.seen.push(Seen { operation, head: head.to_owned(), body: body.clone() });
        if self.too_many > 0 {
            self.too_many -= 1;
            return Answer { status: 429, content_type: "application/cbor", body: Vec::new() };
        }
        if self.denied.contains(operation) {
            return denied(operation);
        }
        match operation {
            "GetMetricData" => answer_of(&self.metric_data(&body)),
            "ListMetrics" => answer_of(&self.metrics(&body)),
            "ListInferenceProfiles" => json(&self.profiles(head)),
            "ListTagsForResource" => json(&self.tags(&body)),
            "GetResources" => json(&self.resources(&body)),
            "AssumeRole" => Answer { status: 200, content_type: "text/xml", body: ASSUMED.into() },
            _ => Answer { status: 404, content_type: "text/plain", body: Vec::new() },
        }
    }

    /// The values come in two pages: every other one in reverse order and marked as partial, then all of them.
    fn metric_data(&self, request: &Value) -> Value {
        let time = |name: &str| seconds(get(request, name)).expect("a time");
        let (from, until) = (time("StartTime"), time("EndTime"));
        let is_second = field(request, "NextToken").is_some();
        let result = |query: &Value| {
            let stat = get(query, "MetricStat");
            let metric = get(stat, "Metric");
            let period = integer(get(stat, "Period"));
            let name = text(get(metric, "MetricName"));
            let series = (text(get(metric, "Namespace")), name.clone(), dimensions(metric));
            let broken = self.broken_metrics.iter().find(|(broken, _)| **broken == name).map(|(_, status)| *status);
            let is_sum = text(get(stat, "Stat")) == "Sum";
            let mut values: BTreeMap<i64, f64> = BTreeMap::new();
            let stored = self.series.get(&series).into_iter().flatten().filter(|_| broken.is_none());
            for (&at, &value) in stored.filter(|(at, _)| (from..until).contains(*at)) {
                let bin = values.entry(at / period * period).or_default();
                *bin = if is_sum { *bin + value } else { bin.max(value) };
            }
            let told: Vec<(i64, f64)> =
                if is_second { values.into_iter().collect() } else { values.into_iter().rev().step_by(2).collect() };
            let status = broken.unwrap_or(if is_second { "Complete" } else { "PartialData" });
            map(&[
                ("Id", get(query, "Id").clone()),
                ("StatusCode", status.into()),
                (
                    "Timestamps",
                    told.iter().map(|(at, _)| Value::Tag(1, Box::new((*at).into()))).collect::<Vec<_>>().into(),
                ),
                ("Values", told.iter().map(|(_, value)| (*value).into()).collect::<Vec<Value>>().into()),
            ])
        };
        let queries = get(request, "MetricDataQueries").as_array().expect("a list");
        assert!(queries.len() <= 500, "CloudWatch takes 500 queries");
        let results: Vec<Value> = queries.iter().map(result).collect();
        let mut answer = vec![("MetricDataResults", results.into())];
        if !is_second {
            answer.push(("NextToken", "the-second-page".into()));
        }
        map(&answer)
    }

    fn metrics(&self, request: &Value) -> Value {
        let (namespace, name) = (text(get(request, "Namespace")), text(get(request, "MetricName")));
        let is_recent = field(request, "RecentlyActive").is_some();
        let series = self.series.keys().filter(|(space, metric, _)| *space == namespace && *metric == name);
        let listed: Vec<&Series> =
            series.filter(|series| !is_recent || self.recently_active.contains(series)).collect();
        let start: usize = field(request, "NextToken").map_or(0, |token| text(token).parse().expect("a token of ours"));
        let metric = |(namespace, name, dimensions): &&Series| {
            let dimension = |(name, value): (&String, &String)| {
                map(&[("Name", name.clone().into()), ("Value", value.clone().into())])
            };
            map(&[
                ("Namespace", namespace.clone().into()),
                ("MetricName", name.clone().into()),
                ("Dimensions", dimensions.iter().map(dimension).collect::<Vec<_>>().into()),
            ])
        };
        let page: Vec<Value> = listed.iter().skip(start).take(self.page).map(metric).collect();
        let mut answer = vec![("Metrics", page.into())];
        if start + self.page < listed.len() {
            answer.push(("NextToken", (start + self.page).to_string().into()));
        }
        map(&answer)
    }

    fn profiles(&self, head: &str) -> serde_json::Value {
        let start = head.split("nextToken=").nth(1).map_or(0, |rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().expect("a token of ours")
        });
        let model = |region: &str| serde_json::json!({"modelArn": format!("arn:aws:bedrock:{region}::foundation-model/amazon.nova-lite-v1:0")});
        let summary = |id: &String| {
            serde_json::json!({
                "inferenceProfileName": format!("name-of-{id}"),
                "inferenceProfileArn": self.arn(id),
                "inferenceProfileId": id,
                "models": [model("us-east-1"), model("us-west-2")],
                "status": "ACTIVE",
                "type": if id.contains('.') { "SYSTEM_DEFINED" } else { "APPLICATION" },
            })
        };
        let page: Vec<_> = self.profiles.keys().skip(start).take(self.page).map(summary).collect();
        let next = (start + self.page < self.profiles.len()).then(|| (start + self.page).to_string());
        serde_json::json!({"inferenceProfileSummaries": page, "nextToken": next})
    }

    fn tags(&self, request: &Value) -> serde_json::Value {
        let asked = text(get(request, "resourceARN"));
        let tags = self.profiles.iter().find(|(id, _)| self.arn(id) == asked).map(|(_, tags)| tags);
        let tag = |(key, value): (&String, &String)| serde_json::json!({"key": key, "value": value});
        serde_json::json!({"tags": tags.into_iter().flatten().map(tag).collect::<Vec<_>>()})
    }

    fn resources(&self, request: &Value) -> serde_json::Value {
        let start: usize = field(request, "PaginationToken").map_or(0, |token| text(token).parse().unwrap_or(0));
        let tagged: Vec<_> =
            self.profiles.iter().filter(|(id, tags)| !tags.is_empty() && !self.not_in_bulk.contains(*id)).collect();
        let mapping = |(id, tags): &(&String, &BTreeMap<String, String>)| {
            let tag = |(key, value): (&String, &String)| serde_json::json!({"Key": key, "Value": value});
            serde_json::json!({"ResourceARN": self.arn(id), "Tags": tags.iter().map(tag).collect::<Vec<_>>()})
        };
        let page: Vec<_> = tagged.iter().skip(start).take(self.page).map(mapping).collect();
        let next = if start + self.page < tagged.len() { (start + self.page).to_string() } else { String::new() };
        serde_json::json!({"ResourceTagMappingList": page, "PaginationToken": next})
    }

    fn arn(&self, id: &str) -> String {
        let kind = if id.contains('.') { "inference-profile" } else { "application-inference-profile" };
        let region = self.regions.get(id).copied().unwrap_or("us-east-1");
        format!("arn:aws:bedrock:{region}:111122223333:{kind}/{id}")
    }
}

/// The series of a metric under the dimension `ModelId` alone.
pub(crate) fn of_model(id: &str, metric: &str) -> Series {
    ("AWS/Bedrock".into(), metric.into(), BTreeMap::from([("ModelId".to_owned(), id.to_owned())]))
}

const ASSUMED: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
<AccessKeyId>ASSUMEDKEY</AccessKeyId><SecretAccessKey>assumed</SecretAccessKey><SessionToken>token</SessionToken>\
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>\
<AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";

fn operation(head: &str) -> &'static str {
    let head = head.to_lowercase();
    let known = [
        ("operation/getmetricdata", "GetMetricData"),
        ("operation/listmetrics", "ListMetrics"),
        ("/inference-profiles", "ListInferenceProfiles"),
        ("/listtagsforresource", "ListTagsForResource"),
        (".getresources", "GetResources"),
    ];
    known.iter().find(|(part, _)| head.contains(part)).map_or("AssumeRole", |(_, operation)| operation)
}

fn denied(operation: &str) -> Answer {
    let message = format!("not authorized to perform {operation}");
    match operation {
        "GetMetricData" | "ListMetrics" => {
            let body = map(&[("__type", "AccessDeniedException".into()), ("message", message.into())]);
            Answer { status: 403, ..answer_of(&body) }
        }
        _ => {
            Answer { status: 403, ..json(&serde_json::json!({"__type": "AccessDeniedException", "message": message})) }
        }
    }
}

fn answer_of(value: &Value) -> Answer {
    Answer { status: 200, content_type: "application/cbor", body: cbor::bytes(value) }
}

fn json(value: &serde_json::Value) -> Answer {
    Answer { status: 200, content_type: "application/json", body: value.to_string().into_bytes() }
}

fn get<'a>(value: &'a Value, name: &str) -> &'a Value {
    field(value, name).unwrap_or_else(|| panic!("{name} in {value:?}"))
}

fn text(value: &Value) -> String {
    value.as_text().expect("text").to_owned()
}

fn integer(value: &Value) -> i64 {
    i64::try_from(value.as_integer().expect("a whole number")).expect("a small number")
}

fn dimensions(metric: &Value) -> BTreeMap<String, String> {
    let dimensions = get(metric, "Dimensions").as_array().expect("a list");
    dimensions.iter().map(|dimension| (text(get(dimension, "Name")), text(get(dimension, "Value")))).collect()
}

fn serve(mut client: TcpStream, script: &Mutex<Script>) {
    let Some((head, body)) = http::raw_request(&mut client) else { return };
    let (answer, date) = {
        let mut script = script.lock().expect("not poisoned");
        (script.answer(&head, &body), script.date)
    };
    let date = date.map(|date| format!("date: {date}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {} X\r\ncontent-type: {}\r\nsmithy-protocol: rpc-v2-cbor\r\n{date}content-length: {}\r\nconnection: close\r\n\r\n",
        answer.status,
        answer.content_type,
        answer.body.len()
    );
    // A client that goes away is no fault.
    let _ = client.write_all(&[head.as_bytes(), &answer.body].concat());
    let _ = client.shutdown(Shutdown::Write);
}
