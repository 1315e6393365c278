//! Whether the data can be trusted: an axis of its own, apart from any level.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::ids::ScopeName;
use crate::domain::time::Step;

/// The state of a scope's data, by the age of its watermark and by what the last poll said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Fresh.
    #[default]
    Ok,
    /// The last poll failed, but the data is still fresh.
    Error,
    /// Older than usual; still judged.
    Late,
    /// Too old to judge: levels freeze and are shown as blind.
    Stale,
    /// Nothing for an hour, or never.
    NoData,
}

impl Health {
    /// The name in tables and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Late => "late",
            Self::Stale => "stale",
            Self::NoData => "no-data",
        }
    }

    /// Whether levels can be judged on this data.
    #[must_use]
    pub fn is_blind(self) -> bool {
        matches!(self, Self::Stale | Self::NoData)
    }
}

/// Why polling a scope fails, in words a person can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// One word for a column: `throttled`, `expired`, `denied`, `timeout`, ...
    pub kind: String,
    /// What was tried and what went wrong.
    pub message: String,
    /// What to do next, an exact command where there is one.
    pub remedy: String,
    /// When this fault was first seen in a row.
    pub since: Timestamp,
}

/// What talking to a source took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Requests that were sent, every try counted.
    pub calls: u64,
    /// Tries beyond the first of an operation.
    pub retries: u64,
    /// Bytes of the answers.
    pub bytes: u64,
    /// Metrics requested with GetMetricData, each billed.
    pub metrics: u64,
    /// Requests of ListMetrics, billed beyond a million a month.
    pub listings: u64,
}

impl Traffic {
    /// Adds what else it took.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.retries += other.retries;
        self.bytes += other.bytes;
        self.metrics += other.metrics;
        self.listings += other.listings;
    }
}

/// What the collector of a scope is doing, as of a poll.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Collecting {
    /// Profiles that were in use lately.
    pub active: usize,
    /// How much of the past that is wanted has been fetched, in percent; `None` once it is all there.
    pub backfill_percent: Option<u8>,
    /// Hourly sums of the past are still missing: what is judged before they have come is judged on a part.
    pub is_filling: bool,
    /// All usage from this instant on has been asked for; `None` where that is not kept account of.
    pub history_from: Option<Timestamp>,
    /// All usage from this instant on has been asked for in steps.
    pub points_from: Option<Timestamp>,
    /// All usage from this instant on has been asked for in five minutes or finer.
    pub five_minutes_from: Option<Timestamp>,
    /// Input rows that were refused as malformed so far (replay), 0 elsewhere.
    pub rows_refused: u64,
    /// What is not right although data comes, one line each.
    pub notices: Vec<String>,
}

/// What one poll of a scope came to. Stored with the points it brought, in one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollRecord {
    /// Which scope.
    pub scope: ScopeName,
    /// When the poll ended.
    pub at: Timestamp,
    /// All points before this instant have been asked for; `None` if the poll failed.
    pub watermark: Option<Timestamp>,
    /// Why it failed, if it did.
    pub fault: Option<Fault>,
    /// How long until the next poll, in seconds.
    pub interval_seconds: u32,
    /// What it took.
    pub traffic: Traffic,
    /// What the collector is doing.
    pub collecting: Collecting,
}

impl PollRecord {
    /// A poll that found nothing amiss and took nothing.
    #[must_use]
    pub fn new(scope: ScopeName, at: Timestamp, watermark: Option<Timestamp>) -> Self {
        Self {
            scope,
            at,
            watermark,
            fault: None,
            interval_seconds: 60,
            traffic: Traffic::default(),
            collecting: Collecting::default(),
        }
    }
}

/// What is known of a scope at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeStatus {
    /// Which scope.
    pub scope: ScopeName,
    /// When it was last polled.
    pub last_poll: Option<Timestamp>,
    /// Up to where the data goes: the watermark of the last successful poll.
    pub watermark: Option<Timestamp>,
    /// The fault of the last poll, if it failed.
    pub fault: Option<Fault>,
    /// How long between polls, in seconds.
    pub interval_seconds: u32,
    /// What polling took since the start of the current UTC month.
    #[serde(default)]
    pub traffic_month: Traffic,
    /// Points of which a later poll brought another value, since the start of the current UTC month.
    #[serde(default)]
    pub revised_month: u64,
    /// How long after their end 95 % of the newest points were there, in seconds; `None` before there were any.
    #[serde(default)]
    pub lag_seconds: Option<u32>,
    /// What the collector is doing.
    #[serde(default)]
    pub collecting: Collecting,
}

impl ScopeStatus {
    /// A scope of which nothing is known but its name.
    #[must_use]
    pub fn new(scope: ScopeName) -> Self {
        Self {
            scope,
            last_poll: None,
            watermark: None,
            fault: None,
            interval_seconds: 60,
            traffic_month: Traffic::default(),
            revised_month: 0,
            lag_seconds: None,
            collecting: Collecting::default(),
        }
    }

    /// `now` - watermark: idle is not stale, so the newest point's age never counts.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.watermark.map(|watermark| now.duration_since(watermark).max(SignedDuration::ZERO))
    }

    /// The health at `now` for data of this step. Late after 10 minutes, stale after 20, no data after 60,
    /// each plus one bin; a poll interval above a minute is allowed for, as the user chose it.
    #[must_use]
    pub fn health(&self, now: Timestamp, step: Step) -> Health {
        let Some(age) = self.age(now) else { return Health::NoData };
        let slack = step.duration() + SignedDuration::from_secs((i64::from(self.interval_seconds) - 60).max(0));
        let minutes = |count: i64| SignedDuration::from_mins(count) + slack;
        match age {
            age if age > minutes(60) => Health::NoData,
            age if age > minutes(20) => Health::Stale,
            age if age > minutes(10) => Health::Late,
            _ if self.fault.is_some() => Health::Error,
            _ => Health::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::fresh(60, false, Health::Ok)]
    #[case::fresh_but_failing(60, true, Health::Error)]
    #[case::at_the_edge_of_late(660, false, Health::Ok)]
    #[case::late(661, false, Health::Late)]
    #[case::late_and_failing(661, true, Health::Late)]
    #[case::stale(1261, false, Health::Stale)]
    #[case::no_data(3661, true, Health::NoData)]
    fn health_by_age(#[case] age_seconds: i64, #[case] failing: bool, #[case] expected: Health) {
        let watermark = Timestamp::UNIX_EPOCH;
        let now = watermark + SignedDuration::from_secs(age_seconds);
        let fault = Fault { kind: "throttled".into(), message: String::new(), remedy: String::new(), since: now };
        let status = ScopeStatus {
            last_poll: Some(now),
            watermark: Some(watermark),
            fault: failing.then_some(fault),
            ..ScopeStatus::new("main".into())
        };
        assert_eq!(status.health(now, Step::MINUTE), expected);
    }
}
