//! Signals, levels and the log of changes.
//!
//! Each signal is a file with one pure function that looks at figures and gives an [`Assessment`]. The
//! [`machine`] turns what the signals say, step after step, into standing levels and a log of changes.
//!
//! [`Assessment`]: crate::domain::view::Assessment

pub mod anomaly;
pub mod budget;
pub mod burn;
pub mod calls;
pub mod commitment;
pub mod coverage;
pub mod data;
pub mod everybody;
pub mod explain;
pub mod forecast;
pub mod machine;
pub mod margin;
pub mod quota;
