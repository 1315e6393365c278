//! Why an alert fires, whether it passes, and what to do: what one reads at 3 a.m.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::event::AlertKey;
use crate::domain::notice::{Contributor, Verdict};

/// The explanation of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Of which alert.
    pub alert: AlertKey,
    /// What, in one line.
    pub what: String,
    /// The figures that its level rests on.
    #[serde(default)]
    pub because: Vec<String>,
    /// Dollars an hour over the last hour.
    pub now_usd_per_hour: f64,
    /// Dollars an hour that the same hour of the days before lets expect; `None` without such days.
    pub expected_usd_per_hour: Option<f64>,
    /// The change against expected, split exactly; empty where there is none or nothing to compare with.
    pub factors: Vec<Factor>,
    /// Who makes the rise, the greatest first, as `profile, model, meter`; the shares add up to 1.
    pub contributors: Vec<Contributor>,
    /// Spike, problem or undecided.
    pub verdict: Verdict,
    /// What speaks for and against it.
    pub evidence: Vec<Evidence>,
    /// What it costs to do nothing.
    pub waiting: Option<Waiting>,
    /// What changed near the onset.
    pub changed: Vec<String>,
    /// What the policy will do, and what to do.
    pub next: Vec<String>,
    /// Whom to call and what to read.
    pub call: Vec<String>,
}

/// One factor of a cost: the cost is the product of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Its name: requests, tokens per request, price mix, cache.
    pub name: String,
    /// By how much it is greater than expected; 1 is as expected.
    pub ratio: f64,
    /// What of the change is due to it, in dollars an hour; all add up to the change.
    pub usd_per_hour: f64,
    /// Its share of the change; all add up to 1. Negative where it works against the change.
    pub share: f64,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it speaks for.
    pub speaks_for: Verdict,
    /// What was found.
    pub text: String,
}

/// What it costs to do nothing until a time, with the interval that held for 80 % of such times in the past.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Until when.
    pub until: Timestamp,
    /// In dollars, most likely.
    pub usd: f64,
    /// In dollars, at least; `None` where the past is too short to tell.
    pub low: Option<f64>,
    /// In dollars, at most.
    pub high: Option<f64>,
}

impl Explanation {
    /// The explanation line by line; what is not known is left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.what.clone()];
        if !self.because.is_empty() {
            lines.push(format!("because: {}", self.because.join("; ")));
        }
        if let Some(expected) = self.expected_usd_per_hour {
            lines.push(format!("now ${:.2}/h, expected ${expected:.2}/h", self.now_usd_per_hour));
        }
        if !self.factors.is_empty() {
            let factor =
                |factor: &Factor| format!("{} x{:.2} ({:+.0} %)", factor.name, factor.ratio, factor.share * 100.0);
            lines.push(format!("why: {}", self.factors.iter().map(factor).collect::<Vec<_>>().join(", ")));
        }
        let part = |part: &Contributor| format!("{} {:.0} %", part.name, part.share * 100.0);
        if !self.contributors.is_empty() {
            lines.push(format!("of the rise: {}", self.contributors.iter().map(part).collect::<Vec<_>>().join(", ")));
        }
        lines.push(format!("verdict: {}", self.verdict.name()));
        lines.extend(self.evidence.iter().map(|sign| format!("  {}: {}", sign.speaks_for.name(), sign.text)));
        if let Some(waiting) = self.waiting {
            let range = waiting
                .low
                .zip(waiting.high)
                .map_or(String::new(), |(low, high)| format!(" (80 %: ${low:.0}-${high:.0})"));
            lines.push(format!("do nothing until {}: ${:.0}{range}", waiting.until, waiting.usd));
        }
        lines.extend(self.changed.iter().map(|change| format!("changed: {change}")));
        lines.extend(self.next.iter().map(|next| format!("next: {next}")));
        if !self.call.is_empty() {
            lines.push(format!("call: {}", self.call.join(", ")));
        }
        lines
    }
}
