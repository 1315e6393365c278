//! The store: takes what polls bring and what the judge says.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::debug;

use crate::domain::event::LevelChange;
use crate::domain::health::ScopeStatus;
use crate::domain::ids::{ProfileKey, ProfileRef, ScopeName};
use crate::domain::meter::Counts;
use crate::domain::profile::Profile;
use crate::domain::space::Edit;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::{Batch, Point, ProfileUsage};
use crate::history::codec::{checked, with_checksum};
use crate::history::engine::{Engine, Entry, Operation};
use crate::history::error::StoreError;
use crate::history::head::{Head, Revision};
use crate::history::keys::{self, DAY_SECONDS, day_of};
use crate::history::lag::{self, Changed, Lag};
use crate::history::open;
use crate::history::row::{self, SHARD_PROFILES};

/// Changes of points older than this before the newest poll count as revisions of what was summed up.
const MUTABLE_HEAD: SignedDuration = SignedDuration::from_hours(6);
/// How often it is noted how far the store goes.
const MARK_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// How many faults are kept for the screen.
const MOST_FAULTS: usize = 20;

/// How long data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Points.
    pub points: SignedDuration,
    /// Sums of five minutes.
    pub five_minutes: SignedDuration,
    /// Hourly sums, changes of level.
    pub hours: SignedDuration,
}

impl Retention {
    /// 15 days of points, 63 days of five minutes and 455 days of hours: what CloudWatch itself keeps.
    pub const DEFAULT: Self = Self {
        points: SignedDuration::from_hours(15 * 24),
        five_minutes: SignedDuration::from_hours(63 * 24),
        hours: SignedDuration::from_hours(455 * 24),
    };

    /// Nothing is ever removed.
    #[must_use]
    pub fn forever() -> Self {
        Self { points: SignedDuration::MAX, five_minutes: SignedDuration::MAX, hours: SignedDuration::MAX }
    }
}

/// How a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// The width of a point.
    pub step: Step,
    /// How long data is kept.
    pub retention: Retention,
    /// Whether what is stored survives a power cut; temporary stores need not.
    pub durable: bool,
}

/// What is in memory and not yet on the disk.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    profiles: BTreeSet<ProfileRef>,
    /// Rows of young points, by their start in seconds and their shard.
    rows: BTreeSet<(i64, u32)>,
}

/// The history of one owner. Only one process at a time has a store open.
#[derive(Debug)]
pub struct Store {
    pub(super) engine: Engine,
    pub(super) options: StoreOptions,
    pub(super) head: Head,
    pub(super) profiles: Vec<Vec<Profile>>,
    pub(super) revisions: Vec<u64>,
    pub(super) statuses: BTreeMap<ScopeName, ScopeStatus>,
    pub(super) faults: RefCell<Vec<String>>,
    pub(super) newest_poll: Option<Timestamp>,
    pub(super) days_with_chunks: BTreeSet<i64>,
    pub(super) days_with_five_minutes: BTreeSet<i64>,
    pub(super) days_with_hours: BTreeSet<i64>,
    pub(super) sealed_up_to: Option<(i64, ProfileRef)>,
    pub(super) refs: HashMap<ProfileKey, ProfileRef>,
    pub(super) change_sequence: u32,
    pub(super) lags: HashMap<ScopeName, Lag>,
    pub(super) unwritten: Unwritten,
    pub(super) folder: PathBuf,
    pub(super) marked: Option<Timestamp>,
    _lock: File,
}

impl Store {
    /// Whether a folder holds a history.
    #[must_use]
    pub fn exists(folder: &Path) -> bool {
        open::is_described(folder)
    }

    /// Opens the history in a folder, or makes it.
    ///
    /// # Errors
    /// When another process owns it, a later version wrote it, or the file system refuses. Damage is no error:
    /// it is put aside and told by [`History::faults`](crate::domain::history::History::faults).
    pub fn open(folder: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let opened = open::open(folder, options.step, options.durable)?;
        let mut store = Self {
            engine: opened.engine,
            options: *options,
            head: Head::default(),
            profiles: Vec::new(),
            revisions: Vec::new(),
            statuses: BTreeMap::new(),
            faults: RefCell::new(opened.faults),
            newest_poll: None,
            days_with_chunks: BTreeSet::new(),
            days_with_five_minutes: BTreeSet::new(),
            days_with_hours: BTreeSet::new(),
            sealed_up_to: None,
            refs: HashMap::new(),
            change_sequence: 0,
            lags: HashMap::new(),
            unwritten: Unwritten::default(),
            folder: folder.to_owned(),
            marked: open::marked(folder),
            _lock: opened.lock,
        };
        store.engine.recover()?;
        store.load();
        Ok(store)
    }

    /// Takes what a poll brought: young points and its outcome as one; what belongs to days that are over before it, so
    /// that the watermark never covers points that are not stored.
    ///
    /// # Errors
    /// When it cannot be written. What is then known in memory only is written with the next batch.
    pub fn apply(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.newest_poll = self.newest_poll.max(Some(batch.poll.at));
        self.take_profiles(&batch.profiles);
        let (sealed, changed) = self.take_points(&batch.points, batch.poll.at);
        let five_minutes = self.take_five_minutes(&batch.five_minutes);
        let hours = self.take_hours(&batch.hours);
        // What is merged into days that are over is the same however often it is stored.
        self.engine.write(sealed.into_iter().chain(five_minutes).chain(hours).collect())?;
        let status = self.status_after(&batch.poll, &changed);
        let key = keys::status(batch.poll.at, status.scope.as_str());
        let mut operations = self.put_unwritten();
        operations.push(Operation::Put(key, encode(&status)));
        self.engine.commit(operations)?;
        self.engine.sync()?;
        self.unwritten = Unwritten::default();
        debug!(
            scope = %status.scope,
            lag_seconds = status.lag_seconds,
            new = changed.new,
            revised = changed.revised,
            "stored"
        );
        self.statuses.insert(status.scope.clone(), status);
        self.mark();
        Ok(())
    }

    /// Stores changes of level, the checkpoint that follows from them, and what other rooms keep of them: all or
    /// nothing.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn record(&mut self, changes: &[LevelChange], checkpoint: &[u8], extra: Vec<Edit>) -> Result<(), StoreError> {
        let mut operations = vec![Operation::Put(keys::CHECKPOINT.to_vec(), with_checksum(checkpoint.to_vec()))];
        for change in changes {
            self.change_sequence = self.change_sequence.wrapping_add(1);
            operations.push(Operation::Put(keys::change(change.at, self.change_sequence), encode(change)));
        }
        operations.extend(self.operations_of(extra));
        self.engine.commit(operations)?;
        self.engine.sync()
    }

    /// When the newest poll that is stored ended; `None` before the first.
    #[must_use]
    pub fn newest_poll(&self) -> Option<Timestamp> {
        self.newest_poll
    }

    /// The alert machine's checkpoint, if one is stored and whole.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Vec<u8>> {
        let stored = self.value(keys::CHECKPOINT)?;
        checked(&stored).map(<[u8]>::to_vec)
    }

    /// The value of a key; a fault is noted where it cannot be read.
    pub(super) fn value(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.engine.get(key).unwrap_or_else(|fault| {
            self.note(format!("a part of the history cannot be read: {fault}"));
            None
        })
    }

    /// The entries of a scan up to the first that cannot be read, which is noted.
    pub(super) fn entries(&self, scan: impl Iterator<Item = Result<Entry, String>>) -> impl Iterator<Item = Entry> {
        scan.map_while(|entry| match entry {
            Ok(entry) => Some(entry),
            Err(fault) => {
                self.note(format!("a part of the history cannot be read: {fault}"));
                None
            }
        })
    }

    /// Notes damage for the screen, once.
    pub(super) fn note(&self, fault: String) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < MOST_FAULTS && !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    /// Counts a change of what was summed up.
    pub(super) fn revised(&mut self, profile: ProfileRef) {
        if let Some(revision) = self.revisions.get_mut(profile.0 as usize) {
            *revision += 1;
        }
    }

    /// Notes how far the store goes. A note that cannot be written is no reason to stop.
    fn mark(&mut self) {
        let due = |marked: Timestamp| marked.saturating_add(MARK_EVERY).ok();
        let Some(newest) = self.newest_poll.filter(|_| self.options.durable) else { return };
        if self.marked.is_none_or(|marked| due(marked).is_some_and(|due| due <= newest)) {
            let written = open::mark(&self.folder, newest);
            self.marked = written.is_ok().then_some(newest).or(self.marked);
        }
    }

    fn take_profiles(&mut self, profiles: &[Profile]) {
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

    /// Writes what is in memory and not yet on the disk.
    fn put_unwritten(&self) -> Vec<Operation> {
        let put_profile =
            |&profile: &ProfileRef| Operation::Put(keys::profile(profile), encode(&self.profiles[profile.0 as usize]));
        let put_row =
            |&(at, shard): &(i64, u32)| Operation::Put(keys::row(at, shard), row::encode(&self.head.row(at, shard)));
        let profiles = self.unwritten.profiles.iter().map(put_profile);
        profiles.chain(self.unwritten.rows.iter().map(put_row)).collect()
    }

    fn add_profile(&mut self, profile: Profile) -> ProfileRef {
        let number = ProfileRef(u32::try_from(self.profiles.len()).unwrap_or(u32::MAX));
        self.insert_profile(number, vec![profile]);
        self.unwritten.profiles.insert(number);
        number
    }

    /// The number of a profile; usage of one that was never described is kept under its bare id.
    pub(super) fn number_of(&mut self, key: &ProfileKey) -> ProfileRef {
        let known = self.refs.get(key).copied();
        known.unwrap_or_else(|| self.add_profile(Profile::bare(key.clone(), Timestamp::UNIX_EPOCH)))
    }

    /// Takes points; those of days that are sealed go to their chunks, the others to the head.
    fn take_points(&mut self, usage: &[ProfileUsage], polled: Timestamp) -> (Vec<Operation>, Changed) {
        let mut operations = Vec::new();
        let mut changed = Changed::default();
        let summed_up_to = self.newest_poll.and_then(|newest| newest.checked_sub(MUTABLE_HEAD).ok());
        let sealed_up_to = self.sealed_before();
        for ProfileUsage { profile, points } in usage {
            let number = self.number_of(profile);
            let is_followed = self.head.has_points(number, lag::followed_span(polled));
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
                self.unwritten.rows.insert((at.as_second(), number.0 / SHARD_PROFILES));
                if Some(at) < summed_up_to {
                    self.revised(number);
                }
            }
            operations.extend(self.take_sealed(number, sealed));
        }
        (operations, changed)
    }

    fn take_hours(&mut self, usage: &[ProfileUsage]) -> Vec<Operation> {
        let mut operations = Vec::new();
        for ProfileUsage { profile, points } in usage {
            let number = self.number_of(profile);
            let mut days: BTreeMap<i64, BTreeMap<u32, Counts>> = BTreeMap::new();
            for point in points {
                let day = day_of(point.at.as_second());
                let hours = days.entry(day).or_insert_with(|| self.stored_hours(number, day));
                hours.insert(hour_of_day(point.at.as_second()), point.counts);
            }
            for (day, mut hours) in days {
                // Sums of points that are stored win over what is told of their hour as a whole.
                hours.extend(self.hours_of_points(number, day));
                self.days_with_hours.insert(day);
                operations.push(Operation::Put(keys::hours(day, number), row::encode(&hours)));
            }
            self.revised(number);
        }
        operations
    }
}

/// The hour of the day of an instant in seconds.
pub(super) fn hour_of_day(seconds: i64) -> u32 {
    u32::try_from(seconds.rem_euclid(DAY_SECONDS) / crate::domain::time::HOUR_SECONDS).unwrap_or(0)
}

/// The span of a UTC day.
pub(super) fn day_span(day: i64) -> TimeSpan {
    let instant = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    TimeSpan::new(instant(day.saturating_mul(DAY_SECONDS)), instant(day.saturating_add(1).saturating_mul(DAY_SECONDS)))
}

/// A value as JSON with its checksum.
fn encode(value: &impl Serialize) -> Vec<u8> {
    with_checksum(serde_json::to_vec(value).unwrap_or_default())
}

/// A value that [`encode`] wrote, if it is whole.
pub(super) fn decode<T: DeserializeOwned>(stored: &[u8]) -> Option<T> {
    serde_json::from_slice(checked(stored)?).ok()
}
