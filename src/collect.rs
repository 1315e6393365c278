//! The collector: asks a source again and again and sends on what it answers, with the health of the data.
//!
//! One [`Collector`] a scope. Young points are asked for in steps, with a window that is asked again because they
//! still change; what is older than 6 hours is fetched once, by the hour. [`plan`] keeps the cost below its ceiling.

mod backfill;
mod clock;
mod collector;
mod plan;
mod poller;

#[cfg(test)]
mod tests;

pub use clock::Clock;
pub use collector::{CollectSettings, Collector};
