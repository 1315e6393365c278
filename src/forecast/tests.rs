//! The rules of the forecast, whatever its constants.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::domain::time::TimeSpan;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a test writes valid times")
}

/// Monday.
fn monday() -> Timestamp {
    at("2026-11-02T00:00:00Z")
}

fn fitted(values: Vec<f64>) -> Model {
    Model::fit(&HourlySeries::new(monday(), values), &Prior::shipped())
}

fn daily(days: usize) -> Vec<f64> {
    (0..days * 24).map(|hour| if (8..20).contains(&(hour % 24)) { 10.0 } else { 2.0 }).collect()
}

fn is_ordered(total: &TotalForecast) -> bool {
    let ((lo80, hi80), (lo95, hi95)) = (total.interval80(), total.interval95());
    lo95 <= lo80 && lo80 <= hi80 && hi80 <= hi95 && lo95 >= 0.0 && hi95.is_finite() && total.mean.is_finite()
}

#[test]
fn a_steady_use_goes_on() {
    let model = fitted(vec![4.0; 240]);
    let total = model.total(48.0);
    assert!((total.mean - 192.0).abs() < 4.0, "{total:?}");
    assert!((model.expected(model.origin()).mean - 4.0).abs() < 0.01);
    assert!(total.probability_above(100.0) > 0.75 && total.probability_above(400.0) < 0.1, "{total:?}");
}

#[test]
fn the_hour_of_the_day_is_learned_and_shrunk() {
    let model = fitted(daily(10));
    let day = model.expected(monday() + SignedDuration::from_hours(240 + 12)).mean;
    let night = model.expected(monday() + SignedDuration::from_hours(240 + 3)).mean;
    assert!(day > 7.0 && night < 4.0 && day < 10.5 && night > 2.0, "{day} {night}");
    let period = TimeSpan::new(monday(), monday() + SignedDuration::from_hours(240));
    let at_eight = model.expected_share(period, monday() + SignedDuration::from_hours(8));
    assert!(at_eight < 8.0 / 240.0, "nights use less than their share: {at_eight}");
}

#[test]
fn the_day_of_the_week_counts_the_more_the_more_weeks_there_are() {
    let weeks = |count: usize| (0..count * 168).map(|hour| if hour / 24 % 7 < 5 { 10.0 } else { 1.0 }).collect();
    let weekend = |count: usize| {
        let series = HourlySeries::new(monday(), weeks(count));
        let profile = WeekProfile::of(&series, &Prior::shipped().shrinkage);
        profile.at(monday() + SignedDuration::from_hours(6 * 24))
            / profile.at(monday() + SignedDuration::from_hours(24))
    };
    assert!(weekend(0) > 0.99 && weekend(1) > 0.35, "one week could be chance: {}", weekend(1));
    assert!(weekend(6) < 0.25 && weekend(6) > 0.1, "{}", weekend(6));
}

#[rstest]
#[case::nothing(vec![])]
#[case::one(vec![3.0])]
#[case::zeros(vec![0.0; 100])]
#[case::gaps(vec![f64::NAN; 100])]
#[case::huge(vec![f64::MAX; 400])]
#[case::negative(vec![-5.0; 50])]
#[case::infinite(vec![f64::INFINITY; 50])]
fn any_series_gives_a_finite_ordered_forecast(#[case] values: Vec<f64>) {
    let model = fitted(values);
    for hours in [0.0, 0.5, 1.0, 24.0, 700.0] {
        let total = model.total(hours);
        assert!(is_ordered(&total), "{hours}: {total:?}");
    }
    assert!(model.expected(model.origin()).hi99.is_finite());
}

#[test]
fn a_gap_is_not_a_zero() {
    let mut holed = daily(10);
    for value in &mut holed[200..210] {
        *value = f64::NAN;
    }
    let (holed, whole) = (fitted(holed).total(24.0).mean, fitted(daily(10)).total(24.0).mean);
    assert!((holed / whole - 1.0).abs() < 0.05, "{holed} {whole}");
}

#[test]
fn what_remains_is_gone_in_time() {
    let model = fitted(vec![4.0; 240]);
    let until = model.origin() + SignedDuration::from_hours(200);
    let gone = model.exhaustion(100.0, until).expect("400 are expected");
    let median = gone.median.expect("rather than not").duration_since(model.origin()).as_hours();
    assert!((20..32).contains(&median), "{median}");
    assert!(gone.early <= gone.median.expect("there") && gone.late.is_none_or(|late| late >= gone.early));
    assert_eq!(model.exhaustion(1e6, until), None);
    assert_eq!(model.exhaustion(0.0, until).map(|gone| gone.early), Some(model.origin()));
}

#[test]
fn what_remains_is_not_gone_before_now() {
    let model = fitted(vec![4.0; 240]);
    let (now, until) =
        (model.origin() + SignedDuration::from_mins(45), model.origin() + SignedDuration::from_hours(200));
    let hours = |rest: f64| {
        let gone = model.exhaustion_from(now, rest, until).expect("800 are expected");
        assert!(gone.early >= now, "{gone:?}");
        gone.median.expect("rather than not").duration_since(now).as_secs_f64() / 3600.0
    };
    assert!((0.0..0.5).contains(&hours(0.5)), "{}", hours(0.5));
    assert!((20.0..32.0).contains(&hours(100.0)), "{}", hours(100.0));
    assert!(hours(-1.0).abs() < 1e-9, "what is gone is gone now");
}

#[test]
fn a_price_of_the_future_counts_from_its_day() {
    let model = fitted(vec![4.0; 240]);
    let cut = model.origin() + SignedDuration::from_hours(24);
    let dearer = model.clone().with_factors(vec![Factor { from: cut, factor: 3.0 }]);
    let (whole, first_day) = (model.total(48.0).mean, model.total(24.0).mean);
    assert!((dearer.total(48.0).mean - (3.0 * whole - 2.0 * first_day)).abs() < 1e-6);
}

proptest! {
    #[test]
    fn intervals_are_ordered_and_scale_with_the_unit(
        values in prop::collection::vec(prop_oneof![Just(0.0), 0.0..100.0, Just(f64::NAN)], 0..200),
        hours in 0.0..400.0_f64,
    ) {
        let plain = fitted(values.clone()).total(hours);
        let cents = fitted(values.iter().map(|value| value * 128.0).collect()).total(hours);
        prop_assert!(is_ordered(&plain));
        let close = |a: f64, b: f64| (a * 128.0 - b).abs() <= 1e-6 * b.abs().max(1.0);
        prop_assert!(close(plain.mean, cents.mean), "{} {}", plain.mean, cents.mean);
        prop_assert!(close(plain.interval95().1, cents.interval95().1));
    }

    #[test]
    fn probabilities_fall_with_the_amount(values in prop::collection::vec(0.0..100.0_f64, 1..100)) {
        let total = fitted(values).total(24.0);
        let mut last = 1.0;
        for step in 0..200 {
            let p = total.probability_above(f64::from(step) * 50.0);
            prop_assert!((0.0..=1.0).contains(&p) && p <= last, "{p} {last}");
            last = p;
        }
        for p in [0.05, 0.3, 0.5, 0.77, 0.95] {
            prop_assert!(total.probability_above(total.quantile(p)) <= 1.0 - p + 1e-9);
        }
    }
}
