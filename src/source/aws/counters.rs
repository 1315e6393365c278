//! Counts what talking to AWS takes, and compares its clock with ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_sdk_cloudwatch::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_cloudwatch::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_cloudwatch::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudwatch::error::BoxError;
use jiff::Timestamp;

use crate::domain::health::Traffic;

/// From this difference on the clock is told to be wrong: AWS refuses signatures from 5 minutes on.
const SKEW_SECONDS: i64 = 60;
/// Too many requests.
const TOO_MANY: u16 = 429;

/// The counters of a scope; clones count together.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    operations: AtomicU64,
    calls: AtomicU64,
    bytes: AtomicU64,
    metrics: AtomicU64,
    listings: AtomicU64,
    /// How much our clock is ahead, in seconds.
    skew: AtomicI64,
}

impl Counters {
    /// Counts metrics that are requested.
    pub(super) fn add_metrics(&self, metrics: usize) {
        self.0.metrics.fetch_add(metrics as u64, Ordering::Relaxed);
    }

    /// Counts a request of ListMetrics.
    pub(super) fn add_listing(&self) {
        self.0.listings.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted since the last time.
    pub(super) fn take(&self) -> Traffic {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        let (calls, operations) = (take(&self.0.calls), take(&self.0.operations));
        Traffic {
            calls,
            retries: calls.saturating_sub(operations),
            bytes: take(&self.0.bytes),
            metrics: take(&self.0.metrics),
            listings: take(&self.0.listings),
        }
    }

    /// What to say of the clock, if it is wrong.
    pub(super) fn skew_notice(&self) -> Option<String> {
        let skew = self.0.skew.load(Ordering::Relaxed);
        let direction = if skew > 0 { "ahead of" } else { "behind" };
        (skew.abs() >= SKEW_SECONDS).then(|| {
            format!(
                "the clock of this machine is {} s {direction} that of AWS: set it, for example with `timedatectl set-ntp true`",
                skew.abs()
            )
        })
    }

    fn compare_clocks(&self, date: &str, now: Timestamp) {
        if let Ok(theirs) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date) {
            self.0.skew.store(now.as_second() - theirs.as_second(), Ordering::Relaxed);
        }
    }
}

impl Intercept for Counters {
    fn name(&self) -> &'static str {
        "Counters"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.operations.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let length = response.body().bytes().map_or(0, <[u8]>::len);
        self.0.bytes.fetch_add(length as u64, Ordering::Relaxed);
        if let Some(date) = response.headers().get("date") {
            self.compare_clocks(date, Timestamp::now());
        }
        Ok(())
    }
}

/// Tries again what was refused as too much, also where the answer has no body: the SDK itself would not.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryTooMany;

impl ClassifyRetry for RetryTooMany {
    fn classify_retry(&self, context: &aws_sdk_cloudwatch::config::interceptors::InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(TOO_MANY) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "RetryTooMany"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_is_told() {
        let counters = Counters::default();
        let now: Timestamp = "2026-11-24T12:02:00Z".parse().expect("a valid time");
        counters.compare_clocks("Tue, 24 Nov 2026 12:01:30 GMT", now);
        assert_eq!(counters.skew_notice(), None);
        counters.compare_clocks("Tue, 24 Nov 2026 12:00:00 GMT", now);
        assert!(counters.skew_notice().expect("told").contains("120 s ahead of"));
        counters.compare_clocks("Tue, 24 Nov 2026 12:10:00 GMT", now);
        assert!(counters.skew_notice().expect("told").contains("480 s behind"));
        counters.compare_clocks("no date", now);
        assert!(counters.skew_notice().is_some(), "what cannot be read tells nothing new");
    }

    #[test]
    fn what_was_counted_is_taken_once() {
        let counters = Counters::default();
        counters.add_metrics(500);
        counters.add_listing();
        assert_eq!(counters.take(), Traffic { metrics: 500, listings: 1, ..Traffic::default() });
        assert_eq!(counters.take(), Traffic::default());
    }
}
