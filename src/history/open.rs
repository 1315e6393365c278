//! Opening: one owner, a format that is known, and a way back from damage.
//!
//! The ladder: take the owner's lock; read what the store says of itself; open the engine; if its files are
//! damaged, put its snapshots aside and try again; if that fails, put all its files aside and start anew. Files that
//! open but cannot be read in places are copied as far as they can be at the next opening. What is put aside is kept in
//! `quarantine/`, and what is missing then is fetched again from the source.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::time::Step;
use crate::history::engine::{Engine, OpenFault, SEGMENT_SIZE};
use crate::history::error::StoreError;
use crate::history::{copy, migrate, swap};

/// The format that this version writes.
pub(super) const FORMAT: u32 = 2;
/// The file that asks for a salvage at the next opening.
const SALVAGE: &str = "salvage";

/// What a store says of itself, in `store.toml` beside the engine's files: it can be read before they are.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    format: u32,
    /// The oldest format whose readers understand this store.
    min_reader: u32,
    /// The version of bedtop that made it.
    writer: String,
    segment_bytes: usize,
    step_seconds: u32,
}

/// An open engine with the lock that makes it ours.
#[derive(Debug)]
pub(super) struct Opened {
    /// The engine.
    pub engine: Engine,
    /// Held as long as the store is open.
    pub lock: File,
    /// What was put aside, one line each.
    pub faults: Vec<String>,
}

/// Opens the store in a folder, or makes it.
pub(super) fn open(folder: &Path, step: Step, durable: bool) -> Result<Opened, StoreError> {
    fs::create_dir_all(folder).map_err(|cause| failed("create the folder", folder, cause))?;
    let lock = take_lock(folder)?;
    let format = check_description(folder, step)?;
    let swapped = swap::finish(folder)?;
    let mut faults = Vec::new();
    if format < FORMAT {
        if !swapped {
            migrate::migrate(folder, durable)?;
        }
        describe(folder, step)?;
    }
    swap::forget_old(folder)?;
    let files = folder.join("sled");
    fs::create_dir_all(&files).map_err(|cause| failed("create the folder", &files, cause))?;
    let engine = climb(folder, &files, durable, &mut faults)?;
    Ok(Opened { engine, lock, faults })
}

/// Takes the lock of a store and opens its engine, to care for it. It is not made where there is none.
pub(super) fn open_for_care(folder: &Path) -> Result<(Opened, Step), StoreError> {
    let step = described(folder)?.map(|found| Step::from_seconds(found.step_seconds));
    let step = step.ok_or_else(|| StoreError::Missing(folder.to_owned()))?;
    Ok((open(folder, step, true)?, step))
}

/// Takes the lock of the store's owner.
pub(super) fn take_lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("owner.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|cause| failed("open the lock", &path, cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(folder.to_owned())),
        Err(TryLockError::Error(cause)) => Err(failed("take the lock", &path, cause)),
    }
}

/// Whether a store was made in a folder.
pub(super) fn is_described(folder: &Path) -> bool {
    folder.join("store.toml").exists()
}

/// What the store in a folder says of itself; `None` where there is no store.
fn described(folder: &Path) -> Result<Option<Description>, StoreError> {
    let path = folder.join("store.toml");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed("read", &path, cause)),
    };
    let wrong = |cause: String| StoreError::Description { path: path.clone(), cause };
    let found: Description = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
    if found.min_reader > FORMAT {
        return Err(StoreError::Newer { path: folder.to_owned(), writer: found.writer, format: found.format });
    }
    if found.segment_bytes != SEGMENT_SIZE {
        return Err(wrong(format!("its segments have {} bytes, not {SEGMENT_SIZE}", found.segment_bytes)));
    }
    Ok(Some(found))
}

/// The format of the store, which is described here if it is new.
fn check_description(folder: &Path, step: Step) -> Result<u32, StoreError> {
    let Some(found) = described(folder)? else {
        describe(folder, step)?;
        return Ok(FORMAT);
    };
    let (stored, wanted) = (found.step_seconds, u32::try_from(step.seconds()).unwrap_or(u32::MAX));
    if stored != wanted {
        return Err(StoreError::Step { path: folder.to_owned(), stored, wanted });
    }
    Ok(found.format)
}

/// Written beside and renamed, so that a crash leaves none or all of it.
pub(super) fn describe(folder: &Path, step: Step) -> Result<(), StoreError> {
    let path = folder.join("store.toml");
    let description = Description {
        format: FORMAT,
        min_reader: FORMAT,
        writer: env!("CARGO_PKG_VERSION").to_owned(),
        segment_bytes: SEGMENT_SIZE,
        step_seconds: u32::try_from(step.seconds()).unwrap_or(u32::MAX),
    };
    let text = toml::to_string(&description).unwrap_or_default();
    let draft = path.with_extension("toml.new");
    let written = fs::write(&draft, text).and_then(|()| File::open(&draft)?.sync_all());
    written.and_then(|()| fs::rename(&draft, &path)).map_err(|cause| failed("write", &path, cause))
}

fn climb(folder: &Path, files: &Path, durable: bool, faults: &mut Vec<String>) -> Result<Engine, StoreError> {
    let refused = |cause: String| StoreError::Engine { action: "open", cause };
    let first = match Engine::open(files, durable) {
        Ok(engine) if wants_salvage(folder) => return salvage(folder, engine, durable, faults),
        Ok(engine) => return Ok(engine),
        Err(OpenFault::Refused(cause)) => return Err(refused(cause)),
        Err(OpenFault::Damaged(cause)) => cause,
    };
    let aside = quarantine(folder)?;
    set_snapshots_aside(files, &aside)?;
    match Engine::open(files, durable) {
        Ok(engine) => {
            faults.push(format!("the history's index was damaged ({first}) and was rebuilt; nothing is lost"));
            return Ok(engine);
        }
        Err(OpenFault::Refused(cause)) => return Err(refused(cause)),
        Err(OpenFault::Damaged(_)) => {}
    }
    let kept = aside.join("sled");
    fs::rename(files, &kept).map_err(|cause| failed("put aside", files, cause))?;
    faults.push(format!("the history was damaged ({first}): it is kept in {}, a new one is filled", kept.display()));
    reopen(files, durable)
}

/// Copies what can be read of damaged files into new ones; the damaged ones are kept.
fn salvage(folder: &Path, engine: Engine, durable: bool, faults: &mut Vec<String>) -> Result<Engine, StoreError> {
    let copied = copy::copy(folder, &engine, copy::Damage::LeaveOut)?;
    drop(engine);
    let kept = quarantine(folder)?.join("sled");
    swap::replace(folder, Some(&kept))?;
    // Asked for again at the next fault; a file that stays only means one more copy.
    let _ = fs::remove_file(folder.join(SALVAGE));
    faults.push(format!(
        "the history was damaged: {} values were saved, what could not be read is kept in {}",
        copied.values,
        kept.display()
    ));
    reopen(&folder.join("sled"), durable)
}

fn reopen(files: &Path, durable: bool) -> Result<Engine, StoreError> {
    Engine::open(files, durable).map_err(|fault| match fault {
        OpenFault::Damaged(cause) | OpenFault::Refused(cause) => StoreError::Engine { action: "open", cause },
    })
}

/// Asks that the next opening copies what can be read. If the note cannot be written, the next fault asks again.
pub(super) fn ask_for_salvage(folder: &Path) {
    let _ = fs::write(folder.join(SALVAGE), "");
}

fn wants_salvage(folder: &Path) -> bool {
    folder.join(SALVAGE).exists()
}

/// Keeps a damaged value in a file named after its key.
pub(super) fn keep_value(folder: &Path, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let values = folder.join("quarantine").join("values");
    fs::create_dir_all(&values).map_err(|cause| failed("create the folder", &values, cause))?;
    let name: String = key.iter().take(100).map(|byte| format!("{byte:02x}")).collect();
    let path = values.join(name);
    fs::write(&path, value).map_err(|cause| failed("write", &path, cause))
}

/// A new folder for what is put aside.
fn quarantine(folder: &Path) -> Result<PathBuf, StoreError> {
    let all = folder.join("quarantine");
    let number = fs::read_dir(&all).map_or(0, Iterator::count) + 1;
    let aside = all.join(number.to_string());
    fs::create_dir_all(&aside).map_err(|cause| failed("create the folder", &aside, cause))?;
    Ok(aside)
}

fn set_snapshots_aside(files: &Path, aside: &Path) -> Result<(), StoreError> {
    let entries = fs::read_dir(files).map_err(|cause| failed("list", files, cause))?;
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with("snap.") || text.ends_with(".generating") {
            fs::rename(entry.path(), aside.join(&name)).map_err(|cause| failed("put aside", &entry.path(), cause))?;
        }
    }
    Ok(())
}

/// Notes how far the store goes, beside the engine's files: should they lose their end, it is noticed.
pub(super) fn mark(folder: &Path, newest_poll: Timestamp) -> io::Result<()> {
    let draft = folder.join("newest.new");
    fs::write(&draft, newest_poll.to_string())?;
    fs::rename(&draft, folder.join("newest"))
}

/// Copies the engine's files aside as they are, and forgets how far the store went, so that it is done once.
pub(super) fn keep_copy(folder: &Path) -> io::Result<PathBuf> {
    let kept = quarantine(folder).map_err(io::Error::other)?.join("sled");
    fs::create_dir_all(&kept)?;
    for entry in fs::read_dir(folder.join("sled"))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), kept.join(entry.file_name()))?;
        }
    }
    fs::remove_file(folder.join("newest"))?;
    Ok(kept)
}

/// How far the store went when it was last noted.
pub(super) fn marked(folder: &Path) -> Option<Timestamp> {
    fs::read_to_string(folder.join("newest")).ok()?.parse().ok()
}

pub(super) fn failed(action: &'static str, path: &Path, cause: io::Error) -> StoreError {
    StoreError::Io { action, path: path.to_owned(), cause }
}
