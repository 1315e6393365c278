//! How format 1 wrote its values: read here for [`super::migrate`] alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pco::data_types::Number;
use pco::standalone::simple_decompress;

use crate::domain::meter::{Counts, Meter};
use crate::domain::usage::Point;
use crate::history::codec::{take_counts, take_number, take_run};

const VERSION: u8 = 1;
/// No day has more points than seconds; a larger number is damage.
const MOST_POINTS: u64 = 86_400;

/// The value without its checksum; `None` where the checksum does not hold.
pub(super) fn checked(value: &[u8]) -> Option<&[u8]> {
    let (value, sum) = value.split_last_chunk::<4>()?;
    (crc32c::crc32c(value) == u32::from_le_bytes(*sum)).then_some(value)
}

/// A row: counts by the numbers of profiles, or by the hours of a day.
pub(super) fn row(stored: &[u8]) -> Option<BTreeMap<u32, Counts>> {
    let (&version, mut bytes) = checked(stored)?.split_first()?;
    let mut entries = BTreeMap::new();
    while version == VERSION && !bytes.is_empty() {
        let number = u32::try_from(take_number(&mut bytes)?).ok()?;
        entries.insert(number, take_counts(&mut bytes)?);
    }
    (version == VERSION).then_some(entries)
}

/// A part of a profile's day.
pub(super) fn chunk(day_start: i64, stored: &[u8]) -> Option<Vec<Point>> {
    let (&version, mut bytes) = checked(stored)?.split_first()?;
    let length = take_number(&mut bytes).filter(|&length| version == VERSION && length <= MOST_POINTS)?;
    let length = usize::try_from(length).ok()?;
    let mut points = Vec::with_capacity(length);
    for offset in take_column::<u32>(&mut bytes, length)? {
        let at = Timestamp::from_second(day_start.checked_add(i64::from(offset))?).ok()?;
        points.push(Point { at, counts: Counts::EMPTY });
    }
    let mask = take_number(&mut bytes)?;
    for meter in Meter::ALL.into_iter().filter(|meter| mask & 1 << meter.index() != 0) {
        let bitmap = take_run(&mut bytes)?;
        let is_present =
            |place: usize| bitmap.is_empty() || bitmap.get(place / 8).is_some_and(|byte| byte & 1 << (place % 8) != 0);
        let places: Vec<usize> = (0..length).filter(|&place| is_present(place)).collect();
        for (&place, value) in places.iter().zip(take_column::<u64>(&mut bytes, places.len())?) {
            points[place].counts.set(meter, value);
        }
    }
    Some(points)
}

fn take_column<T: Number>(bytes: &mut &[u8], length: usize) -> Option<Vec<T>> {
    let values: Vec<T> = simple_decompress(take_run(bytes)?).ok()?;
    (values.len() == length).then_some(values)
}
