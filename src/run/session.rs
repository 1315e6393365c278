//! A running engine with its collectors, seen from outside.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use color_eyre::eyre::{Result, WrapErr, eyre};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::collect::{Clock, CollectSettings, Collector, Delivery, Known, Purse};
use crate::config::MetricsListen;
use crate::domain::history::History;
use crate::domain::ids::ScopeName;
use crate::domain::time::Step;
use crate::domain::view::Focus;
use crate::history::Store;
use crate::run::engine::{Command, Engine, QUEUE_LENGTH, Update, Wiring};
use crate::run::responses::Responding;
use crate::run::setup::{Prepared, Sources};
use crate::run::{metrics, rehearse_panic};
use crate::source::Source;

/// How many batches of the past may wait, each of some megabytes: collectors wait when the engine is behind.
const BATCHES_WAITING: usize = 2;
/// How long collectors may take to end when asked.
const END_WITHIN: std::time::Duration = std::time::Duration::from_millis(80);

/// Opens the store and makes policy and sources; runs on the engine's own thread.
pub type Prepare = Box<dyn FnOnce() -> Result<Prepared> + Send>;

/// A running engine with its collectors.
pub struct Session {
    /// The newest of what the engine says.
    pub updates: watch::Receiver<Update>,
    commands: mpsc::Sender<Command>,
    refresh: Arc<Notify>,
    stop: watch::Sender<bool>,
    watched: watch::Sender<Option<Focus>>,
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
    metrics: Option<MetricsListen>,
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
        let (watched, watched_out) = watch::channel(None);
        let wiring =
            Wiring { commands: commands_out, watched: watched_out, updates: updates_in, stopped: stopped.clone() };
        let refresh = Arc::new(Notify::new());
        let (bell_in, bell) = watch::channel(0);
        let (ready, prepared) = oneshot::channel();
        let engine = thread::Builder::new()
            .name("engine".into())
            .spawn(move || run_engine(prepare, ready, wiring))
            .wrap_err("could not start the engine's thread")?;
        let collectors =
            tokio::spawn(collect_when(prepared, commands.clone(), updates.clone(), refresh.clone(), stopped, bell_in));
        Ok(Self { updates, commands, refresh, stop, watched, bell, engine, collectors })
    }

    /// Asks for a detail with every view, or for none.
    pub fn watch(&self, focus: Option<Focus>) {
        self.watched.send_replace(focus);
        // Where the queue is full or the engine has ended, the next publishing sees it, or nobody does.
        let _ = self.commands.try_send(Command::Watch);
    }

    /// Asks for a moment of the past with every view, or for the present again.
    pub fn travel(&self, moment: Option<Timestamp>) {
        // Where the queue is full the user presses the key again.
        let _ = self.commands.try_send(Command::Travel(moment));
    }

    /// Asks every collector to poll now.
    pub fn refresh(&self) {
        self.refresh.notify_waiters();
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
        drop(self.commands);
        let engine = self.engine;
        let ended =
            tokio::task::spawn_blocking(move || engine.join()).await.wrap_err("could not wait for the engine")?;
        ended.map_err(|_| eyre!("the engine's thread panicked: please report this with the message above"))?
    }
}

fn run_engine(prepare: Prepare, ready: oneshot::Sender<Collection>, wiring: Wiring) -> Result<()> {
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
        let _ = ready.send(collection);
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
    if let Some(listen) = collection.metrics {
        tasks.spawn(metrics::serve(listen, updates));
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
        clock.sleep(due.duration_since(now)).await;
        if commands.send(Command::Step(step.floor(clock.now()))).await.is_err() {
            return;
        }
    }
}
