//! Sums of five minutes: what is kept of points that are too old to be kept themselves, and what is fetched of the past
//! that CloudWatch no longer has in minutes. They are written when a day is sealed, so that nothing is left to do when
//! its points go.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::ids::ProfileRef;
use crate::domain::meter::Counts;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::{Point, ProfileUsage};
use crate::history::chunk;
use crate::history::engine::Operation;
use crate::history::keys::{self, DAY_SECONDS, Kind, day_of};
use crate::history::reader::days_of;
use crate::history::store::{Store, day_span};

/// Counts by start of the five minutes.
type Sums = BTreeMap<Timestamp, Counts>;

impl Store {
    /// Takes sums that were fetched; sums of points that are stored win over them.
    pub(super) fn take_five_minutes(&mut self, usage: &[ProfileUsage]) -> Vec<Operation> {
        let mut operations = Vec::new();
        for ProfileUsage { profile, points } in usage {
            let number = self.number_of(profile);
            let mut days: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
            for point in points {
                days.entry(day_of(point.at.as_second())).or_default().push(*point);
            }
            for (day, new) in days {
                let mut sums = self.stored_five_minutes(number, day);
                sums.extend(sums_of(new.into_iter()));
                sums.extend(sums_of(self.points_of(number, day_span(day)).into_iter()));
                operations.extend(self.put_sums(number, day, &sums));
            }
        }
        operations
    }

    /// Writes the sums that follow from the points of a day.
    pub(super) fn put_five_minutes(&mut self, profile: ProfileRef, day: i64, points: &[Point]) -> Vec<Operation> {
        if self.options.step >= Step::FIVE_MINUTES {
            return Vec::new();
        }
        let mut sums = self.stored_five_minutes(profile, day);
        sums.extend(sums_of(points.iter().copied()));
        self.put_sums(profile, day, &sums)
    }

    /// The sums in the span, oldest first: stored ones, with those of young points in their place.
    pub(super) fn five_minutes_of(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        let mut sums = Sums::new();
        let stored = self.days_with_five_minutes.range(days_of(span)).copied();
        let days: BTreeSet<i64> = stored.chain(self.head.days_of(profile)).collect();
        for day in days {
            sums.extend(self.stored_five_minutes(profile, day));
            let young: BTreeSet<Timestamp> =
                self.head.points(profile, day_span(day)).map(|point| Step::FIVE_MINUTES.floor(point.at)).collect();
            if !young.is_empty() {
                let of_points = sums_of(self.points_of(profile, day_span(day)).into_iter());
                sums.extend(of_points.into_iter().filter(|(at, _)| young.contains(at)));
            }
        }
        let inside = sums.into_iter().filter(|(at, _)| span.contains(*at));
        inside.map(|(at, counts)| Point { at, counts }).collect()
    }

    fn stored_five_minutes(&self, profile: ProfileRef, day: i64) -> Sums {
        let points = self.day_parts(Kind::FiveMinutes, profile, day);
        points.into_iter().map(|point| (point.at, point.counts)).collect()
    }

    fn put_sums(&mut self, profile: ProfileRef, day: i64, sums: &Sums) -> Vec<Operation> {
        self.days_with_five_minutes.insert(day);
        let points: Vec<Point> = sums.iter().map(|(&at, &counts)| Point { at, counts }).collect();
        self.put_parts(Kind::FiveMinutes, profile, day, chunk::encode(day * DAY_SECONDS, &points))
    }

    /// Puts the parts of a profile's day in the place of those before.
    pub(super) fn put_parts(&self, kind: Kind, profile: ProfileRef, day: i64, parts: Vec<Vec<u8>>) -> Vec<Operation> {
        let (first, end) = (keys::part(kind, day, profile, 0), keys::part(kind, day, profile, u8::MAX));
        let old = self.entries(self.engine.scan(&first, &end));
        let mut operations: Vec<Operation> = old.skip(parts.len()).map(|(key, _)| Operation::Remove(key)).collect();
        let put = |(part, value)| Operation::Put(keys::part(kind, day, profile, part), value);
        operations.extend((0..).zip(parts).map(put));
        operations
    }
}

fn sums_of(points: impl Iterator<Item = Point>) -> Sums {
    let mut sums = Sums::new();
    for point in points {
        sums.entry(Step::FIVE_MINUTES.floor(point.at)).or_insert(Counts::EMPTY).add(&point.counts);
    }
    sums
}
