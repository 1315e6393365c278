//! Keys: a letter for the kind, then big-endian numbers that sort by time.

use jiff::Timestamp;

use crate::domain::ids::ProfileRef;

/// Seconds of a UTC day.
pub(super) const DAY_SECONDS: i64 = 86_400;

/// A kind of row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Young points of many profiles at one instant.
    Row,
    /// Points of many profiles of one hour.
    Block,
    /// A profile's points of one day.
    Chunk,
    /// A profile's sums of five minutes of some days.
    FiveMinutes,
    /// A profile's hourly sums of a month.
    Hours,
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
    /// Every kind.
    pub(super) const ALL: [Self; 9] = [
        Self::Row,
        Self::Block,
        Self::Chunk,
        Self::FiveMinutes,
        Self::Hours,
        Self::Status,
        Self::Change,
        Self::Space,
        Self::Journal,
    ];

    /// The first byte of its keys.
    pub(super) fn prefix(self) -> u8 {
        match self {
            Self::Row => b'w',
            Self::Block => b'b',
            Self::Chunk => b'd',
            Self::FiveMinutes => b'f',
            Self::Hours => b'h',
            Self::Status => b's',
            Self::Change => b'c',
            Self::Space => b'x',
            Self::Journal => b'j',
        }
    }

    /// The kind of a key.
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| key.first() == Some(&kind.prefix()))
    }

    /// What a value of it is, in words for people.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Row => "a minute of many profiles",
            Self::Block => "an hour of many profiles",
            Self::Chunk => "a day of a profile",
            Self::FiveMinutes => "sums of five minutes of a profile",
            Self::Hours => "hourly sums of a profile",
            Self::Status => "what was known of a scope",
            Self::Change => "a change of level",
            Self::Space => "an entry beside the usage",
            Self::Journal => "a piece of an unfinished batch",
        }
    }
}

/// Signed numbers sort as unsigned ones with the sign bit flipped.
fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn from_ordered(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

/// The first key of a kind at or after an instant (in seconds, milliseconds or buckets, as the kind has it).
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

/// A part of an hour, in seconds, of the profiles of one shard.
pub(super) fn block(hour: i64, shard: u32, part: u8) -> Vec<u8> {
    let mut key = from_time(Kind::Block, hour);
    key.extend(shard.to_be_bytes());
    key.push(part);
    key
}

/// A part of a profile's bucket of a tier.
pub(super) fn part(kind: Kind, bucket: i64, profile: ProfileRef, part: u8) -> Vec<u8> {
    let mut key = from_time(kind, bucket);
    key.extend(profile.0.to_be_bytes());
    key.push(part);
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

/// The number behind the time in a key: of a shard or of a profile.
pub(super) fn number_of(key: &[u8]) -> Option<u32> {
    key.get(9..13)?.try_into().ok().map(u32::from_be_bytes)
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
            prop_assert_eq!(number_of(&part(Kind::Chunk, a, ProfileRef(shard), 0)), Some(shard));
            prop_assert_eq!(number_of(&block(a, shard, 3)), Some(shard));
        }
    }

    #[test]
    fn kinds_have_letters_of_their_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(&[kind.prefix(), 7]), Some(kind));
        }
    }
}
