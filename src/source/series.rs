//! A CSV of plain figures: one or several series of one value a step, in any unit.
//!
//! `timestamp,value` and, for several series in one file, `series_id`. Times are RFC 3339, dates with a time of day
//! (taken as UTC where they name no zone), or Unix seconds.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use csv::StringRecord;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::domain::text::printable;
use crate::source::replay::open;
use crate::source::{SourceError, SourceErrorKind};

/// One line of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// Its line, from 1.
    pub line: u64,
    /// Which series; empty where the file has one only.
    pub series: String,
    /// The time as it is written.
    pub timestamp: String,
    /// The time, or `None` where it cannot be read.
    pub at: Option<Timestamp>,
    /// The value; `NaN` where there is none or it is no number.
    pub value: f64,
}

/// The lines of a file, one after the other.
pub struct SeriesReader {
    name: String,
    records: csv::Reader<Box<dyn Read>>,
    columns: Columns,
    record: StringRecord,
}

#[derive(Clone, Copy, Debug)]
struct Columns {
    series: Option<usize>,
    timestamp: usize,
    value: usize,
}

impl SeriesReader {
    /// Opens a file, compressed or not; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read or lacks a column.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let input = open(path).map_err(|error| unusable(&name, &error.to_string()))?;
        Self::over(input, name)
    }

    fn over(input: Box<dyn Read>, name: String) -> Result<Self, SourceError> {
        let mut records = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(input);
        let header = records.headers().map_err(|error| unusable(&name, &error.to_string()))?;
        let columns = Columns::find(header).map_err(|why| unusable(&name, &why))?;
        Ok(Self { name, records, columns, record: StringRecord::new() })
    }

    fn row(&self) -> SeriesRow {
        let cell = |place: usize| self.record.get(place).unwrap_or_default();
        let timestamp = cell(self.columns.timestamp).to_owned();
        SeriesRow {
            line: self.record.position().map_or(0, csv::Position::line),
            series: self.columns.series.map(cell).unwrap_or_default().to_owned(),
            at: parse_time(&timestamp),
            timestamp,
            value: cell(self.columns.value).parse().unwrap_or(f64::NAN),
        }
    }
}

impl Iterator for SeriesReader {
    type Item = Result<SeriesRow, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.records.read_record(&mut self.record) {
            Ok(true) => Some(Ok(self.row())),
            Ok(false) => None,
            Err(error) => Some(Err(unusable(&self.name, &error.to_string()))),
        }
    }
}

impl Columns {
    fn find(header: &StringRecord) -> Result<Self, String> {
        let clean = |column: &str| column.trim_start_matches('\u{feff}').to_lowercase();
        let places: BTreeMap<String, usize> = header.iter().map(clean).zip(0..).collect();
        let place = |name: &str| places.get(name).copied().ok_or_else(|| format!("it has no column `{name}`"));
        Ok(Self { series: place("series_id").ok(), timestamp: place("timestamp")?, value: place("value")? })
    }
}

fn parse_time(text: &str) -> Option<Timestamp> {
    let seconds = || text.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let without_zone = || text.parse::<DateTime>().ok().and_then(|time| TimeZone::UTC.to_timestamp(time).ok());
    text.parse().ok().or_else(seconds).or_else(without_zone)
}

fn unusable(name: &str, why: &str) -> SourceError {
    SourceError {
        kind: SourceErrorKind::Input,
        message: format!("could not read the series {}: {}", printable(name), printable(why)),
        remedy:
            "its first line names the columns timestamp,value or series_id,timestamp,value; `-` reads standard input"
                .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use rstest::rstest;

    use super::*;
    use crate::domain::fuzz;

    #[rstest]
    #[case::with_zone("2026-11-20T10:00:00+01:00", Some("2026-11-20T09:00:00Z"))]
    #[case::without_zone("2026-11-20 09:00:00", Some("2026-11-20T09:00:00Z"))]
    #[case::unix("1795165200", Some("2026-11-20T09:00:00Z"))]
    #[case::nonsense("yesterday", None)]
    fn times(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(parse_time(text), expected.map(|time| time.parse().expect("a valid time")));
    }

    fn rows(text: &str) -> Result<Vec<SeriesRow>, SourceError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s.csv");
        std::fs::write(&path, text).expect("written");
        SeriesReader::open(&path)?.collect()
    }

    #[test]
    fn series_of_any_bytes_are_read_or_refused() {
        fuzz::target("series_csv", |bytes| {
            let Ok(reader) = SeriesReader::over(Box::new(Cursor::new(bytes.to_vec())), "-".to_owned()) else { return };
            for row in reader.filter_map(Result::ok) {
                assert_eq!(row.at, parse_time(&row.timestamp));
            }
        });
    }

    #[test]
    fn columns_are_found_by_name_and_what_is_no_number_is_a_gap() {
        let rows = rows("value,series_id,timestamp\n5,a,0\n,b,60\nx,b,never\n").expect("rows");
        assert_eq!((rows[0].value, rows[0].series.as_str(), rows[0].line), (5.0, "a", 2));
        assert!(rows[1].value.is_nan() && rows[2].value.is_nan());
        assert_eq!((rows[2].at, rows[2].timestamp.as_str()), (None, "never"));
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_value("timestamp,values\n0,1\n")]
    #[case::not_text("timestamp,value\n0,\u{0}\n\u{1}")]
    fn bad_files_never_panic(#[case] text: &str) {
        let _ = rows(text).map_err(|error| assert!(error.to_string().contains("could not read the series")));
    }
}
