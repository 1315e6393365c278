//! A recorded trace as a history, without a store: for back-tests, which read much and keep nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::event::LevelChange;
use crate::domain::health::{Collecting, ScopeStatus};
use crate::domain::history::History;
use crate::domain::ids::{ProfileRef, ScopeName};
use crate::domain::meter::Counts;
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan, floor_hour};
use crate::domain::usage::Point;
use crate::source::replay::recording::Recording;

/// Everything of a recording, as if it had always been collected on time. Readers ask for what had closed by then.
pub struct RecordedHistory {
    step: Step,
    span: TimeSpan,
    profiles: Vec<Vec<Profile>>,
    points: Vec<Vec<Point>>,
    hours: Vec<Vec<Point>>,
    scopes: Vec<ScopeName>,
    refused: u64,
}

impl RecordedHistory {
    /// The recording, by profile.
    #[must_use]
    pub fn new(recording: Recording) -> Self {
        let (step, span, refused) = (recording.step(), recording.span(), recording.rows_refused());
        let scopes = recording.scopes().into_iter().collect();
        let mut history =
            Self { step, span, profiles: Vec::new(), points: Vec::new(), hours: Vec::new(), scopes, refused };
        for series in recording.series.into_values() {
            let mut hours: BTreeMap<Timestamp, Counts> = BTreeMap::new();
            for (&at, counts) in &series.points {
                hours.entry(floor_hour(at)).or_default().add(counts);
            }
            history.profiles.push(vec![series.profile]);
            history.points.push(series.points.into_iter().map(|(at, counts)| Point { at, counts }).collect());
            history.hours.push(hours.into_iter().map(|(at, counts)| Point { at, counts }).collect());
        }
        history
    }

    /// From the start of the first bin to the end of the last.
    #[must_use]
    pub fn span(&self) -> TimeSpan {
        self.span
    }
}

impl History for RecordedHistory {
    fn step(&self) -> Step {
        self.step
    }

    fn profiles(&self) -> Vec<(ProfileRef, &[Profile])> {
        (0_u32..).zip(&self.profiles).map(|(number, it)| (ProfileRef(number), it.as_slice())).collect()
    }

    fn points(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        within(self.points.get(profile.0 as usize), span)
    }

    fn five_minutes(&self, _profile: ProfileRef, _span: TimeSpan) -> Vec<Point> {
        Vec::new()
    }

    fn hours(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        within(self.hours.get(profile.0 as usize), span)
    }

    fn revision(&self, _profile: ProfileRef) -> u64 {
        0
    }

    fn touched(&self, _profile: ProfileRef, _mark: u64) -> (u64, Option<Timestamp>) {
        (0, None)
    }

    fn scopes(&self, now: Timestamp) -> Vec<ScopeStatus> {
        let polled = Some(self.step.floor(now));
        let collecting = Collecting { rows_refused: self.refused, ..Collecting::default() };
        let status = |scope: &ScopeName| ScopeStatus {
            last_poll: polled,
            watermark: polled,
            collecting: collecting.clone(),
            ..ScopeStatus::new(scope.clone())
        };
        self.scopes.iter().map(status).collect()
    }

    fn changes(&self, _now: Timestamp, _limit: usize) -> Vec<LevelChange> {
        Vec::new()
    }

    fn extent(&self) -> Option<TimeSpan> {
        Some(self.span)
    }

    fn faults(&self) -> Vec<String> {
        Vec::new()
    }
}

fn within(points: Option<&Vec<Point>>, span: TimeSpan) -> Vec<Point> {
    let points = points.map_or(&[][..], Vec::as_slice);
    let start = points.partition_point(|point| point.at < span.start);
    let end = points.partition_point(|point| point.at < span.end).max(start);
    points[start..end].to_vec()
}
