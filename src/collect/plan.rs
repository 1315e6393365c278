//! What polling costs, and how it stays below the user's ceiling.

use jiff::SignedDuration;
use rust_decimal::prelude::ToPrimitive;

use crate::domain::money::Money;

/// Metrics that one US dollar buys of GetMetricData: 0.01 USD for 1,000. Source: CloudWatch pricing.
const METRICS_A_DOLLAR: f64 = 100_000.0;
/// Seconds of a month of 30 days, as ceilings are counted.
const MONTH_SECONDS: f64 = 30.0 * 86_400.0;
/// How often idle profiles are asked where the ceiling allows, and at the longest: below the 6 hours that points
/// are asked for, so that nothing is missed.
const IDLE_EVERY: SignedDuration = SignedDuration::from_mins(30);
const IDLE_LONGEST: i32 = 10;
/// The longest interval that a ceiling stretches to, in minutes.
const LONGEST: i64 = 60;
/// Metrics of a profile before the first answer has told.
pub(super) const METRICS_AT_FIRST: f64 = 11.0;

/// How many metrics a round asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// Profiles in use.
    pub active: usize,
    /// Profiles that are not.
    pub idle: usize,
    /// Metrics of each.
    pub metrics: f64,
}

/// How often profiles are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Those in use.
    pub interval: SignedDuration,
    /// The others.
    pub idle_every: SignedDuration,
}

/// The most frequent plan, not above the interval wanted, whose month costs no more than the ceiling. Idle
/// profiles get half of it at most; what no stretching makes affordable is asked at the longest intervals.
pub(super) fn plan(load: Load, wanted: SignedDuration, ceiling: Option<Money>) -> Plan {
    let Some(ceiling) = ceiling.and_then(|ceiling| ceiling.amount().to_f64()) else {
        return Plan { interval: wanted, idle_every: SignedDuration::ZERO };
    };
    let idle_steps = (1..=IDLE_LONGEST).map(|count| IDLE_EVERY * count);
    let idle_every = first_below(ceiling / 2.0, idle_steps, |every| month_cost(load.idle, load.metrics, every));
    let rest = ceiling - month_cost(load.idle, load.metrics, idle_every);
    let longer = (1..=LONGEST).map(SignedDuration::from_mins).filter(|interval| *interval > wanted);
    let steps = std::iter::once(wanted).chain(longer);
    let interval = first_below(rest, steps, |every| month_cost(load.active, load.metrics, every));
    Plan { interval, idle_every: idle_every.max(interval) }
}

/// The first of the steps whose cost is not above the limit, else the last one.
fn first_below(
    limit: f64,
    steps: impl Iterator<Item = SignedDuration> + Clone,
    cost: impl Fn(SignedDuration) -> f64,
) -> SignedDuration {
    let affordable = steps.clone().find(|step| cost(*step) <= limit);
    affordable.or_else(|| steps.last()).unwrap_or(IDLE_EVERY)
}

/// Dollars a month.
#[expect(clippy::cast_precision_loss, reason = "numbers of profiles")]
fn month_cost(profiles: usize, metrics: f64, every: SignedDuration) -> f64 {
    profiles as f64 * metrics * MONTH_SECONDS / every.as_secs_f64().max(1.0) / METRICS_A_DOLLAR
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use rust_decimal::Decimal;

    use super::*;

    /// One series every 60 s is 0.432 USD in 30 days; 20 profiles of 7 series are 60 USD.
    #[rstest]
    #[case::affordable(3, 0, 10, 1, 30)]
    #[case::stretched(20, 0, 10, 7, 30)]
    #[case::many_idle(20, 180, 10, 12, 120)]
    #[case::too_many(2000, 9000, 10, 60, 300)]
    fn the_interval_is_stretched_to_the_ceiling(
        #[case] active: usize,
        #[case] idle: usize,
        #[case] ceiling: i64,
        #[case] minutes: i64,
        #[case] idle_minutes: i64,
    ) {
        let load = Load { active, idle, metrics: 7.0 };
        let chosen = plan(load, SignedDuration::from_mins(1), Some(Money::usd(Decimal::from(ceiling))));
        assert_eq!((chosen.interval.as_mins(), chosen.idle_every.as_mins()), (minutes, idle_minutes));
    }

    #[test]
    fn without_a_ceiling_all_are_asked_as_often_as_wanted() {
        let load = Load { active: 100_000, idle: 5, metrics: 7.0 };
        let minute = SignedDuration::from_mins(1);
        assert_eq!(plan(load, minute, None), Plan { interval: minute, idle_every: SignedDuration::ZERO });
    }

    #[test]
    fn the_cost_of_a_series_is_as_aws_states_it() {
        assert!((month_cost(1, 1.0, SignedDuration::from_mins(1)) - 0.432).abs() < 1e-9);
    }
}
