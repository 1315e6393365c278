//! What is to be expected: of a budget's period, of the present speed, of the steps a sparkline shows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::BudgetId;
use crate::domain::time::TimeSpan;

/// What a period will come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeriodForecast {
    /// Of which budget; `None` where there is none and the fleet's month is forecast.
    pub budget: Option<BudgetId>,
    /// The period.
    pub span: TimeSpan,
    /// What the period will have come to at its end, in dollars or in the budget's meter.
    pub total: f64,
    /// The bounds that hold with 80 %.
    pub interval80: (f64, f64),
    /// The bounds that hold with 95 %.
    pub interval95: (f64, f64),
    /// How likely the period ends above the budget, 0 to 1; `None` without a budget.
    pub overrun: Option<f64>,
    /// When the budget will be gone; `None` where that is not to be expected in this period.
    pub gone: Option<GoneWhen>,
    /// Hours of history it is made from.
    pub history_hours: f64,
}

/// When a budget will be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneWhen {
    /// Only 10 % of courses use it up before.
    pub early: Timestamp,
    /// As likely before as after; `None`: rather not in this period.
    pub median: Option<Timestamp>,
    /// Only 10 % of courses have some left then; `None`: more than 10 % have some left at the period's end.
    pub late: Option<Timestamp>,
}

/// Speed of spending against what the own past lets expect for the same hours; 1 is as ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    /// Over the last hour; `None` where nothing is to be expected.
    pub hour: Option<f64>,
    /// Over the last six hours.
    pub six_hours: Option<f64>,
}

/// The band that each step of a sparkline was expected in, in its unit, and those that come next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectedBand {
    /// The expected value of each step.
    pub mean: Vec<f64>,
    /// Below it only 10 % were to be expected.
    pub low: Vec<f64>,
    /// Above it only 10 % were to be expected.
    pub high: Vec<f64>,
}
