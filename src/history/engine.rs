//! The one file that knows sled.
//!
//! Measured traits of sled 0.34.7 that shape it: a flush alone does not survive a power cut, so the log file is
//! synced here; pages above a quarter of a segment go to files that sled never syncs, so segments are large and
//! values small; large batches cost memory out of proportion, so they are cut.

use std::cell::Cell;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::{Batch, Db, IVec};
use tracing::warn;

use crate::history::codec::{checked, with_checksum};
use crate::history::error::StoreError;
use crate::history::keys::Kind;
use crate::history::panics;

/// The largest value that is stored, in bytes: sixteen of them fit into a quarter of a segment.
pub(super) const LARGEST_VALUE: usize = 24 * 1024;
/// The size of a segment in bytes. A store keeps the one it was made with.
pub(super) const SEGMENT_SIZE: usize = 2 * 1024 * 1024;
/// The most operations of one batch.
pub(super) const LARGEST_BATCH: usize = 200;
/// The memory that sled may use for pages, in bytes.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// Less room than this on the disk, in bytes, and nothing more is written: sled needs some segments to tidy up.
const LEAST_FREE: u64 = 8 * SEGMENT_SIZE as u64;
/// sled lets go of its own lock a moment after a process has died.
const LOCK_RETRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A change of one key.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// Store this value.
    Put(Vec<u8>, Vec<u8>),
    /// Remove the key.
    Remove(Vec<u8>),
}

/// A key with its value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// Why a value cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadFault {
    /// The checksum of the value under this key does not hold; others can be read.
    Damaged(Vec<u8>),
    /// The engine cannot read here, and not what follows either.
    Unreadable(String),
}

/// The key-value engine.
#[derive(Debug)]
pub(super) struct Engine {
    /// Not there while it could not be opened again after a fault.
    db: Option<Db>,
    log: Option<File>,
    folder: PathBuf,
    is_durable: bool,
    /// A write has failed: the engine takes no more until it is opened again.
    is_broken: Cell<bool>,
    /// A test may have writes refused after some more batches, as a full disk does.
    #[cfg(test)]
    pub(super) batches_left: Cell<Option<u32>>,
    /// A test may have the disk full.
    #[cfg(test)]
    pub(super) is_full: Cell<bool>,
}

/// Why the engine did not open.
#[derive(Debug)]
pub(super) enum OpenFault {
    /// Its files are damaged.
    Damaged(String),
    /// The file system refuses, or another process holds the files.
    Refused(String),
}

impl Engine {
    /// Opens the files in a folder, or makes them. A store that is not durable is never synced: for temporary ones.
    pub(super) fn open(folder: &Path, is_durable: bool) -> Result<Self, OpenFault> {
        let (db, log) = open_files(folder, is_durable)?;
        Ok(Self {
            db: Some(db),
            log,
            folder: folder.to_owned(),
            is_durable,
            is_broken: Cell::new(false),
            #[cfg(test)]
            batches_left: Cell::new(None),
            #[cfg(test)]
            is_full: Cell::new(false),
        })
    }

    /// Makes sure that there is room to write, and opens the engine again if a write has failed before.
    ///
    /// Room is looked for first, as an engine that has met a full disk can neither write nor be opened.
    pub(super) fn mend(&mut self) -> Result<(), StoreError> {
        let free = self.free_bytes();
        if free < LEAST_FREE {
            return Err(StoreError::Full { path: self.folder.clone(), free, least: LEAST_FREE });
        }
        if !self.is_broken.get() && self.db.is_some() {
            return Ok(());
        }
        self.log = None;
        self.db = None;
        let (db, log) = open_files(&self.folder, self.is_durable).map_err(|fault| match fault {
            OpenFault::Damaged(cause) | OpenFault::Refused(cause) => StoreError::Engine { action: "open again", cause },
        })?;
        (self.db, self.log) = (Some(db), log);
        self.is_broken.set(false);
        self.recover()
    }

    fn free_bytes(&self) -> u64 {
        #[cfg(test)]
        if self.is_full.get() {
            return 0;
        }
        // Where the file system does not say, it will say so when it is full.
        rustix::fs::statvfs(&self.folder).map_or(u64::MAX, |space| space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// Writes operations in order, a batch at a time; each batch is stored whole or not at all.
    pub(super) fn write(&self, operations: Vec<Operation>) -> Result<(), StoreError> {
        let mut operations = operations.into_iter().peekable();
        while operations.peek().is_some() {
            self.write_batch(operations.by_ref().take(LARGEST_BATCH).collect())?;
        }
        Ok(())
    }

    fn write_batch(&self, operations: Vec<Operation>) -> Result<(), StoreError> {
        #[cfg(test)]
        self.count_down()?;
        assert!(operations.len() <= LARGEST_BATCH, "a batch of {} costs memory out of proportion", operations.len());
        let mut batch = Batch::default();
        for operation in operations {
            match operation {
                Operation::Put(key, value) => {
                    debug_assert!(value.len() <= LARGEST_VALUE, "a value of {} bytes", value.len());
                    let value = with_checksum(&key, value);
                    batch.insert(key, value);
                }
                Operation::Remove(key) => batch.remove(key),
            }
        }
        self.guarded(|db| db.apply_batch(batch)).map_err(|cause| self.broken("write to", cause))
    }

    #[cfg(test)]
    fn count_down(&self) -> Result<(), StoreError> {
        match self.batches_left.get() {
            Some(0) => Err(self.broken("write to", "refused by a test".to_owned())),
            left => {
                self.batches_left.set(left.map(|left| left - 1));
                Ok(())
            }
        }
    }

    /// Returns when everything written is on the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let Some(log) = &self.log else { return Ok(()) };
        self.guarded(|db| db.flush().map(|_| ())).map_err(|cause| self.broken("sync", cause))?;
        self.sync_blobs().and_then(|()| log.sync_data()).map_err(|cause| {
            self.is_broken.set(true);
            StoreError::Io { action: "sync", path: self.folder.clone(), cause }
        })
    }

    /// Entries from a key up to another, in order. Ends at the first place that cannot be read, with the fault.
    pub(super) fn scan(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<Entry, ReadFault>> + use<> {
        self.scan_raw(from, to).map(|entry| whole(entry?))
    }

    /// Entries of a kind, in order.
    pub(super) fn scan_kind(&self, kind: Kind) -> impl DoubleEndedIterator<Item = Result<Entry, ReadFault>> + use<> {
        self.scan(&[kind.prefix()], &[kind.prefix() + 1])
    }

    /// Entries as they are stored, with their checksums.
    pub(super) fn scan_raw(&self, from: &[u8], to: &[u8]) -> Scan {
        let found = self.guarded(|db| Ok(db.range(from.to_vec()..to.to_vec())));
        match found {
            Ok(found) => Scan { found: Some(found), fault: None },
            Err(fault) => Scan { found: None, fault: Some(fault) },
        }
    }

    /// The bytes that its files take on the disk.
    pub(super) fn disk_bytes(&self) -> u64 {
        self.guarded(Db::size_on_disk).unwrap_or(0)
    }

    /// Writes values as they were stored elsewhere, with their checksums.
    pub(super) fn write_raw(&self, entries: &[Entry]) -> Result<(), StoreError> {
        for entries in entries.chunks(LARGEST_BATCH) {
            let mut batch = Batch::default();
            for (key, value) in entries {
                batch.insert(key.as_slice(), value.as_slice());
            }
            self.guarded(|db| db.apply_batch(batch)).map_err(|cause| self.broken("write to", cause))?;
        }
        Ok(())
    }

    /// Runs a call of the engine; its panics are faults like others.
    fn guarded<T>(&self, call: impl FnOnce(&Db) -> sled::Result<T>) -> Result<T, String> {
        let db = self.db.as_ref().ok_or("it is closed after a fault")?;
        panics::caught(|| call(db))?.map_err(|error| error.to_string())
    }

    fn broken(&self, action: &'static str, cause: String) -> StoreError {
        self.is_broken.set(true);
        StoreError::Engine { action, cause }
    }

    /// Files beside the log are not expected; should sled make some, they are synced as it does not do it itself.
    fn sync_blobs(&self) -> io::Result<()> {
        let blobs = self.folder.join("blobs");
        if !blobs.exists() {
            return Ok(());
        }
        let mut count = 0;
        for blob in fs::read_dir(&blobs)? {
            File::open(blob?.path())?.sync_all()?;
            count += 1;
        }
        if count > 0 {
            warn!(count, "the engine keeps values in files of their own, which it should not: please report this");
            File::open(&blobs)?.sync_all()?;
        }
        Ok(())
    }
}

/// Entries in order. After the first fault there are no more.
pub(super) struct Scan {
    found: Option<sled::Iter>,
    fault: Option<String>,
}

impl Scan {
    fn step(
        &mut self,
        step: impl FnOnce(&mut sled::Iter) -> Option<sled::Result<(IVec, IVec)>>,
    ) -> Option<Result<Entry, ReadFault>> {
        if let Some(fault) = self.fault.take() {
            return Some(Err(ReadFault::Unreadable(fault)));
        }
        let found = self.found.as_mut()?;
        let entry = match panics::caught(|| step(found)) {
            Ok(entry) => entry?.map_err(|error| error.to_string()),
            Err(fault) => Err(fault),
        };
        if entry.is_err() {
            self.found = None;
        }
        Some(entry.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(ReadFault::Unreadable))
    }
}

impl Iterator for Scan {
    type Item = Result<Entry, ReadFault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(sled::Iter::next)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(sled::Iter::next_back)
    }
}

/// An entry without its checksum, if that holds.
pub(super) fn whole((key, mut value): Entry) -> Result<Entry, ReadFault> {
    let Some(length) = checked(&key, &value).map(<[u8]>::len) else { return Err(ReadFault::Damaged(key)) };
    value.truncate(length);
    Ok((key, value))
}

fn open_files(folder: &Path, is_durable: bool) -> Result<(Db, Option<File>), OpenFault> {
    let mut tries = 0;
    let db = loop {
        match open_db(folder, is_durable) {
            Err(OpenFault::Refused(_)) if tries < LOCK_RETRIES && folder.join("db").exists() => {
                tries += 1;
                thread::sleep(LOCK_PAUSE);
            }
            opened => break opened?,
        }
    };
    if !is_durable {
        return Ok((db, None));
    }
    let log = File::open(folder).and_then(|folder| folder.sync_all()).and_then(|()| File::open(folder.join("db")));
    Ok((db, Some(log.map_err(|error| OpenFault::Refused(error.to_string()))?)))
}

fn open_db(folder: &Path, durable: bool) -> Result<Db, OpenFault> {
    let config = sled::Config::new()
        .path(folder)
        .segment_size(SEGMENT_SIZE)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(durable.then_some(1000));
    // sled panics on some damage; the files are then handled as damaged ones and nothing of the panic is kept.
    match panics::caught(|| config.open()) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) => Err(OpenFault::Refused(error.to_string())),
        Ok(Err(error)) => Err(OpenFault::Damaged(error.to_string())),
        Err(_) => Err(OpenFault::Damaged("the engine could not make sense of its files".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_beyond_one_batch_are_all_written_in_order() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let engine = Engine::open(folder.path(), true).expect("opens");
        let put = |number: usize| {
            Operation::Put(vec![b'x', u8::try_from(number % 250).expect("small")], number.to_le_bytes().to_vec())
        };
        engine.write((0..1000).map(put).collect()).expect("written");
        engine.sync().expect("synced");
        let entries: Vec<Entry> = engine.scan(b"x", b"y").collect::<Result<_, _>>().expect("readable");
        assert_eq!(entries.len(), 250);
        assert_eq!(entries[3].1, 753_usize.to_le_bytes().to_vec(), "the last write wins");
    }
}
