//! `bedtop completions` and `bedtop man`: made from the same definition as the parser.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use color_eyre::eyre::Result;

use crate::cli::{Cli, print};

/// A completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop completions bash > ~/.local/share/bash-completion/completions/bedtop")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Result<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "bedtop", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(0)
    }
}

/// The manual page, in roff
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop man | man -l -")]
pub(super) struct Man {}

impl Man {
    pub(super) fn run() -> Result<u8> {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        print(&String::from_utf8_lossy(&page))?;
        Ok(0)
    }
}
