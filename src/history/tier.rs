//! The three tiers of what is kept of a profile: points by the day, sums of five minutes by five days, hourly sums by
//! thirty days. A bucket of a tier is one chunk, in parts where it is large; keys sort by bucket first, so that what is
//! new is written at the end and what is old goes together.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::ProfileRef;
use crate::domain::meter::{Counts, Meter};
use crate::domain::time::{Step, TimeSpan};
use crate::domain::usage::Point;
use crate::history::chunk;
use crate::history::engine::{Engine, Operation};
use crate::history::keys::{self, DAY_SECONDS, Kind};
use crate::history::store::Store;

/// A tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tier {
    /// The kind of its keys.
    pub kind: Kind,
    /// The days of a bucket.
    days: i64,
}

impl Tier {
    /// Points as they came.
    pub(super) const POINTS: Self = Self { kind: Kind::Chunk, days: 1 };
    /// Sums of five minutes.
    pub(super) const FIVE_MINUTES: Self = Self { kind: Kind::FiveMinutes, days: 5 };
    /// Sums of UTC hours.
    pub(super) const HOURS: Self = Self { kind: Kind::Hours, days: 30 };

    /// The bucket of an instant in seconds.
    pub(super) fn bucket_of(self, seconds: i64) -> i64 {
        seconds.div_euclid(self.days * DAY_SECONDS)
    }

    /// When a bucket begins, in seconds.
    pub(super) fn start(self, bucket: i64) -> i64 {
        bucket.saturating_mul(self.days * DAY_SECONDS)
    }

    /// The span of a bucket.
    pub(super) fn span(self, bucket: i64) -> TimeSpan {
        let instant = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        TimeSpan::new(instant(self.start(bucket)), instant(self.start(bucket.saturating_add(1))))
    }

    /// The buckets that a span touches.
    pub(super) fn buckets(self, span: TimeSpan) -> Range<i64> {
        if span.is_empty() {
            return 0..0;
        }
        let last = span.end.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(span.end);
        self.bucket_of(span.start.as_second())..self.bucket_of(last.as_second()) + 1
    }
}

impl Store {
    /// What is stored of a profile in a tier, oldest first.
    pub(super) fn stored_in(&self, tier: Tier, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        let mut points = Vec::new();
        for bucket in self.buckets_in(tier, span) {
            self.add_stored(tier, profile, bucket, span, &mut points);
        }
        points
    }

    /// One meter of what is stored of a profile in a tier, where it was reported.
    pub(super) fn stored_meter(
        &self,
        tier: Tier,
        profile: ProfileRef,
        meter: Meter,
        span: TimeSpan,
    ) -> Vec<(Timestamp, u64)> {
        let mut values = Vec::new();
        for bucket in self.buckets_in(tier, span) {
            self.add_parts(tier, profile, bucket, &mut values, |value, values| {
                let found = chunk::decode_meter(tier.start(bucket), value, meter)?;
                values.extend(found.into_iter().filter(|(at, _)| span.contains(*at)));
                Some(())
            });
        }
        values
    }

    /// What is stored of a profile in a bucket, oldest first.
    pub(super) fn stored(&self, tier: Tier, profile: ProfileRef, bucket: i64) -> Vec<Point> {
        let mut points = Vec::new();
        self.add_stored(tier, profile, bucket, tier.span(bucket), &mut points);
        points
    }

    fn add_stored(&self, tier: Tier, profile: ProfileRef, bucket: i64, span: TimeSpan, points: &mut Vec<Point>) {
        self.add_parts(tier, profile, bucket, points, |value, points| {
            chunk::decode_into(tier.start(bucket), value, span, points)
        });
    }

    /// Puts points in the place of what is stored of a profile in a bucket.
    pub(super) fn put(&mut self, tier: Tier, profile: ProfileRef, bucket: i64, points: &[Point]) -> Vec<Operation> {
        self.buckets.entry(tier.kind).or_default().insert(bucket);
        if let (Tier::HOURS, Some((of, oldest)), Some(first)) = (tier, self.oldest_hour.get(), points.first())
            && of == bucket
        {
            self.oldest_hour.set(Some((of, oldest.min(first.at.as_second()))));
        }
        put_parts(&self.engine, tier, profile, bucket, points)
    }

    /// Puts sums in the place of those stored of the same spans; others stay.
    pub(super) fn put_sums(&mut self, tier: Tier, profile: ProfileRef, sums: &[Point]) -> Vec<Operation> {
        let mut operations = Vec::new();
        for of_bucket in sums.chunk_by(|a, b| tier.bucket_of(a.at.as_second()) == tier.bucket_of(b.at.as_second())) {
            let bucket = tier.bucket_of(of_bucket[0].at.as_second());
            let merged = over(self.stored(tier, profile, bucket), of_bucket.to_vec());
            operations.extend(self.put(tier, profile, bucket, &merged));
        }
        operations
    }

    /// The buckets of a tier that hold anything, of a span.
    fn buckets_in(&self, tier: Tier, span: TimeSpan) -> impl Iterator<Item = i64> {
        let range = tier.buckets(span);
        self.buckets.get(&tier.kind).into_iter().flat_map(move |known| known.range(range.clone())).copied()
    }

    /// Adds what each part of a profile's bucket holds.
    fn add_parts<T>(
        &self,
        tier: Tier,
        profile: ProfileRef,
        bucket: i64,
        found: &mut Vec<T>,
        decode_into: impl Fn(&[u8], &mut Vec<T>) -> Option<()>,
    ) {
        let (first, end) = ends(tier, profile, bucket);
        for (_, value) in self.entries(self.engine.scan(&first, &end)) {
            let before = found.len();
            if decode_into(&value, found).is_none() {
                found.truncate(before);
                self.note(format!("{} cannot be understood and was left out", tier.kind.describe()));
            }
        }
    }
}

/// Puts points in the place of all parts that an engine has of a profile in a bucket.
pub(super) fn put_parts(
    engine: &Engine,
    tier: Tier,
    profile: ProfileRef,
    bucket: i64,
    points: &[Point],
) -> Vec<Operation> {
    let parts = chunk::encode(tier.start(bucket), points);
    let (first, end) = ends(tier, profile, bucket);
    let old = engine.scan_raw(&first, &end).map_while(Result::ok);
    let mut operations: Vec<Operation> = old.skip(parts.len()).map(|(key, _)| Operation::Remove(key)).collect();
    let put = |(part, value)| Operation::Put(keys::part(tier.kind, bucket, profile, part), value);
    operations.extend((0..).zip(parts).map(put));
    operations
}

fn ends(tier: Tier, profile: ProfileRef, bucket: i64) -> (Vec<u8>, Vec<u8>) {
    (keys::part(tier.kind, bucket, profile, 0), keys::part(tier.kind, bucket, profile, u8::MAX))
}

/// Sums of points over spans of a width: counts are added, of percentiles the worst stands.
pub(super) fn sums(points: &[Point], width: Step) -> Vec<Point> {
    let mut sums: Vec<Point> = Vec::new();
    for point in points {
        let at = width.floor(point.at);
        match sums.last_mut().filter(|sum| sum.at == at) {
            Some(sum) => sum.counts.add(&point.counts),
            None => sums.push(Point { at, counts: point.counts }),
        }
    }
    sums
}

/// Points with others over them: of one instant the upper one counts. Both are in order.
pub(super) fn over(mut lower: Vec<Point>, upper: Vec<Point>) -> Vec<Point> {
    if lower.is_empty() {
        return upper;
    }
    if follows(&lower, &upper) {
        lower.extend(upper);
        return lower;
    }
    let all = lower.into_iter().chain(upper).map(|point| (point.at, point.counts));
    points_of(&all.collect())
}

/// Points with others over them: of one instant the reported meters of the upper one count. Both are in order.
pub(super) fn revised(mut lower: Vec<Point>, upper: Vec<Point>) -> Vec<Point> {
    if follows(&lower, &upper) {
        lower.extend(upper);
        return lower;
    }
    let mut merged: BTreeMap<_, Counts> = lower.into_iter().map(|point| (point.at, point.counts)).collect();
    for point in upper {
        merged.entry(point.at).or_insert(Counts::EMPTY).revise(&point.counts);
    }
    points_of(&merged)
}

/// Whether the upper points are in order, and all of them later than the lower ones.
fn follows(lower: &[Point], upper: &[Point]) -> bool {
    upper.first().is_none_or(|first| lower.last().is_none_or(|last| last.at < first.at))
        && upper.is_sorted_by(|a, b| a.at < b.at)
}

fn points_of(points: &BTreeMap<Timestamp, Counts>) -> Vec<Point> {
    points.iter().map(|(&at, &counts)| Point { at, counts }).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid time")
    }

    #[rstest]
    #[case::day(Tier::POINTS, "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", 1)]
    #[case::two_days(Tier::POINTS, "2026-11-20T23:00:00Z", "2026-11-21T00:00:01Z", 2)]
    #[case::fifteen_days(Tier::FIVE_MINUTES, "2026-11-20T00:00:00Z", "2026-12-05T00:00:00Z", 4)]
    #[case::a_year(Tier::HOURS, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 13)]
    #[case::nothing(Tier::HOURS, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 0)]
    fn a_span_touches_few_buckets(#[case] tier: Tier, #[case] from: &str, #[case] to: &str, #[case] count: usize) {
        let buckets = tier.buckets(TimeSpan::new(at(from), at(to)));
        assert_eq!(buckets.clone().count(), count);
        assert!(buckets.clone().all(|bucket| tier.bucket_of(tier.start(bucket)) == bucket));
        assert!(count == 0 || tier.span(buckets.start).contains(at(from)));
    }

    #[test]
    fn percentiles_of_a_span_are_its_worst() {
        let point = |minute: i64, value| Point {
            at: at("2026-11-20T00:00:00Z") + SignedDuration::from_mins(minute),
            counts: Counts::EMPTY.with(Meter::LatencyP90Ms, value).with(Meter::InputTokens, value),
        };
        let sums = sums(&[point(0, 5), point(4, 9), point(5, 7)], Step::FIVE_MINUTES);
        assert_eq!(sums.len(), 2);
        assert_eq!(
            (sums[0].counts.get(Meter::LatencyP90Ms), sums[0].counts.get(Meter::InputTokens)),
            (Some(9), Some(14))
        );
        assert_eq!(sums[1], point(5, 7));
    }
}
