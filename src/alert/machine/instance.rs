//! One alert that is not quiet: plain data that changes only when something turns, so that the checkpoint is written
//! seldom.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::alert::machine::observation::Spent;
use crate::domain::event::Mute;
use crate::domain::level::Level;
use crate::domain::money::Money;
use crate::domain::notice::Condition;
use crate::domain::view::Notification;

/// The levels that fire, the quietest first.
pub(super) const FIRING: [Level; 3] = [Level::Yellow, Level::Orange, Level::Red];

/// The place of a level in [`FIRING`], counted from 1; 0 for what does not fire.
pub(super) fn rank(level: Level) -> usize {
    FIRING.iter().position(|firing| *firing == level).map_or(0, |index| index + 1)
}

/// The level of a rank.
pub(super) fn level_of_rank(rank: usize) -> Level {
    rank.checked_sub(1).and_then(|index| FIRING.get(index)).copied().unwrap_or_default()
}

/// Where one level of an alert stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Track {
    /// Since when it is so, throughout.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it was last so, of a level that fires and is not so any more.
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// It was so for long enough.
    #[serde(rename = "f")]
    pub fired: bool,
    /// The threshold it was entered at. As bits: JSON does not keep every float exactly.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub entry_bits: Option<u64>,
}

impl Track {
    /// The threshold it was entered at.
    pub(super) fn entry(&self) -> Option<f64> {
        self.entry_bits.map(f64::from_bits)
    }
}

/// What people were told of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// The level they know.
    pub level: Level,
    /// Since when they know it.
    pub since: Timestamp,
    /// When they were last told anything.
    pub last: Timestamp,
    /// The next receiver was told as well.
    pub escalated: bool,
}

/// Someone looks after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ack {
    /// Who.
    pub by: String,
    /// What the person had to say.
    pub note: String,
    /// Since when.
    pub at: Timestamp,
    /// How long.
    pub until: Timestamp,
    /// At which level: a higher one breaks it.
    pub level: Level,
}

/// Where an alert stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Instance {
    /// Yellow, orange and red.
    #[serde(rename = "t")]
    pub tracks: [Track; 3],
    /// The level shown: the raw one, or a higher one while it flaps; blind where it cannot be assessed.
    #[serde(rename = "l")]
    pub shown: Level,
    /// The level without regard to flapping.
    #[serde(rename = "r")]
    pub raw: Level,
    /// When what is wrong began.
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it began to fire.
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// The start of the budget's period.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub period: Option<Timestamp>,
    /// Since when its data has been too old to judge.
    #[serde(rename = "z", skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Timestamp>,
    /// Of a rate: the ranks of the last steps, oldest first.
    #[serde(rename = "v", skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<u8>,
    /// When the raw level changed lately.
    #[serde(rename = "c", skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Timestamp>,
    /// It changes too often.
    #[serde(rename = "flap")]
    pub is_flapping: bool,
    /// What was spent when it began to fire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// What people were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// Who looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack: Option<Ack>,
    /// Why nobody is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mute: Option<Mute>,
    /// The level at which it was logged that nobody is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Level>,
    /// People were told that it flaps.
    pub flapping_told: bool,
}

impl Instance {
    /// Whether it fires.
    pub(super) fn is_firing(&self) -> bool {
        rank(self.shown) > 0
    }

    /// The rank of the highest level that fires without regard to flapping.
    pub(super) fn fired_rank(&self) -> usize {
        self.tracks.iter().rposition(|track| track.fired).map_or(0, |index| index + 1)
    }

    /// The rank of the highest level that is so now, long enough or not.
    pub(super) fn seen_rank(&self) -> usize {
        self.tracks.iter().rposition(|track| track.since.is_some()).map_or(0, |index| index + 1)
    }

    /// Where it is on its way.
    pub(super) fn condition(&self) -> Condition {
        let fired = self.fired_rank();
        match (self.is_firing(), self.seen_rank()) {
            (true, seen) if seen >= fired.max(rank(self.shown)) => Condition::Firing,
            (true, _) => Condition::Recovering,
            (false, 0) => Condition::Inactive,
            (false, _) => Condition::Pending,
        }
    }

    /// Whether there is nothing left to remember.
    pub(super) fn is_quiet(&self) -> bool {
        let is_idle = self.shown == Level::Green && self.fired_rank() == 0 && self.seen_rank() == 0;
        is_idle && self.changes.is_empty() && self.votes.iter().all(|vote| *vote == 0)
    }

    /// What was spent since it began to fire.
    pub(super) fn cost(&self, spent: Option<Spent>) -> Option<Money> {
        spent?.after(self.spent?)
    }

    /// Whether people were told, and why not.
    pub(super) fn notification(&self) -> Notification {
        match (&self.mute, &self.ack, &self.told) {
            (Some(Mute::Silenced(id)), _, _) => Notification::Silenced(id.clone()),
            (_, Some(ack), _) => {
                Notification::Acked { by: ack.by.clone(), note: ack.note.clone(), at: ack.at, until: ack.until }
            }
            (Some(Mute::Inhibited(by)), _, _) => Notification::Inhibited(by.clone()),
            (None, None, Some(_)) => Notification::Notified,
            (None, None, None) => Notification::Quiet,
        }
    }

    /// Forgets all that belongs to the time it fired.
    pub(super) fn end(&mut self) {
        self.fired_at = None;
        self.started_at = None;
        self.spent = None;
        self.told = None;
        self.ack = None;
        self.mute = None;
        self.skipped = None;
        self.flapping_told = false;
    }
}
