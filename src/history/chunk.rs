//! A profile's points of one bucket of a tier: of a day, or the sums of some days, compressed.

use jiff::Timestamp;

use crate::domain::meter::{Counts, Meter};
use crate::domain::time::TimeSpan;
use crate::domain::usage::Point;
use crate::history::columns::{self, Packing};
use crate::history::engine::LARGEST_VALUE;
use crate::history::head::ceiling;

const VERSION: u8 = 2;

/// The chunk as stored, in parts that are small enough each. `points` are sorted, of one bucket, and start at `start`
/// (seconds) or later.
pub(super) fn encode(start: i64, points: &[Point]) -> Vec<Vec<u8>> {
    let stored = encode_one(start, points);
    if stored.len() <= LARGEST_VALUE || points.len() < 2 {
        return vec![stored];
    }
    let (early, late) = points.split_at(points.len() / 2);
    let mut parts = encode(start, early);
    parts.extend(encode(start, late));
    parts
}

fn encode_one(start: i64, points: &[Point]) -> Vec<u8> {
    let offset = |at: Timestamp| u32::try_from(at.as_second() - start).unwrap_or(0);
    let entries: Vec<(u32, Counts)> = points.iter().map(|point| (offset(point.at), point.counts)).collect();
    let mut out = vec![VERSION];
    columns::encode(&mut out, &entries, Packing::Small);
    out
}

/// The points of one stored part; `None` where it is of an unknown version.
pub(super) fn decode(start: i64, stored: &[u8]) -> Option<Vec<Point>> {
    let mut points = Vec::new();
    decode_into(start, stored, TimeSpan::new(Timestamp::MIN, Timestamp::MAX), &mut points)?;
    Some(points)
}

/// Adds the points of one stored part that lie in the span; `None`, and some added, where it is of an unknown version.
pub(super) fn decode_into(start: i64, stored: &[u8], span: TimeSpan, out: &mut Vec<Point>) -> Option<()> {
    let (_, bytes) = stored.split_first().filter(|(version, _)| **version == VERSION)?;
    let within = ceiling(span.start).saturating_sub(start)..ceiling(span.end).saturating_sub(start);
    let make = |offset, counts| Some(Point { at: instant(start, offset)?, counts });
    columns::decode_into(bytes, &within, out, make, |point| &mut point.counts)
}

/// One meter of one stored part, where it was reported.
pub(super) fn decode_meter(start: i64, stored: &[u8], meter: Meter) -> Option<Vec<(Timestamp, u64)>> {
    let (&version, bytes) = stored.split_first()?;
    let values = columns::decode_meter(bytes, meter).filter(|_| version == VERSION)?;
    values.into_iter().map(|(offset, value)| Some((instant(start, offset)?, value))).collect()
}

/// The first instant of one stored part.
pub(super) fn first(start: i64, stored: &[u8]) -> Option<Timestamp> {
    let (&version, bytes) = stored.split_first()?;
    let numbers = columns::decode_numbers(bytes).filter(|_| version == VERSION)?;
    instant(start, *numbers.first()?)
}

fn instant(start: i64, offset: u32) -> Option<Timestamp> {
    Timestamp::from_second(start.checked_add(i64::from(offset))?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::codec::tests::any_counts;

    const DAY_START: i64 = 20_000 * 86_400;

    fn point(minute: u32, counts: Counts) -> Point {
        let at = Timestamp::from_second(DAY_START + i64::from(minute) * 60).expect("a valid time");
        Point { at, counts }
    }

    fn decode_all(parts: &[Vec<u8>]) -> Option<Vec<Point>> {
        parts.iter().map(|part| decode(DAY_START, part)).collect::<Option<Vec<_>>>().map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn chunks_come_back(points in prop::collection::btree_map(0..1440_u32, any_counts(), 1..300)) {
            let points: Vec<_> = points.into_iter().map(|(minute, counts)| point(minute, counts)).collect();
            prop_assert_eq!(decode_all(&encode(DAY_START, &points)), Some(points));
        }

        #[test]
        fn a_span_of_a_chunk_is_what_a_filter_leaves(
            points in prop::collection::btree_map(0..300_u32, any_counts(), 1..60),
            from in -9_999..20_000_i64,
            length in 0..20_000_i64,
        ) {
            let points: Vec<_> = points.into_iter().map(|(minute, counts)| point(minute, counts)).collect();
            let second = |second| Timestamp::from_second(DAY_START + second).expect("a valid time");
            let span = TimeSpan::new(second(from), second(from + length));
            let mut found = Vec::new();
            for part in encode(DAY_START, &points) {
                prop_assert_eq!(decode_into(DAY_START, &part, span, &mut found), Some(()));
            }
            let expected: Vec<_> = points.into_iter().filter(|point| span.contains(point.at)).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_damaged_chunk_never_panics(at: prop::sample::Index, bit in 0..8_u32) {
            let points: Vec<_> = (0..50).map(|minute| point(minute, Counts::EMPTY.with(Meter::InputTokens, u64::from(minute)))).collect();
            let mut stored = encode_one(DAY_START, &points);
            let at = at.index(stored.len());
            stored[at] ^= 1 << bit;
            let _ = (decode(DAY_START, &stored), decode_meter(DAY_START, &stored, Meter::InputTokens));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(DAY_START, &[&[VERSION], bytes.as_slice()].concat());
        }
    }

    #[test]
    fn a_large_day_is_split_below_the_largest_value() {
        let noise = |minute: u32, meter: Meter| {
            let mixed = (u64::from(minute) << 8 | meter as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ mixed >> 31
        };
        let counts = |minute| {
            Meter::ALL.into_iter().fold(Counts::EMPTY, |counts, meter| counts.with(meter, noise(minute, meter)))
        };
        let points: Vec<_> = (0..1440).map(|minute| point(minute, counts(minute))).collect();
        let parts = encode(DAY_START, &points);
        assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= LARGEST_VALUE));
        assert_eq!(decode_all(&parts), Some(points));
    }
}
