//! The young points in memory: all that is not yet in a day's chunk. Hours that hardly change any more are packed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::ids::ProfileRef;
use crate::domain::meter::Counts;
use crate::domain::time::{HOUR_SECONDS, TimeSpan};
use crate::domain::usage::Point;
use crate::history::codec::{put_counts, put_number, take_counts, take_number};
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

/// Points by profile and hour, both in seconds.
#[derive(Debug, Default)]
pub(super) struct Head {
    hours: BTreeMap<ProfileRef, BTreeMap<i64, Hour>>,
}

/// A profile's points of an hour, by their start in seconds.
#[derive(Debug)]
enum Hour {
    /// They still change.
    Open(BTreeMap<i64, Counts>),
    /// They hardly change any more: a fifth of the memory.
    Packed(Box<[u8]>),
}

impl Head {
    /// Takes a point; one that is there already is revised. Says what became of it.
    pub(super) fn revise(&mut self, profile: ProfileRef, at: i64, counts: &Counts) -> Revision {
        let stored = self.open(profile, at).entry(at).or_default();
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
        self.open(profile, at).insert(at, counts);
    }

    /// Packs the hours that end by an instant in seconds.
    pub(super) fn pack(&mut self, until: i64) {
        for hours in self.hours.values_mut() {
            for (&start, hour) in hours.range_mut(..=until - HOUR_SECONDS) {
                if let Hour::Open(points) = hour {
                    *hour = Hour::Packed(pack(start, points));
                }
            }
        }
    }

    /// A profile's points in the span, oldest first.
    pub(super) fn points(&self, profile: ProfileRef, span: TimeSpan) -> impl Iterator<Item = Point> + use<> {
        let range = ceiling(span.start)..ceiling(span.end);
        let mut points = Vec::new();
        let hours = self.hours.get(&profile).filter(|_| !range.is_empty());
        for (&start, hour) in hours.into_iter().flat_map(|hours| hours.range(hour_of(range.start)..range.end)) {
            let point = |at: i64, counts| Some(Point { at: Timestamp::from_second(at).ok()?, counts });
            match hour {
                Hour::Open(open) => {
                    points.extend(open.range(range.clone()).filter_map(|(&at, &counts)| point(at, counts)));
                }
                Hour::Packed(packed) => {
                    let inside = unpack(start, packed).into_iter().filter(|(at, _)| range.contains(at));
                    points.extend(inside.filter_map(|(at, counts)| point(at, counts)));
                }
            }
        }
        points.into_iter()
    }

    /// Whether a profile has any point in the span.
    pub(super) fn has_points(&self, profile: ProfileRef, span: TimeSpan) -> bool {
        self.points(profile, span).next().is_some()
    }

    /// The counts of all profiles of a shard at one instant, by the profiles' numbers.
    pub(super) fn row(&self, at: i64, shard: u32) -> BTreeMap<u32, Counts> {
        let first = shard * SHARD_PROFILES;
        let of_shard = self.hours.range(ProfileRef(first)..=ProfileRef(first + (SHARD_PROFILES - 1)));
        let counts = |hours: &BTreeMap<i64, Hour>| match hours.get(&hour_of(at))? {
            Hour::Open(open) => open.get(&at).copied(),
            Hour::Packed(packed) => {
                unpack(hour_of(at), packed).into_iter().find(|(start, _)| *start == at).map(|(_, counts)| counts)
            }
        };
        of_shard.filter_map(|(profile, hours)| Some((profile.0, counts(hours)?))).collect()
    }

    /// The profiles that have points of a day.
    pub(super) fn profiles_of_day(&self, day: i64) -> Vec<ProfileRef> {
        let range = day * DAY_SECONDS..(day + 1) * DAY_SECONDS;
        let has_some = |hours: &BTreeMap<i64, Hour>| hours.range(range.clone()).next().is_some();
        self.hours.iter().filter(|(_, hours)| has_some(hours)).map(|(&profile, _)| profile).collect()
    }

    /// The days from each profile's first point to its last, oldest first.
    pub(super) fn days(&self) -> BTreeSet<i64> {
        self.hours.keys().flat_map(|&profile| self.days_of(profile)).collect()
    }

    /// The days from a profile's first point to its last.
    pub(super) fn days_of(&self, profile: ProfileRef) -> impl Iterator<Item = i64> + use<> {
        let hours = self.hours.get(&profile);
        let extent = hours.and_then(|hours| hours.keys().next().copied().zip(hours.keys().next_back().copied()));
        extent.into_iter().flat_map(|(first, last)| day_of(first)..=day_of(last))
    }

    /// Forgets a day.
    pub(super) fn forget_day(&mut self, day: i64) {
        for hours in self.hours.values_mut() {
            hours.retain(|&hour, _| day_of(hour) != day);
        }
        self.hours.retain(|_, hours| !hours.is_empty());
    }

    /// The first and the last start of any point, in seconds.
    pub(super) fn extent(&self) -> Option<(i64, i64)> {
        let first = self.hours.values().filter_map(|hours| hours.first_key_value());
        let last = self.hours.values().filter_map(|hours| hours.last_key_value());
        let first = first.filter_map(|(&start, hour)| hour.points(start).next()).min()?;
        let last = last.filter_map(|(&start, hour)| hour.points(start).last()).max()?;
        Some((first, last))
    }

    /// The points of the hour of an instant, to be changed.
    fn open(&mut self, profile: ProfileRef, at: i64) -> &mut BTreeMap<i64, Counts> {
        let start = hour_of(at);
        let hours = self.hours.entry(profile).or_default();
        let hour = hours.entry(start).or_insert_with(|| Hour::Open(BTreeMap::new()));
        loop {
            match hour {
                Hour::Open(points) => return points,
                Hour::Packed(packed) => *hour = Hour::Open(unpack(start, packed).into_iter().collect()),
            }
        }
    }
}

impl Hour {
    /// The starts of its points.
    fn points(&self, start: i64) -> impl Iterator<Item = i64> {
        let (open, packed) = match self {
            Self::Open(open) => (Some(open.keys().copied()), Vec::new()),
            Self::Packed(packed) => (None, unpack(start, packed)),
        };
        open.into_iter().flatten().chain(packed.into_iter().map(|(at, _)| at))
    }
}

/// Seconds into the hour and counts, one point after another.
fn pack(start: i64, points: &BTreeMap<i64, Counts>) -> Box<[u8]> {
    let mut bytes = Vec::new();
    for (&at, counts) in points {
        put_number(&mut bytes, (at - start).unsigned_abs());
        put_counts(&mut bytes, counts);
    }
    bytes.into_boxed_slice()
}

/// What [`pack`] made: it never leaves this process, so that nothing in it can be damaged.
fn unpack(start: i64, mut bytes: &[u8]) -> Vec<(i64, Counts)> {
    let mut points = Vec::new();
    while let Some(offset) = take_number(&mut bytes) {
        let Some(counts) = take_counts(&mut bytes) else { break };
        points.push((start.saturating_add_unsigned(offset), counts));
    }
    points
}

/// The start of the hour of an instant.
fn hour_of(at: i64) -> i64 {
    at.div_euclid(HOUR_SECONDS) * HOUR_SECONDS
}

/// The first whole second at or after an instant.
fn ceiling(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::codec::tests::any_counts;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn packing_changes_nothing(
            points in prop::collection::btree_map(0..20_000_i64, any_counts(), 1..60),
            until in 0..20_000_i64,
            from in 0..20_000_i64,
            length in 0..20_000_i64,
        ) {
            let (mut open, mut packed) = (Head::default(), Head::default());
            for (&at, counts) in &points {
                open.load(ProfileRef(1), at, *counts);
                packed.load(ProfileRef(1), at, *counts);
            }
            packed.pack(until);
            let second = |second| Timestamp::from_second(second).expect("a valid time");
            let span = TimeSpan::new(second(from), second(from + length));
            let read = |head: &Head| head.points(ProfileRef(1), span).collect::<Vec<_>>();
            prop_assert_eq!(read(&open), read(&packed));
            prop_assert_eq!(open.extent(), packed.extent());
            let (&at, counts) = points.iter().next().expect("some");
            prop_assert_eq!(open.row(at, 0), packed.row(at, 0));
            prop_assert_eq!(packed.revise(ProfileRef(1), at, counts), Revision::Same);
            prop_assert_eq!(read(&open), read(&packed));
        }
    }
}
