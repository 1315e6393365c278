//! A machine with its clock, for tests.

use jiff::{SignedDuration, Timestamp};

use crate::alert::machine::{Machine, Moment, Observation, Outcome};
use crate::config::{Timing, Transitions};
use crate::domain::action::{Action, Deed};
use crate::domain::event::{AlertKey, LevelChange, Signal, Skip, Subject};
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::matcher::Labels;
use crate::domain::notice::{Notice, NoticeKind};
use crate::domain::time::{Step, TimeSpan};

/// A machine stepped once a minute, with everything that it said.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) machine: Machine,
    pub(super) transitions: Transitions,
    pub(super) minute: i64,
    pub(super) changes: Vec<LevelChange>,
    pub(super) notices: Vec<Notice>,
    pub(super) skips: Vec<Skip>,
}

/// The instant of a minute.
pub(super) fn at(minute: i64) -> Timestamp {
    "2026-11-24T12:00:00Z".parse::<Timestamp>().expect("a time") + SignedDuration::from_mins(minute)
}

pub(super) fn tenant(name: &str) -> Subject {
    Subject::Owner(Owner::Tenant(name.into()))
}

pub(super) fn key(subject: Subject, signal: Signal) -> AlertKey {
    AlertKey { subject, signal, budget: None }
}

/// Burn of `acme` at this level, with thresholds of 2, 3 and 4.
pub(super) fn burn(level: Level) -> Observation {
    of("acme", Signal::Burn, level)
}

pub(super) fn of(name: &str, signal: Signal, level: Level) -> Observation {
    let (value, threshold) = match level {
        Level::Green | Level::Blind => (1.0, 2.0),
        Level::Yellow => (2.5, 2.0),
        Level::Orange => (3.5, 3.0),
        Level::Red => (4.5, 4.0),
    };
    let timing = Timing::default().of(signal);
    Observation { value, threshold, reason: "why".into(), ..Observation::new(key(tenant(name), signal), level, timing) }
}

/// A budget of a day.
pub(super) fn budget(level: Level, day: i64) -> Observation {
    let start = at(24 * 60 * day);
    let period = Some(TimeSpan::new(start, start + SignedDuration::from_hours(24)));
    Observation { period, ..of("acme", Signal::Budget, level) }
}

impl Bench {
    /// One step a minute after the last one.
    pub(super) fn step(&mut self, seen: &[Observation]) {
        self.minute += 1;
        let moment =
            Moment { now: at(self.minute), step: Step::MINUTE, transitions: &self.transitions, labels: &Labels::of };
        let outcome = self.machine.step(seen, &moment);
        self.take(outcome);
    }

    /// The step of the minute once more, as after a restart within it.
    pub(super) fn step_again(&mut self, seen: &[Observation]) {
        self.minute -= 1;
        self.step(seen);
    }

    /// The same seen for some minutes.
    pub(super) fn steps(&mut self, minutes: usize, seen: &[Observation]) {
        (0..minutes).for_each(|_| self.step(seen));
    }

    pub(super) fn act(&mut self, what: Deed) -> usize {
        let moment =
            Moment { now: at(self.minute), step: Step::MINUTE, transitions: &self.transitions, labels: &Labels::of };
        let outcome = self.machine.act(&Action { at: at(self.minute), by: "ada".into(), what }, &moment);
        let touched = outcome.touched;
        self.take(outcome);
        touched
    }

    fn take(&mut self, outcome: Outcome) {
        self.changes.extend(outcome.changes);
        self.notices.extend(outcome.notices);
        self.skips.extend(outcome.skips);
    }

    /// Stores the state and takes it up again.
    pub(super) fn restart(&mut self) {
        self.machine = Machine::from_checkpoint(&self.machine.checkpoint());
    }

    /// The levels that were changed to, with the minute.
    pub(super) fn levels(&self) -> Vec<(i64, Level)> {
        self.changes.iter().map(|change| (change.at.duration_since(at(0)).as_mins(), change.level)).collect()
    }

    /// What people were told, with the minute.
    pub(super) fn told(&self) -> Vec<(i64, NoticeKind)> {
        self.notices.iter().map(|notice| (notice.at.duration_since(at(0)).as_mins(), notice.kind)).collect()
    }
}
