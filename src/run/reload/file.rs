//! Whether a file has changed, by its contents.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

/// A file as it was read last; it need not exist.
#[derive(Debug)]
pub(super) struct File {
    path: Option<PathBuf>,
    stamp: Stamp,
    contents: Option<Vec<u8>>,
    /// A change that was seen once.
    changing: Option<Stamp>,
}

/// What tells two versions of a file apart without reading them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stamp {
    /// There is none.
    Absent,
    /// Which file it is, how long, and when it was written.
    Present((u64, u64), u64, Option<SystemTime>),
}

/// What a look at the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It is as it was.
    Same,
    /// It has just changed and may be changing still.
    Changing,
    /// It has changed.
    Changed,
}

impl File {
    /// A file as it is now.
    pub(super) fn at(path: Option<PathBuf>) -> Self {
        let mut file = Self { path, stamp: Stamp::Absent, contents: None, changing: None };
        file.take(file.stamp());
        file
    }

    /// Looks at it. An editor that truncates a file and then writes it, or removes it and then writes another, is not
    /// seen half way: a change counts once it is seen the same twice, or at once where that is asked for.
    pub(super) fn look(&mut self, is_asked: bool) -> Look {
        let stamp = self.stamp();
        if stamp == self.stamp && !is_asked {
            self.changing = None;
            return Look::Same;
        }
        if !is_asked && self.changing.as_ref() != Some(&stamp) {
            self.changing = Some(stamp);
            return Look::Changing;
        }
        if self.take(stamp) { Look::Changed } else { Look::Same }
    }

    fn stamp(&self) -> Stamp {
        let metadata = self.path.as_ref().and_then(|path| fs::metadata(path).ok());
        metadata.map_or(Stamp::Absent, |metadata| {
            Stamp::Present((metadata.dev(), metadata.ino()), metadata.len(), metadata.modified().ok())
        })
    }

    /// Reads it; gives whether its contents are new.
    fn take(&mut self, stamp: Stamp) -> bool {
        let contents = self.path.as_ref().and_then(|path| fs::read(path).ok());
        let is_new = contents != self.contents;
        (self.stamp, self.contents, self.changing) = (stamp, contents, None);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_once_it_has_settled_and_only_if_the_contents_differ() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        let mut file = File::at(Some(path.clone()));
        let looks = |file: &mut File| [file.look(false), file.look(false), file.look(false)];
        let changed = [Look::Changing, Look::Changed, Look::Same];
        assert_eq!(looks(&mut file), [Look::Same; 3]);
        fs::write(&path, "a = 1\n").expect("written");
        assert_eq!(looks(&mut file), changed);
        let other = folder.path().join("other.toml");
        fs::write(&other, "a = 1\n").expect("written");
        fs::rename(&other, &path).expect("renamed");
        assert_eq!(looks(&mut file), [Look::Changing, Look::Same, Look::Same], "the same contents");
        fs::write(&path, "").expect("truncated");
        assert_eq!(file.look(false), Look::Changing);
        fs::write(&path, "a = 22\n").expect("written");
        assert_eq!(looks(&mut file), changed, "it went on changing");
        fs::write(&path, "a = 333\n").expect("written");
        assert_eq!([file.look(true), file.look(true)], [Look::Changed, Look::Same], "whoever asks does not wait");
        fs::remove_file(&path).expect("removed");
        assert_eq!(looks(&mut file), changed);
    }
}
