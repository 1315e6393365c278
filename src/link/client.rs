//! A pane's side: attaches to the owner of a history and follows it.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::domain::update::{Gaze, Published, Sight, Update};
use crate::domain::view::{FleetView, TenantDetail};
use crate::link::error::LinkError;
use crate::link::picture::Picture;
use crate::link::protocol::{Answer, Ask, DetailNow, FromOwner, FromPane, Greeting, Hello};
use crate::link::server::check_user;
use crate::link::wire::{self, GREETING, Incoming, Outgoing, PULSE};

/// How many questions may wait to be sent.
const QUESTIONS_WAITING: usize = 16;
/// An owner of which nothing was heard for this many pulses is silent.
const PULSES_MISSED: u32 = 3;

/// An attached pane.
#[derive(Debug)]
pub struct Client {
    /// Who the owner is.
    pub owner: Hello,
    /// The newest of what it says.
    pub updates: watch::Receiver<Update>,
    /// Whether it has not been heard of for a while.
    pub silent: watch::Receiver<bool>,
    watched: watch::Sender<Gaze>,
    questions: mpsc::Sender<(Ask, oneshot::Sender<Answer>)>,
    following: JoinHandle<LinkError>,
}

impl Client {
    /// Attaches to the owner that listens at a path, and looks at something beside the fleet from the beginning.
    ///
    /// # Errors
    /// When nobody listens there, or it is not to be trusted, does not answer, or refuses.
    pub async fn attach(path: &Path, watched: Gaze) -> Result<Self, LinkError> {
        let stream = connect(path).await?;
        check_user(&stream)?;
        let (mut incoming, mut outgoing) = wire::ways(stream, wire::FROM_OWNER);
        let owner = greet(Hello::ours(), &mut incoming, &mut outgoing).await?;
        let (updates_in, updates) = watch::channel(Update::Opening);
        let (silent_in, silent) = watch::channel(false);
        let (watched, watched_out) = watch::channel(watched);
        let (questions, questions_out) = mpsc::channel(QUESTIONS_WAITING);
        let follower = Follower { updates: updates_in, silent: silent_in, pending: HashMap::new(), asked: 0 };
        let following = tokio::spawn(follower.follow(incoming, outgoing, watched_out, questions_out));
        Ok(Self { owner, updates, silent, watched, questions, following })
    }

    /// Asks the owner that listens at a path one thing, and is sent nothing else.
    ///
    /// # Errors
    /// When nobody listens there, or it is not to be trusted, does not answer, or refuses.
    pub async fn ask_once(path: &Path, ask: Ask) -> Result<Answer, LinkError> {
        let stream = connect(path).await?;
        check_user(&stream)?;
        let (mut incoming, mut outgoing) = wire::ways(stream, wire::FROM_OWNER);
        greet(Hello { only_asks: true, ..Hello::ours() }, &mut incoming, &mut outgoing).await?;
        outgoing.send(&FromPane::Ask(1, ask)).await?;
        let answered = async {
            loop {
                if let FromOwner::Answer(1, answer) = incoming.next().await? {
                    return Ok(answer);
                }
            }
        };
        timeout(GREETING, answered).await.map_err(|_| LinkError::Silent)?
    }

    /// Looks at something beside the fleet, or at nothing else.
    pub fn watch(&self, gaze: Gaze) {
        self.watched.send_if_modified(|watched| {
            let is_new = *watched != gaze;
            *watched = gaze;
            is_new
        });
    }

    /// Asks the owner something.
    ///
    /// # Errors
    /// When it has gone before it answered.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, LinkError> {
        let (answer_in, answer) = oneshot::channel();
        self.questions.send((ask, answer_in)).await.map_err(|_| LinkError::Ended)?;
        answer.await.map_err(|_| LinkError::Ended)
    }

    /// The questions as a channel, for those who cannot wait here.
    #[must_use]
    pub fn questions(&self) -> mpsc::Sender<(Ask, oneshot::Sender<Answer>)> {
        self.questions.clone()
    }

    /// Waits until the owner has gone; gives why.
    pub async fn lost(&mut self) -> LinkError {
        (&mut self.following).await.unwrap_or(LinkError::Ended)
    }

    /// The first view, or none where the owner has none yet.
    ///
    /// # Errors
    /// When it goes or is silent before.
    pub async fn first_view(&mut self) -> Result<Option<Arc<FleetView>>, LinkError> {
        // The first thing that comes tells either: it is a view, or says that there is none.
        let first = timeout(GREETING, self.updates.changed()).await;
        first.map_err(|_| LinkError::Silent)?.map_err(|_| LinkError::Ended)?;
        let newest = self.updates.borrow_and_update().clone();
        Ok(match newest {
            Update::View(published) => Some(published.view),
            Update::Opening | Update::Ended => None,
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.following.abort();
    }
}

async fn connect(path: &Path) -> Result<UnixStream, LinkError> {
    let connected = timeout(GREETING, UnixStream::connect(path)).await.map_err(|_| LinkError::Silent)?;
    connected.map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => LinkError::Absent(path.to_owned()),
        _ => LinkError::Io { action: "reach the socket", path: path.to_owned(), cause },
    })
}

async fn greet(ours: Hello, incoming: &mut Incoming, outgoing: &mut Outgoing) -> Result<Hello, LinkError> {
    outgoing.send(&ours).await?;
    match incoming.greeting().await? {
        Greeting::Refused(reason) => Err(LinkError::Refused(crate::domain::text::printable(&reason))),
        Greeting::Welcome(theirs) => match ours.discord(&theirs) {
            None => Ok(theirs),
            Some(reason) => Err(LinkError::Refused(reason)),
        },
    }
}

/// Follows the owner.
struct Follower {
    updates: watch::Sender<Update>,
    silent: watch::Sender<bool>,
    pending: HashMap<u64, oneshot::Sender<Answer>>,
    asked: u64,
}

impl Follower {
    /// Gives why it ended.
    async fn follow(
        mut self,
        incoming: Incoming,
        mut outgoing: Outgoing,
        mut watched: watch::Receiver<Gaze>,
        mut questions: mpsc::Receiver<(Ask, oneshot::Sender<Answer>)>,
    ) -> LinkError {
        let (heard_in, mut heard) = mpsc::channel(1);
        // Reading is a task of its own, because half a message that was read must not be dropped.
        let reading = tokio::spawn(read(incoming, heard_in));
        watched.mark_changed();
        let mut seen = Seen::default();
        let ended = loop {
            let step = tokio::select! {
                Some(message) = heard.recv() => message.and_then(|message| self.take(message, &mut seen)),
                changed = watched.changed() => match changed {
                    Ok(()) => {
                        seen.gaze = watched.borrow_and_update().clone();
                        outgoing.send(&FromPane::Watch(seen.gaze.clone())).await
                    }
                    Err(_) => break LinkError::Ended,
                },
                Some((ask, answer)) = questions.recv() => {
                    self.asked += 1;
                    self.pending.retain(|_, waiting| !waiting.is_closed());
                    self.pending.insert(self.asked, answer);
                    outgoing.send(&FromPane::Ask(self.asked, ask)).await
                }
                () = tokio::time::sleep(PULSE * PULSES_MISSED) => {
                    self.silent.send_replace(true);
                    Ok(())
                }
            };
            if let Err(error) = step {
                break error;
            }
        };
        reading.abort();
        ended
    }

    fn take(&mut self, message: FromOwner, seen: &mut Seen) -> Result<(), LinkError> {
        self.silent.send_if_modified(std::mem::take);
        match message {
            FromOwner::Pulse => {}
            FromOwner::Opening => {
                self.updates.send_replace(Update::Opening);
            }
            FromOwner::View { patch, detail } => {
                if !patch.is_empty() {
                    seen.picture = patch.apply(&seen.picture)?;
                    seen.view = Some(Arc::new(seen.picture.value()?));
                }
                match detail {
                    DetailNow::Same => {}
                    DetailNow::Gone => seen.detail = None,
                    DetailNow::Is(detail) => seen.detail = Some(Arc::from(detail)),
                }
                let view = seen.view.clone().ok_or_else(|| LinkError::Malformed("no view".to_owned()))?;
                let sight = Sight { gaze: seen.gaze.clone(), view: Arc::clone(&view), detail: seen.detail.clone() };
                self.updates.send_replace(Update::View(Published { view, sights: vec![sight] }));
            }
            FromOwner::Answer(number, answer) => {
                if let Some(waiting) = self.pending.remove(&number) {
                    // Whoever asked may have gone.
                    let _ = waiting.send(answer);
                }
            }
        }
        Ok(())
    }
}

/// What was seen last.
#[derive(Default)]
struct Seen {
    gaze: Gaze,
    picture: Picture,
    view: Option<Arc<FleetView>>,
    detail: Option<Arc<TenantDetail>>,
}

async fn read(mut incoming: Incoming, heard: mpsc::Sender<Result<FromOwner, LinkError>>) {
    loop {
        let message = incoming.next().await;
        let is_last = message.is_err();
        if heard.send(message).await.is_err() || is_last {
            return;
        }
    }
}
