//! Every value in force with its origin, for `bedtop config show`.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::amounts::duration_text;
use crate::config::model::{Config, Scope};
use crate::config::sections::{GLYPHS, LOG_FORMATS, LOG_LEVELS, THEMES};
use crate::domain::budget::Budget;
use crate::domain::ids::TenantId;
use crate::domain::tenancy::NamePattern;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag,
    /// An environment variable.
    Environment,
    /// The config file.
    File,
    /// Nobody said otherwise.
    Default,
}

impl Origin {
    /// The name in a column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        }
    }

    /// How a person set a key: `--timezone`, `BEDTOP_TIMEZONE`.
    pub(super) fn of(self, key: &str) -> String {
        match self {
            Self::Flag => format!("--{key}"),
            Self::Environment => format!("BEDTOP_{}", key.to_uppercase()),
            Self::File | Self::Default => key.to_owned(),
        }
    }
}

/// One value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its path in the file.
    pub key: String,
    /// The value as the file would have it.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Every value in force, in the order of the example file.
pub(super) fn settings(
    config: &Config,
    origins: &BTreeMap<&'static str, Origin>,
    present: &BTreeSet<String>,
) -> Vec<Setting> {
    let origin = |key: &str| match origins.get(key) {
        Some(&origin) => origin,
        None if present.contains(key) => Origin::File,
        None => Origin::Default,
    };
    let plain = plain_values(config).into_iter().map(|(key, value)| Setting {
        origin: origin(key),
        key: key.to_owned(),
        value,
    });
    let listed = listed_values(config).into_iter().map(|(key, value)| Setting {
        origin: origin(key),
        key: format!("[[{key}]]"),
        value,
    });
    plain.chain(listed).collect()
}

fn plain_values(config: &Config) -> Vec<(&'static str, String)> {
    let Config { collect, ui, store, alerts, log, .. } = config;
    vec![
        ("timezone", quoted(config.timezone.iana_name().unwrap_or("UTC"))),
        ("tenant_tags", list(&config.tenant_tags)),
        ("tenant_name_pattern", optional(config.tenant_name_pattern.as_ref().map(NamePattern::as_str))),
        ("default_tenant", optional(config.default_tenant.as_ref().map(TenantId::as_str))),
        ("collect.interval", quoted(&duration_text(collect.interval))),
        ("collect.ceiling_usd_month", collect.ceiling_usd_month.amount().normalize().to_string()),
        ("collect.revise_window", quoted(&duration_text(collect.revise_window))),
        ("collect.backfill", quoted(&duration_text(collect.backfill))),
        ("alerts.budget.yellow", alerts.budget.yellow.to_string()),
        ("alerts.budget.orange", alerts.budget.orange.to_string()),
        ("alerts.budget.nearly_gone", alerts.budget.nearly_gone.to_string()),
        ("alerts.budget.red", alerts.budget.red.to_string()),
        ("ui.theme", quoted(word(&THEMES, ui.theme))),
        ("ui.glyphs", quoted(word(&GLYPHS, ui.glyphs))),
        ("ui.bell", ui.bell.to_string()),
        ("store.path", quoted(&store.path.display().to_string())),
        ("store.keep_points", quoted(&duration_text(store.keep_points))),
        ("store.keep_five_minutes", quoted(&duration_text(store.keep_five_minutes))),
        ("store.keep_hours", quoted(&duration_text(store.keep_hours))),
        ("log.level", quoted(word(&LOG_LEVELS, log.level))),
        ("log.format", quoted(word(&LOG_FORMATS, log.format))),
    ]
}

fn listed_values(config: &Config) -> Vec<(&'static str, String)> {
    let scopes = config.scopes.iter().map(|scope| ("scope", scope_text(scope)));
    let tenants = config.tenants.iter().map(|tenant| {
        ("tenant", format!("id = {}, profiles = {}", quoted(tenant.id.as_str()), list(&tenant.profiles)))
    });
    let budgets = config.budgets.iter().map(|budget| ("budget", budget_text(budget)));
    scopes.chain(tenants).chain(budgets).collect()
}

fn scope_text(scope: &Scope) -> String {
    let parts = [
        ("profile", &scope.profile),
        ("region", &scope.region),
        ("endpoint_url", &scope.endpoint_url),
        ("role_arn", &scope.role_arn),
        ("external_id", &scope.external_id),
        ("session_name", &scope.session_name),
        ("account", &scope.account),
        ("discovery_role_arn", &scope.discovery_role_arn),
    ];
    let given = parts.into_iter().filter_map(|(key, value)| Some(format!(", {key} = {}", quoted(value.as_ref()?))));
    format!("name = {}{}", quoted(scope.name.as_str()), given.collect::<String>())
}

fn budget_text(budget: &Budget) -> String {
    let per = serde_json::to_string(&budget.calendar.length).unwrap_or_default();
    format!(
        "id = {}, amount = \"{} USD\", per = {per}, anchor_day = {}, tenants = {}",
        quoted(budget.id.as_str()),
        budget.amount.amount().normalize(),
        budget.calendar.anchor_day,
        list(&budget.tenants),
    )
}

fn word<T: Copy + PartialEq>(words: &[(&'static str, T)], choice: T) -> &'static str {
    words.iter().find(|(_, known)| *known == choice).map_or("auto", |(word, _)| word)
}

/// What is not set is shown as such; the file leaves it out.
fn optional(text: Option<&str>) -> String {
    text.map_or("(none)".to_owned(), quoted)
}

/// Text as TOML has it: its basic strings are written as JSON's.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn list(texts: &[String]) -> String {
    serde_json::to_string(texts).unwrap_or_default()
}
