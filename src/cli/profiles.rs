//! `bedtop profiles`: every profile and what else is called, one-shot.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

use crate::cli::input::InputOptions;
use crate::cli::{GlobalOptions, load_config, print};
use crate::report::profiles;

/// Every profile with its tenant, model and use, from the store, without network
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop profiles --lint")]
pub(super) struct Profiles {
    /// Only those whose tags someone should mend, the dearest first
    #[arg(long)]
    lint: bool,
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

impl Profiles {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let view = self.input.view(&load_config(global)?.config)?;
        let rows = profiles::rows(&view, self.lint);
        match self.output {
            Output::Table => print(&profiles::table(&rows, self.lint))?,
            Output::Json => print(&profiles::json(&rows)?)?,
            Output::Csv => print(&profiles::csv(&rows)?)?,
        }
        Ok(0)
    }
}
