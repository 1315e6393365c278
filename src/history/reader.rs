//! The store read as a [`History`]: chunks and rows of hours, overlaid with the young points.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::event::LevelChange;
use crate::domain::health::ScopeStatus;
use crate::domain::history::History;
use crate::domain::ids::ProfileRef;
use crate::domain::meter::Meter;
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::Point;
use crate::history::chunk;
use crate::history::keys::{self, Kind};
use crate::history::store::{Store, decode};
use crate::history::tier::{self, Tier};

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
        let stored = self.stored_in(Tier::FIVE_MINUTES, profile, span);
        let mut young = Vec::new();
        for day in self.young_days(profile, span) {
            let points = self.points_of(profile, Tier::POINTS.span(day));
            young.extend(tier::sums(&points, Step::FIVE_MINUTES).into_iter().filter(|sum| span.contains(sum.at)));
        }
        tier::over(stored, young)
    }

    fn hours(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        let stored = self.stored_in(Tier::HOURS, profile, span);
        let mut young = Vec::new();
        for day in self.young_days(profile, span) {
            let of_day = Tier::POINTS.span(day);
            // Where a chunk lies below young points, both make the sum.
            let sums = if self.has_chunks(day) {
                tier::sums(&self.points_of(profile, of_day), Step::HOUR)
            } else {
                self.head.hour_sums(profile, of_day)
            };
            young.extend(sums.into_iter().filter(|sum| span.contains(sum.at)));
        }
        tier::over(stored, young)
    }

    fn series(&self, profile: ProfileRef, meter: Meter, span: TimeSpan) -> Vec<(Timestamp, u64)> {
        let stored = self.stored_meter(Tier::POINTS, profile, meter, span);
        let young = self.head.points(profile, span).filter_map(|point| Some((point.at, point.counts.get(meter)?)));
        let young: Vec<_> = young.collect();
        if stored.last().map(|(at, _)| at) < young.first().map(|(at, _)| at) || young.is_empty() {
            return [stored, young].concat();
        }
        stored.into_iter().chain(young).collect::<BTreeMap<_, _>>().into_iter().collect()
    }

    fn revision(&self, profile: ProfileRef) -> u64 {
        self.revisions.get(profile.0 as usize).copied().unwrap_or(0)
    }

    fn touched(&self, profile: ProfileRef, mark: u64) -> (u64, Option<Timestamp>) {
        self.touched.get(profile.0 as usize).map_or((0, None), |touched| touched.since(mark))
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
        let stored = self.stored_in(Tier::POINTS, profile, span);
        let young: Vec<Point> = self.head.points(profile, span).collect();
        if stored.is_empty() {
            return young;
        }
        tier::revised(stored, young)
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

    /// The days of a span of which a profile may have young points.
    fn young_days(&self, profile: ProfileRef, span: TimeSpan) -> impl Iterator<Item = i64> + use<> {
        let days = Tier::POINTS.buckets(span);
        self.head.days_of(profile).filter(move |day| days.contains(day))
    }

    /// The first hour of any profile in the first bucket. All that lies in it is looked at once, and then it is known.
    fn oldest_hour(&self, bucket: i64) -> Option<i64> {
        if let Some((_, oldest)) = self.oldest_hour.get().filter(|(of, _)| *of == bucket) {
            return Some(oldest);
        }
        let start = Tier::HOURS.start(bucket);
        let (from, to) = (keys::from_time(Kind::Hours, bucket), keys::from_time(Kind::Hours, bucket + 1));
        let starts = self.entries(self.engine.scan(&from, &to)).filter_map(|(_, value)| chunk::first(start, &value));
        let oldest = starts.min()?.as_second();
        self.oldest_hour.set(Some((bucket, oldest)));
        Some(oldest)
    }

    fn has_chunks(&self, day: i64) -> bool {
        self.buckets.get(&Kind::Chunk).is_some_and(|days| days.contains(&day))
    }

    /// From the first hour that is stored of any profile to the end of the last day.
    fn stored_extent(&self) -> Option<(i64, i64)> {
        let first = self.oldest_hour(*self.buckets.get(&Kind::Hours)?.first()?)?;
        let last = |tier: Tier| self.buckets.get(&tier.kind)?.last().map(|last| tier.start(last + 1));
        let last = last(Tier::POINTS).or(last(Tier::HOURS))?;
        Some((first, last.min(self.newest_poll.map_or(last, Timestamp::as_second)).max(first)))
    }
}
