//! The terminal as a value: entered, drawn on, and restored on every path.

pub mod capability;
pub mod guard;
pub mod screen;
