//! The fleet as metrics, whoever asks for them: what `OpenMetrics` serves and OTLP pushes.
//!
//! Everything is a gauge: spend begins anew with each period. Money is in US dollars, times in seconds; a level is
//! -1 blind, 0 green, 1 yellow, 2 orange, 3 red.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::health::Health;
use crate::domain::level::Level;
use crate::domain::meter::Meter;
use crate::domain::money::Money;
use crate::domain::text::printable;
use crate::domain::view::{BudgetRow, FleetView, ScopeRow, TenantRow};

/// Labels of a sample: names that are known here, values that come from outside.
pub(super) type Labels = Vec<(&'static str, String)>;

/// A metric with its samples.
pub(super) struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Its values; one for each set of labels.
    pub samples: BTreeMap<Labels, f64>,
}

/// The metrics of a view as of `now`, each once.
pub(super) fn families(view: &FleetView, now: Timestamp) -> Vec<Family> {
    let mut metrics = Metrics::default();
    for row in &view.tenants {
        metrics.add_tenant(row);
    }
    for scope in &view.scopes {
        metrics.add_scope(scope);
    }
    metrics.add_fleet(view, now);
    metrics.families
}

#[derive(Default)]
struct Metrics {
    families: Vec<Family>,
}

impl Metrics {
    /// Sets a sample; the first of its family names and explains it.
    fn set(&mut self, name: &'static str, help: &'static str, labels: &Labels, value: f64) {
        let at = self.families.iter().position(|known| known.name == name).unwrap_or_else(|| {
            self.families.push(Family { name, help, samples: BTreeMap::new() });
            self.families.len() - 1
        });
        self.families[at].samples.insert(labels.clone(), value);
    }

    fn add_tenant(&mut self, row: &TenantRow) {
        let of = || vec![("tenant", printable(row.owner.name()))];
        self.set("bedtop_tenant_level", "Level: -1 blind, 0 green, 1 yellow, 2 orange, 3 red", &of(), level(row.level));
        if let Some(cost) = row.usage.known_cost() {
            for (bound, amount) in [("low", cost.low), ("likely", cost.likely), ("high", cost.high)] {
                let labels = [of(), vec![("bound", bound.to_owned())]].concat();
                self.set("bedtop_tenant_spend_usd", "Cost of the current period so far", &labels, amount.to_f64());
            }
        }
        let rate = row.rates.usd_per_hour;
        self.set("bedtop_tenant_spend_usd_per_hour", "Speed of spending over the last 10 minutes", &of(), rate);
        for meter in Meter::TOKENS {
            let labels = [of(), vec![("kind", meter.name().to_owned())]].concat();
            let count = number(row.usage.counts.sum_of(meter));
            self.set("bedtop_tenant_tokens", "Tokens of the current period so far", &labels, count);
        }
        let requests = number(row.usage.counts.sum_of(Meter::Invocations));
        self.set("bedtop_tenant_requests", "Requests of the current period so far", &of(), requests);
        let unpriced = number(row.usage.unpriced_tokens);
        self.set("bedtop_tenant_unpriced_tokens", "Tokens of the period whose price is not known", &of(), unpriced);
        for budget in &row.budgets {
            self.add_budget(row, budget);
        }
    }

    fn add_budget(&mut self, row: &TenantRow, budget: &BudgetRow) {
        let of = || vec![("tenant", printable(row.owner.name())), ("budget", printable(budget.id.as_str()))];
        self.set("bedtop_budget_used_ratio", "Share of the budget that is used; 1 = all of it", &of(), budget.used);
        self.set("bedtop_budget_expected_ratio", "Share that would be used by now", &of(), budget.expected);
        self.set("bedtop_budget_level", "Level of the budget", &of(), level(budget.level));
        if let Some(forecast) = &budget.forecast {
            let (low, high) = forecast.interval80;
            let help = "What the budget's period will come to, in the budget's meter; 80 % lie from low to high";
            for (bound, total) in [("low", low), ("likely", forecast.total), ("high", high)] {
                let labels = [of(), vec![("bound", bound.to_owned())]].concat();
                self.set("bedtop_budget_forecast", help, &labels, total);
            }
        }
    }

    fn add_scope(&mut self, row: &ScopeRow) {
        let of = || vec![("scope", printable(row.scope.as_str()))];
        if let Some(age) = row.age {
            self.set("bedtop_scope_data_age_seconds", "Age of the scope's data", &of(), age.as_secs_f64());
        }
        if let Some(lag) = row.lag_seconds {
            let help = "How long after their end 95 % of the newest points were there";
            self.set("bedtop_scope_lag_seconds", help, &of(), f64::from(lag));
        }
        let health = match row.health {
            Health::Ok => 0.0,
            Health::Error => 1.0,
            Health::Late => 2.0,
            Health::Stale => 3.0,
            Health::NoData => 4.0,
        };
        self.set("bedtop_scope_health", "0 ok, 1 error, 2 late, 3 stale, 4 no data", &of(), health);
        self.set("bedtop_scope_own_cost_usd", "What polling cost in this UTC month", &of(), row.spent.to_f64());
    }

    fn add_fleet(&mut self, view: &FleetView, now: Timestamp) {
        let none = Vec::new;
        let spent: Money = view.totals.period_spent.likely;
        self.set("bedtop_fleet_spend_usd", "Cost of the fleet in the current period", &none(), spent.to_f64());
        let rate = view.totals.rates.usd_per_hour;
        self.set("bedtop_fleet_spend_usd_per_hour", "Speed of spending of the fleet", &none(), rate);
        let own = &view.own_cost;
        self.set("bedtop_own_cost_usd", "What polling cost in this UTC month", &none(), own.spent.to_f64());
        self.set("bedtop_own_cost_ceiling_usd", "What polling may cost a month", &none(), own.ceiling.to_f64());
        let metrics = number(own.traffic.metrics);
        self.set("bedtop_own_metrics_requested", "Metrics requested in this UTC month, each billed", &none(), metrics);
        let lag = now.duration_since(view.at).as_secs_f64().max(0.0);
        self.set("bedtop_view_age_seconds", "How long ago the fleet was judged", &none(), lag);
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        self.set("bedtop_build_info", "The version that runs", &version, 1.0);
    }
}

fn level(level: Level) -> f64 {
    match level {
        Level::Blind => -1.0,
        Level::Green => 0.0,
        Level::Yellow => 1.0,
        Level::Orange => 2.0,
        Level::Red => 3.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "samples are floating point")]
fn number(count: u64) -> f64 {
    count as f64
}
