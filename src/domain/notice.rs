//! What the alert machine wants people to be told. Responses make deliveries of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::health::Health;
use crate::domain::level::Level;
use crate::domain::matcher::Labels;
use crate::domain::money::Money;
use crate::domain::view::Provenance;

/// The identity of an alert as a short text that never changes: `tenant/acme/burn/monthly`. Its level is no part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&AlertKey> for Fingerprint {
    fn from(alert: &AlertKey) -> Self {
        let subject = subject_path(&alert.subject);
        let budget = alert.budget.as_ref().map_or(String::new(), |budget| format!("/{}", segment(budget.as_str())));
        Self(format!("{subject}/{}{budget}", alert.signal.name()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The subject with its kind, `tenant/acme`: what notices are grouped by.
#[must_use]
pub fn subject_path(subject: &Subject) -> String {
    match subject {
        Subject::Owner(owner) => format!("tenant/{}", segment(owner.name())),
        Subject::Scope(scope) => format!("scope/{}", segment(scope.as_str())),
        Subject::Pool(pool) => format!("pool/{}", segment(pool.as_str())),
        Subject::Quota(scope, model) => format!("quota/{}/{}", segment(scope.as_str()), segment(model.as_str())),
        Subject::Fleet => "fleet".to_owned(),
    }
}

/// A part of a path: a slash in a name is written `%2F`, so that no two alerts share a path.
fn segment(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}

/// Why people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// An alert began to fire.
    Fire,
    /// A firing alert rose: told at once.
    Rise,
    /// A firing alert fell to a lower level that is not green.
    Fall,
    /// It has ended: for exactly those who were told that it fires.
    Resolve,
    /// A budget's period is over and the alert ended with it: for exactly those who were told that it fires.
    Reset,
    /// It still fires.
    Repeat,
    /// It is red and nobody has acknowledged it: for the next receiver.
    Escalate,
    /// It changes so often that it is told of once, until it is steady again.
    Flapping,
    /// Someone looks after it.
    Acknowledge,
}

impl NoticeKind {
    /// The name in payloads and the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fire => "fire",
            Self::Rise => "rise",
            Self::Fall => "fall",
            Self::Resolve => "resolve",
            Self::Reset => "reset",
            Self::Repeat => "repeat",
            Self::Escalate => "escalate",
            Self::Flapping => "flapping",
            Self::Acknowledge => "acknowledge",
        }
    }

    /// Whether the alert has ended.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Resolve | Self::Reset)
    }
}

/// The condition of an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Nothing is wrong.
    #[default]
    Inactive,
    /// Something is wrong, not yet for long enough.
    Pending,
    /// It fires.
    Firing,
    /// Nothing is wrong any more, not yet for long enough: it still fires.
    Recovering,
    /// It has ended.
    Resolved,
}

impl Condition {
    /// The name in payloads and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Recovering => "recovering",
            Self::Resolved => "resolved",
        }
    }

    /// Whether it counts as firing.
    #[must_use]
    pub fn is_firing(self) -> bool {
        matches!(self, Self::Firing | Self::Recovering)
    }
}

/// Whether it is a spike that passes or a problem that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It passes, or is known.
    Spike,
    /// It stays until someone acts.
    Problem,
    /// The evidence does not say.
    Undecided,
}

impl Verdict {
    /// The name in payloads and text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spike => "spike",
            Self::Problem => "problem",
            Self::Undecided => "undecided",
        }
    }
}

/// When a budget is gone, or what it comes to: a middle value with its 80 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// When the budget is gone, at the median; `None` if it lasts.
    pub eta: Option<Timestamp>,
    /// The early end of the 80 % interval.
    pub low: Option<Timestamp>,
    /// The late end of the 80 % interval; `None` where it may last.
    pub high: Option<Timestamp>,
}

/// Who has which share of it; the shares of one list add up to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contributor {
    /// A tenant, profile, model or meter.
    pub name: String,
    /// Its share of the whole.
    pub share: f64,
}

/// What people are to be told of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The same for the same notice however often it is made: the idempotency key.
    pub id: String,
    /// The identity of the alert.
    pub fingerprint: Fingerprint,
    /// Why people are told.
    pub kind: NoticeKind,
    /// The alert: whom it is about, which signal and which budget.
    pub alert: AlertKey,
    /// What routes and silences match: tenant, pool, scope, model, signal, budget, level, plan, owner, tags.
    pub labels: Labels,
    /// Notices with the same group and the same `due` may be sent as one.
    pub group: String,
    /// When the machine judged it.
    pub at: Timestamp,
    /// Not to be sent before: `at`, later by the wait or the interval of its group.
    pub due: Timestamp,
    /// The level now.
    pub level: Level,
    /// The level people were told before; green if none.
    pub previous: Level,
    /// The condition now.
    pub state: Condition,
    /// How the data behind it is.
    pub health: Health,
    /// Why, in one line.
    pub reason: String,
    /// When what is wrong began.
    pub started_at: Timestamp,
    /// When it began to fire.
    pub fired_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The value judged.
    pub value: Option<f64>,
    /// The threshold it stands against.
    pub threshold: Option<f64>,
    /// What was spent while it fired.
    pub cost: Option<Money>,
    /// The share of the budget that is used, in percent.
    pub percent_of_budget: Option<f64>,
    /// When the budget is gone.
    pub outlook: Option<Outlook>,
    /// Who causes it; the shares add up to 1.
    pub contributors: Vec<Contributor>,
    /// Spike, problem or undecided.
    pub verdict: Option<Verdict>,
    /// Where the figures come from.
    pub provenance: Option<Provenance>,
    /// How old the data is, in seconds.
    pub data_age_s: Option<i64>,
    /// Who acknowledged it, for [`NoticeKind::Acknowledge`].
    pub acked_by: Option<String>,
    /// Whom to call, where the config says.
    pub contact: Option<String>,
    /// What to do, where the config says.
    pub runbook_url: Option<String>,
    /// The command that acknowledges it.
    pub command: Option<String>,
}

impl Notice {
    /// What value and threshold are counted in.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        unit_of(self.alert.signal)
    }
}

/// What a signal's value and threshold are counted in.
#[must_use]
pub fn unit_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Budget => "share of budget",
        Signal::Forecast => "probability",
        Signal::Burn | Signal::Anomaly => "times expected",
        Signal::Quota => "share of quota",
        Signal::Throttles | Signal::Errors => "share of calls",
        Signal::Commitment => "share of commitment",
        Signal::Margin => "share of revenue",
        Signal::Data => "seconds",
        Signal::Coverage => "share of tokens",
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::ids::Owner;

    fn tenant(name: &str) -> Subject {
        Subject::Owner(Owner::Tenant(name.into()))
    }

    #[rstest]
    #[case::tenant(tenant("acme"), Some("monthly"), "tenant/acme/burn/monthly")]
    #[case::slash(tenant("a/b"), None, "tenant/a%2Fb/burn")]
    #[case::percent(tenant("a%2Fb"), None, "tenant/a%252Fb/burn")]
    #[case::quota(Subject::Quota("main".into(), "m".into()), None, "quota/main/m/burn")]
    #[case::fleet(Subject::Fleet, None, "fleet/burn")]
    fn fingerprints_tell_alerts_apart(#[case] subject: Subject, #[case] budget: Option<&str>, #[case] expected: &str) {
        let alert = AlertKey { subject, signal: Signal::Burn, budget: budget.map(Into::into) };
        assert_eq!(Fingerprint::from(&alert).as_str(), expected);
    }
}
