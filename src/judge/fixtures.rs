//! A history in memory, for the judge's tests.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::event::LevelChange;
use crate::domain::health::{PollRecord, ScopeStatus};
use crate::domain::history::History;
use crate::domain::ids::{ProfileKey, ProfileRef};
use crate::domain::meter::Counts;
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan, floor_hour};
use crate::domain::usage::Point;

/// Profiles, points and the log, kept as plainly as can be.
pub(crate) struct MemoryHistory {
    pub(crate) step: Step,
    pub(crate) profiles: Vec<Vec<Profile>>,
    pub(crate) points: Vec<BTreeMap<Timestamp, Counts>>,
    pub(crate) scopes: Vec<ScopeStatus>,
    pub(crate) changes: Vec<LevelChange>,
    pub(crate) revisions: Vec<u64>,
    /// What was set since the start, by profile, where readers may rely on it.
    touches: Option<Vec<Vec<Timestamp>>>,
}

impl MemoryHistory {
    /// No profiles, one healthy scope `main` whose data goes up to `watermark`.
    pub(crate) fn healthy(watermark: Timestamp) -> Self {
        Self {
            step: Step::MINUTE,
            profiles: Vec::new(),
            points: Vec::new(),
            scopes: vec![ScopeStatus {
                last_poll: Some(watermark),
                watermark: Some(watermark),
                ..ScopeStatus::new("main".into())
            }],
            changes: Vec::new(),
            revisions: Vec::new(),
            touches: None,
        }
    }

    /// The same, telling readers exactly which points have changed: only [`MemoryHistory::set`] changes any.
    pub(crate) fn exact(mut self) -> Self {
        self.touches = Some(Vec::new());
        self
    }

    /// Adds a profile of this tenant (`""` for none) and model.
    pub(crate) fn add_profile(&mut self, id: &str, tenant: &str, model: &str) -> ProfileRef {
        let tags = BTreeMap::from([("TenantID".to_owned(), tenant.to_owned())]);
        let key = ProfileKey { scope: "main".into(), id: id.into() };
        self.profiles.push(vec![Profile {
            model: (!model.is_empty()).then(|| model.into()),
            region: "us-east-1".into(),
            tags,
            ..Profile::bare(key, Timestamp::UNIX_EPOCH)
        }]);
        self.points.push(BTreeMap::new());
        self.revisions.push(0);
        self.touches.iter_mut().for_each(|touches| touches.push(Vec::new()));
        ProfileRef(u32::try_from(self.profiles.len() - 1).expect("few profiles"))
    }

    /// Sets a point.
    pub(crate) fn set(&mut self, profile: ProfileRef, at: Timestamp, counts: Counts) {
        self.points[profile.0 as usize].insert(at, counts);
        self.touches.iter_mut().for_each(|touches| touches[profile.0 as usize].push(at));
    }

    /// Takes over the outcome of a poll.
    pub(crate) fn polled(&mut self, poll: &PollRecord) {
        let scope = &mut self.scopes[0];
        scope.last_poll = Some(poll.at);
        scope.watermark = poll.watermark.or(scope.watermark);
        scope.fault.clone_from(&poll.fault);
    }
}

impl History for MemoryHistory {
    fn step(&self) -> Step {
        self.step
    }

    fn profiles(&self) -> Vec<(ProfileRef, &[Profile])> {
        let numbered = self.profiles.iter().enumerate();
        numbered.map(|(index, it)| (ProfileRef(u32::try_from(index).expect("few")), it.as_slice())).collect()
    }

    fn points(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        let points = self.points[profile.0 as usize].range(span.start..span.end);
        points.map(|(&at, &counts)| Point { at, counts }).collect()
    }

    fn five_minutes(&self, _profile: ProfileRef, _span: TimeSpan) -> Vec<Point> {
        Vec::new()
    }

    fn hours(&self, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
        let mut hours: BTreeMap<Timestamp, Counts> = BTreeMap::new();
        for (&at, counts) in &self.points[profile.0 as usize] {
            hours.entry(floor_hour(at)).or_default().add(counts);
        }
        hours.range(span.start..span.end).map(|(&at, &counts)| Point { at, counts }).collect()
    }

    fn revision(&self, profile: ProfileRef) -> u64 {
        self.revisions[profile.0 as usize]
    }

    fn touched(&self, profile: ProfileRef, mark: u64) -> (u64, Option<Timestamp>) {
        if let Some(touches) = &self.touches {
            let of_profile = &touches[profile.0 as usize];
            let since = usize::try_from(mark).unwrap_or(0);
            return (of_profile.len() as u64, of_profile[since..].iter().min().copied());
        }
        // Tests change points behind its back: everything may have changed at any time.
        (mark + 1, Some(Timestamp::MIN))
    }

    fn scopes(&self, _now: Timestamp) -> Vec<ScopeStatus> {
        self.scopes.clone()
    }

    fn changes(&self, now: Timestamp, limit: usize) -> Vec<LevelChange> {
        let known: Vec<_> = self.changes.iter().filter(|change| change.at <= now).cloned().collect();
        known[known.len().saturating_sub(limit)..].to_vec()
    }

    fn extent(&self) -> Option<TimeSpan> {
        let times = self.points.iter().flat_map(|points| points.keys().copied());
        let first = times.clone().min()?;
        Some(TimeSpan::new(floor_hour(first), times.max()? + self.step.duration()))
    }

    fn faults(&self) -> Vec<String> {
        Vec::new()
    }
}
