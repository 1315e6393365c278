//! Counts of a profile by hour and by minute. The hour comes first and is dealt out to its minutes, so that their
//! sum is the hour, exactly.

use jiff::{SignedDuration, Timestamp};

use crate::domain::meter::{Counts, Meter};
use crate::source::demo::fleet::{Fleet, Member};
use crate::source::demo::{noise, shape, story};

const MINUTES: usize = 60;

impl Fleet {
    /// The counts of a whole hour.
    pub(super) fn hour(&self, member: &Member, hour: Timestamp) -> Counts {
        if story::touches(self.scenario, member.tenant, self.tenants, hour) {
            let minutes = self.minutes(member, hour);
            return minutes.iter().fold(Counts::EMPTY, |mut sum, counts| {
                sum.add(counts);
                sum
            });
        }
        self.totals(member, hour, self.requests(member, hour, 1.0), 1.0)
    }

    /// The counts of each minute of an hour.
    pub(super) fn minutes(&self, member: &Member, hour: Timestamp) -> Vec<Counts> {
        let factors: Vec<(f64, f64)> = (0..).take(MINUTES).map(|minute| self.factors(member, hour, minute)).collect();
        let weights =
            (0..).zip(&factors).map(|(minute, (requests, _))| requests * self.unevenness(member, hour, minute));
        let mean = factors.iter().map(|(requests, _)| requests).sum::<f64>() / 60.0;
        let requests = deal(self.requests(member, hour, mean), &weights.collect::<Vec<_>>());
        let total: u64 = requests.iter().sum();
        let loads: Vec<f64> = requests.iter().zip(&factors).map(|(&count, (_, input))| float(count) * input).collect();
        let climb = if total == 0 { 1.0 } else { loads.iter().sum::<f64>() / float(total) };
        let totals = self.totals(member, hour, total, climb);
        let mut minutes = vec![Counts::EMPTY; MINUTES];
        for meter in Meter::ALL.into_iter().filter(|&meter| totals.has(meter)) {
            let dealt = if meter == Meter::Invocations { requests.clone() } else { deal(totals.sum_of(meter), &loads) };
            for ((counts, &count), value) in minutes.iter_mut().zip(&requests).zip(dealt) {
                if count > 0 || value > 0 {
                    counts.set(meter, value);
                }
            }
        }
        minutes
    }

    fn factors(&self, member: &Member, hour: Timestamp, minute: i64) -> (f64, f64) {
        let at = hour.saturating_add(SignedDuration::from_mins(minute)).unwrap_or(hour);
        story::factors(self.scenario, member.tenant, self.tenants, at)
    }

    /// Requests of an hour, by how busy it is and what the story makes of it.
    fn requests(&self, member: &Member, hour: Timestamp, factor: f64) -> u64 {
        let busyness = shape::busyness(&member.habits, hour, self.seed, member.number);
        let expected = member.requests_per_hour * busyness * factor;
        whole(expected + noise::unit(&[self.seed, member.number, hour_number(hour), 3]))
    }

    /// What so many requests come to; `climb` is how much more input each has than normal.
    fn totals(&self, member: &Member, hour: Timestamp, requests: u64, climb: f64) -> Counts {
        if requests == 0 {
            return Counts::EMPTY;
        }
        let vary = |mean: f64, purpose: u64| {
            let noise = noise::between(0.9, 1.1, &[self.seed, member.number, hour_number(hour), purpose]);
            whole(float(requests) * mean * noise)
        };
        let mut counts = Counts::EMPTY
            .with(Meter::Invocations, requests)
            .with(Meter::InputTokens, vary(member.input * climb, 4))
            .with(Meter::OutputTokens, vary(member.output, 5))
            .with(Meter::LatencyMs, vary(member.latency_ms, 6));
        let others = [
            (Meter::CacheReadTokens, member.cache_read * climb, 7),
            (Meter::CacheWriteTokens, member.cache_write, 8),
            (Meter::ClientErrors, 0.002, 9),
            (Meter::ServerErrors, 0.000_4, 10),
            (Meter::Throttles, if climb > 1.0 { 0.03 } else { 0.000_3 }, 11),
        ];
        for (meter, mean, purpose) in others {
            let value = vary(mean, purpose);
            if value > 0 {
                counts.set(meter, value);
            }
        }
        counts
    }

    fn unevenness(&self, member: &Member, hour: Timestamp, minute: u64) -> f64 {
        noise::between(0.55, 1.45, &[self.seed, member.number, hour_number(hour), 12, minute])
    }
}

/// Deals a total out by weights; the parts add up to it.
fn deal(total: u64, weights: &[f64]) -> Vec<u64> {
    let whole_weight: f64 = weights.iter().sum();
    let (mut weight, mut dealt) = (0.0, 0);
    let mut parts = Vec::with_capacity(weights.len());
    for part in weights {
        weight += part;
        let up_to = if whole_weight > 0.0 { whole(float(total) * (weight / whole_weight)) } else { 0 };
        parts.push(up_to.min(total) - dealt);
        dealt = up_to.min(total);
    }
    if let Some(last) = parts.last_mut() {
        *last += total - dealt;
    }
    parts
}

fn hour_number(hour: Timestamp) -> u64 {
    hour.as_second().div_euclid(3600).cast_unsigned()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and not negative")]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

#[expect(clippy::cast_precision_loss, reason = "counts of an hour are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
