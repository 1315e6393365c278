//! `bedtop forecast`: what will be used, with intervals.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use color_eyre::eyre::{Result, eyre};

use crate::cli::print;
use crate::domain::text::printable;
use crate::report::forecast::{self, PlainSeries};
use crate::source::series::{SeriesReader, SeriesRow};

/// The most steps ahead.
const FURTHEST: i64 = 20_000;

/// Forecast series of any unit with 80 and 95 % intervals
#[derive(Debug, Args)]
#[command(
    after_help = "Reads `series_id,timestamp,value` in regular steps, writes CSV; step 0 is the total over the horizon with its own interval.\n\nExample:\n  bedtop forecast --input series.csv --horizon 24"
)]
pub(super) struct Forecast {
    /// The series as CSV (`-` for standard input, gz too)
    #[arg(long, value_name = "SERIES.csv")]
    input: PathBuf,
    /// How many steps ahead
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=FURTHEST))]
    horizon: u32,
}

impl Forecast {
    pub(super) fn run(&self) -> Result<u8> {
        let series = load(&self.input)?;
        print(&forecast::csv(&series, self.horizon)?)?;
        Ok(0)
    }
}

/// The series of a file in the order they begin in it. A time that is there twice counts with its last value.
fn load(path: &Path) -> Result<Vec<PlainSeries>> {
    let mut order: Vec<String> = Vec::new();
    let mut rows: BTreeMap<String, BTreeMap<_, SeriesRow>> = BTreeMap::new();
    for row in SeriesReader::open(path).map_err(|error| eyre!("{error}; {}", error.remedy))? {
        let row = row.map_err(|error| eyre!("{error}; {}", error.remedy))?;
        let Some(at) = row.at else {
            let written = printable(&row.timestamp);
            writeln!(io::stderr(), "bedtop: line {} is left out: `{written}` is not a time", row.line)?;
            continue;
        };
        if !rows.contains_key(&row.series) {
            order.push(row.series.clone());
        }
        rows.entry(row.series.clone()).or_default().insert(at, row);
    }
    let plain = |id: String| {
        let rows = rows.remove(&id).unwrap_or_default();
        let origin = rows.values().next_back().map(|row| row.timestamp.clone()).unwrap_or_default();
        PlainSeries { id, origin, values: rows.into_iter().map(|(at, row)| (at, row.value)).collect() }
    };
    Ok(order.into_iter().map(plain).collect())
}
