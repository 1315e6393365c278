//! `bedtop tenants`: the tenant table, one-shot.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

use crate::app::filter::Filter;
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
    /// Only those that fit, as on the screen: text, !text, /re/, level>=orange, spend>1000, and, or, ( )
    #[arg(long, value_parser = Filter::parse)]
    filter: Option<Filter>,
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
        let mut view = self.input.view(&load_config(global)?.config)?;
        if let Some(filter) = &self.filter {
            view.tenants.retain(|row| filter.shows(row));
        }
        match self.output {
            Output::Table => print(&table::tenants(&view))?,
            Output::Json => print(&json::fleet(&view)?)?,
            Output::Csv => print(&csv::tenants(&view)?)?,
        }
        Ok(0)
    }
}
