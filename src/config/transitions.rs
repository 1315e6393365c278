//! The section `[alerts.transitions]`: how long what lasts, on an alert's way from pending to resolved.

use jiff::SignedDuration;

use crate::config::amounts::duration_text;
use crate::config::reader::Table;
use crate::config::values;
use crate::domain::event::Signal;
use crate::domain::level::Level;

/// The waiting times of one alert. Defaults: alerts of metrics in Grafana and Prometheus wait for minutes, not for
/// counts; the repeat intervals are those of Alertmanager's example (4 h), thrice that for orange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// How long it must be so before it is yellow.
    pub for_yellow: SignedDuration,
    /// How long before it is orange.
    pub for_orange: SignedDuration,
    /// How long before it is red.
    pub for_red: SignedDuration,
    /// How far below the value it was entered at a level must fall to be left, as a share of that value.
    pub exit_margin: f64,
    /// How long it is held after it was last so.
    pub keep_firing_for: SignedDuration,
    /// Of rates: how many of the last steps must say so.
    pub votes: u8,
    /// Of rates: how many steps are looked at.
    pub votes_of: u8,
    /// More changes than this within [`Timing::flapping_window`] are one flapping alert.
    pub flapping_changes: u8,
    /// See [`Timing::flapping_changes`].
    pub flapping_window: SignedDuration,
    /// How often an orange alert is told of again.
    pub repeat_orange: SignedDuration,
    /// How often a red one is.
    pub repeat_red: SignedDuration,
    /// How long a red alert may go without an ack before the next receiver is told.
    pub escalate_after: SignedDuration,
}

/// The shape of an alert's way: [`Timing`] of all that do not say otherwise, and what holds for groups of alerts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transitions {
    /// The waiting times of signals that watch a rate or a probability.
    pub timing: Timing,
    /// How long the first alert of a group waits for others.
    pub group_wait: SignedDuration,
    /// How long the next ones of a group that was told of wait.
    pub group_interval: SignedDuration,
    /// Whether louder alerts mute quieter ones of the same tenant.
    pub inhibit: bool,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            for_yellow: SignedDuration::from_mins(15),
            for_orange: SignedDuration::from_mins(10),
            for_red: SignedDuration::from_mins(2),
            exit_margin: 0.10,
            keep_firing_for: SignedDuration::from_mins(10),
            votes: 3,
            votes_of: 5,
            flapping_changes: 4,
            flapping_window: SignedDuration::from_mins(30),
            repeat_orange: SignedDuration::from_hours(12),
            repeat_red: SignedDuration::from_hours(4),
            escalate_after: SignedDuration::from_mins(15),
        }
    }
}

impl Default for Transitions {
    fn default() -> Self {
        Self {
            timing: Timing::default(),
            group_wait: SignedDuration::from_secs(30),
            group_interval: SignedDuration::from_mins(5),
            inhibit: true,
        }
    }
}

impl Timing {
    /// These times as they are right for a signal: what is a sum, or has waiting times of its own, is so from the first
    /// step on; waiting longer would only tell of it later.
    #[must_use]
    pub fn of(self, signal: Signal) -> Self {
        match signal {
            Signal::Budget
            | Signal::Commitment
            | Signal::Margin
            | Signal::Anomaly
            | Signal::Data
            | Signal::Coverage => self.at_once(),
            Signal::Burn | Signal::Forecast | Signal::Quota | Signal::Throttles | Signal::Errors => self,
        }
    }

    /// How long a level must be so before it fires.
    #[must_use]
    pub fn before(&self, level: Level) -> SignedDuration {
        match level {
            Level::Red => self.for_red,
            Level::Orange => self.for_orange,
            _ => self.for_yellow,
        }
    }

    /// How often an alert of this level is told of again; `None` is never.
    #[must_use]
    pub fn repeat(&self, level: Level) -> Option<SignedDuration> {
        match level {
            Level::Red => Some(self.repeat_red),
            Level::Orange => Some(self.repeat_orange),
            _ => None,
        }
    }

    fn at_once(self) -> Self {
        let none = SignedDuration::ZERO;
        Self { for_yellow: none, for_orange: none, for_red: none, ..self }
    }
}

/// Reads the section.
pub(super) fn transitions(table: Table<'_>, defaults: Transitions) -> Transitions {
    let transitions = Transitions {
        timing: timing(&table, defaults.timing),
        group_wait: table.get("group_wait", values::duration("0s", "1h")).unwrap_or(defaults.group_wait),
        group_interval: table.get("group_interval", values::duration("0s", "24h")).unwrap_or(defaults.group_interval),
        inhibit: table.get("inhibit", values::flag).unwrap_or(defaults.inhibit),
    };
    table.finish();
    transitions
}

/// Reads the waiting times of a table that may say some of them.
pub(super) fn timing(table: &Table<'_>, defaults: Timing) -> Timing {
    let wait = |key, longest, default| table.get(key, values::duration("0s", longest)).unwrap_or(default);
    let count = |key, most, default: u8| {
        let read = table.get(key, values::whole(1, most));
        read.and_then(|count| u8::try_from(count).ok()).unwrap_or(default)
    };
    let timing = Timing {
        for_yellow: wait("for_yellow", "24h", defaults.for_yellow),
        for_orange: wait("for_orange", "24h", defaults.for_orange),
        for_red: wait("for_red", "24h", defaults.for_red),
        exit_margin: table.get("exit_margin", values::share).unwrap_or(defaults.exit_margin),
        keep_firing_for: wait("keep_firing_for", "24h", defaults.keep_firing_for),
        votes: count("votes", 60, defaults.votes),
        votes_of: count("votes_of", 60, defaults.votes_of),
        flapping_changes: count("flapping_changes", 100, defaults.flapping_changes),
        flapping_window: wait("flapping_window", "24h", defaults.flapping_window),
        repeat_orange: wait("repeat_orange", "30d", defaults.repeat_orange),
        repeat_red: wait("repeat_red", "30d", defaults.repeat_red),
        escalate_after: wait("escalate_after", "24h", defaults.escalate_after),
    };
    if timing.votes > timing.votes_of {
        table.fault_of("votes", "more votes than steps looked at: let votes be at most votes_of");
    }
    timing
}

/// The values in force, in the order of the example.
pub(super) fn values_of(transitions: &Transitions) -> Vec<(&'static str, String)> {
    let Transitions { timing, group_wait, group_interval, inhibit } = transitions;
    let time = |duration| format!("\"{}\"", duration_text(duration));
    vec![
        ("alerts.transitions.for_yellow", time(timing.for_yellow)),
        ("alerts.transitions.for_orange", time(timing.for_orange)),
        ("alerts.transitions.for_red", time(timing.for_red)),
        ("alerts.transitions.exit_margin", timing.exit_margin.to_string()),
        ("alerts.transitions.keep_firing_for", time(timing.keep_firing_for)),
        ("alerts.transitions.votes", timing.votes.to_string()),
        ("alerts.transitions.votes_of", timing.votes_of.to_string()),
        ("alerts.transitions.flapping_changes", timing.flapping_changes.to_string()),
        ("alerts.transitions.flapping_window", time(timing.flapping_window)),
        ("alerts.transitions.repeat_orange", time(timing.repeat_orange)),
        ("alerts.transitions.repeat_red", time(timing.repeat_red)),
        ("alerts.transitions.escalate_after", time(timing.escalate_after)),
        ("alerts.transitions.group_wait", time(*group_wait)),
        ("alerts.transitions.group_interval", time(*group_interval)),
        ("alerts.transitions.inhibit", inhibit.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_told_at_once_and_a_rate_after_its_time() {
        let timing = Timing::default();
        assert_eq!(timing.of(Signal::Budget).before(Level::Red), SignedDuration::ZERO);
        assert_eq!(timing.of(Signal::Burn).before(Level::Red), SignedDuration::from_mins(2));
        assert_eq!(timing.of(Signal::Budget).keep_firing_for, SignedDuration::from_mins(10));
    }
}
