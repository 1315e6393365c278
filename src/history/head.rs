//! The young points in memory: all that is not yet in a day's chunk. Hours that hardly change any more are packed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;

use crate::domain::ids::ProfileRef;
use crate::domain::meter::Counts;
use crate::domain::time::{HOUR_SECONDS, TimeSpan};
use crate::domain::usage::Point;
use crate::history::block;
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

/// A profile's points of an hour, by seconds since it began.
#[derive(Debug)]
enum Hour {
    /// They still change.
    Open(Vec<(u32, Counts)>),
    /// They hardly change any more: a small part of the memory.
    Packed(Box<[u8]>),
}

impl Head {
    /// Takes a point; one that is there already is revised. Says what became of it.
    pub(super) fn revise(&mut self, profile: ProfileRef, at: i64, counts: &Counts) -> Revision {
        let stored = self.place(profile, at);
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
        *self.place(profile, at) = counts;
    }

    /// Takes an hour as it was packed.
    pub(super) fn load_packed(&mut self, profile: ProfileRef, hour: i64, packed: &[u8]) {
        self.hours.entry(profile).or_default().insert(hour, Hour::Packed(packed.into()));
    }

    /// Packs the hours that end by an instant in seconds.
    pub(super) fn pack(&mut self, until: i64) {
        for hours in self.hours.values_mut() {
            for hour in hours.range_mut(..=until - HOUR_SECONDS).map(|(_, hour)| hour) {
                if let Hour::Open(points) = hour {
                    *hour = Hour::Packed(block::pack(points));
                }
            }
        }
    }

    /// A profile's points in the span, oldest first.
    pub(super) fn points(&self, profile: ProfileRef, span: TimeSpan) -> impl Iterator<Item = Point> + use<> {
        let range = ceiling(span.start)..ceiling(span.end);
        let mut points = Vec::new();
        for (start, hour) in self.hours_of(profile, &range) {
            let instant = |offset: u32| start.saturating_add(i64::from(offset));
            let point = |&(offset, counts): &(u32, Counts)| {
                let at = Some(instant(offset)).filter(|at| range.contains(at))?;
                Some(Point { at: Timestamp::from_second(at).ok()?, counts })
            };
            points.extend(hour.points().iter().filter_map(point));
        }
        points.into_iter()
    }

    /// A profile's sums of the hours that begin in the span, oldest first.
    pub(super) fn hour_sums(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        let range = ceiling(span.start)..ceiling(span.end);
        let inside = self.hours_of(profile, &range).filter(|(start, _)| range.contains(start));
        inside
            .filter_map(|(start, hour)| Some(Point { at: Timestamp::from_second(start).ok()?, counts: hour.sum() }))
            .collect()
    }

    /// Whether a profile has any point in the span.
    pub(super) fn has_points(&self, profile: ProfileRef, span: TimeSpan) -> bool {
        let range = ceiling(span.start)..ceiling(span.end);
        let mut hours = self.hours_of(profile, &range);
        hours.any(|(start, hour)| hour.times().any(|offset| range.contains(&(start + i64::from(offset)))))
    }

    /// The counts of all profiles of a shard at one instant, by the profiles' numbers.
    pub(super) fn row(&self, at: i64, shard: u32) -> Vec<(u32, Counts)> {
        let start = hour_of(at);
        let offset = offset(at);
        let counts = |hours: &BTreeMap<i64, Hour>| {
            let points = hours.get(&start)?.points();
            let place = points.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
            Some(points[place].1)
        };
        self.of_shard(shard).filter_map(|(profile, hours)| Some((profile.0, counts(hours)?))).collect()
    }

    /// The packed hours of all profiles of a shard, by the profiles' numbers.
    pub(super) fn packed(&self, hour: i64, shard: u32) -> Vec<(u32, Box<[u8]>)> {
        let packed = |hours: &BTreeMap<i64, Hour>| match hours.get(&hour)? {
            Hour::Open(points) => Some(block::pack(points)),
            Hour::Packed(packed) => Some(packed.clone()),
        };
        self.of_shard(shard).filter_map(|(profile, hours)| Some((profile.0, packed(hours)?))).collect()
    }

    /// The profiles that have points of a day.
    pub(super) fn profiles_of_day(&self, day: i64) -> Vec<ProfileRef> {
        let range = day * DAY_SECONDS..(day + 1) * DAY_SECONDS;
        let has_some = |hours: &BTreeMap<i64, Hour>| hours.range(range.clone()).next().is_some();
        self.hours.iter().filter(|(_, hours)| has_some(hours)).map(|(&profile, _)| profile).collect()
    }

    /// The oldest day that has points.
    pub(super) fn oldest_day(&self) -> Option<i64> {
        self.hours.values().filter_map(|hours| hours.keys().next()).min().map(|&hour| day_of(hour))
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
        let first = self.hours.values().filter_map(BTreeMap::first_key_value);
        let last = self.hours.values().filter_map(BTreeMap::last_key_value);
        // Only the hours at the ends are looked into.
        let (start, end) =
            (first.clone().map(|(&start, _)| start).min()?, last.clone().map(|(&start, _)| start).max()?);
        let first = first.filter(|(at, _)| **at == start).filter_map(|(_, hour)| hour.times().next()).min()?;
        let last = last.filter(|(at, _)| **at == end).filter_map(|(_, hour)| hour.times().last()).max()?;
        Some((start + i64::from(first), end + i64::from(last)))
    }

    /// A profile's hours that touch a range of seconds.
    fn hours_of(&self, profile: ProfileRef, range: &Range<i64>) -> impl Iterator<Item = (i64, &Hour)> {
        let hours = self.hours.get(&profile).filter(|_| !range.is_empty());
        let touched = hour_of(range.start)..range.end;
        hours.into_iter().flat_map(move |hours| hours.range(touched.clone())).map(|(&start, hour)| (start, hour))
    }

    fn of_shard(&self, shard: u32) -> impl Iterator<Item = (&ProfileRef, &BTreeMap<i64, Hour>)> {
        let first = shard.saturating_mul(SHARD_PROFILES);
        self.hours.range(ProfileRef(first)..=ProfileRef(first.saturating_add(SHARD_PROFILES - 1)))
    }

    /// The counts of an instant, to be changed; made where there are none.
    fn place(&mut self, profile: ProfileRef, at: i64) -> &mut Counts {
        let hours = self.hours.entry(profile).or_default();
        let hour = hours.entry(hour_of(at)).or_insert_with(|| Hour::Open(Vec::new()));
        let points = hour.open();
        let offset = offset(at);
        // Nearly always it is a new one at the end.
        let place = match points.last() {
            Some((last, _)) if *last < offset => Err(points.len()),
            _ => points.binary_search_by_key(&offset, |(offset, _)| *offset),
        };
        let place = place.unwrap_or_else(|free| {
            points.insert(free, (offset, Counts::EMPTY));
            free
        });
        &mut points[place].1
    }
}

impl Hour {
    /// Its points. What [`block::pack`] made was checked when it was read, so that nothing in it can be damaged.
    fn points(&self) -> Cow<'_, [(u32, Counts)]> {
        match self {
            Self::Open(points) => Cow::Borrowed(points),
            Self::Packed(packed) => Cow::Owned(block::unpack(packed).unwrap_or_default()),
        }
    }

    /// When it has points.
    fn times(&self) -> impl Iterator<Item = u32> {
        let (open, packed) = match self {
            Self::Open(points) => (points.as_slice(), Vec::new()),
            Self::Packed(packed) => (&[][..], block::unpack_times(packed).unwrap_or_default()),
        };
        open.iter().map(|(offset, _)| *offset).chain(packed)
    }

    fn sum(&self) -> Counts {
        match self {
            Self::Open(points) => points.iter().fold(Counts::EMPTY, |mut sum, (_, counts)| {
                sum.add(counts);
                sum
            }),
            Self::Packed(packed) => block::sum(packed).unwrap_or_default(),
        }
    }

    /// Its points, to be changed.
    fn open(&mut self) -> &mut Vec<(u32, Counts)> {
        loop {
            match self {
                Self::Open(points) => return points,
                Self::Packed(packed) => *self = Self::Open(block::unpack(packed).unwrap_or_default()),
            }
        }
    }
}

/// The start of the hour of an instant.
pub(super) fn hour_of(at: i64) -> i64 {
    at.div_euclid(HOUR_SECONDS) * HOUR_SECONDS
}

/// Seconds since the hour of an instant began.
fn offset(at: i64) -> u32 {
    u32::try_from(at.rem_euclid(HOUR_SECONDS)).unwrap_or(0)
}

/// The first whole second at or after an instant.
pub(super) fn ceiling(at: Timestamp) -> i64 {
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
            prop_assert_eq!(open.hour_sums(ProfileRef(1), span), packed.hour_sums(ProfileRef(1), span));
            prop_assert_eq!(open.has_points(ProfileRef(1), span), !read(&packed).is_empty());
            for (hour, profiles) in [0, 3600].map(|hour| (hour, open.packed(hour, 0))) {
                packed.pack(hour + 3600);
                prop_assert_eq!(profiles, packed.packed(hour, 0));
            }
            prop_assert_eq!(packed.revise(ProfileRef(1), at, counts), Revision::Same);
            prop_assert_eq!(read(&open), read(&packed));
        }
    }
}
