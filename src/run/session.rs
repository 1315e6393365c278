//! A running engine with its collectors, seen from outside.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use color_eyre::eyre::{Result, WrapErr, eyre};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::collect::{Clock, CollectSettings, Collector, Delivery, Known, Purse};
use crate::config::MetricsSettings;
use crate::domain::history::History;
use crate::domain::ids::ScopeName;
use crate::domain::time::Step;
use crate::domain::update::Update;
use crate::history::{Store, pool};
use crate::run::desk::{Desk, Watched};
use crate::run::engine::{Command, Engine, QUEUE_LENGTH, Wiring};
use crate::run::responses::Responding;
use crate::run::setup::{Prepared, Sources};
use crate::run::{metrics, otlp, rehearse_panic};
use crate::source::Source;

/// How many batches of the past may wait, each of some megabytes: collectors wait when the engine is behind.
const BATCHES_WAITING: usize = 2;
/// How long collectors may take to end when asked.
const END_WITHIN: std::time::Duration = std::time::Duration::from_millis(80);

/// Opens the store and makes policy and sources; runs on the engine's own thread.
pub type Prepare = Box<dyn FnOnce() -> Result<Prepared> + Send>;

/// A running engine with its collectors.
pub struct Session {
    /// The ways to the engine.
    pub desk: Desk,
    /// Tells when the history is open, and its lock taken.
    pub opened: oneshot::Receiver<()>,
    stop: watch::Sender<bool>,
    /// Counts up when a receiver rings the terminal's bell.
    pub bell: watch::Receiver<u64>,
    engine: thread::JoinHandle<Result<()>>,
    collectors: tokio::task::JoinHandle<()>,
}

/// What collectors need of the prepared parts, handed from the engine's thread to the async side.
struct Collection {
    sources: Sources,
    settings: CollectSettings,
    clock: Clock,
    step: Step,
    known: HashMap<ScopeName, Known>,
    purse: Arc<Purse>,
    metrics: MetricsSettings,
    responding: Option<(Responding, Arc<Notify>)>,
}

impl Session {
    /// Starts the engine's thread and, once it has opened its store, the collectors. Returns at once.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(prepare: Prepare) -> Result<Self> {
        let (updates_in, updates) = watch::channel(Update::Opening);
        let (commands, commands_out) = mpsc::channel(QUEUE_LENGTH);
        let (stop, stopped) = watch::channel(false);
        let (watched, watched_out) = watch::channel(Watched::new());
        let wiring =
            Wiring { commands: commands_out, watched: watched_out, updates: updates_in, stopped: stopped.clone() };
        let refresh = Arc::new(Notify::new());
        let (bell_in, bell) = watch::channel(0);
        let (ready, prepared) = oneshot::channel();
        let (opened_in, opened) = oneshot::channel();
        let engine = thread::Builder::new()
            .name("engine".into())
            .spawn(move || run_engine(prepare, opened_in, ready, wiring))
            .wrap_err("could not start the engine's thread")?;
        let collectors =
            tokio::spawn(collect_when(prepared, commands.clone(), updates.clone(), refresh.clone(), stopped, bell_in));
        Ok(Self { desk: Desk { updates, commands, watched, refresh }, opened, stop, bell, engine, collectors })
    }

    /// Ends the collectors and the engine. What is stored is stored; requests in flight are dropped.
    ///
    /// # Errors
    /// What ended the engine, if it did not end well.
    pub async fn end(self) -> Result<()> {
        self.stop.send_replace(true);
        let aborter = self.collectors.abort_handle();
        if tokio::time::timeout(END_WITHIN, self.collectors).await.is_err() {
            aborter.abort();
        }
        // Wakes the engine where it waits for a command of somebody who still has a way to it.
        let _ = self.desk.commands.try_send(Command::Watch);
        drop(self.desk);
        let engine = self.engine;
        let ended =
            tokio::task::spawn_blocking(move || engine.join()).await.wrap_err("could not wait for the engine")?;
        ended.map_err(|_| eyre!("the engine's thread panicked: please report this with the message above"))?
    }
}

fn run_engine(
    prepare: Prepare,
    opened: oneshot::Sender<()>,
    ready: oneshot::Sender<Collection>,
    wiring: Wiring,
) -> Result<()> {
    pool::let_rest();
    let updates = wiring.updates.clone();
    let result = prepare().map(|prepared| {
        rehearse_panic("engine");
        let Prepared { store, policy, sources, settings, ceiling, clock, metrics, responding } = prepared;
        let now = clock.now();
        let purse = Arc::new(Purse::new(ceiling, &store.scopes(now), now));
        let known = known(&store, now);
        let step = store.step();
        let woken = Arc::new(Notify::new());
        let engine = Engine::new(store, policy, now);
        let engine = match &responding {
            Some(responding) => engine.with_responses(responding, Arc::clone(&woken)),
            None => engine,
        };
        let responding = responding.map(|responding| (responding, woken));
        let collection = Collection { sources, settings, clock, step, known, purse, metrics, responding };
        // Nobody listens any more when the program is already ending.
        let _ = (opened.send(()), ready.send(collection));
        engine.run(wiring);
    });
    updates.send_replace(Update::Ended);
    result
}

/// What the history knows of each scope.
fn known(store: &Store, now: Timestamp) -> HashMap<ScopeName, Known> {
    let mut known: HashMap<ScopeName, Known> = HashMap::new();
    for status in store.scopes(now) {
        let scope = status.scope.clone();
        known.entry(scope).or_default().status = Some(status);
    }
    for newest in store.profiles().into_iter().filter_map(|(_, versions)| versions.last()) {
        known.entry(newest.key.scope.clone()).or_default().profiles.push(newest.clone());
    }
    known
}

async fn collect_when(
    prepared: oneshot::Receiver<Collection>,
    commands: mpsc::Sender<Command>,
    updates: watch::Receiver<Update>,
    refresh: Arc<Notify>,
    stopped: watch::Receiver<bool>,
    bell: watch::Sender<u64>,
) {
    let Ok(collection) = prepared.await else { return };
    let mut tasks = JoinSet::new();
    let ticks = step_the_judge(collection.clock.clone(), collection.step, commands.clone());
    tasks.spawn(ticks);
    if let Some(listen) = collection.metrics.listen {
        tasks.spawn(metrics::serve(listen, updates.clone()));
    }
    if let Some(otlp) = collection.metrics.otlp {
        tasks.spawn(otlp::push(otlp, updates));
    }
    // Held to the end: without a courier nobody rings it.
    if let Some((responding, woken)) = collection.responding {
        let courier = responding.courier(commands.clone(), collection.clock.clone(), woken, bell.clone());
        tasks.spawn(courier.run());
    }
    let (batches_in, mut batches) = mpsc::channel(BATCHES_WAITING);
    let hub = Hub {
        settings: collection.settings,
        clock: collection.clock,
        known: collection.known,
        purse: collection.purse,
        batches: batches_in,
        refresh,
        stopped,
    };
    match collection.sources {
        Sources::Aws(sources) => hub.spawn(&mut tasks, sources),
        Sources::Replay(sources) => hub.spawn(&mut tasks, sources),
        Sources::Demo(sources) => hub.spawn(&mut tasks, sources),
    }
    // The collectors hold the queue's senders now: when the last one ends, the loop below does.
    drop(hub);
    while let Some(delivery) = batches.recv().await {
        if commands.send(Command::Take(Box::new(delivery))).await.is_err() {
            break;
        }
    }
    tasks.shutdown().await;
}

/// What every collector is given.
struct Hub {
    settings: CollectSettings,
    clock: Clock,
    known: HashMap<ScopeName, Known>,
    purse: Arc<Purse>,
    batches: mpsc::Sender<Delivery>,
    refresh: Arc<Notify>,
    stopped: watch::Receiver<bool>,
}

impl Hub {
    fn spawn<S: Source>(&self, tasks: &mut JoinSet<()>, sources: Vec<S>) {
        for source in sources {
            let collector = Collector {
                settings: self.settings.clone(),
                known: self.known.get(source.scope()).cloned().unwrap_or_default(),
                purse: self.purse.clone(),
                clock: self.clock.clone(),
                batches: self.batches.clone(),
                refresh: self.refresh.clone(),
                stopped: self.stopped.clone(),
            };
            tasks.spawn(collector.run(source));
        }
    }
}

/// Steps the alert machine once a step of the data, half a step after it closed, so that polls come first.
async fn step_the_judge(clock: Clock, step: Step, commands: mpsc::Sender<Command>) {
    let half = SignedDuration::from_secs(step.seconds() / 2);
    loop {
        let now = clock.now();
        let due = step.floor(now) + step.duration() + half;
        clock.sleep_until(due).await;
        if commands.send(Command::Step(step.floor(clock.now()))).await.is_err() {
            return;
        }
    }
}
