//! Flag > environment > file > default.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::config::faults::{ConfigError, Fault};
use crate::config::log::LogFormat;
use crate::config::model::{Config, Scope};
use crate::config::reader::{Findings, Table};
use crate::config::show::{Origin, Setting, settings};
use crate::config::{scopes, sections, zones};
use crate::domain::ids::ScopeName;

/// What flags say; they win over everything.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The config file.
    pub config: Option<PathBuf>,
    /// The folder of the history.
    pub store: Option<PathBuf>,
    /// The socket of the bedtop that has it open.
    pub attach: Option<PathBuf>,
    /// The time zone.
    pub timezone: Option<String>,
    /// The AWS profile.
    pub profile: Option<String>,
    /// The AWS region.
    pub region: Option<String>,
    /// The AWS endpoint.
    pub endpoint_url: Option<String>,
    /// The file of the log.
    pub log_file: Option<PathBuf>,
    /// The form of the log.
    pub log_format: Option<LogFormat>,
}

/// The configuration in force and where it comes from.
#[derive(Clone, Debug)]
pub struct Effective {
    /// What is in force.
    pub config: Config,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    origins: BTreeMap<&'static str, Origin>,
    present: BTreeSet<String>,
}

impl Effective {
    /// Every value with its origin, in the order of the example file.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        settings(&self.config, &self.origins, &self.present)
    }
}

/// A look into the environment.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads and merges the configuration.
///
/// # Errors
/// All faults of the file together, or the first fault of a flag or variable.
pub fn load(flags: &Overrides, environment: Environment<'_>) -> Result<Effective, ConfigError> {
    let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
    let defaults = Config::with_defaults(PathBuf::new());
    let named = named_path(flags, &environment);
    let mut effective = match named {
        Some(path) => read(path, defaults)?,
        None => match default_path(&environment).filter(|path| path.exists()) {
            Some(path) => read(path, defaults)?,
            None => Effective { config: defaults, file: None, origins: BTreeMap::new(), present: BTreeSet::new() },
        },
    };
    override_timezone(&mut effective, flags, &environment)?;
    override_scopes(&mut effective, flags, &environment)?;
    place_store(&mut effective, flags, &environment)?;
    override_log(&mut effective, flags);
    Ok(effective)
}

fn named_path(flags: &Overrides, environment: Environment<'_>) -> Option<PathBuf> {
    flags.config.clone().or_else(|| environment("BEDTOP_CONFIG").map(PathBuf::from))
}

/// Where the config file is or would be: what the flag or the variable names, else [`default_path`].
#[must_use]
pub fn path(flags: &Overrides, environment: Environment<'_>) -> Option<PathBuf> {
    let environment = |name: &str| environment(name).filter(|value| !value.is_empty());
    named_path(flags, &environment).or_else(|| default_path(&environment))
}

/// Where the config file is if nothing else is said: `$XDG_CONFIG_HOME/bedtop/config.toml`, else below
/// `~/.config`; `None` without a home.
#[must_use]
pub fn default_path(environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    Some(base_folder(environment, "XDG_CONFIG_HOME", ".config")?.join("bedtop").join("config.toml"))
}

/// Reads the text of a file over the defaults; gives the config and the keys that were present.
pub(super) fn parse(text: &str, defaults: Config) -> Result<(Config, BTreeSet<String>), Vec<Fault>> {
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        vec![Fault::at(text, &span, error.message())]
    })?;
    let findings = Findings::new(text);
    let config = sections::config(Table::root(&document, &findings), defaults);
    let (faults, present) = findings.into_parts();
    if faults.is_empty() { Ok((config, present)) } else { Err(faults) }
}

fn read(path: PathBuf, defaults: Config) -> Result<Effective, ConfigError> {
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(cause) => return Err(ConfigError::Unreadable { path, cause }),
    };
    match parse(&text, defaults) {
        Ok((config, present)) => Ok(Effective { config, file: Some(path), origins: BTreeMap::new(), present }),
        Err(faults) => Err(ConfigError::Faulty { path, faults }),
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(fs::read(path)?).map_err(|error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8 text: {}", error.utf8_error()))
    })
}

fn override_timezone(
    effective: &mut Effective,
    flags: &Overrides,
    environment: Environment<'_>,
) -> Result<(), ConfigError> {
    let flag = flags.timezone.clone().map(|name| (name, Origin::Flag));
    let variable = || environment("BEDTOP_TIMEZONE").map(|name| (name, Origin::Environment));
    let Some((name, origin)) = flag.or_else(variable) else { return Ok(()) };
    let zone =
        zones::zone(&name).map_err(|message| ConfigError::Override(format!("{}: {message}", origin.of("timezone"))))?;
    effective.origins.insert("timezone", origin);
    // What has a zone of its own keeps it, and contracts are not for flags to change.
    let of_file = &effective.config.timezone;
    for budget in effective.config.budgets.iter_mut().filter(|budget| &budget.calendar.zone == of_file) {
        budget.calendar.zone = zone.clone();
    }
    effective.config.timezone = zone;
    Ok(())
}

/// `--profile` and `--region` ask for one scope of their own instead of the configured ones; `--endpoint-url`
/// goes to every scope. With nothing configured the scope is the caller's own, found by the SDK.
fn override_scopes(
    effective: &mut Effective,
    flags: &Overrides,
    environment: Environment<'_>,
) -> Result<(), ConfigError> {
    let asked = flags.profile.is_some() || flags.region.is_some();
    if asked || effective.config.scopes.is_empty() {
        effective.origins.insert("scope", if asked { Origin::Flag } else { Origin::Default });
        let profile = flags.profile.clone().or_else(|| environment("AWS_PROFILE"));
        let region =
            flags.region.clone().or_else(|| environment("AWS_REGION")).or_else(|| environment("AWS_DEFAULT_REGION"));
        let parts: Vec<&str> = [&profile, &region].into_iter().flatten().map(String::as_str).collect();
        let name = if parts.is_empty() { "default".to_owned() } else { parts.join("/") };
        effective.config.scopes = vec![Scope {
            profile: flags.profile.clone(),
            region: flags.region.clone(),
            ..Scope::named(ScopeName::new(name))
        }];
    }
    if let Some(url) = &flags.endpoint_url {
        let url =
            scopes::endpoint(url).map_err(|message| ConfigError::Override(format!("--endpoint-url: {message}")))?;
        for scope in &mut effective.config.scopes {
            scope.endpoint_url = Some(url.clone());
        }
        effective.origins.insert("scope", Origin::Flag);
    }
    Ok(())
}

fn place_store(effective: &mut Effective, flags: &Overrides, environment: Environment<'_>) -> Result<(), ConfigError> {
    effective.config.store.attach = flags.attach.clone().or_else(|| environment("BEDTOP_ATTACH").map(PathBuf::from));
    let flag = flags.store.clone().map(|path| (path, Origin::Flag));
    let variable = || environment("BEDTOP_STORE").map(|path| (PathBuf::from(path), Origin::Environment));
    if let Some((path, origin)) = flag.or_else(variable) {
        effective.config.store.path = path;
        effective.origins.insert("store.path", origin);
    } else if effective.config.store.path.as_os_str().is_empty() {
        let base = base_folder(environment, "XDG_STATE_HOME", ".local/state").ok_or(ConfigError::NoHome)?;
        effective.config.store.path = base.join("bedtop");
    } else if let Ok(below_home) = effective.config.store.path.strip_prefix("~") {
        let home = environment("HOME").ok_or(ConfigError::NoHome)?;
        effective.config.store.path = PathBuf::from(home).join(below_home);
    }
    Ok(())
}

fn override_log(effective: &mut Effective, flags: &Overrides) {
    let log = &mut effective.config.log;
    if let Some(file) = &flags.log_file {
        log.file = Some(file.clone());
        effective.origins.insert("log.file", Origin::Flag);
    }
    if let Some(format) = flags.log_format {
        log.format = format;
        effective.origins.insert("log.format", Origin::Flag);
    }
}

/// A base folder of the XDG specification; relative ones are ignored, as it asks.
fn base_folder(environment: &dyn Fn(&str) -> Option<String>, variable: &str, below_home: &str) -> Option<PathBuf> {
    let given = environment(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| Some(PathBuf::from(environment("HOME")?).join(below_home)))
}

#[cfg(test)]
mod tests;
