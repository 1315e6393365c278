//! Every value in force with its origin, for `bedtop config show`.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::amounts::duration_text;
use crate::config::budgets::PERIODS;
use crate::config::log::{LOG_FORMATS, LOG_LEVELS};
use crate::config::model::{Config, Scope, Tenant};
use crate::config::sections::{GLYPHS, THEMES};
use crate::config::{metrics, thresholds, transitions};
use crate::domain::budget::{Budget, BudgetOver, Pool};
use crate::domain::calendar::Calendar;
use crate::domain::contract::{ExchangeRate, Plan, Terms};
use crate::domain::ids::{PlanId, TenantId};
use crate::domain::provisioned::Provisioned;
use crate::domain::quota::ModelQuota;
use crate::domain::tenancy::{NamePattern, Tags};

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
    let mut values = vec![
        ("timezone", quoted(config.timezone.iana_name().unwrap_or("UTC"))),
        ("tenant_tags", list(&config.tenant_tags)),
        ("tenant_name_pattern", optional(config.tenant_name_pattern.as_ref().map(NamePattern::as_str))),
        ("default_tenant", optional(config.default_tenant.as_ref().map(TenantId::as_str))),
        ("plan_tags", list(&config.plan_tags)),
        ("default_plan", optional(config.default_plan.as_ref().map(PlanId::as_str))),
        ("collect.interval", quoted(&duration_text(collect.interval))),
        ("collect.ceiling_usd_month", collect.ceiling_usd_month.amount().normalize().to_string()),
        ("collect.revise_window", quoted(&duration_text(collect.revise_window))),
        ("collect.backfill", quoted(&duration_text(collect.backfill))),
    ];
    values.extend(thresholds::values_of(&alerts.thresholds));
    values.extend(transitions::values_of(&alerts.transitions));
    values.extend([
        ("ui.theme", quoted(word(&THEMES, ui.theme))),
        ("ui.glyphs", quoted(word(&GLYPHS, ui.glyphs))),
        ("ui.bell", ui.bell.to_string()),
        ("ui.mouse", ui.mouse.to_string()),
        ("ui.columns", if ui.columns.is_empty() { "(all)".to_owned() } else { list(&ui.columns) }),
        ("store.path", quoted(&store.path.display().to_string())),
        ("store.keep_points", quoted(&duration_text(store.keep_points))),
        ("store.keep_five_minutes", quoted(&duration_text(store.keep_five_minutes))),
        ("store.keep_hours", quoted(&duration_text(store.keep_hours))),
        ("log.level", quoted(word(&LOG_LEVELS, log.level))),
        ("log.format", quoted(word(&LOG_FORMATS, log.format))),
        ("log.file", optional(log.file.as_ref().map(|path| path.display().to_string()).as_deref())),
    ]);
    values.extend(metrics::values_of(&config.metrics).map(|(key, value)| (key, optional(value.as_deref()))));
    values
}

fn listed_values(config: &Config) -> Vec<(&'static str, String)> {
    let scopes = config.scopes.iter().map(|scope| ("scope", scope_text(scope)));
    let tenants = config.tenants.iter().map(|tenant| ("tenant", tenant_text(tenant)));
    let rates = config.exchange_rates.iter().map(|rate| ("exchange_rate", rate_text(rate)));
    let plans = config.plans.iter().map(|plan| ("plan", plan_text(plan)));
    let budgets = config.budgets.iter().map(|budget| ("budget", budget_text(budget)));
    let prices = config.prices.iter().map(|rule| ("price", rule.to_string()));
    let provisioned = config.provisioned.iter().map(|it| ("provisioned", provisioned_text(it)));
    let pools = config.pools.iter().map(|pool| ("pool", pool_text(pool)));
    let quotas = config.quotas.iter().map(|quota| ("quota", quota_text(quota)));
    let told = config.responses.shown();
    let of_money = rates.chain(plans).chain(budgets).chain(pools).chain(quotas).chain(prices).chain(provisioned);
    scopes.chain(tenants).chain(of_money).chain(told).collect()
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

fn tenant_text(tenant: &Tenant) -> String {
    let contracts = (!tenant.contracts.is_empty()).then(|| tenant.contracts.len().to_string());
    let parts = [
        Some(("id", quoted(tenant.id.as_str()))),
        tenant.name.as_deref().map(|name| ("name", quoted(name))),
        (!tenant.profiles.is_empty()).then(|| ("profiles", list(&tenant.profiles))),
        tenant.plan.as_ref().map(|plan| ("plan", quoted(plan.as_str()))),
        (!tenant.tags.is_empty()).then(|| ("tags", tags(&tenant.tags))),
        tenant.owner.as_deref().map(|owner| ("owner", quoted(owner))),
        tenant.contact.as_deref().map(|contact| ("contact", quoted(contact))),
        tenant.runbook_url.as_deref().map(|url| ("runbook_url", quoted(url))),
        contracts.map(|count| ("contracts", count)),
    ];
    joined(parts)
}

fn rate_text(rate: &ExchangeRate) -> String {
    joined([
        Some(("currency", quoted(&rate.currency.to_string()))),
        Some(("usd", rate.usd.normalize().to_string())),
        rate.from.map(|from| ("from", from.to_string())),
    ])
}

fn plan_text(plan: &Plan) -> String {
    let Terms { currency, cycle, base_fee, charges, .. } = &plan.terms;
    let charged: Vec<String> = charges.iter().map(|charge| charge.unit.name()).collect();
    joined([
        Some(("id", quoted(plan.id.as_str()))),
        plan.validity.from.map(|from| ("from", from.to_string())),
        plan.validity.to.map(|to| ("to", to.to_string())),
        Some(("currency", quoted(&currency.to_string()))),
        Some(("period", per(cycle))),
        Some(("timezone", quoted(cycle.zone.iana_name().unwrap_or("UTC")))),
        Some(("base_fee", base_fee.normalize().to_string())),
        Some(("charges", list(&charged))),
    ])
}

fn budget_text(budget: &Budget) -> String {
    let over = match &budget.over {
        BudgetOver::Tenants(patterns) => ("tenants", list(patterns)),
        BudgetOver::Plan(plan) => ("plan", quoted(plan.as_str())),
        BudgetOver::Tagged(wanted) => ("tags", tags(wanted)),
        BudgetOver::Pool(pool) => ("pool", quoted(pool.as_str())),
        BudgetOver::Fleet => ("fleet", "true".to_owned()),
    };
    joined([
        Some(("id", quoted(budget.id.as_str()))),
        Some(("amount", format!("\"{} {}\"", budget.amount.number.normalize(), budget.amount.unit.name()))),
        Some(("per", per(&budget.calendar))),
        Some(("anchor_day", budget.calendar.anchor_day.to_string())),
        Some(("timezone", quoted(budget.calendar.zone.iana_name().unwrap_or("UTC")))),
        Some(over),
        budget.caps.soft.map(|soft| ("soft", soft.to_string())),
        budget.caps.hard.map(|hard| ("hard", hard.to_string())),
    ])
}

fn pool_text(pool: &Pool) -> String {
    joined([
        Some(("name", quoted(pool.name.as_str()))),
        (!pool.members.is_empty()).then(|| ("members", list(&pool.members))),
        pool.plan.as_ref().map(|plan| ("plan", quoted(plan.as_str()))),
        (!pool.tags.is_empty()).then(|| ("tags", tags(&pool.tags))),
    ])
}

fn quota_text(quota: &ModelQuota) -> String {
    joined([
        Some(("scope", quoted(&quota.scope))),
        Some(("model", quoted(&quota.model))),
        quota.tokens_per_minute.map(|limit| ("tpm", limit.to_string())),
        quota.requests_per_minute.map(|limit| ("rpm", limit.to_string())),
        Some(("output_burndown", quota.output_burndown.to_string())),
    ])
}

fn provisioned_text(provisioned: &Provisioned) -> String {
    joined([
        Some(("name", quoted(&provisioned.name))),
        Some(("model", quoted(provisioned.model.as_str()))),
        Some(("profiles", list(&provisioned.profiles))),
        Some(("units", provisioned.units.to_string())),
        Some(("usd_hour", provisioned.usd_hour.normalize().to_string())),
        provisioned.validity.from.map(|from| ("from", from.to_string())),
        provisioned.validity.to.map(|to| ("to", to.to_string())),
    ])
}

fn per(calendar: &Calendar) -> String {
    quoted(word(&PERIODS, calendar.length))
}

/// `key = value` of what is there.
fn joined<const N: usize>(parts: [Option<(&str, String)>; N]) -> String {
    let given = parts.into_iter().flatten().map(|(key, value)| format!("{key} = {value}"));
    given.collect::<Vec<_>>().join(", ")
}

fn tags(tags: &Tags) -> String {
    let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
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
