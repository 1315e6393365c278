//! What lies in the store, beside its checksums, and archives.

use jiff::Timestamp;

use crate::domain::fuzz;
use crate::domain::meter::Meter;
use crate::history::columns::{self, Packing};
use crate::history::{archive, block, chunk, codec, format_1, journal, keys, row};

const DAY_START: i64 = 20_000 * 86_400;

#[test]
fn chunks_of_any_bytes_are_read_or_refused() {
    fuzz::target("store_chunk", |bytes| {
        let read = chunk::decode(DAY_START, bytes);
        let _ = (chunk::first(DAY_START, bytes), chunk::decode_meter(DAY_START, bytes, Meter::InputTokens));
        let Some(points) = read else { return };
        if points.is_empty() {
            return;
        }
        let parts = chunk::encode(DAY_START, &points);
        let again: Option<Vec<_>> = parts.iter().map(|part| chunk::decode(DAY_START, part)).collect();
        assert_eq!(again.map(|parts| parts.concat()), Some(points));
    });
}

#[test]
fn blocks_of_any_bytes_are_read_or_refused() {
    fuzz::target("store_block", |bytes| {
        let Some(hours) = block::decode(bytes) else { return };
        for (_, packed) in &hours {
            let _ = (block::sum(packed), block::unpack_times(packed));
            let _ = block::unpack(packed);
        }
        let again = block::encode(hours.iter().copied());
        let read: Vec<_> = again.iter().flat_map(|part| block::decode(part).expect("what was encoded")).collect();
        assert_eq!(read, hours);
    });
}

#[test]
fn rows_of_any_bytes_are_read_or_refused() {
    fuzz::target("store_row", |bytes| {
        let Some(entries) = row::decode(bytes) else { return };
        assert_eq!(row::decode(&row::encode(&entries)), Some(entries.clone()));
        let mut small = Vec::new();
        columns::encode(&mut small, &entries, Packing::Small);
        assert_eq!(columns::decode(&small), Some(entries));
    });
}

#[test]
fn journals_of_any_bytes_are_carried_out_whole_or_not_at_all() {
    fuzz::target("store_journal", |bytes| {
        let Some(operations) = journal::decode(bytes) else { return };
        let again = journal::encode(&operations);
        assert_eq!(journal::decode(&again).map(|operations| journal::encode(&operations)), Some(again));
    });
}

#[test]
fn the_first_format_of_any_bytes_is_read_or_refused() {
    fuzz::target("store_format_1", |bytes| {
        let _ = (format_1::row(bytes), format_1::chunk(DAY_START, bytes));
        // Past the checksum, which hardly any input meets.
        let whole = [bytes, &crc32c::crc32c(bytes).to_le_bytes()].concat();
        let _ = (format_1::row(&whole), format_1::chunk(DAY_START, &whole));
    });
}

#[test]
fn keys_and_numbers_of_any_bytes_are_read_or_refused() {
    fuzz::target("store_key", |bytes| {
        let _ = (keys::Kind::of(bytes), keys::number_of(bytes));
        let _ = keys::time_of(bytes).map(Timestamp::from_second);
        let mut rest = bytes;
        if let Some(counts) = codec::take_counts(&mut rest) {
            let mut out = Vec::new();
            codec::put_counts(&mut out, &counts);
            assert_eq!(codec::take_counts(&mut out.as_slice()), Some(counts));
        }
    });
}

#[test]
fn archives_of_any_bytes_are_imported_whole_or_leave_nothing_behind() {
    fuzz::slow_target("archive", |bytes| {
        let folder = tempfile::tempdir().expect("a folder");
        let Some(body) = bytes.strip_prefix(archive::MAGIC) else { return };
        if archive::import(folder.path(), body).is_err() {
            assert!(!folder.path().join("sled").exists() && !folder.path().join("sled.import").exists());
        }
    });
}
