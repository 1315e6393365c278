//! A series fitted: what it will use, hour by hour and in total.

use jiff::{SignedDuration, Timestamp};

use crate::domain::time::TimeSpan;
use crate::forecast::band::{Band, Spread};
use crate::forecast::exhaustion::{Exhaustion, Path};
use crate::forecast::level::{Level, Traits};
use crate::forecast::prior::Prior;
use crate::forecast::profile::{WeekProfile, as_f64, hour_of_week};
use crate::forecast::series::HourlySeries;
use crate::forecast::spread;
use crate::forecast::total::TotalForecast;

/// Totals further ahead than this are cut off, in hours: two years.
const FURTHEST: f64 = 2.0 * 366.0 * 24.0;

/// From an instant on, what is forecast counts so many times: a price that changes, a contract that ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// When it starts to hold; until the next one does.
    pub from: Timestamp,
    /// By how much the forecast is multiplied.
    pub factor: f64,
}

/// The forecast of one series, as of its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    origin: Timestamp,
    level: Level,
    traits: Traits,
    profile: WeekProfile,
    spread: Spread,
    /// The profile's mean weight over the hours that the recent level was taken from.
    recent_weight: f64,
    widening: f64,
    factors: Vec<Factor>,
    prior: Prior,
    /// The sums of the means up to each of the first hours, where they are asked for again and again.
    known: Vec<f64>,
}

impl Model {
    /// Fits a series of any length, an empty one too. Costs O(length).
    #[must_use]
    pub fn fit(series: &HourlySeries, prior: &Prior) -> Self {
        let model = Self::fit_for_totals(series, prior);
        let spread = Spread::of(series, &model.profile, model.traits.mean);
        Self { spread, ..model }
    }

    /// The same without the bounds of single hours, which cost half of it.
    pub(super) fn fit_for_totals(series: &HourlySeries, prior: &Prior) -> Self {
        let profile = WeekProfile::of(series, &prior.shrinkage);
        let traits = Traits::of(series);
        let origin = series.end();
        let recent = series.len().min(24);
        let first = (hour_of_week(origin) + 168 - recent) % 168;
        Self {
            origin,
            level: Level::of(series, &traits, prior),
            recent_weight: profile.mean_over(first, recent).max(0.1),
            spread: Spread::unknown(),
            traits,
            profile,
            widening: 1.0,
            factors: Vec::new(),
            prior: prior.clone(),
            known: Vec::new(),
        }
    }

    /// The same with the means of the hours up to an instant worked out once, for many totals up to then.
    #[must_use]
    pub fn looking_ahead(mut self, until: Timestamp) -> Self {
        self.known = self.means(self.hours_ahead(until).clamp(0.0, FURTHEST).ceil());
        self
    }

    /// The same with all intervals of totals wider (or narrower) by this factor: what the record of its own past
    /// forecasts asks for.
    #[must_use]
    pub fn widened(mut self, factor: f64) -> Self {
        self.widening = if factor.is_finite() { factor.clamp(0.5, 4.0) } else { 1.0 };
        self
    }

    /// The same in money: from each instant on, an amount counts `factor` times; 1 before the first.
    #[must_use]
    pub fn with_factors(mut self, mut factors: Vec<Factor>) -> Self {
        factors.retain(|factor| factor.factor.is_finite() && factor.factor >= 0.0);
        factors.sort_by_key(|factor| factor.from);
        self.factors = factors;
        self.known.clear();
        self
    }

    /// Where the history ends and the forecast begins.
    #[must_use]
    pub fn origin(&self) -> Timestamp {
        self.origin
    }

    /// Hours of history it is made from.
    #[must_use]
    pub fn history_hours(&self) -> f64 {
        self.traits.hours
    }

    /// The expected amount of the hour that holds the instant; of one in the past, by today's level.
    #[must_use]
    pub fn expected(&self, hour: Timestamp) -> Band {
        let mean = self.mean_hour(self.hours_ahead(hour).floor());
        let usual = self.traits.mean * self.profile.at(hour) * self.factor_at(hour);
        self.spread.around(mean, usual)
    }

    /// The total of the next `hours`.
    #[must_use]
    pub fn total(&self, hours: f64) -> TotalForecast {
        self.total_of_hours(0.0, hours)
    }

    /// The total between two instants; before the origin nothing is forecast.
    #[must_use]
    pub fn total_between(&self, from: Timestamp, until: Timestamp) -> TotalForecast {
        self.total_of_hours(self.hours_ahead(from), self.hours_ahead(until))
    }

    /// When `remaining` will be used up, counted from the origin; `None` where even the 90 % path stays below it
    /// until `until`.
    #[must_use]
    pub fn exhaustion(&self, remaining: f64, until: Timestamp) -> Option<Exhaustion> {
        let hours = self.hours_ahead(until).clamp(0.0, FURTHEST);
        let means = self.means(hours);
        let path =
            Path::new(self.origin, &means, |hours, mean| self.distribution(hours, mean, self.mean_factor(0.0, hours)));
        path.exhaustion(remaining)
    }

    /// When `rest`, which is left at `now`, will be used up, not before `now`; what was to be expected since the origin is used
    /// already. `None` where even the 90 % path stays below it until `until`.
    #[must_use]
    pub fn exhaustion_from(&self, now: Timestamp, rest: f64, until: Timestamp) -> Option<Exhaustion> {
        let since = self.total_between(self.origin, now).mean;
        let gone = self.exhaustion(if rest > 0.0 { rest + since } else { 0.0 }, until)?;
        let (median, late) = (gone.median.map(|at| at.max(now)), gone.late.map(|at| at.max(now)));
        Some(Exhaustion { early: gone.early.max(now), median, late })
    }

    /// Which share of a period's use is to be expected by `now`, by the profile alone: 0 to 1.
    #[must_use]
    pub fn expected_share(&self, period: TimeSpan, now: Timestamp) -> f64 {
        let whole = self.weight_between(period.start, period.end);
        if whole <= 0.0 {
            return period.elapsed_share(now);
        }
        (self.weight_between(period.start, now.clamp(period.start, period.end)) / whole + 0.0).clamp(0.0, 1.0)
    }

    /// The sum of the profile's weights between two instants, in hours.
    fn weight_between(&self, from: Timestamp, until: Timestamp) -> f64 {
        let (start, hours) = (hour_of_week(from), until.duration_since(from).as_secs_f64() / 3600.0);
        let into_hour = from.as_second().rem_euclid(3600);
        let offset = f64::from(i32::try_from(into_hour).unwrap_or(0)) / 3600.0;
        let end = (offset + hours).clamp(0.0, FURTHEST);
        pieces(offset, end).map(|(index, share)| share * self.profile.of_hour(start + index)).sum()
    }

    fn total_of_hours(&self, from: f64, until: f64) -> TotalForecast {
        let (from, until) = (from.clamp(0.0, FURTHEST), until.clamp(0.0, FURTHEST));
        let mean = self.mean_between(from, until);
        self.distribution((until - from).max(0.0), mean, self.mean_factor(from, until))
    }

    /// Sums of the means up to each hour's end.
    fn means(&self, hours: f64) -> Vec<f64> {
        let mut sum = 0.0;
        let add = |(index, share): (usize, f64)| {
            sum += share * self.mean_hour(as_f64(index));
            sum
        };
        pieces(0.0, hours).map(add).collect()
    }

    /// The sum of the means between two times ahead, in hours.
    fn mean_between(&self, from: f64, until: f64) -> f64 {
        match self.known_until(from).zip(self.known_until(until.max(from))) {
            Some((before, whole)) => (whole - before).max(0.0),
            None => pieces(from, until).map(|(index, share)| share * self.mean_hour(as_f64(index))).sum(),
        }
    }

    /// The sum of the means up to so many hours ahead, as far as they were worked out.
    fn known_until(&self, hours: f64) -> Option<f64> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to FURTHEST")]
        let whole = hours.floor() as usize;
        let upto = |hours: usize| if hours == 0 { Some(0.0) } else { self.known.get(hours - 1).copied() };
        let (start, share) = (upto(whole)?, hours - as_f64(whole));
        if share > 0.0 { Some(start + share * (upto(whole + 1)? - start)) } else { Some(start) }
    }

    fn mean_hour(&self, ahead: f64) -> f64 {
        let hour = self.origin.saturating_add(SignedDuration::from_secs_f64(ahead * 3600.0)).unwrap_or(Timestamp::MAX);
        let of_week = hour_of_week(hour);
        let of_recent = self.profile.of_recent_hour(of_week) / self.recent_weight;
        self.level.after(ahead.max(0.0), of_recent, self.profile.of_hour(of_week)) * self.factor_at(hour)
    }

    fn factor_at(&self, at: Timestamp) -> f64 {
        let holds = self.factors.partition_point(|factor| factor.from <= at);
        if holds == 0 { 1.0 } else { self.factors[holds - 1].factor }
    }

    /// The mean factor between two times ahead, in hours.
    fn mean_factor(&self, from: f64, until: f64) -> f64 {
        if self.factors.is_empty() || until <= from {
            return 1.0;
        }
        let cuts = self.factors.iter().map(|factor| self.hours_ahead(factor.from).clamp(from, until));
        let ends = cuts.clone().skip(1).chain([until]);
        let before = cuts.clone().next().unwrap_or(until) - from;
        let weighted: f64 =
            self.factors.iter().zip(cuts.zip(ends)).map(|(factor, (start, end))| factor.factor * (end - start)).sum();
        (before + weighted) / (until - from)
    }

    fn distribution(&self, hours: f64, mean: f64, factor: f64) -> TotalForecast {
        spread::distribution(&self.prior, &self.traits, hours, mean, factor, self.widening)
    }

    fn hours_ahead(&self, at: Timestamp) -> f64 {
        at.duration_since(self.origin).as_secs_f64() / 3600.0
    }
}

/// The whole hours that `from..until` touches, with the share of each that lies inside.
fn pieces(from: f64, until: f64) -> impl Iterator<Item = (usize, f64)> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to FURTHEST")]
    let (first, last) = (from.max(0.0).floor() as usize, until.max(0.0).ceil() as usize);
    (first..last).map(move |hour| {
        let start = as_f64(hour).max(from);
        let end = as_f64(hour + 1).min(until);
        (hour, (end - start).max(0.0))
    })
}
