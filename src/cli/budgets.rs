//! `bedtop budgets`: every budget and quota as it stands, one-shot.

use clap::Args;
use color_eyre::eyre::Result;

use crate::cli::input::InputOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, load_config};
use crate::report::budgets::{self, Standings};

/// Every budget, quota and rate limit: whose it is, its period, what is used of it and what will be, from the store,
/// without network
#[derive(Debug, Args)]
#[command(
    after_help = "A budget of tenants, a plan or tags has a line for each tenant that it is for; one of a pool or the fleet has one line.\nRate limits are lines of the period `minute`: the mean of the last ten minutes against the plan's limit.\n\nExample:\n  bedtop budgets --output csv"
)]
pub(super) struct Budgets {
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    input: InputOptions,
}

impl Budgets {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let view = self.input.view(&config)?;
        let standings = Standings::new(&view, &config.budgets);
        self.output.print(|| budgets::table(&standings), || budgets::json(&standings), || budgets::csv(&standings))?;
        Ok(0)
    }
}
