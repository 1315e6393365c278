//! `bedtop tenants`: the tenant table, one-shot.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

use crate::cli::input::InputOptions;
use crate::cli::{GlobalOptions, load_config, print};
use crate::report::{csv, json, table};

/// The table of tenants, from the store, without network
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop tenants --output csv --input usage.csv.gz --price input=3,output=15")]
pub(super) struct Tenants {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    #[command(flatten)]
    input: InputOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
    Csv,
}

impl Tenants {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let view = self.input.view(&load_config(global)?.config)?;
        match self.output {
            Output::Table => print(&table::tenants(&view))?,
            Output::Json => print(&json::fleet(&view)?)?,
            Output::Csv => print(&csv::tenants(&view)?)?,
        }
        Ok(0)
    }
}
