//! A whole file in one go: every bin is stored and judged in the order of time, as it would have been live.

use std::path::Path;

use color_eyre::eyre::Result;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::domain::view::{FleetView, Mode};
use crate::history::{Retention, Store};
use crate::judge::policy::{Policy, UsageWindow};
use crate::report::alerts::AlertReport;
use crate::run::engine::{Command, Engine};
use crate::run::setup;
use crate::source::replay::Recording;

/// Judges the recording to its end; `usage` of the view sums over the whole file.
///
/// # Errors
/// When the temporary store cannot be written.
pub fn judge_recording(recording: &Recording, policy: Policy) -> Result<FleetView> {
    let folder = TempDir::with_prefix("bedtop-")?;
    let store = setup::temporary_store(folder.path(), recording.step(), Retention::forever())?;
    let policy = Policy { mode: Mode::Replay, usage_window: UsageWindow::Everything, ..policy };
    Ok(engine_over(recording, store, policy).view())
}

/// The recording as a history in a folder, and the instant at which its last bin has closed.
///
/// # Errors
/// When the folder cannot be written to.
pub fn store_recording(recording: &Recording, folder: &Path) -> Result<(Store, Timestamp)> {
    let mut store = setup::temporary_store(folder, recording.step(), Retention::forever())?;
    let mut now = recording.span().end;
    for batch in recording.batches() {
        store.apply(&batch)?;
        now = now.max(batch.poll.at);
    }
    Ok((store, now))
}

/// The alerts at the recording's end and the log from an instant on, which is counted from the end.
///
/// # Errors
/// When the temporary store cannot be written.
pub fn alerts_of(
    recording: &Recording,
    policy: Policy,
    since: &dyn Fn(Timestamp) -> Timestamp,
    explains: bool,
) -> Result<AlertReport> {
    let folder = TempDir::with_prefix("bedtop-")?;
    let store = setup::temporary_store(folder.path(), recording.step(), Retention::forever())?;
    let policy = Policy { mode: Mode::Replay, ..policy };
    Ok(engine_over(recording, store, policy).alerts(since, explains))
}

/// An engine that has judged the recording to its end.
#[must_use]
pub fn engine_over(recording: &Recording, store: Store, policy: Policy) -> Engine {
    let mut engine = Engine::new(store, policy, recording.span().start);
    let mut batches = recording.batches().peekable();
    while let Some(batch) = batches.next() {
        let closed = batch.poll.at;
        engine.handle(Command::Store(Box::new(batch)));
        // A step judges what all scopes brought by then.
        if batches.peek().is_none_or(|next| next.poll.at > closed) {
            engine.handle(Command::Step(closed));
        }
    }
    engine
}

#[cfg(test)]
mod night;
