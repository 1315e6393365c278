//! Why two processes do not come together.

use std::io;
use std::path::PathBuf;

/// Why an owner cannot be reached, or panes cannot be served. The history is not touched by any of these.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nobody listens at the socket.
    #[error("no bedtop listens at {}: start `bedtop` or `bedtop collect` there, or check the forwarding", .0.display())]
    Absent(PathBuf),
    /// The other side understands something else, or does not want us; it says why.
    #[error("the bedtop at the other end refuses: {0}")]
    Refused(String),
    /// The other side does not answer.
    #[error("the bedtop at the other end does not answer: it may be stopped; continue it with `kill -CONT`, or end it")]
    Silent,
    /// The other side has ended.
    #[error("the bedtop at the other end has ended")]
    Ended,
    /// What came cannot be understood.
    #[error("the other end sent {0}: is it another version of bedtop, or no bedtop at all? Restart both")]
    Malformed(String),
    /// The other process belongs to somebody else.
    #[error("the process at the other end runs as user {found}, not as {wanted}: it is not trusted")]
    Stranger {
        /// The user of the other process.
        found: u32,
        /// Ours.
        wanted: u32,
    },
    /// The folder of the socket is open to others.
    #[error("{} {fault}: sockets are only kept in a folder of one's own; {remedy}", path.display())]
    Exposed {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
        /// What to do.
        remedy: String,
    },
    /// The system refuses.
    #[error("could not {action} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
}

impl LinkError {
    /// What came cannot be decoded.
    pub(super) fn malformed(cause: impl std::fmt::Display) -> Self {
        Self::Malformed(format!("something that cannot be read ({cause})"))
    }

    /// What is to be sent cannot be encoded.
    pub(super) fn unpackable(cause: impl std::fmt::Display) -> Self {
        Self::Malformed(format!("nothing: it cannot be packed ({cause})"))
    }

    /// The connection broke.
    pub(super) fn broken(cause: &io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::InvalidData => Self::malformed(cause),
            _ => Self::Ended,
        }
    }
}
