//! The one file that knows sled.
//!
//! Measured traits of sled 0.34.7 that shape it: a flush alone does not survive a power cut, so the log file is
//! synced here; pages above a quarter of a segment go to files that sled never syncs, so segments are large and
//! values small; large batches cost memory out of proportion, so they are cut.

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sled::{Batch, Db};

use crate::history::error::StoreError;
use crate::history::keys::Kind;

/// The largest value that is stored, in bytes: sixteen of them fit into a quarter of a segment.
pub(super) const LARGEST_VALUE: usize = 24 * 1024;
/// The size of a segment in bytes. A store keeps the one it was made with.
pub(super) const SEGMENT_SIZE: usize = 2 * 1024 * 1024;
/// The most operations of one batch.
pub(super) const LARGEST_BATCH: usize = 200;
/// The memory that sled may use for pages, in bytes.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
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

/// The key-value engine.
#[derive(Debug)]
pub(super) struct Engine {
    db: Db,
    log: Option<File>,
    folder: PathBuf,
    /// A test may have writes refused after some more batches, as a full disk does.
    #[cfg(test)]
    pub(super) batches_left: std::cell::Cell<Option<u32>>,
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
    pub(super) fn open(folder: &Path, durable: bool) -> Result<Self, OpenFault> {
        let mut tries = 0;
        let db = loop {
            match open_db(folder, durable) {
                Err(OpenFault::Refused(_)) if tries < LOCK_RETRIES && folder.join("db").exists() => {
                    tries += 1;
                    thread::sleep(LOCK_PAUSE);
                }
                opened => break opened?,
            }
        };
        let engine = Self {
            db,
            log: None,
            folder: folder.to_owned(),
            #[cfg(test)]
            batches_left: std::cell::Cell::new(None),
        };
        if !durable {
            return Ok(engine);
        }
        let log = engine.sync_folder().and_then(|()| File::open(folder.join("db")));
        let log = log.map_err(|error| OpenFault::Refused(error.to_string()))?;
        Ok(Self { log: Some(log), ..engine })
    }

    /// Writes operations in order, a batch at a time; each batch is stored whole or not at all.
    pub(super) fn write(&self, operations: Vec<Operation>) -> Result<(), StoreError> {
        let mut operations = operations.into_iter().peekable();
        while operations.peek().is_some() {
            #[cfg(test)]
            self.count_down()?;
            let mut batch = Batch::default();
            for operation in operations.by_ref().take(LARGEST_BATCH) {
                match operation {
                    Operation::Put(key, value) => batch.insert(key, value),
                    Operation::Remove(key) => batch.remove(key),
                }
            }
            self.db.apply_batch(batch).map_err(|error| engine_error("write to", &error))?;
        }
        Ok(())
    }

    #[cfg(test)]
    fn count_down(&self) -> Result<(), StoreError> {
        match self.batches_left.get() {
            Some(0) => Err(StoreError::Engine { action: "write to", cause: "refused by a test".to_owned() }),
            left => {
                self.batches_left.set(left.map(|left| left - 1));
                Ok(())
            }
        }
    }

    /// Returns when everything written is on the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let Some(log) = &self.log else { return Ok(()) };
        self.db.flush().map_err(|error| engine_error("sync", &error))?;
        let synced = self.sync_blobs().and_then(|()| log.sync_data());
        synced.map_err(|cause| StoreError::Io { action: "sync", path: self.folder.clone(), cause })
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.db.get(key).map(|found| found.map(|value| value.to_vec())).map_err(|error| error.to_string())
    }

    /// Entries from a key up to another, in order. Ends at the first one that cannot be read, with the fault.
    pub(super) fn scan(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<Entry, String>> + use<> {
        let range = from.to_vec()..to.to_vec();
        let entry = |found: sled::Result<(sled::IVec, sled::IVec)>| match found {
            Ok((key, value)) => Ok((key.to_vec(), value.to_vec())),
            Err(error) => Err(error.to_string()),
        };
        self.db.range(range).map(entry)
    }

    /// Entries of a kind, in order.
    pub(super) fn scan_kind(&self, kind: Kind) -> impl DoubleEndedIterator<Item = Result<Entry, String>> + use<> {
        self.scan(&[kind.prefix()], &[kind.prefix() + 1])
    }

    /// Files beside the log are not expected; should sled make some, they are synced as it does not do it itself.
    fn sync_blobs(&self) -> io::Result<()> {
        let blobs = self.folder.join("blobs");
        if !blobs.exists() {
            return Ok(());
        }
        for blob in fs::read_dir(&blobs)? {
            File::open(blob?.path())?.sync_all()?;
        }
        File::open(&blobs)?.sync_all()
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

fn open_db(folder: &Path, durable: bool) -> Result<Db, OpenFault> {
    let config = sled::Config::new()
        .path(folder)
        .segment_size(SEGMENT_SIZE)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(durable.then_some(1000));
    // sled panics on some damage; the files are then handled as damaged ones and nothing of the panic is kept.
    match catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(sled::Error::Io(error))) => Err(OpenFault::Refused(error.to_string())),
        Ok(Err(error)) => Err(OpenFault::Damaged(error.to_string())),
        Err(_) => Err(OpenFault::Damaged("the engine could not make sense of its files".to_owned())),
    }
}

fn engine_error(action: &'static str, error: &sled::Error) -> StoreError {
    StoreError::Engine { action, cause: error.to_string() }
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
