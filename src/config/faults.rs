//! What is wrong with a configuration, and where.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use crate::domain::text::printable;

/// One fault with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and how to put it right.
    pub message: String,
}

impl Fault {
    /// A fault at a byte range of the file's text.
    pub(super) fn at(text: &str, span: &Range<usize>, message: impl AsRef<str>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: printable(message.as_ref()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or cannot be read.
    #[error("could not read the config file {}: {cause}; `bedtop config init` writes one", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The file has faults.
    #[error("the config file {} has {}:{}", path.display(), count(faults), list(faults))]
    Faulty {
        /// Which file.
        path: PathBuf,
        /// All of them, in the order of the file.
        faults: Vec<Fault>,
    },
    /// A flag or an environment variable has a fault.
    #[error("{0}")]
    Override(String),
    /// There is no home folder to keep the history in.
    #[error("could not find a folder for the history: neither XDG_STATE_HOME nor HOME is set; give one with --store")]
    NoHome,
}

fn count(faults: &[Fault]) -> String {
    if faults.len() == 1 { "a fault".to_owned() } else { format!("{} faults", faults.len()) }
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let text = "a = 1\nü = x\n";
        let fault = Fault::at(text, &(text.find('x').expect("there")..text.len()), "not\u{1b}so");
        assert_eq!(fault.to_string(), "line 2, column 5: not·so");
    }
}
