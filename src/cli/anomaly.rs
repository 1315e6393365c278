//! `bedtop anomaly`: how odd the values of any metric are.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use color_eyre::eyre::{Result, eyre};

use crate::forecast::anomaly::Detector;
use crate::source::series::SeriesReader;

/// Score each value of a metric from 0 (as ever) to 1 (odd), by what came before it
#[derive(Debug, Args)]
#[command(
    after_help = "Reads `timestamp,value`, writes `timestamp,anomaly_score`, a row for a row. A score never depends on later values.\n\nExample:\n  bedtop anomaly --input series.csv > scores.csv"
)]
pub(super) struct Anomaly {
    /// The metric as CSV (`-` for standard input, gz too)
    #[arg(long, value_name = "SERIES.csv")]
    input: PathBuf,
}

impl Anomaly {
    pub(super) fn run(&self) -> Result<u8> {
        let rows = SeriesReader::open(&self.input).map_err(|error| eyre!("{error}; {}", error.remedy))?;
        let mut out = csv::Writer::from_writer(BufWriter::new(io::stdout().lock()));
        out.write_record(["timestamp", "anomaly_score"])?;
        let mut detector = Detector::new();
        let mut unreadable = 0_u64;
        for row in rows {
            let row = row.map_err(|error| eyre!("{error}; {}", error.remedy))?;
            let score = row.at.map_or(0.0, |at| detector.push(at, row.value));
            unreadable += u64::from(row.at.is_none());
            out.write_record([row.timestamp, format!("{score:.6}")])?;
        }
        out.flush()?;
        if unreadable > 0 {
            writeln!(io::stderr(), "bedtop: {unreadable} rows have a time that cannot be read; they score 0")?;
        }
        Ok(0)
    }
}
