//! An audit log: a JSON object a line in a file that is put aside when it has become large.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::respond::letter::{Job, Verdict};

/// A file and how large it may become.
#[derive(Clone, Debug)]
pub(super) struct Audit(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    path: PathBuf,
    max_bytes: u64,
    keep: u32,
    /// One writer at a time, so that no line is torn by putting the file aside.
    writing: Mutex<()>,
}

impl Audit {
    /// The log at a path; `keep` files that were put aside are kept beside it.
    pub(super) fn new(path: PathBuf, max_bytes: u64, keep: u32) -> Self {
        Self(Arc::new(Settings { path, max_bytes, keep, writing: Mutex::new(()) }))
    }

    /// Writes the events of a letter, a line each.
    pub(super) async fn tell(&self, job: &Job) -> Verdict {
        let line = |event| json!({ "key": job.letter.key, "event": event }).to_string();
        let lines: Vec<String> = job.letter.events.iter().map(line).collect();
        match self.append(lines.join("\n")).await {
            Ok(()) => Verdict::delivered(),
            Err(why) => Verdict::retry(why),
        }
    }

    /// Writes lines; a disk that hangs holds up no other receiver.
    ///
    /// # Errors
    /// Why they could not be written.
    pub(super) async fn append(&self, lines: String) -> Result<(), String> {
        let settings = Arc::clone(&self.0);
        let written = tokio::task::spawn_blocking(move || settings.append(&lines)).await;
        let path = self.0.path.display();
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!("could not write {path}: {error}; check that the disk is not full")),
            Err(_) => Err(format!("could not write {path}: the program is ending")),
        }
    }
}

impl Settings {
    fn append(&self, lines: &str) -> io::Result<()> {
        // A writer that panicked has left whole lines behind: each is written at once.
        let _alone = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let text = format!("{lines}\n");
        let size = fs::metadata(&self.path).map_or(0, |facts| facts.len());
        if size > 0 && size.saturating_add(text.len() as u64) > self.max_bytes {
            self.put_aside()?;
        }
        let mut file = open(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    }

    fn put_aside(&self) -> io::Result<()> {
        for number in (1..self.keep).rev() {
            let (from, to) = (self.aside(number), self.aside(number + 1));
            if from.exists() {
                fs::rename(from, to)?;
            }
        }
        if self.keep == 0 { fs::remove_file(&self.path) } else { fs::rename(&self.path, self.aside(1)) }
    }

    fn aside(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_large_file_is_put_aside_and_no_line_is_lost() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("audit.jsonl");
        let audit = Audit::new(path.clone(), 100, 3);
        for number in 0..12 {
            audit.append(format!("{{\"number\":{number:040}}}")).await.expect("written");
        }
        let names = ["audit.jsonl.3", "audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"];
        let texts = names.map(|name| fs::read_to_string(folder.path().join(name)).expect("there"));
        assert_eq!(texts.iter().map(|text| text.lines().count()).collect::<Vec<_>>(), [1, 1, 1, 1]);
        assert!(texts[3].contains("11}") && texts[0].contains("8}"), "{texts:?}");
    }

    #[tokio::test]
    async fn a_disk_that_refuses_is_told_and_tried_again() {
        let audit = Audit::new("/dev/full".into(), 100, 0);
        let told = audit.append("{}".to_owned()).await.expect_err("a full disk");
        assert!(told.contains("could not write /dev/full"), "{told}");
    }
}
