//! The demo's simulated fleet: a pure function of seed, profile and time, with a story that an on-call engineer
//! would recognise. Any span can be asked for in any order and gives the same points.
//!
//! [`fleet`] makes tenants and profiles, [`shape`] says how busy they are by the hour, [`story`] what happens to
//! them, [`meters`] turns that into counts, [`budgets`] sets budgets that fit the story, [`terms`]
//! what tenants pay.

mod budgets;
mod fleet;
mod meters;
mod noise;
mod shape;
mod simulator;
mod story;
mod terms;

use jiff::Timestamp;

pub use budgets::{budgets, pools};
pub use fleet::Fleet;
pub use simulator::{DemoSource, sources};
pub use story::Scenario;
pub use terms::contracts;

/// When the demo begins: 2026-11-19T13:00:00Z, a Thursday, shortly before the daily peak.
pub const START: Timestamp = Timestamp::constant(1_795_093_200, 0);

#[cfg(test)]
mod tests;
