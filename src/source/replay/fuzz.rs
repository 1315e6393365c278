//! Usage CSVs.

use crate::domain::fuzz;
use crate::domain::meter::{Counts, Meter};
use crate::source::replay::recording::Recording;
use crate::source::replay::table;

#[test]
fn usage_of_any_bytes_is_told_whole_or_refused() {
    fuzz::target("usage_csv", |bytes| {
        let Ok(table) = table::read(bytes, "usage.csv") else { return };
        let mut told = Counts::EMPTY;
        table.rows.iter().for_each(|row| told.add(&row.counts));
        let Some(recording) = Recording::sort(table, "usage", None) else { return };
        let mut recorded = Counts::EMPTY;
        let points = recording.batches().flat_map(|batch| batch.points).flat_map(|usage| usage.points);
        points.for_each(|point| recorded.add(&point.counts));
        for meter in Meter::TOKENS {
            assert_eq!(recorded.sum_of(meter), told.sum_of(meter), "{}", meter.name());
        }
    });
}
