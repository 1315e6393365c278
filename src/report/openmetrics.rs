//! The fleet as metrics for Prometheus, in the `OpenMetrics` text format.
//!
//! Everything is a gauge: spend begins anew with each period. Money is in US dollars, times in seconds; a level is
//! -1 blind, 0 green, 1 yellow, 2 orange, 3 red.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::domain::health::Health;
use crate::domain::level::Level;
use crate::domain::meter::Meter;
use crate::domain::money::Money;
use crate::domain::text::printable;
use crate::domain::view::{BudgetRow, FleetView, ScopeRow, TenantRow};

/// What `OpenMetrics` says of itself over HTTP.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Labels of a sample: names that are known here, values that come from outside.
type Labels = Vec<(&'static str, String)>;
type Value = Gauge<f64, std::sync::atomic::AtomicU64>;

/// The metrics of a view as of `now`.
///
/// # Errors
/// Never in practice: text is written to memory.
pub fn text(view: &FleetView, now: Timestamp) -> Result<String, fmt::Error> {
    let mut metrics = Metrics::default();
    for row in &view.tenants {
        metrics.add_tenant(row);
    }
    for scope in &view.scopes {
        metrics.add_scope(scope);
    }
    metrics.add_fleet(view, now);
    metrics.encode()
}

/// The families by name, with their help.
#[derive(Default)]
struct Metrics {
    families: Vec<(&'static str, &'static str, Family<Labels, Value>)>,
}

impl Metrics {
    /// Sets a sample; the first of its family names and explains it.
    fn set(&mut self, name: &'static str, help: &'static str, labels: &Labels, value: f64) {
        let at = self.families.iter().position(|(known, ..)| *known == name).unwrap_or_else(|| {
            self.families.push((name, help, Family::default()));
            self.families.len() - 1
        });
        self.families[at].2.get_or_create(labels).set(value);
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

    fn encode(self) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        for (name, help, family) in self.families {
            registry.register(name, help, family);
        }
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures;
    use crate::domain::ids::Owner;

    #[test]
    fn every_row_is_there_and_the_unpriced_has_no_cost() {
        let view = fixtures::view();
        let text = text(&view, view.at).expect("text");
        assert!(text.ends_with("# EOF\n"), "{text}");
        for row in &view.tenants {
            let name = printable(row.owner.name());
            assert!(text.contains(&format!("bedtop_tenant_level{{tenant=\"{name}\"}}")), "{name}");
            let spend = format!("bedtop_tenant_spend_usd{{tenant=\"{name}\",bound=\"likely\"}}");
            assert_eq!(text.contains(&spend), row.usage.known_cost().is_some(), "{name}: no cost is never zero");
        }
        assert_eq!(text.matches("# TYPE bedtop_tenant_level gauge").count(), 1);
    }

    #[test]
    fn outside_text_stays_inside_its_label() {
        let mut view = fixtures::view();
        view.tenants.truncate(1);
        view.tenants[0].owner = Owner::Tenant("a\"} 1\n# EOF\\".into());
        let text = text(&view, view.at).expect("text");
        assert!(text.contains(r#"tenant="a\"} 1 # EOF\\""#), "{text}");
    }
}
