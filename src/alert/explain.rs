//! Why an alert fires: the explanation of it, from figures that the judge read out of the history.
//!
//! Three pure parts: [`split`] takes the change against expected apart, exactly; [`verdict`] weighs the signs of a spike
//! against those of a problem; [`waiting`] tells what it costs to do nothing.

pub mod split;
pub mod verdict;
pub mod waiting;
