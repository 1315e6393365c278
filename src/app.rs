//! The screen's state, without a terminal: events in, effects out.
//!
//! [`action`] is the one table of what can be done and by which key, [`keymap`] what of it a config binds otherwise;
//! [`update`](update::update) is the one function that changes the [`State`]. [`filter`] is the grammar of filters, here
//! and in one-shot commands. Time is an argument: a monotonic duration since the program began.

pub mod action;
pub mod column;
pub mod command;
pub mod filter;
#[cfg(test)]
mod fuzz;
pub mod key;
pub mod keymap;
pub mod list;
pub mod money;
pub mod order;
pub mod prompt;
pub mod range;
pub mod state;
pub mod update;

#[cfg(test)]
pub mod fixtures;
#[cfg(test)]
mod tests;

pub use state::State;
pub use update::{Effect, Event, update};
