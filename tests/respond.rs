//! Deliveries over loopback: a server of ours that behaves badly on demand, the real HTTP client, the real programs.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bedtop::config::{self, Overrides, Responses};
use bedtop::domain::level::Level;
use bedtop::domain::notice::NoticeKind;
use bedtop::respond::{Action, Event, Job, Letter, Receivers, Router, Verdict};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use tokio::sync::watch;

#[path = "support/fake_aws.rs"]
#[expect(dead_code, reason = "the topic needs less of the fake AWS than usage does")]
mod fake;

use fake::http;

/// What the server answers to a request.
#[derive(Clone, Debug)]
enum Reply {
    /// These bytes.
    Bytes(String),
    /// Nothing, for as long as the client waits.
    Hang,
    /// A body without an end.
    Endless,
    /// An answer a byte at a time, for ever.
    Slow,
}

impl Reply {
    fn status(status: &str) -> Self {
        Self::with(status, "", "")
    }

    fn with(status: &str, headers: &str, body: &str) -> Self {
        Self::Bytes(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
    }
}

/// A server on loopback that notes requests and answers as it is told.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers in this order, the last one for ever.
    fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (noted, replies) = (Arc::clone(&requests), Arc::new(Mutex::new(VecDeque::from(replies))));
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let (noted, replies) = (Arc::clone(&noted), Arc::clone(&replies));
                thread::spawn(move || serve(client, &noted, &replies));
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("not poisoned").clone()
    }
}

fn serve(mut client: TcpStream, noted: &Mutex<Vec<String>>, replies: &Mutex<VecDeque<Reply>>) {
    let Some((head, body)) = http::request(&mut client) else { return };
    noted.lock().expect("not poisoned").push(format!("{head}\r\n\r\n{body}"));
    let reply = {
        let mut replies = replies.lock().expect("not poisoned");
        let next = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
        next.expect("a reply")
    };
    // A client that goes away is no fault.
    match reply {
        Reply::Bytes(bytes) => drop(client.write_all(bytes.as_bytes())),
        Reply::Hang => drop(client.read(&mut [0; 1])),
        Reply::Slow => {
            while client.write_all(b"H").is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
        }
        Reply::Endless => {
            let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while client.write_all(&[b'x'; 8 * 1024]).is_ok() {}
        }
    }
}

fn responses(receiver: &str) -> Responses {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    let text = format!("[[receiver]]\nname = \"r\"\n{receiver}\n[[route]]\nreceiver = \"r\"\n");
    std::fs::write(&path, text).expect("written");
    let flags = Overrides { config: Some(path), ..Overrides::default() };
    let environment = |name: &str| (name == "HOME").then(|| "/nowhere".to_owned());
    config::load(&flags, &environment).expect("a sound config").config.responses
}

fn receivers(receiver: &str) -> (Receivers, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let router = Router::new(&responses(receiver));
    (Receivers::new(&router, folder.path(), watch::channel(0).0), folder)
}

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a valid time")
}

fn event(kind: NoticeKind, level: Level, previous: Level) -> Event {
    Event { kind, level, previous, test: false, ..Event::test(now()) }
}

fn job(events: &[Event]) -> Job {
    let mut letter = Letter::new("r", "tenant/acme", Action::Tell, events[0].clone(), now());
    for event in &events[1..] {
        letter.add(event.clone());
    }
    Job { letter, memo: None }
}

fn fires() -> Job {
    job(&[event(NoticeKind::Fire, Level::Red, Level::Green)])
}

async fn verdict_of(reply: Reply) -> Verdict {
    let server = Server::start(vec![reply]);
    let (receivers, _folder) =
        receivers(&format!("kind = \"webhook\"\nurl = \"http://{}/\"\ntimeout = \"1s\"", server.address));
    receivers.tell(&fires(), now()).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Delivered,
    Refused,
    Retried,
    /// Retried, and the receiver may have it.
    Doubtful,
}

#[rstest]
#[case::ok(Reply::status("200 OK"), Expected::Delivered, "200")]
#[case::accepted(Reply::status("202 Accepted"), Expected::Delivered, "202")]
#[case::endless_body(Reply::Endless, Expected::Delivered, "200")]
#[case::not_found(Reply::with("404 Not Found", "", "no such \u{1b}[31mhook"), Expected::Refused, "no such ·[31mhook")]
#[case::redirect(Reply::with("302 Found", "location: http://127.0.0.1:1/\r\n", ""), Expected::Refused, "not followed")]
#[case::server_error(Reply::status("500 Internal Server Error"), Expected::Retried, "500")]
#[case::busy(Reply::status("429 Too Many Requests"), Expected::Retried, "429")]
#[case::hang(Reply::Hang, Expected::Doubtful, "no answer within 1 s")]
#[case::slow(Reply::Slow, Expected::Doubtful, "")]
#[case::nonsense(Reply::Bytes("SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned()), Expected::Doubtful, "could not send")]
#[tokio::test]
async fn each_answer_has_its_meaning(#[case] reply: Reply, #[case] expected: Expected, #[case] told: &str) {
    let verdict = verdict_of(reply).await;
    let (found, text) = match &verdict {
        Verdict::Delivered { note, .. } => (Expected::Delivered, note.clone().unwrap_or_default()),
        Verdict::Refused(why) => (Expected::Refused, why.clone()),
        Verdict::Retry { why, maybe_received: true, .. } => (Expected::Doubtful, why.clone()),
        Verdict::Retry { why, .. } => (Expected::Retried, why.clone()),
        Verdict::Skipped(why) => panic!("skipped: {why}"),
    };
    assert_eq!(found, expected, "{verdict:?}");
    assert!(text.contains(told), "{text}");
}

#[rstest]
#[case("503 Busy")]
#[case("429 Too Many Requests")]
#[tokio::test]
async fn the_pause_that_a_receiver_asks_for_is_told(#[case] status: &str) {
    let verdict = verdict_of(Reply::with(status, "retry-after: 120\r\n", "")).await;
    let Verdict::Retry { after, .. } = &verdict else { panic!("{verdict:?}") };
    assert_eq!(*after, Some(SignedDuration::from_secs(120)));
}

#[tokio::test]
async fn a_receiver_that_is_not_there_or_speaks_no_tls_never_had_it() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let plain = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = plain.local_addr().expect("an address");
    thread::spawn(move || {
        for mut client in plain.incoming().filter_map(Result::ok) {
            let _ = client.read(&mut [0; 1024]).and_then(|_| client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    for url in [format!("http://{free}/"), format!("https://{address}/")] {
        let (receivers, _folder) = receivers(&format!("kind = \"webhook\"\nurl = \"{url}\"\ntimeout = \"5s\""));
        let verdict = receivers.tell(&fires(), now()).await;
        assert!(matches!(verdict, Verdict::Retry { maybe_received: false, .. }), "{url}: {verdict:?}");
    }
}

#[tokio::test]
async fn a_webhook_is_signed_so_that_another_implementation_agrees() {
    let server = Server::start(vec![Reply::status("200 OK")]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hunter2\n").expect("written");
    must_run(Command::new("chmod").arg("600").arg(&secret));
    let (receivers, _store) = receivers(&format!(
        "kind = \"webhook\"\nurl = \"http://{}/\"\nsecret_file = \"{}\"",
        server.address,
        secret.display()
    ));
    let job = fires();
    receivers.tell(&job, now()).await;
    let request = server.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    };
    let program = "import hmac,sys\nprint('v1='+hmac.new(b'hunter2',(sys.argv[1]+'.'+sys.argv[2]).encode(),'sha256').hexdigest())";
    let theirs = must_run(Command::new("python3").args(["-c", program, &header("bedtop-timestamp"), body]));
    assert_eq!(header("bedtop-signature"), theirs.trim());
    assert_eq!(header("idempotency-key"), job.letter.key);
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&body["schema"], &body["events"][0]["level"]), (&1.into(), &"red".into()));
}

fn must_run(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test]
async fn a_bot_keeps_its_message_up_to_date_and_tells_changes_in_the_thread() {
    let ok = Reply::with("200 OK", "", "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"17.5\"}");
    let server = Server::start(vec![ok]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "xoxb-secret").expect("written");
    must_run(Command::new("chmod").arg("600").arg(&token));
    let (receivers, _store) = receivers(&format!(
        "kind = \"slack\"\ntoken_file = \"{}\"\nchannel = \"alerts\"\napi_url = \"http://{}/api\"",
        token.display(),
        server.address
    ));
    let first = receivers.tell(&fires(), now()).await;
    let Verdict::Delivered { memo, .. } = first else { panic!("{first:?}") };
    let ends = Job { memo, ..job(&[event(NoticeKind::Resolve, Level::Green, Level::Red)]) };
    assert!(matches!(receivers.tell(&ends, now()).await, Verdict::Delivered { .. }));
    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.lines().next().unwrap_or_default()).collect();
    assert_eq!(
        lines,
        [
            "POST /api/chat.postMessage HTTP/1.1",
            "POST /api/chat.update HTTP/1.1",
            "POST /api/chat.postMessage HTTP/1.1"
        ]
    );
    assert!(requests[1].contains("\"ts\":\"17.5\"") && requests[2].contains("\"thread_ts\":\"17.5\""));
    assert!(requests.iter().all(|request| request.contains("authorization: Bearer xoxb-secret")));
}

#[rstest]
#[case("channel_not_found", false)]
#[case("ratelimited", true)]
#[tokio::test]
async fn slack_says_in_the_body_whether_it_worked(#[case] error: &str, #[case] is_tried_again: bool) {
    let server = Server::start(vec![Reply::with("200 OK", "", &format!("{{\"ok\":false,\"error\":\"{error}\"}}"))]);
    let (receivers, _store) = receivers(&format!(
        "kind = \"slack\"\ntoken_env = \"PATH\"\nchannel = \"alerts\"\napi_url = \"http://{}/api\"",
        server.address
    ));
    let verdict = receivers.tell(&fires(), now()).await;
    assert_eq!(matches!(verdict, Verdict::Retry { .. }), is_tried_again, "{verdict:?}");
}

#[tokio::test]
async fn pagerduty_gets_an_event_of_each_kind_in_order() {
    let server = Server::start(vec![Reply::status("202 Accepted")]);
    let (receivers, _store) = receivers(&format!(
        "kind = \"pagerduty\"\nrouting_key_env = \"PATH\"\nurl = \"http://{}/v2/enqueue\"",
        server.address
    ));
    let events = [
        event(NoticeKind::Fire, Level::Red, Level::Green),
        event(NoticeKind::Acknowledge, Level::Red, Level::Red),
        event(NoticeKind::Resolve, Level::Green, Level::Red),
    ];
    assert!(matches!(receivers.tell(&job(&events), now()).await, Verdict::Delivered { .. }));
    let actions: Vec<bool> = server
        .requests()
        .iter()
        .zip(["trigger", "acknowledge", "resolve"])
        .map(|(request, action)| request.contains(&format!("\"event_action\":\"{action}\"")))
        .collect();
    assert_eq!(actions, [true, true, true]);
}

#[tokio::test]
async fn what_fires_is_pushed_to_an_alertmanager_before_it_takes_it_for_ended() {
    let server = Server::start(vec![Reply::status("200 OK")]);
    let (receivers, _store) = receivers(&format!("kind = \"alertmanager\"\nurl = \"http://{}\"", server.address));
    let firing: Vec<Event> = (0..100).map(|_| event(NoticeKind::Fire, Level::Red, Level::Green)).collect();
    receivers.refresh("r", &firing, now()).await.expect("pushed");
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "in parts");
    assert!(
        requests[0].starts_with("POST /api/v2/alerts ") && requests[0].contains("\"endsAt\":\"2026-11-24T12:04:00Z\"")
    );
}

#[tokio::test]
async fn a_secret_that_is_missing_is_told_by_its_name() {
    let (receivers, _store) = receivers("kind = \"webhook\"\nurl_env = \"BEDTOP_TEST_NOT_SET\"");
    let verdict = receivers.tell(&fires(), now()).await;
    assert!(
        matches!(&verdict, Verdict::Retry { why, .. } if why.contains("BEDTOP_TEST_NOT_SET is not set")),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn receivers_that_hang_hold_up_no_other() {
    let hangs = Server::start(vec![Reply::Hang]);
    let (slow, _slow_store) =
        receivers(&format!("kind = \"webhook\"\nurl = \"http://{}/\"\ntimeout = \"10m\"", hangs.address));
    let (quick, _quick_store) = receivers("kind = \"log\"");
    let (slow_job, quick_job) = (fires(), fires());
    let began = Instant::now();
    tokio::select! {
        verdict = slow.tell(&slow_job, now()) => panic!("it answered: {verdict:?}"),
        verdict = quick.tell(&quick_job, now()) => assert!(matches!(verdict, Verdict::Delivered { .. })),
    }
    assert!(began.elapsed() < Duration::from_mins(9));
}

#[test]
fn the_fake_aws_takes_what_is_published() {
    let fake = fake::FakeAws::start();
    let topic = "arn:aws:sns:us-east-1:000000000000:alerts";
    let kind = format!("kind = \"sns\"\ntopic_arn = \"{topic}\"\nendpoint_url = \"{}\"", fake.direct());
    let program = std::env::current_exe().expect("this program");
    // The SDK reads its credentials from the environment: this program is started again with some.
    let output = Command::new(program)
        .args(["--exact", "publishes_where_it_is_told", "--nocapture"])
        .env("BEDTOP_TEST_SNS", &kind)
        .env("BEDTOP_TEST_ENDPOINT", fake.direct())
        .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y"), ("AWS_EC2_METADATA_DISABLED", "true")])
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .expect("it starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    assert!(told.contains("published as "), "{told}");
}

/// The other half of [`the_fake_aws_takes_what_is_published`]; without its environment there is nothing to publish to.
#[tokio::test]
async fn publishes_where_it_is_told() {
    let Ok(kind) = std::env::var("BEDTOP_TEST_SNS") else {
        let (receivers, _store) = receivers("kind = \"log\"");
        assert!(matches!(receivers.tell(&fires(), now()).await, Verdict::Delivered { .. }));
        return;
    };
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(http)
        .region("us-east-1")
        .endpoint_url(std::env::var("BEDTOP_TEST_ENDPOINT").expect("set"))
        .load()
        .await;
    aws_sdk_sns::Client::new(&config).create_topic().name("alerts").send().await.expect("a topic");
    let (receivers, _store) = receivers(&kind);
    let verdict = receivers.tell(&fires(), now()).await;
    let Verdict::Delivered { note: Some(id), .. } = verdict else { panic!("{verdict:?}") };
    let _ = writeln!(std::io::stdout(), "published as {id}");
    let elsewhere = kind.replace(":alerts", ":nowhere");
    let (missing, _store) = self::receivers(&elsewhere);
    let verdict = missing.tell(&fires(), now()).await;
    assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
}

fn event_of(tenant: &str, kind: NoticeKind, level: Level, previous: Level) -> Event {
    let mut event = event(kind, level, previous);
    event.labels.set("tenant", tenant);
    let now = Timestamp::now();
    Event {
        tenant: Some(tenant.to_owned()),
        at: now,
        fired_at: Some(now),
        ended_at: kind.is_end().then_some(now),
        ..event
    }
}

/// Against the real one where the environment names its address, as `.ci/alertmanager` does; else against our server.
#[tokio::test]
async fn pushes_to_a_real_alertmanager() {
    let server = Server::start(vec![Reply::status("200 OK")]);
    let ours = format!("http://{}", server.address);
    let url = std::env::var("BEDTOP_ALERTMANAGER").unwrap_or(ours);
    let (receivers, _store) = receivers(&format!("kind = \"alertmanager\"\nurl = \"{url}\""));
    let story = [
        event_of("acme", NoticeKind::Fire, Level::Orange, Level::Green),
        event_of("globex", NoticeKind::Fire, Level::Red, Level::Green),
        event_of("initech", NoticeKind::Fire, Level::Red, Level::Green),
        event_of("acme", NoticeKind::Rise, Level::Red, Level::Orange),
        event_of("globex", NoticeKind::Repeat, Level::Red, Level::Red),
        event_of("initech", NoticeKind::Resolve, Level::Green, Level::Red),
    ];
    for event in story {
        let verdict = receivers.tell(&job(&[event]), Timestamp::now()).await;
        assert!(matches!(verdict, Verdict::Delivered { .. }), "{verdict:?}");
    }
}

/// Runs an example script with a stub of the AWS CLI that writes down how it was called.
fn run_example(name: &str, arguments: &[&str], tenant: &str, stub: &str) -> (bool, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let aws = folder.path().join("aws");
    std::fs::write(&aws, format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> \"$CALLS\"\n{stub}\n")).expect("written");
    must_run(Command::new("chmod").arg("700").arg(&aws));
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/examples").join(name);
    let calls = folder.path().join("calls");
    let output = Command::new(script)
        .args(arguments)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .env("CALLS", &calls)
        .env("BEDTOP_TENANT", tenant)
        .env("BEDTOP_KEY", "k1")
        .env("BEDTOP_DENY_ROLE", "caller")
        .env("BEDTOP_EVIDENCE", folder.path())
        .output()
        .expect("it starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said, std::fs::read_to_string(calls).unwrap_or_default())
}

#[test]
fn the_example_denies_one_tenant_by_its_tag_and_allows_it_again() {
    let (worked, _, calls) = run_example("deny-invoke", &["deny"], "acme", "");
    assert!(worked && calls.contains("iam put-role-policy --role-name caller"), "{calls}");
    assert!(calls.contains("\"aws:ResourceTag/TenantID\":\"acme\""), "{calls}");
    let (worked, _, calls) = run_example("deny-invoke", &["allow"], "acme", "");
    assert!(worked && calls.contains("iam delete-role-policy --role-name caller"), "{calls}");
    let gone = "echo 'An error occurred (NoSuchEntity)' >&2; exit 254";
    assert!(run_example("deny-invoke", &["allow"], "acme", gone).0, "what is gone is what was wanted");
    assert!(!run_example("deny-invoke", &["allow"], "acme", "exit 1").0);
}

#[rstest]
#[case("")]
#[case("*")]
#[case("a\"},\"x\":{\"")]
#[case("a b; touch broken")]
fn the_example_takes_no_name_that_could_be_more_than_a_name(#[case] tenant: &str) {
    let (worked, said, calls) = run_example("deny-invoke", &["deny"], tenant, "");
    assert!(!worked && said.contains("refused") && calls.is_empty(), "{said}{calls}");
}

#[test]
fn the_example_asks_for_a_quota_once_with_the_evidence_kept() {
    let stub = "case \"$2\" in list-*) echo 0;; get-*) echo 1000.0;; *) echo r-1;; esac";
    let (worked, said, calls) = run_example("ask-for-quota", &["L-0123ABCD", "1.5"], "acme", stub);
    assert!(worked && calls.contains("--desired-value 1500"), "{said}{calls}");
    let open = "case \"$2\" in list-*) echo 1;; esac";
    let (worked, said, calls) = run_example("ask-for-quota", &["L-0123ABCD", "1.5"], "acme", open);
    assert!(
        worked && said.contains("open already") && !calls.contains("request-service-quota-increase"),
        "{said}{calls}"
    );
}
