//! The store: takes what polls bring and what the judge says.

use std::cell::{Cell, RefCell};
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
use crate::domain::profile::Profile;
use crate::domain::space::{Edit, Space, Spaces};
use crate::domain::time::Step;
use crate::domain::usage::Batch;
use crate::history::engine::{Engine, Entry, Operation, ReadFault};
use crate::history::error::StoreError;
use crate::history::head::Head;
use crate::history::keys::{self, Kind};
use crate::history::lag::Lag;
use crate::history::open;
use crate::history::tier::Tier;
use crate::history::touched::Touched;

/// Where profiles with their versions are kept, by their numbers.
pub(super) const PROFILES: Space = Space::new("history/profiles");
/// Where the alert machine's checkpoint is kept.
pub(super) const CHECKPOINT: Space = Space::new("history/checkpoint");
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
    /// Profiles with a new version.
    pub profiles: BTreeSet<ProfileRef>,
    /// Rows of young points, by their start in seconds and their shard.
    pub rows: BTreeSet<(i64, u32)>,
}

/// The history of one owner. Only one process at a time has a store open.
#[derive(Debug)]
pub struct Store {
    pub(super) engine: Engine,
    pub(super) options: StoreOptions,
    pub(super) head: Head,
    pub(super) profiles: Vec<Vec<Profile>>,
    pub(super) revisions: Vec<u64>,
    pub(super) touched: Vec<Touched>,
    pub(super) statuses: BTreeMap<ScopeName, ScopeStatus>,
    pub(super) faults: RefCell<Vec<String>>,
    pub(super) newest_poll: Option<Timestamp>,
    /// Keys whose checksum does not hold, until they are put aside.
    pub(super) damaged: RefCell<BTreeSet<Vec<u8>>>,
    /// The buckets that hold anything, of each tier.
    pub(super) buckets: BTreeMap<Kind, BTreeSet<i64>>,
    /// The hours that may have rows.
    pub(super) hours_with_rows: BTreeSet<i64>,
    /// The first bucket of hours and its first hour, once it is known.
    pub(super) oldest_hour: Cell<Option<(i64, i64)>>,
    /// The profiles whose chunk of the day that is being sealed holds all their points.
    pub(super) sealed: BTreeSet<(i64, ProfileRef)>,
    pub(super) refs: HashMap<ProfileKey, ProfileRef>,
    pub(super) change_sequence: u32,
    pub(super) lags: HashMap<ScopeName, Lag>,
    pub(super) unwritten: Unwritten,
    pub(super) folder: PathBuf,
    pub(super) marked: Option<Timestamp>,
    _lock: File,
}

impl Store {
    /// The bytes that its files take on the disk.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.engine.disk_bytes()
    }

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
            touched: Vec::new(),
            statuses: BTreeMap::new(),
            faults: RefCell::new(opened.faults),
            newest_poll: None,
            damaged: RefCell::default(),
            buckets: BTreeMap::new(),
            hours_with_rows: BTreeSet::new(),
            oldest_hour: Cell::new(None),
            sealed: BTreeSet::new(),
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
        self.engine.mend()?;
        self.newest_poll = self.newest_poll.max(Some(batch.poll.at));
        self.take_profiles(&batch.profiles);
        // What is merged into days that are over is the same however often it is stored.
        let changed = self.take_points(&batch.points, batch.poll.at)?;
        self.take_sums(Tier::FIVE_MINUTES, Step::FIVE_MINUTES, &batch.five_minutes)?;
        self.take_sums(Tier::HOURS, Step::HOUR, &batch.hours)?;
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
        self.engine.mend()?;
        let checkpoint = Edit::put(CHECKPOINT, [], checkpoint);
        let mut operations = self.operations_of(extra.into_iter().chain([checkpoint]).collect());
        for change in changes {
            self.change_sequence = self.change_sequence.wrapping_add(1);
            operations.push(Operation::Put(keys::change(change.at, self.change_sequence), encode(change)));
        }
        self.engine.commit(operations)?;
        self.engine.sync()
    }

    /// A test may have the disk full.
    #[cfg(test)]
    pub(crate) fn pretend_full(&self, is_full: bool) {
        self.engine.is_full.set(is_full);
    }

    /// When the newest poll that is stored ended; `None` before the first.
    #[must_use]
    pub fn newest_poll(&self) -> Option<Timestamp> {
        self.newest_poll
    }

    /// The alert machine's checkpoint, if one is stored and whole.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Vec<u8>> {
        self.entry(CHECKPOINT, &[])
    }

    /// The entries of a scan, without those that are damaged, up to the first place that cannot be read; both are noted.
    pub(super) fn entries(&self, scan: impl Iterator<Item = Result<Entry, ReadFault>>) -> impl Iterator<Item = Entry> {
        scan.filter_map(|entry| match entry {
            Ok(entry) => Some(entry),
            Err(ReadFault::Damaged(key)) => {
                let what = Kind::of(&key).map_or("a value", Kind::describe);
                self.note(format!(
                    "{what} is damaged in the history and was left out: `bedtop store verify` says more"
                ));
                self.damaged.borrow_mut().insert(key);
                None
            }
            Err(ReadFault::Unreadable(fault)) => {
                self.note(format!("a part of the history cannot be read: {fault}; it is mended at the next start"));
                open::ask_for_salvage(&self.folder);
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
}

/// A value as JSON.
fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// A value that [`encode`] wrote.
pub(super) fn decode<T: DeserializeOwned>(stored: &[u8]) -> Option<T> {
    serde_json::from_slice(stored).ok()
}
