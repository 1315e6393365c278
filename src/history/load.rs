//! Opening a store: what is kept in memory is read from the engine.

use std::collections::BTreeSet;

use crate::domain::ids::ProfileRef;
use crate::domain::profile::Profile;
use crate::domain::space::Spaces;
use crate::history::engine::Entry;
use crate::history::head::hour_of;
use crate::history::keys::{self, Kind};
use crate::history::store::{PROFILES, Store, decode};
use crate::history::tier::Tier;
use crate::history::touched::Touched;
use crate::history::{block, open, row};

impl Store {
    /// Reads what is kept in memory: profiles, the state of scopes, young points, and which days are stored.
    pub(super) fn load(&mut self) {
        self.load_profiles();
        self.load_statuses();
        self.load_blocks();
        self.load_rows();
        for tier in [Tier::POINTS, Tier::FIVE_MINUTES, Tier::HOURS] {
            let stored = self.stored_buckets(tier);
            self.buckets.insert(tier.kind, stored);
        }
        self.notice_a_lost_end();
        let last = self.engine.scan_kind(Kind::Change).next_back();
        let sequence = last.and_then(Result::ok).and_then(|(key, _)| key.last_chunk::<4>().copied());
        self.change_sequence = sequence.map_or(0, u32::from_be_bytes);
    }

    /// The engine drops what it cannot read at the end of its log without a word: what was noted beside it tells.
    fn notice_a_lost_end(&mut self) {
        let Some(marked) = self.marked.filter(|_| self.newest_poll < self.marked) else { return };
        let kept = match open::keep_copy(&self.folder) {
            Ok(kept) => format!("its files are kept in {}", kept.display()),
            Err(error) => format!("its files could not be kept ({error})"),
        };
        self.note(format!(
            "the history was damaged: it went up to {marked}; {kept}, and what is missing is fetched again"
        ));
    }

    fn load_profiles(&mut self) {
        for (key, value) in self.entries_from(PROFILES, &[], usize::MAX) {
            let number = key.as_slice().try_into().ok().map(|bytes| ProfileRef(u32::from_be_bytes(bytes)));
            let versions: Option<Vec<Profile>> = decode(&value);
            match (number, versions.filter(|versions| !versions.is_empty())) {
                (Some(profile), Some(versions)) => self.insert_profile(profile, versions),
                _ => self.note("a profile cannot be understood and was left out until it is polled again".into()),
            }
        }
    }

    /// Numbers that are damaged in between stay empty, so that they are never given to another profile.
    pub(super) fn insert_profile(&mut self, profile: ProfileRef, versions: Vec<Profile>) {
        let index = profile.0 as usize;
        if self.profiles.len() <= index {
            self.profiles.resize(index + 1, Vec::new());
            self.revisions.resize(index + 1, 0);
            self.touched.resize(index + 1, Touched::default());
        }
        self.refs.insert(versions[0].key.clone(), profile);
        self.profiles[index] = versions;
    }

    fn load_statuses(&mut self) {
        for status in self.statuses_before(None) {
            self.newest_poll = self.newest_poll.max(status.last_poll);
            self.statuses.insert(status.scope.clone(), status);
        }
    }

    /// Packed hours: cut apart, not decoded.
    fn load_blocks(&mut self) {
        let entries: Vec<Entry> = self.entries(self.engine.scan_kind(Kind::Block)).collect();
        for (key, value) in entries {
            let (Some(hour), Some(profiles)) = (keys::time_of(&key), block::decode(&value)) else {
                self.note(format!("{} cannot be understood and was left out", Kind::Block.describe()));
                continue;
            };
            for (number, packed) in profiles {
                self.head.load_packed(ProfileRef(number), hour, packed);
            }
        }
    }

    /// Rows of minutes: newer than the packed hours, where both are there.
    fn load_rows(&mut self) {
        let entries: Vec<Entry> = self.entries(self.engine.scan_kind(Kind::Row)).collect();
        for (key, value) in entries {
            let (Some(at), Some(row)) = (keys::time_of(&key), row::decode(&value)) else {
                self.note(format!("{} cannot be understood and was left out", Kind::Row.describe()));
                continue;
            };
            for (number, counts) in row {
                self.head.load(ProfileRef(number), at, counts);
            }
            // Rows come in the order of time: when an hour begins, those before are complete.
            if self.hours_with_rows.insert(hour_of(at)) {
                self.head.pack(hour_of(at));
            }
        }
    }

    /// The buckets that hold anything: one look a bucket, whatever lies in it.
    fn stored_buckets(&self, tier: Tier) -> BTreeSet<i64> {
        let end = [tier.kind.prefix() + 1];
        let mut buckets = BTreeSet::new();
        let mut from = vec![tier.kind.prefix()];
        while let Some(bucket) =
            self.entries(self.engine.scan(&from, &end)).next().and_then(|(key, _)| keys::time_of(&key))
        {
            buckets.insert(bucket);
            from = keys::from_time(tier.kind, bucket + 1);
        }
        buckets
    }
}
