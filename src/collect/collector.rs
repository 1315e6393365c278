//! The loop around a source.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::collect::clock::Clock;
use crate::collect::poller::Poller;
use crate::collect::purse::Purse;
use crate::domain::health::ScopeStatus;
use crate::domain::meter::MeterSet;
use crate::domain::profile::Profile;
use crate::domain::usage::Batch;
use crate::source::Source;

/// How sources are asked.
#[derive(Clone, Debug)]
pub struct CollectSettings {
    /// How often profiles in use are asked.
    pub interval: SignedDuration,
    /// Which meters are asked for.
    pub meters: MeterSet,
    /// How far back each poll asks again.
    pub revise_window: SignedDuration,
    /// How much hourly history is fetched at the start.
    pub backfill: SignedDuration,
    /// How much of it is fetched finer; `None` where hours are enough.
    pub finer: Option<Finer>,
}

/// How much history is fetched finer than by the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finer {
    /// In the source's own steps.
    pub points: SignedDuration,
    /// In five minutes, before that.
    pub five_minutes: SignedDuration,
}

/// What the history knows of a scope.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its status.
    pub status: Option<ScopeStatus>,
    /// Its profiles.
    pub profiles: Vec<Profile>,
}

/// How long what could not be stored waits before it is offered again.
const OFFERED_AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// A batch on its way to the history. The collector waits to be told whether it was stored, and offers again what was not:
/// nothing is asked of the source that could not be stored either.
#[derive(Debug)]
pub struct Delivery {
    /// What a poll brought.
    pub batch: Arc<Batch>,
    stored: oneshot::Sender<bool>,
}

impl Delivery {
    /// Tells the collector whether the batch was stored.
    pub fn answer(self, is_stored: bool) {
        // A collector that has ended does not want to know.
        let _ = self.stored.send(is_stored);
    }
}

/// Collects one scope.
#[derive(Debug)]
pub struct Collector {
    /// How the source is asked.
    pub settings: CollectSettings,
    /// What the history knows of the scope.
    pub known: Known,
    /// What may be spent, together with the other scopes.
    pub purse: Arc<Purse>,
    /// The time.
    pub clock: Clock,
    /// Where batches go.
    pub batches: mpsc::Sender<Delivery>,
    /// Asks for a poll at once.
    pub refresh: Arc<Notify>,
    /// Turns true when the collector should end.
    pub stopped: watch::Receiver<bool>,
}

impl Collector {
    /// Collects until it is stopped or nobody takes its batches. A request in flight is dropped then.
    pub async fn run<S: Source>(self, source: S) {
        let Self { settings, known, purse, clock, batches, refresh, mut stopped } = self;
        let poller = Poller::new(source, settings, known, purse);
        tokio::select! {
            () = collect(poller, &clock, &batches, &refresh) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}

/// Ends when nobody takes batches any more.
async fn collect<S: Source>(mut poller: Poller<S>, clock: &Clock, batches: &mpsc::Sender<Delivery>, refresh: &Notify) {
    loop {
        let began = clock.now();
        let mut fetched = Some(poller.poll(began).await);
        while let Some(batch) = fetched {
            if deliver(clock, batches, refresh, batch).await.is_none() {
                return;
            }
            // A question about the past that is cut off by a refresh is asked again; what was fetched is delivered.
            fetched = tokio::select! {
                batch = use_the_time(&mut poller, clock, began) => batch,
                () = refresh.notified() => None,
            };
        }
    }
}

/// Fetches some of the past if there is time; else waits until the next poll is due.
async fn use_the_time<S: Source>(poller: &mut Poller<S>, clock: &Clock, began: Timestamp) -> Option<Batch> {
    if clock.now() < after(began, poller.interval())
        && let Some(batch) = poller.backfill(clock.now()).await
    {
        return Some(batch);
    }
    clock.sleep_until(after(began, poller.interval())).await;
    None
}

/// Offers the batch until it is stored; `None` where nobody takes batches any more.
async fn deliver(clock: &Clock, batches: &mpsc::Sender<Delivery>, refresh: &Notify, batch: Batch) -> Option<()> {
    let batch = Arc::new(batch);
    loop {
        let offered = clock.now();
        let (stored, answer) = oneshot::channel();
        batches.send(Delivery { batch: Arc::clone(&batch), stored }).await.ok()?;
        if answer.await.ok()? {
            return Some(());
        }
        tokio::select! {
            () = clock.sleep_until(after(offered, OFFERED_AGAIN)) => {}
            () = refresh.notified() => {}
        }
    }
}

fn after(began: Timestamp, length: SignedDuration) -> Timestamp {
    began.saturating_add(length).unwrap_or(Timestamp::MAX)
}
