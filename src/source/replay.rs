//! A recorded usage trace: a CSV, gz too, played back as if it were live.
//!
//! [`table`] turns lines into rows and refuses the malformed ones with their number; [`recording`] sorts rows into
//! profiles and bins; the [`ReplaySource`] shows of a recording what is known by an instant.

#[cfg(test)]
mod fuzz;
mod recorded;
mod recording;
mod scoped;
mod table;

pub use recorded::RecordedHistory;
pub use recording::Recording;
pub(super) use recording::open;
pub use scoped::ReplaySource;
