//! One poll of a source: what is asked, and what becomes of the answer; between polls, [`past`].

mod past;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, warn};

use crate::collect::backfill::{Backfill, points_start};
use crate::collect::collector::{CollectSettings, Known};
use crate::collect::purse::Purse;
use crate::collect::roster::Roster;
use crate::collect::schedule::{Moment, Schedule};
use crate::cost::polling::polling_cost;
use crate::domain::health::{Collecting, Fault, PollRecord, Traffic};
use crate::domain::ids::ProfileKey;
use crate::domain::meter::MeterSet;
use crate::domain::profile::Profile;
use crate::domain::usage::{Batch, ProfileUsage};
use crate::source::{Ask, Source, SourceError, SourceErrorKind, UsageReply, UsageRequest};

/// How often profiles and their tags are asked for, and after a failure.
const PROFILES_EVERY: SignedDuration = SignedDuration::from_mins(10);
const PROFILES_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// How often it is asked who was active lately.
const ACTIVE_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// The longest wait between polls that are throttled.
const LONGEST_BACK_OFF: SignedDuration = SignedDuration::from_mins(5);

/// A source with what is known of it from poll to poll.
pub(super) struct Poller<S> {
    source: S,
    settings: CollectSettings,
    purse: Arc<Purse>,
    roster: Roster,
    schedule: Schedule,
    profiles_due: Timestamp,
    profiles_unsent: bool,
    active_due: Timestamp,
    active: HashSet<ProfileKey>,
    watermark: Option<Timestamp>,
    history_from: Option<Timestamp>,
    points_from: Option<Timestamp>,
    five_minutes_from: Option<Timestamp>,
    past: Backfill,
    interval: SignedDuration,
    rows_refused: u64,
    throttled: u32,
    is_failing: bool,
    notices: Notices,
}

/// What is not right although usage comes.
#[derive(Debug, Default)]
struct Notices {
    profiles: Option<String>,
    active: Option<String>,
    meters: Option<String>,
    past: Option<String>,
}

impl<S: Source> Poller<S> {
    /// A poller that goes on where the history ends.
    pub(super) fn new(source: S, settings: CollectSettings, known: Known, purse: Arc<Purse>) -> Self {
        let status = known.status;
        let watermark = status.as_ref().and_then(|status| status.watermark);
        let collecting = status.map(|status| status.collecting);
        let mut schedule = Schedule::new(settings.meters);
        schedule.keep(&known.profiles, watermark);
        Self {
            source,
            interval: settings.interval,
            settings,
            purse,
            roster: Roster::new(known.profiles),
            schedule,
            profiles_due: Timestamp::MIN,
            profiles_unsent: false,
            active_due: Timestamp::MIN,
            active: HashSet::new(),
            watermark,
            history_from: collecting.as_ref().and_then(|collecting| collecting.history_from).or(watermark),
            points_from: collecting.as_ref().and_then(|collecting| collecting.points_from).or(watermark),
            five_minutes_from: collecting.and_then(|collecting| collecting.five_minutes_from),
            past: Backfill::default(),
            rows_refused: 0,
            throttled: 0,
            is_failing: false,
            notices: Notices::default(),
        }
    }

    /// How long to wait between polls: as the ceiling allows, longer while the source throttles.
    pub(super) fn interval(&self) -> SignedDuration {
        let backed_off = self.interval.saturating_mul(1 << self.throttled.min(10));
        if self.throttled == 0 { self.interval } else { backed_off.min(LONGEST_BACK_OFF.max(self.interval)) }
    }

    /// Asks once; a failure is a batch that says so.
    pub(super) async fn poll(&mut self, now: Timestamp) -> Batch {
        self.notice_a_clock_set_back(now);
        match self.ask(now).await {
            Ok(reply) => self.succeeded(now, reply),
            Err(error) => self.failed(now, &error),
        }
    }

    /// What was answered up to an instant that is still to come was not answered: a clock that was ahead is right again.
    /// Everything that points are asked for is asked for once more.
    fn notice_a_clock_set_back(&mut self, now: Timestamp) {
        let step = self.source.step().duration();
        if self.watermark.is_none_or(|known| known.duration_since(now) <= step) {
            return;
        }
        warn!(scope = %self.source.scope(), "the clock was set back: usage of the last hours is asked for once more");
        self.watermark = None;
        self.schedule.forget_answers();
        (self.profiles_due, self.active_due) = (now, now);
    }

    async fn ask(&mut self, now: Timestamp) -> Result<UsageReply, SourceError> {
        self.find_profiles(now).await?;
        self.find_active(now).await;
        self.plan_interval(now);
        let moment = self.moment(now);
        if !self.source.is_metered() {
            let request = self.request(&moment, self.everything(&moment));
            return self.source.usage(&request).await;
        }
        let mut whole = UsageReply { watermark: moment.step.floor(now), ..UsageReply::default() };
        for is_first in [true, false] {
            let asks = if is_first { self.schedule.due(&moment) } else { self.schedule.found(&moment) };
            let metrics = asks.iter().map(|ask| ask.meters.len()).sum();
            if !self.purse.affords(metrics, now) {
                return Err(over_the_ceiling());
            }
            let request = self.request(&moment, asks);
            let reply = self.source.usage(&request).await?;
            self.schedule.answered(&request.asks, &reply.usage, reply.watermark, &moment);
            whole.usage.extend(reply.usage);
            whole.watermark = whole.watermark.min(reply.watermark);
            whole.shortfall = whole.shortfall.or(reply.shortfall);
        }
        Ok(whole)
    }

    /// Lists the profiles when it is time. A failure is only a failure of the poll where none are known yet.
    async fn find_profiles(&mut self, now: Timestamp) -> Result<(), SourceError> {
        if now < self.profiles_due {
            return Ok(());
        }
        let listed = self.source.profiles(now).await;
        let wait = if listed.is_ok() { PROFILES_EVERY } else { PROFILES_AGAIN };
        match listed {
            Ok(listed) => {
                debug!(scope = %self.source.scope(), profiles = listed.len(), "listed");
                self.notices.profiles = None;
                self.roster.update(listed, now);
                self.profiles_unsent = true;
            }
            Err(error) if self.roster.is_empty() => return Err(error),
            Err(error) => {
                warn!(scope = %self.source.scope(), %error, "profiles could not be listed");
                self.notices.profiles =
                    Some(format!("profiles and tags are as they were: {}; {}", error.message, error.remedy));
            }
        }
        self.profiles_due = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        self.schedule.keep(&self.roster.asked(now), self.watermark);
        Ok(())
    }

    /// Wakes profiles that are listed as active and were not before.
    async fn find_active(&mut self, now: Timestamp) {
        if !self.source.is_metered() || now < self.active_due {
            return;
        }
        self.active_due = now.saturating_add(ACTIVE_EVERY.max(self.interval)).unwrap_or(Timestamp::MAX);
        match self.source.recently_used(now).await {
            Ok(active) => {
                let active = active.unwrap_or_default();
                active.difference(&self.active).for_each(|key| self.schedule.wake(key));
                self.active = active;
                self.notices.active = None;
            }
            Err(error) => {
                warn!(scope = %self.source.scope(), %error, "who is active could not be listed");
                self.notices.active = Some(format!(
                    "idle profiles are found up to an hour late, direct calls not at all: {}; {}",
                    error.message, error.remedy
                ));
            }
        }
    }

    /// The interval that the ceiling allows, in whole steps.
    fn plan_interval(&mut self, now: Timestamp) {
        let wanted = self.settings.interval;
        self.interval = wanted;
        if !self.source.is_metered() {
            return;
        }
        let allowed = self.purse.allowance(self.source.scope(), self.schedule.metrics_a_second(now, wanted), now);
        self.interval = self.schedule.interval(now, wanted, allowed);
    }

    fn moment(&self, now: Timestamp) -> Moment {
        Moment {
            now,
            interval: self.interval,
            earliest: points_start(now),
            revise_window: self.settings.revise_window,
            step: self.source.step(),
        }
    }

    fn request(&self, moment: &Moment, asks: Vec<Ask>) -> UsageRequest {
        UsageRequest { now: moment.now, until: moment.now, step: self.source.step(), asks }
    }

    /// All meters of all profiles, where asking costs nothing.
    fn everything(&self, moment: &Moment) -> Vec<Ask> {
        let known = self.watermark.and_then(|known| known.checked_sub(moment.revise_window).ok());
        let from = moment.step.floor(known.unwrap_or(moment.earliest)).max(moment.earliest);
        let ask = |profile: Profile| Ask { profile: profile.key, meters: MeterSet::ALL, from };
        self.roster.asked(moment.now).into_iter().map(ask).collect()
    }

    fn succeeded(&mut self, now: Timestamp, reply: UsageReply) -> Batch {
        self.plan_past(now);
        self.history_from = self.history_from.or(Some(points_start(now)));
        self.points_from = self.points_from.or(Some(points_start(now)));
        self.watermark = self.watermark.max(Some(reply.watermark));
        (self.throttled, self.is_failing) = (0, false);
        self.rows_refused = reply.rows_refused;
        self.notices.meters = reply.shortfall.map(|fault| format!("{}; {}", fault.message, fault.remedy));
        let traffic = self.take_traffic(now);
        // Profiles go out with the first usage that is answered: usage must never be stored before its profile.
        let profiles = if std::mem::take(&mut self.profiles_unsent) { self.roster.all() } else { Vec::new() };
        let poll = self.record(now, Some(reply.watermark), traffic);
        Batch { profiles, points: merged(reply.usage), ..Batch::new(poll) }
    }

    fn failed(&mut self, now: Timestamp, error: &SourceError) -> Batch {
        warn!(scope = %self.source.scope(), kind = error.kind.name(), %error, "a poll failed");
        self.is_failing = true;
        self.throttled = if error.kind == SourceErrorKind::Throttled { self.throttled + 1 } else { 0 };
        let fault = Fault {
            kind: error.kind.name().to_owned(),
            message: error.message.clone(),
            remedy: error.remedy.clone(),
            since: now,
        };
        let traffic = self.take_traffic(now);
        let poll = PollRecord { fault: Some(fault), ..self.record(now, None, traffic) };
        Batch::new(poll)
    }

    /// What talking to the source took since the last time; it is spent, whatever came of it.
    fn take_traffic(&mut self, now: Timestamp) -> Traffic {
        let traffic = self.source.take_traffic();
        self.purse.spend(self.source.scope(), &traffic, now);
        if traffic != Traffic::default() {
            debug!(
                scope = %self.source.scope(),
                calls = traffic.calls,
                retries = traffic.retries,
                bytes = traffic.bytes,
                metrics = traffic.metrics,
                usd = polling_cost(&traffic).to_exact_string(),
                "polled"
            );
        }
        traffic
    }

    fn record(&self, now: Timestamp, watermark: Option<Timestamp>, traffic: Traffic) -> PollRecord {
        let Notices { profiles, active, meters, past } = &self.notices;
        let own = [profiles, active, meters, past].into_iter().flatten().cloned();
        let collecting = Collecting {
            active: self.schedule.in_use(now, self.interval),
            backfill_percent: self.past.percent(),
            is_filling: self.past.is_filling(),
            history_from: self.history_from,
            points_from: self.points_from,
            five_minutes_from: self.five_minutes_from,
            rows_refused: self.rows_refused,
            notices: own.chain(self.source.notices()).collect(),
        };
        PollRecord {
            interval_seconds: u32::try_from(self.interval().as_secs()).unwrap_or(u32::MAX),
            traffic,
            collecting,
            ..PollRecord::new(self.source.scope().clone(), now, watermark)
        }
    }
}

/// One entry a profile: rounds of one poll may each have brought something of it.
fn merged(usage: Vec<ProfileUsage>) -> Vec<ProfileUsage> {
    let mut merged: Vec<ProfileUsage> = Vec::with_capacity(usage.len());
    let mut place = std::collections::HashMap::new();
    for part in usage {
        match place.get(&part.profile) {
            None => {
                place.insert(part.profile.clone(), merged.len());
                merged.push(part);
            }
            Some(&index) => merged[index].points.extend(part.points),
        }
    }
    merged
}

fn over_the_ceiling() -> SourceError {
    SourceError {
        kind: SourceErrorKind::Ceiling,
        message: "CloudWatch is not asked any more this month: that would cost more than the ceiling".to_owned(),
        remedy: "raise collect.ceiling_usd_month; `bedtop plan` tells what it buys".to_owned(),
    }
}
