//! The embedded history: points and events in a sled store, read through [`History`].
//!
//! Layout, under keys that sort by time: one row a minute for the young points of all profiles, which are also
//! held in memory ([`head`]); when a day is over, one compressed chunk a profile ([`chunk`]) and one row of hourly
//! sums. Profiles with their versions, the outcome of every poll, changes of level and the alert machine's
//! checkpoint lie beside them. Every value carries a checksum; one that does not hold is set aside and told.
//!
//! What sled 0.34 needs (segments of 2 MiB, values of at most 24 KiB, batches of at most 200, a sync of our own
//! after its flush) is in [`engine`] and nowhere else.
//!
//! [`History`]: crate::domain::history::History

mod chunk;
mod codec;
mod engine;
mod error;
mod five_minutes;
mod head;
mod journal;
mod keys;
mod lag;
mod load;
mod maintain;
mod open;
mod reader;
mod row;
mod sealed;
mod spaces;
mod status;
mod store;

#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use store::{Retention, Store, StoreOptions};
