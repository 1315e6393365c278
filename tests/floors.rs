//! The rule of the house: imports point down. Reads the `use crate::` lines (and other paths into rooms)
//! of every source file and fails on an arrow that points up or through a wall.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor; a room imports only rooms on lower floors.
const FLOORS: [(&str, u8); 19] = [
    ("cli", 9),
    ("run", 8),
    ("ui", 7),
    ("report", 7),
    ("app", 6),
    ("term", 6),
    ("link", 5),
    ("respond", 5),
    ("judge", 4),
    ("collect", 4),
    ("alert", 3),
    ("forecast", 2),
    ("history", 2),
    ("source", 2),
    ("cost", 1),
    ("config", 1),
    ("domain", 0),
    ("main", 9),
    ("lib", 9),
];

/// Who must not see whom although the floors would allow it; `tokio` and the network crates count as rooms.
const WALLS: [(&[&str], &[&str]); 3] = [
    (&["judge", "alert", "forecast", "cost"], &["history", "source", "tokio"]),
    (&["ui", "app", "report"], &["history", "source"]),
    (&["link", "respond"], &["history"]),
];

#[test]
fn imports_point_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    for file in rust_files(&root) {
        let room = room_of(&root, &file);
        let text = fs::read_to_string(&file).expect("a source file is readable");
        for target in imported(&text) {
            if !is_allowed(&room, &target) {
                faults.push(format!("{} imports {target}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "arrows that point up or through a wall:\n{}", faults.join("\n"));
}

#[test]
fn only_source_and_respond_open_network_connections() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let openers = ["aws_config", "aws_sdk_", "aws_smithy_", "std::net", "tokio::net"];
    for file in rust_files(&root) {
        let room = room_of(&root, &file);
        let text = fs::read_to_string(&file).expect("a source file is readable");
        // The metrics are served on loopback and asked of nobody.
        let text = if room == "link" { without_unix_sockets(&text) } else { text };
        let opens = openers.iter().find(|opener| text.contains(*opener) && !file.ends_with("run/metrics.rs"));
        assert!(opens.is_none() || room == "source" || room == "respond", "{} uses {opens:?}", file.display());
    }
}

/// The sockets by which processes of one machine meet are no network.
fn without_unix_sockets(text: &str) -> String {
    ["UnixListener", "UnixStream", "{UnixListener, UnixStream}", "unix::{OwnedReadHalf, OwnedWriteHalf}"]
        .iter()
        .fold(text.to_owned(), |text, socket| text.replace(&format!("use tokio::net::{socket};"), ""))
}

#[test]
fn the_rule_itself_catches_a_broken_arrow() {
    assert!(!is_allowed("judge", "ui"));
    assert!(!is_allowed("cost", "config"), "rooms on one floor do not see each other");
    assert!(!is_allowed("ui", "history"), "a wall");
    assert!(is_allowed("cli", "run"));
    assert!(without_unix_sockets("use tokio::net::{TcpStream, UnixStream};").contains("tokio::net"));
    assert_eq!(without_unix_sockets("use tokio::net::UnixStream;"), "");
    assert_eq!(imported("use crate::{alert::x, ui};\n    let y = crate::run::z;"), ["alert", "ui", "run"]);
}

fn is_allowed(room: &str, target: &str) -> bool {
    let walled = WALLS.iter().any(|(rooms, hidden)| rooms.contains(&room) && hidden.contains(&target));
    let floor = |name: &str| FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor);
    let goes_down = match (floor(room), floor(target)) {
        (Some(from), Some(to)) => room == target || to < from,
        (Some(_), None) => true,
        (None, _) => panic!("the room `{room}` has no floor: add it to FLOORS and to the map in lib.rs"),
    };
    goes_down && !walled
}

/// The rooms named after `crate::` anywhere in the text, and `tokio` where it is used.
fn imported(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")) {
        for rest in line.split("crate::").skip(1) {
            let names = if let Some(list) = rest.strip_prefix('{') { list.split(',').collect() } else { vec![rest] };
            rooms.extend(names.into_iter().map(first_segment).filter(|name| !name.is_empty()));
        }
        if line.contains("tokio::") {
            rooms.push("tokio".to_owned());
        }
    }
    rooms
}

fn first_segment(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
}

fn room_of(root: &Path, file: &Path) -> String {
    let inside = file.strip_prefix(root).expect("the file lies in src");
    let first = inside.iter().next().expect("a file has a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
