//! A history handed over while it is in use: every value as it is stored, a part at a time, of which whoever asks makes a
//! store of their own to read.
//!
//! Minutes are handed over before the hours and days that they become, so that what is sealed between two parts is there at
//! least once; reads overlay what is there twice.

use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::time::Step;
use crate::history::engine::{Engine, Entry, OpenFault};
use crate::history::error::StoreError;
use crate::history::keys::Kind;
use crate::history::open;
use crate::history::store::Store;

/// How large a part is, in bytes; its last value may go beyond. Smaller in tests, whose stores are.
const PART: usize = if cfg!(test) { 1 << 14 } else { 1 << 20 };
/// In which order kinds are handed over. An unfinished batch is not: it is carried out when a store is opened.
const ORDER: [Kind; 8] =
    [Kind::Row, Kind::Block, Kind::Chunk, Kind::FiveMinutes, Kind::Hours, Kind::Change, Kind::Status, Kind::Space];

/// Some values of a store.
#[derive(Debug)]
pub struct Part {
    /// Keys and values with their checksums, damaged ones too.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// After which key it goes on; `None` at the end.
    pub next: Option<Vec<u8>>,
}

impl Store {
    /// The part after a key; the first one after an empty key.
    ///
    /// # Errors
    /// When the engine cannot read there.
    pub fn part(&self, after: &[u8]) -> Result<Part, StoreError> {
        let begun = Kind::of(after).and_then(|kind| ORDER.iter().position(|of| *of == kind));
        let mut from = [after, &[0]].concat();
        let mut part = Part { entries: Vec::new(), next: None };
        let mut bytes = 0;
        for kind in ORDER.into_iter().skip(begun.unwrap_or(0)) {
            if Kind::of(&from) != Some(kind) {
                from = vec![kind.prefix()];
            }
            for entry in self.engine.scan_raw(&from, &[kind.prefix() + 1]) {
                let entry =
                    entry.map_err(|fault| StoreError::Engine { action: "read", cause: format!("{fault:?}") })?;
                bytes += entry.0.len() + entry.1.len();
                part.next = Some(entry.0.clone());
                part.entries.push(entry);
                if bytes >= PART {
                    return Ok(part);
                }
            }
        }
        part.next = None;
        Ok(part)
    }
}

/// A store that is made of parts, in a folder of its own. It is to be read, and need not survive a power cut.
#[derive(Debug)]
pub struct Copying {
    engine: Engine,
    folder: PathBuf,
    step: Step,
}

impl Copying {
    /// Begins in an empty folder.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn begin(folder: &Path, step: Step) -> Result<Self, StoreError> {
        let files = folder.join("sled");
        fs::create_dir_all(&files).map_err(|cause| open::failed("create the folder", &files, cause))?;
        let engine = Engine::open(&files, false).map_err(|fault| match fault {
            OpenFault::Damaged(cause) | OpenFault::Refused(cause) => {
                StoreError::Engine { action: "make a copy of", cause }
            }
        })?;
        Ok(Self { engine, folder: folder.to_owned(), step })
    }

    /// Takes a part.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn take(&self, entries: &[Entry]) -> Result<(), StoreError> {
        self.engine.write_raw(entries)
    }

    /// Ends it: the store can be opened then.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn finish(self) -> Result<(), StoreError> {
        drop(self.engine);
        open::describe(&self.folder, self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::History;
    use crate::domain::ids::ProfileRef;
    use crate::history::fixtures::{batch, days, everything, folder, keep_up, minutes, open, start, tokens, usage};

    fn copied(store: &mut Store, between: impl Fn(&mut Store)) -> (tempfile::TempDir, usize) {
        let to = folder();
        let copying = Copying::begin(to.path(), Step::MINUTE).expect("begun");
        let (mut after, mut parts) = (Vec::new(), 0);
        loop {
            let part = store.part(&after).expect("read");
            copying.take(&part.entries).expect("taken");
            parts += 1;
            match part.next {
                Some(next) => after = next,
                None => break,
            }
            between(store);
        }
        copying.finish().expect("finished");
        (to, parts)
    }

    #[test]
    fn a_copy_says_the_same_also_if_days_are_sealed_meanwhile() {
        let from = folder();
        let mut store = open(from.path());
        let ids: Vec<String> = (0..300).map(|number| format!("profile{number}")).collect();
        for minute in 0..120 {
            let now = start() + minutes(minute);
            let noise = |number: usize| (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (minute % 40);
            let points = ids.iter().enumerate().map(|(number, id)| usage(id, now, tokens(noise(number))));
            store.apply(&batch(now, points.collect())).expect("stored");
        }
        store.record(&[], b"state", Vec::new()).expect("recorded");
        let read = |store: &Store| {
            let points = |number| {
                (store.points(ProfileRef(number), everything()), store.hours(ProfileRef(number), everything()))
            };
            ((0..300).map(points).collect::<Vec<_>>(), store.checkpoint(), store.profiles().len())
        };
        let before = read(&store);
        let (copy, parts) = copied(&mut store, |store| keep_up(store, start() + days(3)));
        assert!(parts > 1, "it is handed over in parts");
        assert_eq!(read(&open(copy.path())), before);
        let (copy, _) = copied(&mut store, |_| {});
        assert_eq!(read(&open(copy.path())), before, "of what is sealed");
    }
}
