//! Expected usage with intervals that can be believed: what a series will use by the hour and in total, when an
//! amount is gone, and how odd a single value is.
//!
//! Everything here is a pure function of an hourly series in any unit (dollars, tokens, requests): no clock, no
//! input or output, no randomness. Shared budgets are forecast from the sum of their members' series; quantiles are
//! never added.

pub mod anomaly;
mod band;
mod exhaustion;
mod level;
mod model;
mod prior;
mod profile;
mod series;
pub mod spread;
mod total;
pub mod track;

#[cfg(test)]
mod tests;

pub use band::Band;
pub use exhaustion::Exhaustion;
pub use model::{Factor, Model};
pub use prior::Prior;
pub use profile::{Shrinkage, WeekProfile};
pub use series::HourlySeries;
pub use total::TotalForecast;
