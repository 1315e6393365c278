//! `bedtop config`: write, check and show the configuration.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use color_eyre::eyre::{Report, Result, WrapErr, bail, eyre};
use jiff::Timestamp;

use crate::cli::{GlobalOptions, environment, load_config, overrides, print, runtime};
use crate::config;
use crate::report::starter::{self, Starter};
use crate::respond;
use crate::run::{self, discover::Account};

/// Write, check or show the configuration
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  bedtop config init && bedtop config show")]
pub(super) enum ConfigCommand {
    Init(Init),
    /// Check the config file and tell every fault with its place
    #[command(after_help = "Example:\n  bedtop config check --config ./bedtop.toml")]
    Check,
    /// Show every value in force and where it comes from
    #[command(after_help = "Example:\n  bedtop config show --timezone Europe/Berlin")]
    Show,
}

/// Write a commented config file with what AWS tells of regions, tags and plans; an existing file is never touched
///
/// It lists the application inference profiles of every region and their tags, which costs nothing, and writes each
/// value with its why. Offline or without credentials the file has every key with its default.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedtop config init --config ./bedtop.toml --profile prod")]
pub(super) struct Init {
    /// Ask AWS nothing
    #[arg(long)]
    offline: bool,
    /// How long AWS has for its first answer
    #[arg(long, value_name = "SECONDS", default_value = "0.8", value_parser = parse_wait, conflicts_with = "offline")]
    wait: Duration,
}

impl ConfigCommand {
    pub(super) fn run(&self, global: &GlobalOptions) -> Result<u8> {
        match self {
            Self::Init(init) => init.run(global)?,
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

impl Init {
    fn run(&self, global: &GlobalOptions) -> Result<()> {
        let path = target(global)?;
        // Asking AWS first would be in vain.
        if path.exists() {
            return Err(is_there(&path));
        }
        let starter = if self.offline { starter::without("it was not asked") } else { self.discover(global)? };
        write(&path, &starter.text)?;
        print(&format!("{}\nwrote {}: edit it, then run `bedtop config check`", starter.summary, path.display()))
    }

    fn discover(&self, global: &GlobalOptions) -> Result<Starter> {
        let account = Account {
            profile: global.profile.clone(),
            region: global.region.clone(),
            endpoint_url: global.endpoint_url.clone(),
        };
        let runtime = runtime()?;
        let starter = runtime.block_on(run::discover::starter(account, self.wait, Timestamp::now()));
        // The look-up of a name that nobody answers goes on for long, and is not waited for.
        runtime.shutdown_background();
        Ok(starter)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).wrap_err_with(|| format!("could not create the folder {}", folder.display()))?;
    }
    let mut file = match File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(is_there(path)),
        Err(error) => return Err(error).wrap_err_with(|| format!("could not write {}", path.display())),
    };
    file.write_all(text.as_bytes()).wrap_err_with(|| format!("could not write {}", path.display()))
}

fn is_there(path: &Path) -> Report {
    eyre!("{} is there already and was not touched: edit it, or name another file with --config", path.display())
}

fn parse_wait(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.1..=60.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| format!("`{text}` is no time: write seconds, 0.1 to 60"))
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
