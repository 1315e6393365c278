//! What a batch brings, taken in: profiles, young points to the head, older ones to their days, sums to their tiers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::{ProfileKey, ProfileRef};
use crate::domain::profile::Profile;
use crate::domain::space::Edit;
use crate::domain::time::Step;
use crate::domain::usage::{Point, ProfileUsage};
use crate::history::engine::Operation;
use crate::history::error::StoreError;
use crate::history::head::{Revision, hour_of};
use crate::history::keys::{self, DAY_SECONDS, day_of};
use crate::history::lag::{self, Changed};
use crate::history::row::{self, SHARD_PROFILES};
use crate::history::store::{PROFILES, Store};
use crate::history::tier::{self, Tier};

/// Changes of points older than this before the newest poll count as revisions of what was summed up.
const MUTABLE_HEAD: SignedDuration = SignedDuration::from_hours(6);
/// How long after its end a day is sealed: points still change until then.
pub(super) const GRACE: SignedDuration = SignedDuration::from_hours(6);

impl Store {
    /// Takes what is new of profiles.
    pub(super) fn take_profiles(&mut self, profiles: &[Profile]) {
        for profile in profiles {
            match self.refs.get(&profile.key).copied() {
                Some(known) => {
                    let versions = &mut self.profiles[known.0 as usize];
                    if !versions.last().is_some_and(|newest| newest.same_facts(profile)) {
                        versions.push(profile.clone());
                        self.unwritten.profiles.insert(known);
                    }
                }
                None => {
                    self.add_profile(profile.clone());
                }
            }
        }
    }

    /// Takes points; those of days that are sealed are written to their chunks, the others go to the head.
    pub(super) fn take_points(&mut self, usage: &[ProfileUsage], polled: Timestamp) -> Result<Changed, StoreError> {
        let mut changed = Changed::default();
        let summed_up_to = self.newest_poll.and_then(|newest| newest.checked_sub(MUTABLE_HEAD).ok());
        let sealed_up_to = self.sealed_before();
        for ProfileUsage { profile, points } in usage {
            let number = self.number_of(profile);
            let is_followed = self.head.has_points(number, lag::followed_span(polled));
            let mut earliest = points.iter().map(|point| point.at).filter(|at| at.as_second() < sealed_up_to).min();
            let (sealed, young): (Vec<Point>, Vec<Point>) =
                points.iter().partition(|point| point.at.as_second() < sealed_up_to);
            for point in young {
                let at = self.options.step.floor(point.at);
                let revision = self.head.revise(number, at.as_second(), &point.counts);
                let end = at.saturating_add(self.options.step.duration());
                changed.note(revision, polled, end.ok().filter(|_| is_followed));
                if revision == Revision::Same {
                    continue;
                }
                earliest = Some(earliest.map_or(at, |known| known.min(at)));
                self.sealed.remove(&(day_of(at.as_second()), number));
                self.unwritten.rows.insert((at.as_second(), number.0 / SHARD_PROFILES));
                if Some(at) < summed_up_to {
                    self.revised(number);
                }
            }
            if let (Some(touched), Some(at)) = (self.touched.get_mut(number.0 as usize), earliest) {
                touched.note(at);
            }
            self.take_sealed(number, sealed)?;
        }
        Ok(changed)
    }

    /// Points before this second belong to days that are sealed: over, and without young points.
    fn sealed_before(&self) -> i64 {
        let over = self.newest_poll.and_then(|newest| newest.checked_sub(GRACE).ok());
        let over = over.map_or(i64::MIN, |over| day_of(over.as_second()).saturating_mul(DAY_SECONDS));
        let young = self.head.oldest_day().map_or(i64::MAX, |day| day.saturating_mul(DAY_SECONDS));
        over.min(young)
    }

    /// Merges points into the chunks of their days, and into the sums that follow. Written anew even if nothing
    /// changes: the end of the program may have come between them.
    fn take_sealed(&mut self, profile: ProfileRef, points: Vec<Point>) -> Result<(), StoreError> {
        let mut days: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
        for point in points {
            let at = self.options.step.floor(point.at);
            days.entry(day_of(at.as_second())).or_default().push(Point { at, ..point });
        }
        if days.is_empty() {
            return Ok(());
        }
        let merged =
            days.into_iter().map(|(day, new)| (day, tier::revised(self.stored(Tier::POINTS, profile, day), new)));
        let merged: Vec<_> = merged.collect();
        let operations = self.put_days(profile, &merged);
        self.revised(profile);
        self.engine.write(operations)
    }

    /// Writes days of a profile: chunks, in the place of those before, and the sums that follow from them.
    pub(super) fn put_days(&mut self, profile: ProfileRef, days: &[(i64, Vec<Point>)]) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (day, points) in days {
            operations.extend(self.put(Tier::POINTS, profile, *day, points));
        }
        let points: Vec<Point> = days.iter().flat_map(|(_, points)| points).copied().collect();
        if self.options.step < Step::FIVE_MINUTES {
            operations.extend(self.put_sums(Tier::FIVE_MINUTES, profile, &tier::sums(&points, Step::FIVE_MINUTES)));
        }
        operations.extend(self.put_sums(Tier::HOURS, profile, &tier::sums(&points, Step::HOUR)));
        operations
    }

    /// Takes sums that were fetched as such; sums of points that are stored win over what is told of their span.
    pub(super) fn take_sums(&mut self, tier: Tier, width: Step, usage: &[ProfileUsage]) -> Result<(), StoreError> {
        for ProfileUsage { profile, points } in usage {
            let number = self.number_of(profile);
            let days: BTreeSet<i64> = points.iter().map(|point| day_of(point.at.as_second())).collect();
            let own = days.into_iter().flat_map(|day| self.points_of(number, Tier::POINTS.span(day)));
            let own = tier::sums(&own.collect::<Vec<_>>(), width);
            let operations = self.put_sums(tier, number, &tier::over(tier::sums(points, width), own));
            self.engine.write(operations)?;
            if tier == Tier::HOURS {
                self.revised(number);
            }
        }
        Ok(())
    }

    /// Writes what is in memory and not yet on the disk.
    pub(super) fn put_unwritten(&mut self) -> Vec<Operation> {
        let version = |&profile: &ProfileRef| {
            let versions = serde_json::to_vec(&self.profiles[profile.0 as usize]).unwrap_or_default();
            Edit::put(PROFILES, profile.0.to_be_bytes(), versions)
        };
        let profiles = self.unwritten.profiles.iter().map(version).collect();
        let row =
            |&(at, shard): &(i64, u32)| Operation::Put(keys::row(at, shard), row::encode(&self.head.row(at, shard)));
        let mut operations = self.operations_of(profiles);
        operations.extend(self.unwritten.rows.iter().map(row));
        self.hours_with_rows.extend(self.unwritten.rows.iter().map(|&(at, _)| hour_of(at)));
        operations
    }

    fn add_profile(&mut self, profile: Profile) -> ProfileRef {
        let number = ProfileRef(u32::try_from(self.profiles.len()).unwrap_or(u32::MAX));
        self.insert_profile(number, vec![profile]);
        self.unwritten.profiles.insert(number);
        number
    }

    /// The number of a profile; usage of one that was never described is kept under its bare id.
    fn number_of(&mut self, key: &ProfileKey) -> ProfileRef {
        let known = self.refs.get(key).copied();
        known.unwrap_or_else(|| self.add_profile(Profile::bare(key.clone(), Timestamp::UNIX_EPOCH)))
    }
}
