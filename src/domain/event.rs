//! What was said and done, dated: the log that the screen shows and the store keeps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::action::{Action, SilenceId};
use crate::domain::ids::{BudgetId, ModelId, Owner, PoolName, ScopeName};
use crate::domain::level::Level;
use crate::domain::notice::{Fingerprint, NoticeKind};

/// One reason to be at a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Spend against a budget and its pace.
    Budget,
    /// Speed of spending against the speed that would use the budget up exactly, or against the own past.
    Burn,
    /// The spend expected at the end of the period.
    Forecast,
    /// Usage outside the band that the own past lets expect.
    Anomaly,
    /// Tokens or requests a minute against a limit.
    Quota,
    /// Calls refused by AWS for their rate.
    Throttles,
    /// Calls that failed.
    Errors,
    /// What was committed to and will not be used.
    Commitment,
    /// What the tenant pays against what it costs.
    Margin,
    /// The age and health of the data.
    Data,
    /// Usage that cannot be priced or attributed.
    Coverage,
}

impl Signal {
    /// The name in tables, CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Burn => "burn",
            Self::Forecast => "forecast",
            Self::Anomaly => "anomaly",
            Self::Quota => "quota",
            Self::Throttles => "throttles",
            Self::Errors => "errors",
            Self::Commitment => "commitment",
            Self::Margin => "margin",
            Self::Data => "data",
            Self::Coverage => "coverage",
        }
    }
}

/// What one instance of an alert is about: a tenant's signal (of one budget, where it has one) or a scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A tenant, or the unattributed usage.
    Owner(Owner),
    /// A polled account and region.
    Scope(ScopeName),
    /// Several tenants that share a budget.
    Pool(PoolName),
    /// All of a scope's profiles that share the quota of one model.
    Quota(ScopeName, ModelId),
    /// Every tenant at once: AWS or the collector.
    Fleet,
}

impl Subject {
    /// The name in the log.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Owner(owner) => owner.name(),
            Self::Scope(scope) => scope.as_str(),
            Self::Pool(pool) => pool.as_str(),
            Self::Quota(_, model) => model.as_str(),
            Self::Fleet => "fleet",
        }
    }
}

/// The identity of an alert; its level is an attribute and never part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertKey {
    /// Whom it is about.
    pub subject: Subject,
    /// Which signal.
    pub signal: Signal,
    /// Which budget, for the budget signal.
    pub budget: Option<BudgetId>,
}

/// A change of level of one alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelChange {
    /// When it was judged.
    pub at: Timestamp,
    /// Which alert.
    pub alert: AlertKey,
    /// From.
    pub previous: Level,
    /// To.
    pub level: Level,
    /// Why, in one line.
    pub reason: String,
    /// What is special about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<ChangeNote>,
}

/// What is special about a change of level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeNote {
    /// The budget's period is over: it starts again with the next one.
    Reset,
    /// Late or revised data made it: on time, it would have been said earlier, or not at all.
    Revised,
    /// It changes so often that it stays at its highest level until it is steady.
    Flapping,
    /// Its tenant, budget or scope is no longer judged.
    Gone,
}

impl ChangeNote {
    /// The name in tables, CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Revised => "revised",
            Self::Flapping => "flapping",
            Self::Gone => "gone",
        }
    }
}

/// An entry of the alert log: everything that was said, done and sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// The kinds of entries of the alert log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// An alert changed its level.
    Change(LevelChange),
    /// A person did something.
    Action(Action),
    /// People were to be told, and were not.
    Skip(Skip),
    /// A response was made, or failed.
    Delivery(DeliveryNote),
}

impl Happening {
    /// The one alert it is about; none for what a person did, which may be about many.
    #[must_use]
    pub fn alert(&self) -> Option<&AlertKey> {
        match self {
            Self::Change(change) => Some(&change.alert),
            Self::Action(_) => None,
            Self::Skip(skip) => Some(&skip.alert),
            Self::Delivery(note) => Some(&note.alert),
        }
    }

    /// Its level, where it has one.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        match self {
            Self::Change(change) => Some(change.level),
            Self::Action(_) => None,
            Self::Skip(skip) => Some(skip.level),
            Self::Delivery(note) => Some(note.level),
        }
    }

    /// What happened, for people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Change(change) => change.reason.clone(),
            Self::Action(action) => format!("{} {}", action.by, action.what),
            Self::Skip(skip) => match &skip.why {
                Mute::Silenced(id) => format!("{} not told: silence {id}", skip.kind.name()),
                Mute::Inhibited(by) => format!("{} not told: {by} says it already", skip.kind.name()),
            },
            Self::Delivery(note) => {
                let outcome = note.outcome.name().replace('_', " ");
                let detail = if note.detail.is_empty() { String::new() } else { format!(": {}", note.detail) };
                format!("{} to {} {outcome}{detail}", note.kind.name(), note.receiver)
            }
        }
    }
}

/// Something that people were not told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skip {
    /// Of which alert.
    pub alert: AlertKey,
    /// At which level.
    pub level: Level,
    /// What they would have been told.
    pub kind: NoticeKind,
    /// Why not.
    pub why: Mute,
}

/// Why people are not told of an alert that fires.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mute {
    /// A silence holds.
    Silenced(SilenceId),
    /// A louder alert says it already.
    Inhibited(Fingerprint),
}

/// What came of an attempt to tell someone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryNote {
    /// The id of the notice.
    pub notice: String,
    /// Of which alert.
    pub alert: AlertKey,
    /// What was to be told.
    pub kind: NoticeKind,
    /// At which level.
    pub level: Level,
    /// Whom, by the name the config gives.
    pub receiver: String,
    /// How it went.
    pub outcome: Outcome,
    /// The answer, the fault, or why it was left out; for people.
    pub detail: String,
    /// The key of the letter: a dead one can be sent again by it.
    #[serde(default)]
    pub key: String,
}

/// How an attempt to tell someone went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It arrived.
    Delivered,
    /// It failed and is tried again.
    Failed,
    /// It failed too often and is not tried again.
    Dead,
    /// It was left out for a rule: quiet hours, stale data, a ceiling, a rehearsal.
    LeftOut,
}

impl Outcome {
    /// The name in tables, CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::LeftOut => "left_out",
        }
    }
}
