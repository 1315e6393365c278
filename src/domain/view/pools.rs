//! What several share: budgets of pools, and the quota of a model.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ModelId, Owner, PoolName, ScopeName};
use crate::domain::level::Level;
use crate::domain::view::{Assessment, BudgetRow, Burn, ExpectedBand, PeriodForecast, PricedUsage, Rates};

/// Tenants that share a budget, or the whole fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolRow {
    /// Its name.
    pub pool: PoolName,
    /// The highest of its firing signals; blind while the data of a member is too old.
    pub level: Level,
    /// Its members, by name.
    pub members: Vec<Owner>,
    /// It is orange or red while no member is: they rise together.
    pub is_confluence: bool,
    /// Who makes it rise, the strongest first; the shares add up to 1.
    pub movers: Vec<Mover>,
    /// What each signal says of the sum, the worst first.
    pub signals: Vec<Assessment>,
    /// The sum over [`FleetView::usage_span`](crate::domain::view::FleetView::usage_span).
    pub usage: PricedUsage,
    /// Its budgets, the worst first.
    pub budgets: Vec<BudgetRow>,
    /// Its speed.
    pub rates: Rates,
    /// What its worst budget's period will come to.
    pub forecast: Option<PeriodForecast>,
    /// Its speed against its own past.
    pub burn: Burn,
    /// Dollars a step, as [`TenantRow::sparkline`](crate::domain::view::TenantRow::sparkline).
    pub sparkline: Vec<Option<f64>>,
    /// The band the sparkline was expected in.
    pub expected: Option<ExpectedBand>,
}

/// A member's part in a rise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mover {
    /// Who.
    pub owner: Owner,
    /// Its part of the rise, 0 to 1.
    pub share: f64,
    /// Dollars an hour above what its own past lets expect.
    pub rise: f64,
}

/// Profiles that share the quota of one model in a scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuotaRow {
    /// Where.
    pub scope: ScopeName,
    /// Of which model.
    pub model: ModelId,
    /// The level of its signal.
    pub level: Level,
    /// Tokens a minute that AWS allows; `None` where no limit is configured.
    pub tokens_limit: Option<f64>,
    /// Tokens a minute that count against the quota.
    pub tokens_per_minute: f64,
    /// Requests a minute that AWS allows.
    pub requests_limit: Option<f64>,
    /// Requests a minute.
    pub requests_per_minute: f64,
    /// The greater share of a limit that is used; `None` without a limit.
    pub used: Option<f64>,
    /// Throttled requests a minute.
    pub throttles_per_minute: f64,
    /// Minutes until the limit is reached, if it goes on rising as in the last hour.
    pub minutes_to_throttle: Option<f64>,
    /// Who holds it, the greatest first, by share of the tokens.
    pub holders: Vec<QuotaHolder>,
}

/// An owner's part of a quota.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuotaHolder {
    /// Who.
    pub owner: Owner,
    /// Its part of the tokens, 0 to 1.
    pub share: f64,
}
