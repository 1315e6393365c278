//! Joins responses to the engine: the responder lives on the engine's thread, where the store is; the courier beside it.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::collect::Clock;
use crate::config::Config;
use crate::domain::event::{AlertKey, LogEntry};
use crate::domain::letter::{LetterRow, LetterState, Outbox};
use crate::domain::notice::Notice;
use crate::domain::space::{Edit, Spaces};
use crate::respond::{Courier, Desk, Due, Event, Receivers, Report, Responder, Room, Router, identity_of};
use crate::run::engine::Command;

/// Who is told, and where audit logs lie. Only a live run has it: nothing is told of a file or a simulation.
#[derive(Clone, Debug)]
pub struct Responding {
    /// The routes that hold; all clones share them.
    routes: watch::Sender<Router>,
    store: PathBuf,
}

impl Responding {
    /// What the config asks for.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { routes: watch::Sender::new(Router::new(&config.responses)), store: config.store.path.clone() }
    }

    /// The part that lives with the engine; `woken` is told when there are new letters.
    pub fn office(&self, stored: &dyn Spaces, woken: Arc<Notify>) -> Office {
        let router = self.routes.borrow().clone();
        Office { responder: Responder::new(router, stored), routes: self.routes.clone(), woken }
    }

    /// The part beside it. What rings the bell counts up.
    pub fn courier(
        self,
        commands: mpsc::Sender<Command>,
        clock: Clock,
        woken: Arc<Notify>,
        bell: watch::Sender<u64>,
    ) -> Courier<EngineDesk> {
        let routes = self.routes.subscribe();
        let receivers = Receivers::new(&routes.borrow(), &self.store, bell);
        Courier::new(EngineDesk { commands, clock }, receivers, routes, woken)
    }
}

/// What the courier asks of the engine.
#[derive(Debug)]
pub enum Ask {
    /// Take reports, give letters.
    Exchange {
        /// What became of letters.
        reports: Vec<Report>,
        /// How many more each receiver may have.
        room: Room,
        /// For the answer.
        answer: oneshot::Sender<Due>,
    },
    /// What a receiver knows to fire.
    Firing {
        /// Who.
        receiver: String,
        /// For the answer.
        answer: oneshot::Sender<Vec<Event>>,
    },
    /// Whether data comes in and is stored.
    IsWell(oneshot::Sender<bool>),
}

/// The responder with the store's side of it.
pub struct Office {
    responder: Responder,
    routes: watch::Sender<Router>,
    woken: Arc<Notify>,
}

impl Office {
    /// Writes letters for notices; gives what is to be stored.
    pub fn take(&mut self, notices: &[Notice], stored: &dyn Spaces) -> Vec<Edit> {
        self.responder.take_notices(notices, stored);
        if !notices.is_empty() {
            self.woken.notify_one();
        }
        self.responder.edits()
    }

    /// What [`Office::take`], [`Office::exchange`] and [`Office::resend`] gave is stored; gives what the log says of it.
    pub fn stored(&mut self) -> Vec<LogEntry> {
        self.responder.written()
    }

    /// Follows other routes from now on, and the courier with it.
    pub fn follow(&mut self, router: Router) {
        self.responder.follow(router.clone());
        self.routes.send_replace(router);
    }

    /// What waits to be told and what could not be.
    pub fn outbox(&mut self, stored: &dyn Spaces) -> Outbox {
        self.responder.outbox(stored)
    }

    /// The newest letters, those that wait first; only those of a state, if one is asked for.
    pub fn letters(&mut self, state: Option<LetterState>, most: usize, stored: &dyn Spaces) -> Vec<LetterRow> {
        self.responder.rows(state, most, stored)
    }

    /// A dead letter waits again; gives what is to be stored, or nothing where there is no such letter.
    pub fn resend(&mut self, key: &str, now: Timestamp, stored: &dyn Spaces) -> Option<Vec<Edit>> {
        if !self.responder.resend(key, now, stored) {
            return None;
        }
        self.woken.notify_one();
        Some(self.responder.edits())
    }

    /// Says for which alerts the data is too old to act on.
    pub fn freeze<'a>(&mut self, frozen: impl Iterator<Item = &'a AlertKey>) {
        self.responder.freeze(frozen.map(identity_of).collect());
    }

    /// Takes reports and gives letters, and what is to be stored.
    pub fn exchange(
        &mut self,
        reports: &[Report],
        room: &Room,
        now: Timestamp,
        stored: &dyn Spaces,
    ) -> (Due, Vec<Edit>) {
        for report in reports {
            self.responder.settle(report, stored);
        }
        let due = self.responder.due(now, room, stored);
        (due, self.responder.edits())
    }

    /// What a receiver knows to fire.
    pub fn firing_for(&mut self, receiver: &str, stored: &dyn Spaces) -> Vec<Event> {
        self.responder.firing_for(receiver, stored)
    }
}

/// The engine as the courier sees it.
#[derive(Clone, Debug)]
pub struct EngineDesk {
    commands: mpsc::Sender<Command>,
    clock: Clock,
}

impl EngineDesk {
    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask + Send) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Respond(Box::new((self.clock.now(), ask(answer))))).await.ok()?;
        answered.await.ok()
    }
}

impl Desk for EngineDesk {
    async fn exchange(&self, reports: Vec<Report>, room: Room) -> Option<Due> {
        self.ask(|answer| Ask::Exchange { reports, room, answer }).await
    }

    async fn firing(&self, receiver: String) -> Option<Vec<Event>> {
        self.ask(|answer| Ask::Firing { receiver, answer }).await
    }

    async fn is_well(&self) -> Option<bool> {
        self.ask(Ask::IsWell).await
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
