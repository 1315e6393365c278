//! What is compared at the end: the values of the history, its log, and the size of its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::world::METERS;

/// The values of a usage CSV before an instant that are not zero: by time, profile and meter.
pub(crate) fn cells(csv: &str, end: i64) -> BTreeMap<(i64, String, &'static str), u64> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let place = |name: &str| header.iter().position(|column| column == name).expect("the column is there");
    let (time, profile) = (place("timestamp"), place("profile"));
    let mut found = BTreeMap::new();
    for record in reader.into_records().map(|record| record.expect("a record")) {
        let at =
            record[time].parse().or_else(|_| record[time].parse::<jiff::Timestamp>().map(jiff::Timestamp::as_second));
        let at = at.expect("a time");
        let id = record[profile].rsplit('/').next().unwrap_or_default().to_owned();
        for (_, meter) in METERS {
            let value: u64 = record[place(meter)].parse().unwrap_or(0);
            if value > 0 && at < end {
                found.insert((at, id.clone(), meter), value);
            }
        }
    }
    found
}

/// Whether the log has a change of level that a collector told.
pub(crate) fn is_logged(log: &Value, [at, level, subject, signal]: &[String; 4]) -> bool {
    let mut rows = log["log"].as_array().into_iter().flatten();
    rows.any(|row| {
        let is_about = row["fingerprint"].as_str().is_some_and(|alert| alert.contains(subject.as_str()));
        is_about && row["at"] == at.as_str() && row["level"] == level.as_str() && row["signal"] == signal.as_str()
    })
}

/// How many bytes a folder holds.
pub(crate) fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| {
            entry.metadata().map_or(0, |found| if found.is_dir() { size_of(&entry.path()) } else { found.len() })
        })
        .sum()
}
