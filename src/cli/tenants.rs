//! `bedtop tenants`: the tenant table, one-shot.

use clap::Args;
use color_eyre::eyre::Result;

use crate::app::filter::Filter;
use crate::cli::input::InputOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, load_config};
use crate::report::{csv, json, table};

/// The table of tenants, from the store, without network
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop tenants --output csv --input usage.csv.gz --price input=3,output=15")]
pub(super) struct Tenants {
    #[command(flatten)]
    output: OutputOption,
    /// Only those that fit, as on the screen: text, !text, /re/, level>=orange, spend>1000, and, or, ( )
    #[arg(long, value_parser = Filter::parse)]
    filter: Option<Filter>,
    #[command(flatten)]
    input: InputOptions,
}

impl Tenants {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let mut view = self.input.view(&load_config(global)?.config)?;
        if let Some(filter) = &self.filter {
            view.tenants.retain(|row| filter.shows(row));
        }
        self.output.print(|| table::tenants(&view), || json::fleet(&view), || csv::tenants(&view))?;
        Ok(0)
    }
}
