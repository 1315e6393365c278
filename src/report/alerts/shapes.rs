//! Alerts, silences and entries of the log as JSON and as columns.

use serde_json::{Value, json};

use crate::domain::action::{Deed, SilenceRow};
use crate::domain::event::{AlertKey, ChangeNote, Happening, LevelChange, LogEntry, Subject};
use crate::domain::money::Money;
use crate::domain::notice::{Fingerprint, unit_of};
use crate::domain::text::printable;
use crate::domain::view::{AlertRow, Explanation, Notification};
use crate::report::alerts::{action_line, entry_line, subject};
use crate::report::explain;

/// An alert as JSON.
pub(super) fn alert_json(row: &AlertRow, explanation: Option<&Explanation>) -> Value {
    let mut value = identity_json(&row.alert);
    value["level"] = json!(row.level.name());
    value["state"] = json!(row.condition.name());
    value["frozen"] = json!(row.is_frozen);
    value["flapping"] = json!(row.is_flapping);
    value["notification"] = notification_json(&row.notification);
    value["started_at"] = json!(row.started_at);
    value["fired_at"] = json!(row.fired_at);
    value["value"] = json!(row.value);
    value["threshold"] = json!(row.threshold);
    value["unit"] = json!(unit_of(row.alert.signal));
    value["reason"] = json!(printable(&row.reason));
    value["cost_usd"] = json!(row.cost.map(Money::to_exact_string));
    if let Some(explanation) = explanation {
        value["explanation"] = explain::json(explanation);
    }
    value
}

fn identity_json(alert: &AlertKey) -> Value {
    let kind = match &alert.subject {
        Subject::Owner(_) => "tenant",
        Subject::Scope(_) => "scope",
        Subject::Pool(_) => "pool",
        Subject::Quota(..) => "model",
        Subject::Fleet => "fleet",
    };
    let mut value = json!({
        "fingerprint": printable(Fingerprint::from(alert).as_str()),
        "signal": alert.signal.name(),
        "budget": alert.budget.as_ref().map(|budget| printable(budget.as_str())),
    });
    value[kind] = json!(printable(alert.subject.name()));
    if let Subject::Quota(scope, _) = &alert.subject {
        value["scope"] = json!(printable(scope.as_str()));
    }
    value
}

fn notification_json(notification: &Notification) -> Value {
    let mut value = json!({ "state": notification.name() });
    match notification {
        Notification::Quiet | Notification::Notified => {}
        Notification::Acked { by, note, at, until } => {
            value["by"] = json!(printable(by));
            value["note"] = json!(printable(note));
            value["at"] = json!(at);
            value["until"] = json!(until);
        }
        Notification::Silenced(id) => value["by"] = json!(printable(&id.0)),
        Notification::Inhibited(by) => value["by"] = json!(printable(by.as_str())),
    }
    value
}

/// A silence as JSON.
pub(super) fn silence_json(row: &SilenceRow) -> Value {
    let silence = &row.silence;
    json!({
        "id": printable(&silence.id.0),
        "matchers": silence.matchers.0.iter().map(|matcher| printable(&matcher.to_string())).collect::<Vec<_>>(),
        "author": printable(&silence.author),
        "comment": printable(&silence.comment),
        "starts": silence.starts,
        "ends": silence.ends,
        "cap": silence.cap.name(),
        "suppressed": row.suppressed,
        "suppressed_cost_usd": row.suppressed_cost.to_exact_string(),
    })
}

/// An entry of the log as JSON.
pub(super) fn entry_json(entry: &LogEntry) -> Value {
    let mut value = match &entry.what {
        Happening::Change(LevelChange { alert, .. }) => identity_json(alert),
        Happening::Skip(skip) => identity_json(&skip.alert),
        Happening::Delivery(delivery) => identity_json(&delivery.alert),
        Happening::Action(_) => json!({}),
    };
    let [at, kind, _, _, _, previous, level, note, detail] = record(entry);
    value["at"] = json!(at);
    value["kind"] = json!(kind);
    for (key, text) in [("previous", previous), ("level", level), ("note", note)] {
        if !text.is_empty() {
            value[key] = json!(text);
        }
    }
    value["detail"] = json!(detail);
    value
}

/// The columns of the CSV.
pub(super) fn record(entry: &LogEntry) -> [String; 9] {
    let at = entry.at.to_string();
    let of = |alert: &AlertKey| {
        let budget = alert.budget.as_ref().map_or(String::new(), |budget| printable(budget.as_str()));
        (subject(alert), alert.signal.name().to_owned(), budget)
    };
    let none = String::new;
    match &entry.what {
        Happening::Change(change) => {
            let (subject, signal, budget) = of(&change.alert);
            let note = change.note.map_or("", ChangeNote::name).to_owned();
            let (previous, level) = (change.previous.name().to_owned(), change.level.name().to_owned());
            [at, "change".into(), subject, signal, budget, previous, level, note, printable(&change.reason)]
        }
        Happening::Skip(skip) => {
            let (subject, signal, budget) = of(&skip.alert);
            let level = skip.level.name().to_owned();
            [at, "skip".into(), subject, signal, budget, none(), level, skip.kind.name().into(), entry_line(entry)]
        }
        Happening::Delivery(delivery) => {
            let (subject, signal, budget) = of(&delivery.alert);
            let level = delivery.level.name().to_owned();
            let note = delivery.outcome.name().to_owned();
            [at, "delivery".into(), subject, signal, budget, none(), level, note, entry_line(entry)]
        }
        Happening::Action(action) => {
            let kind = match &action.what {
                Deed::Ack { .. } => "ack",
                Deed::Unack { .. } => "unack",
                Deed::Silence(_) => "silence",
                Deed::Unsilence { .. } => "unsilence",
            };
            [at, kind.into(), none(), none(), none(), none(), none(), none(), action_line(action)]
        }
    }
}
