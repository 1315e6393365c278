//! `PagerDuty`, Events API v2: an incident an alert, whose key is the alert's fingerprint.

use serde_json::{Value, json};

use crate::config::{PagerDuty, Source};
use crate::domain::notice::NoticeKind;
use crate::respond::event::{Event, clipped, digest};
use crate::respond::letter::{Job, Verdict};
use crate::respond::receiver::{Context, alertmanager};
use crate::respond::secret;

/// The longest summary and key that the API takes.
const LONGEST_SUMMARY: usize = 1000;
const LONGEST_KEY: usize = 255;

/// Sends the events of a letter in order; the API takes one at a time.
pub(super) async fn tell(service: &PagerDuty, job: &Job, context: &Context<'_>) -> Verdict {
    let key = match secret::read(&service.routing_key) {
        Ok(key) => key,
        Err(why) => return Verdict::retry(why),
    };
    let url = Source::Plain(service.url.clone());
    let mut last = Verdict::delivered();
    for event in &job.letter.events {
        let body = payload(event, key.reveal()).to_string().into_bytes();
        last = context.deliver(&url, "", Vec::new(), body).await;
        if !matches!(last, Verdict::Delivered { .. }) {
            return last;
        }
    }
    last
}

fn payload(event: &Event, routing_key: &str) -> Value {
    let action = match event.kind {
        NoticeKind::Acknowledge => "acknowledge",
        kind if kind.is_end() => "resolve",
        _ => "trigger",
    };
    let mut payload = json!({ "routing_key": routing_key, "event_action": action, "dedup_key": dedup_key(event) });
    if action == "trigger" {
        payload["client"] = json!("bedtop");
        payload["payload"] = json!({
            "summary": clipped(&event.headline(), LONGEST_SUMMARY),
            "source": event.subject(),
            "severity": alertmanager::severity(event.level),
            "timestamp": event.at,
            "component": event.signal.name(),
            "group": event.subject(),
            "class": event.signal.name(),
            "custom_details": event,
        });
        let links = event.runbook_url.iter().map(|url| json!({ "href": url, "text": "runbook" }));
        payload["links"] = links.collect();
    }
    payload
}

fn dedup_key(event: &Event) -> String {
    if event.fingerprint.len() <= LONGEST_KEY { event.fingerprint.clone() } else { digest(&[&event.fingerprint]) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::level::Level;
    use crate::respond::fixtures::event;

    #[rstest]
    #[case(NoticeKind::Fire, Level::Red, "trigger", Some("critical"))]
    #[case(NoticeKind::Rise, Level::Orange, "trigger", Some("error"))]
    #[case(NoticeKind::Fire, Level::Yellow, "trigger", Some("warning"))]
    #[case(NoticeKind::Acknowledge, Level::Red, "acknowledge", None)]
    #[case(NoticeKind::Resolve, Level::Green, "resolve", None)]
    fn each_kind_has_its_action(
        #[case] kind: NoticeKind,
        #[case] level: Level,
        #[case] action: &str,
        #[case] severity: Option<&str>,
    ) {
        let payload = payload(&event("acme", kind, level), "key");
        assert_eq!(payload["event_action"], action);
        assert_eq!(payload["payload"]["severity"].as_str(), severity);
        assert_eq!(payload["dedup_key"], "tenant/acme/budget/monthly");
    }
}
