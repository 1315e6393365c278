//! The embedded history: points and events in a sled store, read through [`History`].
//!
//! Layout, under keys that sort by time: a row a minute of all young points ([`row`]); three hours after its end an
//! hour becomes blocks ([`block`]); when a day is over, its points become one compressed chunk a profile ([`chunk`]), and
//! sums of five minutes and of hours are written to the tiers that outlive them ([`tier`]). What is young is held in
//! memory as well ([`head`]). Profiles with their versions, the outcome of every poll, changes of level and the named
//! spaces of other rooms ([`spaces`]) lie beside them. Every value carries a checksum over key and value; one that does
//! not hold is set aside and told.
//!
//! What sled 0.34 needs (segments of 2 MiB, values of at most 24 KiB, batches of at most 200, a sync of our own
//! after its flush) is in [`engine`] and nowhere else; its idle threads are let sleep ([`pool`]). Files are replaced by copies only ([`swap`]).
//!
//! [`History`]: crate::domain::history::History

pub mod archive;
mod block;
pub mod care;
mod chunk;
mod codec;
mod columns;
mod copy;
mod engine;
mod error;
mod format_1;
#[cfg(test)]
mod fuzz;
mod head;
mod journal;
mod keys;
mod lag;
mod load;
mod maintain;
mod migrate;
mod open;
pub mod panics;
pub mod parts;
pub mod pool;
mod reader;
mod row;
mod sets;
mod spaces;
mod status;
mod store;
mod swap;
mod take;
mod tier;
mod touched;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use store::{Retention, Store, StoreOptions};
