//! Rows of young points: one instant, many profiles; and rows of hourly sums: one profile, one day.
//!
//! Both are a version byte and a list of (number, counts): the profile's number, or the hour of the day.

use std::collections::BTreeMap;

use crate::domain::meter::Counts;
use crate::history::codec::{checked, put_counts, put_number, take_counts, take_number, with_checksum};

const VERSION: u8 = 1;

/// Profiles of one shard share a row, so that a row stays below the largest value that is stored.
pub(super) const SHARD_PROFILES: u32 = 128;

/// The row as stored.
pub(super) fn encode(entries: &BTreeMap<u32, Counts>) -> Vec<u8> {
    let mut out = vec![VERSION];
    for (&number, counts) in entries {
        put_number(&mut out, u64::from(number));
        put_counts(&mut out, counts);
    }
    with_checksum(out)
}

/// The entries of a stored row; `None` where it is damaged or of an unknown version.
pub(super) fn decode(stored: &[u8]) -> Option<BTreeMap<u32, Counts>> {
    let (&version, mut bytes) = checked(stored)?.split_first()?;
    if version != VERSION {
        return None;
    }
    let mut entries = BTreeMap::new();
    while !bytes.is_empty() {
        let number = u32::try_from(take_number(&mut bytes)?).ok()?;
        entries.insert(number, take_counts(&mut bytes)?);
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::codec::tests::any_counts;
    use crate::history::engine::LARGEST_VALUE;

    proptest! {
        #[test]
        fn rows_come_back(entries in prop::collection::btree_map(any::<u32>(), any_counts(), 0..SHARD_PROFILES as usize)) {
            let stored = encode(&entries);
            prop_assert!(stored.len() <= LARGEST_VALUE);
            prop_assert_eq!(decode(&stored), Some(entries));
        }
    }

    #[test]
    fn another_version_is_not_read() {
        assert_eq!(decode(&with_checksum(vec![VERSION + 1])), None);
        assert_eq!(decode(&[]), None);
    }
}
