//! Hours that hardly change any more: the points of many profiles, each packed on its own.
//!
//! A packed hour is the sum of its points and then their columns, so that an hour is summed up without being unpacked. It
//! is the same in memory and on the disk: a block is cut apart when a store is opened, and not decoded.

use crate::domain::meter::Counts;
use crate::history::codec::{put_counts, put_number, put_run, take_counts, take_number, take_run};
use crate::history::columns::{self, Packing};
use crate::history::engine::LARGEST_VALUE;

const VERSION: u8 = 2;

/// Packs the points of an hour, by seconds since it began.
pub(super) fn pack(points: &[(u32, Counts)]) -> Box<[u8]> {
    let mut out = Vec::new();
    let mut sum = Counts::EMPTY;
    for (_, counts) in points {
        sum.add(counts);
    }
    put_counts(&mut out, &sum);
    columns::encode(&mut out, points, Packing::Fast);
    out.into_boxed_slice()
}

/// The points of a packed hour.
pub(super) fn unpack(mut packed: &[u8]) -> Option<Vec<(u32, Counts)>> {
    take_counts(&mut packed)?;
    columns::decode(packed)
}

/// When a packed hour has points, by seconds since it began.
pub(super) fn unpack_times(mut packed: &[u8]) -> Option<Vec<u32>> {
    take_counts(&mut packed)?;
    columns::decode_numbers(packed)
}

/// The sum of a packed hour.
pub(super) fn sum(mut packed: &[u8]) -> Option<Counts> {
    take_counts(&mut packed)
}

/// Packed hours of profiles as stored, in parts that are small enough each.
pub(super) fn encode<'a>(hours: impl Iterator<Item = (u32, &'a [u8])>) -> Vec<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for (profile, packed) in hours {
        let mut entry = Vec::with_capacity(packed.len() + 8);
        put_number(&mut entry, u64::from(profile));
        put_run(&mut entry, packed);
        match parts.last_mut().filter(|part| part.len() + entry.len() <= LARGEST_VALUE) {
            Some(part) => part.extend(entry),
            None => parts.push([&[VERSION], entry.as_slice()].concat()),
        }
    }
    parts
}

/// The packed hours of a stored part, by profile; `None` where it is of an unknown version.
pub(super) fn decode(stored: &[u8]) -> Option<Vec<(u32, &[u8])>> {
    let (&version, mut bytes) = stored.split_first()?;
    let mut hours = Vec::new();
    while version == VERSION && !bytes.is_empty() {
        let profile = u32::try_from(take_number(&mut bytes)?).ok()?;
        hours.push((profile, take_run(&mut bytes)?));
    }
    (version == VERSION).then_some(hours)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::codec::tests::any_counts;

    fn any_hour() -> impl Strategy<Value = Vec<(u32, Counts)>> {
        let points = prop::collection::btree_map(0..60_u32, any_counts(), 1..60);
        points.prop_map(|points| points.into_iter().map(|(minute, counts)| (minute * 60, counts)).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn hours_come_back_with_their_sum(hours in prop::collection::vec(any_hour(), 1..20)) {
            let packed: Vec<_> = hours.iter().map(|hour| pack(hour)).collect();
            let parts = encode((0..).zip(&packed).map(|(profile, packed)| (profile, packed.as_ref())));
            prop_assert!(parts.iter().all(|part| part.len() <= LARGEST_VALUE));
            let read: Vec<_> = parts.iter().flat_map(|part| decode(part).expect("known")).collect();
            prop_assert_eq!(read.len(), hours.len());
            for ((number, (profile, packed)), hour) in (0..).zip(read).zip(&hours) {
                prop_assert_eq!(profile, number);
                prop_assert_eq!(unpack(packed), Some(hour.clone()));
                prop_assert_eq!(unpack_times(packed), Some(hour.iter().map(|(at, _)| *at).collect()));
                let mut expected = Counts::EMPTY;
                for (_, counts) in hour {
                    expected.add(counts);
                }
                prop_assert_eq!(sum(packed), Some(expected));
            }
        }
    }

    #[test]
    fn another_version_is_not_read() {
        assert_eq!(decode(&[VERSION + 1, 0, 0]), None);
    }
}
