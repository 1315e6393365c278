//! One scope of a recording as a [`Source`]: it shows what is known by an instant, never more.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::ids::ScopeName;
use crate::domain::meter::Counts;
use crate::domain::profile::Profile;
use crate::domain::time::Step;
use crate::domain::usage::{Point, ProfileUsage};
use crate::source::replay::recording::Recording;
use crate::source::{Ask, Source, SourceError, UsageReply, UsageRequest};

/// One scope of a recording.
#[derive(Clone, Debug)]
pub struct ReplaySource {
    recording: Arc<Recording>,
    scope: ScopeName,
}

impl ReplaySource {
    /// A source for each scope of the recording.
    #[must_use]
    pub fn all(recording: &Arc<Recording>) -> Vec<Self> {
        recording.scopes().into_iter().map(|scope| Self { recording: Arc::clone(recording), scope }).collect()
    }

    fn usage_of(&self, ask: &Ask, request: &UsageRequest) -> Option<ProfileUsage> {
        let series = self.recording.series.get(&ask.profile)?;
        let bin = self.recording.step().duration();
        let is_closed = |at: Timestamp| at.saturating_add(bin).is_ok_and(|end| end <= request.now);
        let mut points: BTreeMap<Timestamp, Counts> = BTreeMap::new();
        for (&at, counts) in series.points.range(ask.from..request.until.max(ask.from)) {
            if is_closed(at) {
                points.entry(request.step.floor(at)).or_insert(Counts::EMPTY).add(counts);
            }
        }
        let points: Vec<Point> = points.into_iter().map(|(at, counts)| Point { at, counts }).collect();
        (!points.is_empty()).then(|| ProfileUsage { profile: ask.profile.clone(), points })
    }
}

impl Source for ReplaySource {
    fn scope(&self) -> &ScopeName {
        &self.scope
    }

    fn step(&self) -> Step {
        self.recording.step()
    }

    async fn profiles(&mut self, _now: Timestamp) -> Result<Vec<Profile>, SourceError> {
        let of_scope = self.recording.series.values().filter(|series| series.profile.key.scope == self.scope);
        Ok(of_scope.map(|series| series.profile.clone()).collect())
    }

    async fn usage(&mut self, request: &UsageRequest) -> Result<UsageReply, SourceError> {
        Ok(UsageReply {
            usage: request.asks.iter().filter_map(|ask| self.usage_of(ask, request)).collect(),
            watermark: request.step.floor(request.now).min(request.until),
            rows_refused: self.recording.rows_refused(),
            shortfall: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ProfileKey;
    use crate::domain::meter::{Meter, MeterSet};
    use crate::source::replay::recording::tests::recording;

    fn second(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a valid time")
    }

    fn everything_of(key: &ProfileKey) -> Ask {
        Ask { profile: key.clone(), meters: MeterSet::ALL, from: second(0) }
    }

    #[tokio::test]
    async fn nothing_looks_ahead() {
        let text = "timestamp,tenant,invocations\n0,acme,1\n60,acme,2\n120,acme,4\n";
        let mut source = ReplaySource::all(&Arc::new(recording(text))).remove(0);
        let profiles = source.profiles(second(0)).await.expect("known");
        let mut seen = Vec::new();
        for now in [0, 59, 60, 119, 120, 180, 999] {
            let request = UsageRequest {
                now: second(now),
                until: second(3600),
                step: Step::MINUTE,
                asks: vec![everything_of(&profiles[0].key)],
            };
            let reply = source.usage(&request).await.expect("answered");
            let points = reply.usage.iter().flat_map(|usage| &usage.points);
            seen.push(points.map(|point| point.counts.sum_of(Meter::Invocations)).sum::<u64>());
        }
        assert_eq!(seen, [0, 0, 1, 1, 3, 7, 7]);
    }

    #[tokio::test]
    async fn hours_are_sums_of_bins() {
        let text = "timestamp,tenant,invocations\n0,acme,1\n600,acme,2\n3600,acme,4\n";
        let mut source = ReplaySource::all(&Arc::new(recording(text))).remove(0);
        let key = source.profiles(second(0)).await.expect("known")[0].key.clone();
        let end = second(7200);
        let request = UsageRequest { now: end, until: end, step: Step::HOUR, asks: vec![everything_of(&key)] };
        let reply = source.usage(&request).await.expect("answered");
        let sums: Vec<_> = reply.usage[0].points.iter().map(|point| point.counts.sum_of(Meter::Invocations)).collect();
        assert_eq!(sums, [3, 4]);
    }
}
