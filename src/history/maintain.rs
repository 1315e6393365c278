//! Upkeep between polls, in slices that never hold up a poll for long: hours that are over become blocks, days that are
//! over become chunks, what is older than the retention goes. Each piece may be done twice or left half done: what is
//! written first holds all that is removed later.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::ProfileRef;
use crate::domain::time::{HOUR_SECONDS, Step};
use crate::history::engine::Operation;
use crate::history::error::StoreError;
use crate::history::keys::{self, DAY_SECONDS, Kind, day_of};
use crate::history::store::Store;
use crate::history::take::GRACE;
use crate::history::tier::Tier;
use crate::history::{block, open};

/// How long after its end an hour of young points is packed in memory.
const PACKED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// How long after its end an hour of rows becomes blocks.
const HOUR_GRACE: SignedDuration = SignedDuration::from_hours(3);
/// How long one slice may take; the last piece of it may take a little longer.
const SLICE: Duration = Duration::from_millis(40);
/// How many profiles are sealed, and how many values removed, in one piece.
const PIECE: usize = 10;
const REMOVALS: usize = 200;
/// How far a clock is believed beyond the newest data: one that jumps ahead removes nothing that is still wanted.
const CLOCK_TRUST: SignedDuration = SignedDuration::from_hours(24);

impl Store {
    /// One slice of upkeep as of `now`, to be called once a step; says whether nothing is left to do.
    ///
    /// # Errors
    /// When the engine refuses; the next call takes it up again.
    pub fn maintain(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        self.engine.mend()?;
        self.head.pack(now.saturating_sub(PACKED_AFTER).unwrap_or(Timestamp::MIN).as_second());
        let began = Instant::now();
        while self.put_damaged_aside()? || self.seal_hour(now)? || self.seal_day(now)? || self.retire(now)? {
            if began.elapsed() >= SLICE {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Damaged values leave the engine for files, so that they are told of once and can be looked at.
    fn put_damaged_aside(&mut self) -> Result<bool, StoreError> {
        let damaged = std::mem::take(&mut *self.damaged.borrow_mut());
        let mut removals = Vec::new();
        for key in damaged {
            let end = [key.as_slice(), &[0]].concat();
            for (key, value) in self.engine.scan_raw(&key, &end).map_while(Result::ok) {
                open::keep_value(&self.folder, &key, &value)?;
                removals.push(Operation::Remove(key));
            }
        }
        let has_some = !removals.is_empty();
        self.engine.write(removals)?;
        Ok(has_some)
    }

    /// Writes the blocks of the oldest hour that has rows and is over; its rows go in later batches. Where a point is
    /// less than a minute, days are sealed from rows.
    fn seal_hour(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let over = now.saturating_sub(HOUR_GRACE).unwrap_or(Timestamp::MIN).as_second() - HOUR_SECONDS;
        let oldest = self.hours_with_rows.first().copied().filter(|&hour| hour <= over);
        let Some(hour) = oldest.filter(|_| self.options.step >= Step::MINUTE) else { return Ok(false) };
        let rows: Vec<Vec<u8>> = self.keys_between(Kind::Row, hour, hour + HOUR_SECONDS).collect();
        let shards: BTreeSet<u32> = rows.iter().filter_map(|key| keys::number_of(key)).collect();
        for shard in shards {
            let packed = self.head.packed(hour, shard);
            let parts = block::encode(packed.iter().map(|(profile, packed)| (*profile, packed.as_ref())));
            let old = self.engine.scan_raw(&keys::block(hour, shard, 0), &keys::block(hour, shard, u8::MAX));
            let old = old.map_while(Result::ok).skip(parts.len());
            let mut operations: Vec<Operation> = old.map(|(key, _)| Operation::Remove(key)).collect();
            operations
                .extend((0..).zip(parts).map(|(part, value)| Operation::Put(keys::block(hour, shard, part), value)));
            self.engine.write(operations)?;
        }
        self.engine.sync()?;
        self.engine.write(rows.into_iter().map(Operation::Remove).collect())?;
        self.hours_with_rows.remove(&hour);
        Ok(true)
    }

    /// Writes chunks of the oldest day that is over; its blocks and rows go when all its chunks are there. A crash in
    /// between leaves both, and reads overlay them. A profile that gets a late point in between is sealed again.
    pub(super) fn seal_day(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let is_over = |day: &i64| Tier::POINTS.span(*day).end.saturating_add(GRACE).is_ok_and(|end| end <= now);
        let Some(day) = self.head.oldest_day().filter(is_over) else { return Ok(false) };
        let left = self.head.profiles_of_day(day).into_iter().filter(|&profile| !self.sealed.contains(&(day, profile)));
        let piece: Vec<ProfileRef> = left.take(PIECE).collect();
        for &profile in &piece {
            let points = self.points_of(profile, Tier::POINTS.span(day));
            let operations = self.put_days(profile, &[(day, points)]);
            self.engine.write(operations)?;
            self.sealed.insert((day, profile));
        }
        if !piece.is_empty() {
            return Ok(true);
        }
        self.engine.sync()?;
        let (start, end) = (day * DAY_SECONDS, (day + 1) * DAY_SECONDS);
        let young = self.keys_between(Kind::Row, start, end).chain(self.keys_between(Kind::Block, start, end));
        self.engine.write(young.map(Operation::Remove).collect())?;
        self.hours_with_rows.retain(|&hour| day_of(hour) != day);
        self.head.forget_day(day);
        self.sealed.clear();
        Ok(true)
    }

    /// Removes what is older than the retention, by whole buckets.
    fn retire(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let newest = self.statuses.values().filter_map(|status| status.watermark).max();
        let trusted = newest.and_then(|newest| newest.checked_add(CLOCK_TRUST).ok());
        let Some(now) = trusted.map(|trusted| trusted.min(now)) else { return Ok(false) };
        let retention = self.options.retention;
        let tiers = [
            (Tier::POINTS, retention.points),
            (Tier::FIVE_MINUTES, retention.five_minutes),
            (Tier::HOURS, retention.hours),
        ];
        let mut has_removed = false;
        for (tier, kept) in tiers {
            let Ok(oldest) = now.checked_sub(kept) else { continue };
            let bucket = tier.bucket_of(oldest.as_second());
            has_removed |= self.remove_before(tier.kind, bucket)?;
            self.buckets.entry(tier.kind).and_modify(|buckets| *buckets = buckets.split_off(&bucket));
        }
        for (kind, kept) in [(Kind::Status, retention.points), (Kind::Change, retention.hours)] {
            let Ok(oldest) = now.checked_sub(kept) else { continue };
            has_removed |= self.remove_before(kind, oldest.as_millisecond())?;
        }
        Ok(has_removed)
    }

    fn remove_before(&self, kind: Kind, time: i64) -> Result<bool, StoreError> {
        let old: Vec<Operation> =
            self.keys_between(kind, i64::MIN, time).take(REMOVALS).map(Operation::Remove).collect();
        let has_some = !old.is_empty();
        self.engine.write(old)?;
        Ok(has_some)
    }

    fn keys_between(&self, kind: Kind, from: i64, to: i64) -> impl Iterator<Item = Vec<u8>> + use<> {
        let found = self.engine.scan_raw(&keys::from_time(kind, from), &keys::from_time(kind, to));
        found.map_while(Result::ok).map(|(key, _)| key)
    }
}
