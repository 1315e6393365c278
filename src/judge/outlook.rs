//! What is to be expected of an owner or a pool: the ground of the signals that look ahead and at the own past.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::alert::anomaly::Pace;
use crate::alert::burn::Burning;
use crate::alert::forecast::Chances;
use crate::config::ForecastThresholds;
use crate::domain::amount::Unit;
use crate::domain::budget::BudgetStanding;
use crate::domain::time::TimeSpan;
use crate::domain::view::{Burn, ExpectedBand, GoneWhen, PeriodForecast};
use crate::forecast::{Model, TotalForecast};
use crate::judge::books::Fitted;
use crate::judge::pulse::Pulse;

/// The window that speeds are judged over: short enough to see a runaway within the hour, long enough for single calls.
const WINDOW: SignedDuration = SignedDuration::from_mins(40);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// How many days the learned baselines look back.
const DAYS: i64 = 7;
/// Steps by which the window is moved over the two hours before.
const BEFORE: [i64; 9] = [40, 50, 60, 70, 80, 90, 100, 110, 120];
/// Below so many hours of past, no pace but an even one is to be expected.
const LEAST_HISTORY: f64 = 48.0;

/// Chances over a whole period below this share of a threshold cannot reach it sooner.
const LEAST_CHANCE: f64 = 0.5;

/// The pulse and the fitted past of an owner or a pool.
#[derive(Clone, Debug)]
pub(super) struct Outlook {
    pub pulse: Pulse,
    pub fitted: Arc<Fitted>,
}

impl Outlook {
    /// How the present speed compares with the past.
    pub(super) fn pace(&self, has_budget: bool) -> Pace {
        let at = self.pulse.end().saturating_sub(WINDOW).unwrap_or(self.pulse.end());
        let before = |ago: &i64| self.pulse.speed(WINDOW, SignedDuration::from_mins(*ago));
        Pace {
            speed: self.speed(),
            lasting: self.pulse.speed(HOUR * 3, SignedDuration::ZERO),
            before: BEFORE.iter().map(before).fold(0.0, f64::max),
            same_hour: self.fitted.highest_at_this_hour(at, DAYS),
            highest: self.fitted.highest(at, DAYS),
            mean: self.fitted.mean().unwrap_or(0.0),
            history_hours: self.model().history_hours(),
            has_budget,
        }
    }

    /// How long the rest of a budget lasts; `None` where no dollar tells how fast it is used.
    pub(super) fn burning(&self, standing: &BudgetStanding) -> Option<Burning> {
        let Rest { dollars, per_dollar } = rest_of(standing).filter(|_| self.pulse.end() > standing.span.start)?;
        Some(Burning {
            budget: standing.id.clone(),
            unit: standing.amount.unit,
            speed: self.speed() * per_dollar,
            usual: self.fitted.mean().map(|usual| usual * per_dollar),
            rest: dollars * per_dollar,
            hours_left: standing.span.end.duration_since(self.pulse.end()).as_secs_f64() / 3600.0,
        })
    }

    /// How likely a budget is gone; `None` where no dollar tells how fast it is used, and before there is any past.
    pub(super) fn chances(&self, standing: &BudgetStanding, thresholds: &ForecastThresholds) -> Option<Chances> {
        let Rest { dollars: rest, per_dollar } = rest_of(standing).filter(|_| self.is_fitted())?;
        let total = self.rest_of_period(standing.span);
        let from = self.pulse.end().max(standing.span.start);
        let within = |hours: f64| {
            let until = self.pulse.end().saturating_add(SignedDuration::from_secs_f64(hours * 3600.0));
            let until = until.unwrap_or(Timestamp::MAX).min(standing.span.end);
            chance(&self.model().total_between(from, until), rest)
        };
        let in_period = chance(&total, rest);
        // What is unlikely over the whole period is not looked at by the day.
        let is_open = in_period >= LEAST_CHANCE * thresholds.orange.min(thresholds.red);
        let within = |hours| if is_open { within(hours) } else { in_period };
        Some(Chances {
            budget: standing.id.clone(),
            in_period,
            soon: within(thresholds.orange_within_hours),
            very_soon: within(thresholds.red_within_hours),
            expected_end: standing.used + total.mean * per_dollar / standing.amount.to_f64().max(f64::MIN_POSITIVE),
        })
    }

    /// The share of a period's use that is to be expected by now; `None` while the past is too short to tell.
    pub(super) fn expected_share(&self, span: TimeSpan) -> Option<f64> {
        let is_known = self.model().history_hours() >= LEAST_HISTORY;
        is_known.then(|| self.model().expected_share(span, self.pulse.end()))
    }

    /// What the period will come to.
    pub(super) fn period(&self, standing: &BudgetStanding) -> Option<PeriodForecast> {
        let is_money = standing.amount.unit == Unit::Usd;
        let Rest { dollars: rest, .. } = rest_of(standing).filter(|_| is_money && self.is_fitted())?;
        let spent = standing.spent.likely.to_f64();
        let total = self.rest_of_period(standing.span);
        let gone = self.model().exhaustion_from(self.pulse.end(), rest, standing.span.end);
        let plus = |(low, high): (f64, f64)| (spent + low, spent + high);
        Some(PeriodForecast {
            budget: Some(standing.id.clone()),
            span: standing.span,
            total: spent + total.mean,
            interval80: plus(total.interval80()),
            interval95: plus(total.interval95()),
            overrun: Some(chance(&total, rest)),
            gone: gone.map(|gone| GoneWhen { early: gone.early, median: gone.median, late: gone.late }),
            history_hours: self.model().history_hours(),
        })
    }

    /// What is to come of a span; `None` while the past is too short to tell.
    pub(super) fn rest_until(&self, span: TimeSpan) -> Option<TotalForecast> {
        (self.model().history_hours() >= LEAST_HISTORY).then(|| self.rest_of_period(span))
    }

    /// What a span without a budget will come to, when this much was spent of it.
    pub(super) fn unbudgeted(&self, span: TimeSpan, spent: f64) -> Option<PeriodForecast> {
        if !self.is_fitted() {
            return None;
        }
        let total = self.rest_of_period(span);
        let plus = |(low, high): (f64, f64)| (spent + low, spent + high);
        Some(PeriodForecast {
            budget: None,
            span,
            total: spent + total.mean,
            interval80: plus(total.interval80()),
            interval95: plus(total.interval95()),
            overrun: None,
            gone: None,
            history_hours: self.model().history_hours(),
        })
    }

    /// The speed against what was to be expected.
    pub(super) fn burn(&self) -> Burn {
        let against = |hours: i32| {
            let past_hour = |ago: i32| self.pulse.end().saturating_sub(HOUR * ago).unwrap_or(Timestamp::MIN);
            let expected: f64 = (1..=hours).map(|ago| self.model().expected(past_hour(ago)).mean).sum();
            let mean = expected / f64::from(hours);
            let is_known = self.is_fitted() && mean > 0.0;
            is_known.then(|| self.pulse.speed(HOUR * hours, SignedDuration::ZERO) / mean)
        };
        Burn { hour: against(1), six_hours: against(6) }
    }

    /// The band that the steps of a sparkline that starts at `start` were expected in.
    pub(super) fn band(&self, start: Timestamp, step: SignedDuration, steps: usize) -> Option<ExpectedBand> {
        if self.model().history_hours() < LEAST_HISTORY {
            return None;
        }
        let share = step.as_secs_f64() / 3600.0;
        let mut band = ExpectedBand { mean: Vec::new(), low: Vec::new(), high: Vec::new() };
        let mut at = start;
        for _ in 0..steps {
            let hour = self.model().expected(at);
            band.mean.push(hour.mean * share);
            band.low.push(hour.lo80 * share);
            band.high.push(hour.hi80 * share);
            at = at.saturating_add(step).unwrap_or(Timestamp::MAX);
        }
        Some(band)
    }

    /// Dollars an hour over the window.
    pub(super) fn speed(&self) -> f64 {
        self.pulse.speed(WINDOW, SignedDuration::ZERO)
    }

    fn model(&self) -> &Model {
        &self.fitted.model
    }

    fn is_fitted(&self) -> bool {
        self.model().history_hours() > 0.0
    }

    fn rest_of_period(&self, span: TimeSpan) -> TotalForecast {
        self.model().total_between(self.pulse.end().max(span.start), span.end)
    }
}

/// How likely the rest of a budget is not enough for a total.
fn chance(total: &TotalForecast, rest: f64) -> f64 {
    match rest > 0.0 {
        true if total.mean > 0.0 => total.probability_above(rest),
        true => 0.0,
        false => 1.0,
    }
}

/// What is left of a budget.
struct Rest {
    /// In dollars.
    dollars: f64,
    /// How many of its unit a dollar is.
    per_dollar: f64,
}

/// What is left of a budget; of one that is not of money, in dollars at what its unit has cost in the period so far.
fn rest_of(standing: &BudgetStanding) -> Option<Rest> {
    let spent = standing.spent.likely.to_f64();
    let left = standing.amount.to_f64() - spent;
    let cost = standing.cost.to_f64();
    let per_dollar = match standing.amount.unit {
        Unit::Usd => 1.0,
        Unit::Count(_) if spent > 0.0 && cost > 0.0 => spent / cost,
        Unit::Count(_) => return None,
    };
    Some(Rest { dollars: left / per_dollar, per_dollar })
}
