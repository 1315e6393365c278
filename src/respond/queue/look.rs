//! What can be seen of the queue.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::letter::LetterState;
use crate::respond::queue::{Done, Queue};

impl Queue {
    /// When programs ran for a receiver since then, and for which alerts.
    pub(in crate::respond) fn runs_since<'a>(
        &'a self,
        receiver: &'a str,
        since: Timestamp,
    ) -> impl Iterator<Item = &'a Done> {
        self.done
            .iter()
            .rev()
            .take_while(move |done| done.at > since)
            .filter(move |done| done.ran && done.receiver == receiver)
    }

    /// How many letters wait.
    pub(in crate::respond) fn waiting_count(&self) -> usize {
        self.waiting.values().map(BTreeMap::len).sum()
    }

    /// The places of the newest dead letters, and how many there are.
    pub(in crate::respond) fn dead(&self, most: usize) -> (Vec<u64>, usize) {
        let dead = || self.done.iter().rev().filter(|done| done.state == LetterState::Dead);
        (dead().take(most).map(|done| done.sequence).collect(), dead().count())
    }

    /// The places of some letters that wait, at most as many as asked.
    pub(in crate::respond) fn some_waiting(&self, most: usize) -> Vec<u64> {
        self.waiting.values().flat_map(BTreeMap::keys).copied().take(most).collect()
    }

    /// The places of the newest letters, those that wait first, at most as many as asked; only those of a state, if one
    /// is asked for.
    pub(in crate::respond) fn newest(&self, state: Option<LetterState>, most: usize) -> Vec<u64> {
        let has_waiting = state.is_none_or(|state| state == LetterState::Waiting);
        let waiting = self.waiting.values().filter(|_| has_waiting).flat_map(|letters| letters.keys().rev().copied());
        let done = self.done.iter().rev().filter(|done| state.is_none_or(|state| done.state == state));
        waiting.chain(done.map(|done| done.sequence)).take(most).collect()
    }
}
