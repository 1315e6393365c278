//! `bedtop status`: the fleet in a few lines.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;

use crate::cli::input::InputOptions;
use crate::cli::{GlobalOptions, load_config, print};
use crate::report::{json, text, tmux};

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
        let view = self.input.view(&load_config(global)?.config)?;
        match self.format {
            Format::Text => print(&text::status(&view))?,
            Format::Json => print(&json::fleet(&view)?)?,
            Format::Tmux => print(&tmux::line(&view))?,
        }
        Ok(0)
    }
}
