//! The thread that owns the store and the judge.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, watch};
use tracing::{info, warn};

use crate::alert::machine::Outcome;
use crate::collect::Delivery;
use crate::domain::alert_log::{self, Writer};
use crate::domain::event::{Happening, LevelChange, LogEntry};
use crate::domain::history::History;
use crate::domain::space::Edit;
use crate::domain::text::printable;
use crate::domain::update::{Gaze, Published, Sight, Update};
use crate::domain::usage::Batch;
use crate::domain::view::{FleetView, Focus, Keeping, TenantDetail, TenantRow};
use crate::history::{Store, StoreError};
use crate::judge::Judge;
use crate::judge::detail::Details;
use crate::judge::policy::Policy;
use crate::run::desk::{OWN_PANE, Question, Watched};
use crate::run::engine::responses::Pulse;
use crate::run::reload::Reload;
use crate::run::responses::{Ask, Office, Responding};

mod alerts;
mod reload;
mod responses;

/// How many commands may wait; collectors wait when the engine is behind.
pub const QUEUE_LENGTH: usize = 16;

/// By more than this no two scopes are apart: the clock itself was set back.
const SET_BACK: SignedDuration = SignedDuration::from_mins(10);

/// What the engine is asked to do.
#[derive(Debug)]
pub enum Command {
    /// Store what a poll brought.
    Store(Box<Batch>),
    /// Store what a poll brought, and tell its collector whether that worked.
    Take(Box<Delivery>),
    /// Step the alert machine as of this instant.
    Step(Timestamp),
    /// Publish again: something else is looked at.
    Watch,
    /// Answer a question.
    Ask(Box<Question>),
    /// What the courier of responses asks, and when.
    Respond(Box<(Timestamp, Ask)>),
    /// The config was read again.
    Reload(Box<Reload>),
}

/// How the engine is reached from outside.
#[derive(Debug)]
pub struct Wiring {
    /// What it is asked to do.
    pub commands: mpsc::Receiver<Command>,
    /// What panes look at.
    pub watched: watch::Receiver<Watched>,
    /// Where it publishes.
    pub updates: watch::Sender<Update>,
    /// Turns true when it should end: what waits then is dropped, and asked for again another time.
    pub stopped: watch::Receiver<bool>,
}

impl Wiring {
    fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }
}

/// Store, judge and what they are asked.
pub struct Engine {
    store: Store,
    judge: Judge,
    policy: Policy,
    now: Timestamp,
    write_fault: Option<String>,
    config_faults: Vec<String>,
    has_stepped: bool,
    past: BTreeMap<Timestamp, Arc<FleetView>>,
    details: HashMap<Focus, Details>,
    latest: Option<Arc<FleetView>>,
    /// How many panes beside its own are attached.
    panes: u32,
    unrecorded: (Vec<LevelChange>, Vec<Edit>),
    office: Option<Office>,
    pulse: Pulse,
    events: VecDeque<LogEntry>,
}

impl Engine {
    /// An engine over an open store, as of `now`.
    #[must_use]
    pub fn new(store: Store, policy: Policy, now: Timestamp) -> Self {
        let judge = Judge::new(store.checkpoint().as_deref());
        let events = alerts::newest_events(&store, now);
        Self {
            store,
            judge,
            policy,
            now,
            write_fault: None,
            config_faults: Vec::new(),
            has_stepped: false,
            past: BTreeMap::new(),
            details: HashMap::new(),
            latest: None,
            panes: 0,
            unrecorded: Default::default(),
            office: None,
            pulse: Pulse::default(),
            events,
        }
    }

    /// With responses: what people are to be told is stored with the changes of level that caused it.
    #[must_use]
    pub fn with_responses(mut self, responding: &Responding, woken: Arc<Notify>) -> Self {
        self.office = Some(responding.office(&self.store, woken));
        self
    }

    /// The store, with everything that was said in it.
    #[must_use]
    pub fn into_store(self) -> Store {
        self.store
    }

    /// Works until it is stopped or every sender of commands is gone. Commands that wait are taken together, so that
    /// a view is made once for all of them.
    pub fn run(mut self, mut wiring: Wiring) {
        self.publish(&wiring);
        while let Some(command) = wiring.commands.blocking_recv() {
            if wiring.is_stopped() {
                return;
            }
            let mut is_news = self.take(command);
            for _ in 1..QUEUE_LENGTH {
                let Ok(waiting) = wiring.commands.try_recv() else { break };
                if wiring.is_stopped() {
                    return;
                }
                is_news |= self.take(waiting);
            }
            if is_news {
                self.publish(&wiring);
            }
        }
    }

    /// Does what is asked; gives whether there is something new to publish.
    fn take(&mut self, command: Command) -> bool {
        let (is_response, is_question) = (matches!(command, Command::Respond(_)), matches!(command, Command::Ask(_)));
        self.handle(command);
        match self.latest {
            _ if is_response => self.renew_responses(),
            // A question that has changed nothing is no news.
            Some(_) => !is_question,
            None => true,
        }
    }

    /// Does what is asked.
    pub fn handle(&mut self, command: Command) {
        match command {
            Command::Store(batch) => {
                self.store_batch(&batch);
            }
            Command::Take(delivery) => {
                let is_stored = self.store_batch(&delivery.batch);
                delivery.answer(is_stored);
            }
            Command::Step(now) if self.store.newest_poll().is_some() => self.step(now),
            Command::Respond(ask) => self.respond(ask.0, ask.1),
            Command::Reload(reload) => self.reload(*reload),
            // Before the first answer there is nothing to judge; and publishing looks for itself who is watched.
            Command::Step(_) | Command::Watch => {}
            Command::Ask(question) => {
                let answer = self.answer(&question.ask);
                // Whoever asked may have gone.
                let _ = question.answer.send(answer);
            }
        }
    }

    /// The fleet as of the last command, at the levels of the last step.
    pub fn view(&mut self) -> FleetView {
        let tally = self.judge.tally(&self.store, &self.policy, self.now);
        let mut view = self.judge.view(&tally, &self.store, &self.policy);
        view.store_faults.extend(self.write_fault.clone());
        view.config_faults.clone_from(&self.config_faults);
        view.events = self.events.iter().cloned().collect();
        view.outbox = self.outbox();
        view
    }

    /// The same with how the history is kept, which is nothing that is judged.
    fn present(&mut self) -> FleetView {
        let oldest = self.store.extent().map(|extent| extent.start);
        let keeping = Keeping { disk_bytes: self.store.disk_bytes(), oldest, panes: self.panes };
        FleetView { keeping, ..self.view() }
    }

    /// What was judged is out of date.
    fn forget(&mut self) {
        self.latest = None;
        self.past.clear();
    }

    /// Whether the batch was stored. One that cannot be is said on the screen and asked for again.
    fn store_batch(&mut self, batch: &Batch) -> bool {
        self.forget();
        let stored = self.store.apply(batch);
        let is_stored = stored.is_ok();
        self.note(stored);
        self.go_on_to(batch.poll.at);
        if !self.has_stepped {
            self.step(batch.poll.at);
        }
        is_stored
    }

    /// Scopes are polled one beside the other, so that an instant may come a little after a later one; a clock that was ahead
    /// and is right again is believed.
    fn go_on_to(&mut self, at: Timestamp) {
        let is_set_back = self.now.duration_since(at) > SET_BACK;
        self.now = if is_set_back { at } else { self.now.max(at) };
    }

    /// One step of the alert machine.
    fn step(&mut self, now: Timestamp) {
        self.forget();
        self.go_on_to(now);
        self.has_stepped = true;
        let tally = self.judge.tally(&self.store, &self.policy, now);
        let mut outcome = self.judge.step(&tally, &self.policy);
        self.judge.complete(&mut outcome, &tally, &self.store, &self.policy);
        outcome.changes.iter().for_each(tell);
        let skips = outcome.skips.iter().map(|skip| LogEntry { at: now, what: Happening::Skip(skip.clone()) });
        let stored = self.record(&outcome, skips.collect(), Writer::Machine);
        let maintained = self.store.maintain(now).map(|_| ());
        self.note(stored.and(maintained));
    }

    /// Stores what a step or an action came to, with the checkpoint that follows. What cannot be stored is kept, and stored
    /// with what comes next.
    fn record(&mut self, outcome: &Outcome, entries: Vec<LogEntry>, writer: Writer) -> Result<(), StoreError> {
        let mut edits = self.office.as_mut().map_or_else(Vec::new, |office| office.take(&outcome.notices, &self.store));
        let has_waiting = !self.unrecorded.0.is_empty() || !self.unrecorded.1.is_empty();
        if !outcome.is_unsaved && outcome.changes.is_empty() && edits.is_empty() && !has_waiting {
            return Ok(());
        }
        let (changes, log) = &mut self.unrecorded;
        changes.extend(outcome.changes.iter().cloned());
        log.extend(alert_log::put(&entries, writer));
        edits.extend(log.iter().cloned());
        edits.extend(alert_log::retire(&self.store, self.now));
        self.show(entries);
        self.store.record(&self.unrecorded.0, &self.judge.checkpoint(), edits)?;
        self.unrecorded = Default::default();
        self.responses_stored();
        Ok(())
    }

    /// The newest entries of the log are a part of the view.
    fn show(&mut self, entries: Vec<LogEntry>) {
        self.events.extend(entries);
        self.events.drain(..self.events.len().saturating_sub(alerts::EVENTS_SHOWN));
    }

    fn note(&mut self, stored: Result<(), StoreError>) {
        if let Err(error) = &stored {
            warn!(%error, "the history could not be written");
        }
        self.write_fault = stored.err().map(|error| error.to_string());
    }

    /// Publishes the view, made anew only if something was stored or stepped, and the watched detail. Before the first
    /// answer ever there is nothing to show.
    fn publish(&mut self, wiring: &Wiring) {
        if self.store.newest_poll().is_none() || wiring.is_stopped() {
            return;
        }
        let gazes = self.gazes(wiring);
        let mut view = self.latest.take().unwrap_or_else(|| Arc::new(self.present()));
        if view.keeping.panes != self.panes {
            Arc::make_mut(&mut view).keeping.panes = self.panes;
        }
        self.latest = Some(Arc::clone(&view));
        if let Some(office) = &mut self.office {
            office.freeze(view.alerts.iter().filter(|row| row.is_frozen).map(|row| &row.alert));
        }
        self.details.retain(|focus, _| gazes.iter().any(|gaze| gaze.focus.as_ref() == Some(focus)));
        self.past.retain(|at, _| gazes.iter().any(|gaze| gaze.moment == Some(*at)));
        let sights = gazes.into_iter().map(|gaze| self.sight(gaze, &view)).collect();
        wiring.updates.send_replace(Update::View(Published { view, sights }));
    }

    /// What panes look at beside the fleet as it is now; and counts them.
    fn gazes(&mut self, wiring: &Wiring) -> BTreeSet<Gaze> {
        let watched = wiring.watched.borrow();
        let others = watched.keys().filter(|pane| **pane != OWN_PANE).count();
        self.panes = u32::try_from(others).unwrap_or(u32::MAX);
        watched.values().filter(|gaze| **gaze != Gaze::default()).cloned().collect()
    }

    /// What a gaze sees, of an engine that stands still.
    pub fn look(&mut self, gaze: &Gaze) -> (Arc<FleetView>, Option<Arc<TenantDetail>>) {
        let present = Arc::new(self.present());
        let sight = self.sight(gaze.clone(), &present);
        (sight.view, sight.detail)
    }

    /// What a gaze sees.
    fn sight(&mut self, gaze: Gaze, present: &Arc<FleetView>) -> Sight {
        let view = gaze.moment.and_then(|at| self.past_view(at)).unwrap_or_else(|| Arc::clone(present));
        let view = match &gaze.alert {
            Some(alert) => self.explained(alert, view),
            None => view,
        };
        let detail = gaze.focus.as_ref().map(|focus| {
            let budget = view.tenant(&focus.owner).and_then(TenantRow::worst_budget);
            let details = self.details.entry(focus.clone()).or_default();
            let mut detail = details.of(&self.store, &self.policy, focus, budget, view.at);
            detail.explanations = self.explanations(&focus.owner, &view);
            Arc::new(detail)
        });
        Sight { gaze, view, detail }
    }

    /// The fleet at a moment, not one before the history; none where that is not in the past.
    fn past_view(&mut self, at: Timestamp) -> Option<Arc<FleetView>> {
        if at >= self.now {
            return None;
        }
        let oldest = self.store.extent().map_or(self.now, |extent| extent.start);
        let Self { past, judge, store, policy, .. } = self;
        let judged = past.entry(at).or_insert_with(|| Arc::new(judge.view_at(store, policy, at.max(oldest))));
        Some(Arc::clone(judged))
    }
}

/// A line of the log for a change of level.
fn tell(change: &LevelChange) {
    info!(
        at = %change.at,
        subject = printable(change.alert.subject.name()),
        signal = change.alert.signal.name(),
        previous = change.previous.name(),
        level = change.level.name(),
        reason = printable(&change.reason),
        "a level has changed"
    );
}
