//! One poll of a source: what is asked, and what becomes of the answer.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::collect::backfill::{Backfill, points_start};
use crate::collect::collector::CollectSettings;
use crate::collect::plan::{self, Load, METRICS_AT_FIRST, Plan};
use crate::domain::health::{Fault, PollRecord, ScopeStatus};
use crate::domain::ids::ProfileKey;
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::{Batch, ProfileUsage};
use crate::source::{Source, SourceError, SourceErrorKind, UsageReply, UsageRequest};

/// How often profiles and their tags are asked for.
const PROFILES_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// A profile is in use if it was within this time.
const IN_USE: SignedDuration = SignedDuration::from_mins(60);
/// The longest wait between polls that are throttled.
const LONGEST_BACK_OFF: SignedDuration = SignedDuration::from_mins(5);

/// A source with what is known of it from poll to poll.
pub(super) struct Poller<S> {
    source: S,
    settings: CollectSettings,
    watermark: Option<Timestamp>,
    history_from: Option<Timestamp>,
    profiles: Vec<Profile>,
    profiles_asked: Option<Timestamp>,
    profiles_unsent: bool,
    idle_asked: Option<Timestamp>,
    last_use: HashMap<ProfileKey, Timestamp>,
    metrics_a_profile: f64,
    past: Backfill,
    throttled: u32,
    is_failing: bool,
}

/// What came of asking.
struct Answer {
    profiles: Vec<Profile>,
    reply: UsageReply,
}

impl<S: Source> Poller<S> {
    /// A poller that goes on where the history ends.
    pub(super) fn new(source: S, settings: CollectSettings, known: Option<ScopeStatus>) -> Self {
        let watermark = known.as_ref().and_then(|known| known.watermark);
        Self {
            source,
            settings,
            watermark,
            history_from: known.and_then(|known| known.history_from).or(watermark),
            profiles: Vec::new(),
            profiles_asked: None,
            profiles_unsent: false,
            idle_asked: None,
            last_use: HashMap::new(),
            metrics_a_profile: METRICS_AT_FIRST,
            past: Backfill::default(),
            throttled: 0,
            is_failing: false,
        }
    }

    /// How long to wait between polls: as the plan has it, longer while the source throttles.
    pub(super) fn interval(&self) -> SignedDuration {
        let planned = self.plan().interval;
        let backed_off = planned.saturating_mul(1 << self.throttled.min(10));
        if self.throttled == 0 { planned } else { backed_off.min(LONGEST_BACK_OFF.max(planned)) }
    }

    /// Asks once; a failure is a batch that says so.
    pub(super) async fn poll(&mut self, now: Timestamp) -> Batch {
        match self.ask(now).await {
            Ok(answer) => self.succeeded(now, answer),
            Err(error) => self.failed(now, &error),
        }
    }

    /// Fetches one piece of the missing hours, the newest first; `None` when there is none left or the source
    /// fails, in which case the next poll takes it up again.
    pub(super) async fn backfill(&mut self, now: Timestamp) -> Option<Batch> {
        if self.is_failing {
            return None;
        }
        let span = self.past.next()?;
        let request = UsageRequest { now, span, step: Step::HOUR, profiles: self.keys(|_| true) };
        let reply = self.source.usage(&request).await;
        self.past.fetched(reply.is_ok());
        let reply = reply.ok()?;
        self.history_from = self.history_from.min(Some(span.start));
        let poll = self.record(now, self.watermark, &reply);
        let more_history = self.past.is_under_way();
        Some(Batch { poll, profiles: Vec::new(), points: Vec::new(), hours: reply.usage, more_history })
    }

    async fn ask(&mut self, now: Timestamp) -> Result<Answer, SourceError> {
        if self.profiles_asked.is_none_or(|asked| now.duration_since(asked) >= PROFILES_EVERY) {
            self.profiles = self.source.profiles(now).await?;
            self.profiles_asked = Some(now);
            self.profiles_unsent = true;
        }
        let ask_all = self.is_all_due(now);
        let request = UsageRequest {
            now,
            span: TimeSpan::new(self.ask_from(now, ask_all), now),
            step: self.source.step(),
            profiles: self.keys(|key| ask_all || self.is_in_use(key, now)),
        };
        let reply = self.source.usage(&request).await?;
        if ask_all {
            self.idle_asked = Some(now);
        }
        self.learn(&reply, request.profiles.len());
        // Profiles go out with the first usage that is answered: usage must never be stored before its profile.
        let profiles = if std::mem::take(&mut self.profiles_unsent) { self.profiles.clone() } else { Vec::new() };
        Ok(Answer { profiles, reply })
    }

    /// Where asking begins: the revise window before what is known, and never further back than points reach.
    fn ask_from(&self, now: Timestamp, ask_all: bool) -> Timestamp {
        let earliest = points_start(now);
        // At the start the history knows how far it goes for all profiles.
        let idle_known = self.idle_asked.filter(|_| ask_all).or(self.watermark);
        let known = self.watermark.min(idle_known);
        let from = known.and_then(|known| known.checked_sub(self.settings.revise_window).ok());
        self.source.step().floor(from.unwrap_or(earliest)).max(earliest)
    }

    /// Profiles that are idle are asked seldom, because each metric asked for costs. What is not asked for since
    /// then counts as known to be idle: the next time it is asked for that span as well.
    fn is_all_due(&self, now: Timestamp) -> bool {
        self.idle_asked.is_none_or(|asked| now.duration_since(asked) >= self.plan().idle_every)
    }

    fn is_in_use(&self, key: &ProfileKey, now: Timestamp) -> bool {
        self.last_use.get(key).is_some_and(|used| now.duration_since(*used) <= IN_USE)
    }

    fn keys(&self, wanted: impl Fn(&ProfileKey) -> bool) -> Vec<ProfileKey> {
        self.profiles.iter().map(|profile| &profile.key).filter(|key| wanted(key)).cloned().collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of metrics and profiles")]
    fn learn(&mut self, reply: &UsageReply, asked: usize) {
        for ProfileUsage { profile, points } in &reply.usage {
            if let Some(newest) = points.last() {
                self.last_use.insert(profile.clone(), newest.at);
            }
        }
        if asked > 0 && reply.metrics_requested > 0 {
            self.metrics_a_profile = reply.metrics_requested as f64 / asked as f64;
        }
    }

    /// The span over which usage is known, less the window that is asked for again.
    fn known(&self) -> Option<TimeSpan> {
        let end = self.watermark?.checked_sub(self.settings.revise_window).ok()?;
        Some(TimeSpan { start: self.history_from.unwrap_or(end).min(end), end })
    }

    fn plan(&self) -> Plan {
        plan::plan(self.load(), self.settings.interval, self.settings.ceiling)
    }

    fn load(&self) -> Load {
        let newest = self.watermark.unwrap_or(Timestamp::MIN);
        let active = self.profiles.iter().filter(|profile| self.is_in_use(&profile.key, newest)).count();
        Load { active, idle: self.profiles.len() - active, metrics: self.metrics_a_profile }
    }

    fn succeeded(&mut self, now: Timestamp, answer: Answer) -> Batch {
        let oldest_wanted = now.saturating_sub(self.settings.backfill).unwrap_or(Timestamp::MIN);
        self.past.plan(self.known(), oldest_wanted, now);
        self.history_from = self.history_from.or(Some(points_start(now)));
        self.watermark = self.watermark.max(Some(answer.reply.watermark));
        (self.throttled, self.is_failing) = (0, false);
        let poll = self.record(now, Some(answer.reply.watermark), &answer.reply);
        let more_history = self.past.is_under_way();
        Batch { poll, profiles: answer.profiles, points: answer.reply.usage, hours: Vec::new(), more_history }
    }

    fn failed(&mut self, now: Timestamp, error: &SourceError) -> Batch {
        self.is_failing = true;
        self.throttled = if error.kind == SourceErrorKind::Throttled { self.throttled + 1 } else { 0 };
        let fault = Fault {
            kind: error.kind.name().to_owned(),
            message: error.message.clone(),
            remedy: error.remedy.clone(),
            since: now,
        };
        let nothing = UsageReply { usage: Vec::new(), watermark: now, metrics_requested: 0, rows_refused: 0 };
        let poll = PollRecord { fault: Some(fault), ..self.record(now, None, &nothing) };
        Batch { poll, profiles: Vec::new(), points: Vec::new(), hours: Vec::new(), more_history: false }
    }

    fn record(&self, now: Timestamp, watermark: Option<Timestamp>, reply: &UsageReply) -> PollRecord {
        PollRecord {
            scope: self.source.scope().clone(),
            at: now,
            watermark,
            fault: None,
            interval_seconds: u32::try_from(self.interval().as_secs()).unwrap_or(u32::MAX),
            metrics_requested: reply.metrics_requested,
            rows_refused: reply.rows_refused,
            history_from: self.history_from,
        }
    }
}
