//! The terminal as a value: entered, drawn on, and restored on every path.

pub mod background;
pub mod capability;
pub mod clipboard;
mod encode;
pub mod guard;
mod look;
pub mod screen;
