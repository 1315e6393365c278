//! Alerts as they stand: what the screen's alert list, reports and JSON show.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::action::SilenceId;
use crate::domain::event::AlertKey;
use crate::domain::level::Level;
use crate::domain::money::Money;
use crate::domain::notice::{Condition, Fingerprint};

/// Whether people were told of an alert: an axis of its own, apart from its condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notification {
    /// Nobody was told.
    #[default]
    Quiet,
    /// People were told.
    Notified,
    /// Someone looks after it.
    Acked {
        /// Who.
        by: String,
        /// What the person had to say.
        note: String,
        /// Since when.
        at: Timestamp,
        /// How long.
        until: Timestamp,
    },
    /// A silence holds it back.
    Silenced(SilenceId),
    /// A louder alert says it already.
    Inhibited(Fingerprint),
}

impl Notification {
    /// The name in tables, CSV and JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Notified => "notified",
            Self::Acked { .. } => "acked",
            Self::Silenced(_) => "silenced",
            Self::Inhibited(_) => "inhibited",
        }
    }
}

/// An alert that is pending or fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertRow {
    /// Which alert.
    pub alert: AlertKey,
    /// Where it is on its way from pending to resolved.
    pub condition: Condition,
    /// The level it fires at; of a pending one the level it will fire at.
    pub level: Level,
    /// Its data is too old to judge: all of it stands still.
    pub is_frozen: bool,
    /// It changes so often that it stays at its highest level.
    pub is_flapping: bool,
    /// Whether people were told.
    pub notification: Notification,
    /// When what is wrong began.
    pub started_at: Timestamp,
    /// When it began to fire.
    pub fired_at: Option<Timestamp>,
    /// The value judged last.
    pub value: f64,
    /// The threshold it stands against.
    pub threshold: f64,
    /// Why, in one line.
    pub reason: String,
    /// What was spent since it fired, where that is known.
    pub cost: Option<Money>,
}
