//! A profile's points of one day, compressed.
//!
//! A version byte, the number of points, then columns: the times as seconds since the day began, and for every
//! meter that was reported a bitmap of where (left out if everywhere) and the values. Columns are compressed by
//! pco at level 8, the best trade found for such counts.

use jiff::Timestamp;
use pco::ChunkConfig;
use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress};

use crate::domain::meter::{Counts, Meter};
use crate::domain::usage::Point;
use crate::history::codec::{checked, put_number, put_run, take_number, take_run, with_checksum};
use crate::history::engine::LARGEST_VALUE;

const VERSION: u8 = 1;
/// No day has more points than seconds; a larger number is damage.
const MOST_POINTS: u64 = 86_400;

/// The chunk as stored, in parts that are small enough each. `points` are sorted, of one day, and start at
/// `day_start` (seconds) or later.
pub(super) fn encode(day_start: i64, points: &[Point]) -> Vec<Vec<u8>> {
    let stored = encode_one(day_start, points);
    if stored.len() <= LARGEST_VALUE || points.len() < 2 {
        return vec![stored];
    }
    let (early, late) = points.split_at(points.len() / 2);
    let mut parts = encode(day_start, early);
    parts.extend(encode(day_start, late));
    parts
}

/// The points of one stored part; `None` where it is damaged or of an unknown version.
pub(super) fn decode(day_start: i64, stored: &[u8]) -> Option<Vec<Point>> {
    let (&version, mut bytes) = checked(stored)?.split_first()?;
    let length = take_number(&mut bytes).filter(|&length| version == VERSION && length <= MOST_POINTS)?;
    let length = usize::try_from(length).ok()?;
    let offsets = take_column::<u32>(&mut bytes, length)?;
    let mut points = Vec::with_capacity(length);
    for offset in offsets {
        let at = Timestamp::from_second(day_start.checked_add(i64::from(offset))?).ok()?;
        points.push(Point { at, counts: Counts::EMPTY });
    }
    let mask = take_number(&mut bytes)?;
    for meter in Meter::ALL.into_iter().filter(|meter| mask & 1 << meter.index() != 0) {
        let present = take_presence(&mut bytes, length)?;
        let values = take_column::<u64>(&mut bytes, present.iter().filter(|&&is| is).count())?;
        let reported = points.iter_mut().zip(present).filter(|(_, present)| *present);
        for ((point, _), value) in reported.zip(values) {
            point.counts.set(meter, value);
        }
    }
    Some(points)
}

fn encode_one(day_start: i64, points: &[Point]) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_number(&mut out, points.len() as u64);
    let offset = |point: &Point| u32::try_from(point.at.as_second() - day_start).unwrap_or(0);
    put_column(&mut out, &points.iter().map(offset).collect::<Vec<_>>());
    let reported = Meter::ALL.into_iter().filter(|&meter| points.iter().any(|point| point.counts.has(meter)));
    put_number(&mut out, reported.clone().fold(0, |mask, meter| mask | 1 << meter.index()));
    for meter in reported {
        put_presence(&mut out, points, meter);
        put_column(&mut out, &points.iter().filter_map(|point| point.counts.get(meter)).collect::<Vec<_>>());
    }
    with_checksum(out)
}

fn put_presence(out: &mut Vec<u8>, points: &[Point], meter: Meter) {
    if points.iter().all(|point| point.counts.has(meter)) {
        return put_run(out, &[]);
    }
    let byte = |eight: &[Point]| {
        let bits = eight.iter().enumerate().map(|(bit, point)| u8::from(point.counts.has(meter)) << bit);
        bits.fold(0, |byte, bit| byte | bit)
    };
    put_run(out, &points.chunks(8).map(byte).collect::<Vec<_>>());
}

fn take_presence(bytes: &mut &[u8], length: usize) -> Option<Vec<bool>> {
    let bitmap = take_run(bytes)?;
    if bitmap.is_empty() {
        return Some(vec![true; length]);
    }
    if bitmap.len() != length.div_ceil(8) {
        return None;
    }
    Some((0..length).map(|index| bitmap[index / 8] & 1 << (index % 8) != 0).collect())
}

/// An empty column and one that pco refuses (it refuses none of these types) are stored as nothing.
fn put_column<T: Number>(out: &mut Vec<u8>, values: &[T]) {
    let config = ChunkConfig::default().with_compression_level(8);
    put_run(out, &simple_compress(values, &config).unwrap_or_default());
}

fn take_column<T: Number>(bytes: &mut &[u8], length: usize) -> Option<Vec<T>> {
    let values: Vec<T> = simple_decompress(take_run(bytes)?).ok()?;
    (values.len() == length).then_some(values)
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
        fn a_damaged_chunk_is_refused_and_never_panics(at: prop::sample::Index, bit in 0..8_u32) {
            let points: Vec<_> = (0..50).map(|minute| point(minute, Counts::EMPTY.with(Meter::InputTokens, u64::from(minute)))).collect();
            let mut stored = encode_one(DAY_START, &points);
            let at = at.index(stored.len());
            stored[at] ^= 1 << bit;
            prop_assert_eq!(decode(DAY_START, &stored), None);
        }

        #[test]
        fn bytes_with_a_right_checksum_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(DAY_START, &with_checksum([&[VERSION], bytes.as_slice()].concat()));
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
