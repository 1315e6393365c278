//! How spending adds up over a budget's period: what was spent, what was to be expected, what is to come.

use jiff::{SignedDuration, Timestamp};

use crate::domain::calendar::Calendar;
use crate::domain::history::History;
use crate::domain::ids::ProfileRef;
use crate::domain::profile::Profile;
use crate::domain::time::{HOUR_SECONDS, TimeSpan, floor_hour};
use crate::domain::view::{BudgetRow, SpendCurve};
use crate::forecast::{HourlySeries, Model, Prior, TotalForecast};
use crate::judge::policy::Policy;
use crate::judge::rating::Rates;

/// How many instants a curve has.
const INSTANTS: i32 = 90;
/// How many of them are forecast.
const FAN: i32 = 12;
/// How far back the forecast looks.
const LEARNS_FROM: SignedDuration = SignedDuration::from_hours(35 * 24);

/// The curve of these profiles over the budget's period, or over the fleet's month; `None` where nothing is known.
pub(super) fn curve(
    history: &dyn History,
    policy: &Policy,
    owned: &[(ProfileRef, &[Profile])],
    budget: Option<&BudgetRow>,
    now: Timestamp,
) -> Option<SpendCurve> {
    let budget = budget.filter(|budget| budget.amount.money().is_some());
    let month = || Calendar::months(policy.zone.clone()).span_at(now);
    let span = budget.map_or_else(month, |budget| budget.span);
    let hours = hours(history, policy, owned, span, now)?;
    let (closed, open) = split(&hours, now);
    let model = Model::fit(&closed, &Prior::shipped());
    let spent = |until: Timestamp| hours.sum_between(span.start, until);
    let amount = budget.map(|budget| budget.amount.to_f64());
    let shares = expected_shares(&model, span);
    let instants: Vec<Timestamp> = (0..INSTANTS).map(|number| instant(span, number)).collect();
    let present = budget.map_or_else(|| spent(now), |budget| budget.spent.likely.to_f64());
    let fan = Fan::new(&model, now, span.end, present.max(open));
    let each = |value: &dyn Fn(Timestamp) -> Option<f64>| instants.iter().map(|&at| value(at)).collect::<Vec<_>>();
    Some(SpendCurve {
        budget: budget.map(|budget| budget.id.clone()),
        amount,
        span,
        actual: each(&|at| (at <= now).then(|| spent(at))),
        expected: amount
            .map_or_else(Vec::new, |amount| each(&|at| Some(amount * at_share(&shares, span.elapsed_share(at))))),
        forecast: each(&|at| fan.at(at, |total| total.mean)),
        low: each(&|at| fan.at(at, |total| total.interval80().0)),
        high: each(&|at| fan.at(at, |total| total.interval80().1)),
    })
}

/// How much of a period's spending is expected by the end of each of its hours, from 0 to 1.
fn expected_shares(model: &Model, span: TimeSpan) -> Vec<f64> {
    let hours = std::iter::successors(Some(floor_hour(span.start)), |hour| {
        hour.checked_add(SignedDuration::from_hours(1)).ok().filter(|hour| *hour < span.end)
    });
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    for hour in hours {
        sum += model.expected(hour).mean.max(0.0);
        sums.push(sum);
    }
    if sum > 0.0 { sums.iter().map(|part| part / sum).collect() } else { vec![0.0, 1.0] }
}

/// A value between those of a line that is evenly spaced from 0 to 1.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few points")]
fn at_share(line: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (line.len() - 1) as f64;
    let (before, part) = (place as usize, place.fract());
    let next = line.get(before + 1).unwrap_or(&line[before]);
    line[before] + (next - line[before]) * part
}

/// The forecast at a few instants from now to the end of the period; straight lines between them.
struct Fan {
    ahead: TimeSpan,
    totals: Vec<TotalForecast>,
}

impl Fan {
    fn new(model: &Model, now: Timestamp, end: Timestamp, spent: f64) -> Self {
        let ahead = TimeSpan::new(now, end);
        let at = |number: i32| ahead.start + ahead.length() * number / FAN;
        Self { ahead, totals: (0..=FAN).map(|number| model.total_between(now, at(number)).plus(spent)).collect() }
    }

    fn at(&self, at: Timestamp, value: impl Fn(&TotalForecast) -> f64) -> Option<f64> {
        let line: Vec<f64> = self.totals.iter().map(value).collect();
        (at >= self.ahead.start && !self.ahead.is_empty()).then(|| at_share(&line, self.ahead.elapsed_share(at)))
    }
}

fn instant(span: TimeSpan, number: i32) -> Timestamp {
    let part = span.length() * number / (INSTANTS - 1);
    span.start.saturating_add(part).unwrap_or(span.end)
}

/// Dollars an hour of all profiles, from the start of the period, or of what the forecast learns from, to now.
#[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "hours since the start")]
fn hours(
    history: &dyn History,
    policy: &Policy,
    owned: &[(ProfileRef, &[Profile])],
    span: TimeSpan,
    now: Timestamp,
) -> Option<HourlySeries> {
    let back = now.saturating_sub(LEARNS_FROM).unwrap_or(Timestamp::MIN).min(span.start);
    let start = floor_hour(back).max(floor_hour(history.extent()?.start));
    let length = (now.duration_since(start).as_secs() / HOUR_SECONDS + 1).max(1) as usize;
    let mut values = vec![0.0; length];
    for &(profile, versions) in owned {
        let rates = Rates::new(versions, policy);
        for point in history.hours(profile, TimeSpan::new(start, now)) {
            let place = point.at.duration_since(start).as_secs() / HOUR_SECONDS;
            if let Some(value) = values.get_mut(place as usize) {
                *value += rates.price(point.at, &point.counts).cost.likely.to_f64();
            }
        }
    }
    Some(HourlySeries::new(start, values))
}

/// The hours that are over, and what the one that is not has brought so far.
fn split(hours: &HourlySeries, now: Timestamp) -> (HourlySeries, f64) {
    let closed = hours.len().saturating_sub(1);
    (hours.first(closed), hours.sum_between(floor_hour(now), now).max(0.0))
}
