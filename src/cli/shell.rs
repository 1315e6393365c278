//! `bedtop completions` and `bedtop man`: made from the same definition as the parser.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use color_eyre::eyre::Result;

use crate::app::keymap::{Bound, Keymap};
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
        print(&(String::from_utf8_lossy(&page).into_owned() + &keys()))?;
        Ok(0)
    }
}

/// The keys of the console as a section of the page, from the table that dispatches them.
fn keys() -> String {
    let line = |bound: &Bound| {
        let (keys, place) = (roff(&bound.keys_text()), roff(bound.places_text()));
        format!(".TP\n\\fB{keys}\\fR ({place})\n{}\n", roff(bound.binding.help))
    };
    let lines: String = Keymap::default().all().iter().map(line).collect();
    format!(".SH KEYS\nOf the console; \\fBbedtop keys\\fR lists them as the config has them.\n{lines}")
}

/// Text that roff takes as it is: no escapes, and no line that begins with a control character.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
