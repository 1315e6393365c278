//! What people do about alerts: dated events in the history, so that a replay comes to the same states.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::level::Level;
use crate::domain::matcher::Matchers;
use crate::domain::money::Money;

/// How long a silence may last at most.
pub const LONGEST_SILENCE: SignedDuration = SignedDuration::from_hours(24);
/// How long an ack holds if nothing else is said.
pub const ACK_HOLDS: SignedDuration = SignedDuration::from_hours(4);

/// The name of a silence: `s-` and the millisecond it was made in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SilenceId(pub String);

impl SilenceId {
    /// The name of a silence that is made at an instant.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(format!("s-{}", now.as_millisecond()))
    }
}

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a person did, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub what: Deed,
}

/// The kinds of what people do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Someone looks after the alerts that fire now and fit: no repeats and no escalation until they rise, resolve or
    /// the time is over.
    Ack {
        /// Which of the alerts that fire.
        matchers: Matchers,
        /// What the person has to say.
        note: String,
        /// How long.
        until: Timestamp,
    },
    /// Nobody looks after them any more.
    Unack {
        /// Which.
        matchers: Matchers,
    },
    /// Alerts that fit are not told of for a time, also those that come later.
    Silence(Silence),
    /// A silence ends before its time.
    Unsilence {
        /// Which.
        id: SilenceId,
    },
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |words: &str| if words.is_empty() { String::new() } else { format!(": {words}") };
        match self {
            Self::Ack { matchers, note, until } => write!(f, "acked {matchers} until {}{}", hour(*until), said(note)),
            Self::Unack { matchers } => write!(f, "took back the ack of {matchers}"),
            Self::Silence(silence) => {
                let (until, why) = (hour(silence.ends), said(&silence.comment));
                write!(f, "silenced {} until {until}{why} ({})", silence.matchers, silence.id)
            }
            Self::Unsilence { id } => write!(f, "ended silence {id}"),
        }
    }
}

/// `2026-11-19 17:42 UTC`.
fn hour(at: Timestamp) -> impl fmt::Display {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A silence: alerts that fit are judged and logged, and nobody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its name.
    pub id: SilenceId,
    /// Which alerts.
    pub matchers: Matchers,
    /// Who made it.
    pub author: String,
    /// Why.
    pub comment: String,
    /// From when on.
    pub starts: Timestamp,
    /// The first instant after it; at most [`LONGEST_SILENCE`] after its start.
    pub ends: Timestamp,
    /// Alerts above this level are told of all the same.
    pub cap: Level,
}

impl Silence {
    /// Whether it holds at an instant.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.starts <= now && now < self.ends
    }
}

/// A silence with what it held back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SilenceRow {
    /// The silence.
    pub silence: Silence,
    /// How many notices it held back so far.
    pub suppressed: u64,
    /// What was spent while alerts that it held back fired.
    pub suppressed_cost: Money,
}
