//! The collector against a source that answers as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, watch};

use super::*;
use crate::collect::poller::Poller;
use crate::domain::health::ScopeStatus;
use crate::domain::ids::{ProfileKey, ScopeName};
use crate::domain::meter::{Counts, Meter};
use crate::domain::money::Money;
use crate::domain::profile::{Profile, Reach};
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::{Point, ProfileUsage};
use crate::source::{Source, SourceError, SourceErrorKind, UsageReply, UsageRequest};

/// Has two profiles, `busy` with a request every minute and `idle`; notes what it is asked.
#[derive(Clone, Default)]
struct Scripted {
    asked: Arc<Mutex<Vec<UsageRequest>>>,
    faults: Arc<Mutex<Vec<SourceErrorKind>>>,
    hangs: bool,
}

fn scope() -> &'static ScopeName {
    static SCOPE: std::sync::LazyLock<ScopeName> = std::sync::LazyLock::new(|| "main".into());
    &SCOPE
}

fn key(id: &str) -> ProfileKey {
    ProfileKey { scope: scope().clone(), id: id.into() }
}

impl Source for Scripted {
    fn scope(&self) -> &ScopeName {
        scope()
    }

    fn step(&self) -> Step {
        Step::MINUTE
    }

    async fn profiles(&mut self, now: Timestamp) -> Result<Vec<Profile>, SourceError> {
        let profile = |id| Profile {
            key: key(id),
            arn: String::new(),
            name: id.to_owned(),
            model: None,
            reach: Reach::InRegion,
            region: String::new(),
            tags: BTreeMap::new(),
            tenant: None,
            from: now,
        };
        Ok(vec![profile("busy"), profile("idle")])
    }

    async fn usage(&mut self, request: &UsageRequest) -> Result<UsageReply, SourceError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if let Some(kind) = self.faults.lock().expect("not poisoned").pop() {
            return Err(SourceError { kind, message: "tried and failed".into(), remedy: "do this".into() });
        }
        self.asked.lock().expect("not poisoned").push(request.clone());
        let newest = request.now - SignedDuration::from_mins(1);
        let points = vec![Point { at: newest, counts: Counts::EMPTY.with(Meter::Invocations, 1) }];
        let is_busy = request.profiles.contains(&key("busy"));
        Ok(UsageReply {
            usage: if is_busy { vec![ProfileUsage { profile: key("busy"), points }] } else { Vec::new() },
            watermark: request.step.floor(request.now),
            metrics_requested: request.profiles.len() as u64 * 9,
            rows_refused: 0,
        })
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn settings(ceiling: Option<i64>) -> CollectSettings {
    CollectSettings {
        interval: minutes(1),
        ceiling: ceiling.map(|dollars| Money::usd(dollars.into())),
        revise_window: minutes(15),
        backfill: SignedDuration::from_hours(35 * 24),
    }
}

fn known(watermark: Timestamp) -> ScopeStatus {
    ScopeStatus {
        scope: scope().clone(),
        last_poll: Some(watermark),
        watermark: Some(watermark),
        fault: None,
        interval_seconds: 60,
        metrics_requested_month: 0,
        rows_refused: 0,
        history_from: Some(watermark - SignedDuration::from_hours(24 * 40)),
    }
}

const NOON: &str = "2026-11-24T12:00:30Z";

#[tokio::test]
async fn the_first_poll_reaches_back_to_whole_hours_and_later_ones_over_the_revise_window() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(None), None);
    poller.poll(at(NOON)).await;
    poller.poll(at(NOON) + minutes(1)).await;
    let asked = source.asked.lock().expect("not poisoned");
    assert_eq!(asked[0].span, TimeSpan::new(at("2026-11-24T06:00:00Z"), at(NOON)));
    assert_eq!(asked[1].span.start, at("2026-11-24T11:45:00Z"));
}

#[tokio::test]
async fn the_backfill_covers_the_hours_before_the_points_once_the_newest_first() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(None), None);
    assert!(poller.backfill(at(NOON)).await.is_none(), "points come first");
    let first = poller.poll(at(NOON)).await;
    assert!(first.more_history);
    let mut announced = Vec::new();
    while let Some(batch) = poller.backfill(at(NOON)).await {
        assert_eq!(batch.poll.watermark, first.poll.watermark, "the health of the data does not move");
        announced.push(batch.more_history);
    }
    assert_eq!(announced, [true, true, true, true, false]);
    let asked = source.asked.lock().expect("not poisoned");
    let spans: Vec<TimeSpan> = asked[1..].iter().map(|request| request.span).collect();
    assert_eq!(spans.first().map(|span| span.end), Some(at("2026-11-24T06:00:00Z")));
    assert_eq!(spans.last().map(|span| span.start), Some(at("2026-10-20T12:00:00Z")));
    assert!(spans.windows(2).all(|pair| pair[1].end == pair[0].start), "no gap and no overlap: {spans:?}");
    assert!(asked[1..].iter().all(|request| request.step == Step::HOUR));
}

#[tokio::test]
async fn a_backfill_that_fails_is_not_waited_for() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(None), None);
    poller.poll(at(NOON)).await;
    source.faults.lock().expect("not poisoned").push(SourceErrorKind::Service);
    assert!(poller.backfill(at(NOON)).await.is_none());
    assert!(!poller.poll(at(NOON) + minutes(1)).await.more_history);
    assert!(poller.backfill(at(NOON) + minutes(1)).await.is_some_and(|batch| batch.more_history), "but tried again");
}

#[tokio::test]
async fn after_a_restart_only_the_gap_is_fetched() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(None), Some(known(at("2026-11-24T01:40:00Z"))));
    poller.poll(at(NOON)).await;
    while poller.backfill(at(NOON)).await.is_some() {}
    let asked = source.asked.lock().expect("not poisoned");
    assert_eq!(asked[0].span.start, at("2026-11-24T06:00:00Z"));
    assert_eq!(asked[1].span, TimeSpan::new(at("2026-11-24T01:00:00Z"), at("2026-11-24T06:00:00Z")));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_backfill_that_was_cut_off_is_taken_up_after_a_restart() {
    let source = Scripted::default();
    let mut first = Poller::new(source.clone(), settings(None), None);
    first.poll(at(NOON)).await;
    let cut_off = first.backfill(at(NOON)).await.expect("the newest week").poll;
    assert_eq!(cut_off.history_from, Some(at("2026-11-17T06:00:00Z")));
    let known = ScopeStatus { history_from: cut_off.history_from, ..known(at(NOON)) };
    let mut second = Poller::new(source.clone(), settings(None), Some(known));
    second.poll(at(NOON)).await;
    let fetched_before = source.asked.lock().expect("not poisoned").len();
    while second.backfill(at(NOON)).await.is_some() {}
    let asked = source.asked.lock().expect("not poisoned");
    let spans: Vec<TimeSpan> = asked[fetched_before..].iter().map(|request| request.span).collect();
    assert_eq!(spans.first().map(|span| span.end), Some(at("2026-11-17T06:00:00Z")));
    assert_eq!(spans.last().map(|span| span.start), Some(at("2026-10-20T12:00:00Z")));
}

#[tokio::test]
async fn after_a_short_restart_nothing_is_fetched_twice() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(None), Some(known(at("2026-11-24T11:50:00Z"))));
    poller.poll(at(NOON)).await;
    assert!(poller.backfill(at(NOON)).await.is_none());
    assert_eq!(source.asked.lock().expect("not poisoned")[0].span.start, at("2026-11-24T11:35:00Z"));
}

#[tokio::test]
async fn idle_profiles_are_asked_seldom_where_asking_costs() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(Some(1000)), None);
    for minute in 0..=30 {
        poller.poll(at(NOON) + minutes(minute)).await;
    }
    let asked = source.asked.lock().expect("not poisoned");
    let sizes: Vec<usize> = asked.iter().map(|request| request.profiles.len()).collect();
    assert_eq!((sizes[0], sizes[1], sizes[29], sizes[30]), (2, 1, 1, 2));
    assert!(asked[30].span.start <= at(NOON) - minutes(15), "and then for all the time since");
}

#[tokio::test]
async fn a_failure_keeps_the_watermark_and_throttling_backs_off() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(None), None);
    poller.poll(at(NOON)).await;
    source.faults.lock().expect("not poisoned").extend([SourceErrorKind::Throttled; 4]);
    let mut waits = Vec::new();
    for minute in 1..=4 {
        let batch = poller.poll(at(NOON) + minutes(minute)).await;
        assert_eq!((batch.poll.watermark, batch.points.len()), (None, 0));
        assert_eq!(batch.poll.fault.expect("told").kind, "throttled");
        waits.push(poller.interval().as_mins());
    }
    assert_eq!(waits, [2, 4, 5, 5]);
    let recovered = poller.poll(at(NOON) + minutes(5)).await;
    assert!(recovered.poll.fault.is_none() && poller.interval() == minutes(1));
    let asked = source.asked.lock().expect("not poisoned");
    assert_eq!(asked[1].span.start, at("2026-11-24T11:45:00Z"), "what was missed is asked for again");
}

#[tokio::test]
async fn profiles_are_sent_with_the_first_usage_that_is_answered() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(None), None);
    source.faults.lock().expect("not poisoned").push(SourceErrorKind::Throttled);
    assert!(poller.poll(at(NOON)).await.profiles.is_empty());
    assert_eq!(poller.poll(at(NOON) + minutes(1)).await.profiles.len(), 2, "no usage is stored before its profile");
    assert!(poller.poll(at(NOON) + minutes(2)).await.profiles.is_empty(), "and not again at each poll");
}

#[tokio::test]
async fn after_a_long_failure_the_gap_is_fetched_by_the_hour() {
    let source = Scripted::default();
    let mut poller = Poller::new(source.clone(), settings(None), Some(known(at(NOON))));
    poller.poll(at(NOON)).await;
    assert!(poller.backfill(at(NOON)).await.is_none());
    let later = at(NOON) + SignedDuration::from_hours(9);
    poller.poll(later).await;
    while poller.backfill(later).await.is_some() {}
    let asked = source.asked.lock().expect("not poisoned");
    let gap = TimeSpan::new(at("2026-11-24T11:00:00Z"), at("2026-11-24T15:00:00Z"));
    assert_eq!(asked.last().map(|request| (request.span, request.step)), Some((gap, Step::HOUR)));
}

#[tokio::test]
async fn a_request_that_hangs_does_not_hold_up_the_end() {
    let (batches, _taken) = mpsc::channel(1);
    let (stop, stopped) = watch::channel(false);
    let collector = Collector {
        settings: settings(None),
        known: None,
        clock: Clock::wall(),
        batches,
        refresh: Arc::new(Notify::new()),
        stopped,
    };
    let running = tokio::spawn(collector.run(Scripted { hangs: true, ..Scripted::default() }));
    stop.send_replace(true);
    running.await.expect("it ends");
}

#[tokio::test]
async fn a_refresh_asks_at_once() {
    let (batches, mut taken) = mpsc::channel(1);
    let (_stop, stopped) = watch::channel(false);
    let refresh = Arc::new(Notify::new());
    let clock = Clock::simulated(at(NOON), 0.0);
    let settings = CollectSettings { backfill: SignedDuration::ZERO, ..settings(None) };
    let collector = Collector { settings, known: None, clock, batches, refresh: refresh.clone(), stopped };
    let running = tokio::spawn(collector.run(Scripted::default()));
    taken.recv().await.expect("the first poll");
    while taken.try_recv().is_err() {
        refresh.notify_waiters();
        tokio::task::yield_now().await;
    }
    running.abort();
}
