//! What the doctor found, for a person and for scripts.

use std::fmt::Write;

use serde::Serialize;
use serde_json::json;

use crate::domain::text::printable;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works; something is worth knowing.
    Note,
    /// It will not work like this.
    Fault,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
    /// What to do; empty where there is nothing to do.
    pub remedy: String,
}

impl Finding {
    /// Something that is as it should be.
    #[must_use]
    pub fn ok(subject: &str, detail: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), verdict: Verdict::Ok, detail: detail.into(), remedy: String::new() }
    }

    /// Something worth knowing.
    #[must_use]
    pub fn note(subject: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Note, remedy: remedy.into(), ..Self::ok(subject, detail) }
    }

    /// Something that will not work.
    #[must_use]
    pub fn fault(subject: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fault, remedy: remedy.into(), ..Self::ok(subject, detail) }
    }
}

/// A line a finding, with what to do below it, and how many faults there are.
#[must_use]
pub fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.subject.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Ok => "ok   ",
            Verdict::Note => "note ",
            Verdict::Fault => "FAULT",
        };
        let subject = printable(&finding.subject);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark} {subject:<width$}  {}", printable(&finding.detail));
        if !finding.remedy.is_empty() {
            let _ = writeln!(text, "      {:<width$}  -> {}", "", printable(&finding.remedy));
        }
    }
    let faults = findings.iter().filter(|finding| finding.verdict == Verdict::Fault).count();
    let _ = writeln!(text, "{}", if faults == 0 { "no faults".to_owned() } else { format!("{faults} faults") });
    text
}

/// The findings as JSON.
///
/// # Errors
/// Never in practice: the values are plain.
pub fn json(findings: &[Finding]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&json!({"schema": 1, "findings": findings}))
}
