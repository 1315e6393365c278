//! The young points in memory: all that is not yet in a day's chunk, and late points of days that are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::ids::ProfileRef;
use crate::domain::meter::Counts;
use crate::domain::time::TimeSpan;
use crate::domain::usage::Point;
use crate::history::keys::{DAY_SECONDS, day_of};
use crate::history::row::SHARD_PROFILES;

/// What became of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revision {
    /// It was there, just so.
    Same,
    /// It was not there.
    New,
    /// It was there, with fewer meters.
    More,
    /// It was there with another value.
    Revised,
}

/// Points by profile and start in seconds.
#[derive(Debug, Default)]
pub(super) struct Head {
    points: BTreeMap<ProfileRef, BTreeMap<i64, Counts>>,
}

impl Head {
    /// Takes a point; one that is there already is revised. Says what became of it.
    pub(super) fn revise(&mut self, profile: ProfileRef, at: i64, counts: &Counts) -> Revision {
        let stored = self.points.entry(profile).or_default().entry(at).or_default();
        let before = *stored;
        stored.revise(counts);
        match before {
            before if *stored == before => Revision::Same,
            before if before.is_empty() => Revision::New,
            before if before.meters().iter().all(|meter| before.get(meter) == stored.get(meter)) => Revision::More,
            _ => Revision::Revised,
        }
    }

    /// Takes a point as it was stored.
    pub(super) fn load(&mut self, profile: ProfileRef, at: i64, counts: Counts) {
        self.points.entry(profile).or_default().insert(at, counts);
    }

    /// A profile's points in the span, oldest first.
    pub(super) fn points(&self, profile: ProfileRef, span: TimeSpan) -> impl Iterator<Item = Point> + '_ {
        let range = ceiling(span.start)..ceiling(span.end);
        let points = self.points.get(&profile).into_iter().flat_map(move |points| points.range(range.clone()));
        points.filter_map(|(&at, &counts)| Some(Point { at: Timestamp::from_second(at).ok()?, counts }))
    }

    /// Whether a profile has any point in the span.
    pub(super) fn has_points(&self, profile: ProfileRef, span: TimeSpan) -> bool {
        self.points(profile, span).next().is_some()
    }

    /// The counts of all profiles of a shard at one instant, by the profiles' numbers.
    pub(super) fn row(&self, at: i64, shard: u32) -> BTreeMap<u32, Counts> {
        let first = shard * SHARD_PROFILES;
        let of_shard = self.points.range(ProfileRef(first)..=ProfileRef(first + (SHARD_PROFILES - 1)));
        of_shard.filter_map(|(profile, points)| Some((profile.0, *points.get(&at)?))).collect()
    }

    /// The profiles that have points of a day.
    pub(super) fn profiles_of_day(&self, day: i64) -> Vec<ProfileRef> {
        let range = day * DAY_SECONDS..(day + 1) * DAY_SECONDS;
        let has_some = |points: &BTreeMap<i64, Counts>| points.range(range.clone()).next().is_some();
        self.points.iter().filter(|(_, points)| has_some(points)).map(|(&profile, _)| profile).collect()
    }

    /// The days from each profile's first point to its last, oldest first.
    pub(super) fn days(&self) -> BTreeSet<i64> {
        self.points.keys().flat_map(|&profile| self.days_of(profile)).collect()
    }

    /// The days from a profile's first point to its last.
    pub(super) fn days_of(&self, profile: ProfileRef) -> impl Iterator<Item = i64> + use<> {
        let points = self.points.get(&profile);
        let extent = points.and_then(|points| points.keys().next().copied().zip(points.keys().next_back().copied()));
        extent.into_iter().flat_map(|(first, last)| day_of(first)..=day_of(last))
    }

    /// Forgets a day.
    pub(super) fn forget_day(&mut self, day: i64) {
        for points in self.points.values_mut() {
            points.retain(|&at, _| day_of(at) != day);
        }
        self.points.retain(|_, points| !points.is_empty());
    }

    /// The first and the last start of any point, in seconds.
    pub(super) fn extent(&self) -> Option<(i64, i64)> {
        let first = self.points.values().filter_map(|points| points.keys().next()).min()?;
        let last = self.points.values().filter_map(|points| points.keys().next_back()).max()?;
        Some((*first, *last))
    }
}

/// The first whole second at or after an instant.
fn ceiling(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}
