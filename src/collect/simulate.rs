//! What polling costs and how fresh it is: the schedule and the purse that really poll, run over a simulated day of a
//! fleet, beside a naive poller that asks for every meter of every profile each minute.
//!
//! In the simulated fleet any profile may be in use: each is for two hours on the average, then idle, so that as many
//! as asked are in use at a time; in use, it has calls in 8 of 10 minutes. Freshness is the time from the end of a
//! minute with use to the poll that reads its tokens, polls falling anywhere within a minute; what CloudWatch itself
//! is late comes on top for both. ListMetrics is taken to list a series 5 minutes after its first use: AWS publishes
//! no figure.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::collect::backfill::METERS as PAST_METERS;
use crate::collect::purse::Purse;
use crate::collect::schedule::{Moment, Schedule};
use crate::cost::polling::polling_cost;
use crate::domain::health::Traffic;
use crate::domain::ids::{ProfileId, ProfileKey, ScopeName};
use crate::domain::meter::{Counts, Meter, MeterSet};
use crate::domain::money::Money;
use crate::domain::profile::Profile;
use crate::domain::time::Step;
use crate::domain::usage::{Point, ProfileUsage};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: usize = 24 * 60;
/// Before the day that counts: what starting costs is not a month's thirtieth.
const WARM_UP: usize = 12 * 60;
const MONTH_DAYS: u64 = 30;
const SESSION_MINUTES: f64 = 120.0;
const USE_OF_A_MINUTE: f64 = 0.8;
/// How long ListMetrics lists a series as recently active, and how long until it does, in minutes.
const LISTED_FOR: usize = 180;
const LISTED_AFTER: usize = 5;
const METRICS_A_CALL: u64 = 500;

/// Which meters are asked for where fewer than all are, the most important first.
const BY_IMPORTANCE: [Meter; Meter::COUNT] = [
    Meter::Invocations,
    Meter::InputTokens,
    Meter::OutputTokens,
    Meter::CacheReadTokens,
    Meter::CacheWriteTokens,
    Meter::Throttles,
    Meter::LatencyMs,
    Meter::ClientErrors,
    Meter::ServerErrors,
    Meter::QuotaTokens,
    Meter::LatencyP50Ms,
    Meter::LatencyP90Ms,
    Meter::LatencyP99Ms,
    Meter::FirstTokenP50Ms,
    Meter::FirstTokenP90Ms,
    Meter::Images,
    Meter::LegacyInvocations,
];

/// The fleet that is polled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FleetSize {
    /// How many profiles.
    pub profiles: usize,
    /// How many percent of them are in use at a time.
    pub active_percent: f64,
    /// How many meters of each are wanted.
    pub meters: usize,
}

/// What a way of polling comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Seconds between polls of what is in use.
    pub interval_seconds: i64,
    /// Requests of GetMetricData and ListMetrics a day.
    pub calls_a_day: u64,
    /// Metrics requested a day.
    pub metrics_a_day: u64,
    /// What a month of 30 days costs.
    pub usd_a_month: Money,
    /// How fresh tokens of profiles in use are, in seconds: half of the minutes, and 95 % of them.
    pub freshness: Freshness,
}

/// Seconds from the end of a minute with use to the poll that reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Freshness {
    /// Half are as fresh.
    pub p50: f64,
    /// 95 % are as fresh.
    pub p95: f64,
}

/// The naive poller: every meter of every profile each minute.
#[must_use]
pub fn naive(fleet: FleetSize) -> Outcome {
    let a_poll = (fleet.profiles * fleet.meters) as u64;
    let delays = BTreeMap::from([(0, 1)]);
    outcome(MINUTE, DAY as u64 * a_poll.div_ceil(METRICS_A_CALL), 0, DAY as u64 * a_poll, &delays)
}

/// bedtop's own poller, wanting this interval and keeping to this ceiling a month.
#[must_use]
pub fn planner(fleet: FleetSize, interval: SignedDuration, ceiling: Option<Money>) -> Outcome {
    Simulation::new(fleet, interval, ceiling).run()
}

/// What fetching the past costs at the start: a look at each profile, then all meters of those that were in use at
/// all, taken to be three times as many as are at a time.
#[must_use]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
pub fn past_cost(fleet: FleetSize) -> Money {
    let used = (fleet.profiles as f64 * (fleet.active_percent * 3.0 / 100.0).min(1.0)).ceil() as u64;
    // One piece of hours, and four of minutes.
    let metrics = fleet.profiles as u64 * 2 + used * PAST_METERS.len() as u64 * 5;
    polling_cost(&Traffic { metrics, ..Traffic::default() })
}

struct Simulation {
    profiles: Vec<Profile>,
    numbers: HashMap<ProfileKey, usize>,
    /// By profile: the minutes with use.
    uses: Vec<Vec<bool>>,
    /// By profile: the first minute whose tokens were not read.
    unread: Vec<usize>,
    meters: MeterSet,
    schedule: Schedule,
    purse: Purse,
    wanted: SignedDuration,
    /// Up to which minute it was listed who was in use, and by profile its newest use by then.
    listed_until: usize,
    newest_listed: Vec<Option<usize>>,
    delays: BTreeMap<usize, u64>,
    traffic: Traffic,
}

impl Simulation {
    fn new(fleet: FleetSize, wanted: SignedDuration, ceiling: Option<Money>) -> Self {
        let meters = MeterSet::of(&BY_IMPORTANCE[..fleet.meters.clamp(1, Meter::COUNT)]);
        let profiles: Vec<Profile> = (0..fleet.profiles).map(profile).collect();
        let numbers = profiles.iter().enumerate().map(|(number, profile)| (profile.key.clone(), number)).collect();
        let mut schedule = Schedule::new(meters);
        schedule.keep(&profiles, None);
        let uses = (0..fleet.profiles).map(|number| uses(number as u64, fleet.active_percent / 100.0)).collect();
        Self {
            unread: vec![0; fleet.profiles],
            profiles,
            numbers,
            uses,
            meters,
            schedule,
            purse: Purse::new(ceiling, &[], instant(0)),
            wanted,
            listed_until: 0,
            newest_listed: vec![None; fleet.profiles],
            delays: BTreeMap::new(),
            traffic: Traffic::default(),
        }
    }

    fn run(mut self) -> Outcome {
        let mut next_poll = 0;
        let mut interval = self.wanted;
        for minute in 0..WARM_UP + DAY {
            if minute == WARM_UP {
                self.traffic = Traffic::default();
                self.delays.clear();
            }
            if minute >= next_poll {
                self.list(minute);
                interval = self.interval(minute);
                self.poll(minute, interval);
                next_poll = minute + usize::try_from(interval.as_mins()).unwrap_or(1).max(1);
            }
        }
        let Traffic { calls, listings, metrics, .. } = self.traffic;
        outcome(interval, calls, listings, metrics, &self.delays)
    }

    fn interval(&self, minute: usize) -> SignedDuration {
        let now = instant(minute);
        let wanted = self.schedule.metrics_a_second(now, self.wanted);
        let allowed = self.purse.allowance(&scope(), wanted, now);
        self.schedule.interval(now, self.wanted, allowed)
    }

    fn list(&mut self, minute: usize) {
        let until = minute.saturating_sub(LISTED_AFTER);
        let oldest = until.saturating_sub(LISTED_FOR);
        let mut listed = 0;
        for number in 0..self.profiles.len() {
            let newest = (self.listed_until..until).rev().find(|&used| self.uses[number][used]);
            let before = self.newest_listed[number];
            self.newest_listed[number] = newest.or(before);
            if newest.is_some() && before.is_none_or(|before| before < oldest) {
                self.schedule.wake(&self.profiles[number].key);
            }
            listed += u64::from(self.newest_listed[number].is_some_and(|newest| newest >= oldest));
        }
        self.listed_until = until;
        self.traffic.listings += listed.div_ceil(METRICS_A_CALL).max(1);
    }

    fn poll(&mut self, minute: usize, interval: SignedDuration) {
        let now = instant(minute);
        let moment =
            Moment { now, interval, earliest: now - MINUTE * 360, revise_window: MINUTE * 15, step: Step::MINUTE };
        for is_first in [true, false] {
            let asks = if is_first { self.schedule.due(&moment) } else { self.schedule.found(&moment) };
            let metrics: u64 = asks.iter().map(|ask| ask.meters.len() as u64).sum();
            let spent = Traffic { metrics, calls: metrics.div_ceil(METRICS_A_CALL), ..Traffic::default() };
            self.traffic.add(&spent);
            self.purse.spend(&scope(), &spent, now);
            let mut usage = Vec::new();
            for ask in &asks {
                let number = self.numbers[&ask.profile];
                usage.extend(self.answer(number, &ask.profile, minute));
                if ask.meters.has(Meter::InputTokens) {
                    self.read(number, minute);
                }
            }
            self.schedule.answered(&asks, &usage, now, &moment);
        }
    }

    /// The newest minute with use, as far as a window may reach.
    fn answer(&self, number: usize, profile: &ProfileKey, minute: usize) -> Option<ProfileUsage> {
        let from = minute.saturating_sub(360);
        let newest = (from..minute).rev().find(|&used| self.uses[number][used])?;
        let counts = self.meters.iter().fold(Counts::EMPTY, |counts, meter| counts.with(meter, 1));
        Some(ProfileUsage { profile: profile.clone(), points: vec![Point { at: instant(newest), counts }] })
    }

    fn read(&mut self, number: usize, minute: usize) {
        for used in self.unread[number]..minute {
            if self.uses[number][used] {
                *self.delays.entry(minute - used - 1).or_default() += 1;
            }
        }
        self.unread[number] = minute;
    }
}

fn outcome(
    interval: SignedDuration,
    calls: u64,
    listings: u64,
    metrics: u64,
    delays: &BTreeMap<usize, u64>,
) -> Outcome {
    let month = Traffic { metrics: metrics * MONTH_DAYS, listings: listings * MONTH_DAYS, ..Traffic::default() };
    Outcome {
        interval_seconds: interval.as_secs(),
        calls_a_day: calls + listings,
        metrics_a_day: metrics,
        usd_a_month: polling_cost(&month),
        freshness: Freshness { p50: quantile(delays, 0.50), p95: quantile(delays, 0.95) },
    }
}

/// The delay in seconds that a share of the minutes stays below; within a minute delays are spread evenly.
#[expect(clippy::cast_precision_loss, reason = "counts of minutes")]
fn quantile(delays: &BTreeMap<usize, u64>, share: f64) -> f64 {
    let all: u64 = delays.values().sum();
    let mut wanted = all as f64 * share;
    for (&minutes, &count) in delays {
        if wanted <= count as f64 {
            return 60.0 * (minutes as f64 + wanted / count as f64);
        }
        wanted -= count as f64;
    }
    0.0
}

/// The minutes with use of a profile that is in use for a share of its time.
fn uses(number: u64, share: f64) -> Vec<bool> {
    let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x0062_6564_746f_7000);
    let mut in_use = random.next() < share;
    let leave_use = 1.0 / SESSION_MINUTES;
    let enter_use = if share < 1.0 { leave_use * share / (1.0 - share) } else { 1.0 };
    let minute = |_| {
        let change = random.next();
        in_use = if in_use { change >= leave_use } else { change < enter_use };
        random.next() < USE_OF_A_MINUTE && in_use
    };
    (0..WARM_UP + DAY).map(minute).collect()
}

/// Numbers from 0 to 1, the same ones each time (splitmix64, Steele et al. 2014).
struct Random(u64);

impl Random {
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn scope() -> ScopeName {
    ScopeName::new("simulated")
}

fn profile(number: usize) -> Profile {
    Profile::bare(ProfileKey { scope: scope(), id: ProfileId::new(format!("profile{number:05}")) }, instant(0))
}

/// A month that begins with the simulation, so that all of its ceiling is left.
fn instant(minute: usize) -> Timestamp {
    const MONTH_START: i64 = 1_793_491_200; // 2026-11-01
    Timestamp::from_second(MONTH_START + 60 * i64::try_from(minute).unwrap_or(0)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    const FLEET: FleetSize = FleetSize { profiles: 200, active_percent: 5.0, meters: 7 };

    #[test]
    fn the_naive_poller_costs_what_aws_says() {
        let naive = naive(FleetSize { profiles: 1000, ..FLEET });
        assert_eq!(naive.usd_a_month.to_string(), "$3,024.00");
        assert_eq!((naive.freshness.p50, naive.freshness.p95), (30.0, 57.0));
    }

    #[test]
    fn the_planner_is_far_cheaper_and_hardly_less_fresh() {
        let planned = planner(FLEET, MINUTE, None);
        let times = naive(FLEET).usd_a_month.to_f64() / planned.usd_a_month.to_f64();
        assert!(times >= 12.0, "{times:.1} times cheaper: {planned:?}");
        assert!(planned.freshness.p95 <= 57.0 + 60.0, "{planned:?}");
    }

    #[test]
    fn a_ceiling_is_kept_and_paid_with_freshness() {
        let free = planner(FLEET, MINUTE, None);
        let held = planner(FLEET, MINUTE, Some(Money::usd(Decimal::TEN)));
        assert!(held.usd_a_month <= Money::usd(Decimal::TEN), "{held:?}");
        assert!(held.freshness.p95 > free.freshness.p95 && held.interval_seconds > 60, "{held:?}");
    }

    #[test]
    fn a_wider_interval_is_cheaper_and_less_fresh() {
        let [often, seldom] = [1, 5].map(|minutes| planner(FLEET, MINUTE * minutes, None));
        assert!(seldom.usd_a_month < often.usd_a_month && seldom.freshness.p50 > often.freshness.p50);
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "counts of minutes")]
    fn the_simulated_fleet_is_as_active_as_asked() {
        let minutes: usize = (0..400).map(|number| uses(number, 0.05).into_iter().filter(|used| *used).count()).sum();
        let share = minutes as f64 / (400 * (WARM_UP + DAY)) as f64 / USE_OF_A_MINUTE;
        assert!((0.04..0.06).contains(&share), "{share}");
    }
}
