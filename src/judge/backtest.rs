//! Runs a policy over a history, step by step, as it would have run live.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::budget::{Budget, BudgetOver};
use crate::domain::event::{AlertKey, LevelChange, Signal, Subject};
use crate::domain::history::History;
use crate::domain::ids::{BudgetId, Owner, PoolName};
use crate::domain::level::Level;
use crate::domain::tenancy::Tags;
use crate::domain::time::TimeSpan;
use crate::judge::Judge;
use crate::judge::policy::Policy;
use crate::judge::pool::FLEET;

mod score;

pub use score::{Scored, Summary, Truth, summary};

/// Every change of level over a span. A change is dated with the start of the bin that it was known at the end of.
#[must_use]
pub fn run(history: &dyn History, policy: &Policy, span: TimeSpan) -> Vec<LevelChange> {
    let step = history.step();
    let mut judge = Judge::default();
    let mut said = Vec::new();
    let mut bin = step.floor(span.start);
    while bin < span.end {
        let Ok(closed) = bin.checked_add(step.duration()) else { break };
        let tally = judge.tally(history, policy, closed);
        let changes = judge.step(&tally, policy).changes;
        said.extend(changes.into_iter().map(|change| LevelChange { at: bin, ..change }));
        bin = closed;
    }
    said
}

/// The level of a budget from an instant on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetLevel {
    /// Which budget.
    pub budget: BudgetId,
    /// From when on.
    pub at: Timestamp,
    /// How bad.
    pub level: Level,
}

/// The levels that the console would show for budgets: the highest of a budget's own signals and, of one that a single
/// tenant has for itself, of that tenant's anomaly.
#[must_use]
pub fn by_budget(changes: &[LevelChange], budgets: &[Budget]) -> Vec<BudgetLevel> {
    let mut standing: BTreeMap<&AlertKey, Level> = BTreeMap::new();
    let mut shown: BTreeMap<BudgetId, Level> = BTreeMap::new();
    let mut levels = Vec::new();
    for of_bin in changes.chunk_by(|a, b| a.at == b.at) {
        for change in of_bin {
            standing.insert(&change.alert, change.level);
        }
        let touched = |budget: &&Budget| of_bin.iter().any(|change| is_of(&change.alert, budget));
        for budget in budgets.iter().filter(touched) {
            let own = standing.iter().filter(|(alert, _)| is_of(alert, budget)).map(|(_, level)| *level);
            let level = own.max().unwrap_or_default();
            if shown.insert(budget.id.clone(), level).unwrap_or_default() != level {
                levels.push(BudgetLevel { budget: budget.id.clone(), at: of_bin[0].at, level });
            }
        }
    }
    levels
}

/// Whether the level of an alert counts for a budget.
fn is_of(alert: &AlertKey, budget: &Budget) -> bool {
    if alert.budget.is_some() {
        return alert.budget.as_ref() == Some(&budget.id);
    }
    let Subject::Owner(Owner::Tenant(tenant)) = &alert.subject else { return false };
    alert.signal == Signal::Anomaly && budget.over.is_for(tenant, None, &Tags::new())
}

/// Whom a budget is shared by, in the words of the CSV: `*pool:NAME`.
#[must_use]
pub fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Pool(pool) => format!("*pool:{pool}"),
        Subject::Fleet => format!("*{FLEET}"),
        Subject::Scope(scope) => format!("*scope:{scope}"),
        Subject::Quota(scope, model) => format!("*quota:{scope}/{model}"),
        Subject::Owner(owner) => owner.name().to_owned(),
    }
}

/// The pool that a shared budget is over.
#[must_use]
pub fn pool_of(budget: &Budget) -> Option<PoolName> {
    match &budget.over {
        BudgetOver::Pool(pool) => Some(pool.clone()),
        BudgetOver::Fleet => Some(PoolName::new(FLEET)),
        _ => None,
    }
}
