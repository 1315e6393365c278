//! What was said and done, dated: the log that the screen shows and the store keeps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{BudgetId, ModelId, Owner, PoolName, ScopeName};
use crate::domain::level::Level;

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
}
