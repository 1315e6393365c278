//! Puts cost and alert together: history and policy in, [`FleetView`] out.
//!
//! The judge has no clock, no network, no terminal and no randomness: `now` is an argument. What it
//! remembers between steps is the alert machine's standing levels and a ledger of sums that it could
//! compute again from the history; a rebuilt judge gives the same answers.
//!
//! Up to 6 hours back it reads points, beyond that hourly sums. An hour belongs to the period in which it
//! starts, so that periods of zones with half-hour offsets give the same sums either way.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::alert::machine::{Machine, Moment, Outcome};
use crate::domain::action::Action;
use crate::domain::event::{AlertKey, Subject};
use crate::domain::history::History;
use crate::domain::ids::{Owner, ProfileRef};
use crate::domain::matcher::Labels;
use crate::domain::tenancy::Tags;
use crate::domain::time::{Step, TimeSpan, floor_hour};
use crate::domain::usage::Point;
use crate::domain::view::FleetView;

pub mod backtest;
mod books;
pub mod chargeback;
mod course;
pub mod detail;
pub mod explain;
mod fleet;
mod ledger;
pub mod milestones;
mod notices;
mod observe;
mod outlook;
mod owner;
mod page;
mod past;
pub mod policy;
mod pool;
mod pool_row;
mod provisioned;
mod pulse;
mod quota;
mod rates;
mod rating;
mod rows;
mod sparkline;
pub mod spend;
mod tally;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod pitfalls;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use books::Books;
use ledger::Ledger;
use policy::Policy;
pub use tally::Tally;

/// How far back points are read; hourly sums beyond.
const POINTS_REACH: SignedDuration = SignedDuration::from_hours(6);

/// How many changes of level a [`FleetView`] carries.
const LOG_LENGTH: usize = 200;

/// The judge with its memory.
#[derive(Debug, Default)]
pub struct Judge {
    ledger: Ledger,
    /// Sums up to a moment of the past that is looked at.
    past: Ledger,
    past_books: Books,
    books: Books,
    machine: Machine,
    /// The tags of the tenants as of the last step: what a person does is matched against them.
    tags: BTreeMap<Owner, Tags>,
}

impl Judge {
    /// A judge that takes up the alert machine's checkpoint, if there is one.
    #[must_use]
    pub fn new(checkpoint: Option<&[u8]>) -> Self {
        Self { machine: checkpoint.map(Machine::from_checkpoint).unwrap_or_default(), ..Self::default() }
    }

    /// Forgets what follows from the policy, for another one. Levels, silences and what people were told stand, as over a
    /// restart.
    pub fn forget_sums(&mut self) {
        let Self { machine, tags, .. } = std::mem::take(self);
        *self = Self { machine, tags, ..Self::default() };
    }

    /// Reads the history as of `now`: the ground for a step and for a view.
    #[must_use]
    pub fn tally(&mut self, history: &dyn History, policy: &Policy, now: Timestamp) -> Tally {
        Tally::take(history, policy, now, &mut self.ledger, &mut self.books)
    }

    /// One step of the alert machine; to be called once a step of the data. What it comes to belongs into the history
    /// together with the new checkpoint.
    pub fn step(&mut self, tally: &Tally, policy: &Policy) -> Outcome {
        self.tags = tally.owners.iter().map(|(owner, used)| (owner.clone(), used.tags.clone())).collect();
        let tags = &self.tags;
        let labels = |alert: &AlertKey| policy.labels(alert, tags_of(tags, alert), tally.now);
        let moment = moment(tally.now, tally.step, policy, &labels);
        let outcome = self.machine.step(&observe::observations(tally, policy), &moment);
        self.books.judged(tally.judged_until());
        outcome
    }

    /// Fills in what notices of the last step leave open: budgets, forecasts, verdicts, who causes it and whom to call.
    pub fn complete(&self, outcome: &mut Outcome, tally: &Tally, history: &dyn History, policy: &Policy) {
        if !outcome.notices.is_empty() {
            notices::complete(&mut outcome.notices, &self.view(tally, history, policy), history, policy);
        }
    }

    /// Takes what a person did.
    pub fn act(&mut self, action: &Action, step: Step, policy: &Policy) -> Outcome {
        let tags = &self.tags;
        let labels = |alert: &AlertKey| policy.labels(alert, tags_of(tags, alert), action.at);
        self.machine.act(action, &moment(action.at, step, policy, &labels))
    }

    /// The fleet as tallied, at the levels of the last step.
    #[must_use]
    pub fn view(&self, tally: &Tally, history: &dyn History, policy: &Policy) -> FleetView {
        fleet::view(tally, history, policy, &self.machine)
    }

    /// What a restart needs to go on at the same levels.
    #[must_use]
    pub fn checkpoint(&self) -> Vec<u8> {
        self.machine.checkpoint()
    }
}

fn tags_of<'a>(tags: &'a BTreeMap<Owner, Tags>, alert: &AlertKey) -> Option<&'a Tags> {
    if let Subject::Owner(owner) = &alert.subject { tags.get(owner) } else { None }
}

fn moment<'a>(now: Timestamp, step: Step, policy: &'a Policy, labels: &'a dyn Fn(&AlertKey) -> Labels) -> Moment<'a> {
    Moment { now, step, transitions: &policy.transitions, labels }
}

/// Hours, and points where hours are not sealed yet, up to the last one that has closed by `now`.
fn usage_points(history: &dyn History, profile: ProfileRef, span: TimeSpan, now: Timestamp) -> Vec<Point> {
    let sealed = points_start(now);
    let mut all = history.hours(profile, TimeSpan::new(span.start, span.end.min(sealed)));
    let closed = now.saturating_sub(history.step().duration()).unwrap_or(now);
    let end = closed.saturating_add(SignedDuration::from_secs(1)).unwrap_or(closed);
    all.extend(history.points(profile, TimeSpan::new(span.start.max(sealed), span.end.min(end))));
    all
}

/// The first instant that is read as points: whole hours lie before it.
fn points_start(now: Timestamp) -> Timestamp {
    floor_hour(now.saturating_sub(POINTS_REACH).unwrap_or(Timestamp::MIN))
}
