//! The sections of the file, one function each: read, check, or keep the default.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::config::model::{Alerts, Collect, Config, Glyphs, StoreSettings, ThemeChoice, UiSettings};
use crate::config::reader::Table;
use crate::config::{
    budgets, log, metrics, plans, prices, provisioned, quotas, responses, scopes, tenants, thresholds, transitions,
    values, zones,
};
use crate::domain::budget::BudgetOver;
use crate::domain::contract::Plan;
use crate::domain::ids::{PlanId, TenantId};
use crate::domain::money::Money;
use crate::domain::tenancy::NamePattern;

/// The words of `ui.theme`.
pub(super) const THEMES: [(&str, ThemeChoice); 4] = [
    ("auto", ThemeChoice::Auto),
    ("dark", ThemeChoice::Dark),
    ("light", ThemeChoice::Light),
    ("mono", ThemeChoice::Mono),
];
/// The words of `ui.glyphs`.
pub(super) const GLYPHS: [(&str, Glyphs); 4] =
    [("auto", Glyphs::Auto), ("braille", Glyphs::Braille), ("block", Glyphs::Block), ("ascii", Glyphs::Ascii)];

/// Reads the whole file over the defaults; faults are noted in the table's findings.
pub(super) fn config(root: Table<'_>, defaults: Config) -> Config {
    let timezone = root.get("timezone", |value| zones::zone(&values::text(value)?)).unwrap_or(defaults.timezone);
    let scopes = root.tables("scope").into_iter().flat_map(scopes::scopes).collect();
    let exchange_rates: Vec<_> = root.tables("exchange_rate").into_iter().filter_map(plans::exchange_rate).collect();
    let read_plan = |table| plans::plan(table, &timezone, &exchange_rates);
    let (plans, capped): (Vec<_>, Vec<_>) = root.tables("plan").into_iter().filter_map(read_plan).unzip();
    let tenants = root.tables("tenant").into_iter().filter_map(|table| tenants::tenant(table, &plans)).collect();
    let budgets = root.tables("budget").into_iter().filter_map(|table| budgets::budget(table, &timezone));
    let budgets = budgets.chain(capped.into_iter().flatten()).collect();
    let config = Config {
        default_plan: root.get("default_plan", values::text).map(PlanId::new).or(defaults.default_plan),
        plan_tags: root.get("plan_tags", values::texts).unwrap_or(defaults.plan_tags),
        exchange_rates,
        plans,
        prices: root.tables("price").into_iter().filter_map(prices::price).collect(),
        provisioned: root.tables("provisioned").into_iter().filter_map(provisioned::provisioned).collect(),
        quotas: root.tables("quota").into_iter().filter_map(quotas::quota).collect(),
        pools: root.tables("pool").into_iter().filter_map(budgets::pool).collect(),
        tenant_tags: root.get("tenant_tags", values::texts).unwrap_or(defaults.tenant_tags),
        tenant_name_pattern: root
            .get("tenant_name_pattern", |value| NamePattern::parse(&values::text(value)?))
            .or(defaults.tenant_name_pattern),
        default_tenant: root
            .get("default_tenant", values::text)
            .map_or(defaults.default_tenant, |name| Some(TenantId::new(name))),
        collect: collect(root.table("collect"), defaults.collect),
        scopes,
        tenants,
        budgets,
        alerts: alerts(root.table("alerts"), &defaults.alerts),
        responses: responses::responses(&root, &timezone),
        ui: ui(root.table("ui"), defaults.ui),
        store: store(root.table("store"), defaults.store),
        log: log::section(root.table("log"), defaults.log),
        metrics: metrics::section(root.table("metrics"), defaults.metrics),
        timezone,
    };
    unique(&root, "scope", config.scopes.iter().map(|scope| scope.name.as_str()));
    unique(&root, "tenant", config.tenants.iter().map(|tenant| tenant.id.as_str()));
    unique(&root, "budget", config.budgets.iter().map(|budget| budget.id.as_str()));
    unique(&root, "pool", config.pools.iter().map(|pool| pool.name.as_str()));
    unique(&root, "provisioned", config.provisioned.iter().map(|provisioned| provisioned.name.as_str()));
    unique(&root, "receiver", config.responses.receivers.iter().map(|receiver| receiver.name.as_str()));
    check_names(&root, &config);
    root.finish();
    config
}

fn collect(table: Table<'_>, defaults: Collect) -> Collect {
    let collect = Collect {
        interval: table.get("interval", values::duration("60s", "1h")).unwrap_or(defaults.interval),
        ceiling_usd_month: table
            .get("ceiling_usd_month", values::decimal(1_000_000))
            .map_or(defaults.ceiling_usd_month, Money::usd),
        revise_window: table.get("revise_window", values::duration("1m", "6h")).unwrap_or(defaults.revise_window),
        backfill: table.get("backfill", values::duration("0s", "455d")).unwrap_or(defaults.backfill),
    };
    table.finish();
    collect
}

fn alerts(table: Table<'_>, defaults: &Alerts) -> Alerts {
    let overrides = table.tables("override");
    let alerts = Alerts {
        thresholds: thresholds::thresholds(&table, defaults.thresholds),
        overrides: overrides.into_iter().filter_map(thresholds::threshold_override).collect(),
        transitions: transitions::transitions(table.table("transitions"), defaults.transitions),
    };
    let budget = &alerts.thresholds.budget;
    let rising = [budget.yellow, budget.orange, budget.nearly_gone, budget.red];
    if !rising.is_sorted() {
        table.fault("alerts.budget: the thresholds must rise: yellow <= orange <= nearly_gone <= red");
    }
    table.finish();
    alerts
}

fn ui(table: Table<'_>, defaults: UiSettings) -> UiSettings {
    let ui = UiSettings {
        theme: table.get("theme", values::choice(&THEMES)).unwrap_or(defaults.theme),
        glyphs: table.get("glyphs", values::choice(&GLYPHS)).unwrap_or(defaults.glyphs),
        bell: table.get("bell", values::flag).unwrap_or(defaults.bell),
        mouse: table.get("mouse", values::flag).unwrap_or(defaults.mouse),
        columns: table.get("columns", values::texts).unwrap_or(defaults.columns),
        keys: table.table("keys").all(values::any_texts),
    };
    table.finish();
    ui
}

fn store(table: Table<'_>, defaults: StoreSettings) -> StoreSettings {
    let store = StoreSettings {
        path: table.get("path", values::text).map_or(defaults.path, PathBuf::from),
        attach: defaults.attach,
        keep_points: table.get("keep_points", values::duration("1d", "455d")).unwrap_or(defaults.keep_points),
        keep_five_minutes: table
            .get("keep_five_minutes", values::duration("1d", "455d"))
            .unwrap_or(defaults.keep_five_minutes),
        keep_hours: table.get("keep_hours", values::duration("35d", "3650d")).unwrap_or(defaults.keep_hours),
    };
    table.finish();
    store
}

/// What names something else names what is there.
fn check_names(root: &Table<'_>, config: &Config) {
    let missing_plan = |id: &PlanId| config.plans.iter().all(|plan| &plan.id != id);
    for (index, plan) in config.plans.iter().enumerate() {
        let is_same = |other: &&Plan| other.id == plan.id && other.validity.overlaps(&plan.validity);
        if config.plans[..index].iter().any(|other| is_same(&other)) {
            let fault =
                "two versions are in force at once: end the one before with `to`, or begin the other with `from`";
            root.fault_of_item("plan", index, format!("`{}`: {fault}", plan.id));
        }
    }
    if let Some(plan) = config.default_plan.as_ref().filter(|plan| missing_plan(plan)) {
        root.fault_of("default_plan", format!("there is no plan `{plan}`: add a [[plan]] with this id"));
    }
    for (index, budget) in config.budgets.iter().enumerate() {
        let missing = match &budget.over {
            BudgetOver::Plan(plan) if missing_plan(plan) => format!("plan `{plan}`: add a [[plan]] with this id"),
            BudgetOver::Pool(name) if config.pools.iter().all(|pool| &pool.name != name) => {
                format!("pool `{name}`: add a [[pool]] with this name")
            }
            _ => continue,
        };
        root.fault_of_item("budget", index, format!("`{}` is for no known {missing}", budget.id));
    }
    for (index, pool) in config.pools.iter().enumerate() {
        if let Some(plan) = pool.plan.as_ref().filter(|plan| missing_plan(plan)) {
            root.fault_of_item("pool", index, format!("there is no plan `{plan}`: add a [[plan]] with this id"));
        }
    }
}

fn unique<'a>(root: &Table<'_>, key: &'static str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            root.fault_of(key, format!("`{name}` is there twice: give each a name of its own"));
        }
    }
}
