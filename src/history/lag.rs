//! How late points come, and how many are revised: measured on what each poll brings of profiles that are followed,
//! which is to say that earlier polls have brought points of the last half hour, and of points of that half hour. What
//! a first look after a while finds, or what is fetched of the past, tells nothing of the source.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::domain::time::TimeSpan;
use crate::history::head::Revision;

/// How many newest points the lag is taken over.
const SAMPLE: usize = 256;
/// How far back a profile that is followed has a point.
const FOLLOWED: SignedDuration = SignedDuration::from_mins(30);

/// The span in which a profile that is followed has a point when it is polled.
pub(super) fn followed_span(polled: Timestamp) -> TimeSpan {
    TimeSpan::new(polled.saturating_sub(FOLLOWED).unwrap_or(Timestamp::MIN), polled)
}

/// What one batch changed.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Points that were not there before.
    pub new: u64,
    /// Points that had another value before.
    pub revised: u64,
    /// Seconds from the end of each new point to the poll that brought it.
    pub lags: Vec<u32>,
}

impl Changed {
    /// Notes what became of a point that ended at `end`, which is not given for profiles that are not followed.
    pub(super) fn note(&mut self, revision: Revision, polled: Timestamp, end: Option<Timestamp>) {
        match revision {
            Revision::Revised => self.revised += 1,
            Revision::New => {
                self.new += 1;
                let lag = end.map(|end| polled.duration_since(end)).filter(|lag| *lag <= FOLLOWED);
                self.lags.extend(lag.map(|lag| u32::try_from(lag.as_secs()).unwrap_or(0)));
            }
            Revision::Same | Revision::More => {}
        }
    }
}

/// The lags of the newest points of a scope.
#[derive(Debug, Default)]
pub(super) struct Lag {
    newest: VecDeque<u32>,
}

impl Lag {
    /// Takes further lags; gives how late 95 % of the newest points were at most, in seconds.
    pub(super) fn after(&mut self, lags: &[u32]) -> Option<u32> {
        self.newest.extend(lags.iter().rev().take(SAMPLE).rev());
        self.newest.drain(..self.newest.len().saturating_sub(SAMPLE));
        let mut sorted: Vec<u32> = self.newest.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get((sorted.len() * 95).div_ceil(100).saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_that_of_the_newest_points() {
        let mut lag = Lag::default();
        assert_eq!(lag.after(&[]), None);
        assert_eq!(lag.after(&(1..=100).collect::<Vec<_>>()), Some(95));
        assert_eq!(lag.after(&[7; 1000]), Some(7), "old ones are forgotten");
    }

    #[test]
    fn points_that_were_not_asked_for_in_time_tell_nothing() {
        let mut changed = Changed::default();
        let polled = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        changed.note(Revision::New, polled, None);
        changed.note(Revision::New, polled, Some(Timestamp::UNIX_EPOCH));
        changed.note(Revision::New, polled, Some(polled - SignedDuration::from_secs(90)));
        changed.note(Revision::Revised, polled, Some(polled));
        assert_eq!((changed.lags, changed.revised), (vec![90], 1));
    }
}
