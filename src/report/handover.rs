//! The text for the next shift: what fires and why, who looks after it, what is silenced and what that held back, what
//! has ended, and what to watch.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::domain::event::{Happening, LogEntry};
use crate::domain::level::Level;
use crate::domain::view::Notification;
use crate::report::alerts::{AlertReport, entry_line, live_line, silence_line};
use crate::report::explain;

/// The handover of a report whose log goes back as far as the shift did.
#[must_use]
pub fn handover(report: &AlertReport) -> String {
    let mut text = format!("Handover as of {}\n", report.at);
    let firing = report.alerts.iter().filter(|(row, _)| row.condition.is_firing());
    let fires = firing.clone().map(|(row, explanation)| {
        let why = explanation.as_ref().map_or(String::new(), |explanation| format!("\n{}", explain::text(explanation)));
        format!("{}{}", live_line(row), why.trim_end())
    });
    section(&mut text, "Fires now", fires, "Nothing fires.");
    let acked = firing.filter(|(row, _)| matches!(row.notification, Notification::Acked { .. }));
    section(&mut text, "Acknowledged", acked.map(|(row, _)| live_line(row)), "Nobody has acknowledged anything.");
    let silences = report.silences.iter().filter(|row| row.silence.ends > earliest(report));
    section(&mut text, "Silences", silences.map(silence_line), "No silence held.");
    section(&mut text, "Ended", ended(report).into_iter(), "No alert has ended.");
    let pending = report.alerts.iter().filter(|(row, _)| !row.condition.is_firing() || row.is_flapping);
    section(&mut text, "To watch", pending.map(|(row, _)| live_line(row)), "Nothing is pending.");
    text
}

fn earliest(report: &AlertReport) -> jiff::Timestamp {
    report.log.first().map_or(report.at, |entry| entry.at)
}

/// The ends of alerts that do not fire again.
fn ended(report: &AlertReport) -> Vec<String> {
    let fires: BTreeSet<_> =
        report.alerts.iter().filter(|(row, _)| row.condition.is_firing()).map(|(row, _)| &row.alert).collect();
    let mut seen = BTreeSet::new();
    let is_end = |entry: &&LogEntry| match &entry.what {
        Happening::Change(change) => {
            change.level == Level::Green && !fires.contains(&change.alert) && seen.insert(change.alert.clone())
        }
        _ => false,
    };
    let mut newest: Vec<String> =
        report.log.iter().rev().filter(is_end).map(|entry| format!("{}  {}", entry.at, entry_line(entry))).collect();
    newest.reverse();
    newest
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>, none: &str) {
    let _ = writeln!(text, "\n{title}");
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        let _ = writeln!(text, "  {none}");
    }
    for line in lines {
        let _ = writeln!(text, "  {}", line.replace('\n', "\n  "));
    }
}
