//! The view of the whole fleet: rows, scopes and sums.

use crate::alert::machine::Machine;
use crate::cost::polling::polling_cost;
use crate::domain::calendar::Calendar;
use crate::domain::health::Health;
use crate::domain::history::History;
use crate::domain::letter::Outbox;
use crate::domain::view::{
    FleetTotals, FleetView, Keeping, OwnCost, PeriodForecast, PoolRow, PricedUsage, ScopeRow, TenantRow,
};
use crate::judge::owner::OwnerTally;
use crate::judge::policy::Policy;
use crate::judge::pool::FLEET;
use crate::judge::pool_row::pool_row;
use crate::judge::tally::{ScopeTally, Tally};
use crate::judge::{LOG_LENGTH, observe, quota, rates, rows};

/// The view of a tally at the levels that the alerts stand at.
pub(super) fn view(tally: &Tally, history: &dyn History, policy: &Policy, machine: &Machine) -> FleetView {
    let row = |(owner, used)| rows::tenant_row(owner, used, tally, machine);
    let seen = observe::observations(tally, policy);
    let mut tenants: Vec<TenantRow> = tally.owners.iter().map(row).collect();
    rows::sort(&mut tenants);
    let ages = tally.scopes.iter().map(|scope| scope.status.age(tally.now));
    FleetView {
        at: tally.now,
        is_past: false,
        mode: policy.mode,
        zone: policy.zone_name(),
        step: tally.step,
        period: Calendar::months(policy.zone.clone()).label_at(tally.now),
        period_span: tally.month,
        usage_span: tally.usage_span,
        health: tally.scopes.iter().map(|scope| scope.health).max().unwrap_or(Health::NoData),
        data_age: ages.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))).flatten(),
        scopes: tally.scopes.iter().map(|scope| scope_row(scope, tally)).collect(),
        totals: totals(tally, &tenants),
        forecast: forecast(tally),
        tenants,
        pools: pools(tally, machine),
        quotas: quota::rows(tally, policy, machine),
        log: history.changes(tally.now, LOG_LENGTH),
        alerts: machine.rows(&seen),
        silences: machine.silences(&seen),
        explained: Vec::new(),
        events: Vec::new(),
        outbox: Outbox::default(),
        keeping: Keeping::default(),
        own_cost: own_cost(tally, policy),
        rows_refused: tally.scopes.iter().map(|scope| scope.status.collecting.rows_refused).max().unwrap_or(0),
        store_faults: history.faults(),
        config_faults: Vec::new(),
    }
}

/// The pools, the loudest first, then by name.
fn pools(tally: &Tally, machine: &Machine) -> Vec<PoolRow> {
    let mut pools: Vec<PoolRow> = tally.pools.iter().map(|pool| pool_row(pool, tally, machine)).collect();
    pools.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.pool.cmp(&b.pool)));
    pools
}

fn scope_row(scope: &ScopeTally, tally: &Tally) -> ScopeRow {
    ScopeRow {
        scope: scope.status.scope.clone(),
        health: scope.health,
        age: scope.status.age(tally.now),
        fault: scope.status.fault.clone(),
        profiles: scope.profiles,
        interval_seconds: scope.status.interval_seconds,
        lag_seconds: scope.status.lag_seconds,
        revised: scope.status.revised_month,
        traffic: scope.status.traffic_month,
        spent: polling_cost(&scope.status.traffic_month),
        collecting: scope.status.collecting.clone(),
    }
}

fn totals(tally: &Tally, tenants: &[TenantRow]) -> FleetTotals {
    let mut totals = FleetTotals { period_elapsed: tally.month.elapsed_share(tally.now), ..FleetTotals::default() };
    let mut window = PricedUsage::default();
    for used in tally.owners.values() {
        totals.usage.add(&used.usage);
        totals.period_spent += used.month.cost;
        window.add(&used.window);
    }
    let of_month = |row: &TenantRow| {
        let budget = row.budgets.iter().find(|budget| budget.span == tally.month && budget.amount.money().is_some())?;
        budget.amount.money().zip(budget.spent.likely.money())
    };
    for (amount, spent) in tenants.iter().filter_map(of_month) {
        totals.period_budget = Some(totals.period_budget.unwrap_or_default() + amount);
        totals.period_budget_spent += spent;
    }
    totals.rates = rates::of(&window, tally.rate_window());
    totals
}

/// What the month of the whole fleet will come to: that of its own budget if it has one; else the owners' added up, their
/// errors taken as independent, so that their squares add up.
fn forecast(tally: &Tally) -> Option<PeriodForecast> {
    let fleet = tally.pools.iter().find(|pool| pool.name.as_str() == FLEET);
    let of_budget = fleet.and_then(|pool| {
        let standing = pool.budgets.iter().find(|standing| standing.span == tally.month)?;
        pool.outlook.period(standing)
    });
    let month = |used: &OwnerTally| used.outlook.as_ref()?.unbudgeted(tally.month, used.month.cost.likely.to_f64());
    of_budget.or_else(|| sum(tally.owners.values().filter_map(month).collect()))
}

fn sum(parts: Vec<PeriodForecast>) -> Option<PeriodForecast> {
    let total: f64 = parts.iter().map(|part| part.total).sum();
    let squares = |off: &dyn Fn(&PeriodForecast) -> f64| parts.iter().map(|part| off(part).powi(2)).sum::<f64>().sqrt();
    let interval = |of: fn(&PeriodForecast) -> (f64, f64)| {
        let (below, above) = (squares(&|part| part.total - of(part).0), squares(&|part| of(part).1 - part.total));
        (total - below, total + above)
    };
    let (interval80, interval95) = (interval(|part| part.interval80), interval(|part| part.interval95));
    let history_hours = parts.iter().map(|part| part.history_hours).fold(0.0, f64::max);
    let first = parts.into_iter().next()?;
    Some(PeriodForecast { total, interval80, interval95, history_hours, ..first })
}

fn own_cost(tally: &Tally, policy: &Policy) -> OwnCost {
    let mut own = OwnCost { ceiling: policy.ceiling, ..OwnCost::default() };
    for scope in &tally.scopes {
        own.traffic.add(&scope.status.traffic_month);
        own.spent += polling_cost(&scope.status.traffic_month);
    }
    own
}
