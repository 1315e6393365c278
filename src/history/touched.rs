//! Since when points of a profile have changed, so that readers need to read only what is new.

use std::collections::VecDeque;

use jiff::Timestamp;

/// How many changes are told apart; a reader that is further behind reads everything again.
const KEPT: usize = 8;

/// The changes of one profile's points.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    count: u64,
    /// The earliest point that each of the last changes was about.
    earliest: VecDeque<Timestamp>,
}

impl Touched {
    /// Notes a change of points from this one on.
    pub(super) fn note(&mut self, earliest: Timestamp) {
        self.count += 1;
        self.earliest.push_back(earliest);
        if self.earliest.len() > KEPT {
            self.earliest.pop_front();
        }
    }

    /// How many changes there were, and the earliest point of those after the first `mark`.
    pub(super) fn since(&self, mark: u64) -> (u64, Option<Timestamp>) {
        let missed = usize::try_from(self.count.saturating_sub(mark)).unwrap_or(usize::MAX);
        let from = if missed > self.earliest.len() {
            Some(Timestamp::MIN)
        } else {
            self.earliest.iter().rev().take(missed).min().copied()
        };
        (self.count, from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_is_told_the_earliest_change_that_it_has_missed() {
        let at = |second: i64| Timestamp::from_second(second).expect("a valid time");
        let mut touched = Touched::default();
        assert_eq!(touched.since(0), (0, None));
        for second in [50, 20, 60] {
            touched.note(at(second));
        }
        assert_eq!(touched.since(0), (3, Some(at(20))));
        assert_eq!(touched.since(2), (3, Some(at(60))));
        assert_eq!(touched.since(3), (3, None));
        for second in 0..20 {
            touched.note(at(100 + second));
        }
        assert_eq!(touched.since(3), (23, Some(Timestamp::MIN)), "too far behind");
    }
}
