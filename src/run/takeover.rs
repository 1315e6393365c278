//! Who owns the history: attach to the owner if there is one, else become it; when it ends, race for its place.
//!
//! The lock of the history decides the race, nothing else does. Whoever gets it serves the others; whoever does not
//! attaches to the winner. Between two tries everyone waits a little, each a time of its own.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Report, Result, eyre};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use crate::domain::update::{Gaze, Update};
use crate::history::StoreError;
use crate::link::{Client, Hello, LinkError, place};
use crate::run::attach;
use crate::run::own::{self, Socket};
use crate::run::seat::{Plan, Shared, Wish};

/// The shortest and the longest wait between two tries, in milliseconds.
const BETWEEN_TRIES: (u64, u64) = (10, 50);
/// How long to wait where trying again at once is of no use.
const LATER: Duration = Duration::from_secs(1);
/// How long a program that starts waits for an owner that does not answer: it may be opening a large history.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one that must be the owner waits for the lock: it is freed a moment after a process has died.
const OWNER_PATIENCE: Duration = Duration::from_secs(3);

/// The ends of a seat that whoever fills it holds.
pub(super) struct Part {
    /// Where updates go.
    pub(super) updates: watch::Sender<Update>,
    /// What is to be said of the seat.
    pub(super) notes: watch::Sender<Option<String>>,
    /// Counts up when a receiver rings the terminal's bell.
    pub(super) bell: watch::Sender<u64>,
    /// Whether this process is the owner.
    pub(super) owns: watch::Sender<bool>,
    /// What is looked at.
    pub(super) watched: watch::Receiver<Gaze>,
    /// What is asked.
    pub(super) wishes: mpsc::Receiver<Wish>,
    /// Turns true when the history should be let go of for a while.
    pub(super) held: watch::Receiver<bool>,
    /// Turns true at the end.
    pub(super) stopped: watch::Receiver<bool>,
}

/// How a turn at filling the seat ended.
pub(super) enum Turn {
    /// The seat is left.
    Left,
    /// The history was let go of.
    Released,
    /// The owner in another process has gone.
    Lost(LinkError),
    /// The history could not be opened, or the engine has ended; the latter only ever after a while.
    Failed(Report),
}

impl Part {
    /// Passes an update on. A history that is opened again is no news to who has seen it.
    pub(super) fn show(&self, update: Update) {
        if matches!(update, Update::View(_)) {
            self.updates.send_replace(update);
        }
    }

    /// Says something of the seat, or nothing.
    pub(super) fn note(&self, note: Option<&str>) {
        self.notes.send_if_modified(|now| {
            let is_new = now.as_deref() != note;
            *now = note.map(str::to_owned);
            is_new
        });
    }

    /// Whether anything was ever shown.
    pub(super) fn has_shown(&self) -> bool {
        matches!(*self.updates.borrow(), Update::View(_))
    }

    /// Waits; gives whether the seat is still taken then.
    async fn wait(&mut self, time: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = turned(&mut self.stopped) => false,
        }
    }
}

/// Fills a seat until it is left.
pub(super) async fn fill(mut part: Part, plan: Plan) -> Result<()> {
    match plan {
        Plan::Alone(prepare) => match own::turn(&mut part, prepare, Socket::None).await {
            Turn::Failed(report) => Err(report),
            Turn::Left | Turn::Released | Turn::Lost(_) => Ok(()),
        },
        Plan::Owner(shared) => only_own(&mut part, &shared).await,
        Plan::Shared(shared) => share(&mut part, &shared).await,
        Plan::Guest(path) => visit(&mut part, &path).await,
    }
}

/// Attaches or owns, whatever can be had, again and again.
async fn share(part: &mut Part, shared: &Shared) -> Result<()> {
    let mut since = Instant::now();
    let mut fault: Option<LinkError> = None;
    loop {
        if *part.held.borrow() && !hold(part).await {
            return Ok(());
        }
        let watched = part.watched.borrow().clone();
        match attach_to(shared, watched).await {
            Ok(client) => {
                let Turn::Lost(error) = attach::turn(part, client).await else { return Ok(()) };
                info!(%error, "the owner of the history has gone");
                part.note(Some("owner gone, taking over"));
                (since, fault) = (Instant::now(), None);
            }
            Err(LinkError::Absent(_)) => {}
            Err(error) => fault = Some(error),
        }
        let turn = own::turn(part, prepare(shared), Socket::Of(shared.clone())).await;
        let report = match turn {
            Turn::Left => return Ok(()),
            Turn::Released | Turn::Lost(_) => continue,
            Turn::Failed(report) => report,
        };
        if *part.owns.borrow() {
            return Err(report);
        }
        let wait = pause_after(part, &report, since, &mut fault).ok_or_else(|| explain(report, fault.take()))?;
        if !part.wait(wait).await {
            return Ok(());
        }
    }
}

/// How long to wait before the next try; none where a program that has just begun gives up. One that has shown
/// something never does: it says why it is not up to date.
fn pause_after(part: &Part, report: &Report, since: Instant, fault: &mut Option<LinkError>) -> Option<Duration> {
    let is_waiting = is_locked(report) && !matches!(fault, Some(LinkError::Refused(_) | LinkError::Stranger { .. }));
    if is_waiting && (part.has_shown() || since.elapsed() < PATIENCE) {
        if since.elapsed() > LATER {
            part.note(Some("the owner does not answer"));
        }
        return Some(jitter());
    }
    if !part.has_shown() {
        return None;
    }
    warn!(%report, "the history cannot be taken over");
    part.note(Some(if is_locked(report) { "the owner is another version" } else { "the history cannot be opened" }));
    Some(LATER)
}

fn explain(report: Report, fault: Option<LinkError>) -> Report {
    match fault {
        Some(fault) => Report::new(fault).wrap_err("could not attach to the bedtop that has the history open"),
        None => report,
    }
}

/// Waits until it may go on; gives whether the seat is still taken then.
async fn hold(part: &mut Part) -> bool {
    tokio::select! {
        Ok(_) = part.held.wait_for(|held| !held) => true,
        () = turned(&mut part.stopped) => false,
    }
}

async fn only_own(part: &mut Part, shared: &Shared) -> Result<()> {
    let since = Instant::now();
    loop {
        if let Ok(client) = attach_to(shared, Gaze::default()).await {
            return Err(owned_by(&client.owner, shared));
        }
        match own::turn(part, prepare(shared), Socket::Of(shared.clone())).await {
            Turn::Failed(report) if is_locked(&report) && since.elapsed() < OWNER_PATIENCE => {}
            Turn::Failed(report) => return Err(report),
            Turn::Left | Turn::Released | Turn::Lost(_) => return Ok(()),
        }
        if !part.wait(jitter()).await {
            return Ok(());
        }
    }
}

fn owned_by(owner: &Hello, shared: &Shared) -> Report {
    eyre!(
        "another bedtop (process {}) has the history in {} open and collects into it already: this one is not needed; \
         end that one first, or choose another folder with --store",
        owner.process,
        shared.store.display()
    )
}

/// Attaches to whoever listens at a path, and again when it has gone.
async fn visit(part: &mut Part, path: &Path) -> Result<()> {
    loop {
        let watched = part.watched.borrow().clone();
        match Client::attach(path, watched).await {
            Ok(client) => match attach::turn(part, client).await {
                Turn::Lost(error) => info!(%error, "the owner of the history has gone"),
                Turn::Left | Turn::Released | Turn::Failed(_) => return Ok(()),
            },
            Err(error) if !part.has_shown() => return Err(Report::new(error).wrap_err("could not attach")),
            Err(error) => info!(%error, "could not attach again"),
        }
        part.note(Some("owner gone, waiting for the next"));
        if !part.wait(jitter() * 4).await {
            return Ok(());
        }
    }
}

async fn attach_to(shared: &Shared, watched: Gaze) -> Result<Client, LinkError> {
    let path = socket_of(&shared.store).ok_or_else(|| LinkError::Absent(shared.store.clone()))?;
    Client::attach(&path, watched).await
}

/// The socket of a history.
pub(super) fn socket_of(store: &Path) -> Option<PathBuf> {
    place::socket(store, |name| std::env::var(name).ok())
}

fn prepare(shared: &Shared) -> crate::run::session::Prepare {
    let reopen = shared.reopen.clone();
    Box::new(move || reopen())
}

/// Whether another process has the history open.
#[must_use]
pub fn is_locked(report: &Report) -> bool {
    report.chain().any(|cause| matches!(cause.downcast_ref(), Some(StoreError::Locked(_))))
}

/// Waits until a switch has turned true.
pub(super) async fn turned(switch: &mut watch::Receiver<bool>) {
    if switch.wait_for(|is_on| *is_on).await.is_err() {
        // Nobody is left to turn it.
        std::future::pending::<()>().await;
    }
}

/// A wait that is different in every process.
fn jitter() -> Duration {
    let (shortest, longest) = BETWEEN_TRIES;
    let chance = RandomState::new().build_hasher().finish();
    Duration::from_millis(shortest + chance % (longest - shortest))
}
