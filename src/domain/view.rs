//! What the judge says of the fleet at an instant: the one thing that screens and reports show.

mod alerts;
mod assessment;
mod detail;
mod explain;
mod outlook;
mod pools;
mod priced;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::action::SilenceRow;
use crate::domain::amount::{Amount, AmountRange};
use crate::domain::budget::Caps;
use crate::domain::event::{LevelChange, LogEntry};
use crate::domain::health::{Collecting, Fault, Health, Traffic};
use crate::domain::ids::{BudgetId, ModelId, Owner, ProfileKey, ScopeName};
use crate::domain::letter::Outbox;
use crate::domain::level::Level;
use crate::domain::money::{CostRange, Money};
use crate::domain::profile::{ProfileKind, Reach, ServiceTier};
use crate::domain::statement::ContractStanding;
use crate::domain::tenancy::TagFault;
use crate::domain::time::{Step, TimeSpan};
pub use alerts::{AlertRow, Notification};
pub use assessment::Assessment;
pub use detail::{Focus, MeterSeries, SpendCurve, TenantDetail, USUAL_REACH};
pub use explain::{Evidence, Explanation, Factor, Waiting};
pub use outlook::{Burn, ExpectedBand, GoneWhen, PeriodForecast};
pub use pools::{Mover, PoolRow, QuotaHolder, QuotaRow};
pub use priced::{PricedUsage, Provenance, unpriced_text};

/// Speeds over the last closed steps (10 minutes, or one step where that is longer).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Dollars an hour, of what has a price.
    pub usd_per_hour: f64,
    /// Tokens of all kinds a minute.
    pub tokens_per_minute: f64,
    /// Requests a minute.
    pub requests_per_minute: f64,
    /// Client and server errors a minute.
    pub errors_per_minute: f64,
    /// Throttled requests a minute.
    pub throttles_per_minute: f64,
    /// Average latency, where it was reported.
    pub latency_ms: Option<f64>,
}

/// A budget of a tenant as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetRow {
    /// Which budget.
    pub id: BudgetId,
    /// How much for the period.
    pub amount: Amount,
    /// Where it warns and where usage has to end.
    pub caps: Caps,
    /// The period.
    pub span: TimeSpan,
    /// The period's name, `2026-11` or its first day.
    pub period: String,
    /// The IANA name of the zone whose midnights bound the period.
    #[serde(default)]
    pub zone: String,
    /// Used in the period so far; of money what has a price.
    pub spent: AmountRange,
    /// Tokens of the period that have no price and are missing in an amount of money.
    #[serde(default)]
    pub unpriced_tokens: u64,
    /// Spent (likely) as a share of the amount; 1 = all of it.
    pub used: f64,
    /// The share that would be used by now at an even pace.
    pub expected: f64,
    /// The level of this budget's signal; blind where a part of the usage has no price.
    pub level: Level,
    /// What the period will come to; of money only, and once there is a past.
    #[serde(default)]
    pub forecast: Option<PeriodForecast>,
}

impl BudgetRow {
    /// Speed relative to an even pace; `None` at the very start of the period.
    #[must_use]
    pub fn pace(&self) -> Option<f64> {
        (self.expected > 0.0).then(|| self.used / self.expected)
    }
}

/// A profile of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileRow {
    /// Scope and id.
    pub key: ProfileKey,
    /// Its name.
    pub name: String,
    /// Its model, where known.
    pub model: Option<ModelId>,
    /// Where it is served.
    pub reach: Reach,
    /// What it is.
    pub kind: ProfileKind,
    /// The service tier of this part of its usage.
    pub tier: ServiceTier,
    /// It is no longer listed.
    pub deleted: bool,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// What is wrong with its tags.
    pub tag_faults: Vec<TagFault>,
    /// Its usage over [`FleetView::usage_span`].
    pub usage: PricedUsage,
    /// Its speed.
    pub rates: Rates,
}

impl ProfileRow {
    /// Whether someone should mend something: its tags, its price, or that it is called without a profile.
    #[must_use]
    pub fn is_faulty(&self) -> bool {
        let is_nobodys = self.kind != ProfileKind::Application && self.usage.counts.tokens() > 0;
        !self.tag_faults.is_empty() || self.usage.is_partly_unpriced() || is_nobodys
    }
}

/// A tenant, or the unattributed usage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantRow {
    /// Who.
    pub owner: Owner,
    /// The highest of its firing signals; blind while its data is too old.
    pub level: Level,
    /// The level held since the data went blind.
    pub frozen_level: Option<Level>,
    /// The worst health of the scopes it has profiles in. Where only some of them are too old to judge, its level can
    /// still rise, but it is never shown as green.
    pub health: Health,
    /// The age of its oldest scope's data; `None` if there was never any.
    pub data_age: Option<SignedDuration>,
    /// What each signal says, the worst first.
    pub signals: Vec<Assessment>,
    /// Usage over [`FleetView::usage_span`].
    pub usage: PricedUsage,
    /// Its budgets, the worst first.
    pub budgets: Vec<BudgetRow>,
    /// How it stands with its contract in the running billing period, if it has one.
    pub contract: Option<ContractStanding>,
    /// Its speed.
    pub rates: Rates,
    /// Dollars a step (tokens a step where some have no price), oldest first, [`SPARK_STEPS`] steps up to
    /// the watermark. `None` is a step that is not known: a hole, not a zero.
    pub sparkline: Vec<Option<f64>>,
    /// The band the sparkline was expected in, and [`STEPS_AHEAD`] more; `None` while its past is too short.
    pub expected: Option<ExpectedBand>,
    /// What the period of its worst budget, or the fleet's month, will come to.
    pub forecast: Option<PeriodForecast>,
    /// Its speed against its own past.
    pub burn: Burn,
    /// Start of the newest step with use in the sparkline's reach.
    pub last_use: Option<Timestamp>,
    /// Its profiles, the dearest first.
    pub profiles: Vec<ProfileRow>,
}

/// How many steps a sparkline reaches back.
pub const SPARK_STEPS: usize = 60;

/// How many steps beyond the watermark the band of a sparkline goes.
pub const STEPS_AHEAD: usize = 20;

impl TenantRow {
    /// Money that may be lost: what was spent of budgets above their pace, or the cost itself where there
    /// is no budget. Second key of the default order.
    #[must_use]
    pub fn money_at_risk(&self) -> Money {
        let whole = |budget: &BudgetRow| budget.amount.money().map_or(0.0, Money::to_f64);
        let over_pace = |budget: &BudgetRow| (budget.used - budget.expected).max(0.0) * whole(budget);
        let worst = self.budgets.iter().map(over_pace).fold(0.0, f64::max);
        rust_decimal::Decimal::try_from(worst).map_or(Money::ZERO, Money::usd)
    }

    /// The budget that stands worst.
    #[must_use]
    pub fn worst_budget(&self) -> Option<&BudgetRow> {
        self.budgets.first()
    }
}

/// A polled account and region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScopeRow {
    /// Its name.
    pub scope: ScopeName,
    /// How its data is.
    pub health: Health,
    /// How old its data is.
    pub age: Option<SignedDuration>,
    /// Why polling fails, if it does.
    pub fault: Option<Fault>,
    /// Profiles known in it.
    pub profiles: usize,
    /// Seconds between polls.
    pub interval_seconds: u32,
    /// How late 95 % of its newest points were at most, in seconds.
    pub lag_seconds: Option<u32>,
    /// Points that were revised in the current UTC month.
    pub revised: u64,
    /// What polling it took in the current UTC month.
    pub traffic: Traffic,
    /// What that cost.
    pub spent: Money,
    /// What its collector is doing.
    pub collecting: Collecting,
}

/// Where the usage comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// AWS.
    #[default]
    Live,
    /// A recorded trace.
    Replay,
    /// The simulated fleet.
    Demo,
}

/// What bedtop itself costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OwnCost {
    /// What polling took in the current UTC month; each metric requested is billed.
    pub traffic: Traffic,
    /// What they cost.
    pub spent: Money,
    /// What the user allows a month.
    pub ceiling: Money,
}

/// The sums over all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FleetTotals {
    /// Usage over [`FleetView::usage_span`]; equals the sum of the rows exactly.
    pub usage: PricedUsage,
    /// Spent in the current fleet period.
    pub period_spent: CostRange,
    /// The sum of the tenants' budgets that share the fleet's period; `None` if there is none.
    pub period_budget: Option<Money>,
    /// Spent by the tenants that have such a budget.
    pub period_budget_spent: Money,
    /// The share of the period that has passed.
    pub period_elapsed: f64,
    /// The fleet's speed.
    pub rates: Rates,
}

/// How the history is kept, and who shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// What it takes on the disk.
    pub disk_bytes: u64,
    /// How far back it goes.
    pub oldest: Option<Timestamp>,
    /// How many other panes show it.
    pub panes: u32,
}

/// Everything the judge says at `at`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FleetView {
    /// The instant judged.
    pub at: Timestamp,
    /// It is a moment of the past: usage as known now, levels as said then.
    #[serde(default)]
    pub is_past: bool,
    /// Where the usage comes from.
    pub mode: Mode,
    /// The IANA name of the zone that clocks and periods are shown in.
    pub zone: String,
    /// The width of a point.
    pub step: Step,
    /// The fleet's period, `2026-11`.
    pub period: String,
    /// Its span.
    pub period_span: TimeSpan,
    /// What `usage` sums over: the period so far, or a whole file.
    pub usage_span: TimeSpan,
    /// The worst health of all scopes.
    pub health: Health,
    /// The age of the oldest scope's data.
    pub data_age: Option<SignedDuration>,
    /// The polled scopes.
    pub scopes: Vec<ScopeRow>,
    /// The rows in the default order: level, then money at risk, then cost, then name; unattributed last
    /// among equals.
    pub tenants: Vec<TenantRow>,
    /// The shared budgets, the worst first.
    pub pools: Vec<PoolRow>,
    /// The quotas that are in use or have a limit, the fullest first.
    pub quotas: Vec<QuotaRow>,
    /// The sums.
    pub totals: FleetTotals,
    /// What the fleet's period will come to; `None` before there is any past.
    #[serde(default)]
    pub forecast: Option<PeriodForecast>,
    /// The newest changes of level, oldest first.
    pub log: Vec<LevelChange>,
    /// The alerts that are pending or fire, the loudest first.
    #[serde(default)]
    pub alerts: Vec<AlertRow>,
    /// The silences of the last two days.
    #[serde(default)]
    pub silences: Vec<SilenceRow>,
    /// Why alerts stand that are about no tenant, of those that are looked at.
    #[serde(default)]
    pub explained: Vec<Explanation>,
    /// What people did lately, were not told and were sent, oldest first.
    #[serde(default)]
    pub events: Vec<LogEntry>,
    /// What waits to be told of alerts and what could not be.
    #[serde(default)]
    pub outbox: Outbox,
    /// How the history is kept; the judge knows nothing of it.
    #[serde(default)]
    pub keeping: Keeping,
    /// What bedtop itself costs.
    pub own_cost: OwnCost,
    /// Malformed input rows that were refused (replay).
    pub rows_refused: u64,
    /// Damage in the store, one line each.
    pub store_faults: Vec<String>,
    /// What of the config file is not in force, and why, one line each.
    #[serde(default)]
    pub config_faults: Vec<String>,
}

impl FleetView {
    /// How many rows stand at a level.
    #[must_use]
    pub fn count_at(&self, level: Level) -> usize {
        self.tenants.iter().filter(|row| row.level == level).count()
    }

    /// The row of an owner.
    #[must_use]
    pub fn tenant(&self, owner: &Owner) -> Option<&TenantRow> {
        self.tenants.iter().find(|row| &row.owner == owner)
    }
}
