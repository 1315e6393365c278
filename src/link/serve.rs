//! One pane served: what it says is done, and it is sent the newest view as often as it takes one.
//!
//! Nothing is queued for a pane but one message: while it takes nothing (Ctrl-S, a stopped process, a slow network)
//! its task waits, and what is new meanwhile is skipped. Nobody else waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::domain::update::{Gaze, Published, Update};
use crate::domain::view::{FleetView, TenantDetail};
use crate::link::error::LinkError;
use crate::link::patch::Patch;
use crate::link::picture::Picture;
use crate::link::protocol::{Answer, DetailNow, FromOwner, FromPane};
use crate::link::server::Host;
use crate::link::wire::{Incoming, Outgoing, PULSE};

/// How many answers may wait for a pane to take them; it is not listened to meanwhile.
const ANSWERS_WAITING: usize = 4;

/// How many pictures are kept: of the present, and of moments that panes look at.
const PICTURES_KEPT: usize = 4;

/// The pictures of the newest views, each made once for all panes.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<VecDeque<(Arc<FleetView>, Arc<Picture>)>>);

impl Shelf {
    fn picture(&self, view: &Arc<FleetView>) -> Result<Arc<Picture>, LinkError> {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, picture)) = newest.iter().find(|(known, _)| Arc::ptr_eq(known, view)) {
            return Ok(Arc::clone(picture));
        }
        let picture = Arc::new(Picture::of(view.as_ref())?);
        newest.truncate(PICTURES_KEPT - 1);
        newest.push_front((Arc::clone(view), Arc::clone(&picture)));
        Ok(picture)
    }
}

/// A pane that looks at nothing any more once this is dropped, however it ends.
struct Watching<H: Host> {
    pane: u64,
    host: H,
    gaze: watch::Sender<Gaze>,
}

impl<H: Host> Watching<H> {
    fn set(&self, gaze: Gaze) {
        self.gaze.send_replace(gaze.clone());
        self.host.watch(self.pane, gaze);
    }
}

impl<H: Host> Drop for Watching<H> {
    fn drop(&mut self) {
        self.host.leave(self.pane);
    }
}

/// Serves a pane that was welcomed, until it goes.
pub(super) async fn pane<H: Host>(
    incoming: Incoming,
    outgoing: Outgoing,
    number: u64,
    host: H,
    shelf: &Shelf,
) -> Result<(), LinkError> {
    let (gaze, watched) = watch::channel(Gaze::default());
    let (answers_in, answers) = mpsc::channel(ANSWERS_WAITING);
    let updates = host.updates();
    let watching = Watching { pane: number, host, gaze };
    watching.set(Gaze::default());
    let mut teller = Teller { outgoing, watched, shelf, sent: Picture::default().into(), detail: None };
    tokio::select! {
        ended = listen(incoming, &watching, &answers_in) => ended,
        ended = teller.tell(updates, answers) => ended,
    }
}

/// Answers one who wants no views, until it goes.
pub(super) async fn answers<H: Host>(mut incoming: Incoming, mut outgoing: Outgoing, host: H) -> Result<(), LinkError> {
    loop {
        if let FromPane::Ask(number, ask) = incoming.next().await? {
            let answer = host.ask(ask).await;
            outgoing.send(&FromOwner::Answer(number, answer)).await?;
        }
    }
}

async fn listen<H: Host>(
    mut incoming: Incoming,
    watching: &Watching<H>,
    answers: &mpsc::Sender<(u64, Answer)>,
) -> Result<(), LinkError> {
    loop {
        match incoming.next().await? {
            FromPane::Watch(gaze) => watching.set(gaze),
            FromPane::Ask(number, ask) => {
                let answer = watching.host.ask(ask).await;
                answers.send((number, answer)).await.map_err(|_| LinkError::Ended)?;
            }
        }
    }
}

/// What a pane was sent, and the way to it.
struct Teller<'a> {
    outgoing: Outgoing,
    watched: watch::Receiver<Gaze>,
    shelf: &'a Shelf,
    sent: Arc<Picture>,
    detail: Option<Arc<TenantDetail>>,
}

impl Teller<'_> {
    async fn tell(
        &mut self,
        mut updates: watch::Receiver<Update>,
        mut answers: mpsc::Receiver<(u64, Answer)>,
    ) -> Result<(), LinkError> {
        updates.mark_changed();
        loop {
            tokio::select! {
                changed = updates.changed() => {
                    changed.map_err(|_| LinkError::Ended)?;
                    let newest = updates.borrow_and_update().clone();
                    match newest {
                        Update::View(published) => self.send_view(&published).await?,
                        Update::Opening => self.outgoing.send(&FromOwner::Opening).await?,
                        Update::Ended => return Err(LinkError::Ended),
                    }
                }
                Some((number, answer)) = answers.recv() => {
                    self.outgoing.send(&FromOwner::Answer(number, answer)).await?;
                }
                () = tokio::time::sleep(PULSE) => self.outgoing.send(&FromOwner::Pulse).await?,
            }
        }
    }

    /// Sends what is new since the view before, if anything is.
    async fn send_view(&mut self, published: &Published) -> Result<(), LinkError> {
        let (view, detail) = published.seen_by(&self.watched.borrow());
        let picture = self.shelf.picture(&view)?;
        let patch = Patch::between(&self.sent, &picture);
        let is_same = detail == self.detail;
        if is_same && patch.is_empty() {
            return Ok(());
        }
        let detail_now = match &detail {
            _ if is_same => DetailNow::Same,
            None => DetailNow::Gone,
            Some(detail) => DetailNow::Is(Box::new(detail.as_ref().clone())),
        };
        (self.sent, self.detail) = (picture, detail);
        self.outgoing.send(&FromOwner::View { patch, detail: detail_now }).await
    }
}
