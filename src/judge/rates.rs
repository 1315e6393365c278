//! Speeds over the last closed steps.

use jiff::{SignedDuration, Timestamp};

use crate::domain::meter::Meter;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::view::{PricedUsage, Rates};

/// How far back a speed looks.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// The span a speed is taken over: it ends where the data goes, so that lateness does not read as idleness.
pub(super) fn window(watermark: Timestamp, step: Step) -> TimeSpan {
    let end = step.floor(watermark);
    let length = WINDOW.max(step.duration());
    TimeSpan::new(end.saturating_sub(length).unwrap_or(Timestamp::MIN), end)
}

/// The speeds of what was used over a window.
#[expect(clippy::cast_precision_loss, reason = "speeds for display")]
pub(super) fn of(usage: &PricedUsage, window: SignedDuration) -> Rates {
    let minutes = (window.as_secs_f64() / 60.0).max(f64::MIN_POSITIVE);
    let per_minute = |meter| usage.counts.sum_of(meter) as f64 / minutes;
    Rates {
        usd_per_hour: usage.cost.likely.to_f64() * 60.0 / minutes,
        tokens_per_minute: usage.counts.tokens() as f64 / minutes,
        requests_per_minute: per_minute(Meter::Invocations),
        errors_per_minute: per_minute(Meter::ClientErrors) + per_minute(Meter::ServerErrors),
        throttles_per_minute: per_minute(Meter::Throttles),
        latency_ms: usage.counts.average_latency_ms(),
    }
}
