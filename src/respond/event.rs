//! What leaves the machine about an alert: one JSON object of a fixed shape, whatever receiver it goes to.
//!
//! Names and reasons come from outside. Here they are made printable and cut to a length, once and for all receivers.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::health::Health;
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::matcher::Labels;
use crate::domain::money::Money;
use crate::domain::notice::{Condition, Contributor, Fingerprint, Notice, NoticeKind, Outlook, Verdict, unit_of};
use crate::domain::text::printable;
use crate::domain::view::Provenance;

/// The shape of the JSON; it only grows within a number.
pub const SCHEMA: u8 = 1;
/// The longest name in characters: as long as a tag's value on AWS can be.
const LONGEST_NAME: usize = 256;
/// The longest reason in characters.
const LONGEST_TEXT: usize = 1000;
/// The most contributors that are told.
const MOST_CONTRIBUTORS: usize = 10;
/// The most labels that are told.
const MOST_LABELS: usize = 24;

/// A change of an alert, as receivers get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// [`SCHEMA`].
    pub schema: u8,
    /// The same however often it is sent.
    pub id: String,
    /// Which alert; the same from its beginning to its end, and when it comes back.
    pub fingerprint: String,
    /// What happened.
    pub kind: NoticeKind,
    /// Which signal.
    pub signal: Signal,
    /// The tenant, where it is about one.
    pub tenant: Option<String>,
    /// The pool, where it is about one.
    pub pool: Option<String>,
    /// The budget, where it is about one.
    pub budget: Option<String>,
    /// Where it is.
    pub scope: Place,
    /// The level now.
    pub level: Level,
    /// The level that was told before.
    pub previous: Level,
    /// The condition now.
    pub state: Condition,
    /// How the data behind it is.
    pub health: Health,
    /// Why, in one line.
    pub reason: String,
    /// The value judged.
    pub value: Option<f64>,
    /// The threshold it stands against.
    pub threshold: Option<f64>,
    /// What both are counted in.
    pub unit: String,
    /// The share of the budget that is used, in percent.
    pub percent_of_budget: Option<f64>,
    /// What was spent while it fired.
    pub cost_usd: Option<Money>,
    /// When the budget is gone.
    pub forecast: Option<Outlook>,
    /// Who causes it.
    pub contributors: Vec<Contributor>,
    /// Spike, problem or undecided.
    pub verdict: Option<Verdict>,
    /// Where the figures come from.
    pub provenance: Option<Provenance>,
    /// How old the data is, in seconds.
    pub data_age_s: Option<i64>,
    /// When it was judged.
    pub at: Timestamp,
    /// When what is wrong began.
    pub started_at: Timestamp,
    /// When it began to fire.
    pub fired_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who acknowledged it.
    pub acked_by: Option<String>,
    /// The receivers that are told.
    pub responses: Vec<String>,
    /// Whom to call.
    pub contact: Option<String>,
    /// What to do.
    pub runbook_url: Option<String>,
    /// The command that acknowledges it.
    pub command: Option<String>,
    /// What routes match, beside what is named above.
    pub labels: Labels,
    /// Whether it only tries out a receiver.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
}

/// Where an alert is, as far as it is about one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The scope by its name in the config.
    pub name: Option<String>,
    /// The AWS account.
    pub account: Option<String>,
    /// The AWS region.
    pub region: Option<String>,
    /// The inference profile.
    pub profile: Option<String>,
    /// The model.
    pub model: Option<String>,
}

impl Event {
    /// What a notice tells, without the receivers.
    #[must_use]
    pub fn of(notice: &Notice) -> Self {
        let label = |name: &str| Some(clipped(notice.labels.get(name), LONGEST_NAME)).filter(|text| !text.is_empty());
        Self {
            schema: SCHEMA,
            id: short(&notice.id),
            fingerprint: short(notice.fingerprint.as_str()),
            kind: notice.kind,
            signal: notice.alert.signal,
            tenant: tenant(&notice.alert.subject).or_else(|| label("tenant")),
            pool: label("pool"),
            budget: notice.alert.budget.as_ref().map(|budget| clipped(budget.as_str(), LONGEST_NAME)),
            scope: Place { name: label("scope"), model: label("model"), ..Place::default() },
            level: notice.level,
            previous: notice.previous,
            state: notice.state,
            health: notice.health,
            reason: clipped(&notice.reason, LONGEST_TEXT),
            value: finite(notice.value),
            threshold: finite(notice.threshold),
            unit: notice.unit().to_owned(),
            percent_of_budget: finite(notice.percent_of_budget),
            cost_usd: notice.cost,
            forecast: notice.outlook,
            contributors: notice.contributors.iter().take(MOST_CONTRIBUTORS).map(contributor).collect(),
            verdict: notice.verdict,
            provenance: notice.provenance,
            data_age_s: notice.data_age_s,
            at: notice.at,
            started_at: notice.started_at,
            fired_at: notice.fired_at,
            ended_at: notice.ended_at,
            acked_by: notice.acked_by.as_deref().map(|text| clipped(text, LONGEST_NAME)),
            responses: Vec::new(),
            contact: notice.contact.as_deref().map(|text| clipped(text, LONGEST_NAME)),
            runbook_url: notice.runbook_url.as_deref().map(|text| clipped(text, LONGEST_TEXT)),
            command: notice.command.as_deref().map(|text| clipped(text, LONGEST_TEXT)),
            labels: labels(&notice.labels),
            test: false,
        }
    }

    /// An event that tries out a receiver, marked as such.
    #[must_use]
    pub fn test(now: Timestamp) -> Self {
        let id = format!("test/bedtop/{}", now.as_millisecond());
        let mut labels = Labels::default();
        labels.set("tenant", "bedtop-test");
        labels.set("signal", Signal::Budget.name());
        labels.set("level", Level::Yellow.name());
        Self {
            schema: SCHEMA,
            fingerprint: id.clone(),
            id,
            kind: NoticeKind::Fire,
            signal: Signal::Budget,
            tenant: Some("bedtop-test".to_owned()),
            pool: None,
            budget: None,
            scope: Place::default(),
            level: Level::Yellow,
            previous: Level::Green,
            state: Condition::Firing,
            health: Health::Ok,
            reason: "a test of this receiver: nothing is wrong".to_owned(),
            value: None,
            threshold: None,
            unit: unit_of(Signal::Budget).to_owned(),
            percent_of_budget: None,
            cost_usd: None,
            forecast: None,
            contributors: Vec::new(),
            verdict: None,
            provenance: None,
            data_age_s: None,
            at: now,
            started_at: now,
            fired_at: Some(now),
            ended_at: None,
            acked_by: None,
            responses: Vec::new(),
            contact: None,
            runbook_url: None,
            command: None,
            labels,
            test: true,
        }
    }

    /// Whether the alert has ended.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.kind.is_end()
    }

    /// Which alert, as far as its names were not cut: for the alert log.
    #[must_use]
    pub fn alert(&self) -> AlertKey {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let owner = match name(&self.tenant) {
            tenant if tenant == Owner::Unattributed.name() => Owner::Unattributed,
            tenant => Owner::Tenant(tenant.as_str().into()),
        };
        let scope = || name(&self.scope.name).as_str().into();
        let subject = match (&self.tenant, &self.pool, &self.scope.model) {
            (Some(_), ..) => Subject::Owner(owner),
            (None, Some(pool), _) => Subject::Pool(pool.as_str().into()),
            (None, None, Some(model)) => Subject::Quota(scope(), model.as_str().into()),
            (None, None, None) if self.scope.name.is_some() => Subject::Scope(scope()),
            (None, None, None) => Subject::Fleet,
        };
        AlertKey { subject, signal: self.signal, budget: self.budget.as_deref().map(Into::into) }
    }

    /// Whom it is about, for a heading.
    #[must_use]
    pub fn subject(&self) -> &str {
        let named = [&self.tenant, &self.pool, &self.scope.model, &self.scope.name];
        named.into_iter().flatten().next().map_or("fleet", String::as_str)
    }

    /// It in one line: `RED acme budget: 104 % used`.
    #[must_use]
    pub fn headline(&self) -> String {
        let word = if self.is_end() { "RESOLVED".to_owned() } else { self.level.name().to_uppercase() };
        let mark = if self.test { "TEST " } else { "" };
        format!("{mark}{word} {} {}: {}", self.subject(), self.signal.name(), self.reason)
    }
}

/// Text from outside, fit for any receiver and no longer than this many characters.
#[must_use]
pub(super) fn clipped(text: &str, longest: usize) -> String {
    let mut clipped = printable(text.get(..text.floor_char_boundary(longest * 4)).unwrap_or(text));
    if let Some((cut, _)) = clipped.char_indices().nth(longest) {
        clipped.truncate(cut);
        clipped.push('…');
    } else if text.len() > longest * 4 {
        clipped.push('…');
    }
    clipped
}

/// The identity of an alert as receivers and letters have it.
#[must_use]
pub fn identity_of(alert: &AlertKey) -> String {
    short(Fingerprint::from(alert).as_str())
}

/// An identity that is short enough for every receiver: long ones and ones that are not printable are told by a digest.
fn short(identity: &str) -> String {
    if identity.len() <= LONGEST_NAME && identity.bytes().all(|byte| byte.is_ascii_graphic()) {
        return identity.to_owned();
    }
    format!("sha256:{}", digest(&[identity]))
}

/// The first 32 hexadecimal digits of the SHA-256 of texts; their borders count.
#[must_use]
pub(super) fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn tenant(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Owner(Owner::Tenant(tenant)) => Some(clipped(tenant.as_str(), LONGEST_NAME)),
        Subject::Owner(owner @ Owner::Unattributed) => Some(owner.name().to_owned()),
        _ => None,
    }
}

fn contributor(contributor: &Contributor) -> Contributor {
    Contributor { name: clipped(&contributor.name, LONGEST_NAME), share: contributor.share }
}

fn labels(all: &Labels) -> Labels {
    let mut labels = Labels::default();
    for (name, text) in all.iter().take(MOST_LABELS) {
        labels.set(&clipped(name, 128), &clipped(text, LONGEST_NAME));
    }
    labels
}

fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests;
