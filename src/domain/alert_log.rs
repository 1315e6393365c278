//! The alert log in the store: what people did, what they were not told, and what was sent. Changes of level lie in the
//! history itself.

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::LogEntry;
use crate::domain::space::{Edit, Space, Spaces};

/// Where the entries lie.
const SPACE: Space = Space::new("alerts");
/// How long they are kept: as long as changes of level.
const KEPT: SignedDuration = SignedDuration::from_hours(455 * 24);
/// How many old ones are removed at a time.
const SLICE: usize = 100;

/// Who writes an entry: entries of one writer and one instant are told apart by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// The alert machine, at a step.
    Machine,
    /// A person.
    Person,
    /// The responses.
    Responder,
}

/// The edits that store entries.
#[must_use]
pub fn put(entries: &[LogEntry], writer: Writer) -> Vec<Edit> {
    let edit = |(number, entry): (u32, &LogEntry)| {
        let value = serde_json::to_vec(entry).unwrap_or_default();
        Edit::put(SPACE, key(entry.at, writer, number), value)
    };
    (0..).zip(entries).map(edit).collect()
}

/// The edits that remove what is too old, some at a time.
#[must_use]
pub fn retire(stored: &dyn Spaces, now: Timestamp) -> Vec<Edit> {
    let Ok(oldest) = now.checked_sub(KEPT) else { return Vec::new() };
    let end = key(oldest, Writer::Machine, 0);
    let found = stored.entries_from(SPACE, &[], SLICE);
    found.into_iter().take_while(|(key, _)| *key < end).map(|(key, _)| Edit::remove(SPACE, key)).collect()
}

/// The entries from an instant on, oldest first, at most `limit`.
#[must_use]
pub fn since(stored: &dyn Spaces, since: Timestamp, limit: usize) -> Vec<LogEntry> {
    let found = stored.entries_from(SPACE, &key(since, Writer::Machine, 0), limit);
    found.iter().filter_map(|(_, value)| serde_json::from_slice(value).ok()).collect()
}

/// Signed times sort as unsigned ones with the sign bit flipped.
fn key(at: Timestamp, writer: Writer, number: u32) -> Vec<u8> {
    let nanoseconds = i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX);
    let mut key = (nanoseconds.cast_unsigned() ^ (1 << 63)).to_be_bytes().to_vec();
    key.push(match writer {
        Writer::Machine => 0,
        Writer::Person => 1,
        Writer::Responder => 2,
    });
    key.extend(number.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::action::{Action, Deed, SilenceId};
    use crate::domain::event::Happening;

    #[derive(Default)]
    struct Memory(BTreeMap<Vec<u8>, Vec<u8>>);

    impl Spaces for Memory {
        fn entry(&self, _space: Space, key: &[u8]) -> Option<Vec<u8>> {
            self.0.get(key).cloned()
        }

        fn entries_from(&self, _space: Space, key: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
            self.0.range(key.to_vec()..).take(limit).map(|(key, value)| (key.clone(), value.clone())).collect()
        }

        fn edit(&mut self, edits: Vec<Edit>) -> Result<(), String> {
            for edit in edits {
                match edit.value {
                    Some(value) => self.0.insert(edit.key, value),
                    None => self.0.remove(&edit.key),
                };
            }
            Ok(())
        }
    }

    fn entry(second: i64) -> LogEntry {
        let at = Timestamp::from_second(second).expect("a time");
        let what = Deed::Unsilence { id: SilenceId("s".into()) };
        LogEntry { at, what: Happening::Action(Action { at, by: "ada".into(), what }) }
    }

    #[test]
    fn entries_are_read_in_the_order_of_time_whoever_wrote_them() {
        let mut memory = Memory::default();
        memory.edit(put(&[entry(20), entry(20)], Writer::Responder)).expect("stored");
        memory.edit(put(&[entry(10)], Writer::Person)).expect("stored");
        memory.edit(put(&[entry(20)], Writer::Machine)).expect("stored");
        let times = |from: i64| -> Vec<i64> {
            let found = since(&memory, Timestamp::from_second(from).expect("a time"), 10);
            found.iter().map(|entry| entry.at.as_second()).collect()
        };
        assert_eq!(times(0), [10, 20, 20, 20]);
        assert_eq!(times(11), [20, 20, 20]);
    }

    #[test]
    fn what_is_older_than_the_history_goes() {
        let mut memory = Memory::default();
        memory.edit(put(&[entry(0), entry(1_000)], Writer::Machine)).expect("stored");
        let now = Timestamp::from_second(500).expect("a time") + KEPT;
        memory.edit(retire(&memory, now)).expect("stored");
        assert_eq!(since(&memory, Timestamp::UNIX_EPOCH, 10), [entry(1_000)]);
    }
}
