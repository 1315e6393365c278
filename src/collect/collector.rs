//! The loop around a source.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, watch};

use crate::collect::clock::Clock;
use crate::collect::poller::Poller;
use crate::domain::health::ScopeStatus;
use crate::domain::money::Money;
use crate::domain::usage::Batch;
use crate::source::Source;

/// How sources are asked.
#[derive(Clone, Debug)]
pub struct CollectSettings {
    /// How often profiles in use are asked.
    pub interval: SignedDuration,
    /// What asking may cost a month; nothing is counted without one.
    pub ceiling: Option<Money>,
    /// How far back each poll asks again.
    pub revise_window: SignedDuration,
    /// How much hourly history is fetched at the start.
    pub backfill: SignedDuration,
}

/// Collects one scope.
#[derive(Debug)]
pub struct Collector {
    /// How the source is asked.
    pub settings: CollectSettings,
    /// What the history knows of the scope.
    pub known: Option<ScopeStatus>,
    /// The time.
    pub clock: Clock,
    /// Where batches go.
    pub batches: mpsc::Sender<Batch>,
    /// Asks for a poll at once.
    pub refresh: Arc<Notify>,
    /// Turns true when the collector should end.
    pub stopped: watch::Receiver<bool>,
}

impl Collector {
    /// Collects until it is stopped or nobody takes its batches. A request in flight is dropped then.
    pub async fn run<S: Source>(self, source: S) {
        let Self { settings, known, clock, batches, refresh, mut stopped } = self;
        let poller = Poller::new(source, settings, known);
        tokio::select! {
            () = collect(poller, &clock, &batches, &refresh) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}

/// Ends when nobody takes batches any more.
async fn collect<S: Source>(mut poller: Poller<S>, clock: &Clock, batches: &mpsc::Sender<Batch>, refresh: &Notify) {
    loop {
        let began = clock.now();
        let batch = poller.poll(began).await;
        if batches.send(batch).await.is_err() {
            return;
        }
        while let Some(batch) = poller.backfill(clock.now()).await {
            if batches.send(batch).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = clock.sleep(rest_of(poller.interval(), began, clock.now())) => {}
            () = refresh.notified() => {}
        }
    }
}

fn rest_of(interval: SignedDuration, began: Timestamp, now: Timestamp) -> SignedDuration {
    interval.saturating_sub(now.duration_since(began)).max(SignedDuration::ZERO)
}
