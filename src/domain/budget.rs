//! Budgets as the user states them.

use crate::domain::calendar::Calendar;
use crate::domain::ids::BudgetId;
use crate::domain::money::{CostRange, Money};
use crate::domain::time::TimeSpan;

/// An amount a tenant may spend in a period; each tenant that matches has the whole amount for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Its name in the config.
    pub id: BudgetId,
    /// How much, in US dollars; above zero.
    pub amount: Money,
    /// The period it is for.
    pub calendar: Calendar,
    /// Patterns (`*`, `?`) over tenant ids.
    pub tenants: Vec<String>,
}

/// A budget of one tenant as it stands at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetStanding {
    /// Which budget.
    pub id: BudgetId,
    /// How much for the period.
    pub amount: Money,
    /// The period.
    pub span: TimeSpan,
    /// The period's name, `2026-11` or its first day.
    pub period: String,
    /// Spent in the period so far, of what has a price.
    pub spent: CostRange,
    /// Tokens of the period that have no price.
    pub unpriced_tokens: u64,
    /// Spent (likely) as a share of the amount; 1 = all of it.
    pub used: f64,
    /// The share that would be used by now at an even pace.
    pub expected: f64,
    /// Whether the rest of the period fits into the rest of the amount at the present speed.
    pub rest_fits: bool,
}
