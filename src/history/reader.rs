//! The store read as a [`History`]: chunks and rows of hours, overlaid with the young points.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::LevelChange;
use crate::domain::health::ScopeStatus;
use crate::domain::history::History;
use crate::domain::ids::ProfileRef;
use crate::domain::meter::Counts;
use crate::domain::profile::Profile;
use crate::domain::time::{HOUR_SECONDS, Step, TimeSpan};
use crate::domain::usage::Point;
use crate::history::keys::{self, DAY_SECONDS, Kind, day_of};
use crate::history::store::{Store, day_span, decode, hour_of_day};
use crate::history::{chunk, row};

/// How many polls are looked back through for what was known of a scope.
const STATUS_REACH: usize = 1000;

impl History for Store {
    fn step(&self) -> Step {
        self.options.step
    }

    fn profiles(&self) -> Vec<(ProfileRef, &[Profile])> {
        let numbered = (0..).map(ProfileRef).zip(&self.profiles);
        numbered.filter(|(_, versions)| !versions.is_empty()).map(|(number, it)| (number, it.as_slice())).collect()
    }

    fn points(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        self.points_of(profile, span)
    }

    fn five_minutes(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        self.five_minutes_of(profile, span)
    }

    fn hours(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        let mut hours = Vec::new();
        for day in self.days(profile, span) {
            let start = day * DAY_SECONDS;
            for (hour, counts) in self.day_hours(profile, day) {
                let at = Timestamp::from_second(start + i64::from(hour) * HOUR_SECONDS).unwrap_or(Timestamp::MAX);
                if span.contains(at) {
                    hours.push(Point { at, counts });
                }
            }
        }
        hours
    }

    fn revision(&self, profile: ProfileRef) -> u64 {
        self.revisions.get(profile.0 as usize).copied().unwrap_or(0)
    }

    fn scopes(&self, now: Timestamp) -> Vec<ScopeStatus> {
        if self.newest_poll.is_none_or(|newest| newest <= now) {
            return self.statuses.values().cloned().collect();
        }
        self.statuses_before(Some(now))
    }

    fn changes(&self, now: Timestamp, limit: usize) -> Vec<LevelChange> {
        let end = keys::from_time(Kind::Change, now.as_millisecond().saturating_add(1));
        let newest_first = self.engine.scan(&[Kind::Change.prefix()], &end).rev();
        let mut changes: Vec<LevelChange> =
            self.entries(newest_first).take(limit).filter_map(|(_, value)| decode(&value)).collect();
        changes.reverse();
        changes
    }

    fn extent(&self) -> Option<TimeSpan> {
        let stored = self.stored_extent();
        let head = self.head.extent().map(|(first, last)| (first, last.saturating_add(self.options.step.seconds())));
        let (first, last) = match (stored, head) {
            (Some(stored), Some(head)) => (stored.0.min(head.0), stored.1.max(head.1)),
            (one, other) => one.or(other)?,
        };
        Some(TimeSpan::new(Timestamp::from_second(first).ok()?, Timestamp::from_second(last).ok()?))
    }

    fn faults(&self) -> Vec<String> {
        self.faults.borrow().clone()
    }
}

impl Store {
    /// A profile's points: those of chunks, with the young ones over them.
    pub(super) fn points_of(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        if span.is_empty() {
            return Vec::new();
        }
        let mut points = BTreeMap::new();
        for &day in self.days_with_chunks.range(days_of(span)) {
            let chunk = self.chunk(profile, day);
            points.extend(
                chunk.into_iter().filter(|point| span.contains(point.at)).map(|point| (point.at, point.counts)),
            );
        }
        if points.is_empty() {
            return self.head.points(profile, span).collect();
        }
        for point in self.head.points(profile, span) {
            points.entry(point.at).or_insert(Counts::EMPTY).revise(&point.counts);
        }
        points.into_iter().map(|(at, counts)| Point { at, counts }).collect()
    }

    /// A profile's stored hourly sums of a day, by hour.
    pub(super) fn stored_hours(&self, profile: ProfileRef, day: i64) -> BTreeMap<u32, Counts> {
        let Some(stored) = self.value(&keys::hours(day, profile)) else { return BTreeMap::new() };
        row::decode(&stored).unwrap_or_else(|| {
            self.note("hourly sums of the history are damaged and were left out".into());
            BTreeMap::new()
        })
    }

    /// The hourly sums of a day that follow from points, for those hours that have young ones.
    pub(super) fn hours_of_points(&self, profile: ProfileRef, day: i64) -> BTreeMap<u32, Counts> {
        let young: BTreeSet<u32> =
            self.head.points(profile, day_span(day)).map(|point| hour_of_day(point.at.as_second())).collect();
        let mut hours = BTreeMap::new();
        if young.is_empty() {
            return hours;
        }
        for point in self.points(profile, day_span(day)) {
            let hour = hour_of_day(point.at.as_second());
            if young.contains(&hour) {
                hours.entry(hour).or_insert(Counts::EMPTY).add(&point.counts);
            }
        }
        hours
    }

    /// A profile's hourly sums of a day: the stored ones, with those of young points in their place.
    pub(super) fn day_hours(&self, profile: ProfileRef, day: i64) -> BTreeMap<u32, Counts> {
        let mut hours = self.stored_hours(profile, day);
        hours.extend(self.hours_of_points(profile, day));
        hours
    }

    /// A profile's points of a day that lie in a chunk.
    pub(super) fn chunk(&self, profile: ProfileRef, day: i64) -> Vec<Point> {
        self.day_parts(Kind::Chunk, profile, day)
    }

    /// A profile's day as its parts have it.
    pub(super) fn day_parts(&self, kind: Kind, profile: ProfileRef, day: i64) -> Vec<Point> {
        let (first, end) = (keys::part(kind, day, profile, 0), keys::part(kind, day, profile, u8::MAX));
        let mut points = Vec::new();
        for (_, value) in self.entries(self.engine.scan(&first, &end)) {
            match chunk::decode(day * DAY_SECONDS, &value) {
                Some(part) => points.extend(part),
                None => self.note("a day of a profile is damaged in the history and was left out".into()),
            }
        }
        points
    }

    /// What was known of each scope by an instant, or now.
    pub(super) fn statuses_before(&self, now: Option<Timestamp>) -> Vec<ScopeStatus> {
        let end = match now {
            Some(now) => keys::from_time(Kind::Status, now.as_millisecond().saturating_add(1)),
            None => vec![Kind::Status.prefix() + 1],
        };
        let mut found: BTreeMap<_, ScopeStatus> = BTreeMap::new();
        for (_, value) in self.entries(self.engine.scan(&[Kind::Status.prefix()], &end).rev()).take(STATUS_REACH) {
            if let Some(status) = decode::<ScopeStatus>(&value) {
                found.entry(status.scope.clone()).or_insert(status);
            }
        }
        found.into_values().collect()
    }

    /// The days of a span that may hold anything of a profile.
    fn days(&self, profile: ProfileRef, span: TimeSpan) -> BTreeSet<i64> {
        let range = days_of(span);
        let stored = self.days_with_chunks.union(&self.days_with_hours).copied();
        stored.chain(self.head.days_of(profile)).filter(|day| range.contains(day)).collect()
    }

    fn stored_extent(&self) -> Option<(i64, i64)> {
        let days = || self.days_with_hours.union(&self.days_with_chunks);
        let end = (days().max()? + 1) * DAY_SECONDS;
        let known_until = self.newest_poll.map_or(end, Timestamp::as_second);
        Some((days().min()? * DAY_SECONDS, end.min(known_until)))
    }
}

/// The UTC days that a span touches.
pub(super) fn days_of(span: TimeSpan) -> std::ops::Range<i64> {
    if span.is_empty() {
        return 0..0;
    }
    let last = span.end.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(span.end);
    day_of(span.start.as_second())..day_of(last.as_second()) + 1
}
