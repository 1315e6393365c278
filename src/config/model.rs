//! The configuration as values.

use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::domain::budget::Budget;
use crate::domain::ids::{ScopeName, TenantId};
use crate::domain::money::Money;

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The zone whose midnights bound months, weeks and days, and that clocks show.
    pub timezone: TimeZone,
    /// Tag keys that hold the tenant, in order of preference.
    pub tenant_tags: Vec<String>,
    /// How AWS is polled.
    pub collect: Collect,
    /// The accounts and regions that are polled.
    pub scopes: Vec<Scope>,
    /// Tenants that are mapped by hand.
    pub tenants: Vec<Tenant>,
    /// The budgets.
    pub budgets: Vec<Budget>,
    /// When signals change level.
    pub alerts: Alerts,
    /// The screen.
    pub ui: UiSettings,
    /// The history.
    pub store: StoreSettings,
}

/// How AWS is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
    /// How often active profiles are asked.
    pub interval: SignedDuration,
    /// What the polling may cost a month.
    pub ceiling_usd_month: Money,
    /// How far back each poll asks again, because CloudWatch still changes young points.
    pub revise_window: SignedDuration,
    /// How much history is fetched at the start.
    pub backfill: SignedDuration,
}

/// An account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its name on the screen and in the history.
    pub name: ScopeName,
    /// The AWS profile; the SDK's own choice if not given.
    pub profile: Option<String>,
    /// The region; the SDK's own choice if not given.
    pub region: Option<String>,
    /// Where requests go instead of to AWS.
    pub endpoint_url: Option<String>,
}

/// A tenant mapped by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id, as in budgets.
    pub id: TenantId,
    /// Patterns over ids, ARNs or names of the profiles that belong to it.
    pub profiles: Vec<String>,
}

/// When signals change level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Alerts {
    /// Of the budget signal.
    pub budget: BudgetThresholds,
}

/// Shares of a budget at which its signal changes level. Defaults: alerts of AWS Budgets are commonly set at
/// 50, 80 and 100 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetThresholds {
    /// Yellow, if ahead of an even pace.
    pub yellow: f64,
    /// Orange, if ahead of an even pace.
    pub orange: f64,
    /// Orange, if the rest of the period will not fit.
    pub nearly_gone: f64,
    /// Red.
    pub red: f64,
}

impl Default for BudgetThresholds {
    fn default() -> Self {
        Self { yellow: 0.50, orange: 0.80, nearly_gone: 0.95, red: 1.0 }
    }
}

/// The screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UiSettings {
    /// Colours.
    pub theme: ThemeChoice,
    /// Characters of charts.
    pub glyphs: Glyphs,
    /// Whether the terminal's bell rings when a tenant turns orange or red.
    pub bell: bool,
}

/// Which colours the screen has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    /// As the terminal's environment tells.
    #[default]
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// No colour.
    Mono,
}

/// Which characters charts are drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// As the terminal's environment tells.
    #[default]
    Auto,
    /// Braille dots.
    Braille,
    /// Block elements.
    Block,
    /// Plain ASCII.
    Ascii,
}

/// The history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// The folder.
    pub path: PathBuf,
    /// How long minute points are kept.
    pub keep_points: SignedDuration,
    /// How long hourly sums are kept.
    pub keep_hours: SignedDuration,
}

const DAY_HOURS: i64 = 24;

impl Config {
    /// What holds with nothing configured and the history in this folder.
    #[must_use]
    pub fn with_defaults(store: PathBuf) -> Self {
        let tags = ["TenantID", "tenant_id", "tenant", "Tenant", "CustomerID", "customer"];
        Self {
            timezone: TimeZone::UTC,
            tenant_tags: tags.map(str::to_owned).to_vec(),
            collect: Collect {
                interval: SignedDuration::from_mins(1),
                ceiling_usd_month: Money::usd(Decimal::TEN),
                revise_window: SignedDuration::from_mins(15),
                backfill: SignedDuration::from_hours(35 * DAY_HOURS),
            },
            scopes: Vec::new(),
            tenants: Vec::new(),
            budgets: Vec::new(),
            alerts: Alerts::default(),
            ui: UiSettings { bell: true, ..UiSettings::default() },
            store: StoreSettings {
                path: store,
                keep_points: SignedDuration::from_hours(15 * DAY_HOURS),
                keep_hours: SignedDuration::from_hours(455 * DAY_HOURS),
            },
        }
    }
}
