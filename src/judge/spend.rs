//! What owners used by the hour, in dollars or another unit, and what they will use: the ground of `bedtop forecast`
//! over a history.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::amount::Unit;
use crate::domain::health::ScopeStatus;
use crate::domain::history::History;
use crate::domain::ids::Owner;
use crate::domain::time::{HOUR_SECONDS, TimeSpan, floor_hour};
use crate::domain::usage::Point;
use crate::domain::view::{BudgetRow, PricedUsage};
use crate::forecast::track::Track;
use crate::forecast::{Exhaustion, Factor, HourlySeries, Model, Prior, TotalForecast};
use crate::judge::policy::Policy;
use crate::judge::rating::Rates;

/// The use that is priced anew at the prices of the future: that of the last week.
const MIX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many of the past and of the coming days a chart shows.
const CHART_DAYS: i64 = 14;

/// What one owner, or several together, used by the hour.
#[derive(Clone, Debug, PartialEq)]
pub struct HourlyUse {
    unit: Unit,
    start: Timestamp,
    hours: Vec<f64>,
    /// What the last week's use would have cost at today's prices.
    mix: f64,
    /// The same at the prices from an instant on.
    mix_from: BTreeMap<Timestamp, f64>,
}

/// The forecast of a span.
#[derive(Clone, Debug, PartialEq)]
pub struct UseForecast {
    /// Whose: a tenant's or a pool's name.
    pub name: String,
    /// What all amounts here are of.
    pub unit: Unit,
    /// The budget with its amount, where it is about one.
    pub budget: Option<(String, f64)>,
    /// The span.
    pub span: TimeSpan,
    /// Used of it so far.
    pub spent: f64,
    /// The whole span: used and to come.
    pub total: TotalForecast,
    /// How likely the budget is not enough.
    pub overrun: Option<f64>,
    /// When the budget will be gone; `None` where that is not to be expected in the span.
    pub gone: Option<Exhaustion>,
    /// Which share of the span's use was to be expected by now.
    pub expected_share: f64,
    /// Hours of history.
    pub history_hours: f64,
    /// How often the 80 % interval of its own past day-ahead forecasts held, of how many.
    pub held80: (usize, usize),
    /// The mean error of those forecasts as a share of what came.
    pub error: Option<f64>,
    /// What the last days came to, the oldest first, and the days to come will.
    pub days: (Vec<f64>, Vec<f64>),
}

/// The hours of every owner up to `now`, as far as the data is known; an hour without use before that was idle.
#[must_use]
pub fn by_owner(history: &dyn History, policy: &Policy, unit: Unit, now: Timestamp) -> BTreeMap<Owner, HourlyUse> {
    let mut owners = BTreeMap::new();
    let Some(extent) = history.extent() else { return owners };
    let watermarks = history.scopes(now).into_iter().filter_map(|scope: ScopeStatus| scope.watermark);
    let known = floor_hour(watermarks.min().unwrap_or(now).min(now));
    let span = TimeSpan::new(floor_hour(extent.start), known);
    // Only money changes with prices.
    let changes: Vec<Timestamp> = match unit {
        Unit::Usd => policy.prices.change_times().iter().copied().filter(|at| *at > now).collect(),
        Unit::Count(_) => Vec::new(),
    };
    for (profile, versions) in history.profiles() {
        let rates = Rates::new(versions, policy);
        for point in history.hours(profile, span) {
            for (owner, part) in rates.by_owner([point]) {
                let spend = owners.entry(owner).or_insert_with(|| HourlyUse::idle(unit, span));
                spend.add(point.at, amount(unit, &part));
                if !changes.is_empty() && point.at >= known.saturating_sub(MIX).unwrap_or(span.start) {
                    spend.price_anew(&rates, &point, now, &changes);
                }
            }
        }
    }
    owners
}

/// The sum of several owners: a pool is forecast as one, its members' intervals are never added.
#[must_use]
pub fn together<'a>(members: impl IntoIterator<Item = &'a HourlyUse>) -> Option<HourlyUse> {
    let mut members = members.into_iter();
    let mut sum = members.next()?.clone();
    for member in members {
        sum.hours.iter_mut().zip(&member.hours).for_each(|(sum, more)| *sum += more);
        sum.mix += member.mix;
        member.mix_from.iter().for_each(|(at, more)| *sum.mix_from.entry(*at).or_default() += more);
    }
    Some(sum)
}

/// The prior of a fleet with these owners.
#[must_use]
pub fn prior(owners: &BTreeMap<Owner, HourlyUse>) -> Prior {
    Prior::shipped().in_fleet(owners.values().filter_map(|spend| spend.series().mean()))
}

/// The forecast of a budget's period.
#[must_use]
pub fn of_budget(
    name: &str,
    spend: &HourlyUse,
    budget: &BudgetRow,
    prior: &Prior,
    now: Timestamp,
) -> Option<UseForecast> {
    if budget.amount.unit != spend.unit {
        return None;
    }
    let amount = budget.amount.to_f64();
    let spent = budget.spent.likely.to_f64();
    let forecast = of_span(name, spend, budget.span, prior, now);
    let total = forecast.total.plus(spent - forecast.spent);
    let model = model(spend, prior);
    Some(UseForecast {
        budget: Some((budget.id.as_str().to_owned(), amount)),
        spent,
        overrun: Some(total.probability_above(amount)),
        gone: model.exhaustion_from(now, amount - spent, budget.span.end),
        total,
        ..forecast
    })
}

/// The forecast of any span.
#[must_use]
pub fn of_span(name: &str, spend: &HourlyUse, span: TimeSpan, prior: &Prior, now: Timestamp) -> UseForecast {
    let (track, model) = fitted(spend, prior);
    let spent = spend.between(span.start, now);
    UseForecast {
        name: name.to_owned(),
        unit: spend.unit,
        budget: None,
        span,
        spent,
        total: model.total_between(now.max(span.start), span.end).plus(spent),
        overrun: None,
        gone: None,
        expected_share: model.expected_share(span, now),
        history_hours: model.history_hours(),
        held80: track.held80(),
        error: track.error(),
        days: days(spend, &model, span.end),
    }
}

/// The forecast of what was used so far.
#[must_use]
pub fn model(used: &HourlyUse, prior: &Prior) -> Model {
    fitted(used, prior).1
}

/// The record of the own past forecasts, and the forecast that it widens.
fn fitted(used: &HourlyUse, prior: &Prior) -> (Track, Model) {
    let series = used.series();
    let track = Track::of(&series, prior);
    let model = Model::fit(&series, prior).widened(track.widening()).with_factors(used.factors());
    (track, model)
}

fn days(spend: &HourlyUse, model: &Model, end: Timestamp) -> (Vec<f64>, Vec<f64>) {
    let day = SignedDuration::from_hours(24);
    let origin = model.origin();
    let at = |days: i64| origin.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(origin);
    let past = (-CHART_DAYS..0).map(|index| spend.between(at(index), at(index + 1))).collect();
    let ahead = end.duration_since(origin).as_secs() / day.as_secs() + 1;
    let coming = (0..ahead.clamp(1, CHART_DAYS)).map(|index| model.total_between(at(index), at(index + 1)).mean);
    (past, coming.collect())
}

fn amount(unit: Unit, usage: &PricedUsage) -> f64 {
    unit.used(usage).likely.to_f64()
}

impl HourlyUse {
    fn idle(unit: Unit, span: TimeSpan) -> Self {
        let hours = usize::try_from(span.length().as_secs() / HOUR_SECONDS).unwrap_or(0);
        Self { unit, start: span.start, hours: vec![0.0; hours], mix: 0.0, mix_from: BTreeMap::new() }
    }

    /// The hours from the first with any use on: before it, there was nothing to learn from.
    #[must_use]
    pub fn series(&self) -> HourlySeries {
        let first = self.hours.iter().position(|hour| *hour > 0.0).unwrap_or(0);
        let hours = SignedDuration::from_hours(i64::try_from(first).unwrap_or(0));
        let start = self.start.saturating_add(hours).unwrap_or(self.start);
        HourlySeries::new(start, self.hours[first..].to_vec())
    }

    /// By how much the same use will be dearer or cheaper once dated prices hold.
    #[must_use]
    pub fn factors(&self) -> Vec<Factor> {
        if self.mix <= 0.0 {
            return Vec::new();
        }
        self.mix_from.iter().map(|(&from, mix)| Factor { from, factor: mix / self.mix }).collect()
    }

    fn add(&mut self, at: Timestamp, used: f64) {
        if let Some(hour) = self.index(at).and_then(|index| self.hours.get_mut(index)) {
            *hour += used;
        }
    }

    fn price_anew(&mut self, rates: &Rates, point: &Point, now: Timestamp, changes: &[Timestamp]) {
        self.mix += amount(self.unit, &rates.price(now, &point.counts));
        for &at in changes {
            *self.mix_from.entry(at).or_default() += amount(self.unit, &rates.price(at, &point.counts));
        }
    }

    fn between(&self, from: Timestamp, until: Timestamp) -> f64 {
        let index = |at: Timestamp| self.index(at).unwrap_or(0).min(self.hours.len());
        // An empty sum is a negative zero otherwise.
        self.hours[index(from)..index(until).max(index(from))].iter().sum::<f64>() + 0.0
    }

    fn index(&self, at: Timestamp) -> Option<usize> {
        usize::try_from(at.duration_since(self.start).as_secs().div_euclid(HOUR_SECONDS)).ok()
    }
}
