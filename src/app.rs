//! The screen's state, without a terminal: events in, effects out.
//!
//! [`action`] is the one table of what can be done and by which key; [`update`](update::update) is the one function
//! that changes the [`State`]. Time is an argument: a monotonic duration since the program began.

pub mod action;
pub mod filter;
pub mod order;
pub mod state;
pub mod update;

#[cfg(test)]
pub mod fixtures;
#[cfg(test)]
mod tests;

pub use state::State;
pub use update::{Effect, Event, update};
