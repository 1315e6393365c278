//! Values that may be secrets: read where the config says, at each use, and never shown.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::config::Source;

/// The longest secret, in bytes.
const LONGEST: u64 = 8 * 1024;

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    /// The value, for the one place that sends it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Reads a value. A file is read anew each time, so that a secret can be changed without a restart.
///
/// # Errors
/// Where it was looked for and what to do, without the value.
pub(super) fn read(source: &Source) -> Result<Secret, String> {
    let text = match source {
        Source::Plain(text) => text.clone(),
        Source::Env(name) => {
            std::env::var(name).map_err(|_| format!("the environment variable {name} is not set: set it for bedtop"))?
        }
        Source::File(path) => {
            let told = |why: &str| format!("the file {} {why}", path.display());
            let facts = fs::metadata(path).map_err(|error| told(&format!("cannot be read: {error}")))?;
            if facts.permissions().mode() & 0o004 != 0 {
                return Err(told("can be read by everyone: make it readable for bedtop alone, chmod 600"));
            }
            if facts.len() > LONGEST {
                return Err(told("is too long for a secret"));
            }
            fs::read_to_string(path).map_err(|error| told(&format!("cannot be read: {error}")))?
        }
    };
    let text = text.trim().to_owned();
    if text.is_empty() || text.contains(char::is_control) {
        return Err(format!("{} does not hold a value of one line", place(source)));
    }
    Ok(Secret(text))
}

fn place(source: &Source) -> String {
    match source {
        Source::Plain(_) => "the config".to_owned(),
        Source::Env(name) => format!("the environment variable {name}"),
        Source::File(path) => format!("the file {}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = read(&Source::Plain("hunter2".to_owned())).expect("a secret");
        assert_eq!((format!("{secret:?}").as_str(), secret.reveal()), ("***", "hunter2"));
    }

    #[test]
    fn a_file_that_everyone_can_read_is_no_place_for_a_secret() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("key");
        fs::write(&path, "hunter2\n").expect("written");
        let source = Source::File(path.clone());
        for (mode, expected) in [(0o644, Err("chmod 600")), (0o600, Ok("hunter2"))] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            match (read(&source), expected) {
                (Ok(secret), Ok(value)) => assert_eq!(secret.reveal(), value),
                (Err(fault), Err(advice)) => assert!(fault.contains(advice) && !fault.contains("hunter2"), "{fault}"),
                (read, _) => panic!("mode {mode:o}: {read:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_there_is_told_by_its_place() {
        let fault = read(&Source::Env("BEDTOP_TEST_NOT_SET".to_owned())).expect_err("a fault");
        assert!(fault.contains("BEDTOP_TEST_NOT_SET is not set"), "{fault}");
    }
}
