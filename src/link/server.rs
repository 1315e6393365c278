//! The owner's side: lets the panes of its user in and serves each in a task of its own.

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tracing::{debug, info};

use crate::domain::update::{Gaze, Update};
use crate::link::error::LinkError;
use crate::link::place::{self, user};
use crate::link::protocol::{Answer, Ask, Greeting, Hello};
use crate::link::serve::{self, Shelf};
use crate::link::wire::{self, Incoming, Outgoing};

/// How many panes are served at a time.
const MOST_PANES: usize = 64;
/// How long to wait when the system gives no more connections.
const BREATHER: Duration = Duration::from_millis(100);

/// What the owner lets panes reach.
pub trait Host: Clone + Send + Sync + 'static {
    /// The newest of what there is to show.
    fn updates(&self) -> watch::Receiver<Update>;
    /// Notes what a pane looks at.
    fn watch(&self, pane: u64, gaze: Gaze);
    /// Notes that a pane has gone.
    fn leave(&self, pane: u64);
    /// Does or answers what a pane asks.
    fn ask(&self, ask: Ask) -> impl Future<Output = Answer> + Send;
}

/// A socket that panes are served at. It goes with this value; that must be before the lock of the history goes.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens at a path and serves whoever comes. Only for the one who has the lock of the history: what is left at
    /// the path by an owner that died is replaced.
    ///
    /// # Errors
    /// When the folder is open to others, or the system refuses.
    pub fn start<H: Host>(path: &Path, host: H) -> Result<Self, LinkError> {
        place::secure(path.parent().unwrap_or(Path::new("/")))?;
        let listener = listen(path)?;
        info!(socket = %path.display(), "panes are served");
        Ok(Self { path: path.to_owned(), accepting: tokio::spawn(accept(listener, host)) })
    }

    /// Lets every pane go and removes the socket.
    pub async fn close(mut self) {
        self.remove();
        self.accepting.abort();
        // What was aborted has nothing to say.
        let _ = (&mut self.accepting).await;
    }

    fn remove(&self) {
        // One that is gone already is as good.
        let _ = fs::remove_file(&self.path);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.accepting.is_finished() {
            self.remove();
            self.accepting.abort();
        }
    }
}

/// Binds beside the path and moves the socket there: it is never open to others, and replaces what is stale at once.
fn listen(path: &Path) -> Result<UnixListener, LinkError> {
    let draft = path.with_extension(std::process::id().to_string());
    let failed = |cause| LinkError::Io { action: "listen at", path: path.to_owned(), cause };
    let _ = fs::remove_file(&draft);
    let listener = UnixListener::bind(&draft).map_err(failed)?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o600))
        .and_then(|()| fs::rename(&draft, path))
        .map_err(failed)?;
    Ok(listener)
}

/// Panes end with this task.
async fn accept<H: Host>(listener: UnixListener, host: H) {
    let shelf = Arc::new(Shelf::default());
    let seats = Arc::new(Semaphore::new(MOST_PANES));
    let mut panes = JoinSet::new();
    for number in 1.. {
        while panes.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(BREATHER).await;
            continue;
        };
        let (host, shelf, seats) = (host.clone(), Arc::clone(&shelf), Arc::clone(&seats));
        panes.spawn(async move {
            let ended = receive(stream, number, host, &shelf, &seats).await;
            debug!(pane = number, why = ended.err().map(|error| error.to_string()), "a pane has gone");
        });
    }
}

/// Serves a connection until it ends.
async fn receive<H: Host>(
    stream: UnixStream,
    number: u64,
    host: H,
    shelf: &Shelf,
    seats: &Semaphore,
) -> Result<(), LinkError> {
    check_user(&stream)?;
    let (mut incoming, mut outgoing) = wire::ways(stream, wire::FROM_PANE);
    let Ok(_seat) = seats.try_acquire() else {
        return refuse(&mut outgoing, format!("it serves {MOST_PANES} panes already: close one")).await;
    };
    let theirs = greet(&mut incoming, &mut outgoing).await?;
    if theirs.only_asks {
        return serve::answers(incoming, outgoing, host).await;
    }
    serve::pane(incoming, outgoing, number, host, shelf).await
}

async fn greet(incoming: &mut Incoming, outgoing: &mut Outgoing) -> Result<Hello, LinkError> {
    let theirs: Hello = incoming.greeting().await?;
    let ours = Hello::ours();
    match ours.discord(&theirs) {
        None => outgoing.send(&Greeting::Welcome(ours)).await.map(|()| theirs),
        Some(reason) => refuse(outgoing, reason).await,
    }
}

async fn refuse<T>(outgoing: &mut Outgoing, reason: String) -> Result<T, LinkError> {
    outgoing.send(&Greeting::Refused(reason.clone())).await?;
    Err(LinkError::Refused(reason))
}

/// Only a process of the same user, or of root, is trusted. Through `ssh -L` that is the user's own sshd.
pub(super) fn check_user(stream: &UnixStream) -> Result<(), LinkError> {
    let found = stream.peer_cred().map_err(|cause| LinkError::broken(&cause))?.uid();
    if is_trusted(found, user()) { Ok(()) } else { Err(LinkError::Stranger { found, wanted: user() }) }
}

fn is_trusted(found: u32, ours: u32) -> bool {
    found == ours || found == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_oneself_and_root_are_trusted() {
        assert!(is_trusted(1000, 1000));
        assert!(is_trusted(0, 1000));
        assert!(!is_trusted(1001, 1000));
        assert!(!is_trusted(1000, 0), "root trusts nobody else");
    }
}
