//! One scope of the fleet as a [`Source`].

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::{ProfileKey, ScopeName};
use crate::domain::meter::Counts;
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan, floor_hour};
use crate::domain::usage::{Point, ProfileUsage};
use crate::source::demo::fleet::{Fleet, Member, SCOPES};
use crate::source::demo::story::data_end;
use crate::source::{Source, SourceError, SourceErrorKind, UsageReply, UsageRequest};

/// One scope of the simulated fleet.
#[derive(Clone, Debug)]
pub struct DemoSource {
    fleet: Arc<Fleet>,
    scope: ScopeName,
}

/// A source for each scope of the fleet.
#[must_use]
pub fn sources(fleet: &Arc<Fleet>) -> Vec<DemoSource> {
    SCOPES.iter().map(|(scope, _)| DemoSource { fleet: Arc::clone(fleet), scope: ScopeName::new(scope) }).collect()
}

impl Source for DemoSource {
    fn scope(&self) -> &ScopeName {
        &self.scope
    }

    fn step(&self) -> Step {
        Step::MINUTE
    }

    async fn profiles(&mut self, _now: Timestamp) -> Result<Vec<Profile>, SourceError> {
        let of_scope = self.fleet.members.iter().filter(|member| member.profile.key.scope == self.scope);
        Ok(of_scope.map(|member| member.profile.clone()).collect())
    }

    /// Computed away from the async threads: weeks of history take a while.
    async fn usage(&mut self, request: &UsageRequest) -> Result<UsageReply, SourceError> {
        let (source, request) = (self.clone(), request.clone());
        tokio::task::spawn_blocking(move || source.answer(&request)).await.map_err(|error| SourceError {
            kind: SourceErrorKind::Service,
            message: format!("the simulated fleet could not be computed: {error}"),
            remedy: "start the demo again".to_owned(),
        })
    }
}

impl DemoSource {
    /// What the source answers to a request.
    #[must_use]
    pub fn answer(&self, request: &UsageRequest) -> UsageReply {
        let known_until = request.step.floor(data_end(self.fleet.scenario, self.scope.as_str(), request.now));
        let until = request.until.min(known_until);
        let wanted: HashMap<&ProfileKey, Timestamp> = request.asks.iter().map(|ask| (&ask.profile, ask.from)).collect();
        let usage = self.fleet.members.iter().filter_map(|member| {
            let span = TimeSpan::new(*wanted.get(&member.profile.key)?, until);
            let points = if request.step == Step::HOUR { self.hours(member, span) } else { self.minutes(member, span) };
            (!points.is_empty()).then(|| ProfileUsage { profile: member.profile.key.clone(), points })
        });
        UsageReply { usage: usage.collect(), watermark: until, ..UsageReply::default() }
    }

    fn hours(&self, member: &Member, span: TimeSpan) -> Vec<Point> {
        let points = hours_of(span).map(|hour| Point { at: hour, counts: self.fleet.hour(member, hour) });
        points.filter(|point| !point.counts.is_empty() && span.contains(point.at)).collect()
    }

    fn minutes(&self, member: &Member, span: TimeSpan) -> Vec<Point> {
        let mut points = Vec::new();
        for hour in hours_of(span) {
            let minutes = (0..).zip(self.fleet.minutes(member, hour));
            points.extend(minutes.filter_map(|(minute, counts)| minute_point(hour, minute, counts)));
        }
        points.retain(|point| span.contains(point.at));
        points
    }
}

fn minute_point(hour: Timestamp, minute: i64, counts: Counts) -> Option<Point> {
    let at = hour.checked_add(SignedDuration::from_mins(minute)).ok()?;
    (!counts.is_empty()).then_some(Point { at, counts })
}

/// The hours that a span touches.
fn hours_of(span: TimeSpan) -> impl Iterator<Item = Timestamp> {
    let first = (!span.is_empty()).then(|| floor_hour(span.start));
    let next = |hour: &Timestamp| hour.checked_add(SignedDuration::from_hours(1)).ok();
    std::iter::successors(first, next).take_while(move |hour| *hour < span.end)
}
