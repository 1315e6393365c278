//! Opening a store: what is kept in memory is read from the engine.

use std::collections::BTreeSet;

use crate::domain::ids::ProfileRef;
use crate::domain::profile::Profile;
use crate::domain::time::HOUR_SECONDS;
use crate::history::engine::Entry;
use crate::history::keys::{self, Kind};
use crate::history::store::{Store, decode};
use crate::history::{open, row};

impl Store {
    /// Reads what is kept in memory: profiles, the state of scopes, young points, and which days are stored.
    pub(super) fn load(&mut self) {
        self.load_profiles();
        self.load_statuses();
        self.load_head();
        self.days_with_chunks = self.stored_days(Kind::Chunk);
        self.days_with_five_minutes = self.stored_days(Kind::FiveMinutes);
        self.days_with_hours = self.stored_days(Kind::Hours);
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
        let entries: Vec<Entry> = self.entries(self.engine.scan_kind(Kind::Profile)).collect();
        for (key, value) in entries {
            let versions: Option<Vec<Profile>> = decode(&value);
            match (keys::profile_of(&key), versions.filter(|versions| !versions.is_empty())) {
                (Some(profile), Some(versions)) => self.insert_profile(profile, versions),
                _ => self.note("a profile in the history is damaged and was left out until it is polled again".into()),
            }
        }
    }

    /// Numbers that are damaged in between stay empty, so that they are never given to another profile.
    pub(super) fn insert_profile(&mut self, profile: ProfileRef, versions: Vec<Profile>) {
        let index = profile.0 as usize;
        if self.profiles.len() <= index {
            self.profiles.resize(index + 1, Vec::new());
            self.revisions.resize(index + 1, 0);
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

    fn load_head(&mut self) {
        let entries: Vec<Entry> = self.entries(self.engine.scan_kind(Kind::Row)).collect();
        let mut packed_until = 0;
        for (key, value) in entries {
            let (Some(at), Some(row)) = (keys::time_of(&key), row::decode(&value)) else {
                self.note("a minute of the history is damaged and was left out".into());
                continue;
            };
            for (number, counts) in row {
                self.head.load(ProfileRef(number), at, counts);
            }
            // Rows come in the order of time: when an hour begins, those before are complete.
            if at >= packed_until + HOUR_SECONDS {
                packed_until = at - at.rem_euclid(HOUR_SECONDS);
                self.head.pack(packed_until);
            }
        }
    }

    /// The days that have rows of a kind: one look a day, whatever lies in it.
    fn stored_days(&self, kind: Kind) -> BTreeSet<i64> {
        let end = [kind.prefix() + 1];
        let mut days = BTreeSet::new();
        let mut from = vec![kind.prefix()];
        while let Some(day) =
            self.entries(self.engine.scan(&from, &end)).next().and_then(|(key, _)| keys::time_of(&key))
        {
            days.insert(day);
            from = keys::from_time(kind, day + 1);
        }
        days
    }
}
