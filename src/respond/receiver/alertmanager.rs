//! Alertmanager, from both sides: the JSON that it sends to its webhooks, unchanged, and the alerts that Prometheus
//! sends to it.
//!
//! The severity is a label, because the routes of most Alertmanagers ask for it. A change of level is therefore told as
//! the end of one alert and the beginning of another.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::config::{Alertmanager, Hook};
use crate::domain::level::Level;
use crate::domain::notice::NoticeKind;
use crate::respond::event::{Event, digest};
use crate::respond::http;
use crate::respond::letter::{Job, Letter, Verdict};
use crate::respond::receiver::{Context, bearer, webhook};

/// How many alerts are pushed at once.
const MOST_AT_ONCE: usize = 64;
/// An alert that is not refreshed ends after so many refreshes.
const MISSED_REFRESHES: i32 = 4;
/// Go's zero time: it has not ended.
const NOT_ENDED: &str = "0001-01-01T00:00:00Z";
/// Where alerts are pushed to.
const PATH: &str = "api/v2/alerts";

type Texts = BTreeMap<String, String>;

/// Sends a letter as Alertmanager would.
pub(super) async fn tell_webhook(hook: &Hook, job: &Job, context: &Context<'_>) -> Verdict {
    let body = payload(&job.letter).to_string().into_bytes();
    match webhook::headers(hook, &job.letter, &body, context.now.as_second()) {
        Ok(headers) => context.deliver(&hook.url, "", headers, body).await,
        Err(why) => Verdict::retry(why),
    }
}

/// Pushes what a letter tells to an Alertmanager.
pub(super) async fn tell(manager: &Alertmanager, job: &Job, context: &Context<'_>) -> Verdict {
    let keep = kept(manager, context.now);
    let alerts: Vec<Value> = job.letter.events.iter().flat_map(|event| pushed(event, keep)).collect();
    let headers = match bearer(manager.token.as_ref()) {
        Ok(headers) => headers,
        Err(why) => return Verdict::retry(why),
    };
    context.deliver(&manager.url, PATH, headers, json!(alerts).to_string().into_bytes()).await
}

/// Pushes everything that fires once more.
pub(super) async fn refresh(manager: &Alertmanager, firing: &[Event], context: &Context<'_>) -> Result<(), String> {
    let keep = kept(manager, context.now);
    for events in firing.chunks(MOST_AT_ONCE) {
        let alerts: Vec<Value> =
            events.iter().map(|event| alert(event, &labels(event, severity_level(event)), Some(keep))).collect();
        let body = json!(alerts).to_string().into_bytes();
        let answer = context.post(&manager.url, PATH, bearer(manager.token.as_ref())?, body).await?;
        match http::verdict(answer) {
            Verdict::Delivered { .. } => {}
            Verdict::Retry { why, .. } | Verdict::Refused(why) | Verdict::Skipped(why) => return Err(why),
        }
    }
    Ok(())
}

fn kept(manager: &Alertmanager, now: Timestamp) -> Timestamp {
    now.saturating_add(manager.refresh * MISSED_REFRESHES).unwrap_or(Timestamp::MAX)
}

/// The alerts that tell an event: a change of level ends the one with the old severity.
fn pushed(event: &Event, keep: Timestamp) -> Vec<Value> {
    let end = event.ended_at.unwrap_or(event.at);
    if event.is_end() {
        return vec![alert(event, &labels(event, severity_level(event)), Some(end))];
    }
    let changes = matches!(event.kind, NoticeKind::Rise | NoticeKind::Fall) && event.previous >= Level::Yellow;
    let before = changes.then(|| alert(event, &labels(event, event.previous), Some(event.at)));
    before.into_iter().chain([alert(event, &labels(event, event.level), Some(keep))]).collect()
}

fn alert(event: &Event, labels: &Texts, ends_at: Option<Timestamp>) -> Value {
    let mut alert = json!({
        "labels": labels,
        "annotations": annotations(event),
        "startsAt": starts_at(event),
        "generatorURL": "",
    });
    if let Some(end) = ends_at {
        // An alert cannot end before it starts.
        alert["endsAt"] = json!(end.max(starts_at(event) + SignedDuration::from_millis(1)));
    }
    alert
}

/// The JSON of webhooks, version 4.
fn payload(letter: &Letter) -> Value {
    let latest = letter.latest();
    let alerts: Vec<Value> = latest.iter().map(|event| webhook_alert(event)).collect();
    let all_ended = latest.iter().all(|event| event.is_end());
    let labels_of = |event: &&Event| labels(event, severity_level(event));
    let common_labels = common(latest.iter().map(labels_of));
    let group_labels: Texts = common_labels
        .iter()
        .filter(|(name, _)| ["tenant", "pool", "scope"].contains(&name.as_str()))
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{{}}}", letter.group),
        "truncatedAlerts": 0,
        "status": if all_ended { "resolved" } else { "firing" },
        "receiver": letter.receiver,
        "groupLabels": group_labels,
        "commonLabels": common_labels,
        "commonAnnotations": common(latest.iter().map(|event| annotations(event))),
        "externalURL": "",
        "alerts": alerts,
    })
}

fn webhook_alert(event: &Event) -> Value {
    let end = event.ended_at.unwrap_or(event.at);
    json!({
        "status": if event.is_end() { "resolved" } else { "firing" },
        "labels": labels(event, severity_level(event)),
        "annotations": annotations(event),
        "startsAt": starts_at(event),
        "endsAt": if event.is_end() { json!(end) } else { json!(NOT_ENDED) },
        "generatorURL": "",
        "fingerprint": &digest(&[&event.fingerprint])[..16],
    })
}

/// What all have alike.
fn common(mut all: impl Iterator<Item = Texts>) -> Texts {
    let mut common = all.next().unwrap_or_default();
    for texts in all {
        common.retain(|name, text| texts.get(name) == Some(text));
    }
    common
}

/// The end of an alert has the labels that it fired with.
fn severity_level(event: &Event) -> Level {
    if event.is_end() { event.previous } else { event.level }
}

fn starts_at(event: &Event) -> Timestamp {
    event.fired_at.unwrap_or(event.started_at)
}

fn labels(event: &Event, level: Level) -> Texts {
    let mut labels: Texts = event.labels.iter().map(|(name, text)| (label_name(name), text.to_owned())).collect();
    labels.insert("alertname".to_owned(), alert_name(event));
    labels.insert("severity".to_owned(), severity(level).to_owned());
    labels.insert("level".to_owned(), level.name().to_owned());
    labels.insert("signal".to_owned(), event.signal.name().to_owned());
    if event.test {
        labels.insert("test".to_owned(), "true".to_owned());
    }
    labels
}

/// The words that Alertmanager and `PagerDuty` users route by.
pub(super) fn severity(level: Level) -> &'static str {
    match level {
        Level::Red => "critical",
        Level::Orange => "error",
        Level::Yellow => "warning",
        Level::Green | Level::Blind => "info",
    }
}

/// `BedtopBudget`.
fn alert_name(event: &Event) -> String {
    let name = event.signal.name();
    let (first, rest) = name.split_at(1);
    format!("Bedtop{}{rest}", first.to_uppercase())
}

/// Names of labels have letters, digits and underscores only.
fn label_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("_{plain}") } else { plain }
}

fn annotations(event: &Event) -> Texts {
    let optional = [
        ("runbook_url", event.runbook_url.clone()),
        ("contact", event.contact.clone()),
        ("command", event.command.clone()),
        ("verdict", event.verdict.map(|verdict| verdict.name().to_owned())),
    ];
    let given = optional.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?)));
    let always = [("summary", event.headline()), ("description", event.reason.clone())];
    given.chain(always.map(|(name, text)| (name.to_owned(), text))).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::respond::fixtures::{event, letter};

    fn pretty(value: &Value) -> String {
        serde_json::to_string_pretty(value).expect("JSON")
    }

    #[test]
    fn the_webhook_has_the_form_of_version_4() {
        let fires = event("acme", NoticeKind::Fire, Level::Red);
        let ended = event("acme", NoticeKind::Resolve, Level::Green);
        insta::assert_snapshot!(pretty(&payload(&letter("am", &[fires]))));
        insta::assert_snapshot!(pretty(&payload(&letter("am", &[ended]))));
    }

    #[test]
    fn a_rise_ends_the_alert_with_the_old_severity_and_begins_one_with_the_new() {
        let keep = Timestamp::MAX;
        let severities = |kind, level| -> Vec<(String, bool)> {
            let alerts = pushed(&event("acme", kind, level), keep);
            alerts
                .iter()
                .map(|alert| (alert["labels"]["severity"].to_string(), alert["endsAt"] == json!(keep)))
                .collect()
        };
        assert_eq!(
            severities(NoticeKind::Rise, Level::Red),
            [("\"error\"".to_owned(), false), ("\"critical\"".to_owned(), true)]
        );
        assert_eq!(severities(NoticeKind::Fire, Level::Red), [("\"critical\"".to_owned(), true)]);
    }

    #[rstest]
    #[case("tag:Cost Centre", "tag_Cost_Centre")]
    #[case("9lives", "_9lives")]
    fn label_names_are_those_that_alertmanager_takes(#[case] name: &str, #[case] expected: &str) {
        assert_eq!(label_name(name), expected);
    }
}
