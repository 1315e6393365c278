//! The program's own log: a file a day below the history, a week of them. Never on the terminal, which is the
//! screen's; and only bedtop's own lines, so that no request with its credentials gets in.

use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, bail};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

use crate::config::{Config, LogFormat, LogLevel};

/// How many days of log are kept.
const KEPT: usize = 7;
/// How many lines may wait for the disk; more are dropped rather than held in memory.
const WAITING: usize = 4096;

/// Writes what waits when it is dropped.
#[must_use]
pub struct Log(Option<WorkerGuard>);

/// Where the log is.
#[must_use]
pub fn folder(config: &Config) -> PathBuf {
    config.store.path.join("log")
}

/// Starts the log that the config asks for.
///
/// # Errors
/// When its folder cannot be written to.
pub fn start(config: &Config) -> Result<Log> {
    let level = match config.log.level {
        LogLevel::Off => return Ok(Log(None)),
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let appender = appender(config)?;
    let (writer, guard) = tracing_appender::non_blocking::NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING)
        .lossy(true)
        .finish(appender);
    let lines = fmt::layer().with_writer(writer).with_ansi(false).with_target(false);
    let lines = match config.log.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    // A second start, in a test that runs two programs in one, keeps the first log.
    let _ = registry().with(lines.with_filter(Targets::new().with_target("bedtop", level))).try_init();
    Ok(Log(Some(guard)))
}

fn appender(config: &Config) -> Result<RollingFileAppender> {
    if let Some(file) = &config.log.file {
        return one_file(file).wrap_err_with(|| format!("could not write the log {}", file.display()));
    }
    let folder = folder(config);
    a_file_a_day(&folder).wrap_err_with(|| format!("could not write the log in {}", folder.display()))
}

fn a_file_a_day(folder: &Path) -> Result<RollingFileAppender> {
    std::fs::create_dir_all(folder)?;
    let builder = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("bedtop")
        .filename_suffix("log")
        .max_log_files(KEPT);
    Ok(builder.build(folder)?)
}

/// A file that only grows: rotating it is left to whoever chose it.
fn one_file(file: &Path) -> Result<RollingFileAppender> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let Some(name) = file.file_name() else { bail!("it names no file: write for example /var/log/bedtop.log") };
    let builder = RollingFileAppender::builder().rotation(Rotation::NEVER);
    Ok(builder.filename_prefix(name.to_string_lossy()).build(folder)?)
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}
