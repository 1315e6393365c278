//! What the screen wants of the world beside the engine: clipboard, files, the mouse.

use std::fs;
use std::io;
use std::path::PathBuf;

use ratatui::buffer::Buffer;

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
