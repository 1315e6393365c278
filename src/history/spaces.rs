//! Named spaces: an ordered map a space, behind keys that keep the order of theirs. A value that is too large for the
//! engine lies in parts.

use std::collections::BTreeMap;

use crate::domain::space::{Edit, Space, Spaces};
use crate::history::codec::{checked, with_checksum};
use crate::history::engine::{Engine, LARGEST_VALUE, Operation};
use crate::history::error::StoreError;
use crate::history::keys::Kind;
use crate::history::store::Store;

/// The bytes of a value that one part takes.
const PART: usize = LARGEST_VALUE - 64;

impl Spaces for Store {
    fn entry(&self, space: Space, key: &[u8]) -> Option<Vec<u8>> {
        let found = self.read_spaces(&first_key(space, key), &end_of(space, key), 1);
        found.into_iter().next().map(|(_, value)| value)
    }

    fn entries_from(&self, space: Space, key: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.read_spaces(&first_key(space, key), &space_end(space), limit)
    }

    fn edit(&mut self, edits: Vec<Edit>) -> Result<(), String> {
        self.record_edits(edits).map_err(|error| error.to_string())
    }
}

impl Store {
    fn record_edits(&mut self, edits: Vec<Edit>) -> Result<(), StoreError> {
        self.engine.mend()?;
        self.engine.commit(self.operations_of(edits))?;
        self.engine.sync()
    }

    /// What edits come to; of several edits of one entry the last one counts.
    pub(super) fn operations_of(&self, edits: Vec<Edit>) -> Vec<Operation> {
        let last: BTreeMap<_, _> = edits.into_iter().map(|Edit { space, key, value }| ((space, key), value)).collect();
        let edits = last.into_iter().map(|((space, key), value)| Edit { space, key, value });
        edits.flat_map(|edit| operations(&self.engine, edit)).collect()
    }

    fn read_spaces(&self, from: &[u8], to: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let whole = |(key, value): (Vec<u8>, Vec<u8>)| {
            let value = checked(&key, &value).map(<[u8]>::to_vec);
            if value.is_none() {
                self.note("an entry beside the usage is damaged in the history and was left out".into());
            }
            Some((key, value?))
        };
        for (stored, value) in self.entries(self.engine.scan(from, to)) {
            let Some((key, part)) = split_key(&stored) else { continue };
            let is_full = found.len() == limit;
            match found.last_mut().filter(|(last, _)| part > 0 && *last == key) {
                Some((_, earlier)) => earlier.extend(value),
                None if is_full => break,
                None => found.push((key, value)),
            }
        }
        found.into_iter().filter_map(whole).collect()
    }
}

/// The parts of a value, in the place of those before.
pub(super) fn operations(engine: &Engine, Edit { space, key, value }: Edit) -> Vec<Operation> {
    let value = value.map(|value| with_checksum(&key, value));
    let parts: Vec<&[u8]> = value.iter().flat_map(|value| value.chunks(PART)).collect();
    let stored = engine.scan_raw(&first_key(space, &key), &end_of(space, &key)).map_while(Result::ok);
    let mut operations: Vec<Operation> =
        stored.skip(parts.len()).map(|(stored, _)| Operation::Remove(stored)).collect();
    let put = |(part, bytes): (u16, &&[u8])| Operation::Put(part_key(space, &key, part), bytes.to_vec());
    operations.extend((0..).zip(&parts).map(put));
    operations
}

/// What all keys of a space begin with.
fn space_start(space: Space) -> Vec<u8> {
    [&[Kind::Space.prefix()], space.name().as_bytes(), &[0]].concat()
}

/// The first key that is behind all of a space.
fn space_end(space: Space) -> Vec<u8> {
    [&[Kind::Space.prefix()], space.name().as_bytes(), &[1]].concat()
}

/// A zero byte is followed by 255 inside of a key and by 1 at its end, so that keys of any length sort as they are.
fn escaped(key: &[u8]) -> Vec<u8> {
    key.iter().flat_map(|&byte| std::iter::once(byte).chain((byte == 0).then_some(255))).collect()
}

fn first_key(space: Space, key: &[u8]) -> Vec<u8> {
    [space_start(space), escaped(key), vec![0, 1]].concat()
}

/// The first key that is behind all parts of an entry.
fn end_of(space: Space, key: &[u8]) -> Vec<u8> {
    [space_start(space), escaped(key), vec![0, 2]].concat()
}

fn part_key(space: Space, key: &[u8], part: u16) -> Vec<u8> {
    [first_key(space, key), part.to_be_bytes().to_vec()].concat()
}

/// The key of an entry and which part of it, from a stored key.
fn split_key(stored: &[u8]) -> Option<(Vec<u8>, u16)> {
    let name_end = stored.iter().position(|&byte| byte == 0)?;
    let (rest, part) = stored.get(name_end + 1..)?.split_last_chunk::<2>()?;
    let mut key = Vec::with_capacity(rest.len());
    let mut bytes = rest.strip_suffix(&[0, 1])?.iter();
    while let Some(&byte) = bytes.next() {
        key.push(byte);
        if byte == 0 {
            bytes.next();
        }
    }
    Some((key, u16::from_be_bytes(*part)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::Step;
    use crate::history::{Retention, StoreOptions};

    const ONE: Space = Space::new("one");
    const TWO: Space = Space::new("two");
    const OPTIONS: StoreOptions = StoreOptions { step: Step::MINUTE, retention: Retention::DEFAULT, durable: false };

    fn any_edit() -> impl Strategy<Value = Edit> {
        let space = prop_oneof![Just(ONE), Just(TWO)];
        let key = prop::collection::vec(0..3_u8, 0..4);
        let value = prop::option::of((0..3 * LARGEST_VALUE, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]));
        (space, key, value).prop_map(|(space, key, value)| Edit { space, key, value })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_space_is_an_ordered_map_of_its_own(edits in prop::collection::vec(any_edit(), 1..30), from in prop::collection::vec(0..3_u8, 0..3)) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut store = Store::open(folder.path(), &OPTIONS).expect("opens");
            let mut model: BTreeMap<(Space, Vec<u8>), Vec<u8>> = BTreeMap::new();
            for edit in &edits {
                let key = (edit.space, edit.key.clone());
                match edit.value.clone() {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
            store.edit(edits).expect("written");
            drop(store);
            let store = Store::open(folder.path(), &OPTIONS).expect("opens");
            for space in [ONE, TWO] {
                let expected = model.iter().filter(|((of, key), _)| *of == space && *key >= from);
                let expected: Vec<_> = expected.map(|((_, key), value)| (key.clone(), value.clone())).collect();
                for ((key, value), limit) in expected.iter().zip(1..) {
                    prop_assert_eq!(store.entry(space, key), Some(value.clone()));
                    prop_assert_eq!(&store.entries_from(space, &from, limit), &expected[..limit]);
                }
                prop_assert_eq!(store.entries_from(space, &from, 100), expected);
            }
        }
    }

    #[test]
    fn edits_are_recorded_together_with_changes_however_many() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Store::open(folder.path(), &OPTIONS).expect("opens");
        let edits = (0..1000_u32).map(|number| Edit::put(ONE, number.to_be_bytes(), vec![7; 40])).collect();
        store.record(&[], b"state", edits).expect("recorded");
        assert_eq!(store.entries_from(ONE, &[], 2000).len(), 1000);
        assert_eq!(store.checkpoint().as_deref(), Some(b"state".as_slice()));
    }
}
