//! What is copied: a line that says it all to someone who does not see the screen.

use crate::app::list::Entry;
use crate::app::state::{Screen, State};
use crate::domain::text::printable;
use crate::domain::view::{FleetView, TenantRow};

/// The selected row, or what the screen is about, as text.
pub(super) fn selected(state: &State) -> Option<String> {
    let view = state.view.as_deref()?;
    let text = match &state.screen {
        Screen::Tenant(owner) | Screen::Profile(owner, ..) => tenant(view, view.tenant(owner)?),
        Screen::Alert(alert) => {
            let change = view.log.iter().rev().find(|change| &change.alert == alert)?;
            format!("{} {}: {}", change.level.name(), alert.subject.name(), change.reason)
        }
        Screen::View(_) => match state.selected_entry()? {
            Entry::Profile(owner, number) => {
                let row = view.tenants.get(owner)?;
                let profile = row.profiles.get(number)?;
                format!("{} {} of {}", profile.key.id, profile.name, row.owner.name())
            }
            Entry::Alert(number) => {
                let row = view.alerts.get(number)?;
                let (level, name, signal) = (row.level.name(), row.alert.subject.name(), row.alert.signal.name());
                format!("{} {level} {name} {signal}: {} ({})", view.at, row.reason, row.notification.name())
            }
            Entry::Silence(number) => {
                let silence = &view.silences.get(number)?.silence;
                format!("bedtop unsilence {}  # {} until {}", silence.id, silence.matchers, silence.ends)
            }
            Entry::Event(number) => {
                let entry = view.events.get(number)?;
                let name = entry.what.alert().map_or(String::new(), |alert| format!("{}: ", alert.subject.name()));
                format!("{} {name}{}", entry.at, entry.what.words())
            }
            Entry::Change(number) => {
                let change = view.log.get(number)?;
                let name = change.alert.subject.name();
                format!(
                    "{} {} was {} {name}: {}",
                    change.at,
                    change.level.name(),
                    change.previous.name(),
                    change.reason
                )
            }
            Entry::Bill(number) => {
                let bill = state.bills.get(number)?;
                format!("{} {} {}", view.period, bill.name, bill.usage.cost.likely)
            }
            Entry::Tenant(number) => tenant(view, view.tenants.get(number)?),
        },
    };
    Some(printable(&text))
}

fn tenant(view: &FleetView, row: &TenantRow) -> String {
    let spent = if row.usage.is_wholly_unpriced() { "unpriced".to_owned() } else { row.usage.cost.likely.to_string() };
    let budget = row.worst_budget();
    let used = budget.map(|budget| format!(" ({:.0} % of {})", budget.used * 100.0, budget.amount)).unwrap_or_default();
    let reason = row.signals.first().map(|signal| format!("; {}", signal.reason)).unwrap_or_default();
    let (level, name) = (row.level.name(), row.owner.name());
    format!("{} {level} {name}: {spent}{used}, ${:.2}/h{reason}", view.at, row.rates.usd_per_hour)
}
