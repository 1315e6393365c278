//! New engine files in the place of old ones, safe against an end at any moment.
//!
//! They are written to `sled.new` and synced; then `sled` becomes `sled.old` and `sled.new` becomes `sled`. Whatever of
//! that was done is finished at the next opening: `sled.new` beside `sled` is not complete and goes; without `sled` it is
//! and takes its place; `sled.old` goes once the new ones are there.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::history::error::StoreError;
use crate::history::open::failed;

/// The folder where new files are written; what was left there by an earlier try goes first.
pub(super) fn begin(folder: &Path) -> Result<PathBuf, StoreError> {
    let new = folder.join("sled.new");
    remove(&new)?;
    fs::create_dir_all(&new).map_err(|cause| failed("create the folder", &new, cause))?;
    Ok(new)
}

/// Puts the new files, which are complete and synced, in the place of the old ones, which are kept where that is wanted.
pub(super) fn replace(folder: &Path, keep: Option<&Path>) -> Result<(), StoreError> {
    let (files, new, old) = (folder.join("sled"), folder.join("sled.new"), folder.join("sled.old"));
    let kept = keep.map_or(old, Path::to_path_buf);
    rename(&files, &kept)?;
    rename(&new, &files)?;
    sync(folder)
}

/// Finishes what an earlier run has begun; says whether new files had taken their place.
pub(super) fn finish(folder: &Path) -> Result<bool, StoreError> {
    let (files, new, old) = (folder.join("sled"), folder.join("sled.new"), folder.join("sled.old"));
    if !files.exists() && new.exists() {
        rename(&new, &files)?;
        sync(folder)?;
    }
    remove(&new)?;
    Ok(old.exists())
}

/// Gives up on new files.
pub(super) fn abandon(folder: &Path) -> Result<(), StoreError> {
    remove(&folder.join("sled.new"))
}

/// Removes the files that were replaced.
pub(super) fn forget_old(folder: &Path) -> Result<(), StoreError> {
    remove(&folder.join("sled.old"))
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|cause| failed("rename", from, cause))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, cause)),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(|cause| failed("sync", folder, cause))
}
