//! What the history says to questions of panes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::history::History;
use crate::domain::ids::ProfileRef;
use crate::domain::meter::Counts;
use crate::domain::profile::version_at;
use crate::domain::time::{HOUR_SECONDS, Step};
use crate::domain::usage::Point;
use crate::judge::policy::Policy;
use crate::link::{Answer, Ask, Grain, SeriesQuery};

/// The most points of a series that are answered: two weeks of minutes, or more than a year of hours.
const MOST_POINTS: i64 = 25_000;
/// The most changes of level that are answered.
const MOST_CHANGES: usize = 10_000;

/// Answers a question that the history can answer.
#[must_use]
pub fn answer(history: &dyn History, policy: &Policy, now: Timestamp, ask: &Ask) -> Answer {
    match ask {
        Ask::Refresh => Answer::Done,
        Ask::Act(_) | Ask::Alerts { .. } | Ask::Copy { .. } | Ask::Letters { .. } | Ask::Line | Ask::Resend(_) => {
            Answer::Refused("this is for whoever judges: ask the owner".to_owned())
        }
        Ask::Series(query) => series(history, policy, query),
        Ask::Changes { since, most } => {
            let mut changes = history.changes(now, MOST_CHANGES.min(*most as usize));
            changes.retain(|change| change.at >= *since);
            Answer::Changes(changes)
        }
    }
}

fn series(history: &dyn History, policy: &Policy, query: &SeriesQuery) -> Answer {
    let width = match query.grain {
        Grain::Points => history.step().seconds(),
        Grain::FiveMinutes => Step::FIVE_MINUTES.seconds(),
        Grain::Hours => HOUR_SECONDS,
    };
    if query.span.length().as_secs() / width > MOST_POINTS {
        return Answer::Refused(format!("more than {MOST_POINTS} points are asked for: choose a coarser grain"));
    }
    let mut sums: BTreeMap<Timestamp, Counts> = BTreeMap::new();
    for (profile, versions) in history.profiles() {
        let is_wanted = |at| {
            query.owner.as_ref().is_none_or(|owner| {
                version_at(versions, at).is_some_and(|version| policy.tenancy.owner(version) == *owner)
            })
        };
        for point in points(history, profile, query).into_iter().filter(|point| is_wanted(point.at)) {
            sums.entry(point.at).or_default().add(&point.counts);
        }
    }
    Answer::Series(sums.into_iter().map(|(at, counts)| Point { at, counts }).collect())
}

fn points(history: &dyn History, profile: ProfileRef, query: &SeriesQuery) -> Vec<Point> {
    match query.grain {
        Grain::Points => history.points(profile, query.span),
        Grain::FiveMinutes => history.five_minutes(profile, query.span),
        Grain::Hours => history.hours(profile, query.span),
    }
}
