//! One HTTP request at a time, within bounds: a limit for connecting and one for the whole, no redirects, no proxies,
//! an answer of a few kilobytes at most, a connection that is closed after it.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};

use crate::config::safe_url;
use crate::respond::event::clipped;
use crate::respond::letter::Verdict;

/// How much of an answer is read.
const LARGEST_ANSWER: usize = 16 * 1024;
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How much of an answer is told.
const LONGEST_EXCERPT: usize = 200;

/// A client for the events of all receivers.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Post {
    /// Where to; it may be a secret.
    pub url: String,
    /// The content type of the body.
    pub kind: &'static str,
    /// Headers beside the usual ones.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// What is sent.
    pub body: Vec<u8>,
    /// How long it may take.
    pub timeout: Duration,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status.
    pub status: u16,
    /// How long the receiver asks to wait.
    pub retry_after: Option<SignedDuration>,
    /// The first kilobytes of the body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoAnswer {
    /// What went wrong.
    pub why: String,
    /// The request was sent: the receiver may have it all the same.
    pub maybe_received: bool,
    /// Another try makes no sense.
    pub is_final: bool,
}

impl Http {
    /// A client with the certificates of the system.
    ///
    /// # Errors
    /// When the system has none.
    pub(super) fn new() -> Result<Self, String> {
        let mut plain = HttpConnector::new();
        plain.set_connect_timeout(Some(CONNECT));
        plain.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| {
                format!("could not load the certificates of the system: {error}; install ca-certificates")
            })?
            .https_or_http()
            .enable_http1()
            .wrap_connector(plain);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client })
    }

    /// Sends a body and reads the answer.
    pub(super) async fn post(&self, post: &Post) -> Result<Answer, NoAnswer> {
        let request = request(post)?;
        match tokio::time::timeout(post.timeout, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer {
                why: format!("no answer within {} s", post.timeout.as_secs()),
                maybe_received: true,
                is_final: false,
            }),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, NoAnswer> {
        let response = self.client.request(request).await.map_err(|error| NoAnswer {
            why: causes(&error),
            maybe_received: !error.is_connect(),
            is_final: false,
        })?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        Ok(Answer { status: status.as_u16(), retry_after, body: read_some(response).await })
    }
}

/// What an answer means for the letter; the status alone counts.
pub(super) fn verdict(answer: Result<Answer, NoAnswer>) -> Verdict {
    match answer {
        Ok(answer) => verdict_of(&answer),
        Err(fault) if fault.is_final => Verdict::Refused(fault.why),
        Err(fault) => Verdict::Retry { why: fault.why, after: None, maybe_received: fault.maybe_received },
    }
}

/// What the status of an answer means.
pub(super) fn verdict_of(answer: &Answer) -> Verdict {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let told = || format!("it answered {status}{}", excerpt(&answer.body));
    match answer.status {
        200..=299 => Verdict::Delivered { note: Some(status.to_string()), memo: None, ran: false },
        300..=399 => Verdict::Refused(format!("it answered {status}: redirects are not followed, set the final URL")),
        408 | 425 | 429 => Verdict::Retry { why: told(), after: answer.retry_after, maybe_received: false },
        400..=499 => Verdict::Refused(told()),
        _ => Verdict::Retry { why: told(), after: answer.retry_after, maybe_received: false },
    }
}

fn request(post: &Post) -> Result<Request<Full<Bytes>>, NoAnswer> {
    let refused = |why: String| NoAnswer { why, maybe_received: false, is_final: true };
    let url = safe_url(&post.url).map_err(|why| refused(format!("its URL cannot be used: {why}")))?;
    let uri: Uri = url.parse().map_err(|_| refused("its URL cannot be used".to_owned()))?;
    let mut builder = Request::builder()
        .method(Method::POST)
        .uri(uri)
        .header("content-type", post.kind)
        .header("user-agent", concat!("bedtop/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &post.headers {
        builder = builder.header(&**name, value);
    }
    // The message names no header: its value may be a secret.
    builder
        .body(Full::new(Bytes::from(post.body.clone())))
        .map_err(|_| refused("a header cannot be sent as it is: check the secret or token".to_owned()))
}

async fn read_some(response: Response<Incoming>) -> Vec<u8> {
    let mut body = response.into_body();
    let mut read = Vec::new();
    while read.len() < LARGEST_ANSWER {
        let Some(Ok(frame)) = body.frame().await else { break };
        if let Some(bytes) = frame.data_ref() {
            read.extend_from_slice(&bytes[..bytes.len().min(LARGEST_ANSWER - read.len())]);
        }
    }
    read
}

/// The header in seconds or as a date; the date is compared with this machine's clock.
fn retry_after(headers: &HeaderMap) -> Option<SignedDuration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(SignedDuration::from_secs(i64::from(seconds)));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(until.timestamp().duration_since(Timestamp::now()).max(SignedDuration::ZERO))
}

fn excerpt(body: &[u8]) -> String {
    let text = clipped(String::from_utf8_lossy(body).trim(), LONGEST_EXCERPT);
    if text.is_empty() { text } else { format!(": {text}") }
}

/// The error and its causes; hyper's own first words say little.
fn causes(error: &dyn Error) -> String {
    let mut told = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told.push(text);
        }
        cause = error.source();
    }
    let told = if told.is_empty() { error.to_string() } else { told.join(": ") };
    clipped(&format!("could not send: {told}"), LONGEST_EXCERPT)
}
