//! How a running engine is reached: by the screen of its own process and by those of others.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::domain::update::{Gaze, Update};
use crate::link::{Answer, Ask, Host};
use crate::report::tmux;
use crate::run::engine::Command;

/// What each pane looks at beside the fleet as it is now.
pub type Watched = BTreeMap<u64, Gaze>;

/// The number of the engine's own pane; those of others begin at 1.
pub const OWN_PANE: u64 = 0;

/// A question to the engine, and where its answer goes.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub ask: Ask,
    /// Who wants to know.
    pub answer: oneshot::Sender<Answer>,
}

/// The ways to a running engine.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The newest of what the engine says.
    pub updates: watch::Receiver<Update>,
    /// What it is asked to do.
    pub commands: mpsc::Sender<Command>,
    /// What panes look at.
    pub watched: watch::Sender<Watched>,
    /// Asks every collector to poll now.
    pub refresh: Arc<Notify>,
}

impl Desk {
    /// Changes what is looked at; the engine publishes again where there is something else to see.
    fn look(&self, change: impl FnOnce(&mut Watched) -> bool) {
        let mut is_new = false;
        self.watched.send_modify(|watched| is_new = change(watched));
        if is_new {
            // Where the queue is full or the engine has ended, the next publishing sees it, or nobody does.
            let _ = self.commands.try_send(Command::Watch);
        }
    }
}

impl Desk {
    /// The newest view in one line: the engine is not asked, which may be busy.
    fn line(&self) -> Option<String> {
        match &*self.updates.borrow() {
            Update::View(published) => Some(tmux::line(&published.view)),
            Update::Opening | Update::Ended => None,
        }
    }
}

impl Host for Desk {
    fn updates(&self) -> watch::Receiver<Update> {
        self.updates.clone()
    }

    fn watch(&self, pane: u64, gaze: Gaze) {
        self.look(|watched| watched.insert(pane, gaze.clone()).unwrap_or_default() != gaze);
    }

    fn leave(&self, pane: u64) {
        self.look(|watched| watched.remove(&pane).unwrap_or_default() != Gaze::default());
    }

    async fn ask(&self, ask: Ask) -> Answer {
        if ask == Ask::Refresh {
            self.refresh.notify_waiters();
            return Answer::Done;
        }
        if ask == Ask::Line {
            return Answer::Line(self.line());
        }
        let gone = || Answer::Refused("the history is being closed: ask again in a second".to_owned());
        let (answer_in, answer) = oneshot::channel();
        let question = Box::new(Question { ask, answer: answer_in });
        match self.commands.send(Command::Ask(question)).await {
            Ok(()) => answer.await.unwrap_or_else(|_| gone()),
            Err(_) => gone(),
        }
    }
}
