//! What the screen wants of the world beside the engine: clipboard, files, the mouse.

use std::fs;
use std::io;
use std::path::PathBuf;

use jiff::SignedDuration;
use ratatui::buffer::Buffer;

use crate::app::list::RowKey;
use crate::domain::event::{AlertKey, Subject};
use crate::domain::text::printable;
use crate::report::picture::{self, Format};
use crate::term::clipboard::{self, Way};

/// What came of copying: bytes for the terminal, if any, and what to tell the user.
pub(super) struct Copied {
    /// To be written to the terminal.
    pub bytes: Vec<u8>,
    /// What was copied where, or why not.
    pub message: String,
}

/// Copies a text by the way there is.
pub(super) fn copy(text: &str, env: impl Fn(&str) -> Option<String>) -> Copied {
    let done = |bytes, place| Copied { bytes, message: format!("copied to {place}: {text}") };
    match clipboard::way(text, env) {
        Ok(Way::Terminal(bytes)) => done(bytes, "the terminal's clipboard (OSC 52)"),
        Ok(Way::Tmux) => match clipboard::to_tmux(text) {
            Ok(()) => done(Vec::new(), "tmux's buffer"),
            Err(fault) => Copied { bytes: Vec::new(), message: fault },
        },
        Err(fault) => Copied { bytes: Vec::new(), message: fault },
    }
}

/// Writes what is on the screen to a file, in the format of its name, or in all formats to files of a name of their
/// own in the current folder; says which.
pub(super) fn snapshot(screen: &Buffer, file: Option<&str>, stamp: &str) -> String {
    let written = match file {
        Some(name) => write(screen, PathBuf::from(name), Format::of_name(name)),
        None => Format::ALL.into_iter().try_fold(String::new(), |names, format| {
            let name = format!("bedtop-{stamp}.{}", format.name());
            let written = write(screen, PathBuf::from(name), format)?;
            Ok(if names.is_empty() { written } else { format!("{names}, {written}") })
        }),
    };
    match written {
        Ok(names) => format!("wrote {names}"),
        Err((name, error)) => format!("could not write {}: {error}", name.display()),
    }
}

fn write(screen: &Buffer, path: PathBuf, format: Format) -> Result<String, (PathBuf, io::Error)> {
    match fs::write(&path, picture::of(screen, format)) {
        Ok(()) => Ok(path.display().to_string()),
        Err(error) => Err((path, error)),
    }
}

/// How a shell acknowledges what is selected.
pub(super) fn ack_command(subject: &RowKey, note: &str) -> String {
    let note = if note.is_empty() { String::new() } else { format!(" --note {}", quoted(note)) };
    format!("run in a shell: bedtop ack {}{note}", matcher(subject))
}

/// How a shell silences what is selected.
pub(super) fn silence_command(subject: &RowKey, length: SignedDuration, comment: &str) -> String {
    let minutes = length.as_mins();
    format!("run in a shell: bedtop silence {} --for {minutes}m --comment {}", matcher(subject), quoted(comment))
}

/// The matcher that finds what is selected.
fn matcher(subject: &RowKey) -> String {
    let of_subject = |subject: &Subject| match subject {
        Subject::Owner(owner) => ("tenant", owner.name().to_owned()),
        Subject::Pool(pool) => ("pool", pool.as_str().to_owned()),
        Subject::Scope(scope) | Subject::Quota(scope, _) => ("scope", scope.as_str().to_owned()),
        Subject::Fleet => ("tenant", "*".to_owned()),
    };
    let (label, name) = match subject {
        RowKey::Owner(owner) | RowKey::Profile(owner, ..) => ("tenant", owner.name().to_owned()),
        RowKey::Alert(AlertKey { subject, .. }) | RowKey::Change(_, AlertKey { subject, .. }) => of_subject(subject),
        RowKey::Bill(name) => ("tenant", name.clone()),
    };
    quoted(&format!("{label}={name}"))
}

/// Text that a shell takes as one word.
fn quoted(text: &str) -> String {
    format!("'{}'", printable(text).replace('\'', "'\\''"))
}
