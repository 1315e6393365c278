//! The figures behind an explanation: the last hour against the same hour of the days before, and the weeks of hours
//! that tell what is usual.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::alert::explain::split::Use;
use crate::alert::explain::verdict::Signs;
use crate::domain::history::History;
use crate::domain::ids::ProfileRef;
use crate::domain::meter::{Counts, Meter};
use crate::domain::profile::Profile;
use crate::domain::time::{TimeSpan, floor_hour};
use crate::judge::policy::Policy;
use crate::judge::rating::Rates;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// How far back the hours go.
const REACH_DAYS: i64 = 35;
/// Days that the last hour is compared with.
const COMPARED_DAYS: i64 = 7;
/// The length of the latest part of the hour.
const LATEST: SignedDuration = SignedDuration::from_mins(10);

/// Counts of an hour with what they cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hour {
    /// For the split.
    pub usage: Use,
    input: f64,
    from_cache: f64,
    failed: f64,
}

/// What one meter of one profile costs an hour, now and as expected.
struct Part {
    name: String,
    now: f64,
    expected: f64,
    is_new: bool,
}

/// All figures of an alert's subject.
pub(super) struct Figures {
    end: Timestamp,
    start_of_history: Timestamp,
    /// The last hour.
    pub now: Hour,
    /// The mean of the same hour of the days before; `None` with no such day.
    pub expected: Option<Hour>,
    latest_per_hour: f64,
    parts: Vec<Part>,
    /// Dollars of whole hours.
    hours: BTreeMap<Timestamp, f64>,
}

impl Figures {
    /// Reads them for the profiles that are meant, up to where their data goes.
    pub(super) fn gather(
        history: &dyn History,
        policy: &Policy,
        is_meant: &dyn Fn(&Profile) -> bool,
        now: Timestamp,
    ) -> Self {
        let known = |versions: &&[Profile]| versions.last().is_some_and(is_meant);
        let meant: Vec<(ProfileRef, &[Profile])> =
            history.profiles().into_iter().filter(|(_, versions)| known(versions)).collect();
        let scopes = history.scopes(now);
        let is_read = |scope: &&crate::domain::health::ScopeStatus| {
            meant.iter().any(|(_, versions)| versions.last().is_some_and(|newest| newest.key.scope == scope.scope))
        };
        let watermark = scopes.iter().filter(is_read).filter_map(|scope| scope.watermark).min().unwrap_or(now);
        let start_of_history = history.extent().map_or(now, |extent| extent.start);
        let mut figures = Self {
            end: history.step().floor(watermark.min(now)),
            start_of_history,
            now: Hour::default(),
            expected: None,
            latest_per_hour: 0.0,
            parts: Vec::new(),
            hours: BTreeMap::new(),
        };
        let days = figures.compared_days();
        let mut expected = Hour::default();
        for (profile, versions) in meant {
            figures.add(history, policy, (profile, versions), &days, &mut expected);
        }
        figures.expected = (!days.is_empty()).then_some(expected);
        figures
    }

    /// What makes the rise: the profile, its model and the meter, with dollars an hour above expected.
    pub(super) fn rises(&self) -> Vec<(String, f64)> {
        self.parts.iter().map(|part| (part.name.clone(), part.now - part.expected)).collect()
    }

    /// What the signs of spike and problem look at.
    pub(super) fn signs(&self) -> Signs {
        let now = &self.now;
        let expected = self.expected.filter(|expected| expected.usage.cost > 0.0);
        let ratio = |of: &dyn Fn(&Hour) -> f64| {
            let before = of(expected.as_ref()?);
            (before > 0.0 && of(now).is_finite()).then(|| of(now) / before)
        };
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let failing = |hour: &Hour| share(hour.failed, hour.usage.requests + hour.failed);
        let cached = |hour: &Hour| share(hour.from_cache, hour.input);
        Signs {
            now: now.usage.cost,
            expected: self.expected.map(|expected| expected.usage.cost),
            latest: self.latest_per_hour,
            hours: self.back(HOUR, 24),
            weeks: self.same_hours(7, 4),
            days: self.back(HOUR * 24, 7),
            requests_ratio: ratio(&|hour| hour.usage.requests),
            tokens_ratio: ratio(&|hour| hour.usage.tokens / hour.usage.requests),
            input_ratio: ratio(&|hour| hour.input / hour.usage.requests),
            failing: failing(now),
            failing_expected: expected.as_ref().map_or(0.0, failing),
            cache: expected.as_ref().map(|expected| (cached(now), cached(expected))),
            mix_share: None,
            new_share: self.new_share(),
        }
    }

    /// For each day before: the dollars of the hour before now's time of day, and of the hours up to `until`'s.
    pub(super) fn past(&self, until: Timestamp) -> Vec<(f64, f64)> {
        let ahead = until.duration_since(self.end);
        let day = |back: i64| {
            let at = floor_hour(self.end - SignedDuration::from_hours(24 * back));
            let before = TimeSpan::new(at - HOUR, at);
            let after = TimeSpan::new(at, at + ahead);
            (before.start >= self.start_of_history && after.end <= self.end)
                .then(|| (self.sum(before), self.sum(after)))
        };
        (1..=28).filter_map(day).collect()
    }

    fn window(&self) -> TimeSpan {
        TimeSpan::new(self.end - HOUR, self.end)
    }

    /// The starts of the hours that the last one is compared with.
    fn compared_days(&self) -> Vec<Timestamp> {
        let start = floor_hour(self.window().start + SignedDuration::from_mins(30));
        let days = (1..=COMPARED_DAYS).map(|day| start - SignedDuration::from_hours(24 * day));
        days.filter(|day| *day >= self.start_of_history).collect()
    }

    fn add(
        &mut self,
        history: &dyn History,
        policy: &Policy,
        (profile, versions): (ProfileRef, &[Profile]),
        days: &[Timestamp],
        expected: &mut Hour,
    ) {
        let Some(newest) = versions.last() else { return };
        let rates = Rates::new(versions, policy);
        let cost = |at, counts: &Counts| rates.price(at, counts).cost.likely.to_f64();
        let (mut now, mut latest, mut before) = (Counts::EMPTY, Counts::EMPTY, Counts::EMPTY);
        let latest_start = self.end - LATEST.max(history.step().duration());
        for point in history.points(profile, self.window()) {
            now.add(&point.counts);
            if point.at >= latest_start {
                latest.add(&point.counts);
            }
        }
        let reach =
            TimeSpan::new(floor_hour(self.end) - SignedDuration::from_hours(24 * REACH_DAYS), floor_hour(self.end));
        for hour in history.hours(profile, reach) {
            *self.hours.entry(hour.at).or_default() += cost(hour.at, &hour.counts);
            if days.contains(&hour.at) {
                before.add(&hour.counts);
            }
        }
        let per_hour = 3600.0 / self.end.duration_since(latest_start).as_secs_f64();
        self.latest_per_hour += cost(self.end, &latest) * per_hour;
        let price = |counts: &Counts| cost(self.end, counts);
        let days = f64::from(u32::try_from(days.len().max(1)).unwrap_or(1));
        self.now.add(&now, 1.0, &price);
        expected.add(&before, days, &price);
        let model = newest.model.as_ref().map_or("no model", |model| model.as_str());
        for meter in Meter::ALL {
            let of = |counts: &Counts| price(&Counts::EMPTY.with(meter, counts.sum_of(meter)));
            let (now_cost, expected_cost) = (of(&now), of(&before) / days);
            if now_cost > 0.0 || expected_cost > 0.0 {
                let name = format!("{} {} {}", newest.name, model, meter.name());
                self.parts.push(Part { name, now: now_cost, expected: expected_cost, is_new: before.is_empty() });
            }
        }
    }

    /// The share of the rise made by profiles that had no use on the days compared with.
    fn new_share(&self) -> f64 {
        if self.expected.is_none() {
            return 0.0;
        }
        let rise = |part: &Part| (part.now - part.expected).max(0.0);
        let whole: f64 = self.parts.iter().map(rise).sum();
        let new: f64 = self.parts.iter().filter(|part| part.is_new).map(rise).sum();
        if whole > 0.0 { new / whole } else { 0.0 }
    }

    /// Dollars of whole spans before the last whole hour's end, the newest first, as far as the history goes.
    fn back(&self, width: SignedDuration, most: i32) -> Vec<f64> {
        let end = floor_hour(self.end);
        let spans = (0..most).map(|back| TimeSpan::new(end - width * (back + 1), end - width * back));
        spans.take_while(|span| span.start >= self.start_of_history).map(|span| self.sum(span)).collect()
    }

    /// Dollars of the same hour every so many days before.
    fn same_hours(&self, days: i64, most: i64) -> Vec<f64> {
        let start = floor_hour(self.window().start + SignedDuration::from_mins(30));
        let hour = |back: i64| start - SignedDuration::from_hours(24 * days * back);
        let known = (1..=most).map(hour).take_while(|hour| *hour >= self.start_of_history);
        known.map(|hour| self.hours.get(&hour).copied().unwrap_or(0.0)).collect()
    }

    fn sum(&self, span: TimeSpan) -> f64 {
        self.hours.range(span.start..span.end).map(|(_, dollars)| dollars).sum()
    }
}

impl Hour {
    /// Adds counts of so many days, as a mean of them.
    #[expect(clippy::cast_precision_loss, reason = "ratios for an explanation")]
    fn add(&mut self, counts: &Counts, days: f64, price: &dyn Fn(&Counts) -> f64) {
        let of = |meter| counts.sum_of(meter) as f64 / days;
        let cached = counts.sum_of(Meter::CacheReadTokens);
        let fresh = counts.sum_of(Meter::InputTokens).saturating_add(cached);
        let uncached = counts.with(Meter::InputTokens, fresh).with(Meter::CacheReadTokens, 0);
        self.usage.requests += of(Meter::Invocations);
        self.usage.tokens += counts.tokens() as f64 / days;
        self.usage.cost += price(counts) / days;
        self.usage.uncached_cost += price(&uncached) / days;
        self.input += of(Meter::InputTokens) + of(Meter::CacheReadTokens) + of(Meter::CacheWriteTokens);
        self.from_cache += of(Meter::CacheReadTokens);
        self.failed += of(Meter::ClientErrors) + of(Meter::ServerErrors) + of(Meter::Throttles);
    }
}
