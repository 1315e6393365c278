//! Which hours of the past are still to be fetched.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::domain::time::{TimeSpan, floor_hour};

/// How far back points are asked for in steps; hours beyond.
const POINTS_REACH: SignedDuration = SignedDuration::from_hours(6);
/// How much history one request covers.
const REQUEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where the points that are asked for begin; whole hours lie before.
pub(super) fn points_start(now: Timestamp) -> Timestamp {
    floor_hour(now.saturating_sub(POINTS_REACH).unwrap_or(Timestamp::MIN))
}

/// The spans that are missing, in the order of fetching.
#[derive(Debug, Default)]
pub(super) struct Backfill {
    missing: VecDeque<TimeSpan>,
    is_planned: bool,
    is_failing: bool,
}

impl Backfill {
    /// Notes the hours before the points that are missing, where usage is known over `known`: the gap after it, if the
    /// scope was not heard from for longer than points are asked for, and what is wanted of the past before it. The
    /// newest come first.
    pub(super) fn plan(&mut self, known: Option<TimeSpan>, oldest_wanted: Timestamp, now: Timestamp) {
        let end = points_start(now);
        let known = known.unwrap_or(TimeSpan::new(end, end));
        let oldest = floor_hour(oldest_wanted);
        self.add(floor_hour(known.end).max(oldest), end);
        if !self.is_planned {
            self.add(oldest, floor_hour(known.start).min(end));
        }
        self.is_planned = true;
    }

    /// Adds a span in pieces that one request can cover.
    fn add(&mut self, start: Timestamp, end: Timestamp) {
        let mut piece_end = end;
        while piece_end > start {
            let piece_start = piece_end.saturating_sub(REQUEST).unwrap_or(start).max(start);
            self.missing.push_back(TimeSpan::new(piece_start, piece_end));
            piece_end = piece_start;
        }
    }

    /// The span to fetch next.
    pub(super) fn next(&self) -> Option<TimeSpan> {
        self.missing.front().copied()
    }

    /// Notes how fetching it went; a span that failed is fetched again.
    pub(super) fn fetched(&mut self, is_well: bool) {
        self.is_failing = !is_well;
        if is_well {
            self.missing.pop_front();
        }
    }

    /// Whether more is about to come. A backfill that fails is not waited for: what is known is judged then.
    pub(super) fn is_under_way(&self) -> bool {
        !self.missing.is_empty() && !self.is_failing
    }
}
