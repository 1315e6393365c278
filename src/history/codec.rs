//! Bytes: variable-length numbers, counts, and the checksum that every value ends with.

use crate::domain::meter::{Counts, Meter};

/// Adds the CRC-32C of key and value to the value's end, so that a value under another key is damage as well.
pub(super) fn with_checksum(key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
    let sum = checksum(key, &value);
    value.extend(sum.to_le_bytes());
    value
}

/// The value without its checksum; `None` where the checksum does not hold.
pub(super) fn checked<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (value, sum) = value.split_last_chunk::<4>()?;
    (checksum(key, value) == u32::from_le_bytes(*sum)).then_some(value)
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), value)
}

/// Writes a number in groups of seven bits, the lowest first.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(lowest_group(number) | 0x80);
        number >>= 7;
    }
    out.push(lowest_group(number));
}

fn lowest_group(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

/// Takes a number from the front of the bytes; `None` where they end early or the number is too long.
pub(super) fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let group = u64::from(byte & 0x7f);
        if shift == 63 && group > 1 {
            return None;
        }
        number |= group << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Writes counts: a mask of the meters that are present, then their values.
pub(super) fn put_counts(out: &mut Vec<u8>, counts: &Counts) {
    let present = Meter::ALL.iter().filter(|&&meter| counts.has(meter));
    put_number(out, present.clone().fold(0, |mask, meter| mask | 1 << meter.index()));
    for &meter in present {
        put_number(out, counts.sum_of(meter));
    }
}

/// Takes counts from the front of the bytes.
pub(super) fn take_counts(bytes: &mut &[u8]) -> Option<Counts> {
    let mask = take_number(bytes)?;
    if mask >> Meter::COUNT != 0 {
        return None;
    }
    let mut counts = Counts::EMPTY;
    for meter in Meter::ALL.into_iter().filter(|meter| mask & 1 << meter.index() != 0) {
        counts.set(meter, take_number(bytes)?);
    }
    Some(counts)
}

/// Takes a run of bytes whose length is written before it.
pub(super) fn take_run<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_number(bytes)?).ok()?;
    let (run, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(run)
}

/// Writes a run of bytes with its length before it.
pub(super) fn put_run(out: &mut Vec<u8>, run: &[u8]) {
    put_number(out, run.len() as u64);
    out.extend(run);
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any counts, extremes included.
    pub(in crate::history) fn any_counts() -> impl Strategy<Value = Counts> {
        let value = prop_oneof![
            Just(None),
            Just(Some(0)),
            Just(Some((1 << 53) + 1)),
            Just(Some(u64::MAX)),
            (0..1_000_000_u64).prop_map(Some),
        ];
        prop::collection::vec(value, Meter::COUNT).prop_map(|values| {
            let mut counts = Counts::EMPTY;
            for (meter, value) in Meter::ALL.into_iter().zip(values) {
                if let Some(value) = value {
                    counts.set(meter, value);
                }
            }
            counts
        })
    }

    proptest! {
        #[test]
        fn numbers_and_counts_come_back(number: u64, counts in any_counts()) {
            let mut out = Vec::new();
            put_number(&mut out, number);
            put_counts(&mut out, &counts);
            let mut bytes = out.as_slice();
            prop_assert_eq!(take_number(&mut bytes), Some(number));
            prop_assert_eq!(take_counts(&mut bytes), Some(counts));
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn damage_is_noticed(value in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0..8_u32) {
            let mut stored = with_checksum(b"key", value.clone());
            prop_assert_eq!(checked(b"key", &stored), Some(value.as_slice()));
            prop_assert_eq!(checked(b"another", &stored), None);
            let at = at.index(stored.len());
            stored[at] ^= 1 << bit;
            prop_assert_eq!(checked(b"key", &stored), None);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = (take_number(&mut bytes.as_slice()), take_counts(&mut bytes.as_slice()), take_run(&mut bytes.as_slice()));
        }
    }
}
