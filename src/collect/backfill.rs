//! Which part of the past is still to be fetched, the newest first.
//!
//! Hours come first, because budgets need the whole of their period; then minutes as far back as CloudWatch keeps
//! them, in longer and longer pieces: each piece is billed by the metric, however long it is; then five minutes before
//! those. Where asking costs, each piece begins with a look at who was in use at all.

use std::collections::{HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::ProfileKey;
use crate::domain::meter::{Meter, MeterSet};
use crate::domain::time::{Step, TimeSpan, floor_hour};
use crate::domain::usage::ProfileUsage;
use crate::source::Ask;

/// How far back points are asked for by the polls themselves.
const POINTS_REACH: SignedDuration = SignedDuration::from_hours(6);
/// How much one piece of hours covers.
const HOURS_PIECE: SignedDuration = SignedDuration::from_hours(35 * 24);
/// How much one piece of five minutes covers.
const FIVE_MINUTES_PIECE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How much the first piece of steps covers; each further one is twice as long.
const FIRST_PIECE: SignedDuration = SignedDuration::from_hours(24);
/// What is fetched: percentiles of long spans mean little.
pub(super) const METERS: MeterSet = MeterSet::of(&[
    Meter::Invocations,
    Meter::InputTokens,
    Meter::OutputTokens,
    Meter::CacheReadTokens,
    Meter::CacheWriteTokens,
    Meter::Images,
    Meter::ClientErrors,
    Meter::ServerErrors,
    Meter::Throttles,
    Meter::LatencyMs,
]);
/// What is looked at first.
const LOOK: MeterSet = MeterSet::of(&[Meter::Invocations, Meter::InputTokens]);
/// The most steps of one question: they are held in memory, and CloudWatch answers with 100,800 values a page.
const MOST_STEPS: i64 = 20_000;
const MOST_STEPS_LOOKED_AT: i64 = 50_000;

/// Where the points that polls ask for begin; whole hours lie before.
pub(super) fn points_start(now: Timestamp) -> Timestamp {
    floor_hour(now.saturating_sub(POINTS_REACH).unwrap_or(Timestamp::MIN))
}

/// How much of the past is wanted, as starts of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Of hours.
    pub hours_from: Timestamp,
    /// What is wanted finer; `None` where hours are enough.
    pub finer: Option<WantedFiner>,
}

/// How much of the past is wanted finer than by the hour, as starts of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WantedFiner {
    /// Of steps.
    pub points_from: Timestamp,
    /// Of five minutes, before the steps.
    pub five_minutes_from: Timestamp,
}

/// What the history has, as spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// In hours.
    pub hours: Option<TimeSpan>,
    /// In steps.
    pub points: Option<TimeSpan>,
    /// In five minutes or finer, from this instant on.
    pub five_minutes_from: Option<Timestamp>,
}

/// The pieces that are missing, in the order of fetching.
#[derive(Debug, Default)]
pub(super) struct Backfill {
    missing: VecDeque<Piece>,
    planned: usize,
    has_planned_start: bool,
    looked_at: Option<TimeSpan>,
    used: HashSet<ProfileKey>,
    complete: Vec<Complete>,
    is_held_up: bool,
}

#[derive(Debug)]
struct Piece {
    span: TimeSpan,
    step: Step,
    stage: Option<Stage>,
}

#[derive(Debug)]
struct Stage {
    is_look: bool,
    waiting: Vec<ProfileKey>,
    all: usize,
}

/// A question about the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// Which part.
    pub span: TimeSpan,
    /// At which step.
    pub step: Step,
    /// Whose.
    pub asks: Vec<Ask>,
    /// It only looks at who was in use: the answer is not worth keeping.
    pub is_look: bool,
}

/// A piece that is now complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Complete {
    /// Its hours.
    Hours(TimeSpan),
    /// Its five minutes.
    FiveMinutes(TimeSpan),
    /// Its steps.
    Points(TimeSpan),
}

impl Backfill {
    /// Notes what is missing before the points that polls ask for: the gap after what is known, if the scope was not
    /// heard from for longer, and, once, what is wanted of the past before it.
    pub(super) fn plan(&mut self, known: Known, wanted: Wanted, now: Timestamp) {
        let before = self.missing.len();
        let end = points_start(now);
        let nothing = TimeSpan::new(end, end);
        let (hours, points) = (known.hours.unwrap_or(nothing), known.points.unwrap_or(nothing));
        let oldest = floor_hour(wanted.hours_from);
        self.add_hours(floor_hour(hours.end).max(oldest), end);
        if !self.has_planned_start {
            self.add_hours(oldest, floor_hour(hours.start).min(end));
        }
        if let Some(finer) = wanted.finer {
            let oldest = floor_hour(finer.points_from);
            self.add_points(floor_hour(points.end).max(oldest), end);
            if !self.has_planned_start {
                self.add_points(oldest, floor_hour(points.start).min(end));
                let known_from = known.five_minutes_from.map_or(oldest, |known| floor_hour(known).min(oldest));
                self.add_five_minutes(floor_hour(finer.five_minutes_from), known_from);
            }
        }
        self.has_planned_start = true;
        if before == 0 {
            (self.planned, self.looked_at) = (self.missing.len(), None);
            self.used.clear();
        }
    }

    /// The next question, where `profiles` are known and a look is worth it if asking costs.
    pub(super) fn next(&mut self, profiles: &[ProfileKey], is_metered: bool) -> Option<Question> {
        loop {
            let piece = self.missing.front_mut()?;
            let has_looked = self.looked_at.is_some_and(|span| span.start <= piece.span.start);
            let stage = piece.stage.get_or_insert_with(|| {
                let of_interest = |key: &&ProfileKey| !has_looked || self.used.contains(*key);
                Stage::new(is_metered && !has_looked, profiles.iter().filter(of_interest).cloned().collect())
            });
            if !stage.waiting.is_empty() {
                return Some(question(piece.span, piece.step, stage));
            }
            // Nobody was in use: the piece is complete without a question.
            self.finish();
        }
    }

    /// Takes what was answered.
    pub(super) fn answered(&mut self, question: &Question, usage: &[ProfileUsage]) {
        self.is_held_up = false;
        let Some(piece) = self.missing.front_mut() else { return };
        let Some(stage) = piece.stage.as_mut() else { return };
        let answered: HashSet<&ProfileKey> = question.asks.iter().map(|ask| &ask.profile).collect();
        stage.waiting.retain(|key| !answered.contains(key));
        self.used.extend(usage.iter().map(|usage| usage.profile.clone()));
        if !stage.waiting.is_empty() {
            return;
        }
        if stage.is_look {
            self.looked_at = Some(piece.span);
            piece.stage = None;
        } else {
            self.finish();
        }
    }

    /// The pieces that have been completed since this was asked last.
    pub(super) fn take_complete(&mut self) -> Vec<Complete> {
        std::mem::take(&mut self.complete)
    }

    /// Notes that fetching cannot go on for now: what is known is judged then.
    pub(super) fn hold_up(&mut self) {
        self.is_held_up = true;
    }

    /// Whether hours are missing that are about to come.
    pub(super) fn is_filling(&self) -> bool {
        !self.is_held_up && self.missing.iter().any(|piece| piece.step == Step::HOUR)
    }

    /// How much of what was planned is there, in percent; `None` if nothing is missing.
    pub(super) fn percent(&self) -> Option<u8> {
        let first = self.missing.front()?;
        let waiting = first.stage.as_ref().map_or(100, |stage| stage.waiting.len() * 100 / stage.all.max(1));
        let left = (self.missing.len() - 1) * 100 + waiting;
        let percent = 100 - (left / self.planned.max(1)).min(100);
        u8::try_from(percent.min(99)).ok()
    }

    /// How many metrics the missing pieces take of so many profiles: at the least, if nobody was in use, and at the
    /// most.
    pub(super) fn metrics(&self, profiles: usize) -> (usize, usize) {
        let looks = self.missing.iter().filter(|piece| piece.step == Step::HOUR).count().max(1);
        let least = looks * profiles * LOOK.len();
        (least, least + self.missing.len() * profiles * METERS.len())
    }

    fn finish(&mut self) {
        let done = self.missing.pop_front();
        let complete = |Piece { span, step, .. }: Piece| match step {
            Step::HOUR => Complete::Hours(span),
            Step::FIVE_MINUTES => Complete::FiveMinutes(span),
            _ => Complete::Points(span),
        };
        self.complete.extend(done.map(complete));
    }

    fn add_hours(&mut self, start: Timestamp, end: Timestamp) {
        self.add(start, end, Step::HOUR, |_| HOURS_PIECE);
    }

    fn add_five_minutes(&mut self, start: Timestamp, end: Timestamp) {
        self.add(start, end, Step::FIVE_MINUTES, |_| FIVE_MINUTES_PIECE);
    }

    fn add_points(&mut self, start: Timestamp, end: Timestamp) {
        self.add(start, end, Step::MINUTE, |number| FIRST_PIECE.saturating_mul(1 << number.min(10)));
    }

    fn add(&mut self, start: Timestamp, end: Timestamp, step: Step, length: impl Fn(i32) -> SignedDuration) {
        let mut piece_end = end;
        for number in 0.. {
            if piece_end <= start {
                return;
            }
            let piece_start = piece_end.saturating_sub(length(number)).unwrap_or(start).max(start);
            self.missing.push_back(Piece { span: TimeSpan::new(piece_start, piece_end), step, stage: None });
            piece_end = piece_start;
        }
    }
}

impl Stage {
    fn new(is_look: bool, waiting: Vec<ProfileKey>) -> Self {
        Self { is_look, all: waiting.len(), waiting }
    }
}

/// As many profiles as one question may have.
fn question(span: TimeSpan, step: Step, stage: &Stage) -> Question {
    let (step, most) = if stage.is_look { (Step::HOUR, MOST_STEPS_LOOKED_AT) } else { (step, MOST_STEPS) };
    let steps = (span.length().as_secs() / step.seconds()).max(1);
    let profiles = usize::try_from(most / steps).unwrap_or(1).max(1);
    let meters = if stage.is_look { LOOK } else { METERS };
    let ask = |profile: &ProfileKey| Ask { profile: profile.clone(), meters, from: span.start };
    let asks = stage.waiting.iter().take(profiles).map(ask).collect();
    Question { span, step, asks, is_look: stage.is_look }
}
