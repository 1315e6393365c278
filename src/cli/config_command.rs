//! `bedtop config`: write, check and show the configuration.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use color_eyre::eyre::{Result, WrapErr, bail};

use crate::cli::{GlobalOptions, environment, load_config, overrides, print};
use crate::config;
use crate::respond;

/// Write, check or show the configuration
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  bedtop config init && bedtop config show")]
pub(super) enum ConfigCommand {
    /// Write a commented config file with every key and its default; an existing file is never touched
    #[command(after_help = "Example:\n  bedtop config init --config ./bedtop.toml")]
    Init,
    /// Check the config file and tell every fault with its place
    #[command(after_help = "Example:\n  bedtop config check --config ./bedtop.toml")]
    Check,
    /// Show every value in force and where it comes from
    #[command(after_help = "Example:\n  bedtop config show --timezone Europe/Berlin")]
    Show,
}

impl ConfigCommand {
    pub(super) fn run(&self, global: &GlobalOptions) -> Result<u8> {
        match self {
            Self::Init => init(&target(global)?)?,
            Self::Check => check(global)?,
            Self::Show => show(global)?,
        }
        Ok(0)
    }
}

/// Where the config file is to be.
fn target(global: &GlobalOptions) -> Result<PathBuf> {
    match config::path(&overrides(global), &environment) {
        Some(path) => Ok(path),
        None => bail!(
            "could not find a folder for the config: neither XDG_CONFIG_HOME nor HOME is set; give a file with --config"
        ),
    }
}

fn init(path: &Path) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).wrap_err_with(|| format!("could not create the folder {}", folder.display()))?;
    }
    let mut file = match File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!(
                "{} is there already and was not touched: edit it, or name another file with --config",
                path.display()
            )
        }
        Err(error) => return Err(error).wrap_err_with(|| format!("could not write {}", path.display())),
    };
    file.write_all(config::EXAMPLE.as_bytes()).wrap_err_with(|| format!("could not write {}", path.display()))?;
    print(&format!("wrote {}: edit it, then run `bedtop config check`", path.display()))
}

fn check(global: &GlobalOptions) -> Result<()> {
    let effective = load_config(global)?;
    let faults = respond::check(&effective.config.responses);
    if !faults.is_empty() {
        bail!("the file is sound, but not every receiver could be told:\n  {}", faults.join("\n  "));
    }
    match effective.file {
        Some(path) => print(&format!("{}: no faults", path.display())),
        None => print("no config file: the defaults hold; `bedtop config init` writes one"),
    }
}

fn show(global: &GlobalOptions) -> Result<()> {
    let effective = load_config(global)?;
    let settings = effective.settings();
    let width = settings.iter().map(|setting| setting.key.len()).max().unwrap_or(0);
    let file = effective.file.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    let mut text = format!("# config file: {file}\n");
    for setting in settings {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<width$} = {}  # {}", setting.key, setting.value, setting.origin.name());
    }
    print(&text)
}
