//! Who was told of which alert: it decides who is told that it has ended.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::level::Level;
use crate::respond::event::Event;

/// Who was told of one alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    /// What was told last.
    pub event: Event,
    /// To whom.
    pub receivers: BTreeMap<String, Receipt>,
}

/// What one receiver was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Receipt {
    /// With what it was told together.
    pub group: String,
    /// The level it was told last.
    pub level: Level,
    /// When.
    pub at: Timestamp,
    /// When it was told first since the alert began; letters of before are about another time that it fired.
    pub since: Timestamp,
    /// Since when it knows it as red.
    pub red_since: Option<Timestamp>,
    /// Whether it arrived.
    pub state: Arrival,
}

/// Whether what was told arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Arrival {
    /// On its way.
    Waiting,
    /// It did, or may have.
    Arrived,
    /// It did not and will not: that it ended is not told either.
    Never,
}

impl Receipt {
    /// A first letter, or the next one on top of what was told before.
    pub(super) fn after(before: Option<&Self>, group: &str, event: &Event) -> Self {
        let is_red = event.level == Level::Red;
        let red_since = before.and_then(|receipt| receipt.red_since).or(Some(event.at)).filter(|_| is_red);
        let since = before.map_or(event.at, |receipt| receipt.since);
        let state = match before.map(|receipt| receipt.state) {
            Some(Arrival::Arrived) => Arrival::Arrived,
            _ => Arrival::Waiting,
        };
        Self { group: group.to_owned(), level: event.level, at: event.at, since, red_since, state }
    }
}
