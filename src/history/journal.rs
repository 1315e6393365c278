//! Batches that are stored whole or not at all, however large: the engine's own batches must stay small.
//!
//! Operations that do not fit into one batch are first written as pieces of a journal, then a last piece that seals
//! it, then the operations themselves. A journal that is found sealed at the next opening is carried out again; one
//! that is not was never begun.

use crate::history::codec::{put_number, put_run, take_number, take_run};
use crate::history::engine::{Engine, Entry, LARGEST_BATCH, LARGEST_VALUE, Operation, whole};
use crate::history::error::StoreError;
use crate::history::keys::Kind;

/// The bytes of one piece.
const PIECE: usize = LARGEST_VALUE - 64;

impl Engine {
    /// Writes operations as one: all of them are stored or none.
    pub(super) fn commit(&self, operations: Vec<Operation>) -> Result<(), StoreError> {
        if operations.len() <= LARGEST_BATCH {
            return self.write(operations);
        }
        let bytes = encode(&operations);
        let pieces = bytes.chunks(PIECE);
        let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        self.write((1..).zip(pieces).map(|(number, piece)| Operation::Put(key(number), piece.to_vec())).collect())?;
        let mut seal = Vec::new();
        put_number(&mut seal, u64::from(count));
        self.write(vec![Operation::Put(key(0), seal)])?;
        self.write(operations)?;
        // The seal goes first, so that what is left of the pieces means nothing.
        self.write((0..=count).map(|number| Operation::Remove(key(number))).collect())
    }

    /// Carries out what a sealed journal holds, and removes what is left of any.
    pub(super) fn recover(&self) -> Result<(), StoreError> {
        let prefix = Kind::Journal.prefix();
        let stored: Vec<Entry> = self.scan_raw(&[prefix], &[prefix + 1]).map_while(Result::ok).collect();
        let keys: Vec<Vec<u8>> = stored.iter().map(|(key, _)| key.clone()).collect();
        // A piece that is damaged or missing leaves fewer than the seal says.
        let found: Vec<Entry> = stored.into_iter().filter_map(|entry| whole(entry).ok()).collect();
        let Some(((first, seal), pieces)) = found.split_first() else { return Ok(()) };
        let is_sealed = *first == key(0) && take_number(&mut seal.as_slice()) == Some(pieces.len() as u64);
        let bytes: Vec<u8> = pieces.iter().flat_map(|(_, piece)| piece).copied().collect();
        if let Some(operations) = Some(bytes).filter(|_| is_sealed).and_then(|bytes| decode(&bytes)) {
            self.write(operations)?;
        }
        self.write(keys.into_iter().map(Operation::Remove).collect())
    }
}

fn key(number: u32) -> Vec<u8> {
    [&[Kind::Journal.prefix()], number.to_be_bytes().as_slice()].concat()
}

pub(super) fn encode(operations: &[Operation]) -> Vec<u8> {
    let mut out = Vec::new();
    for operation in operations {
        match operation {
            Operation::Put(key, value) => {
                out.push(1);
                put_run(&mut out, key);
                put_run(&mut out, value);
            }
            Operation::Remove(key) => {
                out.push(0);
                put_run(&mut out, key);
            }
        }
    }
    out
}

pub(super) fn decode(mut bytes: &[u8]) -> Option<Vec<Operation>> {
    let mut operations = Vec::new();
    while let Some((&tag, rest)) = bytes.split_first() {
        bytes = rest;
        let key = take_run(&mut bytes)?.to_vec();
        operations.push(match tag {
            0 => Operation::Remove(key),
            1 => Operation::Put(key, take_run(&mut bytes)?.to_vec()),
            _ => return None,
        });
    }
    Some(operations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(folder: &tempfile::TempDir) -> Engine {
        Engine::open(folder.path(), false).expect("opens")
    }

    fn many() -> Vec<Operation> {
        (0..1000_u32)
            .map(|number| Operation::Put([b"t", number.to_be_bytes().as_slice()].concat(), vec![1; 50]))
            .collect()
    }

    fn stored(engine: &Engine) -> (usize, usize) {
        (engine.scan(b"t", b"u").count(), engine.scan_kind(Kind::Journal).count())
    }

    #[test]
    fn a_large_batch_is_there_whole_wherever_its_writing_ends() {
        for batches in 0.. {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let first = engine(&folder);
            first.batches_left.set(Some(batches));
            let is_committed = first.commit(many()).is_ok();
            drop(first);
            let again = engine(&folder);
            again.recover().expect("recovers");
            let (operations, pieces) = stored(&again);
            assert!(operations == 0 || operations == 1000, "{operations} after {batches} batches");
            assert_eq!(pieces, 0, "nothing is left of the journal");
            if is_committed {
                assert_eq!(operations, 1000);
                break;
            }
        }
    }

    #[test]
    fn a_damaged_journal_is_not_carried_out() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let engine = engine(&folder);
        engine.batches_left.set(Some(2));
        let _ = engine.commit(many());
        engine.batches_left.set(None);
        engine.write_raw(&[(key(2), vec![0; 9])]).expect("written");
        engine.recover().expect("recovers");
        assert_eq!(stored(&engine), (0, 0));
    }
}
