//! Rows of young points: one instant, many profiles, by their numbers.

use crate::domain::meter::Counts;
use crate::history::columns::{self, Packing};

const VERSION: u8 = 2;

/// Profiles of one shard share a row, so that a row stays below the largest value that is stored.
pub(super) const SHARD_PROFILES: u32 = 128;

/// The row as stored, of entries in the order of their numbers.
pub(super) fn encode(entries: &[(u32, Counts)]) -> Vec<u8> {
    let mut out = vec![VERSION];
    columns::encode(&mut out, entries, Packing::Fast);
    out
}

/// The entries of a stored row; `None` where it is of an unknown version.
pub(super) fn decode(stored: &[u8]) -> Option<Vec<(u32, Counts)>> {
    let (&version, bytes) = stored.split_first()?;
    columns::decode(bytes).filter(|_| version == VERSION)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::codec::tests::any_counts;
    use crate::history::engine::LARGEST_VALUE;

    proptest! {
        #[test]
        fn rows_come_back(first: u16, entries in prop::collection::vec(any_counts(), 0..SHARD_PROFILES as usize)) {
            let entries: Vec<_> = (u32::from(first)..).zip(entries).collect();
            let stored = encode(&entries);
            prop_assert!(stored.len() <= LARGEST_VALUE);
            prop_assert_eq!(decode(&stored), Some(entries));
        }
    }

    #[test]
    fn another_version_is_not_read() {
        assert_eq!(decode(&[&[VERSION + 1], encode(&[]).get(1..).unwrap_or_default()].concat()), None);
        assert_eq!(decode(&[]), None);
    }
}
