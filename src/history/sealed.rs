//! Days that are over: a chunk a profile. Points that come for such a day, late or fetched from the past, are merged
//! into its chunk at once and never touch the young points.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::domain::ids::ProfileRef;
use crate::domain::meter::Counts;
use crate::domain::usage::Point;
use crate::history::engine::Operation;
use crate::history::keys::{self, DAY_SECONDS, Kind, day_of};
use crate::history::store::{Store, hour_of_day};
use crate::history::{chunk, row};

/// How long after its end a day is sealed: points still change until then.
pub(super) const GRACE: SignedDuration = SignedDuration::from_hours(6);

impl Store {
    /// Points before this second belong to days that are sealed: over, and without young points.
    pub(super) fn sealed_before(&self) -> i64 {
        let over = self.newest_poll.and_then(|newest| newest.checked_sub(GRACE).ok());
        let over = over.map_or(i64::MIN, |over| day_of(over.as_second()).saturating_mul(DAY_SECONDS));
        let young = self.head.days().first().map_or(i64::MAX, |day| day.saturating_mul(DAY_SECONDS));
        over.min(young)
    }

    /// Merges points into the chunks of their days, and the hourly sums that follow.
    pub(super) fn take_sealed(&mut self, profile: ProfileRef, points: Vec<Point>) -> Vec<Operation> {
        let mut days: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
        for point in points {
            days.entry(day_of(point.at.as_second())).or_default().push(point);
        }
        let mut operations = Vec::new();
        for (day, new) in days {
            // Written anew even if nothing changes: the end of the program may have come between a chunk and its sums.
            let merged = merge(&self.chunk(profile, day), &new, self.options.step);
            let touched: BTreeSet<u32> = new.iter().map(|point| hour_of_day(point.at.as_second())).collect();
            let mut hours = self.stored_hours(profile, day);
            hours.retain(|hour, _| !touched.contains(hour));
            for point in &merged {
                let hour = hour_of_day(point.at.as_second());
                if touched.contains(&hour) {
                    hours.entry(hour).or_insert(Counts::EMPTY).add(&point.counts);
                }
            }
            operations.extend(self.put_day(profile, day, &merged, &hours));
            self.revised(profile);
        }
        operations
    }

    /// Writes a profile's day: its chunk, in the place of the one before, and the sums that follow from it.
    pub(super) fn put_day(
        &mut self,
        profile: ProfileRef,
        day: i64,
        points: &[Point],
        hours: &BTreeMap<u32, Counts>,
    ) -> Vec<Operation> {
        let mut operations = self.put_parts(Kind::Chunk, profile, day, chunk::encode(day * DAY_SECONDS, points));
        operations.extend(self.put_five_minutes(profile, day, points));
        operations.push(Operation::Put(keys::hours(day, profile), row::encode(hours)));
        self.days_with_chunks.insert(day);
        self.days_with_hours.insert(day);
        operations
    }
}

/// The points with the new ones in their place.
fn merge(before: &[Point], new: &[Point], step: crate::domain::time::Step) -> Vec<Point> {
    let mut merged: BTreeMap<_, Counts> = before.iter().map(|point| (point.at, point.counts)).collect();
    for point in new {
        merged.entry(step.floor(point.at)).or_insert(Counts::EMPTY).revise(&point.counts);
    }
    merged.into_iter().map(|(at, counts)| Point { at, counts }).collect()
}
