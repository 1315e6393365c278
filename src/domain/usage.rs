//! Usage as it travels from a source to the history.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::health::PollRecord;
use crate::domain::ids::ProfileKey;
use crate::domain::meter::Counts;
use crate::domain::profile::Profile;

/// The counts over `[at, at + step)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Start of the step.
    pub at: Timestamp,
    /// What was reported for it.
    pub counts: Counts,
}

/// Points of one profile, oldest first, one a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileUsage {
    /// Whose.
    pub profile: ProfileKey,
    /// When and how much.
    pub points: Vec<Point>,
}

/// Everything one poll of a scope brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What the poll came to.
    pub poll: PollRecord,
    /// Profiles as they are known now; one that says the same as its newest stored version changes nothing.
    pub profiles: Vec<Profile>,
    /// Points of the source's step. A point that is stored already is revised: its reported meters replace
    /// the stored ones.
    pub points: Vec<ProfileUsage>,
    /// Sums of five minutes, of spans that are not to be had in steps any more. They replace what is stored of the five
    /// minutes, except where these have points.
    pub five_minutes: Vec<ProfileUsage>,
    /// Whole hours, for spans that are not collected in steps (backfill). They replace what is stored of
    /// the hour, except where it has points.
    pub hours: Vec<ProfileUsage>,
}

impl Batch {
    /// A poll that brought nothing.
    #[must_use]
    pub fn new(poll: PollRecord) -> Self {
        Self { poll, profiles: Vec::new(), points: Vec::new(), five_minutes: Vec::new(), hours: Vec::new() }
    }
}
