//! `bedtop profiles`: every profile and what else is called, one-shot.

use clap::Args;
use color_eyre::eyre::Result;

use crate::cli::input::InputOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, load_config};
use crate::report::profiles;

/// Every profile with its tenant, model and use, from the store, without network
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop profiles --lint")]
pub(super) struct Profiles {
    /// Only those whose tags someone should mend, the dearest first
    #[arg(long)]
    lint: bool,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    input: InputOptions,
}

impl Profiles {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let view = self.input.view(&load_config(global)?.config)?;
        let rows = profiles::rows(&view, self.lint);
        self.output.print(|| profiles::table(&rows, self.lint), || profiles::json(&rows), || profiles::csv(&rows))?;
        Ok(0)
    }
}
