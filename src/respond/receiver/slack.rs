//! Slack: an incoming webhook, or a bot that keeps one message a group up to date and tells changes in its thread.
//!
//! Text from outside is sent as plain text, never as Slack's markup, so that nobody can mention a channel by the name of
//! a tenant.

use serde_json::{Value, json};

use crate::config::{Slack, Source};
use crate::domain::level::Level;
use crate::respond::event::{Event, clipped};
use crate::respond::http::{self, Answer};
use crate::respond::letter::{Job, Letter, Verdict};
use crate::respond::receiver::{Context, bearer};

/// How many alerts a message shows.
const MOST_SHOWN: usize = 15;
/// Below the limits of Slack, in characters.
const LONGEST_TEXT: usize = 1500;
/// Answers of the API that another try may change.
const PASSING: [&str; 6] =
    ["ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"];

/// Tells a letter.
pub(super) async fn tell(slack: &Slack, job: &Job, context: &Context<'_>) -> Verdict {
    match slack {
        Slack::Webhook(url) => context.deliver(url, "", Vec::new(), bytes(&message(&job.letter))).await,
        Slack::Bot { token, channel, api_url } => {
            let headers = match bearer(Some(token)) {
                Ok(headers) => headers,
                Err(why) => return Verdict::retry(why),
            };
            let bot = Bot { context, headers, api: Source::Plain(api_url.clone()), channel };
            bot.tell(job).await
        }
    }
}

struct Bot<'a> {
    context: &'a Context<'a>,
    headers: Vec<(&'static str, String)>,
    api: Source,
    channel: &'a str,
}

impl Bot<'_> {
    /// The first letter of a group is a message; later ones bring it up to date and are told in its thread.
    async fn tell(&self, job: &Job) -> Verdict {
        let Some((channel, ts)) = job.memo.as_deref().and_then(|memo| memo.split_once(' ')) else {
            return self.first(&job.letter).await;
        };
        let mut update = message(&job.letter);
        update["channel"] = json!(channel);
        update["ts"] = json!(ts);
        match self.call("chat.update", &update).await {
            Ok(_) => {}
            // Someone deleted it: begin again.
            Err(Verdict::Refused(why)) if why.contains("message_not_found") => return self.first(&job.letter).await,
            Err(verdict) => return verdict,
        }
        let mut reply = message(&job.letter);
        reply["channel"] = json!(channel);
        reply["thread_ts"] = json!(ts);
        match self.call("chat.postMessage", &reply).await {
            Ok(_) => Verdict::Delivered { note: None, memo: job.memo.clone(), ran: false },
            Err(verdict) => verdict,
        }
    }

    async fn first(&self, letter: &Letter) -> Verdict {
        let mut post = message(letter);
        post["channel"] = json!(self.channel);
        match self.call("chat.postMessage", &post).await {
            Ok(answer) => {
                let text = |key: &str| answer[key].as_str().map(str::to_owned);
                let memo = text("channel").zip(text("ts")).map(|(channel, ts)| format!("{channel} {ts}"));
                Verdict::Delivered { note: None, memo, ran: false }
            }
            Err(verdict) => verdict,
        }
    }

    async fn call(&self, method: &str, body: &Value) -> Result<Value, Verdict> {
        let answer = self.context.post(&self.api, method, self.headers.clone(), bytes(body)).await;
        let answer = answer.map_err(Verdict::retry)?;
        match http::verdict(answer.clone()) {
            Verdict::Delivered { .. } => {
                answer.map_err(|fault| Verdict::retry(fault.why)).and_then(|answer| told(&answer))
            }
            failed => Err(failed),
        }
    }
}

/// The API answers 200 to everything and says in the body whether it worked.
fn told(answer: &Answer) -> Result<Value, Verdict> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if body["ok"] == json!(true) {
        return Ok(body);
    }
    let error = clipped(body["error"].as_str().unwrap_or("an answer that is none"), 100);
    let why = format!("Slack says {error}");
    if PASSING.contains(&error.as_str()) { Err(Verdict::retry(why)) } else { Err(Verdict::Refused(why)) }
}

fn bytes(message: &Value) -> Vec<u8> {
    message.to_string().into_bytes()
}

fn message(letter: &Letter) -> Value {
    let latest = letter.latest();
    let hidden = latest.len().saturating_sub(MOST_SHOWN);
    let mut attachments: Vec<Value> = latest.iter().take(MOST_SHOWN).map(|event| attachment(event)).collect();
    if hidden > 0 {
        attachments.push(json!({ "blocks": [plain(&format!("and {hidden} more"))] }));
    }
    json!({ "text": escaped(&letter.summary), "attachments": attachments, "unfurl_links": false })
}

fn attachment(event: &Event) -> Value {
    let details = [
        event.acked_by.as_ref().map(|by| format!("acknowledged by {by}")),
        event.verdict.map(|verdict| format!("verdict: {}", verdict.name())),
        event.percent_of_budget.map(|percent| format!("{percent:.0} % of the budget")),
        event.contact.as_ref().map(|contact| format!("contact: {contact}")),
        event.runbook_url.as_ref().map(|url| format!("runbook: {url}")),
        event.command.clone(),
    ];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let mut blocks = vec![plain(&event.headline())];
    if !details.is_empty() {
        let text = json!({ "type": "plain_text", "emoji": false, "text": clipped(&details.join(" | "), LONGEST_TEXT) });
        blocks.push(json!({ "type": "context", "elements": [text] }));
    }
    json!({ "color": color(event), "blocks": blocks })
}

fn plain(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "plain_text", "emoji": false, "text": clipped(text, LONGEST_TEXT) } })
}

fn color(event: &Event) -> &'static str {
    match event.level {
        _ if event.is_end() => "#2eb67d",
        Level::Red => "#e01e5a",
        Level::Orange => "#e8912d",
        Level::Yellow => "#ecb22e",
        Level::Green | Level::Blind => "#9e9e9e",
    }
}

/// The one text that Slack reads as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notice::NoticeKind;
    use crate::respond::fixtures::{event, letter};

    #[test]
    fn a_message_shows_an_alert_in_its_colour() {
        let message = message(&letter("slack", &[event("acme", NoticeKind::Fire, Level::Red)]));
        insta::assert_snapshot!(serde_json::to_string_pretty(&message).expect("JSON"));
    }

    #[test]
    fn nobody_mentions_a_channel_by_the_name_of_a_tenant() {
        let message = message(&letter("slack", &[event("<!channel>", NoticeKind::Fire, Level::Red)]));
        assert!(!message["text"].as_str().expect("text").contains("<!"), "{message}");
        assert_eq!(message["attachments"][0]["blocks"][0]["text"]["type"], "plain_text");
    }

    #[test]
    fn a_storm_stays_one_message() {
        let events: Vec<Event> =
            (0..40).map(|number| event(&format!("t{number}"), NoticeKind::Fire, Level::Red)).collect();
        let message = message(&letter("slack", &events));
        assert_eq!(message["attachments"].as_array().map(Vec::len), Some(MOST_SHOWN + 1));
        assert!(message.to_string().contains("and 25 more"), "{message}");
    }
}
