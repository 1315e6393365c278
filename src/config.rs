//! The configuration: a TOML file, checked as a whole, under what flags and environment say.
//!
//! [`load`] merges flag > environment > file > default. The file is read by small functions, one a section
//! ([`sections`]), over a reader that knows the place of every value, so that every fault names its line and
//! all faults are told at once.

mod amounts;
mod budgets;
mod charges;
mod faults;
#[cfg(test)]
mod fuzz;
mod load;
mod log;
mod metrics;
mod model;
mod plans;
mod prices;
mod provisioned;
mod quotas;
mod reader;
mod responses;
mod scopes;
mod sections;
mod show;
mod tenants;
mod thresholds;
mod transitions;
mod values;
mod zones;

pub use faults::{ConfigError, Fault};
pub use load::{Effective, Overrides, default_path, load, path};
pub use log::{LogFormat, LogLevel, LogSettings};
pub use metrics::{MetricsListen, MetricsSettings, Otlp};
pub use model::{
    Alerts, BudgetThresholds, Collect, Config, Glyphs, Scope, StoreSettings, Tenant, ThemeChoice, UiSettings,
};
pub use responses::{
    Alertmanager, Escalation, Exec, GroupBy, Heartbeat, Hook, LogFile, PagerDuty, QuietHours, Receiver, ReceiverKind,
    Repeat, Responses, Route, Slack, Sns, Source, safe_url,
};
pub use show::Setting;
pub use thresholds::{
    AnomalyThresholds, BurnThresholds, CallThresholds, CommitmentThresholds, CoverageThresholds, FleetThresholds,
    ForecastThresholds, MarginThresholds, QuotaThresholds, ThresholdOverride, Thresholds,
};
pub use transitions::{Timing, Transitions};

/// The commented example: every key with its default.
pub const EXAMPLE: &str = include_str!("../config.example.toml");
