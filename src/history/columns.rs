//! Counts as columns: how rows, blocks and chunks hold them.
//!
//! Entries are numbered (by profile, or by seconds since a start), in order. Written are: how many, their numbers as a
//! set over a regular grid, and for each meter that any entry reports a column: in which entries it is reported, in
//! which of these it is not zero, and the values that are not zero. So a gap stays apart from a zero, values stay exact
//! up to 2^64 - 1, an idle series costs a few bytes, and a column can be passed over without being decoded.
//!
//! A set is nothing, everything, a bitmap, or lengths of runs, whichever is smallest; or the same as the one before, as
//! meters tend to move together. Values are variable-length numbers, or compressed by pco at level 8 where that is
//! smaller: the best trade found for such counts.

use std::ops::Range;

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress_into};

use crate::domain::meter::{Counts, Meter};
use crate::history::codec::{put_number, put_run, take_number, take_run};
use crate::history::sets::{put_numbers, put_set, take_numbers, take_set};

/// More entries than seconds of thirty days in five minutes or of a day are damage.
const MOST_ENTRIES: usize = 1 << 17;
/// Below this many values pco's own header costs more than it saves.
const LEAST_FOR_PCO: usize = 24;
const VARINTS: u8 = 0;
const PCO: u8 = 1;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// At once: for what is soon written anew.
    Fast,
    /// As small as can be.
    Small,
}

/// Writes entries, which are in the order of their numbers.
pub(super) fn encode(out: &mut Vec<u8>, entries: &[(u32, Counts)], packing: Packing) {
    put_number(out, entries.len() as u64);
    put_numbers(out, &entries.iter().map(|(number, _)| *number).collect::<Vec<_>>());
    let mask = entries.iter().fold(0, |mask, (_, counts)| mask | counts.meters().bits());
    put_number(out, u64::from(mask));
    let mut last = Vec::new();
    let mut column = Vec::new();
    for meter in Meter::ALL.into_iter().filter(|meter| mask & 1 << meter.index() != 0) {
        column.clear();
        put_column(&mut column, entries, meter, packing, &mut last);
        put_run(out, &column);
    }
}

/// The entries; `None` where the bytes are not what [`encode`] writes.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<(u32, Counts)>> {
    let mut entries = Vec::new();
    let make = |number, counts| Some((number, counts));
    decode_into(bytes, &(0..i64::MAX), &mut entries, make, |(_, counts)| counts)?;
    Some(entries)
}

/// Adds the entries whose numbers lie within a range, each as it is made of a number and no counts yet; `None`, and some
/// added, where the bytes are not what [`encode`] writes.
pub(super) fn decode_into<T>(
    bytes: &[u8],
    within: &Range<i64>,
    out: &mut Vec<T>,
    make: impl Fn(u32, Counts) -> Option<T>,
    counts_of: impl Fn(&mut T) -> &mut Counts,
) -> Option<()> {
    let mut reader = Reader::new(bytes)?;
    let place = |bound: i64| reader.numbers.partition_point(|&number| i64::from(number) < bound);
    let (from, to) = (place(within.start), place(within.end));
    let first = out.len();
    for &number in reader.numbers.get(from..to)? {
        out.push(make(number, Counts::EMPTY)?);
    }
    while from < to && reader.has_more()? {
        let column = reader.column()?;
        let before = column.present[..from].iter().filter(|is| **is).count();
        let (skipped, nonzero) = column.nonzero.split_at_checked(before)?;
        let mut values = column.values()?.into_iter().skip(skipped.iter().filter(|is| **is).count());
        let reported = out[first..].iter_mut().zip(&column.present[from..]).filter(|(_, is)| **is);
        for ((entry, _), &is_some) in reported.zip(nonzero) {
            counts_of(entry).set(column.meter, if is_some { values.next()? } else { 0 });
        }
    }
    Some(())
}

/// One meter of the entries that report it.
pub(super) fn decode_meter(bytes: &[u8], meter: Meter) -> Option<Vec<(u32, u64)>> {
    let mut reader = Reader::new(bytes)?;
    while reader.has_more()? {
        let column = reader.column()?;
        if column.meter != meter {
            continue;
        }
        let mut values = column.values()?.into_iter();
        let reported = reader.numbers.iter().zip(&column.present).filter(|(_, is)| **is).map(|(&number, _)| number);
        let value = |(number, &is_some)| Some((number, if is_some { values.next()? } else { 0 }));
        return reported.zip(&column.nonzero).map(value).collect();
    }
    Some(Vec::new())
}

/// The numbers of the entries.
pub(super) fn decode_numbers(bytes: &[u8]) -> Option<Vec<u32>> {
    Reader::new(bytes).map(|reader| reader.numbers)
}

/// Takes the columns one after another.
struct Reader<'a> {
    numbers: Vec<u32>,
    mask: u64,
    bytes: &'a [u8],
    last: Vec<bool>,
}

/// One column; its values are decoded when they are asked for.
struct Column<'a> {
    meter: Meter,
    present: Vec<bool>,
    nonzero: Vec<bool>,
    packed: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(mut bytes: &'a [u8]) -> Option<Self> {
        let count = usize::try_from(take_number(&mut bytes)?).ok().filter(|&count| count <= MOST_ENTRIES)?;
        let numbers = take_numbers(&mut bytes, count)?;
        let mask = take_number(&mut bytes).filter(|mask| mask >> Meter::COUNT == 0)?;
        Some(Self { numbers, mask, bytes, last: Vec::new() })
    }

    /// Whether there is a column more; `None` where bytes are left after the last.
    fn has_more(&self) -> Option<bool> {
        (self.mask != 0 || self.bytes.is_empty()).then_some(self.mask != 0)
    }

    /// The next column; `None` where the bytes make no sense.
    fn column(&mut self) -> Option<Column<'a>> {
        let meter = Meter::ALL.into_iter().find(|meter| self.mask & 1 << meter.index() != 0)?;
        self.mask &= self.mask - 1;
        let mut bytes = take_run(&mut self.bytes)?;
        let (&kinds, rest) = bytes.split_first()?;
        bytes = rest;
        let present = take_set(&mut bytes, kinds & 0xf, self.numbers.len(), &mut self.last)?;
        let reported = present.iter().filter(|&&is| is).count();
        let nonzero = take_set(&mut bytes, kinds >> 4, reported, &mut self.last)?;
        Some(Column { meter, present, nonzero, packed: bytes })
    }
}

impl Column<'_> {
    /// The values that are not zero.
    fn values(&self) -> Option<Vec<u64>> {
        let count = self.nonzero.iter().filter(|&&is| is).count();
        if count == 0 {
            return self.packed.is_empty().then(Vec::new);
        }
        let (&packing, mut bytes) = self.packed.split_first()?;
        if packing == VARINTS {
            let values = (0..count).map(|_| take_number(&mut bytes)).collect::<Option<Vec<_>>>()?;
            return bytes.is_empty().then_some(values);
        }
        let mut values = vec![0; count];
        let progress = simple_decompress_into(bytes, &mut values).ok().filter(|_| packing == PCO)?;
        (progress.n_processed == count && progress.finished).then_some(values)
    }
}

fn put_column(out: &mut Vec<u8>, entries: &[(u32, Counts)], meter: Meter, packing: Packing, last: &mut Vec<bool>) {
    let present: Vec<bool> = entries.iter().map(|(_, counts)| counts.has(meter)).collect();
    let values: Vec<u64> = entries.iter().filter_map(|(_, counts)| counts.get(meter)).collect();
    let nonzero: Vec<bool> = values.iter().map(|&value| value != 0).collect();
    let kinds = out.len();
    out.push(0);
    let of_presence = put_set(out, present, last);
    out[kinds] = of_presence | put_set(out, nonzero, last) << 4;
    let values: Vec<u64> = values.into_iter().filter(|&value| value != 0).collect();
    if !values.is_empty() {
        put_values(out, &values, packing);
    }
}

fn put_values(out: &mut Vec<u8>, values: &[u64], packing: Packing) {
    let start = out.len();
    out.push(VARINTS);
    for &value in values {
        put_number(out, value);
    }
    if packing == Packing::Fast || values.len() < LEAST_FOR_PCO {
        return;
    }
    // pco refuses no numbers of this type; should it ever, the variable-length ones stand.
    let packed = simple_compress(values, &ChunkConfig::default().with_compression_level(8)).ok();
    if let Some(packed) = packed.filter(|packed| packed.len() + 1 < out.len() - start) {
        out.truncate(start);
        out.push(PCO);
        out.extend(packed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::codec::tests::any_counts;

    fn any_entries() -> impl Strategy<Value = Vec<(u32, Counts)>> {
        let sparse = prop::collection::btree_map(any::<u32>(), any_counts(), 0..40);
        let regular =
            (any::<u16>(), prop_oneof![Just(1_u32), Just(60), Just(3600)], prop::collection::vec(any_counts(), 0..90));
        let regular = regular.prop_map(|(first, unit, counts)| {
            (0..).zip(counts).map(|(index, counts): (u32, _)| (u32::from(first) + index * unit, counts)).collect()
        });
        prop_oneof![sparse.prop_map(|entries| entries.into_iter().collect()), regular]
    }

    proptest! {
        #[test]
        fn entries_come_back_whole_and_by_meter(entries in any_entries(), is_small: bool) {
            let mut bytes = Vec::new();
            encode(&mut bytes, &entries, if is_small { Packing::Small } else { Packing::Fast });
            prop_assert_eq!(decode(&bytes), Some(entries.clone()));
            prop_assert_eq!(decode_numbers(&bytes), Some(entries.iter().map(|(number, _)| *number).collect()));
            for meter in Meter::ALL {
                let expected: Vec<_> = entries.iter().filter_map(|(number, counts)| Some((*number, counts.get(meter)?))).collect();
                prop_assert_eq!(decode_meter(&bytes, meter), Some(expected));
            }
        }

        #[test]
        fn no_bytes_panic(entries in any_entries(), noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
            let mut bytes = Vec::new();
            encode(&mut bytes, &entries, Packing::Small);
            for (at, byte) in noise {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = (decode(&bytes), decode_meter(&bytes, Meter::OutputTokens), decode_numbers(&bytes));
        }
    }

    #[test]
    fn an_idle_day_takes_a_few_bytes() {
        let zeros = Meter::ALL[..8].iter().fold(Counts::EMPTY, |counts, &meter| counts.with(meter, 0));
        let entries: Vec<_> = (0..1440).map(|minute| (minute * 60, zeros)).collect();
        let mut bytes = Vec::new();
        encode(&mut bytes, &entries, Packing::Small);
        assert!(bytes.len() <= 32, "{} bytes", bytes.len());
    }
}
