//! A screen's seat: it is shown what the owner of the history says, be that this process or another.
//!
//! A plan says how the seat is filled. [`Plan::Alone`] is the owner of a history that nobody shares. [`Plan::Shared`]
//! attaches to the owner of the history if there is one, else becomes it, and takes over when the owner ends.
//! [`Plan::Owner`] is the owner or nothing. [`Plan::Guest`] only ever attaches. Whoever is shown the updates does not
//! notice the difference.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr, eyre};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::domain::action::Action;
use crate::domain::update::{Gaze, Update};
use crate::link::{Answer, Ask};
use crate::run::reload::LiveConfig;
use crate::run::service;
use crate::run::session::Prepare;
use crate::run::setup::Prepared;
use crate::run::takeover::{self, Part};

/// How many wishes may wait.
const WISHES_WAITING: usize = 16;
/// How long letting go of the history may take before the program stops all the same.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);

/// Opens the history as often as it is asked to.
pub type Reopen = Arc<dyn Fn() -> Result<Prepared> + Send + Sync>;

/// A history that several processes show.
#[derive(Clone)]
pub struct Shared {
    /// The folder of the history.
    pub store: PathBuf,
    /// Opens it.
    pub reopen: Reopen,
    /// What it is judged by.
    pub config: Arc<LiveConfig>,
}

/// How a seat is filled.
pub enum Plan {
    /// By the owner of a history that is nobody else's.
    Alone(Prepare),
    /// By the owner of the history: another process, or this one.
    Shared(Shared),
    /// By this process, or not at all.
    Owner(Shared),
    /// By the owner that listens at a socket.
    Guest(PathBuf),
}

/// What a screen wants of the owner, and where the answer goes.
#[derive(Debug)]
pub struct Wish {
    /// What it asks.
    pub ask: Ask,
    /// Who wants to know, if anyone does.
    pub answer: Option<oneshot::Sender<Answer>>,
}

/// A screen's seat.
pub struct Seat {
    /// The newest of what the owner says.
    pub updates: watch::Receiver<Update>,
    /// What is to be said of the seat itself, in a few words.
    pub notes: watch::Receiver<Option<String>>,
    /// Counts up when a receiver rings the terminal's bell.
    pub bell: watch::Receiver<u64>,
    watched: watch::Sender<Gaze>,
    wishes: mpsc::Sender<Wish>,
    held: watch::Sender<bool>,
    owns: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
    work: JoinHandle<Result<()>>,
}

impl Seat {
    /// Begins to fill the seat. Returns at once.
    #[must_use]
    pub fn take(plan: Plan) -> Self {
        let (updates_in, updates) = watch::channel(Update::Opening);
        let (notes_in, notes) = watch::channel(None);
        let (bell_in, bell) = watch::channel(0);
        let (watched, watched_out) = watch::channel(Gaze::default());
        let (wishes, wishes_out) = mpsc::channel(WISHES_WAITING);
        let (held, held_out) = watch::channel(false);
        let (owns_in, owns) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let part = Part {
            updates: updates_in.clone(),
            notes: notes_in,
            bell: bell_in,
            owns: owns_in,
            watched: watched_out,
            wishes: wishes_out,
            held: held_out,
            stopped,
        };
        let work = tokio::spawn(async move {
            let ended = takeover::fill(part, plan).await;
            updates_in.send_replace(Update::Ended);
            ended
        });
        Self { updates, notes, bell, watched, wishes, held, owns, stop, work }
    }

    /// Looks at something beside the fleet as it is now.
    pub fn watch(&self, gaze: Gaze) {
        self.watched.send_replace(gaze);
    }

    /// Asks every collector to poll now.
    pub fn refresh(&self) {
        // Where many are waiting already, one less makes no difference.
        let _ = self.wishes.try_send(Wish { ask: Ask::Refresh, answer: None });
    }

    /// Does something about alerts, if there is something to do.
    pub fn act(&self, action: Option<Action>) {
        let Some(action) = action else { return };
        // Where many are waiting already the user presses the key again.
        let _ = self.wishes.try_send(Wish { ask: Ask::Act(action), answer: None });
    }

    /// Has a dead letter sent again.
    pub fn resend(&self, key: String) {
        // Where many are waiting already the user presses the key again.
        let _ = self.wishes.try_send(Wish { ask: Ask::Resend(key), answer: None });
    }

    /// Asks the owner something.
    ///
    /// # Errors
    /// When there is no owner just now.
    pub async fn ask(&self, ask: Ask) -> Result<Answer> {
        let (answer_in, answer) = oneshot::channel();
        let gone = || eyre!("the owner of the history has just ended: ask again in a second");
        self.wishes.send(Wish { ask, answer: Some(answer_in) }).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }

    /// Tells the service manager, if there is one, that this process is ready and lives.
    pub fn attend(&self) {
        let watchdog = sd_notify::watchdog_enabled();
        tokio::spawn(service::attend(self.owns.clone(), self.wishes.clone(), watchdog, service::tell));
    }

    /// Lets go of the history before this process stops for a while, so that another may take it.
    pub async fn release(&mut self) {
        self.held.send_replace(true);
        // One that cannot be let go of is kept: stopping is what the user wants.
        let _ = tokio::time::timeout(RELEASE_WITHIN, self.owns.wait_for(|owns| !owns)).await;
    }

    /// Goes on after [`Seat::release`].
    pub fn resume(&self) {
        self.held.send_replace(false);
    }

    /// Leaves the seat. Where this process is the owner, what is stored is stored; requests in flight are dropped.
    ///
    /// # Errors
    /// What ended the owner, if it did not end well.
    pub async fn leave(self) -> Result<()> {
        self.stop.send_replace(true);
        self.work.await.wrap_err("could not wait for the engine")?
    }
}
