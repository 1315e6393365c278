//! The read-only face of the history, as the judge sees it.

use jiff::Timestamp;

use crate::domain::event::LevelChange;
use crate::domain::health::ScopeStatus;
use crate::domain::ids::ProfileRef;
use crate::domain::meter::Meter;
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::Point;

/// Points and events. Reads never fail: damage is set aside, reported by [`History::faults`], and the
/// rest is served.
pub trait History {
    /// The width of a point: one minute live, the bin of the file in a replay.
    fn step(&self) -> Step;

    /// Every profile seen, with its versions, the oldest first.
    fn profiles(&self) -> Vec<(ProfileRef, &[Profile])>;

    /// Points whose start lies in the span, oldest first. Steps without a report have no point.
    fn points(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point>;

    /// One meter of the points in the span, oldest first, where it was reported.
    fn series(&self, profile: ProfileRef, meter: Meter, span: TimeSpan) -> Vec<(Timestamp, u64)> {
        let points = self.points(profile, span);
        points.into_iter().filter_map(|point| Some((point.at, point.counts.get(meter)?))).collect()
    }

    /// Sums of five minutes whose start lies in the span, oldest first. Five minutes without a report have no point.
    fn five_minutes(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point>;

    /// Hourly sums (UTC hours) whose start lies in the span, oldest first; an hour that is not over yet
    /// holds what has come so far. Hours without a report have no point.
    fn hours(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point>;

    /// Counts up each time a point of this profile older than the mutable head (6 hours) changes: what
    /// was summed up of it before is then out of date.
    fn revision(&self, profile: ProfileRef) -> u64;

    /// Counts up each time points of this profile change. With the count comes the earliest point that has changed since
    /// the count stood at `mark`, `None` where nothing has: a reader that remembers what it read reads from there on.
    fn touched(&self, profile: ProfileRef, mark: u64) -> (u64, Option<Timestamp>);

    /// Every scope as it was known at `now`.
    fn scopes(&self, now: Timestamp) -> Vec<ScopeStatus>;

    /// The newest changes of level up to `now`, oldest first, at most `limit`.
    fn changes(&self, now: Timestamp, limit: usize) -> Vec<LevelChange>;

    /// The start of the oldest hour and the end of the newest point stored; `None` when empty.
    fn extent(&self) -> Option<TimeSpan>;

    /// What is damaged and set aside, one line each.
    fn faults(&self) -> Vec<String>;
}
