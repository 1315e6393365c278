//! Messages of OpenTelemetry over HTTP, with headers that may be secrets.

use std::borrow::Cow;
use std::time::Duration;

use jiff::SignedDuration;

use crate::config::Source;
use crate::respond::backoff::bounded_pause;
use crate::respond::http::{self, Answer, Http, Post};
use crate::respond::letter::Verdict;
use crate::respond::secret;

/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to one receiver of OTLP/HTTP.
#[derive(Debug)]
pub struct Push {
    http: Http,
    url: String,
    headers: Option<Source>,
}

/// A message that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// Why.
    pub why: String,
    /// How long the receiver asks to wait.
    pub after: Option<SignedDuration>,
}

impl Push {
    /// A way to `url`; `headers` is where `name=value,name=value` stands, values percent-encoded as OTLP's own variables have
    /// them.
    ///
    /// # Errors
    /// When the system has no certificates.
    pub fn new(url: String, headers: Option<Source>) -> Result<Self, String> {
        Ok(Self { http: Http::new()?, url, headers })
    }

    /// Sends a message in protobuf once, and gives what the receiver answered.
    ///
    /// # Errors
    /// Why it was not taken, without secrets.
    pub async fn send(&self, body: Vec<u8>) -> Result<Vec<u8>, NotTaken> {
        let headers = self.headers().map_err(|why| NotTaken { why, after: None })?;
        let post = Post { url: self.url.clone(), kind: "application/x-protobuf", headers, body, timeout: PATIENCE };
        let answer = self.http.post(&post).await;
        let taken = answer.as_ref().ok().map(|answer: &Answer| answer.body.clone()).unwrap_or_default();
        match http::verdict(answer) {
            Verdict::Delivered { .. } => Ok(taken),
            Verdict::Retry { why, after, .. } => Err(NotTaken { why, after: after.map(bounded_pause) }),
            Verdict::Refused(why) | Verdict::Skipped(why) => Err(NotTaken { why, after: None }),
        }
    }

    fn headers(&self) -> Result<Vec<(Cow<'static, str>, String)>, String> {
        let Some(source) = &self.headers else { return Ok(Vec::new()) };
        let text = secret::read(source)?;
        let pairs = text.reveal().split(',').filter(|pair| !pair.trim().is_empty());
        pairs.map(|pair| header(pair).ok_or_else(|| "a header is not of the form name=value".to_owned())).collect()
    }
}

fn header(pair: &str) -> Option<(Cow<'static, str>, String)> {
    let (name, value) = pair.split_once('=')?;
    let name = name.trim();
    (!name.is_empty()).then_some(())?;
    Some((name.to_owned().into(), decoded(value.trim())?))
}

/// Percent-encoding taken away; `None` where it is none.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match byte {
            b'%' => bytes.push(digit(rest.next())? * 16 + digit(rest.next())?),
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one("api-key=abc", Some("api-key: abc"))]
    #[case::more(" a = b=c , Authorization=Basic%20eA== ,", Some("a: b=c, Authorization: Basic eA=="))]
    #[case::no_value("hunter2", None)]
    #[case::no_name("=hunter2", None)]
    #[case::no_encoding("a=%hunter2", None)]
    fn headers_are_pairs_and_a_fault_does_not_show_them(#[case] text: &str, #[case] expected: Option<&str>) {
        let headers = Some(Source::Plain(text.to_owned()));
        let push = Push::new("http://127.0.0.1:9/".to_owned(), headers).expect("certificates");
        match push.headers() {
            Ok(headers) => {
                let told: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                assert_eq!(Some(told.join(", ").as_str()), expected);
            }
            Err(why) => assert!(expected.is_none() && !why.contains("hunter2"), "{why}"),
        }
    }
}
