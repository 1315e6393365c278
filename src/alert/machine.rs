//! The alert machine: where each alert stands, and one transition function that is stepped once a step.
//!
//! An alert has three axes that never mix. Its *condition* goes from inactive over pending to firing at a level, and
//! over recovering back ([`condition`]); all waiting is in time, never in numbers of evaluations. The *health* of the
//! data behind it is none of its condition: data that is too old freezes it. Its *notification* is what people were
//! told, and why not ([`tell`], [`mute`]).
//!
//! The machine has no clock and asks nobody: the same observations and actions at the same times give the same states,
//! changes and notices, across restarts as well. Only alerts that are not quiet are kept.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::config::Timing;
use crate::domain::action::SilenceRow;
use crate::domain::event::{AlertKey, ChangeNote, LevelChange, Mute, Skip, Subject};
use crate::domain::level::Level;
use crate::domain::notice::{Notice, NoticeKind};
use crate::domain::view::{AlertRow, Notification};

mod act;
mod checkpoint;
mod condition;
mod instance;
mod mute;
mod observation;
mod tell;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use instance::{Instance, rank};
use mute::SilenceState;
pub use observation::{Hold, Moment, Observation, Spent};
use tell::Groups;
pub use tell::ack_command;

/// How long a silence that is over is kept for the handover.
const SILENCES_KEPT: SignedDuration = SignedDuration::from_hours(48);

/// What a step or an action came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Changes of level, in the order of the observations.
    pub changes: Vec<LevelChange>,
    /// What people were not told, and why.
    pub skips: Vec<Skip>,
    /// What people are to be told.
    pub notices: Vec<Notice>,
    /// How many alerts an action was about.
    pub touched: usize,
    /// Whether the checkpoint has changed.
    pub is_unsaved: bool,
}

/// Every alert that is not quiet, as of the last step. Its checkpoint is all that a restart needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    instances: BTreeMap<AlertKey, Instance>,
    silences: Vec<SilenceState>,
    groups: Groups,
    /// The step of the data in which something changed last.
    stepped: Option<Timestamp>,
}

impl Machine {
    /// The level an alert stands at.
    #[must_use]
    pub fn level_of(&self, alert: &AlertKey) -> Level {
        self.instances.get(alert).map_or(Level::Green, |instance| instance.shown)
    }

    /// The highest level of a subject's alerts.
    #[must_use]
    pub fn level_of_subject(&self, subject: &Subject) -> Level {
        let of_subject = self.instances.iter().filter(|(alert, _)| &alert.subject == subject);
        of_subject.map(|(_, instance)| instance.shown).max().unwrap_or_default()
    }

    /// The alerts that are pending or fire, the loudest first, with what was seen of them last.
    #[must_use]
    pub fn rows(&self, seen: &[Observation]) -> Vec<AlertRow> {
        let seen: BTreeMap<_, _> = seen.iter().map(|seen| (&seen.alert, seen)).collect();
        let row = |(alert, instance): (&AlertKey, &Instance)| row(instance, seen.get(alert)?);
        let mut rows: Vec<AlertRow> = self.instances.iter().filter_map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse((row.condition.is_firing(), row.level)));
        rows
    }

    /// The silences of the last two days, the oldest first.
    #[must_use]
    pub fn silences(&self, seen: &[Observation]) -> Vec<SilenceRow> {
        let rows = self.rows(seen);
        let running = |state: &SilenceState| {
            let is_held =
                |row: &&AlertRow| matches!(&row.notification, Notification::Silenced(id) if *id == state.silence.id);
            rows.iter().filter(is_held).filter_map(|row| row.cost).sum()
        };
        let row = |state: &SilenceState| SilenceRow {
            silence: state.silence.clone(),
            suppressed: state.suppressed,
            suppressed_cost: state.cost + running(state),
        };
        self.silences.iter().map(row).collect()
    }

    /// One step: takes what the signals say. An alert that is not observed any more (its budget was removed, say) ends.
    /// A second step within one step of the data, as after a restart, is none: what counts steps counts each once.
    pub fn step(&mut self, seen: &[Observation], moment: &Moment<'_>) -> Outcome {
        let stepped = Some(moment.step.floor(moment.now));
        if self.stepped == stepped {
            return Outcome::default();
        }
        let before = self.clone();
        let mut outcome = Outcome::default();
        let mut left = std::mem::take(&mut self.instances);
        for seen in seen {
            let instance = left.remove(&seen.alert).unwrap_or_default();
            self.observe(instance, seen, moment, &mut outcome);
        }
        for (alert, instance) in left {
            let seen = tell::gone(&alert, Timing::default());
            self.end(&instance, &seen, Some(ChangeNote::Gone), moment, &mut outcome);
        }
        self.tell(seen, moment, &mut outcome);
        tell::forget_groups(&mut self.groups, moment);
        self.silences
            .retain(|state| state.silence.ends.saturating_add(SILENCES_KEPT).is_ok_and(|end| end > moment.now));
        outcome.is_unsaved = *self != before;
        // Where nothing changed, there is nothing that could be counted twice.
        if outcome.is_unsaved {
            self.stepped = stepped;
        }
        outcome
    }

    /// The first axis of one alert, and its end.
    fn observe(&mut self, mut instance: Instance, seen: &Observation, moment: &Moment<'_>, outcome: &mut Outcome) {
        if condition::begins_anew(&instance, seen) {
            self.end(&instance, seen, Some(ChangeNote::Reset), moment, outcome);
            let shown = if instance.shown == Level::Green { Level::Green } else { level_after(seen, None) };
            instance = Instance { shown, ..Instance::default() };
        }
        let (previous, was_flapping) = (instance.shown, instance.is_flapping);
        condition::advance(&mut instance, seen, moment);
        if instance.is_firing() && rank(previous) == 0 {
            instance.fired_at = Some(moment.now);
            instance.spent = seen.spent;
        }
        let begins_to_flap = instance.is_flapping && !was_flapping;
        let note = match (begins_to_flap, seen.is_revised) {
            (true, _) => Some(ChangeNote::Flapping),
            (false, true) => Some(ChangeNote::Revised),
            (false, false) => None,
        };
        if rank(previous) > 0 && !instance.is_firing() {
            self.end(&Instance { shown: previous, ..instance.clone() }, seen, note, moment, outcome);
            instance.end();
        } else if instance.shown != previous || begins_to_flap {
            outcome.changes.push(change(seen, previous, instance.shown, note, moment.now));
        }
        if !instance.is_quiet() {
            self.instances.insert(seen.alert.clone(), instance);
        }
    }

    /// Logs and tells the end of an alert, if it fired; `instance` is as it was before.
    fn end(
        &mut self,
        instance: &Instance,
        seen: &Observation,
        note: Option<ChangeNote>,
        moment: &Moment<'_>,
        outcome: &mut Outcome,
    ) {
        let level = level_after(seen, note);
        if instance.shown == Level::Green || instance.shown == level {
            return;
        }
        let mut ended = change(seen, instance.shown, level, note, moment.now);
        if let Some(fired_at) = instance.fired_at {
            let cost = instance.cost(seen.spent).map_or(String::new(), |cost| format!(", {cost} spent meanwhile"));
            let lasted = lasted(moment.now.duration_since(fired_at));
            ended.reason = format!("{}; it fired for {lasted}{cost}", ended.reason);
        }
        let kind = if note == Some(ChangeNote::Reset) { NoticeKind::Reset } else { NoticeKind::Resolve };
        if let Some(mut notice) = tell::tell_end(instance, seen, kind, &mut self.groups, moment) {
            notice.reason.clone_from(&ended.reason);
            outcome.notices.push(notice);
        }
        if let Some(Mute::Silenced(id)) = &instance.mute {
            let cost = instance.cost(seen.spent).unwrap_or_default();
            self.silences.iter_mut().filter(|state| state.silence.id == *id).for_each(|state| state.cost += cost);
        }
        outcome.changes.push(ended);
    }

    /// The third axis of all alerts that fire.
    fn tell(&mut self, seen: &[Observation], moment: &Moment<'_>, outcome: &mut Outcome) {
        let firing = seen.iter().filter(|seen| self.instances.get(&seen.alert).is_some_and(Instance::is_firing));
        let firing: BTreeMap<&AlertKey, &Observation> = firing.map(|seen| (&seen.alert, seen)).collect();
        mute::mute(&mut self.instances, &firing, &mut self.silences, moment);
        for (alert, seen) in firing {
            let Some(instance) = self.instances.get_mut(alert) else { continue };
            let (notice, skip) = tell::tell(instance, seen, &mut self.groups, &mut self.silences, moment);
            outcome.notices.extend(notice);
            outcome.skips.extend(skip);
        }
    }
}

fn row(instance: &Instance, seen: &Observation) -> Option<AlertRow> {
    let is_firing = instance.is_firing();
    let pending = instance::level_of_rank(instance.seen_rank());
    let level = if is_firing { instance.shown } else { pending };
    (rank(level) > 0).then(|| AlertRow {
        alert: seen.alert.clone(),
        condition: instance.condition(),
        level,
        is_frozen: instance.frozen.is_some(),
        is_flapping: instance.is_flapping,
        notification: instance.notification(),
        started_at: instance.started_at.or(instance.fired_at).unwrap_or_default(),
        fired_at: instance.fired_at,
        value: seen.value,
        threshold: seen.threshold,
        reason: seen.reason.clone(),
        cost: instance.cost(seen.spent).filter(|_| is_firing),
    })
}

/// The level of an alert that has ended.
fn level_after(seen: &Observation, note: Option<ChangeNote>) -> Level {
    if note == Some(ChangeNote::Gone) || seen.level != Level::Blind { Level::Green } else { Level::Blind }
}

fn change(seen: &Observation, previous: Level, level: Level, note: Option<ChangeNote>, at: Timestamp) -> LevelChange {
    let told = match note {
        Some(ChangeNote::Reset) => " (a new period has begun)",
        Some(ChangeNote::Revised) => " (late data says so)",
        Some(ChangeNote::Flapping) => " (it changes too often, and is held until it is steady)",
        Some(ChangeNote::Gone) | None => "",
    };
    let reason = format!("{}{told}", seen.reason);
    LevelChange { at, alert: seen.alert.clone(), previous, level, reason, note }
}

/// A length of time for people, in its two largest units.
fn lasted(duration: SignedDuration) -> String {
    let minutes = duration.as_mins().max(0);
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
