//! What it costs to do nothing until a time.
//!
//! The present speed goes on; how far such a guess was off in the past gives the interval: for each day before, what the
//! same hours came to against the hour before them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::domain::view::Waiting;

/// The hour of the morning that one sleeps until.
const MORNING: i8 = 8;
/// Days that are needed for an interval.
const FEWEST: usize = 5;

/// The next 08:00 of a zone.
#[must_use]
pub fn next_morning(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let today = now.to_zoned_datetime(zone.clone()).date();
    let morning_of = |day: Date| day.at(MORNING, 0, 0, 0).to_zoned_datetime(zone.clone()).map(|at| at.timestamp());
    let mornings = [today, today.saturating_add(1.day())].into_iter().filter_map(|day| morning_of(day).ok());
    let next = mornings.into_iter().find(|morning| *morning > now);
    next.unwrap_or_else(|| now.saturating_add(SignedDuration::from_hours(8)).unwrap_or(now))
}

/// What it costs until `until` at this speed. `past` has, for each day before, the dollars of the hour before now's time
/// of day and the dollars of the hours up to `until`'s.
#[must_use]
pub fn waiting(now: Timestamp, until: Timestamp, usd_per_hour: f64, past: &[(f64, f64)]) -> Waiting {
    let hours = until.duration_since(now).as_secs_f64() / 3600.0;
    let straight = usd_per_hour * hours;
    let mut ratios: Vec<f64> =
        past.iter().filter(|(hour, _)| *hour > 0.0).map(|(hour, after)| after / (hour * hours.max(1.0))).collect();
    ratios.sort_by(f64::total_cmp);
    if ratios.len() < FEWEST {
        return Waiting { until, usd: straight, low: None, high: None };
    }
    Waiting {
        until,
        usd: straight * quantile(&ratios, 0.5),
        low: Some(straight * quantile(&ratios, 0.1)),
        high: Some(straight * quantile(&ratios, 0.9)),
    }
}

/// The quantile of sorted values, linear between them.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few values")]
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[rstest]
    #[case::in_the_night("2026-11-24T03:00:00Z", "UTC", "2026-11-24T08:00:00Z")]
    #[case::in_the_evening("2026-11-24T22:00:00Z", "UTC", "2026-11-25T08:00:00Z")]
    #[case::at_eight("2026-11-24T08:00:00Z", "UTC", "2026-11-25T08:00:00Z")]
    #[case::elsewhere("2026-11-24T03:00:00Z", "Asia/Tokyo", "2026-11-24T23:00:00Z")]
    fn one_sleeps_until_the_next_morning(#[case] now: &str, #[case] zone: &str, #[case] expected: &str) {
        let zone = TimeZone::get(zone).expect("a zone");
        assert_eq!(next_morning(at(now), &zone), at(expected));
    }

    #[test]
    fn nights_that_were_half_as_dear_as_their_evening_halve_the_guess() {
        let past: Vec<(f64, f64)> = (1..=9).map(|day| (10.0, 10.0 * 10.0 * f64::from(day) / 10.0)).collect();
        let cost = waiting(at("2026-11-24T22:00:00Z"), at("2026-11-25T08:00:00Z"), 40.0, &past);
        assert!((cost.usd - 200.0).abs() < 1e-9, "{cost:?}");
        assert!(
            (cost.low.expect("low") - 72.0).abs() < 1e-9 && (cost.high.expect("high") - 328.0).abs() < 1e-9,
            "{cost:?}"
        );
    }

    #[test]
    fn with_few_days_there_is_no_interval() {
        let cost = waiting(at("2026-11-24T22:00:00Z"), at("2026-11-25T08:00:00Z"), 40.0, &[(1.0, 1.0)]);
        assert_eq!((cost.usd, cost.low), (400.0, None));
    }
}
