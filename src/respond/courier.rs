//! The courier: a task beside the engine that carries letters to their receivers.
//!
//! It asks the engine for letters that are due, as many as each receiver has room for, and reports back what became of
//! them. A receiver that hangs holds up its own letters only; the engine never waits for any. Heartbeats and the
//! refreshing of Alertmanagers run beside it, as long as the engine answers.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::config::ReceiverKind;
use crate::domain::text::printable;
use crate::respond::event::Event;
use crate::respond::letter::{Job, Report, Verdict};
use crate::respond::queue::Room;
use crate::respond::receiver::Receivers;
use crate::respond::router::Router;

/// How many letters a receiver may have on their way; a program runs alone.
const AT_ONCE: usize = 2;
/// Reports of so long are taken together: each exchange is a write of the store.
const GATHER: Duration = Duration::from_millis(50);
/// How many reports wait at most for the engine.
const REPORTS: usize = 64;
/// It asks again after so long, whatever the engine said.
const LONGEST_REST: Duration = Duration::from_mins(1);
/// It does not ask more often than this by itself.
const SHORTEST_REST: Duration = Duration::from_millis(100);
/// How long what is on its way at the end may still take.
const AT_THE_END: Duration = Duration::from_millis(40);

/// What the engine gives: the letters that are due, and when to ask again.
pub type Due = (Vec<Job>, Option<Timestamp>);

/// The engine, as the courier sees it.
pub trait Desk: Clone + Send + Sync + 'static {
    /// Takes reports and gives letters; `None` when the engine has ended.
    fn exchange(&self, reports: Vec<Report>, room: Room) -> impl Future<Output = Option<Due>> + Send;

    /// What a receiver knows to fire; `None` when the engine has ended.
    fn firing(&self, receiver: String) -> impl Future<Output = Option<Vec<Event>>> + Send;

    /// Whether all is well: data comes in and is stored. `None` when the engine has ended.
    fn is_well(&self) -> impl Future<Output = Option<bool>> + Send;

    /// The time.
    fn now(&self) -> Timestamp;
}

/// Carries letters until the engine ends.
pub struct Courier<D> {
    desk: D,
    receivers: RwLock<Arc<Receivers>>,
    routes: watch::Receiver<Router>,
    woken: Arc<Notify>,
}

impl<D: Desk> Courier<D> {
    /// A courier to the receivers of routes that may change; `woken` is told when there are new letters.
    #[must_use]
    pub fn new(desk: D, receivers: Receivers, routes: watch::Receiver<Router>, woken: Arc<Notify>) -> Self {
        Self { desk, receivers: RwLock::new(Arc::new(receivers)), routes, woken }
    }

    /// Carries letters until the engine ends. Dropping it drops what is on its way, which is sent again another time.
    pub async fn run(self) {
        let mut routes = self.routes.clone();
        let mut beside = self.beside();
        let carrying = self.carry();
        tokio::pin!(carrying);
        loop {
            tokio::select! {
                () = &mut carrying => break,
                Ok(()) = routes.changed() => {
                    let receivers = Arc::new(self.receivers().of(&routes.borrow_and_update()));
                    // What is on its way arrives as it was sent.
                    *self.receivers.write().unwrap_or_else(PoisonError::into_inner) = receivers;
                    beside.shutdown().await;
                    beside = self.beside();
                    self.woken.notify_one();
                }
            }
        }
        beside.shutdown().await;
    }

    fn receivers(&self) -> Arc<Receivers> {
        Arc::clone(&self.receivers.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What goes on beside letters, for the receivers as they are now.
    fn beside(&self) -> JoinSet<()> {
        let mut beside = JoinSet::new();
        let receivers = self.receivers();
        for receiver in receivers.all() {
            let name = receiver.name.clone();
            let (desk, receivers) = (self.desk.clone(), Arc::clone(&receivers));
            match &receiver.kind {
                ReceiverKind::Alertmanager(manager) => {
                    let every = Duration::try_from(manager.refresh).unwrap_or(LONGEST_REST);
                    beside.spawn(refresh_now_and_then(desk, receivers, name, every));
                }
                ReceiverKind::Heartbeat(heartbeat) => {
                    let every = Duration::try_from(heartbeat.interval).unwrap_or(LONGEST_REST);
                    beside.spawn(beat_while_well(desk, receivers, name, every));
                }
                _ => {}
            }
        }
        beside
    }

    async fn carry(&self) {
        let (done, mut reports) = mpsc::channel(REPORTS);
        let mut on_the_way: BTreeMap<String, usize> = BTreeMap::new();
        let mut tasks = JoinSet::new();
        let mut gathered: Vec<(String, Report)> = Vec::new();
        loop {
            for (receiver, _) in &gathered {
                if let Some(count) = on_the_way.get_mut(receiver) {
                    *count = count.saturating_sub(1);
                }
            }
            let told = gathered.drain(..).map(|(_, report)| report).collect();
            let Some((jobs, next)) = self.desk.exchange(told, self.room(&on_the_way)).await else { break };
            for job in jobs {
                *on_the_way.entry(job.letter.receiver.clone()).or_default() += 1;
                tasks.spawn(carry_one(self.receivers(), self.desk.clone(), job, done.clone()));
            }
            while tasks.try_join_next().is_some() {}
            gathered = self.rest(&mut reports, next).await;
        }
        // A moment for what is nearly there; the rest is sent again under the same key.
        let _ = tokio::time::timeout(AT_THE_END, async { while tasks.join_next().await.is_some() {} }).await;
        tasks.shutdown().await;
    }

    /// Waits for reports, for new letters, or until some are due.
    async fn rest(
        &self,
        reports: &mut mpsc::Receiver<(String, Report)>,
        next: Option<Timestamp>,
    ) -> Vec<(String, Report)> {
        let wait = next.map_or(LONGEST_REST, |next| {
            let left = Duration::try_from(next.duration_since(self.desk.now())).unwrap_or(Duration::ZERO);
            left.clamp(SHORTEST_REST, LONGEST_REST)
        });
        let first = tokio::select! {
            report = reports.recv() => report,
            () = self.woken.notified() => None,
            () = tokio::time::sleep(wait) => None,
        };
        let mut gathered: Vec<_> = first.into_iter().collect();
        let end = Instant::now() + GATHER;
        while !gathered.is_empty() && gathered.len() < REPORTS {
            match tokio::time::timeout_at(end, reports.recv()).await {
                Ok(Some(report)) => gathered.push(report),
                Ok(None) | Err(_) => break,
            }
        }
        gathered
    }

    fn room(&self, on_the_way: &BTreeMap<String, usize>) -> Room {
        let receivers = self.receivers();
        let room = receivers.all().map(|receiver| {
            let most = if matches!(receiver.kind, ReceiverKind::Exec(_)) { 1 } else { AT_ONCE };
            let taken = on_the_way.get(&receiver.name).copied().unwrap_or(0);
            (receiver.name.clone(), most.saturating_sub(taken))
        });
        room.collect()
    }
}

async fn carry_one<D: Desk>(receivers: Arc<Receivers>, desk: D, job: Job, done: mpsc::Sender<(String, Report)>) {
    let verdict = receivers.tell(&job, desk.now()).await;
    let letter = &job.letter;
    let (receiver, summary) = (printable(&letter.receiver), printable(&letter.summary));
    match &verdict {
        Verdict::Delivered { .. } => info!(receiver, key = letter.key, summary, "told"),
        Verdict::Skipped(why) => info!(receiver, key = letter.key, summary, why = printable(why), "not told"),
        Verdict::Retry { why, .. } => {
            warn!(receiver, key = letter.key, summary, why = printable(why), "will be told again");
        }
        Verdict::Refused(why) => warn!(receiver, key = letter.key, summary, why = printable(why), "could not be told"),
    }
    let report = Report { sequence: letter.sequence, verdict, at: desk.now() };
    // The courier is gone when the program ends; the letter is sent again then.
    let _ = done.send((job.letter.receiver, report)).await;
}

async fn refresh_now_and_then<D: Desk>(desk: D, receivers: Arc<Receivers>, name: String, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(firing) = desk.firing(name.clone()).await else { return };
        if firing.is_empty() {
            continue;
        }
        if let Err(why) = receivers.refresh(&name, &firing, desk.now()).await {
            warn!(receiver = printable(&name), why = printable(&why), "what fires could not be told again");
        }
    }
}

async fn beat_while_well<D: Desk>(desk: D, receivers: Arc<Receivers>, name: String, every: Duration) {
    loop {
        match desk.is_well().await {
            None => return,
            Some(false) => warn!(receiver = printable(&name), "no heartbeat: data does not come in or is not stored"),
            Some(true) => {
                if let Err(why) = receivers.beat(&name, desk.now()).await {
                    warn!(receiver = printable(&name), why = printable(&why), "the heartbeat was not heard");
                }
            }
        }
        tokio::time::sleep(every).await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use jiff::SignedDuration;

    use super::*;
    use crate::config::{LogFile, Receiver, Responses};
    use crate::domain::level::Level;
    use crate::domain::notice::NoticeKind;
    use crate::respond::fixtures::{event, letter, start};

    /// An engine with a letter for `new` that ends once it hears what became of it.
    #[derive(Clone, Default)]
    struct OneLetter {
        is_given: Arc<AtomicBool>,
        reports: Arc<Mutex<Vec<Report>>>,
    }

    impl Desk for OneLetter {
        async fn exchange(&self, reports: Vec<Report>, room: Room) -> Option<Due> {
            if !reports.is_empty() {
                self.reports.lock().expect("not poisoned").extend(reports);
                return None;
            }
            let letter = letter("new", &[event("acme", NoticeKind::Fire, Level::Red)]);
            let is_due = room.contains_key("new") && !self.is_given.swap(true, Ordering::Relaxed);
            let jobs = is_due.then_some(Job { letter, memo: None });
            Some((jobs.into_iter().collect(), None))
        }

        async fn firing(&self, _receiver: String) -> Option<Vec<Event>> {
            None
        }

        async fn is_well(&self) -> Option<bool> {
            None
        }

        fn now(&self) -> Timestamp {
            start()
        }
    }

    fn log_to(folder: &Path, name: &str) -> Router {
        let log = LogFile { path: Some(folder.join(name)), max_bytes: 10_000, keep: 0 };
        let receiver = Receiver {
            name: name.to_owned(),
            kind: ReceiverKind::Log(log),
            timeout: SignedDuration::from_secs(10),
            per_minute: 10,
            retry_for: SignedDuration::from_hours(1),
        };
        Router::new(&Responses { receivers: vec![receiver], routes: Vec::new() })
    }

    #[tokio::test]
    async fn a_receiver_that_comes_while_it_runs_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let (routes_in, routes) = watch::channel(log_to(folder.path(), "old"));
        let receivers = Receivers::new(&routes.borrow(), folder.path(), watch::Sender::new(0));
        let desk = OneLetter::default();
        let running = tokio::spawn(Courier::new(desk.clone(), receivers, routes, Arc::default()).run());
        routes_in.send_replace(log_to(folder.path(), "new"));
        running.await.expect("it ends");
        let reports = desk.reports.lock().expect("not poisoned");
        assert!(matches!(&reports[..], [Report { verdict: Verdict::Delivered { .. }, .. }]), "{reports:?}");
        let written = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        assert!(written("new").contains("acme") && written("old").is_empty());
    }
}
