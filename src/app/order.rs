//! Which rows a list has, and their order.

use std::cmp::Ordering;

use crate::app::action::View;
use crate::app::column::Column;
use crate::app::list::{Entry, Ground};
use crate::domain::view::{BudgetRow, FleetView, ProfileRow, TenantRow};

/// How rows are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// By what; the largest first, names from a to z.
    pub column: Column,
    /// The other way round.
    pub reversed: bool,
}

impl Sort {
    /// Sorting by a column, the other way round if it was sorted by it already.
    #[must_use]
    pub fn by(self, column: Column) -> Self {
        Self { column, reversed: self.column == column && !self.reversed }
    }

    /// How a view is sorted at first.
    #[must_use]
    pub fn first(view: View) -> Self {
        let column = match view {
            View::Profiles => Column::ToMend,
            View::Money => Column::Spent,
            _ => Column::Level,
        };
        Self { column, reversed: false }
    }

    /// Sorts rows that come in the judge's order; rows that are equal keep it.
    pub(super) fn apply(self, view: View, entries: &mut [Entry], ground: Ground<'_>) {
        let directed = |order: Ordering| if self.reversed { order.reverse() } else { order };
        match view {
            View::Tenants | View::Spark if self.column == Column::Level => {
                if self.reversed {
                    entries.reverse();
                }
            }
            View::Tenants | View::Spark => {
                let row = |entry: &Entry| entry.tenant(ground.view);
                entries.sort_by(|a, b| directed(both(row(a), row(b), |a, b| tenants(self.column, a, b))));
            }
            View::Profiles => {
                let row = |entry: &Entry| entry.profile(ground.view);
                entries.sort_by(|a, b| directed(both(row(a), row(b), |a, b| profiles(self.column, a, b))));
            }
            View::Money => {
                let row = |entry: &Entry| entry.bill(ground.bills);
                entries.sort_by(|a, b| directed(both(row(a), row(b), |a, b| a.compare(b, self.column))));
            }
            View::Alerts | View::Pools | View::Collector => {}
        }
    }
}

/// The rows of a view's list, in the judge's order.
pub(super) fn entries<'a>(view: View, ground: Ground<'a>) -> Box<dyn Iterator<Item = Entry> + 'a> {
    let tenants = ground.view.tenants.iter().enumerate();
    match view {
        View::Tenants | View::Spark => Box::new((0..ground.view.tenants.len()).map(Entry::Tenant)),
        View::Profiles => {
            Box::new(tenants.flat_map(|(tenant, row)| (0..row.profiles.len()).map(move |n| Entry::Profile(tenant, n))))
        }
        View::Money => Box::new((0..ground.bills.len()).map(Entry::Bill)),
        View::Alerts => {
            let standing = (0..ground.view.alerts.len()).map(Entry::Alert);
            Box::new(standing.chain(silences(ground.view)).chain(log(ground.view)))
        }
        View::Pools | View::Collector => Box::new(std::iter::empty()),
    }
}

/// The silences that hold.
fn silences(view: &FleetView) -> impl Iterator<Item = Entry> + '_ {
    let rows = view.silences.iter().enumerate();
    rows.filter(|(_, row)| row.silence.holds_at(view.at)).map(|(number, _)| Entry::Silence(number))
}

/// All that was said, done and sent, the newest first.
fn log(view: &FleetView) -> Vec<Entry> {
    let changes = view.log.iter().enumerate().map(|(number, change)| (change.at, Entry::Change(number)));
    let events = view.events.iter().enumerate().map(|(number, entry)| (entry.at, Entry::Event(number)));
    let mut log: Vec<_> = changes.chain(events).collect();
    log.sort_by_key(|(at, _)| *at);
    log.into_iter().rev().map(|(_, entry)| entry).collect()
}

impl Entry {
    /// The tenant it is, or belongs to.
    #[must_use]
    pub fn tenant(self, view: &FleetView) -> Option<&TenantRow> {
        match self {
            Self::Tenant(number) | Self::Profile(number, _) => view.tenants.get(number),
            Self::Alert(_) | Self::Silence(_) | Self::Change(_) | Self::Event(_) | Self::Bill(_) => None,
        }
    }

    /// The profile it is, with its tenant.
    #[must_use]
    pub fn profile(self, view: &FleetView) -> Option<(&TenantRow, &ProfileRow)> {
        let Self::Profile(tenant, number) = self else { return None };
        let row = view.tenants.get(tenant)?;
        row.profiles.get(number).map(|profile| (row, profile))
    }

    fn bill(self, bills: &[crate::app::money::Bill]) -> Option<&crate::app::money::Bill> {
        let Self::Bill(number) = self else { return None };
        bills.get(number)
    }
}

fn both<T>(a: Option<T>, b: Option<T>, compare: impl FnOnce(&T, &T) -> Ordering) -> Ordering {
    a.zip(b).map_or(Ordering::Equal, |(a, b)| compare(&a, &b))
}

/// Names from a to z whatever their case; equal ones by their bytes, so that the order is always the same.
pub(super) fn by_name(a: &str, b: &str) -> Ordering {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    lower(a).cmp(&lower(b)).then_with(|| a.cmp(b))
}

fn tenants(column: Column, a: &TenantRow, b: &TenantRow) -> Ordering {
    let largest_first = |value: &dyn Fn(&TenantRow) -> f64| value(b).total_cmp(&value(a));
    match column {
        Column::Name => by_name(a.owner.name(), b.owner.name()),
        Column::Spent => b.usage.cost.likely.cmp(&a.usage.cost.likely),
        Column::Used => largest_first(&|row| row.worst_budget().map_or(-1.0, |budget| budget.used)),
        Column::Pace => largest_first(&|row| row.worst_budget().and_then(BudgetRow::pace).unwrap_or(-1.0)),
        Column::Rate => largest_first(&|row| row.rates.usd_per_hour),
        Column::Tokens => largest_first(&|row| row.rates.tokens_per_minute),
        Column::Requests => largest_first(&|row| row.rates.requests_per_minute),
        Column::Errors => largest_first(&|row| row.rates.errors_per_minute),
        Column::Throttles => largest_first(&|row| row.rates.throttles_per_minute),
        Column::Latency => largest_first(&|row| row.rates.latency_ms.unwrap_or(-1.0)),
        Column::Forecast => largest_first(&|row| row.forecast.as_ref().map_or(-1.0, |forecast| forecast.total)),
        Column::Gone => soonest(a).cmp(&soonest(b)),
        Column::Burn => largest_first(&|row| row.burn.hour.unwrap_or(-1.0)),
        Column::Age => b.data_age.cmp(&a.data_age),
        _ => Ordering::Equal,
    }
}

/// When a tenant's budget is gone: those that are gone first, those that last at the end.
fn soonest(row: &TenantRow) -> (u8, jiff::Timestamp) {
    let is_gone = row.worst_budget().is_some_and(|budget| budget.used >= 1.0);
    let median = row.forecast.as_ref().and_then(|forecast| forecast.gone).and_then(|gone| gone.median);
    match median {
        _ if is_gone => (0, jiff::Timestamp::MIN),
        Some(median) => (1, median),
        None => (2, jiff::Timestamp::MAX),
    }
}

fn profiles(column: Column, a: &(&TenantRow, &ProfileRow), b: &(&TenantRow, &ProfileRow)) -> Ordering {
    let spent = || b.1.usage.cost.likely.cmp(&a.1.usage.cost.likely);
    let tokens = || b.1.usage.counts.tokens().cmp(&a.1.usage.counts.tokens());
    let model = |profile: &ProfileRow| profile.model.as_ref().map(|model| model.as_str().to_owned());
    match column {
        Column::Name => by_name(&a.1.name, &b.1.name),
        Column::Tenant => by_name(a.0.owner.name(), b.0.owner.name()),
        Column::Model => model(a.1).cmp(&model(b.1)).then_with(spent),
        Column::Tokens => tokens(),
        Column::Rate => b.1.rates.usd_per_hour.total_cmp(&a.1.rates.usd_per_hour),
        // What someone should mend first, the dearest first.
        Column::ToMend => b.1.is_faulty().cmp(&a.1.is_faulty()).then_with(spent).then_with(tokens),
        _ => spent().then_with(tokens),
    }
}
