//! Keys: a letter for the kind, then big-endian numbers that sort by time.

use jiff::Timestamp;

use crate::domain::ids::ProfileRef;

/// Seconds of a UTC day.
pub(super) const DAY_SECONDS: i64 = 86_400;

/// A kind of row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Young points of many profiles at one instant.
    Row,
    /// A profile's points of one day.
    Chunk,
    /// A profile's sums of five minutes of one day.
    FiveMinutes,
    /// A profile's hourly sums of one day.
    Hours,
    /// A profile and its versions.
    Profile,
    /// What was known of a scope after a poll.
    Status,
    /// A change of level.
    Change,
    /// An entry of a named space.
    Space,
    /// A batch too large for the engine, until it is written.
    Journal,
}

impl Kind {
    /// The first byte of its keys.
    pub(super) fn prefix(self) -> u8 {
        match self {
            Self::Row => b'w',
            Self::Chunk => b'd',
            Self::FiveMinutes => b'f',
            Self::Hours => b'h',
            Self::Profile => b'p',
            Self::Status => b's',
            Self::Change => b'c',
            Self::Space => b'x',
            Self::Journal => b'j',
        }
    }
}

/// The key of the alert machine's checkpoint.
pub(super) const CHECKPOINT: &[u8] = b"mcheckpoint";

/// Signed numbers sort as unsigned ones with the sign bit flipped.
fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn from_ordered(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

/// The first key of a kind at or after an instant (in seconds, or in days for chunks and hours).
pub(super) fn from_time(kind: Kind, time: i64) -> Vec<u8> {
    let mut key = vec![kind.prefix()];
    key.extend(ordered(time));
    key
}

/// A row of the points that start at `at`, of the profiles of one shard.
pub(super) fn row(at: i64, shard: u32) -> Vec<u8> {
    let mut key = from_time(Kind::Row, at);
    key.extend(shard.to_be_bytes());
    key
}

/// A part of a profile's day, of its points or of its sums of five minutes.
pub(super) fn part(kind: Kind, day: i64, profile: ProfileRef, part: u8) -> Vec<u8> {
    let mut key = from_time(kind, day);
    key.extend(profile.0.to_be_bytes());
    key.push(part);
    key
}

/// A profile's hourly sums of a day.
pub(super) fn hours(day: i64, profile: ProfileRef) -> Vec<u8> {
    let mut key = from_time(Kind::Hours, day);
    key.extend(profile.0.to_be_bytes());
    key
}

/// A profile and its versions.
pub(super) fn profile(profile: ProfileRef) -> Vec<u8> {
    let mut key = vec![Kind::Profile.prefix()];
    key.extend(profile.0.to_be_bytes());
    key
}

/// What was known of a scope after the poll at `at`.
pub(super) fn status(at: Timestamp, scope: &str) -> Vec<u8> {
    let mut key = from_time(Kind::Status, at.as_millisecond());
    key.extend(scope.as_bytes());
    key
}

/// A change of level; `sequence` tells those of one instant apart.
pub(super) fn change(at: Timestamp, sequence: u32) -> Vec<u8> {
    let mut key = from_time(Kind::Change, at.as_millisecond());
    key.extend(sequence.to_be_bytes());
    key
}

/// The time in a key that sorts by time.
pub(super) fn time_of(key: &[u8]) -> Option<i64> {
    key.get(1..9)?.try_into().ok().map(from_ordered)
}

/// The profile in the key of a chunk, of hourly sums or of a profile.
pub(super) fn profile_of(key: &[u8]) -> Option<ProfileRef> {
    let bytes = if key.first() == Some(&Kind::Profile.prefix()) { key.get(1..5) } else { key.get(9..13) };
    bytes?.try_into().ok().map(|bytes| ProfileRef(u32::from_be_bytes(bytes)))
}

/// The UTC day of an instant in seconds, counted from 1970-01-01.
pub(super) fn day_of(seconds: i64) -> i64 {
    seconds.div_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_sort_by_time_and_give_it_back(a: i64, b: i64, shard: u32) {
            prop_assert_eq!(a.cmp(&b), row(a, 0).cmp(&row(b, 0)).then(std::cmp::Ordering::Equal));
            prop_assert_eq!(time_of(&row(a, shard)), Some(a));
            prop_assert_eq!(profile_of(&part(Kind::Chunk, a, ProfileRef(shard), 0)), Some(ProfileRef(shard)));
            prop_assert_eq!(profile_of(&profile(ProfileRef(shard))), Some(ProfileRef(shard)));
        }
    }
}
