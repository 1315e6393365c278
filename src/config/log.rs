//! The `log` section: the program's own log.

use std::path::PathBuf;

use crate::config::reader::Table;
use crate::config::values;

/// The program's own log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// How much is told.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
    /// The one file it is written to; without it, a file a day below the history, a week of them.
    pub file: Option<PathBuf>,
}

/// How much the log tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What is not right.
    Warn,
    /// What begins and ends as well.
    #[default]
    Info,
    /// Every poll as well.
    Debug,
}

/// The form of the log's lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// The words of `log.level`.
pub(super) const LOG_LEVELS: [(&str, LogLevel); 4] =
    [("off", LogLevel::Off), ("warn", LogLevel::Warn), ("info", LogLevel::Info), ("debug", LogLevel::Debug)];
/// The words of `log.format`.
pub(super) const LOG_FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

/// Reads the section.
pub(super) fn section(table: Table<'_>, defaults: LogSettings) -> LogSettings {
    let log = LogSettings {
        level: table.get("level", values::choice(&LOG_LEVELS)).unwrap_or(defaults.level),
        format: table.get("format", values::choice(&LOG_FORMATS)).unwrap_or(defaults.format),
        file: table.get("file", values::text).map(PathBuf::from).or(defaults.file),
    };
    table.finish();
    log
}
