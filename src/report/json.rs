//! The stable JSON shape of the fleet, `"schema": 1`: money is a decimal string, times are RFC 3339 in UTC,
//! tokens are integers. What is not known is `null`, never 0.

use serde::Serialize;

use crate::domain::amount::AmountRange;
use crate::domain::health::Fault;
use crate::domain::meter::{Counts, Meter};
use crate::domain::money::{CostRange, Money};
use crate::domain::text::printable;
use crate::domain::view::{BudgetRow, FleetView, PricedUsage, ProfileRow, Rates, ScopeRow, TenantRow};
use contract::ContractJson;

mod contract;

/// The version of this shape.
const SCHEMA: u32 = 1;

/// The fleet as pretty-printed JSON.
///
/// # Errors
/// Never for a view that the judge made: its keys and numbers all have a JSON form.
pub fn fleet(view: &FleetView) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&FleetJson::new(view))
}

#[derive(Serialize)]
struct FleetJson {
    schema: u32,
    at: String,
    mode: crate::domain::view::Mode,
    period: String,
    usage_from: String,
    usage_to: String,
    health: &'static str,
    data_age_s: Option<i64>,
    tenants: Vec<TenantJson>,
    totals: TotalsJson,
    scopes: Vec<ScopeJson>,
    own_cost: OwnCostJson,
    rows_refused: u64,
    store_faults: Vec<String>,
    config_faults: Vec<String>,
}

#[derive(Serialize)]
struct TenantJson {
    tenant: String,
    level: &'static str,
    frozen_level: Option<&'static str>,
    health: &'static str,
    data_age_s: Option<i64>,
    #[serde(flatten)]
    usage: UsageJson,
    budgets: Vec<BudgetJson>,
    contract: Option<ContractJson>,
    rates: Rates,
    profiles: Vec<ProfileJson>,
}

#[derive(Serialize)]
struct UsageJson {
    usage: MetersJson,
    unpriced_tokens: u64,
    unpriced_images: u64,
    cost_usd: Option<CostJson>,
    provenance: &'static str,
}

#[derive(Serialize)]
struct MetersJson {
    invocations: u64,
    input_tokens: u64,
    output_tokens: u64,
    cache_read_tokens: u64,
    cache_write_tokens: u64,
    images: u64,
    client_errors: u64,
    server_errors: u64,
    throttles: u64,
}

#[derive(Serialize)]
struct CostJson {
    likely: String,
    low: String,
    high: String,
}

#[derive(Serialize)]
struct BudgetJson {
    id: String,
    level: &'static str,
    period: String,
    unit: String,
    amount: String,
    spent: CostJson,
    amount_usd: Option<String>,
    spent_usd: Option<CostJson>,
    soft: Option<f64>,
    hard: Option<f64>,
    used: f64,
    expected: f64,
}

#[derive(Serialize)]
struct ProfileJson {
    scope: String,
    profile: String,
    name: String,
    model: Option<String>,
    reach: &'static str,
    kind: &'static str,
    tier: &'static str,
    deleted: bool,
    #[serde(flatten)]
    usage: UsageJson,
}

#[derive(Serialize)]
struct TotalsJson {
    #[serde(flatten)]
    usage: UsageJson,
    period_spent_usd: CostJson,
    period_budget_usd: Option<String>,
    period_elapsed: f64,
    rates: Rates,
}

#[derive(Serialize)]
struct ScopeJson {
    scope: String,
    health: &'static str,
    data_age_s: Option<i64>,
    profiles: usize,
    profiles_in_use: usize,
    interval_s: u32,
    lag_s: Option<u32>,
    revised_points: u64,
    backfill_percent: Option<u8>,
    calls: u64,
    retries: u64,
    bytes: u64,
    metrics_requested: u64,
    spent_usd: String,
    notices: Vec<String>,
    fault: Option<FaultJson>,
}

#[derive(Serialize)]
struct FaultJson {
    kind: String,
    message: String,
    remedy: String,
    since: String,
}

#[derive(Serialize)]
struct OwnCostJson {
    metrics_requested: u64,
    spent_usd: String,
    ceiling_usd: String,
}

impl FleetJson {
    fn new(view: &FleetView) -> Self {
        Self {
            schema: SCHEMA,
            at: view.at.to_string(),
            mode: view.mode,
            period: view.period.clone(),
            usage_from: view.usage_span.start.to_string(),
            usage_to: view.usage_span.end.to_string(),
            health: view.health.name(),
            data_age_s: view.data_age.map(|age| age.as_secs()),
            tenants: view.tenants.iter().map(TenantJson::new).collect(),
            totals: TotalsJson::new(view),
            scopes: view.scopes.iter().map(ScopeJson::new).collect(),
            own_cost: OwnCostJson {
                metrics_requested: view.own_cost.traffic.metrics,
                spent_usd: view.own_cost.spent.to_exact_string(),
                ceiling_usd: view.own_cost.ceiling.to_exact_string(),
            },
            rows_refused: view.rows_refused,
            store_faults: view.store_faults.iter().map(|fault| printable(fault)).collect(),
            config_faults: view.config_faults.iter().map(|fault| printable(fault)).collect(),
        }
    }
}

impl TenantJson {
    fn new(row: &TenantRow) -> Self {
        Self {
            tenant: printable(row.owner.name()),
            level: row.level.name(),
            frozen_level: row.frozen_level.map(crate::domain::level::Level::name),
            health: row.health.name(),
            data_age_s: row.data_age.map(|age| age.as_secs()),
            usage: UsageJson::new(&row.usage),
            budgets: row.budgets.iter().map(BudgetJson::new).collect(),
            contract: row.contract.as_ref().map(ContractJson::new),
            rates: row.rates,
            profiles: row.profiles.iter().map(ProfileJson::new).collect(),
        }
    }
}

impl UsageJson {
    fn new(usage: &PricedUsage) -> Self {
        Self {
            usage: MetersJson::new(&usage.counts),
            unpriced_tokens: usage.unpriced_tokens,
            unpriced_images: usage.unpriced_images,
            cost_usd: usage.known_cost().map(|cost| CostJson::new(&cost)),
            provenance: usage.provenance.name(),
        }
    }
}

impl MetersJson {
    fn new(counts: &Counts) -> Self {
        Self {
            invocations: counts.sum_of(Meter::Invocations),
            input_tokens: counts.sum_of(Meter::InputTokens),
            output_tokens: counts.sum_of(Meter::OutputTokens),
            cache_read_tokens: counts.sum_of(Meter::CacheReadTokens),
            cache_write_tokens: counts.sum_of(Meter::CacheWriteTokens),
            images: counts.sum_of(Meter::Images),
            client_errors: counts.sum_of(Meter::ClientErrors),
            server_errors: counts.sum_of(Meter::ServerErrors),
            throttles: counts.sum_of(Meter::Throttles),
        }
    }
}

impl CostJson {
    fn of_amount(range: &AmountRange) -> Self {
        Self {
            likely: range.likely.to_exact_string(),
            low: range.low.to_exact_string(),
            high: range.high.to_exact_string(),
        }
    }

    fn new(cost: &CostRange) -> Self {
        Self {
            likely: cost.likely.to_exact_string(),
            low: cost.low.to_exact_string(),
            high: cost.high.to_exact_string(),
        }
    }
}

impl BudgetJson {
    fn new(row: &BudgetRow) -> Self {
        Self {
            id: row.id.to_string(),
            level: row.level.name(),
            period: row.period.clone(),
            unit: row.amount.unit.name(),
            amount: row.amount.to_exact_string(),
            spent: CostJson::of_amount(&row.spent),
            amount_usd: row.amount.money().map(Money::to_exact_string),
            spent_usd: row.amount.money().map(|_| CostJson::of_amount(&row.spent)),
            soft: row.caps.soft,
            hard: row.caps.hard,
            used: row.used,
            expected: row.expected,
        }
    }
}

impl ProfileJson {
    fn new(row: &ProfileRow) -> Self {
        Self {
            scope: printable(row.key.scope.as_str()),
            profile: printable(row.key.id.as_str()),
            name: printable(&row.name),
            model: row.model.as_ref().map(|model| printable(model.as_str())),
            reach: row.reach.name(),
            kind: row.kind.name(),
            tier: row.tier.name(),
            deleted: row.deleted,
            usage: UsageJson::new(&row.usage),
        }
    }
}

impl TotalsJson {
    fn new(view: &FleetView) -> Self {
        Self {
            usage: UsageJson::new(&view.totals.usage),
            period_spent_usd: CostJson::new(&view.totals.period_spent),
            period_budget_usd: view.totals.period_budget.map(Money::to_exact_string),
            period_elapsed: view.totals.period_elapsed,
            rates: view.totals.rates,
        }
    }
}

impl ScopeJson {
    fn new(row: &ScopeRow) -> Self {
        Self {
            scope: printable(row.scope.as_str()),
            health: row.health.name(),
            data_age_s: row.age.map(|age| age.as_secs()),
            profiles: row.profiles,
            profiles_in_use: row.collecting.active,
            interval_s: row.interval_seconds,
            lag_s: row.lag_seconds,
            revised_points: row.revised,
            backfill_percent: row.collecting.backfill_percent,
            calls: row.traffic.calls,
            retries: row.traffic.retries,
            bytes: row.traffic.bytes,
            metrics_requested: row.traffic.metrics,
            spent_usd: row.spent.to_exact_string(),
            notices: row.collecting.notices.iter().map(|notice| printable(notice)).collect(),
            fault: row.fault.as_ref().map(FaultJson::new),
        }
    }
}

impl FaultJson {
    fn new(fault: &Fault) -> Self {
        Self {
            kind: fault.kind.clone(),
            message: printable(&fault.message),
            remedy: printable(&fault.remedy),
            since: fault.since.to_string(),
        }
    }
}
