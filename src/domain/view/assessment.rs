//! What one signal says.

use serde::{Deserialize, Serialize};

use crate::domain::event::Signal;
use crate::domain::ids::BudgetId;
use crate::domain::level::Level;

/// One signal's say about a tenant or a scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Which signal.
    pub signal: Signal,
    /// Of which budget, for the budget signal.
    pub budget: Option<BudgetId>,
    /// How bad.
    pub level: Level,
    /// The value judged (share of the budget used, age in seconds, share unpriced).
    pub value: f64,
    /// The threshold it stands against: of the level it has, or of the next one when green.
    pub threshold: f64,
    /// Why, in one line.
    pub reason: String,
    /// The figures behind it, a line each; none while it is green.
    #[serde(default)]
    pub evidence: Vec<String>,
}

impl Assessment {
    /// What a signal without a budget says, with no evidence.
    #[must_use]
    pub fn new(signal: Signal, level: Level, value: f64, threshold: f64, reason: String) -> Self {
        Self { signal, budget: None, level, value, threshold, reason, evidence: Vec::new() }
    }

    /// The same of a budget.
    #[must_use]
    pub fn of_budget(mut self, budget: &BudgetId) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// The same with the figures behind it, where it is not green.
    #[must_use]
    pub fn because(mut self, evidence: impl FnOnce() -> Vec<String>) -> Self {
        if self.level > Level::Green {
            self.evidence = evidence();
        }
        self
    }
}
