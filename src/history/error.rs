//! Why the history cannot be opened or written.

use std::io;
use std::path::PathBuf;

/// Why the history cannot be opened or written. Nothing stored is lost by any of these.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process owns the store.
    #[error("the history in {} is in use by another bedtop: end that one, or choose another folder with --store", .0.display())]
    Locked(PathBuf),
    /// There is none.
    #[error("there is no history in {}: run bedtop first, or choose another folder with --store", .0.display())]
    Missing(PathBuf),
    /// A later version of bedtop wrote it.
    #[error(
        "the history in {} was written by bedtop {writer} in format {format}, which this bedtop does not read: \
         update bedtop, or choose another folder with --store", path.display()
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// The version that wrote it.
        writer: String,
        /// Its format.
        format: u32,
    },
    /// The description of the store cannot be understood.
    #[error("{} does not describe a history: {cause}; move the folder aside to start a new one", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The store holds points of another width.
    #[error("the history in {} holds points of {stored} s, not of {wanted} s: choose another folder with --store", path.display())]
    Step {
        /// The folder.
        path: PathBuf,
        /// Seconds a point in the store.
        stored: u32,
        /// Seconds a point wanted.
        wanted: u32,
    },
    /// The file system refused.
    #[error("could not {action} {}: {cause}; check that the folder is on a local disk, writable and not full", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// There is no room.
    #[error(
        "the disk of {} is full ({} MiB left): nothing more is collected until {} MiB are free; what is stored is safe",
        path.display(), free >> 20, least >> 20
    )]
    Full {
        /// The folder.
        path: PathBuf,
        /// Bytes that are left.
        free: u64,
        /// Bytes that are needed.
        least: u64,
    },
    /// An archive cannot be read into a store.
    #[error("could not import the archive: {0}; nothing was changed")]
    Archive(String),
    /// The engine refused.
    #[error("could not {action} the history: {cause}; what was stored before is kept, and it is tried again")]
    Engine {
        /// What was tried.
        action: &'static str,
        /// Why not.
        cause: String,
    },
}
