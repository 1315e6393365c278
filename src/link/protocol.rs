//! What panes and the owner say to each other.
//!
//! A pane greets first, the owner answers the greeting; each says what it speaks and refuses the other politely if
//! that is not the same. Then the owner sends views as they come, the pane says whom it watches and what it asks.
//! Everything is packed with its field names, so that a greeting is understood by every version.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::domain::action::Action;
use crate::domain::event::{LevelChange, LogEntry};
use crate::domain::ids::Owner;
use crate::domain::letter::{LetterRow, LetterState};
use crate::domain::text::printable;
use crate::domain::time::TimeSpan;
use crate::domain::update::Gaze;
use crate::domain::usage::Point;
use crate::domain::view::{Explanation, TenantDetail};
use crate::link::patch::Patch;

/// The version of how messages follow each other.
pub const PROTOCOL: u32 = 1;
/// The version of what views and answers mean; a field that is added with a default needs no new one.
pub const SCHEMA: u32 = 1;

/// Who speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// [`PROTOCOL`] of the sender.
    pub protocol: u32,
    /// [`SCHEMA`] of the sender.
    pub schema: u32,
    /// The version of bedtop.
    pub version: String,
    /// The number of the process.
    pub process: u32,
    /// Only answers are wanted, no views.
    pub only_asks: bool,
}

impl Hello {
    /// The greeting of this process.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            protocol: PROTOCOL,
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            only_asks: false,
        }
    }

    /// Why the two do not understand each other, if they do not.
    pub(super) fn discord(&self, other: &Self) -> Option<String> {
        let speaks = |hello: &Self| {
            format!(
                "bedtop {} (process {}) speaks protocol {}.{}",
                printable(&hello.version),
                hello.process,
                hello.protocol,
                hello.schema
            )
        };
        let differ = (self.protocol, self.schema) != (other.protocol, other.schema);
        differ.then(|| format!("{}, {}: restart the older one, both from one version", speaks(self), speaks(other)))
    }
}

/// How the owner answers a greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Greeting {
    /// Views follow.
    Welcome(Hello),
    /// Nothing follows; why.
    Refused(String),
}

/// What a pane says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum FromPane {
    /// Send what this sees.
    Watch(Gaze),
    /// A question, answered under its number.
    Ask(u64, Ask),
}

/// What the owner of the history says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum FromOwner {
    /// There is no view yet.
    Opening,
    /// A new view.
    View {
        /// What changed since the view before; all of it in the first one.
        patch: Patch,
        /// The watched owner in depth.
        detail: DetailNow,
    },
    /// The answer to the question of this number.
    Answer(u64, Answer),
    /// Nothing new; the owner is well.
    Pulse,
}

/// The watched owner in depth, as it is with a view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum DetailNow {
    /// As it was.
    Same,
    /// There is none.
    Gone,
    /// This.
    Is(Box<TenantDetail>),
}

/// What the owner of the history can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Poll now.
    Refresh,
    /// Do something about alerts.
    Act(Action),
    /// The alert log from an instant on.
    Alerts {
        /// From when on.
        since: Timestamp,
        /// Whether the alerts that are pending or fire are to be explained.
        explains: bool,
    },
    /// The newest letters of responses, those that wait first.
    Letters {
        /// Only those in this state.
        state: Option<LetterState>,
        /// How many.
        most: u32,
    },
    /// The fleet in one line, for a status bar.
    Line,
    /// A dead letter is to be sent again, by its key.
    Resend(String),
    /// The usage of an owner over time.
    Series(SeriesQuery),
    /// A piece of the history as it is stored.
    Copy {
        /// After which key; from the beginning after an empty one.
        after: ByteBuf,
    },
    /// Changes of level.
    Changes {
        /// From when on.
        since: Timestamp,
        /// How many, the newest.
        most: u32,
    },
}

/// Whose usage, when, and in which steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesQuery {
    /// Whose; everybody's if not given.
    pub owner: Option<Owner>,
    /// When.
    pub span: TimeSpan,
    /// How fine.
    pub grain: Grain,
}

/// How fine a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grain {
    /// In the history's own steps.
    Points,
    /// In five minutes.
    FiveMinutes,
    /// In hours.
    Hours,
}

/// What the owner of the history answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done, or on its way.
    Done,
    /// It is not done; why and what to do.
    Refused(String),
    /// How many alerts or silences it was about.
    Acted(u64),
    /// The alert log, oldest first.
    Alerts {
        /// What was said, done and sent.
        log: Vec<LogEntry>,
        /// Why alerts are pending or fire, in the order of the view.
        explanations: Vec<Explanation>,
    },
    /// The fleet in one line, with tmux's styles; none where there is nothing to show yet.
    Line(Option<String>),
    /// Letters of responses, those that wait first.
    Letters(Vec<LetterRow>),
    /// Sums a step, oldest first; steps without a report are left out.
    Series(Vec<Point>),
    /// Changes of level, oldest first.
    Changes(Vec<LevelChange>),
    /// A piece of the history.
    Piece(Piece),
}

/// Values of the history, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The width of its points.
    pub step_seconds: u32,
    /// Keys and values.
    pub entries: Vec<(ByteBuf, ByteBuf)>,
    /// After which key it goes on; nothing at the end.
    pub next: Option<ByteBuf>,
}
