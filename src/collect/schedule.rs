//! Which series are due: because each series that is asked for costs, and a longer window of it does not, series in use
//! are asked often, those that nothing urgent hangs on less often, and idle profiles are only looked at.
//!
//! | what | how often, in intervals |
//! |---|---|
//! | requests and tokens of a profile in use | 1 |
//! | its cache tokens before it has ever used the cache; errors, throttles, latencies, quota use | 5 |
//! | its images and calls of retired models; meters that it does not seem to have | 30 |
//! | requests of an idle profile | 2, 4, 8, ... up to 30; at once when CloudWatch lists it as active |
//!
//! Each question reaches back over the revise window before what was answered last, so that late and revised points
//! are found, whenever it is asked.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::ProfileKey;
use crate::domain::meter::{Meter, MeterSet};
use crate::domain::profile::{Profile, ProfileKind, ServiceTier};
use crate::domain::time::Step;
use crate::domain::usage::ProfileUsage;
use crate::source::Ask;

/// Asked in every interval.
const ALWAYS: MeterSet = MeterSet::of(&[Meter::Invocations, Meter::InputTokens, Meter::OutputTokens]);
/// Asked in every interval once seen: money hangs on them.
const CACHE: MeterSet = MeterSet::of(&[Meter::CacheReadTokens, Meter::CacheWriteTokens]);
/// Only some models have them.
const UNCOMMON: MeterSet = MeterSet::of(&[
    Meter::FirstTokenP50Ms,
    Meter::FirstTokenP90Ms,
    Meter::QuotaTokens,
    Meter::Images,
    Meter::LegacyInvocations,
]);
/// What a project of `bedrock-mantle` has.
const OF_PROJECTS: MeterSet =
    MeterSet::of(&[Meter::Invocations, Meter::InputTokens, Meter::OutputTokens, Meter::ClientErrors]);

/// How often the meters of a profile in use are asked, in intervals.
const SOMETIMES: i32 = 5;
const SELDOM: i32 = 30;
/// A profile is in use if it was within this time, or within so many intervals: points come up to 10 minutes late.
const IN_USE: SignedDuration = SignedDuration::from_mins(20);
const IN_USE_INTERVALS: i32 = 4;
/// The longest that an idle profile is not looked at, in intervals.
const LONGEST_LOOK: i32 = 30;
/// The longest interval that a ceiling stretches to: points are asked for over 6 hours.
const LONGEST_INTERVAL: SignedDuration = SignedDuration::from_hours(3);
/// After a start it is not known when each meter was asked last: this much before what is known for all.
const UNCERTAIN: SignedDuration = SignedDuration::from_mins(60);

/// What is known of each profile from question to question.
#[derive(Debug)]
pub(super) struct Schedule {
    entries: BTreeMap<ProfileKey, Entry>,
    meters: MeterSet,
}

#[derive(Debug)]
struct Entry {
    offered: MeterSet,
    seen: MeterSet,
    /// Until when each meter was asked.
    asked: [Timestamp; Meter::COUNT],
    last_use: Option<Timestamp>,
    next_look: Timestamp,
    /// How often in a row it was looked at in vain.
    vain_looks: u32,
}

/// When questions are asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The instant.
    pub now: Timestamp,
    /// The time between polls.
    pub interval: SignedDuration,
    /// Nothing is asked for before this.
    pub earliest: Timestamp,
    /// How far before what is known questions reach.
    pub revise_window: SignedDuration,
    /// What they are aligned to.
    pub step: Step,
}

impl Schedule {
    /// An empty schedule that asks for no other than these meters.
    pub(super) fn new(meters: MeterSet) -> Self {
        Self { entries: BTreeMap::new(), meters }
    }

    /// Takes up profiles that are new, with what is known of all until `known_until`, and lets go of those that are
    /// not among them. Parts of other profiles come with these.
    pub(super) fn keep(&mut self, profiles: &[Profile], known_until: Option<Timestamp>) {
        let mut before = std::mem::take(&mut self.entries);
        for profile in profiles.iter().filter(|profile| profile.tier == ServiceTier::Standard) {
            let entry = before.remove(&profile.key);
            let entry = entry.unwrap_or_else(|| Entry::new(self.meters.intersection(offered(profile)), known_until));
            self.entries.insert(profile.key.clone(), entry);
        }
    }

    /// Looks at a profile with the next poll.
    pub(super) fn wake(&mut self, profile: &ProfileKey) {
        if let Some(entry) = self.entries.get_mut(profile) {
            (entry.next_look, entry.vain_looks) = (Timestamp::MIN, 0);
        }
    }

    /// Takes nothing for answered any more, and looks at every profile.
    pub(super) fn forget_answers(&mut self) {
        for entry in self.entries.values_mut() {
            entry.asked = [Timestamp::MIN; Meter::COUNT];
            (entry.last_use, entry.next_look, entry.vain_looks) = (None, Timestamp::MIN, 0);
        }
    }

    /// What is to be asked now.
    pub(super) fn due(&self, moment: &Moment) -> Vec<Ask> {
        self.asks(moment, |_| true)
    }

    /// What is to be asked once more, after what was due has been answered: looks have found use to be read.
    pub(super) fn found(&self, moment: &Moment) -> Vec<Ask> {
        self.asks(moment, Entry::has_unread_use)
    }

    fn asks(&self, moment: &Moment, is_wanted: impl Fn(&Entry) -> bool) -> Vec<Ask> {
        let ask = |(profile, entry): (&ProfileKey, &Entry)| {
            let meters = entry.due(moment);
            let asked = meters.iter().map(|meter| entry.asked[meter.index()]).min()?;
            let from = asked.checked_sub(moment.revise_window).unwrap_or(moment.earliest).max(moment.earliest);
            Some(Ask { profile: profile.clone(), meters, from: moment.step.floor(from) })
        };
        self.entries.iter().filter(|(_, entry)| is_wanted(entry)).filter_map(ask).collect()
    }

    /// Notes that questions were answered up to `watermark`, with this usage.
    pub(super) fn answered(&mut self, asks: &[Ask], usage: &[ProfileUsage], watermark: Timestamp, moment: &Moment) {
        for usage in usage {
            if let Some(entry) = self.entries.get_mut(&usage.profile) {
                entry.learn(usage);
            }
        }
        for ask in asks {
            if let Some(entry) = self.entries.get_mut(&ask.profile) {
                entry.answered(ask.meters, watermark, moment);
            }
        }
    }

    /// How many profiles are in use.
    pub(super) fn in_use(&self, now: Timestamp, interval: SignedDuration) -> usize {
        self.entries.values().filter(|entry| entry.is_in_use(now, interval)).count()
    }

    /// The shortest interval, not below the one wanted, at which no more metrics a second are asked than are allowed.
    pub(super) fn interval(&self, now: Timestamp, wanted: SignedDuration, allowed: f64) -> SignedDuration {
        let is_allowed = |interval: &SignedDuration| self.metrics_a_second(now, *interval) <= allowed;
        if is_allowed(&wanted) {
            return wanted;
        }
        let minutes = wanted.as_mins() + 1..=LONGEST_INTERVAL.as_mins();
        let longer: Vec<SignedDuration> = minutes.map(SignedDuration::from_mins).collect();
        let place = longer.partition_point(|interval| !is_allowed(interval));
        longer.get(place).copied().unwrap_or(LONGEST_INTERVAL)
    }

    /// How many metrics a second are asked at this interval.
    pub(super) fn metrics_a_second(&self, now: Timestamp, interval: SignedDuration) -> f64 {
        self.entries.values().map(|entry| entry.metrics_a_second(now, interval)).sum()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    fn new(offered: MeterSet, known_until: Option<Timestamp>) -> Self {
        let known = known_until.and_then(|known| known.checked_sub(UNCERTAIN).ok());
        Self {
            offered,
            seen: MeterSet::EMPTY,
            asked: [known.unwrap_or(Timestamp::MIN); Meter::COUNT],
            last_use: None,
            next_look: Timestamp::MIN,
            vain_looks: 0,
        }
    }

    fn due(&self, moment: &Moment) -> MeterSet {
        if self.is_in_use(moment.now, moment.interval) || self.has_unread_use() {
            let is_due = |meter: &Meter| {
                let every = moment.interval.saturating_mul(self.cadence(*meter));
                let early = moment.interval / 2;
                moment.now.duration_since(self.asked[meter.index()]) >= every.saturating_sub(early)
            };
            // The first meter is always due; a question costs by the meter.
            let due: Vec<Meter> = self.offered.iter().filter(is_due).collect();
            return MeterSet::of(&due).union(self.offered.intersection(ALWAYS));
        }
        if moment.now >= self.next_look { self.look() } else { MeterSet::EMPTY }
    }

    /// The one meter that tells whether there was any use.
    fn look(&self) -> MeterSet {
        self.offered.iter().next().map_or(MeterSet::EMPTY, |meter| MeterSet::of(&[meter]))
    }

    fn learn(&mut self, usage: &ProfileUsage) {
        for point in &usage.points {
            self.seen = self.seen.union(point.counts.meters());
        }
        let uses = |meter| move |point: &&crate::domain::usage::Point| point.counts.sum_of(meter) > 0;
        let newest = |meter| usage.points.iter().rev().find(uses(meter)).map(|point| point.at);
        self.last_use = self.last_use.max(newest(Meter::Invocations)).max(newest(Meter::InputTokens));
    }

    fn answered(&mut self, meters: MeterSet, watermark: Timestamp, moment: &Moment) {
        for meter in meters.iter() {
            let asked = &mut self.asked[meter.index()];
            *asked = watermark.max(*asked);
        }
        self.vain_looks = if self.is_in_use(moment.now, moment.interval) { 1 } else { self.vain_looks + 1 };
        let next = moment.now.saturating_add(self.look_every(moment.interval));
        self.next_look = next.unwrap_or(Timestamp::MAX);
    }

    fn is_in_use(&self, now: Timestamp, interval: SignedDuration) -> bool {
        let within = IN_USE.max(interval.saturating_mul(IN_USE_INTERVALS));
        self.last_use.is_some_and(|used| now.duration_since(used) <= within)
    }

    /// A look has found use whose tokens were not asked for yet.
    fn has_unread_use(&self) -> bool {
        let read = self.offered.intersection(ALWAYS).iter().map(|meter| self.asked[meter.index()]).min();
        self.last_use.zip(read).is_some_and(|(used, read)| used >= read)
    }

    fn cadence(&self, meter: Meter) -> i32 {
        match meter {
            meter if ALWAYS.has(meter) => 1,
            meter if CACHE.has(meter) && self.seen.has(meter) => 1,
            meter if UNCOMMON.has(meter) && !self.seen.has(meter) => SELDOM,
            _ => SOMETIMES,
        }
    }

    fn look_every(&self, interval: SignedDuration) -> SignedDuration {
        interval.saturating_mul((1 << self.vain_looks.min(16)).min(LONGEST_LOOK))
    }

    fn metrics_a_second(&self, now: Timestamp, interval: SignedDuration) -> f64 {
        let seconds = interval.as_secs_f64().max(1.0);
        if self.is_in_use(now, interval) {
            return self.offered.iter().map(|meter| 1.0 / f64::from(self.cadence(meter))).sum::<f64>() / seconds;
        }
        1.0 / self.look_every(interval).as_secs_f64().max(1.0)
    }
}

fn offered(profile: &Profile) -> MeterSet {
    if profile.kind == ProfileKind::Project { OF_PROJECTS } else { MeterSet::ALL }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meter::Counts;
    use crate::domain::usage::Point;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn noon() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().expect("a valid time")
    }

    fn moment(minutes: i64) -> Moment {
        let now = noon() + MINUTE * i32::try_from(minutes).expect("few minutes");
        Moment {
            now,
            interval: MINUTE,
            earliest: noon() - MINUTE * 360,
            revise_window: MINUTE * 15,
            step: Step::MINUTE,
        }
    }

    fn profile() -> Profile {
        Profile::bare(ProfileKey { scope: "main".into(), id: "blkjc8qmk04r".into() }, noon())
    }

    fn schedule() -> Schedule {
        let mut schedule = Schedule::new(MeterSet::ALL);
        schedule.keep(&[profile()], None);
        schedule
    }

    fn use_of(at: Timestamp, meters: &[Meter]) -> ProfileUsage {
        let counts = meters.iter().fold(Counts::EMPTY, |counts, &meter| counts.with(meter, 7));
        ProfileUsage { profile: profile().key, points: vec![Point { at, counts }] }
    }

    /// Asks what is due each minute and answers with use at the minutes told; gives the meters asked by minute.
    fn asked(
        schedule: &mut Schedule,
        minutes: std::ops::Range<i64>,
        uses: impl Fn(i64) -> Vec<Meter>,
    ) -> Vec<MeterSet> {
        let mut log = Vec::new();
        for minute in minutes {
            let moment = moment(minute);
            let mut asked = MeterSet::EMPTY;
            for round in 0..2 {
                let asks = if round == 0 { schedule.due(&moment) } else { schedule.found(&moment) };
                asked = asks.iter().fold(asked, |meters, ask| meters.union(ask.meters));
                let used = uses(minute);
                let usage = (!used.is_empty()).then(|| use_of(moment.now - MINUTE, &used));
                schedule.answered(&asks, usage.as_slice(), moment.now, &moment);
            }
            log.push(asked);
        }
        log
    }

    #[test]
    fn a_profile_in_use_is_asked_for_tokens_each_time_and_for_the_rest_seldom() {
        let uses = |_| vec![Meter::Invocations, Meter::InputTokens, Meter::CacheReadTokens, Meter::Throttles];
        let log = asked(&mut schedule(), 0..61, uses);
        let times = |meter| log.iter().filter(|meters| meters.has(meter)).count();
        assert_eq!([Meter::Invocations, Meter::OutputTokens, Meter::CacheReadTokens].map(times), [61, 61, 61]);
        assert_eq!([Meter::CacheWriteTokens, Meter::Throttles, Meter::LatencyP99Ms].map(times), [13, 13, 13]);
        assert_eq!([Meter::Images, Meter::FirstTokenP90Ms].map(times), [3, 3], "what it does not seem to have");
    }

    #[test]
    fn an_idle_profile_is_only_looked_at_and_less_and_less_often() {
        let log = asked(&mut schedule(), 0..240, |_| Vec::new());
        let looks: Vec<usize> = (0..240).filter(|&minute| !log[minute].is_empty()).collect();
        assert_eq!(looks, [0, 2, 6, 14, 30, 60, 90, 120, 150, 180, 210]);
        assert!(looks.iter().all(|&minute| log[minute] == MeterSet::of(&[Meter::Invocations])));
    }

    #[test]
    fn use_that_a_look_finds_is_read_at_once_and_from_where_reading_ended() {
        let mut schedule = schedule();
        asked(&mut schedule, 0..100, |_| Vec::new());
        let moment = moment(120);
        let look = schedule.due(&moment);
        assert_eq!(look[0].meters.len(), 1);
        schedule.answered(&look, &[use_of(noon() + MINUTE * 90, &[Meter::Invocations])], moment.now, &moment);
        let read = schedule.found(&moment);
        assert!(read[0].meters.has(Meter::CacheReadTokens) && read[0].from <= noon());
        schedule.answered(&read, &[], moment.now, &moment);
        assert!(
            schedule.found(&moment).is_empty() && schedule.due(&moment).is_empty(),
            "30 minutes ago it was in use, now it is not"
        );
    }

    #[test]
    fn a_profile_that_is_listed_as_active_is_looked_at_at_once() {
        let mut schedule = schedule();
        asked(&mut schedule, 0..100, |_| Vec::new());
        assert!(schedule.due(&moment(100)).is_empty());
        schedule.wake(&profile().key);
        assert_eq!(schedule.due(&moment(100)).len(), 1);
    }

    #[test]
    fn questions_reach_back_over_the_revise_window_and_after_a_start_further() {
        let mut schedule = Schedule::new(MeterSet::ALL);
        schedule.keep(&[profile()], Some(noon()));
        assert_eq!(schedule.due(&moment(1))[0].from, noon() - MINUTE * 75);
        asked(&mut schedule, 1..3, |_| vec![Meter::Invocations]);
        assert_eq!(schedule.due(&moment(3))[0].from, noon() - MINUTE * 13);
    }

    #[test]
    fn profiles_that_are_gone_are_not_asked_and_parts_come_with_their_whole() {
        let part = Profile { tier: ServiceTier::Priority, ..profile() };
        let mut schedule = schedule();
        schedule.keep(&[part], None);
        assert_eq!(schedule.len(), 0);
    }

    #[test]
    fn what_is_wanted_follows_from_use() {
        let mut schedule = schedule();
        let idle = schedule.metrics_a_second(noon(), MINUTE);
        asked(&mut schedule, 0..10, |_| vec![Meter::Invocations]);
        let in_use = schedule.metrics_a_second(noon() + MINUTE * 10, MINUTE);
        assert!((idle - 1.0 / 60.0).abs() < 1e-9, "not yet looked at: {idle}");
        assert!((in_use * 60.0 - (3.0 + 9.0 / 5.0 + 5.0 / 30.0)).abs() < 1e-9, "{in_use}");
    }
}
