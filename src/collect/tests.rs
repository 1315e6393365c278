//! The collector against a source that answers as it is told.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, watch};

use super::*;
use crate::collect::poller::Poller;
use crate::domain::health::{Collecting, ScopeStatus, Traffic};
use crate::domain::ids::{ProfileKey, ScopeName};
use crate::domain::meter::{Counts, Meter, MeterSet};
use crate::domain::money::Money;
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::{Point, ProfileUsage};
use crate::source::{Source, SourceError, SourceErrorKind, UsageReply, UsageRequest};

/// The ids that are listed, or why none are.
type Listed = Result<Vec<&'static str>, SourceErrorKind>;

/// Has two profiles, `busy` with a request every minute and `idle`; notes what it is asked.
#[derive(Clone, Default)]
struct Scripted {
    asked: Arc<Mutex<Vec<UsageRequest>>>,
    faults: Arc<Mutex<Vec<SourceErrorKind>>>,
    hangs: bool,
    metered: bool,
    listed: Arc<Mutex<Option<Listed>>>,
    active: Arc<Mutex<HashSet<ProfileKey>>>,
    traffic: Traffic,
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

    fn is_metered(&self) -> bool {
        self.metered
    }

    async fn profiles(&mut self, now: Timestamp) -> Result<Vec<Profile>, SourceError> {
        let listed = self.listed.lock().expect("not poisoned").clone();
        let ids = listed.unwrap_or_else(|| Ok(vec!["busy", "idle"])).map_err(fault)?;
        Ok(ids.into_iter().map(|id| Profile::bare(key(id), now)).collect())
    }

    async fn recently_used(&mut self, _: Timestamp) -> Result<Option<HashSet<ProfileKey>>, SourceError> {
        Ok(Some(self.active.lock().expect("not poisoned").clone()))
    }

    fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.traffic)
    }

    async fn usage(&mut self, request: &UsageRequest) -> Result<UsageReply, SourceError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if let Some(kind) = self.faults.lock().expect("not poisoned").pop() {
            return Err(fault(kind));
        }
        self.asked.lock().expect("not poisoned").push(request.clone());
        let newest = request.now - SignedDuration::from_mins(1);
        let points = vec![Point { at: newest, counts: Counts::EMPTY.with(Meter::Invocations, 1) }];
        let is_busy = request.asks.iter().any(|ask| ask.profile == key("busy"));
        self.traffic.metrics += request.asks.iter().map(|ask| ask.meters.len() as u64).sum::<u64>();
        Ok(UsageReply {
            usage: if is_busy { vec![ProfileUsage { profile: key("busy"), points }] } else { Vec::new() },
            watermark: request.step.floor(request.now),
            ..UsageReply::default()
        })
    }
}

fn fault(kind: SourceErrorKind) -> SourceError {
    SourceError { kind, message: "tried and failed".into(), remedy: "do this".into() }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a valid time")
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn settings() -> CollectSettings {
    CollectSettings {
        interval: minutes(1),
        meters: MeterSet::ALL,
        revise_window: minutes(15),
        backfill: SignedDuration::from_hours(35 * 24),
        finer: None,
    }
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn a_hundred_days() -> CollectSettings {
    CollectSettings { backfill: SignedDuration::from_hours(100 * 24), ..settings() }
}

/// A poller that knows nothing yet, of a source that costs nothing.
fn fresh(source: &Scripted) -> Poller<Scripted> {
    poller(source, settings(), None, None)
}

fn poller(
    source: &Scripted,
    settings: CollectSettings,
    known: Option<ScopeStatus>,
    ceiling: Option<i64>,
) -> Poller<Scripted> {
    let ceiling = ceiling.map(|dollars| Money::usd(dollars.into()));
    let purse = Arc::new(Purse::new(ceiling, known.as_slice(), at(NOON)));
    Poller::new(source.clone(), settings, Known { status: known, profiles: Vec::new() }, purse)
}

fn known(watermark: Timestamp) -> ScopeStatus {
    let history_from = Some(watermark - SignedDuration::from_hours(24 * 40));
    ScopeStatus {
        last_poll: Some(watermark),
        watermark: Some(watermark),
        collecting: Collecting { history_from, points_from: history_from, ..Collecting::default() },
        ..ScopeStatus::new(scope().clone())
    }
}

/// What a request asks for, from its earliest start on.
fn span(request: &UsageRequest) -> TimeSpan {
    let from = request.asks.iter().map(|ask| ask.from).min().expect("something is asked for");
    TimeSpan::new(from, request.until)
}

const NOON: &str = "2026-11-24T12:00:30Z";

#[tokio::test]
async fn the_first_poll_reaches_back_to_whole_hours_and_later_ones_over_the_revise_window() {
    let source = Scripted::default();
    let mut poller = fresh(&source);
    poller.poll(at(NOON)).await;
    poller.poll(at(NOON) + minutes(1)).await;
    let asked = source.asked.lock().expect("not poisoned");
    assert_eq!(span(&asked[0]), TimeSpan::new(at("2026-11-24T06:00:00Z"), at(NOON)));
    assert_eq!(span(&asked[1]).start, at("2026-11-24T11:45:00Z"));
}

#[tokio::test]
async fn the_backfill_covers_the_hours_before_the_points_once_the_newest_first() {
    let source = Scripted::default();
    let mut poller = poller(&source, a_hundred_days(), None, None);
    assert!(poller.backfill(at(NOON)).await.is_none(), "points come first");
    let first = poller.poll(at(NOON)).await;
    assert!(first.poll.collecting.is_filling);
    let mut announced = Vec::new();
    while let Some(batch) = poller.backfill(at(NOON)).await {
        assert_eq!(batch.poll.watermark, first.poll.watermark, "the health of the data does not move");
        announced.push(batch.poll.collecting.is_filling);
    }
    assert_eq!(announced.last(), Some(&false));
    let asked = source.asked.lock().expect("not poisoned");
    let spans: Vec<TimeSpan> = asked[1..].iter().map(span).collect();
    assert_eq!(spans.first().map(|span| span.end), Some(at("2026-11-24T06:00:00Z")));
    assert_eq!(spans.last().map(|span| span.start), Some(at("2026-08-16T12:00:00Z")));
    assert!(spans.windows(2).all(|pair| pair[1].end == pair[0].start), "no gap and no overlap: {spans:?}");
    assert!(asked[1..].iter().all(|request| request.step == Step::HOUR));
}

#[tokio::test]
async fn a_backfill_that_fails_is_not_waited_for() {
    let source = Scripted::default();
    let mut poller = fresh(&source);
    poller.poll(at(NOON)).await;
    source.faults.lock().expect("not poisoned").push(SourceErrorKind::Service);
    assert!(poller.backfill(at(NOON)).await.is_none());
    let poll = poller.poll(at(NOON) + minutes(1)).await.poll;
    assert!(!poll.collecting.is_filling && poll.fault.is_none());
    assert!(poll.collecting.notices[0].starts_with("the past could not be fetched"), "but told");
    assert!(poller.backfill(at(NOON) + minutes(1)).await.is_some(), "and tried again");
}

#[tokio::test]
async fn after_a_restart_only_the_gap_is_fetched() {
    let source = Scripted::default();
    let mut poller = poller(&source, settings(), Some(known(at("2026-11-24T01:40:00Z"))), None);
    poller.poll(at(NOON)).await;
    while poller.backfill(at(NOON)).await.is_some() {}
    let asked = source.asked.lock().expect("not poisoned");
    assert_eq!(span(&asked[0]).start, at("2026-11-24T06:00:00Z"));
    assert_eq!(span(&asked[1]), TimeSpan::new(at("2026-11-24T01:00:00Z"), at("2026-11-24T06:00:00Z")));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_backfill_that_was_cut_off_is_taken_up_after_a_restart() {
    let source = Scripted::default();
    let mut first = poller(&source, a_hundred_days(), None, None);
    first.poll(at(NOON)).await;
    let cut_off = first.backfill(at(NOON)).await.expect("the newest weeks").poll.collecting;
    assert_eq!(cut_off.history_from, Some(at("2026-10-20T06:00:00Z")));
    let known = ScopeStatus { collecting: cut_off, ..known(at(NOON)) };
    let mut second = poller(&source, a_hundred_days(), Some(known), None);
    second.poll(at(NOON)).await;
    let fetched_before = source.asked.lock().expect("not poisoned").len();
    while second.backfill(at(NOON)).await.is_some() {}
    let asked = source.asked.lock().expect("not poisoned");
    let spans: Vec<TimeSpan> = asked[fetched_before..].iter().map(span).collect();
    assert_eq!(spans.first().map(|span| span.end), Some(at("2026-10-20T06:00:00Z")));
    assert_eq!(spans.last().map(|span| span.start), Some(at("2026-08-16T12:00:00Z")));
}

#[tokio::test]
async fn after_a_short_restart_nothing_is_fetched_twice() {
    let source = Scripted::default();
    let mut poller = poller(&source, settings(), Some(known(at("2026-11-24T11:50:00Z"))), None);
    poller.poll(at(NOON)).await;
    assert!(poller.backfill(at(NOON)).await.is_none());
    assert_eq!(span(&source.asked.lock().expect("not poisoned")[0]).start, at("2026-11-24T11:35:00Z"));
}

#[tokio::test]
async fn what_was_asked_while_the_clock_was_ahead_is_asked_again() {
    let source = Scripted { metered: true, ..Scripted::default() };
    let mut poller = fresh(&source);
    poller.poll(at(NOON)).await;
    poller.poll(at(NOON) + minutes(120)).await;
    let ahead = source.asked.lock().expect("not poisoned").len();
    let poll = poller.poll(at(NOON) + minutes(2)).await.poll;
    assert_eq!(poll.watermark, Some(at("2026-11-24T12:02:00Z")));
    let again = source.asked.lock().expect("not poisoned")[ahead..].to_vec();
    assert_eq!(span(&again[0]).start, at("2026-11-24T06:00:00Z"));
    assert!(again[0].asks.iter().any(|ask| ask.profile == key("idle")), "idle ones are looked at too");
    poller.poll(at(NOON) + minutes(3)).await;
    let asked = source.asked.lock().expect("not poisoned");
    let last = asked.iter().rfind(|request| !request.asks.is_empty()).expect("one more");
    assert_eq!(span(last).start, at("2026-11-24T11:47:00Z"), "once is enough");
}

#[tokio::test]
async fn a_watermark_of_a_clock_that_was_ahead_is_not_believed_after_a_restart() {
    let source = Scripted::default();
    let mut poller = poller(&source, settings(), Some(known(at("2026-11-24T14:00:00Z"))), None);
    assert_eq!(poller.poll(at(NOON)).await.poll.watermark, Some(at("2026-11-24T12:00:00Z")));
    assert_eq!(span(&source.asked.lock().expect("not poisoned")[0]).start, at("2026-11-24T06:00:00Z"));
}

#[tokio::test]
async fn idle_profiles_are_asked_seldom_where_asking_costs() {
    let source = Scripted { metered: true, ..Scripted::default() };
    let mut poller = fresh(&source);
    for minute in 0..=30 {
        poller.poll(at(NOON) + minutes(minute)).await;
    }
    let asked = source.asked.lock().expect("not poisoned");
    let looks = asked.iter().flat_map(|request| &request.asks).filter(|ask| ask.profile == key("idle"));
    assert_eq!(looks.map(|ask| ask.meters.len()).collect::<Vec<_>>(), [1; 5]);
}

#[tokio::test]
async fn a_profile_that_is_listed_as_active_is_asked_at_once() {
    let source = Scripted { metered: true, ..Scripted::default() };
    let mut poller = fresh(&source);
    let mut looks = Vec::new();
    for minute in 0..20 {
        if minute == 17 {
            source.active.lock().expect("not poisoned").insert(key("idle"));
        }
        source.asked.lock().expect("not poisoned").clear();
        poller.poll(at(NOON) + minutes(minute)).await;
        let asked = source.asked.lock().expect("not poisoned");
        let is_asked = asked.iter().flat_map(|request| &request.asks).any(|ask| ask.profile == key("idle"));
        looks.extend(is_asked.then_some(minute));
    }
    assert_eq!(looks, [0, 2, 6, 14, 17, 19]);
}

#[tokio::test]
async fn the_ceiling_stretches_the_interval_and_is_never_passed() {
    let now = at("2026-11-24T12:00:30Z");
    let source = Scripted { metered: true, ..Scripted::default() };
    let nearly_spent = Traffic { metrics: 90_000, ..Traffic::default() };
    let near_the_end = ScopeStatus { traffic_month: nearly_spent, ..known(now) };
    let mut stretched = poller(&source, settings(), Some(near_the_end), Some(1));
    stretched.poll(now).await;
    stretched.poll(now + minutes(1)).await;
    assert!(stretched.interval() > minutes(1), "{:?}", stretched.interval());
    let spent = Traffic { metrics: 99_999, ..Traffic::default() };
    let known = ScopeStatus { traffic_month: spent, ..known(now) };
    let fault = poller(&source, settings(), Some(known), Some(1)).poll(now).await.poll.fault.expect("told");
    assert_eq!(fault.kind, "ceiling");
    assert!(fault.remedy.contains("collect.ceiling_usd_month"), "{}", fault.remedy);
}

#[tokio::test]
async fn what_is_spent_is_counted_whether_or_not_the_poll_succeeds() {
    let source =
        Scripted { metered: true, traffic: Traffic { metrics: 7, ..Traffic::default() }, ..Scripted::default() };
    let mut poller = fresh(&source);
    source.faults.lock().expect("not poisoned").push(SourceErrorKind::Service);
    let failed = poller.poll(at(NOON)).await.poll;
    assert!(failed.fault.is_some());
    assert_eq!(failed.traffic.metrics, 7);
    assert_eq!(poller.poll(at(NOON) + minutes(1)).await.poll.traffic.metrics, 2 + 17, "two looks, one profile in use");
}

#[tokio::test]
async fn where_asking_costs_the_past_is_looked_at_first_and_then_fetched_of_those_in_use() {
    let source = Scripted { metered: true, ..Scripted::default() };
    let settings = CollectSettings { finer: Some(Finer { points: days(15), five_minutes: days(20) }), ..settings() };
    let mut poller = poller(&source, settings, None, None);
    poller.poll(at(NOON)).await;
    source.asked.lock().expect("not poisoned").clear();
    let (mut hours, mut percents) = (0, Vec::new());
    while let Some(batch) = poller.backfill(at(NOON)).await {
        hours += batch.hours.len();
        percents.extend(batch.poll.collecting.backfill_percent);
    }
    let asked = source.asked.lock().expect("not poisoned");
    let looks = asked.iter().filter(|request| request.asks.iter().all(|ask| ask.meters.len() == 2)).count();
    assert_eq!((looks, asked[0].asks.len(), hours), (1, 2, 1));
    assert!(asked[1..].iter().all(|request| request.asks.iter().all(|ask| ask.profile == key("busy"))));
    let steps: Vec<Step> = asked.iter().map(|request| request.step).collect();
    let minutes = [Step::MINUTE; 4];
    assert_eq!(steps, [&[Step::HOUR; 2], &minutes[..], &[Step::FIVE_MINUTES]].concat());
    assert_eq!(span(&asked[6]), TimeSpan::new(at("2026-11-04T12:00:00Z"), at("2026-11-09T12:00:00Z")));
    let days: Vec<i64> = asked[2..6].iter().map(|request| span(request).length().as_secs() / 86_400).collect();
    assert_eq!(days, [1, 2, 4, 7], "the newest first, in longer and longer pieces");
    assert!(percents.is_sorted() && percents.len() == 6, "{percents:?}");
}

#[tokio::test]
async fn the_past_waits_where_half_of_the_ceiling_is_spent() {
    let source = Scripted { metered: true, ..Scripted::default() };
    let spent = Traffic { metrics: 49_990, ..Traffic::default() };
    let status = ScopeStatus { traffic_month: spent, collecting: Collecting::default(), ..known(at(NOON)) };
    let mut poller = poller(&source, settings(), Some(status), Some(1));
    poller.poll(at(NOON)).await;
    assert!(poller.backfill(at(NOON)).await.is_none());
    let poll = poller.poll(at(NOON) + minutes(1)).await.poll.collecting;
    assert!(!poll.is_filling && poll.notices[0].contains("half of collect.ceiling_usd_month"), "{:?}", poll.notices);
}

#[tokio::test]
async fn a_list_that_fails_does_not_stop_usage_once_profiles_are_known() {
    let source = Scripted::default();
    *source.listed.lock().expect("not poisoned") = Some(Err(SourceErrorKind::Denied));
    let mut poller = fresh(&source);
    assert!(poller.poll(at(NOON)).await.poll.fault.is_some(), "nobody to ask for is known yet");
    *source.listed.lock().expect("not poisoned") = None;
    assert!(poller.poll(at(NOON) + minutes(1)).await.poll.fault.is_none());
    *source.listed.lock().expect("not poisoned") = Some(Err(SourceErrorKind::Denied));
    let batch = poller.poll(at(NOON) + minutes(12)).await;
    assert!(batch.poll.fault.is_none() && batch.points.len() == 1);
    assert!(batch.poll.collecting.notices[0].starts_with("profiles and tags are as they were"));
}

#[tokio::test]
async fn a_profile_that_is_deleted_is_told_and_asked_a_while_longer() {
    let source = Scripted::default();
    let mut poller = fresh(&source);
    poller.poll(at(NOON)).await;
    *source.listed.lock().expect("not poisoned") = Some(Ok(vec!["busy"]));
    let later = poller.poll(at(NOON) + minutes(10)).await;
    let deleted: Vec<(&str, bool)> = later.profiles.iter().map(|it| (it.name.as_str(), it.deleted)).collect();
    assert_eq!(deleted, [("busy", false), ("idle", true)]);
    let asked = |source: &Scripted| source.asked.lock().expect("not poisoned").last().expect("asked").asks.len();
    assert_eq!(asked(&source), 2);
    poller.poll(at(NOON) + minutes(71)).await;
    assert_eq!(asked(&source), 1);
}

#[tokio::test]
async fn a_failure_keeps_the_watermark_and_throttling_backs_off() {
    let source = Scripted::default();
    let mut poller = fresh(&source);
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
    assert_eq!(span(&asked[1]).start, at("2026-11-24T11:45:00Z"), "what was missed is asked for again");
}

#[tokio::test]
async fn profiles_are_sent_with_the_first_usage_that_is_answered() {
    let source = Scripted::default();
    let mut poller = fresh(&source);
    source.faults.lock().expect("not poisoned").push(SourceErrorKind::Throttled);
    assert!(poller.poll(at(NOON)).await.profiles.is_empty());
    assert_eq!(poller.poll(at(NOON) + minutes(1)).await.profiles.len(), 2, "no usage is stored before its profile");
    assert!(poller.poll(at(NOON) + minutes(2)).await.profiles.is_empty(), "and not again at each poll");
}

#[tokio::test]
async fn after_a_long_failure_the_gap_is_fetched_by_the_hour() {
    let source = Scripted::default();
    let mut poller = poller(&source, settings(), Some(known(at(NOON))), None);
    poller.poll(at(NOON)).await;
    assert!(poller.backfill(at(NOON)).await.is_none());
    let later = at(NOON) + SignedDuration::from_hours(9);
    poller.poll(later).await;
    while poller.backfill(later).await.is_some() {}
    let asked = source.asked.lock().expect("not poisoned");
    let gap = TimeSpan::new(at("2026-11-24T11:00:00Z"), at("2026-11-24T15:00:00Z"));
    assert_eq!(asked.last().map(|request| (span(request), request.step)), Some((gap, Step::HOUR)));
}

#[tokio::test]
async fn a_request_that_hangs_does_not_hold_up_the_end() {
    let (batches, _taken) = mpsc::channel(1);
    let (stop, stopped) = watch::channel(false);
    let collector = Collector {
        settings: settings(),
        known: Known::default(),
        purse: Arc::new(Purse::new(None, &[], at(NOON))),
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
async fn what_could_not_be_stored_is_offered_again_and_nothing_is_asked_meanwhile() {
    let source = Scripted { metered: true, ..Scripted::default() };
    let (batches, mut taken) = mpsc::channel(1);
    let (_stop, stopped) = watch::channel(false);
    let (clock, hand) = Clock::by_hand(at(NOON));
    let collector = Collector {
        settings: CollectSettings { backfill: SignedDuration::from_hours(24), ..settings() },
        known: Known::default(),
        purse: Arc::new(Purse::new(None, &[], at(NOON))),
        clock,
        batches,
        refresh: Arc::new(Notify::new()),
        stopped,
    };
    let running = tokio::spawn(collector.run(source.clone()));
    let mut next = async |is_stored: bool| {
        let delivery = taken.recv().await.expect("a batch");
        let batch = delivery.batch.clone();
        delivery.answer(is_stored);
        batch
    };
    assert_eq!(next(true).await.profiles.len(), 2);
    while next(true).await.poll.collecting.backfill_percent.is_some() {}
    hand.set(at(NOON) + minutes(1));
    let refused = next(false).await;
    source.asked.lock().expect("not poisoned").clear();
    for minute in 2..30 {
        hand.set(at(NOON) + minutes(minute));
        assert_eq!(next(false).await, refused);
    }
    assert_eq!(*source.asked.lock().expect("not poisoned"), [], "what could not be stored either");
    hand.set(at(NOON) + minutes(30));
    assert_eq!(next(true).await, refused, "there is room again");
    assert_eq!(next(true).await.poll.at, at(NOON) + minutes(30));
    let asked = source.asked.lock().expect("not poisoned");
    assert!(span(&asked[0]).start <= refused.poll.at, "nothing is left out: {:?}", span(&asked[0]));
    running.abort();
}

#[tokio::test]
async fn a_refresh_asks_at_once() {
    let (batches, mut taken) = mpsc::channel(1);
    let (_stop, stopped) = watch::channel(false);
    let refresh = Arc::new(Notify::new());
    let clock = Clock::simulated(at(NOON), 0.0);
    let settings = CollectSettings { backfill: SignedDuration::ZERO, ..settings() };
    let purse = Arc::new(Purse::new(None, &[], at(NOON)));
    let known = Known::default();
    let collector = Collector { settings, known, purse, clock, batches, refresh: refresh.clone(), stopped };
    let running = tokio::spawn(collector.run(Scripted::default()));
    taken.recv().await.expect("the first poll").answer(true);
    while taken.try_recv().is_err() {
        refresh.notify_waiters();
        tokio::task::yield_now().await;
    }
    running.abort();
}
