//! The fleet as it was at an instant: usage as it is known now, levels as they were said then.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::alert::machine::Machine;
use crate::domain::event::{AlertKey, ChangeNote, LevelChange, Signal, Subject};
use crate::domain::history::History;
use crate::domain::level::Level;
use crate::domain::notice::Condition;
use crate::domain::view::{AlertRow, FleetView, Notification, TenantRow};
use crate::judge::policy::Policy;
use crate::judge::{Judge, Tally, fleet, rows};

impl Judge {
    /// The fleet at a past instant. Nothing is stepped and nothing is said by it.
    #[must_use]
    pub fn view_at(&mut self, history: &dyn History, policy: &Policy, at: Timestamp) -> FleetView {
        let tally = Tally::take(history, policy, at, &mut self.past, &mut self.past_books);
        let mut view = fleet::view(&tally, history, policy, &Machine::default());
        let changes = history.changes(at, usize::MAX);
        let said = said(&changes);
        for row in &mut view.tenants {
            take_said(row, &said);
        }
        rows::sort(&mut view.tenants);
        view.alerts = alerts(&changes);
        view.is_past = true;
        view
    }
}

/// The level of each alert after these changes.
fn said(changes: &[LevelChange]) -> BTreeMap<&AlertKey, Level> {
    changes.iter().map(|change| (&change.alert, change.level)).collect()
}

/// The alerts that stood after these changes, the loudest first, as their last change said. Whether people were told
/// of them by then, and the value judged, is not kept with a change.
fn alerts(changes: &[LevelChange]) -> Vec<AlertRow> {
    let mut began: BTreeMap<&AlertKey, Timestamp> = BTreeMap::new();
    let mut last: BTreeMap<&AlertKey, &LevelChange> = BTreeMap::new();
    for change in changes {
        if change.level <= Level::Blind {
            began.remove(&change.alert);
        } else {
            began.entry(&change.alert).or_insert(change.at);
        }
        last.insert(&change.alert, change);
    }
    let row = |(alert, since): (&AlertKey, Timestamp)| {
        let change = last.get(alert)?;
        Some(AlertRow {
            alert: alert.clone(),
            condition: Condition::Firing,
            level: change.level,
            is_frozen: false,
            is_flapping: change.note == Some(ChangeNote::Flapping),
            notification: Notification::Quiet,
            started_at: since,
            fired_at: Some(since),
            value: 0.0,
            threshold: 0.0,
            reason: change.reason.clone(),
            cost: None,
        })
    };
    let mut rows: Vec<AlertRow> = began.into_iter().filter_map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.level));
    rows
}

/// Gives a row the levels that were said of it; where its data was too old to judge they were held.
fn take_said(row: &mut TenantRow, said: &BTreeMap<&AlertKey, Level>) {
    let subject = Subject::Owner(row.owner.clone());
    let level_of = |signal: Signal, budget: Option<&crate::domain::ids::BudgetId>| {
        let alert = AlertKey { subject: subject.clone(), signal, budget: budget.cloned() };
        said.get(&alert).copied().unwrap_or_default()
    };
    for signal in &mut row.signals {
        signal.level = level_of(signal.signal, signal.budget.as_ref());
    }
    for budget in &mut row.budgets {
        budget.level = level_of(Signal::Budget, Some(&budget.id));
    }
    row.signals.sort_by_key(|signal| std::cmp::Reverse(signal.level));
    row.budgets.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| b.used.total_cmp(&a.used)));
    let of_subject = said.iter().filter(|(alert, _)| alert.subject == subject);
    let level = of_subject.map(|(_, level)| *level).max().unwrap_or_default();
    match &mut row.frozen_level {
        Some(held) => *held = level,
        None => row.level = level,
    }
}
