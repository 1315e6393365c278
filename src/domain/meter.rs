//! What is counted, and the counts of one profile over one span.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is counted. Most are sums, which add up over time and over profiles; percentiles do not add up,
/// so the worst of a span stands for it ([`Meter::aggregation`]).
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
    /// Milliseconds from request to last token that half of the requests stay below; the worst of a span.
    LatencyP50Ms,
    /// The same for 90 % of the requests.
    LatencyP90Ms,
    /// The same for 99 % of the requests.
    LatencyP99Ms,
    /// Milliseconds to the first token (streaming calls only) that half of the requests stay below; the worst of a
    /// span.
    FirstTokenP50Ms,
    /// The same for 90 % of the requests.
    FirstTokenP90Ms,
    /// Tokens as the quota counts them (EstimatedTPMQuotaUsage: input, cache writes and output times its burndown).
    /// Never a basis of a price.
    QuotaTokens,
    /// Requests to models that are about to be retired.
    LegacyInvocations,
}

/// How values of a meter become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// They are added.
    Sum,
    /// The worst counts.
    Worst,
}

impl Meter {
    /// How many meters there are.
    pub const COUNT: usize = 17;

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
        Self::LatencyP50Ms,
        Self::LatencyP90Ms,
        Self::LatencyP99Ms,
        Self::FirstTokenP50Ms,
        Self::FirstTokenP90Ms,
        Self::QuotaTokens,
        Self::LegacyInvocations,
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
            Self::LatencyP50Ms => "latency_p50_ms",
            Self::LatencyP90Ms => "latency_p90_ms",
            Self::LatencyP99Ms => "latency_p99_ms",
            Self::FirstTokenP50Ms => "first_token_p50_ms",
            Self::FirstTokenP90Ms => "first_token_p90_ms",
            Self::QuotaTokens => "quota_tokens",
            Self::LegacyInvocations => "legacy_invocations",
        }
    }

    /// How two values of it become one.
    #[must_use]
    pub fn aggregation(self) -> Aggregation {
        match self {
            Self::LatencyP50Ms
            | Self::LatencyP90Ms
            | Self::LatencyP99Ms
            | Self::FirstTokenP50Ms
            | Self::FirstTokenP90Ms => Aggregation::Worst,
            _ => Aggregation::Sum,
        }
    }

    /// The place in [`Meter::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A set of meters.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MeterSet(u32);

impl MeterSet {
    /// None.
    pub const EMPTY: Self = Self(0);
    /// All there are.
    pub const ALL: Self = Self((1 << Meter::COUNT) - 1);

    /// These meters.
    #[must_use]
    pub const fn of(meters: &[Meter]) -> Self {
        let mut mask = 0;
        let mut index = 0;
        while index < meters.len() {
            mask |= 1 << meters[index] as u32;
            index += 1;
        }
        Self(mask)
    }

    /// As bits, the one of [`Meter::index`] for each.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether a meter is one of them.
    #[must_use]
    pub const fn has(self, meter: Meter) -> bool {
        self.0 & (1 << meter as u32) != 0
    }

    /// Those of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Each of them, in the order of [`Meter::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Meter> {
        Meter::ALL.into_iter().filter(move |&meter| self.has(meter))
    }
}

impl fmt::Debug for MeterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Meter::name)).finish()
    }
}

/// The counts of one profile over one span. A meter that was not reported is a gap, which is not zero.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    present: u32,
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

    /// The meters that were reported.
    #[must_use]
    pub fn meters(&self) -> MeterSet {
        MeterSet(self.present)
    }

    /// Adds another span's counts, by the aggregation of each meter; a meter reported by either is reported by the
    /// sum. Saturates at `u64::MAX`, far above any real count.
    pub fn add(&mut self, other: &Self) {
        self.present |= other.present;
        for (meter, (mine, theirs)) in Meter::ALL.into_iter().zip(self.values.iter_mut().zip(&other.values)) {
            *mine = match meter.aggregation() {
                Aggregation::Sum => mine.saturating_add(*theirs),
                Aggregation::Worst => (*mine).max(*theirs),
            };
        }
    }

    /// What is left of these counts without a part of them; meters of percentiles stay as they are.
    #[must_use]
    pub fn less(mut self, part: &Self) -> Self {
        let both = self.meters().intersection(part.meters());
        for meter in both.iter().filter(|meter| meter.aggregation() == Aggregation::Sum) {
            self.values[meter.index()] = self.values[meter.index()].saturating_sub(part.values[meter.index()]);
        }
        self
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
    fn percentiles_are_never_added() {
        let mut counts = Counts::EMPTY.with(Meter::LatencyP90Ms, 900).with(Meter::QuotaTokens, 5);
        counts.add(&Counts::EMPTY.with(Meter::LatencyP90Ms, 700).with(Meter::QuotaTokens, 6));
        assert_eq!(counts, Counts::EMPTY.with(Meter::LatencyP90Ms, 900).with(Meter::QuotaTokens, 11));
    }

    #[test]
    fn what_is_left_and_the_part_are_the_whole() {
        let whole = Counts::EMPTY.with(Meter::InputTokens, 10).with(Meter::LatencyP90Ms, 900);
        let part = Counts::EMPTY.with(Meter::InputTokens, 4).with(Meter::Throttles, 2);
        let mut sum = whole.less(&part);
        assert_eq!(sum, Counts::EMPTY.with(Meter::InputTokens, 6).with(Meter::LatencyP90Ms, 900));
        sum.add(&Counts::EMPTY.with(Meter::InputTokens, 4));
        assert_eq!(sum, whole);
    }

    #[test]
    fn sets_of_meters() {
        let tokens = MeterSet::of(&Meter::TOKENS);
        let requests = MeterSet::of(&[Meter::Invocations, Meter::InputTokens]);
        assert_eq!((tokens.len(), tokens.union(requests).len(), MeterSet::ALL.len()), (4, 5, Meter::COUNT));
        assert_eq!(tokens.intersection(requests), MeterSet::of(&[Meter::InputTokens]));
        assert_eq!(requests.without(tokens).iter().collect::<Vec<_>>(), [Meter::Invocations]);
        assert!(MeterSet::EMPTY.is_empty());
    }

    #[test]
    fn every_meter_stands_at_its_own_index() {
        for (index, meter) in Meter::ALL.into_iter().enumerate() {
            assert_eq!(meter.index(), index, "{}", meter.name());
        }
    }
}
