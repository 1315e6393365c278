//! The configuration as values.

use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::config::log::LogSettings;
use crate::config::metrics::MetricsSettings;
use crate::config::responses::Responses;
use crate::config::thresholds::{ThresholdOverride, Thresholds};
use crate::config::transitions::Transitions;
use crate::domain::budget::{Budget, Pool};
use crate::domain::contract::{Contract, Contracts, ExchangeRate, Plan, TenantContracts};
use crate::domain::ids::{PlanId, ScopeName, TenantId};
use crate::domain::money::Money;
use crate::domain::price::PriceRule;
use crate::domain::provisioned::Provisioned;
use crate::domain::quota::ModelQuota;
use crate::domain::tenancy::{NamePattern, Tags};

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The zone whose midnights bound months, weeks and days, and that clocks show.
    pub timezone: TimeZone,
    /// Tag keys that hold the tenant, in order of preference.
    pub tenant_tags: Vec<String>,
    /// Finds the tenant in the names of profiles that no tag tells it of.
    pub tenant_name_pattern: Option<NamePattern>,
    /// Whose the profiles are that nothing tells the tenant of.
    pub default_tenant: Option<TenantId>,
    /// How AWS is polled.
    pub collect: Collect,
    /// The accounts and regions that are polled.
    pub scopes: Vec<Scope>,
    /// Tenants that are mapped by hand.
    pub tenants: Vec<Tenant>,
    /// Tag keys of profiles whose value is the plan of a tenant that is not mapped by hand, in order of preference.
    pub plan_tags: Vec<String>,
    /// The plan of tenants that nothing else tells the plan of.
    pub default_plan: Option<PlanId>,
    /// Versions of the plans.
    pub plans: Vec<Plan>,
    /// What currencies are worth.
    pub exchange_rates: Vec<ExchangeRate>,
    /// The budgets, those of the plans' caps last.
    pub budgets: Vec<Budget>,
    /// Tenants that share budgets.
    pub pools: Vec<Pool>,
    /// What is known better than the price book.
    pub prices: Vec<PriceRule>,
    /// Model units that are paid by the hour.
    pub provisioned: Vec<Provisioned>,
    /// When signals change level.
    pub alerts: Alerts,
    /// Who is told of it, and what runs on it.
    pub responses: Responses,
    /// The screen.
    pub ui: UiSettings,
    /// The history.
    pub store: StoreSettings,
    /// What AWS allows of models.
    pub quotas: Vec<ModelQuota>,
    /// The program's own log.
    pub log: LogSettings,
    /// What is done with the fleet's metrics.
    pub metrics: MetricsSettings,
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

/// An account and region. A table of the file that names several regions or accounts stands for as many scopes.
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
    /// A role to assume for everything.
    pub role_arn: Option<String>,
    /// The external id that the trust policies of roles ask for.
    pub external_id: Option<String>,
    /// The name of the session of assumed roles.
    pub session_name: Option<String>,
    /// The account whose metrics are read with CloudWatch cross-account observability; the caller's own if not given.
    pub account: Option<String>,
    /// The role in that account that may list its profiles and tags; `{account}` stands for its number.
    pub discovery_role_arn: Option<String>,
}

impl Scope {
    /// A scope of which all but the name is the SDK's own choice.
    #[must_use]
    pub fn named(name: ScopeName) -> Self {
        Self {
            name,
            profile: None,
            region: None,
            endpoint_url: None,
            role_arn: None,
            external_id: None,
            session_name: None,
            account: None,
            discovery_role_arn: None,
        }
    }
}

/// What is said of a tenant by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Its id, as in budgets.
    pub id: TenantId,
    /// What people call it.
    pub name: Option<String>,
    /// Patterns over ids, ARNs or names of the profiles that belong to it.
    pub profiles: Vec<String>,
    /// Its plan.
    pub plan: Option<PlanId>,
    /// Its own contracts, no two of them at once.
    pub contracts: Vec<Contract>,
    /// Tags on top of those of its profiles.
    pub tags: Tags,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Whom to write or call.
    pub contact: Option<String>,
    /// What to do when it is loud.
    pub runbook_url: Option<String>,
}

/// When signals change level.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// Where they do.
    pub thresholds: Thresholds,
    /// Where some alerts do instead.
    pub overrides: Vec<ThresholdOverride>,
    /// How long what lasts.
    pub transitions: Transitions,
}

/// Shares of a budget at which its signal changes level. Defaults: later than the common 50 and 80 %, because the forecast
/// tells earlier and with fewer false alarms (`docs/alerts.md`).
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
        Self { yellow: 0.75, orange: 0.85, nearly_gone: 0.95, red: 1.0 }
    }
}

/// The screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UiSettings {
    /// Colours.
    pub theme: ThemeChoice,
    /// Characters of charts.
    pub glyphs: Glyphs,
    /// Whether the terminal's bell rings when a tenant turns orange or red.
    pub bell: bool,
    /// Whether the mouse is taken from the terminal at the start.
    pub mouse: bool,
    /// The columns of the table of tenants by their names; all of them if there are none.
    pub columns: Vec<String>,
    /// Names of actions with the keys they have instead of their own.
    pub keys: Vec<(String, Vec<String>)>,
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
    /// The socket of the bedtop that has it open, where that is not found by the folder.
    pub attach: Option<PathBuf>,
    /// How long minute points are kept.
    pub keep_points: SignedDuration,
    /// How long sums of five minutes are kept.
    pub keep_five_minutes: SignedDuration,
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
            tenant_name_pattern: None,
            default_tenant: None,
            collect: Collect {
                interval: SignedDuration::from_mins(1),
                ceiling_usd_month: Money::usd(Decimal::TEN),
                revise_window: SignedDuration::from_mins(15),
                backfill: SignedDuration::from_hours(35 * DAY_HOURS),
            },
            scopes: Vec::new(),
            tenants: Vec::new(),
            plan_tags: ["Plan", "plan_id"].map(str::to_owned).to_vec(),
            default_plan: None,
            plans: Vec::new(),
            exchange_rates: Vec::new(),
            budgets: Vec::new(),
            pools: Vec::new(),
            quotas: Vec::new(),
            prices: Vec::new(),
            provisioned: Vec::new(),
            alerts: Alerts::default(),
            responses: Responses::default(),
            ui: UiSettings { bell: true, ..UiSettings::default() },
            store: StoreSettings {
                path: store,
                attach: None,
                keep_points: SignedDuration::from_hours(15 * DAY_HOURS),
                keep_five_minutes: SignedDuration::from_hours(63 * DAY_HOURS),
                keep_hours: SignedDuration::from_hours(455 * DAY_HOURS),
            },
            log: LogSettings::default(),
            metrics: MetricsSettings::default(),
        }
    }

    /// Who pays what.
    #[must_use]
    pub fn contracts(&self) -> Contracts {
        let of_tenant = |tenant: &Tenant| TenantContracts {
            plan: tenant.plan.clone(),
            contracts: tenant.contracts.clone(),
            tags: tenant.tags.clone(),
        };
        Contracts {
            plans: self.plans.clone(),
            tenants: self.tenants.iter().map(|tenant| (tenant.id.clone(), of_tenant(tenant))).collect(),
            plan_tags: self.plan_tags.clone(),
            default_plan: self.default_plan.clone(),
            exchange_rates: self.exchange_rates.clone(),
        }
    }
}
