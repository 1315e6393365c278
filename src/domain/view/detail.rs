//! A tenant in depth.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::event::LevelChange;
use crate::domain::ids::{BudgetId, Owner, ProfileKey};
use crate::domain::meter::Meter;
use crate::domain::profile::ServiceTier;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::view::Explanation;

/// Who or what is looked at in depth, and how far back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Focus {
    /// Whose usage.
    pub owner: Owner,
    /// Of this profile alone, if it is given.
    pub profile: Option<(ProfileKey, ServiceTier)>,
    /// How far back its meters go.
    pub reach: SignedDuration,
}

/// How far back meters go if nothing else is said.
pub const USUAL_REACH: SignedDuration = SignedDuration::from_hours(6);

impl Focus {
    /// An owner over the usual time.
    #[must_use]
    pub fn on(owner: Owner) -> Self {
        Self { owner, profile: None, reach: USUAL_REACH }
    }
}

/// One meter of a tenant over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeterSeries {
    /// Which meter.
    pub meter: Meter,
    /// One value a bucket, oldest first; `None` is a bucket that is not known.
    pub values: Vec<Option<f64>>,
}

/// A tenant in depth: what the drill-down shows beside its [`TenantRow`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantDetail {
    /// Who.
    pub owner: Owner,
    /// Of which profile alone, if of one.
    #[serde(default)]
    pub profile: Option<(ProfileKey, ServiceTier)>,
    /// The instant judged.
    pub at: Timestamp,
    /// From the first bucket's start to the last one's end.
    pub span: TimeSpan,
    /// The width of a bucket.
    pub bucket: Step,
    /// The meters that were ever reported in the span, in the order of [`Meter::ALL`].
    pub meters: Vec<MeterSeries>,
    /// Dollars a bucket.
    pub cost: Vec<Option<f64>>,
    /// How its spending adds up over the period.
    #[serde(default)]
    pub curve: Option<SpendCurve>,
    /// Why its alerts fire, the loudest first.
    #[serde(default)]
    pub explanations: Vec<Explanation>,
    /// Changes of level of this tenant, oldest first.
    pub log: Vec<LevelChange>,
}

/// Dollars added up over a period; every line has one value for each of the same instants, evenly spaced from the
/// period's start to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpendCurve {
    /// Of which budget; `None` where there is none.
    pub budget: Option<BudgetId>,
    /// Its amount in dollars.
    pub amount: Option<f64>,
    /// The period.
    pub span: TimeSpan,
    /// What was spent, up to now.
    pub actual: Vec<Option<f64>>,
    /// What would be spent of the amount by then, by the tenant's own hours of the week; without an amount empty.
    pub expected: Vec<Option<f64>>,
    /// What will have been spent, from now on.
    pub forecast: Vec<Option<f64>>,
    /// The lower bound of that, at 80 %.
    pub low: Vec<Option<f64>>,
    /// The upper bound.
    pub high: Vec<Option<f64>>,
}
