//! What is remembered of a profile between steps: its young points and its old hours, priced. A step reads only what
//! has come or changed since.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::history::History;
use crate::domain::ids::{Owner, ProfileRef};
use crate::domain::profile::Profile;
use crate::domain::time::{HOUR_SECONDS, TimeSpan};
use crate::domain::usage::Point;
use crate::judge::policy::Policy;
use crate::judge::rating::Rates;

/// How far back hours are kept for forecasts and learned baselines: five weeks.
pub(super) const PAST: SignedDuration = SignedDuration::from_hours(35 * 24);

/// A young point with its likely cost in dollars.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The point.
    pub point: Point,
    /// Its likely cost.
    pub dollars: f64,
}

/// An owner's part of an old hour.
#[derive(Clone, Copy, Debug)]
struct OldHour {
    /// Hours since 1970.
    hour: i64,
    owner: usize,
    dollars: f64,
}

/// What is remembered of a profile.
#[derive(Debug, Default)]
pub(super) struct Page {
    versions: usize,
    rates: Option<Arc<Rates>>,
    revision: u64,
    mark: u64,
    points: Option<TimeSpan>,
    entries: Vec<Entry>,
    hours: Option<TimeSpan>,
    old: Vec<OldHour>,
    owners: Vec<Owner>,
    revised: f64,
    news: f64,
}

impl Page {
    /// The rates of a profile with these versions, made once.
    pub(super) fn rates(&mut self, versions: &[Profile], policy: &Policy) -> Arc<Rates> {
        if self.versions != versions.len() {
            *self = Self { versions: versions.len(), ..Self::default() };
        }
        Arc::clone(self.rates.get_or_insert_with(|| Arc::new(Rates::new(versions, policy))))
    }

    /// The young points, oldest first.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// By how many dollars data came late or was revised since the last step: of what was judged by then.
    pub(super) fn revised(&self) -> f64 {
        self.revised
    }

    /// How many dollars came new since the last step.
    pub(super) fn news(&self) -> f64 {
        self.news
    }

    /// What has come since is judged.
    pub(super) fn judged(&mut self) {
        (self.revised, self.news) = (0.0, 0.0);
    }

    /// Brings the young points up to date with the history. What lies before `judged` was judged by the last step.
    pub(super) fn read_points(
        &mut self,
        history: &dyn History,
        profile: ProfileRef,
        rates: &Rates,
        span: TimeSpan,
        judged: Timestamp,
    ) {
        let (mark, changed) = history.touched(profile, self.mark);
        let known = self.points.filter(|known| known.start <= span.start && known.end <= span.end);
        let until = known.map_or(span.start, |known| known.end);
        let from = changed.map_or(until, |changed| changed.min(until)).max(span.start);
        self.entries.retain(|entry| entry.point.at >= span.start);
        let kept = self.entries.partition_point(|entry| entry.point.at < from);
        let before: Vec<Entry> = self.entries.drain(kept..).collect();
        if from < span.end {
            let new = history.points(profile, TimeSpan::new(from, span.end)).into_iter();
            self.entries.extend(
                new.map(|point| Entry { dollars: rates.price(point.at, &point.counts).cost.likely.to_f64(), point }),
            );
        }
        let (late, new) = (difference(&before, &self.entries[kept..], judged), newer(&self.entries[kept..], judged));
        self.revised += if self.points.is_some() { late } else { 0.0 };
        self.news += (new - newer(&before, judged)).abs();
        (self.mark, self.points) = (mark, Some(span));
    }

    /// Brings the old hours up to date; tells whether any that were known before have changed or gone.
    pub(super) fn read_hours(
        &mut self,
        history: &dyn History,
        profile: ProfileRef,
        rates: &Rates,
        span: TimeSpan,
    ) -> bool {
        let revision = history.revision(profile);
        let known = self.hours.filter(|known| self.revision == revision && known.end <= span.end);
        let is_changed = known.is_none_or(|known| known != span);
        let mut until = known.map_or(span.start, |known| known.end);
        let before = (self.revision != revision && self.hours.is_some()).then(|| self.old_dollars());
        if known.is_none_or(|known| known.start > span.start) {
            self.old.clear();
            until = span.start;
        }
        if until < span.end {
            for point in history.hours(profile, TimeSpan::new(until, span.end)) {
                let hour = point.at.as_second().div_euclid(HOUR_SECONDS);
                for (owner, part) in rates.by_owner([point]) {
                    let owner = self.index_of(owner);
                    self.old.push(OldHour { hour, owner, dollars: part.cost.likely.to_f64() });
                }
            }
        }
        let first = span.start.as_second().div_euclid(HOUR_SECONDS);
        self.old.retain(|old| old.hour >= first);
        // Its newest hour is none of what was known, and as much as came late at most.
        self.revised += before.map_or(0.0, |before| (self.old_dollars() - before).abs());
        (self.revision, self.hours) = (revision, Some(span));
        is_changed
    }

    /// Every part of the old hours: whose, hours since 1970, dollars.
    pub(super) fn old_hours(&self) -> impl Iterator<Item = (&Owner, i64, f64)> {
        self.old.iter().map(|old| (&self.owners[old.owner], old.hour, old.dollars))
    }

    fn old_dollars(&self) -> f64 {
        self.old.iter().map(|old| old.dollars).sum()
    }

    fn index_of(&mut self, owner: Owner) -> usize {
        let known = self.owners.iter().position(|known| *known == owner);
        known.unwrap_or_else(|| {
            self.owners.push(owner);
            self.owners.len() - 1
        })
    }
}

/// By how many dollars points before an instant have changed.
fn difference(before: &[Entry], now: &[Entry], judged: Timestamp) -> f64 {
    let sum = |entries: &[Entry]| -> f64 {
        entries.iter().filter(|entry| entry.point.at < judged).map(|entry| entry.dollars).sum()
    };
    (sum(now) - sum(before)).abs()
}

/// Dollars of the points from an instant on.
fn newer(entries: &[Entry], judged: Timestamp) -> f64 {
    entries.iter().filter(|entry| entry.point.at >= judged).map(|entry| entry.dollars).sum()
}
