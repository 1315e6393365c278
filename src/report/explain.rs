//! The explanation of an alert as text and JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::domain::text::printable;
use crate::domain::view::Explanation;

/// The explanation in some lines, for a terminal.
#[must_use]
pub fn text(explanation: &Explanation) -> String {
    let mut text = String::new();
    for line in explanation.lines() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}", printable(&line));
    }
    text
}

/// The explanation as JSON.
#[must_use]
pub fn json(explanation: &Explanation) -> Value {
    let texts = |lines: &[String]| lines.iter().map(|line| printable(line)).collect::<Vec<_>>();
    json!({
        "what": printable(&explanation.what),
        "now_usd_per_hour": explanation.now_usd_per_hour,
        "expected_usd_per_hour": explanation.expected_usd_per_hour,
        "factors": explanation.factors,
        "contributors": explanation.contributors.iter()
            .map(|part| json!({ "name": printable(&part.name), "share": part.share })).collect::<Vec<_>>(),
        "verdict": explanation.verdict.name(),
        "evidence": explanation.evidence,
        "waiting": explanation.waiting,
        "changed": texts(&explanation.changed),
        "next": texts(&explanation.next),
        "call": texts(&explanation.call),
    })
}
