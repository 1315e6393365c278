//! Many panes, one owner: the history is open in one process, and the others are shown what it says.
//!
//! The owner listens at a Unix socket ([`place`]) that only its user can reach. A pane greets, is sent the whole view
//! once and then only what changes ([`patch`]), as often as it takes it. It can watch a tenant in depth and ask what
//! the owner's own screen can ask. Messages are frames of packed bytes of bounded size ([`wire`]); whatever comes is
//! either understood or ends the connection.

mod client;
mod error;
#[cfg(test)]
mod fuzz;
mod packed;
mod patch;
mod picture;
pub mod place;
mod protocol;
mod serve;
mod server;
mod wire;

#[cfg(test)]
mod tests;

pub use client::Client;
pub use error::LinkError;
pub use protocol::{Answer, Ask, Grain, Hello, PROTOCOL, Piece, SCHEMA, SeriesQuery};
pub use server::{Host, Server};
