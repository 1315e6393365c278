//! What can be seen of the letters that responses write: a row each, and the outbox as a whole.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a letter is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// Not delivered yet.
    #[default]
    Waiting,
    /// The receiver took it.
    Delivered,
    /// A rule forbids it.
    Skipped,
    /// Given up; it can be sent again by hand.
    Dead,
}

impl LetterState {
    /// The name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Dead => "dead",
        }
    }
}

/// A letter as people see it: what one receiver is told, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRow {
    /// The idempotency key, by which it can be sent again.
    pub key: String,
    /// Where it is.
    pub state: LetterState,
    /// Who is told, by the name the config gives.
    pub receiver: String,
    /// It in one line.
    pub summary: String,
    /// The fingerprints of the alerts it is about, as receivers get them.
    pub about: Vec<String>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// What went wrong last, why it was skipped, or what the receiver said.
    pub note: Option<String>,
    /// When it was written.
    pub written: Timestamp,
    /// Not to be sent before.
    pub due: Timestamp,
    /// When it was done with.
    pub done_at: Option<Timestamp>,
}

impl LetterRow {
    /// The time that matters: when it is due while it waits, else when it was done with.
    #[must_use]
    pub fn when(&self) -> Timestamp {
        self.done_at.filter(|_| self.state != LetterState::Waiting).unwrap_or(self.due)
    }
}

/// What waits to be told and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox {
    /// How many letters wait.
    pub waiting: u64,
    /// How many are dead and can be sent again.
    pub dead: u64,
    /// Some of those that wait, then dead ones, the newest first.
    pub letters: Vec<LetterRow>,
}

impl Outbox {
    /// The dead letters about an alert, by its fingerprint.
    pub fn dead_about<'a>(&'a self, fingerprint: &'a str) -> impl Iterator<Item = &'a LetterRow> {
        let is_about = move |letter: &&LetterRow| letter.about.iter().any(|alert| alert == fingerprint);
        self.letters.iter().filter(|letter| letter.state == LetterState::Dead).filter(is_about)
    }
}
