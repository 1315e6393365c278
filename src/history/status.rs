//! What is known of a scope after a poll: its own words, and what is measured and counted over the month.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::calendar::Calendar;
use crate::domain::health::{Collecting, Fault, PollRecord, ScopeStatus};
use crate::history::lag::Changed;
use crate::history::store::Store;

impl Store {
    /// The status that follows from a poll and from what it changed.
    pub(super) fn status_after(&mut self, poll: &PollRecord, changed: &Changed) -> ScopeStatus {
        let lag_seconds = self.lags.entry(poll.scope.clone()).or_default().after(&changed.lags);
        let known = self.statuses.get(&poll.scope);
        let month_of = |at: Timestamp| Calendar::months(TimeZone::UTC).span_at(at).start;
        let this_month = known.filter(|known| known.last_poll.map(month_of) == Some(month_of(poll.at)));
        let mut traffic_month = this_month.map(|known| known.traffic_month).unwrap_or_default();
        traffic_month.add(&poll.traffic);
        let (of_poll, before) = (&poll.collecting, known.map(|known| &known.collecting));
        let repeated = known.and_then(|known| known.fault.clone()).zip(poll.fault.clone());
        let fault = match repeated {
            Some((old, new)) if old.kind == new.kind => Some(Fault { since: old.since, ..new }),
            _ => poll.fault.clone(),
        };
        ScopeStatus {
            scope: poll.scope.clone(),
            last_poll: Some(poll.at),
            watermark: poll.watermark.max(known.and_then(|known| known.watermark)),
            fault,
            interval_seconds: poll.interval_seconds,
            traffic_month,
            revised_month: this_month.map_or(0, |known| known.revised_month) + changed.revised,
            lag_seconds: lag_seconds.or(known.and_then(|known| known.lag_seconds)),
            collecting: Collecting {
                history_from: of_poll.history_from.or(before.and_then(|before| before.history_from)),
                points_from: of_poll.points_from.or(before.and_then(|before| before.points_from)),
                five_minutes_from: of_poll.five_minutes_from.or(before.and_then(|before| before.five_minutes_from)),
                ..of_poll.clone()
            },
        }
    }
}
