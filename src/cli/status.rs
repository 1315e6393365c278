//! `bedtop status`: the fleet in a few lines.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

use crate::cli::input::InputOptions;
use crate::cli::{GlobalOptions, load_config, print};
use crate::report::{json, text};

/// A one-shot summary of the fleet, from the store, without network
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop status --format tmux")]
pub(super) struct Status {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    input: InputOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
    Tmux,
}

impl Status {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        match self.format {
            Format::Text => print(&text::status(&self.input.view(&config)?))?,
            Format::Json => print(&json::fleet(&self.input.view(&config)?)?)?,
            Format::Tmux => print(&self.input.line(&config)?)?,
        }
        Ok(0)
    }
}
