//! The collector without a screen: for a service manager. It says on standard error what changes.

use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

use color_eyre::eyre::Result;
use jiff::Timestamp;
use sd_notify::NotifyState;

use crate::domain::event::LevelChange;
use crate::domain::health::Health;
use crate::domain::ids::ScopeName;
use crate::domain::text::printable;
use crate::domain::update::Update;
use crate::domain::view::{FleetView, ScopeRow};
use crate::run::seat::{Plan, Seat, Shared};
use crate::run::service::{self, Status};
use crate::run::signals::{Request, Signals};

/// The exit code of SIGHUP.
const HANGUP: u8 = 128 + 1;

/// Collects until a signal ends it; gives the exit code: 0 after SIGTERM, 130 after SIGINT. SIGHUP has the config read
/// again; in a terminal it says that this is gone, and ends it with 0 as well.
///
/// # Errors
/// When another bedtop owns the store, it cannot be opened, or the engine fails.
pub async fn collect(shared: Shared, mut out: impl Write) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let config = Arc::clone(&shared.config);
    let has_terminal = std::io::stdin().is_terminal();
    let mut seat = Seat::take(Plan::Owner(shared));
    seat.attend();
    let mut news = config.news();
    let mut reporter = Reporter::default();
    let mut status = Status::default();
    let code = loop {
        tokio::select! {
            request = signals.next() => match request {
                Request::End(130) => break 130,
                Request::End(HANGUP) if !has_terminal => {
                    service::reloading();
                    config.ask();
                }
                Request::End(_) => break 0,
                Request::Suspend => {}
            },
            Ok(()) = news.changed() => {
                let faults = news.borrow_and_update().faults.clone();
                say_news(&faults, &mut out)?;
                status.reloaded(faults);
            }
            changed = seat.updates.changed() => {
                let update = seat.updates.borrow_and_update().clone();
                match update {
                    Update::View(published) if changed.is_ok() => {
                        reporter.report(&published.view, &mut out)?;
                        status.report(&published.view);
                    }
                    Update::Opening => {}
                    _ => break 1,
                }
            }
        }
    };
    service::tell(&[NotifyState::Stopping]);
    seat.leave().await?;
    Ok(code)
}

/// Says what is new since the last view.
#[derive(Debug, Default)]
struct Reporter {
    last_change: Option<Timestamp>,
    scopes: HashMap<ScopeName, (Health, Option<String>)>,
}

impl Reporter {
    fn report(&mut self, view: &FleetView, out: &mut impl Write) -> std::io::Result<()> {
        for change in view.log.iter().filter(|change| Some(change.at) > self.last_change) {
            writeln!(out, "{}", change_line(change))?;
        }
        self.last_change = view.log.last().map(|change| change.at).max(self.last_change);
        for scope in &view.scopes {
            let kind = scope.fault.as_ref().map(|fault| fault.kind.clone());
            let state = (scope.health, kind);
            if self.scopes.insert(scope.scope.clone(), state.clone()) != Some(state) {
                writeln!(out, "{} {}", view.at, scope_line(scope))?;
            }
        }
        out.flush()
    }
}

/// The config was read again.
fn say_news(faults: &[String], out: &mut impl Write) -> std::io::Result<()> {
    let said = if faults.is_empty() { "in force as the file has it".to_owned() } else { printable(&faults.join(", ")) };
    writeln!(out, "{} config: {said}", Timestamp::now())?;
    out.flush()
}

fn change_line(change: &LevelChange) -> String {
    let subject = printable(change.alert.subject.name());
    let reason = printable(&change.reason);
    let signal = change.alert.signal.name();
    format!("{} {} {subject} {signal} (was {}): {reason}", change.at, change.level.name(), change.previous.name())
}

fn scope_line(scope: &ScopeRow) -> String {
    let why = scope.fault.as_ref().map(|fault| format!(": {}; {}", fault.message, fault.remedy)).unwrap_or_default();
    format!("{} {}{}", printable(scope.scope.as_str()), scope.health.name(), printable(&why))
}
