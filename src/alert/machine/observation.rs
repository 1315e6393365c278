//! What the machine is told at a step.

use jiff::Timestamp;

use crate::config::{Timing, Transitions};
use crate::domain::event::{AlertKey, Signal};
use crate::domain::health::Health;
use crate::domain::ids::{Owner, ScopeName};
use crate::domain::level::Level;
use crate::domain::matcher::Labels;
use crate::domain::money::Money;
use crate::domain::time::{Step, TimeSpan};

/// What a signal says of one alert at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Which alert.
    pub alert: AlertKey,
    /// The level assessed on the figures of this step.
    pub level: Level,
    /// The value judged.
    pub value: f64,
    /// The threshold of that level, or of the next one when it is green.
    pub threshold: f64,
    /// Why.
    pub reason: String,
    /// The period of a budget: within one the level never falls.
    pub period: Option<TimeSpan>,
    /// Whether one step says little: some of the last ones must agree.
    pub is_rate: bool,
    /// How far the data behind it can be trusted.
    pub hold: Hold,
    /// How that data is.
    pub health: Health,
    /// The scope whose data is too old, where that is the reason to hold.
    pub blind_scope: Option<ScopeName>,
    /// Late or revised data changed what is judged since the last step.
    pub is_revised: bool,
    /// The running total of what its subject has spent.
    pub spent: Option<Spent>,
    /// The members of a pool.
    pub members: Vec<Owner>,
    /// How long what lasts.
    pub timing: Timing,
}

/// A running total that starts again from time to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Spent {
    /// Since when.
    pub since: Timestamp,
    /// How much.
    pub amount: Money,
}

impl Spent {
    /// What was spent between an earlier total and this one; `None` when it has started again in between.
    #[must_use]
    pub fn after(self, earlier: Self) -> Option<Money> {
        (self.since == earlier.since).then(|| self.amount - earlier.amount)
    }
}

/// What a step may do to an alert, by the data behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// All of it is fresh: the level follows.
    #[default]
    No,
    /// A part of it is too old: what is known is the least there is, so that the level can rise and not fall.
    MayRise,
    /// All of it is too old to judge: the standing level is kept.
    Frozen,
}

/// When a step is taken and by which rules.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// The instant.
    pub now: Timestamp,
    /// The width of a step.
    pub step: Step,
    /// What holds for groups of alerts.
    pub transitions: &'a Transitions,
    /// The labels of an alert, for silences and routes.
    pub labels: &'a dyn Fn(&AlertKey) -> Labels,
}

impl Observation {
    /// Fresh data that says this; the rest is as it is for a plain signal.
    #[must_use]
    pub fn new(alert: AlertKey, level: Level, timing: Timing) -> Self {
        Self {
            alert,
            level,
            value: 0.0,
            threshold: 0.0,
            reason: String::new(),
            period: None,
            is_rate: false,
            hold: Hold::No,
            health: Health::Ok,
            blind_scope: None,
            is_revised: false,
            spent: None,
            members: Vec::new(),
            timing,
        }
    }

    /// Whether the value still lies within the exit margin of a level that was entered at `entry`.
    pub(super) fn is_within_margin_of(&self, entry: f64) -> bool {
        let margin = entry.abs() * self.timing.exit_margin;
        match self.alert.signal {
            Signal::Margin => self.value < entry + margin,
            _ => self.value > entry - margin,
        }
    }
}
