//! The data signal: whether a scope is still being heard from. It is about the collector; the tenants of
//! the scope turn blind.

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::Signal;
use crate::domain::health::{Health, ScopeStatus};
use crate::domain::level::Level;
use crate::domain::time::Step;
use crate::domain::view::Assessment;

/// Judges the age of a scope's data.
#[must_use]
pub fn assess(status: &ScopeStatus, now: Timestamp, step: Step) -> Assessment {
    let health = status.health(now, step);
    let level = match health {
        Health::Ok | Health::Error => Level::Green,
        Health::Late => Level::Yellow,
        Health::Stale => Level::Orange,
        Health::NoData => Level::Red,
    };
    let threshold = match level {
        Level::Orange => 20.0,
        Level::Red => 60.0,
        _ => 10.0,
    } * 60.0;
    let age = status.age(now);
    let value = age.map_or(f64::INFINITY, |age| age.as_secs_f64());
    Assessment::new(Signal::Data, level, value, threshold, reason(status, health, age)).because(|| {
        let polled = status.last_poll.map(|at| format!("last polled at {at}"));
        let reached = status.watermark.map(|at| format!("its data goes up to {at}"));
        polled.into_iter().chain(reached).collect()
    })
}

fn reason(status: &ScopeStatus, health: Health, age: Option<SignedDuration>) -> String {
    let age = age.map_or("no data yet".to_owned(), |age| format!("data is {} min old", age.as_mins()));
    match &status.fault {
        Some(fault) => format!("{}: {age}; {}", health.name(), fault.message),
        None => format!("{}: {age}", health.name()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::fresh(Some(5), Level::Green)]
    #[case::late(Some(12), Level::Yellow)]
    #[case::stale(Some(22), Level::Orange)]
    #[case::gone(Some(62), Level::Red)]
    #[case::never(None, Level::Red)]
    fn levels(#[case] age_minutes: Option<i64>, #[case] level: Level) {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(5);
        let status = ScopeStatus {
            last_poll: Some(now),
            watermark: age_minutes.map(|minutes| now - SignedDuration::from_mins(minutes)),
            ..ScopeStatus::new("main".into())
        };
        assert_eq!(assess(&status, now, Step::MINUTE).level, level);
    }
}
