//! A turn as the owner of the history: the engine runs here, and other panes are served.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::eyre;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use crate::domain::update::Update;
use crate::link::{Answer, Host, Server};
use crate::run::desk::{Desk, OWN_PANE};
use crate::run::seat::{Shared, Wish};
use crate::run::session::{Prepare, Session};
use crate::run::takeover::{Part, Turn, socket_of, turned};

/// How long it is said that this pane took over.
const NEWS: Duration = Duration::from_mins(1);

/// Where other panes are served.
pub(super) enum Socket {
    /// Nowhere: nobody else wants this history, so it is never let go of.
    None,
    /// At the socket of this history.
    Of(Shared),
}

/// Owns the history until the seat is left, the history is let go of, or the engine ends.
pub(super) async fn turn(part: &mut Part, prepare: Prepare, socket: Socket) -> Turn {
    let mut session = match Session::start(prepare) {
        Ok(session) => session,
        Err(report) => return Turn::Failed(report),
    };
    let mut server = None;
    let mut beside = JoinSet::new();
    let mut turn = Turn::Left;
    let is_open = tokio::select! {
        opened = &mut session.opened => opened.is_ok(),
        () = turned(&mut part.stopped) => false,
    };
    if is_open {
        if let Socket::Of(shared) = &socket {
            server = serve(part, &shared.store, &session.desk);
            beside.spawn(Arc::clone(&shared.config).follow(session.desk.commands.clone()));
            part.owns.send_replace(true);
        }
        let is_shared = matches!(socket, Socket::Of(_));
        turn = follow(part, &session.desk, session.bell.clone(), is_shared).await;
    }
    // The socket goes before the lock of the history does, so that it is never the next owner's.
    if let Some(server) = server {
        server.close().await;
    }
    beside.shutdown().await;
    let ended = session.end().await;
    if matches!(turn, Turn::Released) {
        part.owns.send_replace(false);
    }
    match ended {
        Err(report) => Turn::Failed(report),
        Ok(()) => turn,
    }
}

/// Serves panes. That it cannot is told, and no reason not to go on.
fn serve(part: &Part, store: &Path, desk: &Desk) -> Option<Server> {
    let path = socket_of(store)?;
    let server = Server::start(&path, desk.clone());
    server
        .inspect_err(|error| {
            warn!(%error, "no other pane can attach");
            part.note(Some("no other pane can attach: see the log"));
        })
        .ok()
}

/// Shows what the engine says and passes on what is wanted of it.
async fn follow(part: &mut Part, desk: &Desk, mut bell: watch::Receiver<u64>, is_shared: bool) -> Turn {
    let mut updates = desk.updates.clone();
    updates.mark_changed();
    part.watched.mark_changed();
    let is_successor = part.has_shown();
    if is_successor {
        part.note(Some("took over"));
    }
    let news_end = tokio::time::sleep(NEWS);
    tokio::pin!(news_end);
    let mut is_news = is_successor;
    loop {
        tokio::select! {
            changed = updates.changed() => {
                let newest = updates.borrow_and_update().clone();
                if changed.is_err() || matches!(newest, Update::Ended) {
                    return Turn::Failed(eyre!("the engine ended without saying why: please report this"));
                }
                part.show(newest);
            }
            Ok(()) = part.watched.changed() => {
                let gaze = part.watched.borrow_and_update().clone();
                desk.watch(OWN_PANE, gaze);
            }
            Some(Wish { ask, answer }) = part.wishes.recv() => {
                let desk = desk.clone();
                // Answered aside: the engine may be busy, and the screen is not to wait for it.
                tokio::spawn(async move { reply(desk.ask(ask).await, answer) });
            }
            Ok(()) = bell.changed() => part.bell.send_modify(|rung| *rung += 1),
            () = &mut news_end, if is_news => {
                is_news = false;
                part.note(None);
            }
            () = turned(&mut part.held), if is_shared => return Turn::Released,
            () = turned(&mut part.stopped) => return Turn::Left,
        }
    }
}

/// Hands over an answer, if anyone wants it.
pub(super) fn reply(given: Answer, wanted: Option<tokio::sync::oneshot::Sender<Answer>>) {
    if let Some(wanted) = wanted {
        // Whoever asked may have gone.
        let _ = wanted.send(given);
    }
}
