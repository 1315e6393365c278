//! bedtop's own webhook: the events as they are, signed with HMAC-SHA256 over `timestamp.body`.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::config::Hook;
use crate::respond::event::SCHEMA;
use crate::respond::letter::{Job, Letter, Verdict};
use crate::respond::receiver::{Context, bearer};
use crate::respond::secret;

/// Sends the events of a letter.
pub(super) async fn tell(hook: &Hook, job: &Job, context: &Context<'_>) -> Verdict {
    let body = body(&job.letter);
    let headers = match headers(hook, &job.letter, &body, context.now.as_second()) {
        Ok(headers) => headers,
        Err(why) => return Verdict::retry(why),
    };
    context.deliver(&hook.url, "", headers, body).await
}

fn body(letter: &Letter) -> Vec<u8> {
    let body = json!({ "schema": SCHEMA, "key": letter.key, "group": letter.group, "events": letter.events });
    body.to_string().into_bytes()
}

/// The headers: key, time, and with a secret the signature.
pub(super) fn headers(
    hook: &Hook,
    letter: &Letter,
    body: &[u8],
    seconds: i64,
) -> Result<Vec<(&'static str, String)>, String> {
    let mut headers = bearer(hook.token.as_ref())?;
    headers.push(("idempotency-key", letter.key.clone()));
    headers.push(("bedtop-timestamp", seconds.to_string()));
    if let Some(secret) = &hook.secret {
        headers.push(("bedtop-signature", format!("v1={}", sign(secret::read(secret)?.reveal(), seconds, body)?)));
    }
    Ok(headers)
}

fn sign(secret: &str, seconds: i64, body: &[u8]) -> Result<String, String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|_| "the secret cannot be used for a signature".to_owned())?;
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let mut hex = String::new();
    for byte in mac.finalize().into_bytes() {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hmac.new(b"hunter2", b'1700000000.{"schema":1}', "sha256").hexdigest()` in Python.
    #[test]
    fn the_signature_is_that_of_another_implementation() {
        let signature = sign("hunter2", 1_700_000_000, b"{\"schema\":1}").expect("signed");
        assert_eq!(signature, "88321db1a75c0691753d53cde78a73f580ec8c2ee75d862db8eee63bae3e488a");
    }
}
