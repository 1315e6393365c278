//! The sections of the file, one function each: read, check, or keep the default.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::config::model::{
    Alerts, BudgetThresholds, Collect, Config, Glyphs, LogFormat, LogLevel, LogSettings, StoreSettings, Tenant,
    ThemeChoice, UiSettings,
};
use crate::config::reader::Table;
use crate::config::{amounts, scopes, values, zones};
use crate::domain::budget::Budget;
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::ids::{BudgetId, TenantId};
use crate::domain::money::Money;
use crate::domain::tenancy::NamePattern;

const PERIODS: [(&str, PeriodLength); 3] =
    [("day", PeriodLength::Day), ("week", PeriodLength::Week), ("month", PeriodLength::Month)];
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

/// The words of `log.level`.
pub(super) const LOG_LEVELS: [(&str, LogLevel); 4] =
    [("off", LogLevel::Off), ("warn", LogLevel::Warn), ("info", LogLevel::Info), ("debug", LogLevel::Debug)];
/// The words of `log.format`.
pub(super) const LOG_FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

/// Reads the whole file over the defaults; faults are noted in the table's findings.
pub(super) fn config(root: Table<'_>, defaults: Config) -> Config {
    let timezone = root.get("timezone", |value| zones::zone(&values::text(value)?)).unwrap_or(defaults.timezone);
    let scopes = root.tables("scope").into_iter().flat_map(scopes::scopes).collect();
    let tenants = root.tables("tenant").into_iter().filter_map(tenant).collect();
    let calendar = |length, anchor_day| Calendar { length, anchor_day, zone: timezone.clone() };
    let budgets = root.tables("budget").into_iter().filter_map(|table| budget(table, &calendar)).collect();
    let config = Config {
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
        alerts: alerts(root.table("alerts"), defaults.alerts),
        ui: ui(root.table("ui"), defaults.ui),
        store: store(root.table("store"), defaults.store),
        log: log(root.table("log"), defaults.log),
        timezone,
    };
    unique(&root, "scope", config.scopes.iter().map(|scope| scope.name.as_str()));
    unique(&root, "tenant", config.tenants.iter().map(|tenant| tenant.id.as_str()));
    unique(&root, "budget", config.budgets.iter().map(|budget| budget.id.as_str()));
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

fn tenant(table: Table<'_>) -> Option<Tenant> {
    let id = table.require("id", values::text).map(TenantId::new);
    let profiles = table.require("profiles", values::texts);
    table.finish();
    Some(Tenant { id: id?, profiles: profiles? })
}

fn budget(table: Table<'_>, calendar: &dyn Fn(PeriodLength, i8) -> Calendar) -> Option<Budget> {
    let id = table.require("id", values::text).map(BudgetId::new);
    let amount = table.require("amount", |value| amounts::money(&values::text(value)?));
    let length = table.get("per", values::choice(&PERIODS)).unwrap_or_default();
    let anchor = table.get("anchor_day", values::whole(1, 31)).unwrap_or(1);
    let tenants = table.require("tenants", values::texts);
    match length {
        PeriodLength::Week if anchor > 7 => table.fault_of("anchor_day", "a week starts on a day from 1 (Monday) to 7"),
        PeriodLength::Day if anchor > 1 => table.fault_of("anchor_day", "a day has no anchor: leave this out"),
        _ => {}
    }
    table.finish();
    let calendar = calendar(length, i8::try_from(anchor).unwrap_or(1));
    Some(Budget { id: id?, amount: amount?, calendar, tenants: tenants? })
}

fn alerts(table: Table<'_>, defaults: Alerts) -> Alerts {
    let alerts = Alerts { budget: thresholds(table.table("budget"), defaults.budget) };
    table.finish();
    alerts
}

fn thresholds(table: Table<'_>, defaults: BudgetThresholds) -> BudgetThresholds {
    let thresholds = BudgetThresholds {
        yellow: table.get("yellow", values::share).unwrap_or(defaults.yellow),
        orange: table.get("orange", values::share).unwrap_or(defaults.orange),
        nearly_gone: table.get("nearly_gone", values::share).unwrap_or(defaults.nearly_gone),
        red: table.get("red", values::share).unwrap_or(defaults.red),
    };
    let rising = [thresholds.yellow, thresholds.orange, thresholds.nearly_gone, thresholds.red];
    if !rising.is_sorted() {
        table.fault("the thresholds must rise: yellow <= orange <= nearly_gone <= red");
    }
    table.finish();
    thresholds
}

fn ui(table: Table<'_>, defaults: UiSettings) -> UiSettings {
    let ui = UiSettings {
        theme: table.get("theme", values::choice(&THEMES)).unwrap_or(defaults.theme),
        glyphs: table.get("glyphs", values::choice(&GLYPHS)).unwrap_or(defaults.glyphs),
        bell: table.get("bell", values::flag).unwrap_or(defaults.bell),
    };
    table.finish();
    ui
}

fn store(table: Table<'_>, defaults: StoreSettings) -> StoreSettings {
    let store = StoreSettings {
        path: table.get("path", values::text).map_or(defaults.path, PathBuf::from),
        keep_points: table.get("keep_points", values::duration("1d", "455d")).unwrap_or(defaults.keep_points),
        keep_five_minutes: table
            .get("keep_five_minutes", values::duration("1d", "455d"))
            .unwrap_or(defaults.keep_five_minutes),
        keep_hours: table.get("keep_hours", values::duration("35d", "3650d")).unwrap_or(defaults.keep_hours),
    };
    table.finish();
    store
}

fn log(table: Table<'_>, defaults: LogSettings) -> LogSettings {
    let log = LogSettings {
        level: table.get("level", values::choice(&LOG_LEVELS)).unwrap_or(defaults.level),
        format: table.get("format", values::choice(&LOG_FORMATS)).unwrap_or(defaults.format),
    };
    table.finish();
    log
}

fn unique<'a>(root: &Table<'_>, key: &'static str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            root.fault_of(key, format!("`{name}` is there twice: give each a name of its own"));
        }
    }
}
