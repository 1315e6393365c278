//! The fleet in a few lines for a person.

use std::fmt::Write;

use crate::domain::level::Level;
use crate::domain::text::printable;
use crate::domain::view::{FleetView, ScopeRow, TenantRow};
use crate::report::table;

/// How many of the loudest tenants are named.
const NAMED: usize = 10;

/// A summary line, then the tenants that are not green, then scopes in trouble.
#[must_use]
pub fn status(view: &FleetView) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}  {}  {}", counts(view), view.at, age(view));
    let _ = writeln!(text, "{}", money(view));
    let loud: Vec<&TenantRow> = view.tenants.iter().filter(|row| row.level != Level::Green).collect();
    for row in loud.iter().take(NAMED) {
        let _ = writeln!(text, "{:<6} {}", row.level.name(), tenant_line(row));
    }
    if loud.len() > NAMED {
        let _ = writeln!(text, "... and {} more", loud.len() - NAMED);
    }
    for scope in view.scopes.iter().filter(|scope| scope.fault.is_some()) {
        let _ = writeln!(text, "{}", fault_line(scope));
    }
    for scope in &view.scopes {
        for notice in &scope.collecting.notices {
            let _ = writeln!(text, "{}: {}", printable(scope.scope.as_str()), printable(notice));
        }
    }
    for fault in &view.store_faults {
        let _ = writeln!(text, "store: {}", printable(fault));
    }
    for fault in &view.config_faults {
        let _ = writeln!(text, "config: {}", printable(fault));
    }
    text
}

/// `2 red, 1 orange, 37 green`: levels that nobody is at are left out.
#[must_use]
pub fn counts(view: &FleetView) -> String {
    let at = |level: &Level| (view.count_at(*level) > 0).then(|| format!("{} {}", view.count_at(*level), level.name()));
    let named: Vec<String> = Level::ALL.iter().rev().filter_map(at).collect();
    if named.is_empty() { "no tenants yet".to_owned() } else { named.join(", ") }
}

/// One line: how many tenants at which level, what is spent, how old the data is.
#[must_use]
pub fn summary(view: &FleetView) -> String {
    format!("{}; {}; {}", counts(view), money(view), age(view))
}

fn money(view: &FleetView) -> String {
    let budget = view.totals.period_budget.map(|amount| format!(", budgets {amount}")).unwrap_or_default();
    format!("{}: {}{budget}, ${:.2}/h now", view.period, spent(view), view.totals.rates.usd_per_hour)
}

fn spent(view: &FleetView) -> String {
    let usage = &view.totals.usage;
    match (usage.known_cost(), usage.unpriced_text()) {
        (None, unpriced) => format!("unpriced ({})", unpriced.unwrap_or_default()),
        (Some(_), None) => format!("{} spent", view.totals.period_spent.likely),
        (Some(_), Some(unpriced)) => format!("{} spent and {unpriced} unpriced", view.totals.period_spent.likely),
    }
}

fn age(view: &FleetView) -> String {
    match view.data_age {
        Some(age) => format!("data {} ({} min old)", view.health.name(), age.as_mins()),
        None => "no data yet".to_owned(),
    }
}

fn tenant_line(row: &TenantRow) -> String {
    let loudest = row.signals.first().map(|signal| signal.reason.clone()).unwrap_or_default();
    format!("{}: {}; {}", printable(row.owner.name()), table::cost(row), printable(&loudest))
}

fn fault_line(scope: &ScopeRow) -> String {
    let (message, remedy) = scope.fault.as_ref().map_or(("", ""), |fault| (&fault.message, &fault.remedy));
    format!(
        "{} {}: {}; {}",
        printable(scope.scope.as_str()),
        scope.health.name(),
        printable(message),
        printable(remedy)
    )
}
