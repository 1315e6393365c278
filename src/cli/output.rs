//! How tables are printed: for a person, as JSON, or as CSV.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

use crate::cli::print;

/// The choice of commands that list things.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct OutputOption {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
    Csv,
}

impl OutputOption {
    /// Prints the form that was chosen.
    pub(super) fn print(
        self,
        table: impl FnOnce() -> String,
        json: impl FnOnce() -> serde_json::Result<String>,
        csv: impl FnOnce() -> csv::Result<String>,
    ) -> Result<()> {
        match self.output {
            Output::Table => print(&table()),
            Output::Json => print(&json()?),
            Output::Csv => print(&csv()?),
        }
    }
}
