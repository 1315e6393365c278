//! One look at a fleet and at what is in it in depth, for a picture: at a file, at the history, at the demo.

use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::domain::update::{Gaze, Update};
use crate::domain::view::{FleetView, TenantDetail};
use crate::link::Host;
use crate::run::desk::OWN_PANE;
use crate::run::engine::Engine;
use crate::run::session::{Prepare, Session};

/// How long a running engine may take to show what is asked for.
const PATIENCE: Duration = Duration::from_mins(2);

/// What can be looked at.
pub enum Looked {
    /// The fleet alone, as the owner of the history shows it.
    Fleet(Arc<FleetView>),
    /// An engine that stands still.
    Engine(Box<Engine>),
    /// An engine that runs, from an instant on.
    Running(Running),
}

/// A running engine and what it runs on.
pub struct Running {
    runtime: Runtime,
    session: Session,
    from: Timestamp,
}

impl Running {
    /// Starts an engine that is looked at from an instant of its own time on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(runtime: Runtime, prepare: Prepare, from: Timestamp) -> Result<Self> {
        let session = runtime.block_on(async { Session::start(prepare) })?;
        Ok(Self { runtime, session, from })
    }

    /// Whether the moment has come and the past is there that levels need.
    fn is_ready(&self, view: &FleetView) -> bool {
        view.at >= self.from && !view.scopes.iter().any(|scope| scope.collecting.is_filling)
    }

    fn see(&self, gaze: &Gaze) -> Result<(Arc<FleetView>, Option<Arc<TenantDetail>>)> {
        self.session.desk.watch(OWN_PANE, gaze.clone());
        let mut updates = self.session.desk.updates.clone();
        let seen = async {
            loop {
                match &*updates.borrow_and_update() {
                    Update::View(published) if self.is_ready(&published.view) => {
                        let (view, detail) = published.seen_by(gaze);
                        let is_answered = *gaze == Gaze::default() || published.sights.iter().any(|s| s.gaze == *gaze);
                        if is_answered {
                            return Ok((view, detail));
                        }
                    }
                    Update::Ended => bail!("it ended before there was anything to show"),
                    Update::View(_) | Update::Opening => {}
                }
                updates.changed().await.wrap_err("it ended before there was anything to show")?;
            }
        };
        let late = || eyre!("there was nothing to show within {} s", PATIENCE.as_secs());
        self.runtime.block_on(async { timeout(PATIENCE, seen).await }).map_err(|_| late())?
    }
}

impl Looked {
    /// What a gaze sees.
    ///
    /// # Errors
    /// When a running engine ends, or takes too long.
    pub fn see(&mut self, gaze: &Gaze) -> Result<(Arc<FleetView>, Option<Arc<TenantDetail>>)> {
        match self {
            Self::Fleet(view) => Ok((Arc::clone(view), None)),
            Self::Engine(engine) => Ok(engine.look(gaze)),
            Self::Running(running) => running.see(gaze),
        }
    }

    /// Ends what runs.
    ///
    /// # Errors
    /// What ended the engine, if it did not end well.
    pub fn end(self) -> Result<()> {
        match self {
            Self::Running(running) => running.runtime.block_on(running.session.end()),
            Self::Fleet(_) | Self::Engine(_) => Ok(()),
        }
    }
}
