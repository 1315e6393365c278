//! The order of rows.

use std::cmp::Ordering;

use crate::domain::view::TenantRow;

/// A column that rows can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Column {
    /// Level, then money at risk: the judge's own order.
    #[default]
    Level,
    /// Name.
    Name,
    /// Money spent.
    Spent,
    /// Share of the budget used.
    Used,
    /// Pace against an even one.
    Pace,
    /// Dollars an hour.
    Rate,
    /// Tokens a minute.
    Tokens,
    /// Requests a minute.
    Requests,
    /// Errors a minute.
    Errors,
    /// Throttles a minute.
    Throttles,
    /// Average latency.
    Latency,
    /// Age of the data.
    Age,
}

impl Column {
    /// Every column, in the order of the screen.
    pub const ALL: [Self; 12] = [
        Self::Level,
        Self::Name,
        Self::Spent,
        Self::Used,
        Self::Pace,
        Self::Rate,
        Self::Tokens,
        Self::Requests,
        Self::Errors,
        Self::Throttles,
        Self::Latency,
        Self::Age,
    ];

    /// The title on the screen; it holds the letter that sorts by it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Level => "Lvl",
            Self::Name => "Name",
            Self::Spent => "$ spent",
            Self::Used => "Used",
            Self::Pace => "Pace",
            Self::Rate => "Rate/h",
            Self::Tokens => "Tok/m",
            Self::Requests => "reQ/m",
            Self::Errors => "Err/m",
            Self::Throttles => "tHr/m",
            Self::Latency => "latencY",
            Self::Age => "Age",
        }
    }

    /// The key that sorts by it.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Level => 'L',
            Self::Name => 'N',
            Self::Spent => '$',
            Self::Used => 'U',
            Self::Pace => 'P',
            Self::Rate => 'R',
            Self::Tokens => 'T',
            Self::Requests => 'Q',
            Self::Errors => 'E',
            Self::Throttles => 'H',
            Self::Latency => 'Y',
            Self::Age => 'A',
        }
    }

    /// The column beside this one, around the edges.
    #[must_use]
    pub fn beside(self, to_the_right: bool) -> Self {
        let place = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        let step = if to_the_right { 1 } else { Self::ALL.len() - 1 };
        Self::ALL[(place + step) % Self::ALL.len()]
    }
}

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

    /// Sorts the numbers of rows; rows that are equal keep the judge's order.
    pub(super) fn apply(self, numbers: &mut [usize], rows: &[TenantRow]) {
        numbers.sort_unstable();
        numbers.sort_by(|&a, &b| {
            let order = compare(self.column, &rows[a], &rows[b]);
            if self.reversed { order.reverse() } else { order }
        });
        if self.column == Column::Level && self.reversed {
            numbers.reverse();
        }
    }
}

fn compare(column: Column, a: &TenantRow, b: &TenantRow) -> Ordering {
    let largest_first = |value: &dyn Fn(&TenantRow) -> f64| value(b).total_cmp(&value(a));
    match column {
        // The rows come in this order.
        Column::Level => Ordering::Equal,
        Column::Name => a.owner.name().to_lowercase().cmp(&b.owner.name().to_lowercase()),
        Column::Spent => b.usage.cost.likely.cmp(&a.usage.cost.likely),
        Column::Used => largest_first(&|row| row.worst_budget().map_or(-1.0, |budget| budget.used)),
        Column::Pace => largest_first(&|row| {
            row.worst_budget().and_then(super::super::domain::view::BudgetRow::pace).unwrap_or(-1.0)
        }),
        Column::Rate => largest_first(&|row| row.rates.usd_per_hour),
        Column::Tokens => largest_first(&|row| row.rates.tokens_per_minute),
        Column::Requests => largest_first(&|row| row.rates.requests_per_minute),
        Column::Errors => largest_first(&|row| row.rates.errors_per_minute),
        Column::Throttles => largest_first(&|row| row.rates.throttles_per_minute),
        Column::Latency => largest_first(&|row| row.rates.latency_ms.unwrap_or(-1.0)),
        Column::Age => b.data_age.cmp(&a.data_age),
    }
}
