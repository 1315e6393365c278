//! `bedtop collect`: the collector without a screen.

use clap::Args;
use color_eyre::eyre::Result;

use crate::cli::{GlobalOptions, live_config, runtime};
use crate::run::{headless, logging, setup};

/// Poll, store and judge without a screen, until a signal ends it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop collect --profile prod --region eu-west-1")]
pub(super) struct Collect {}

impl Collect {
    pub(super) fn run(global: &GlobalOptions) -> Result<u8> {
        let config = live_config(global)?;
        let _log = logging::start(&config.in_force())?;
        runtime()?.block_on(headless::collect(setup::shared(config), std::io::stderr()))
    }
}
