//! Upkeep between polls, in slices that never hold up a poll for long: sealing days that are over, and
//! removing what is older than the retention.

use jiff::{SignedDuration, Timestamp};

use crate::domain::history::History;
use crate::domain::ids::ProfileRef;
use crate::history::engine::Operation;
use crate::history::error::StoreError;
use crate::history::keys::{self, DAY_SECONDS, Kind, day_of};
use crate::history::sealed::GRACE;
use crate::history::store::{Store, day_span};

/// How long after its end an hour of young points is packed.
const PACKED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// How many profiles are sealed, and how many rows of a kind removed, in one slice.
const SLICE: usize = 100;

impl Store {
    /// One slice of upkeep as of `now`; to be called once a step.
    ///
    /// # Errors
    /// When the engine refuses; the next call takes it up again.
    pub fn maintain(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.head.pack(now.saturating_sub(PACKED_AFTER).unwrap_or(Timestamp::MIN).as_second());
        self.seal(now)?;
        self.retire(now)
    }

    /// Writes the chunks of the oldest day that is over; its rows go when all its chunks are there. A crash in
    /// between leaves both, and reads overlay them.
    fn seal(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let is_over = |day: &i64| day_span(*day).end.saturating_add(GRACE).is_ok_and(|end| end <= now);
        let Some(day) = self.head.days().into_iter().find(is_over) else { return Ok(()) };
        let done = self.sealed_up_to.filter(|(of_day, _)| *of_day == day).map(|(_, profile)| profile);
        let left = self.head.profiles_of_day(day).into_iter().filter(|profile| Some(*profile) > done);
        let slice: Vec<ProfileRef> = left.take(SLICE).collect();
        for &profile in &slice {
            self.seal_profile(profile, day)?;
        }
        self.sealed_up_to = slice.last().map(|&profile| (day, profile));
        if slice.len() == SLICE {
            return Ok(());
        }
        let rows = self.entries(self.engine.scan(
            &keys::from_time(Kind::Row, day * DAY_SECONDS),
            &keys::from_time(Kind::Row, (day + 1) * DAY_SECONDS),
        ));
        let removals = rows.map(|(key, _)| Operation::Remove(key)).collect();
        self.engine.sync()?;
        self.engine.write(removals)?;
        self.head.forget_day(day);
        self.sealed_up_to = None;
        Ok(())
    }

    fn seal_profile(&mut self, profile: ProfileRef, day: i64) -> Result<(), StoreError> {
        let hours = self.day_hours(profile, day);
        let points = self.points(profile, day_span(day));
        let operations = self.put_day(profile, day, &points, &hours);
        self.engine.write(operations)
    }

    fn retire(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let retention = self.options.retention;
        if let Ok(oldest) = now.checked_sub(retention.points) {
            let day = day_of(oldest.as_second());
            self.remove_before(Kind::Chunk, day)?;
            self.remove_before(Kind::Status, oldest.as_millisecond())?;
            self.days_with_chunks = self.days_with_chunks.split_off(&day);
        }
        if let Ok(oldest) = now.checked_sub(retention.five_minutes) {
            let day = day_of(oldest.as_second());
            self.remove_before(Kind::FiveMinutes, day)?;
            self.days_with_five_minutes = self.days_with_five_minutes.split_off(&day);
        }
        if let Ok(oldest) = now.checked_sub(retention.hours) {
            let day = day_of(oldest.as_second());
            self.remove_before(Kind::Hours, day)?;
            self.remove_before(Kind::Change, oldest.as_millisecond())?;
            self.days_with_hours = self.days_with_hours.split_off(&day);
        }
        Ok(())
    }

    fn remove_before(&self, kind: Kind, time: i64) -> Result<(), StoreError> {
        let old = self.entries(self.engine.scan(&[kind.prefix()], &keys::from_time(kind, time)));
        self.engine.write(old.take(SLICE).map(|(key, _)| Operation::Remove(key)).collect())
    }
}
