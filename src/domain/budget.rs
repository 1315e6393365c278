//! Budgets as the user states them.

use crate::domain::calendar::Calendar;
use crate::domain::ids::BudgetId;
use crate::domain::money::Money;

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
