//! What is counted, and the counts of one profile over one span.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is counted. All meters are sums, so that they add up over time and over profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// Requests accepted.
    Invocations,
    /// Input tokens that were not served from or written to the cache.
    InputTokens,
    /// Output tokens.
    OutputTokens,
    /// Input tokens read from the prompt cache.
    CacheReadTokens,
    /// Input tokens written to the prompt cache.
    CacheWriteTokens,
    /// Images produced.
    Images,
    /// Requests refused with a 4xx.
    ClientErrors,
    /// Requests failed with a 5xx.
    ServerErrors,
    /// Requests throttled; not part of invocations or errors, and inflated by retries.
    Throttles,
    /// Milliseconds from request to last token, summed over requests; divided by
    /// [`Meter::Invocations`] it is the average latency.
    LatencyMs,
}

impl Meter {
    /// How many meters there are.
    pub const COUNT: usize = 10;

    /// Every meter, in the order of storage. New ones are added at the end.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Invocations,
        Self::InputTokens,
        Self::OutputTokens,
        Self::CacheReadTokens,
        Self::CacheWriteTokens,
        Self::Images,
        Self::ClientErrors,
        Self::ServerErrors,
        Self::Throttles,
        Self::LatencyMs,
    ];

    /// The meters that are tokens.
    pub const TOKENS: [Self; 4] =
        [Self::InputTokens, Self::OutputTokens, Self::CacheReadTokens, Self::CacheWriteTokens];

    /// The name in CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invocations => "invocations",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::CacheReadTokens => "cache_read_tokens",
            Self::CacheWriteTokens => "cache_write_tokens",
            Self::Images => "images",
            Self::ClientErrors => "client_errors",
            Self::ServerErrors => "server_errors",
            Self::Throttles => "throttles",
            Self::LatencyMs => "latency_ms",
        }
    }

    /// The place in [`Meter::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// The counts of one profile over one span. A meter that was not reported is a gap, which is not zero.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    present: u16,
    values: [u64; Meter::COUNT],
}

impl Counts {
    /// No meter reported.
    pub const EMPTY: Self = Self { present: 0, values: [0; Meter::COUNT] };

    /// The reported value, or `None` for a gap.
    #[must_use]
    pub fn get(&self, meter: Meter) -> Option<u64> {
        self.has(meter).then_some(self.values[meter.index()])
    }

    /// The value with a gap taken as zero: for sums, where the caller knows that absence means idle.
    #[must_use]
    pub fn sum_of(&self, meter: Meter) -> u64 {
        self.values[meter.index()]
    }

    /// Whether the meter was reported.
    #[must_use]
    pub fn has(&self, meter: Meter) -> bool {
        self.present & (1 << meter.index()) != 0
    }

    /// Whether no meter was reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.present == 0
    }

    /// Reports a value, replacing an earlier one.
    pub fn set(&mut self, meter: Meter, value: u64) {
        self.present |= 1 << meter.index();
        self.values[meter.index()] = value;
    }

    /// [`Counts::set`] for building a value in one expression.
    #[must_use]
    pub fn with(mut self, meter: Meter, value: u64) -> Self {
        self.set(meter, value);
        self
    }

    /// Adds another span's counts; a meter reported by either is reported by the sum.
    /// Saturates at `u64::MAX`, far above any real count.
    pub fn add(&mut self, other: &Self) {
        self.present |= other.present;
        for (mine, theirs) in self.values.iter_mut().zip(&other.values) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    /// Takes the reported meters of a revised point; those it does not report stay.
    pub fn revise(&mut self, newer: &Self) {
        for meter in Meter::ALL {
            if let Some(value) = newer.get(meter) {
                self.set(meter, value);
            }
        }
    }

    /// Tokens of all four kinds.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        Meter::TOKENS.iter().fold(0, |sum, &meter| sum.saturating_add(self.sum_of(meter)))
    }

    /// Average latency in milliseconds, where latency and requests were reported.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an average for display")]
    pub fn average_latency_ms(&self) -> Option<f64> {
        let requests = self.get(Meter::Invocations).filter(|&count| count > 0)?;
        self.get(Meter::LatencyMs).map(|total| total as f64 / requests as f64)
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Meter::ALL.iter().filter_map(|&meter| Some((meter.name(), self.get(meter)?)))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_not_a_zero() {
        let counts = Counts::EMPTY.with(Meter::InputTokens, 0);
        assert_eq!(counts.get(Meter::InputTokens), Some(0));
        assert_eq!(counts.get(Meter::OutputTokens), None);
    }

    #[test]
    fn a_revision_replaces_what_it_reports_and_keeps_the_rest() {
        let mut counts = Counts::EMPTY.with(Meter::InputTokens, 10).with(Meter::OutputTokens, 3);
        counts.revise(&Counts::EMPTY.with(Meter::InputTokens, 7));
        assert_eq!(counts, Counts::EMPTY.with(Meter::InputTokens, 7).with(Meter::OutputTokens, 3));
    }

    #[test]
    fn every_meter_stands_at_its_own_index() {
        for (index, meter) in Meter::ALL.into_iter().enumerate() {
            assert_eq!(meter.index(), index, "{}", meter.name());
        }
    }
}
