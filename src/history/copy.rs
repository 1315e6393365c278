//! All values copied into new files: to give space back, and to save what can be read of damaged ones.

use std::collections::VecDeque;
use std::path::Path;

use crate::history::engine::{Engine, Entry, LARGEST_BATCH, LARGEST_VALUE, OpenFault, ReadFault, whole};
use crate::history::error::StoreError;
use crate::history::swap;

/// No value that is stored is larger than this, checksum included.
pub(super) const LARGEST: usize = LARGEST_VALUE + 64;

/// What to do with values that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Copy nothing at all.
    Refuse,
    /// Copy the others.
    LeaveOut,
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Copied {
    /// How many values.
    pub values: u64,
}

/// How often a place that cannot be read is narrowed down: each time halves the keys that are given up.
const MOST_PROBES: u32 = 2000;

/// Copies values into `sled.new`, which is complete and synced when this returns.
pub(super) fn copy(folder: &Path, from: &Engine, damage: Damage) -> Result<Copied, StoreError> {
    let new = swap::begin(folder)?;
    let to = Engine::open(&new, true).map_err(|fault| match fault {
        OpenFault::Damaged(cause) | OpenFault::Refused(cause) => StoreError::Engine { action: "make a copy of", cause },
    })?;
    let mut copying = Copying { from, to: &to, damage, copied: Copied::default(), waiting: Vec::new() };
    copying.range(&[], &[u8::MAX])?;
    copying.write()?;
    let copied = copying.copied;
    to.sync()?;
    Ok(copied)
}

struct Copying<'a> {
    from: &'a Engine,
    to: &'a Engine,
    damage: Damage,
    copied: Copied,
    waiting: Vec<Entry>,
}

impl Copying<'_> {
    /// Copies what can be read from a key up to another: from both ends as far as it goes; what is left in between is
    /// halved and tried again, the widest first.
    fn range(&mut self, from: &[u8], to: &[u8]) -> Result<(), StoreError> {
        let mut left = VecDeque::from([(from.to_vec(), to.to_vec())]);
        let mut probes = 0;
        while let Some((from, to)) = left.pop_front() {
            let Some(first_bad) = self.forwards(&from, &to)? else { continue };
            probes += 1;
            if probes > MOST_PROBES {
                return Ok(());
            }
            let Some(last_bad) = self.backwards(&first_bad, &to)? else { continue };
            if let Some(middle) = between(&first_bad, &last_bad) {
                left.extend([(first_bad, middle.clone()), (middle, last_bad)]);
            }
        }
        Ok(())
    }

    /// Copies in order; gives the first key that was not reached, if any.
    fn forwards(&mut self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut next = from.to_vec();
        for entry in self.from.scan_raw(from, to) {
            match entry {
                Ok(entry) => {
                    next = [entry.0.as_slice(), &[0]].concat();
                    self.take(entry)?;
                }
                Err(fault) => return self.refuse(fault).map(|()| Some(next)),
            }
        }
        Ok(None)
    }

    /// Copies from the end; gives the first key above what was not reached, if any.
    fn backwards(&mut self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut end = to.to_vec();
        for entry in self.from.scan_raw(from, to).rev() {
            match entry {
                Ok(entry) => {
                    end.clone_from(&entry.0);
                    self.take(entry)?;
                }
                Err(_) => return Ok(Some(end)),
            }
        }
        Ok(None)
    }

    fn take(&mut self, entry: Entry) -> Result<(), StoreError> {
        if let Err(fault) = whole(entry.clone()) {
            return self.refuse(fault);
        }
        self.waiting.push(entry);
        if self.waiting.len() >= LARGEST_BATCH {
            return self.write();
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.copied.values += self.waiting.len() as u64;
        self.to.write_raw(&std::mem::take(&mut self.waiting))
    }

    fn refuse(&self, fault: ReadFault) -> Result<(), StoreError> {
        let cause = match fault {
            _ if self.damage == Damage::LeaveOut => return Ok(()),
            ReadFault::Damaged(_) => "a value is damaged: `bedtop store verify` says which".to_owned(),
            ReadFault::Unreadable(cause) => cause,
        };
        Err(StoreError::Engine { action: "copy", cause })
    }
}

/// A key in the middle between two, as far as eight bytes behind what they share tell them apart.
fn between(low: &[u8], high: &[u8]) -> Option<Vec<u8>> {
    let shared = low.iter().zip(high).take_while(|(a, b)| a == b).count();
    let number = |key: &[u8]| {
        let mut bytes = [0; 8];
        let rest = &key[shared.min(key.len())..];
        let length = rest.len().min(8);
        bytes[..length].copy_from_slice(&rest[..length]);
        u64::from_be_bytes(bytes)
    };
    let (a, b) = (number(low), number(high));
    let middle = a + (b.checked_sub(a)? / 2);
    let middle = [&high[..shared], &middle.to_be_bytes()].concat();
    (low < middle.as_slice() && middle.as_slice() < high).then_some(middle)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_middle_lies_between(a in prop::collection::vec(any::<u8>(), 0..12), b in prop::collection::vec(any::<u8>(), 0..12)) {
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            if let Some(middle) = between(&low, &high) {
                prop_assert!(low < middle && middle < high);
            }
        }
    }
}
