//! A tenant in depth.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::event::LevelChange;
use crate::domain::ids::Owner;
use crate::domain::meter::Meter;
use crate::domain::time::{Step, TimeSpan};

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
    /// Changes of level of this tenant, oldest first.
    pub log: Vec<LevelChange>,
}
