//! Where the socket of a history lies, and whether that place is one's own.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::link::error::LinkError;

/// What others may do in the folder.
const OTHERS: u32 = 0o077;

/// The user of this process.
pub(super) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The socket of the history in a folder: `$XDG_RUNTIME_DIR/bedtop/<name>.sock`, or below the folder for temporary
/// files where that is not set. The name stands for the folder's path without links; one that does not exist has none.
#[must_use]
pub fn socket(store: &Path, environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let path = fs::canonicalize(store).ok()?;
    Some(folder(environment).join(format!("{:016x}.sock", hash(path.as_os_str().as_encoded_bytes()))))
}

/// Whether somebody listens at a socket; a file that a killed owner left behind does not count.
#[must_use]
pub fn is_served(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok()
}

/// The folder of all sockets of a user.
#[must_use]
pub fn folder(environment: impl Fn(&str) -> Option<String>) -> PathBuf {
    let absolute = |name: &str| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
    match absolute("XDG_RUNTIME_DIR") {
        Some(runtime) => runtime.join("bedtop"),
        None => absolute("TMPDIR").unwrap_or_else(|| "/tmp".into()).join(format!("bedtop-{}", user())),
    }
}

/// FNV-1a: the name must be the same in every version of bedtop.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Makes the folder of a socket, for its user alone, or checks the one that is there.
///
/// # Errors
/// When it is somebody else's, open to others, or no folder.
pub(super) fn secure(folder: &Path) -> Result<(), LinkError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(LinkError::Io { action: "create the folder", path: folder.to_owned(), cause: error })
        }
        _ => check(folder),
    }
}

/// Whether a folder that is there is its user's alone.
///
/// # Errors
/// When it is somebody else's, open to others, or no folder.
pub fn check(folder: &Path) -> Result<(), LinkError> {
    let found = fs::symlink_metadata(folder);
    let found = found.map_err(|cause| LinkError::Io { action: "look at", path: folder.to_owned(), cause })?;
    let exposed = |fault: String, remedy: String| LinkError::Exposed { path: folder.to_owned(), fault, remedy };
    if !found.is_dir() {
        return Err(exposed("is no folder".to_owned(), "move it away".to_owned()));
    }
    if found.uid() != user() {
        return Err(exposed(format!("belongs to user {}", found.uid()), "set XDG_RUNTIME_DIR".to_owned()));
    }
    if found.permissions().mode() & OTHERS != 0 {
        let remedy = format!("close it with `chmod 700 {}`", folder.display());
        return Err(exposed("is open to other users".to_owned(), remedy));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::the_runtime_folder(Some("/run/user/7"), None, "/run/user/7/bedtop/")]
    #[case::no_runtime_folder(None, Some("/var/tmp"), "/var/tmp/bedtop-USER/")]
    #[case::a_relative_one_is_none(Some("run"), None, "/tmp/bedtop-USER/")]
    fn the_socket_lies_where_only_its_user_is(
        #[case] runtime: Option<&str>,
        #[case] temporary: Option<&str>,
        #[case] expected: &str,
    ) {
        let environment = |name: &str| match name {
            "XDG_RUNTIME_DIR" => runtime.map(str::to_owned),
            "TMPDIR" => temporary.map(str::to_owned),
            _ => None,
        };
        let store = tempfile::tempdir().expect("a folder");
        let link = store.path().join("link");
        std::os::unix::fs::symlink(store.path(), &link).expect("a link");
        let of = |folder: &Path| socket(folder, environment).expect("it exists");
        let expected = expected.replace("USER", &user().to_string());
        assert!(of(store.path()).to_string_lossy().starts_with(&expected), "{:?}", of(store.path()));
        assert_eq!(of(&link), of(store.path()), "one history has one socket, however it is reached");
        assert_eq!(socket(&store.path().join("none"), environment), None);
    }

    #[test]
    fn what_a_killed_owner_left_behind_is_served_by_nobody() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("a.sock");
        let listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
        assert!(is_served(&socket));
        drop(listener);
        assert!(socket.exists() && !is_served(&socket));
    }

    #[test]
    fn a_name_never_changes() {
        assert_eq!(hash(b"/home/ops/.local/state/bedtop"), 0x9b83_b765_ed61_957f);
    }

    #[rstest]
    #[case::open_to_the_group(0o750, "is open to other users")]
    #[case::open_to_all(0o707, "chmod 700")]
    fn a_folder_open_to_others_is_refused(#[case] mode: u32, #[case] expected: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("ours");
        let told = secure(folder.path()).expect_err("refused").to_string();
        assert!(told.contains(expected), "{told}");
    }

    #[test]
    fn a_new_folder_is_closed_and_a_link_to_one_is_refused() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("bedtop");
        secure(&folder).expect("made");
        assert_eq!(fs::metadata(&folder).expect("there").permissions().mode() & 0o777, 0o700);
        secure(&folder).expect("still good");
        let link = outer.path().join("link");
        std::os::unix::fs::symlink(&folder, &link).expect("a link");
        assert!(secure(&link).expect_err("refused").to_string().contains("is no folder"));
    }
}
