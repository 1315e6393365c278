//! Joins source, history, judge and screen, and ends them again.
//!
//! One thread, the [`engine`], owns the store and the judge; nothing else touches them. Collectors send it
//! batches through a bounded queue, and it publishes the newest view; a slow reader skips to the newest and
//! never holds it up. The [`console`] is one such reader, [`headless`] collecting another; each has a [`seat`], which is
//! filled by an engine here or by that of another process, so that many panes show one history. What the judge wants
//! people to be told goes out through [`responses`]. The config is read again by [`reload`] when it has changed. [`offline`] does
//! the same in one go over a file. [`doctor`] looks at what all of it depends on, [`discover`] at
//! what the first config can say. [`metrics`] serves
//! the view to Prometheus, [`otlp`] pushes it to OpenTelemetry; [`service`] tells a service manager how it goes. What goes on is told in a log file by [`logging`], never on the terminal.

pub mod act;
mod acting;
pub mod answers;
pub mod attach;
pub mod backtest;
pub mod console;
pub mod copying;
pub mod desk;
pub mod discover;
pub mod doctor;
pub mod engine;
pub mod headless;
pub mod letters;
pub mod logging;
pub mod look;
pub mod metrics;
pub mod offline;
mod otlp;
mod own;
pub mod reload;
pub mod responses;
mod scopes;
pub mod seat;
mod service;
pub mod session;
pub mod setup;
pub mod signals;
pub mod takeover;
pub mod transfer;

/// Panics if the environment asks for it, so that a test can see the terminal restored. Release builds never do.
fn rehearse_panic(place: &str) {
    let asked = cfg!(debug_assertions) && std::env::var("BEDTOP_REHEARSE_PANIC").is_ok_and(|asked| asked == place);
    assert!(!asked, "a rehearsed panic");
}
