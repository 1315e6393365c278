//! Lines of the usage CSV to rows. Columns are found by name, in any order.

use std::collections::BTreeMap;
use std::io::{self, Read};

use csv::StringRecord;
use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::meter::{Counts, Meter};
use crate::domain::text::printable;
use crate::source::{SourceError, SourceErrorKind};

/// The columns that hold a whole number each.
const METERS: [Meter; 9] = [
    Meter::Invocations,
    Meter::InputTokens,
    Meter::OutputTokens,
    Meter::CacheReadTokens,
    Meter::CacheWriteTokens,
    Meter::Images,
    Meter::ClientErrors,
    Meter::ServerErrors,
    Meter::Throttles,
];
const AVERAGE_LATENCY: &str = "latency_ms_avg";
const OTHERS: [&str; 6] = ["timestamp", "tenant", "profile", "model", "account", "region"];

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Start of the bin.
    pub at: Timestamp,
    /// The tenant; empty where the file has none.
    pub tenant: String,
    /// The profile; the tenant's name where the file has none.
    pub profile: String,
    /// The model; empty where it is not known.
    pub model: String,
    /// The account; empty where the file has none.
    pub account: String,
    /// The region; empty where the file has none.
    pub region: String,
    /// What was counted.
    pub counts: Counts,
}

/// A line that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// Its number in the file, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Everything a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// The rows that can be used.
    pub rows: Vec<Row>,
    /// The lines that cannot.
    pub refused: Vec<Refused>,
    /// Columns that mean nothing here.
    pub unknown_columns: Vec<String>,
}

/// Where the columns are.
struct Columns {
    places: BTreeMap<String, usize>,
}

/// Reads the whole table. `name` is the file's, for messages.
pub(super) fn read(input: impl Read, name: &str) -> Result<Table, SourceError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(input);
    let header =
        reader.headers().map_err(|error| unusable(name, &format!("its first line cannot be read: {error}")))?;
    let (columns, unknown_columns) = Columns::find(header, name)?;
    let mut table = Table { unknown_columns, ..Table::default() };
    let width = header.len();
    let mut line = StringRecord::new();
    loop {
        let before = reader.position().line();
        let number = |line: &StringRecord| line.position().map_or(before, csv::Position::line);
        match reader.read_record(&mut line) {
            Ok(false) => return Ok(table),
            Ok(true) => match columns.row(&line, width) {
                Ok(row) => table.rows.push(row),
                Err(reason) => table.refused.push(Refused { line: number(&line), reason }),
            },
            Err(error) if error.is_io_error() => {
                return Err(unusable(name, &format!("it cannot be read further: {error}")));
            }
            Err(_) => table.refused.push(Refused { line: before, reason: "it is not UTF-8 text".to_owned() }),
        }
    }
}

/// A file that cannot be read.
pub(super) fn unreadable(name: &str, error: &io::Error) -> SourceError {
    SourceError {
        kind: SourceErrorKind::Input,
        message: format!("could not read the usage CSV {}: {error}", printable(name)),
        remedy: "check its path and that it can be read; `-` reads standard input".to_owned(),
    }
}

/// A file that cannot be used at all.
pub(super) fn unusable(name: &str, why: &str) -> SourceError {
    SourceError {
        kind: SourceErrorKind::Input,
        message: format!("could not read the usage CSV {}: {}", printable(name), printable(why)),
        remedy: "its first line names the columns, for example timestamp,tenant,profile,model,invocations,input_tokens,output_tokens".to_owned(),
    }
}

impl Columns {
    fn find(header: &StringRecord, name: &str) -> Result<(Self, Vec<String>), SourceError> {
        let mut places = BTreeMap::new();
        let mut unknown = Vec::new();
        for (place, column) in header.iter().enumerate() {
            let column = column.trim_start_matches('\u{feff}').to_lowercase();
            let is_known = METERS.iter().any(|meter| meter.name() == column)
                || OTHERS.contains(&column.as_str())
                || column == AVERAGE_LATENCY;
            if !is_known {
                unknown.push(column);
            } else if places.insert(column.clone(), place).is_some() {
                return Err(unusable(name, &format!("it has two columns `{column}`")));
            }
        }
        let columns = Self { places };
        if !columns.has("timestamp") {
            return Err(unusable(name, "it has no column `timestamp`"));
        }
        if !columns.has("tenant") && !columns.has("profile") {
            return Err(unusable(name, "it has neither a column `tenant` nor `profile`"));
        }
        if !METERS.iter().any(|meter| columns.has(meter.name())) {
            return Err(unusable(name, "it has no column that counts anything"));
        }
        Ok((columns, unknown))
    }

    fn has(&self, column: &str) -> bool {
        self.places.contains_key(column)
    }

    fn cell<'a>(&self, line: &'a StringRecord, column: &str) -> &'a str {
        self.places.get(column).and_then(|&place| line.get(place)).unwrap_or_default()
    }

    fn row(&self, line: &StringRecord, width: usize) -> Result<Row, String> {
        if line.len() != width {
            return Err(format!("it has {} fields, not {width}", line.len()));
        }
        let tenant = self.cell(line, "tenant").to_owned();
        let profile = self.cell(line, "profile");
        let profile = if profile.is_empty() { tenant.clone() } else { profile.to_owned() };
        if profile.is_empty() {
            return Err("it names neither a tenant nor a profile".to_owned());
        }
        Ok(Row {
            at: parse_time(self.cell(line, "timestamp"))?,
            tenant,
            profile,
            model: self.cell(line, "model").to_owned(),
            account: self.cell(line, "account").to_owned(),
            region: self.cell(line, "region").to_owned(),
            counts: self.counts(line)?,
        })
    }

    /// An empty cell is a gap.
    fn counts(&self, line: &StringRecord) -> Result<Counts, String> {
        let mut counts = Counts::EMPTY;
        for meter in METERS {
            let cell = self.cell(line, meter.name());
            if !cell.is_empty() {
                counts.set(meter, parse_count(meter.name(), cell)?);
            }
        }
        let latency = self.cell(line, AVERAGE_LATENCY);
        if !latency.is_empty() {
            let average = parse_decimal(AVERAGE_LATENCY, latency)?;
            let total = average.saturating_mul(Decimal::from(counts.sum_of(Meter::Invocations))).round();
            counts.set(Meter::LatencyMs, total.to_u64().unwrap_or(u64::MAX));
        }
        Ok(counts)
    }
}

/// RFC 3339 or whole seconds since 1970.
fn parse_time(cell: &str) -> Result<Timestamp, String> {
    let seconds = || cell.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let time = seconds().or_else(|| cell.parse().ok());
    time.ok_or_else(|| format!("`{}` is not a time (RFC 3339 with a zone, or Unix seconds)", printable(cell)))
}

/// A whole number; `12.0` counts as one.
fn parse_count(column: &str, cell: &str) -> Result<u64, String> {
    if let Ok(count) = cell.parse() {
        return Ok(count);
    }
    let decimal = parse_decimal(column, cell)?;
    decimal.is_integer().then(|| decimal.to_u64()).flatten().ok_or_else(|| wrong_count(column, cell))
}

fn parse_decimal(column: &str, cell: &str) -> Result<Decimal, String> {
    let number = cell.parse::<Decimal>().ok().filter(|number| *number >= Decimal::ZERO);
    number.ok_or_else(|| wrong_count(column, cell))
}

fn wrong_count(column: &str, cell: &str) -> String {
    format!("`{}` is not a count of {column}", printable(cell))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn table(text: &str) -> Table {
        read(text.as_bytes(), "usage.csv").expect("a table")
    }

    #[test]
    fn columns_are_found_by_name_in_any_order() {
        let text = "output_tokens, Tenant ,timestamp,input_tokens,colour\n5,acme,2026-11-20T00:00:00Z,7,red\n6,acme,1763596800,,blue\n";
        let table = table(text);
        assert_eq!(table.unknown_columns, ["colour"]);
        let counts = |index: usize| table.rows[index].counts;
        assert_eq!(counts(0), Counts::EMPTY.with(Meter::InputTokens, 7).with(Meter::OutputTokens, 5));
        assert_eq!(counts(1).get(Meter::InputTokens), None, "an empty cell is a gap");
        assert_eq!(table.rows[0].profile, "acme", "the profile is the tenant where there is no column");
    }

    #[test]
    fn average_latency_becomes_a_total() {
        let table = table("timestamp,tenant,invocations,latency_ms_avg\n0,acme,3,120.5\n");
        assert_eq!(table.rows[0].counts.get(Meter::LatencyMs), Some(362));
    }

    #[rstest]
    #[case::time("soon,acme,1", "`soon` is not a time")]
    #[case::no_zone("2026-11-20T00:00:00,acme,1", "is not a time")]
    #[case::negative("0,acme,-1", "`-1` is not a count of invocations")]
    #[case::half("0,acme,1.5", "`1.5` is not a count of invocations")]
    #[case::huge("0,acme,99999999999999999999999", "is not a count of invocations")]
    #[case::word("0,acme,many", "`many` is not a count of invocations")]
    #[case::control("0,acme,\u{1b}[31m", "`·[31m` is not a count")]
    #[case::short("0,acme", "it has 2 fields, not 3")]
    #[case::nameless("0,,1", "neither a tenant nor a profile")]
    fn bad_rows_are_refused_with_their_line_and_good_ones_kept(#[case] line: &str, #[case] reason: &str) {
        let table = table(&format!("timestamp,tenant,invocations\n0,acme,1\n{line}\n60,acme,2.0\n"));
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.refused[0].line, 3);
        assert!(table.refused[0].reason.contains(reason), "{}", table.refused[0].reason);
    }

    #[test]
    fn bytes_that_are_no_text_spoil_only_their_row() {
        let bytes = b"timestamp,tenant,invocations\n0,ac\xff\xfeme,1\n60,acme,2\n";
        let table = read(bytes.as_slice(), "usage.csv").expect("a table");
        assert_eq!((table.rows.len(), table.refused.len(), table.refused[0].line), (1, 1, 2));
    }

    #[rstest]
    #[case::no_time("tenant,invocations", "no column `timestamp`")]
    #[case::nobody("timestamp,invocations", "neither a column `tenant` nor `profile`")]
    #[case::nothing("timestamp,tenant", "no column that counts")]
    #[case::twice("timestamp,tenant,tenant,invocations", "two columns `tenant`")]
    #[case::empty("", "no column `timestamp`")]
    fn a_file_without_the_columns_is_refused(#[case] header: &str, #[case] reason: &str) {
        let error = read(format!("{header}\n").as_bytes(), "usage.csv").expect_err("unusable");
        assert!(error.message.contains(reason) && error.message.contains("usage.csv"), "{}", error.message);
    }
}
