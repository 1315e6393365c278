//! The collector: asks a source again and again and sends on what it answers, with the health of the data.
//!
//! One [`Collector`] a scope; none waits for another. [`poller`] makes one poll, [`schedule`] says which series are
//! due, [`purse`] keeps the cost of all of them below its ceiling, [`backfill`] knows what is missing of the past, and
//! [`simulate`] tells what all that costs and how fresh it is.

mod backfill;
mod clock;
mod collector;
mod poller;
mod purse;
mod roster;
mod schedule;
pub mod simulate;

#[cfg(test)]
mod tests;

pub use clock::{Clock, Hand};
pub use collector::{CollectSettings, Collector, Delivery, Finer, Known};
pub use purse::Purse;
