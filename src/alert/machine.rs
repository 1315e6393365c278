//! The alert machine: what each alert stands at, and one transition function that is stepped once a step.
//!
//! A budget alert only rises within its period and starts again with the next one. While the data behind an
//! alert is too old to judge, its level is frozen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::event::{AlertKey, LevelChange, Subject};
use crate::domain::level::Level;
use crate::domain::time::TimeSpan;

/// What a signal says of one alert at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Which alert.
    pub alert: AlertKey,
    /// The level assessed on the figures of this step.
    pub level: Level,
    /// Why.
    pub reason: String,
    /// The period of a budget: within one the level never falls.
    pub period: Option<TimeSpan>,
    /// How far the data behind it can be trusted.
    pub hold: Hold,
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

/// Where an alert stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    level: Level,
    period_start: Option<Timestamp>,
}

/// Every alert that is not green, as of the last step. Its checkpoint is all that a restart needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    standings: BTreeMap<AlertKey, Standing>,
}

impl Machine {
    /// Takes up a checkpoint. One that cannot be read counts as none: levels are then judged afresh.
    #[must_use]
    pub fn from_checkpoint(bytes: &[u8]) -> Self {
        let entries: Vec<(AlertKey, Standing)> = serde_json::from_slice(bytes).unwrap_or_default();
        Self { standings: entries.into_iter().collect() }
    }

    /// The state as bytes for the store.
    #[must_use]
    pub fn checkpoint(&self) -> Vec<u8> {
        let entries: Vec<(&AlertKey, &Standing)> = self.standings.iter().collect();
        serde_json::to_vec(&entries).unwrap_or_default()
    }

    /// The level an alert stands at.
    #[must_use]
    pub fn level_of(&self, alert: &AlertKey) -> Level {
        self.standings.get(alert).map_or(Level::Green, |standing| standing.level)
    }

    /// The highest level of a subject's alerts.
    #[must_use]
    pub fn level_of_subject(&self, subject: &Subject) -> Level {
        let of_subject = self.standings.iter().filter(|(alert, _)| &alert.subject == subject);
        of_subject.map(|(_, standing)| standing.level).max().unwrap_or_default()
    }

    /// One step: takes what the signals say and gives the changes of level, in the order of the observations.
    /// An alert that is not observed any more (its budget was removed, say) ends as green.
    pub fn step(&mut self, observations: &[Observation], now: Timestamp) -> Vec<LevelChange> {
        let mut before = std::mem::take(&mut self.standings);
        let mut changes = Vec::new();
        for seen in observations {
            let old = before.remove(&seen.alert);
            let previous = old.as_ref().map_or(Level::Green, |standing| standing.level);
            let next = transition(old, seen);
            if next.level != previous {
                changes.push(change(&seen.alert, previous, next.level, now, seen.reason.clone()));
            }
            if next.level != Level::Green {
                self.standings.insert(seen.alert.clone(), next);
            }
        }
        let gone = |(alert, standing): (AlertKey, Standing)| {
            change(
                &alert,
                standing.level,
                Level::Green,
                now,
                "no longer judged: its budget, tenant or scope is gone".into(),
            )
        };
        changes.extend(before.into_iter().map(gone));
        changes
    }
}

fn transition(old: Option<Standing>, seen: &Observation) -> Standing {
    let period_start = seen.period.map(|period| period.start);
    match old {
        Some(old) if seen.hold == Hold::Frozen => old,
        None if seen.hold == Hold::Frozen => Standing { level: Level::Green, period_start },
        Some(old) if seen.hold == Hold::MayRise => {
            if seen.level > old.level {
                Standing { level: seen.level, period_start }
            } else {
                old
            }
        }
        Some(old) if old.period_start.is_some() && old.period_start == period_start => {
            Standing { level: old.level.max(seen.level), period_start }
        }
        _ => Standing { level: seen.level, period_start },
    }
}

fn change(alert: &AlertKey, previous: Level, level: Level, at: Timestamp, reason: String) -> LevelChange {
    LevelChange { at, alert: alert.clone(), previous, level, reason, note: None }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::event::Signal;
    use crate::domain::ids::Owner;

    fn key(signal: Signal) -> AlertKey {
        AlertKey { subject: Subject::Owner(Owner::Tenant("acme".into())), signal, budget: None }
    }

    fn budget(level: Level, period: i64) -> Observation {
        let start = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * period);
        let period = Some(TimeSpan::new(start, start + SignedDuration::from_hours(24)));
        Observation { alert: key(Signal::Budget), level, reason: "why".into(), period, hold: Hold::No }
    }

    fn steps(machine: &mut Machine, seen: &[Observation]) -> Vec<(Level, Level)> {
        let mut log = Vec::new();
        for observation in seen {
            let changes = machine.step(std::slice::from_ref(observation), Timestamp::UNIX_EPOCH);
            log.extend(changes.into_iter().map(|change| (change.previous, change.level)));
        }
        log
    }

    #[test]
    fn a_budget_only_rises_within_its_period_and_resets_with_the_next() {
        let seen = [
            budget(Level::Yellow, 0),
            budget(Level::Green, 0),
            budget(Level::Orange, 0),
            budget(Level::Yellow, 0),
            budget(Level::Green, 1),
        ];
        let expected = [(Level::Green, Level::Yellow), (Level::Yellow, Level::Orange), (Level::Orange, Level::Green)];
        assert_eq!(steps(&mut Machine::default(), &seen), expected);
    }

    #[test]
    fn a_signal_without_period_falls_again() {
        let seen = |level| Observation { period: None, alert: key(Signal::Coverage), ..budget(level, 0) };
        let expected = [(Level::Green, Level::Orange), (Level::Orange, Level::Green)];
        assert_eq!(steps(&mut Machine::default(), &[seen(Level::Orange), seen(Level::Green)]), expected);
    }

    #[test]
    fn blind_data_freezes_the_level_even_over_the_end_of_a_period() {
        let frozen = |level, period| Observation { hold: Hold::Frozen, ..budget(level, period) };
        let seen = [budget(Level::Orange, 0), frozen(Level::Green, 0), frozen(Level::Red, 1), budget(Level::Green, 1)];
        let expected = [(Level::Green, Level::Orange), (Level::Orange, Level::Green)];
        assert_eq!(steps(&mut Machine::default(), &seen), expected);
    }

    #[test]
    fn with_a_part_of_the_data_blind_a_level_can_rise_and_not_fall() {
        let partly = |level, period| Observation { hold: Hold::MayRise, ..budget(level, period) };
        let seen = [
            partly(Level::Yellow, 0),
            partly(Level::Orange, 0),
            partly(Level::Green, 0),
            partly(Level::Green, 1),
            budget(Level::Green, 1),
        ];
        let expected = [(Level::Green, Level::Yellow), (Level::Yellow, Level::Orange), (Level::Orange, Level::Green)];
        assert_eq!(steps(&mut Machine::default(), &seen), expected);
    }

    #[test]
    fn an_alert_that_is_no_longer_judged_ends() {
        let mut machine = Machine::default();
        machine.step(&[budget(Level::Red, 0)], Timestamp::UNIX_EPOCH);
        let changes = machine.step(&[], Timestamp::UNIX_EPOCH);
        assert_eq!(changes.iter().map(|change| change.level).collect::<Vec<_>>(), [Level::Green]);
        assert_eq!(machine, Machine::default());
    }

    #[test]
    fn a_checkpoint_that_cannot_be_read_counts_as_none() {
        assert_eq!(Machine::from_checkpoint(b"\xff{"), Machine::default());
    }

    fn any_level() -> impl Strategy<Value = Level> {
        prop::sample::select(Level::ALL.to_vec())
    }

    fn any_hold() -> impl Strategy<Value = Hold> {
        prop::sample::select(vec![Hold::No, Hold::MayRise, Hold::Frozen])
    }

    proptest! {
        #[test]
        fn a_restart_at_any_step_changes_nothing(levels in prop::collection::vec((any_level(), 0_i64..3, any_hold()), 1..30), cut in 0_usize..30) {
            let seen: Vec<Observation> =
                levels.iter().map(|&(level, period, hold)| Observation { hold, ..budget(level, period) }).collect();
            let mut whole = Machine::default();
            let log = steps(&mut whole, &seen);
            let (before, after) = seen.split_at(cut.min(seen.len()));
            let mut first = Machine::default();
            let mut restarted_log = steps(&mut first, before);
            let mut second = Machine::from_checkpoint(&first.checkpoint());
            restarted_log.extend(steps(&mut second, after));
            prop_assert_eq!(log, restarted_log);
            prop_assert_eq!(whole, second);
        }
    }
}
