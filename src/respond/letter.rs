//! A letter: what one receiver is told of one group of alerts, from the moment it is written until it is delivered,
//! skipped or given up.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::letter::{LetterRow, LetterState};
use crate::respond::event::{Event, clipped, digest};

/// The longest line of a summary or fault, in characters.
const LONGEST_LINE: usize = 300;
/// The most bytes of events in a letter; with the rest of it, it stays below the largest value of the store.
pub(super) const LARGEST: usize = 18_000;

/// What a receiver is asked to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Tell of the events, or run the program.
    #[default]
    Tell,
    /// Take back what the program did, because its time is over.
    Revert,
}

/// What one receiver is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// Its place in the queue.
    pub sequence: u64,
    /// The idempotency key: the same at every try, also after a restart.
    pub key: String,
    /// Who is told.
    pub receiver: String,
    /// What it is about; letters of one receiver about one group are sent in order.
    pub group: String,
    /// What is asked.
    pub action: Action,
    /// What is told; empty once it is delivered.
    pub events: Vec<Event>,
    /// It in one line.
    pub summary: String,
    /// The alerts it is about.
    pub about: Vec<String>,
    /// Of these the receiver surely has the beginning: their end is owed to it.
    pub owed: Vec<String>,
    /// When it was written.
    pub written: Timestamp,
    /// Not to be sent before.
    pub due: Timestamp,
    /// It waits for the end of quiet hours.
    pub held: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried first.
    pub first_try: Option<Timestamp>,
    /// What went wrong last, why it was skipped, or what the receiver said.
    pub note: Option<String>,
    /// A try ended without an answer: the receiver may have it all the same.
    pub maybe_received: bool,
    /// A program ran for it.
    pub ran: bool,
    /// Where it is.
    pub state: LetterState,
    /// When it came there.
    pub done_at: Option<Timestamp>,
}

impl Letter {
    /// A letter with its first event.
    #[must_use]
    pub fn new(receiver: &str, group: &str, action: Action, event: Event, due: Timestamp) -> Self {
        let key = digest(&[receiver, if action == Action::Revert { "revert" } else { "tell" }, &event.id]);
        let written = event.at;
        let mut letter = Self {
            sequence: 0,
            key,
            receiver: receiver.to_owned(),
            group: group.to_owned(),
            action,
            events: Vec::new(),
            summary: String::new(),
            about: Vec::new(),
            owed: Vec::new(),
            written,
            due,
            held: false,
            attempts: 0,
            first_try: None,
            note: None,
            maybe_received: false,
            ran: false,
            state: LetterState::Waiting,
            done_at: None,
        };
        letter.add(event);
        letter
    }

    /// One more event.
    pub fn add(&mut self, event: Event) {
        if !self.about.contains(&event.fingerprint) {
            self.about.push(event.fingerprint.clone());
        }
        self.events.push(event);
        self.sum_up();
    }

    /// Takes the events out that are to go; gives whether any was there.
    pub fn withdraw(&mut self, goes: impl Fn(&Event) -> bool) -> bool {
        let before = self.events.len();
        self.events.retain(|event| !goes(event));
        if !self.events.is_empty() {
            self.sum_up();
        }
        self.events.len() < before
    }

    /// The newest event of each alert, in the order of their first ones.
    #[must_use]
    pub fn latest(&self) -> Vec<&Event> {
        let mut latest: Vec<&Event> = Vec::new();
        for event in &self.events {
            match latest.iter_mut().find(|known| known.fingerprint == event.fingerprint) {
                Some(known) => *known = event,
                None => latest.push(event),
            }
        }
        latest
    }

    /// It as people see it.
    #[must_use]
    pub fn row(&self) -> LetterRow {
        LetterRow {
            key: self.key.clone(),
            state: self.state,
            receiver: self.receiver.clone(),
            summary: self.summary.clone(),
            about: self.about.clone(),
            attempts: self.attempts,
            note: self.note.clone(),
            written: self.written,
            due: self.due,
            done_at: self.done_at,
        }
    }

    /// It is done with.
    pub fn end(&mut self, state: LetterState, note: Option<&str>, at: Timestamp) {
        self.state = state;
        self.note = note.map(|note| clipped(note, LONGEST_LINE));
        self.done_at = Some(at);
        // A dead letter can be sent again; of the others the summary is enough.
        if state != LetterState::Dead {
            self.events.clear();
        }
    }

    fn sum_up(&mut self) {
        let latest = self.latest();
        let worst = latest.iter().max_by_key(|event| (!event.is_end(), event.level));
        let more = if latest.len() > 1 { format!(" (+{} more)", latest.len() - 1) } else { String::new() };
        let revert = if self.action == Action::Revert { "REVERT " } else { "" };
        let line = worst.map(|event| clipped(&event.headline(), LONGEST_LINE - 30)).unwrap_or_default();
        self.summary = format!("{revert}{line}{more}");
    }
}

/// A letter on its way, with what is remembered of earlier ones of its group.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The letter.
    pub letter: Letter,
    /// What the receiver gave to be remembered, such as the id of a message.
    pub memo: Option<String>,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered {
        /// What it said.
        note: Option<String>,
        /// What is to be remembered for the next letter of the group.
        memo: Option<String>,
        /// A program ran that can be taken back.
        ran: bool,
    },
    /// It failed and is worth another try.
    Retry {
        /// What went wrong.
        why: String,
        /// The receiver asks to wait for so long.
        after: Option<SignedDuration>,
        /// The receiver may have it all the same.
        maybe_received: bool,
    },
    /// The receiver will never take it.
    Refused(String),
    /// A rule forbids it.
    Skipped(String),
}

impl Verdict {
    /// It was delivered and there is nothing more to say.
    #[must_use]
    pub fn delivered() -> Self {
        Self::Delivered { note: None, memo: None, ran: false }
    }

    /// It failed before the receiver can have had it.
    #[must_use]
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { why: why.into(), after: None, maybe_received: false }
    }
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The letter's place in the queue.
    pub sequence: u64,
    /// How it ended.
    pub verdict: Verdict,
    /// When.
    pub at: Timestamp,
}
