//! Alerts as they stand and the log of what was said, done and sent: as a table, CSV and JSON.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::json;

use crate::domain::action::{Action, Deed, SilenceRow};
use crate::domain::event::{AlertKey, Happening, LevelChange, LogEntry, Mute, Subject};
use crate::domain::level::Level;
use crate::domain::text::printable;
use crate::domain::view::{AlertRow, Explanation, FleetView, Notification};
use crate::report::explain;

mod shapes;

use shapes::{alert_json, entry_json, record, silence_json};

/// Live alerts and an extract of the log, as they are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertReport {
    /// As of when.
    pub at: Timestamp,
    /// The alerts that are pending or fire, the loudest first, with their explanation where one was asked for.
    pub alerts: Vec<(AlertRow, Option<Explanation>)>,
    /// The silences of the last two days.
    pub silences: Vec<SilenceRow>,
    /// The log, oldest first.
    pub log: Vec<LogEntry>,
}

impl AlertReport {
    /// All that a view has, with this log.
    #[must_use]
    pub fn new(view: &FleetView, log: Vec<LogEntry>) -> Self {
        let alerts = view.alerts.iter().map(|row| (row.clone(), None)).collect();
        Self { at: view.at, alerts, silences: view.silences.clone(), log }
    }

    /// Keeps what is about alerts that fit.
    pub fn keep(&mut self, fits: impl Fn(&AlertKey, Level) -> bool) {
        self.alerts.retain(|(row, _)| fits(&row.alert, row.level));
        self.log.retain(|entry| match &entry.what {
            Happening::Change(change) => fits(&change.alert, change.level.max(change.previous)),
            Happening::Skip(skip) => fits(&skip.alert, skip.level),
            Happening::Delivery(delivery) => fits(&delivery.alert, delivery.level),
            Happening::Action(_) => true,
        });
    }

    /// For a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if self.alerts.is_empty() {
            let _ = writeln!(text, "No alert is pending or fires.");
        }
        for (row, explanation) in &self.alerts {
            let _ = writeln!(text, "{}", live_line(row));
            if let Some(explanation) = explanation {
                text.push_str(&explain::text(explanation));
            }
        }
        for row in self.silences.iter().filter(|row| row.silence.holds_at(self.at)) {
            let _ = writeln!(text, "{}", silence_line(row));
        }
        if !self.log.is_empty() {
            let _ = writeln!(text, "\nLog");
        }
        for entry in &self.log {
            let _ = writeln!(text, "{}  {}", entry.at, entry_line(entry));
        }
        text
    }

    /// A line for each entry of the log, for a spreadsheet.
    ///
    /// # Errors
    /// Never for text in memory.
    pub fn csv(&self) -> Result<String, csv::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["at", "kind", "subject", "signal", "budget", "previous", "level", "note", "detail"])?;
        for entry in &self.log {
            writer.write_record(record(entry))?;
        }
        let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The stable JSON shape, `"schema": 1`.
    ///
    /// # Errors
    /// Never: its keys and numbers all have a JSON form.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&json!({
            "schema": 1,
            "at": self.at,
            "alerts": self.alerts.iter().map(|(row, explanation)| alert_json(row, explanation.as_ref())).collect::<Vec<_>>(),
            "silences": self.silences.iter().map(silence_json).collect::<Vec<_>>(),
            "log": self.log.iter().map(entry_json).collect::<Vec<_>>(),
        }))
    }
}

/// An alert in a line.
#[must_use]
pub fn live_line(row: &AlertRow) -> String {
    let mut marks = vec![row.condition.name().to_owned(), notification(&row.notification)];
    if row.is_frozen {
        marks.push("data too old".into());
    }
    if row.is_flapping {
        marks.push("flapping".into());
    }
    format!(
        "{:<6} {} {} since {} ({}): {}",
        row.level.name(),
        subject(&row.alert),
        signal(&row.alert),
        row.fired_at.unwrap_or(row.started_at),
        marks.join(", "),
        printable(&row.reason)
    )
}

/// Whether people were told, for people.
#[must_use]
pub fn notification(notification: &Notification) -> String {
    match notification {
        Notification::Quiet => "nobody told".into(),
        Notification::Notified => "told".into(),
        Notification::Acked { by, note, until, .. } => {
            let note = if note.is_empty() { String::new() } else { format!(" \"{}\"", printable(note)) };
            format!("acked by {}{note} until {until}", printable(by))
        }
        Notification::Silenced(id) => format!("silenced by {}", printable(&id.0)),
        Notification::Inhibited(by) => format!("muted by {}", printable(by.as_str())),
    }
}

/// A silence in a line.
#[must_use]
pub fn silence_line(row: &SilenceRow) -> String {
    let silence = &row.silence;
    format!(
        "silence {} of {} up to {} by {} until {}: {} (held back {}, {} spent meanwhile)",
        printable(&silence.id.0),
        printable(&silence.matchers.to_string()),
        silence.cap.name(),
        printable(&silence.author),
        silence.ends,
        printable(&silence.comment),
        row.suppressed,
        row.suppressed_cost
    )
}

/// An entry of the log in a line, without its time.
#[must_use]
pub fn entry_line(entry: &LogEntry) -> String {
    match &entry.what {
        Happening::Change(change) => change_line(change),
        Happening::Action(action) => action_line(action),
        Happening::Skip(skip) => {
            let why = match &skip.why {
                Mute::Silenced(id) => format!("silence {} holds", printable(&id.0)),
                Mute::Inhibited(by) => format!("{} says it already", printable(by.as_str())),
            };
            format!(
                "{:<6} {} {}: {} not told, {why}",
                skip.level.name(),
                subject(&skip.alert),
                signal(&skip.alert),
                skip.kind.name()
            )
        }
        Happening::Delivery(delivery) => format!(
            "{:<6} {} {}: {} to {}: {}, {}",
            delivery.level.name(),
            subject(&delivery.alert),
            signal(&delivery.alert),
            delivery.kind.name(),
            printable(&delivery.receiver),
            delivery.outcome.name(),
            printable(&delivery.detail)
        ),
    }
}

fn change_line(change: &LevelChange) -> String {
    format!(
        "{:<6} was {} {} {}: {}",
        change.level.name(),
        change.previous.name(),
        subject(&change.alert),
        signal(&change.alert),
        printable(&change.reason)
    )
}

fn action_line(action: &Action) -> String {
    let by = printable(&action.by);
    match &action.what {
        Deed::Ack { matchers, note, until } => {
            format!("ack    {by}: {} until {until}: {}", printable(&matchers.to_string()), printable(note))
        }
        Deed::Unack { matchers } => format!("unack  {by}: {}", printable(&matchers.to_string())),
        Deed::Silence(silence) => format!(
            "silence {by}: {} {} until {}: {}",
            printable(&silence.id.0),
            printable(&silence.matchers.to_string()),
            silence.ends,
            printable(&silence.comment)
        ),
        Deed::Unsilence { id } => format!("unsilence {by}: {}", printable(&id.0)),
    }
}

/// Whom an alert is about, fit for a terminal.
#[must_use]
pub fn subject(alert: &AlertKey) -> String {
    match &alert.subject {
        Subject::Pool(pool) => format!("pool {}", printable(pool.as_str())),
        subject => printable(subject.name()),
    }
}

fn signal(alert: &AlertKey) -> String {
    match &alert.budget {
        Some(budget) => format!("{} {}", alert.signal.name(), printable(budget.as_str())),
        None => alert.signal.name().to_owned(),
    }
}
