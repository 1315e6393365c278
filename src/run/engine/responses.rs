//! What the engine has to do with responses: it answers the courier, stores what became of letters, and shows it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use crate::domain::letter::{LetterState, Outbox};
use crate::domain::space::Spaces;
use crate::link::Answer;
use crate::run::engine::Engine;
use crate::run::letters;
use crate::run::responses::Ask;

/// How often what became of letters is shown at most: in a storm each exchange would be a view of its own.
const SHOWN_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// How many letters are listed at most: they have to fit one message to a pane.
pub(super) const MOST_LETTERS: usize = 2_000;
/// There is nothing to answer from.
const NO_RESPONSES: &str = "the owner of the history tells nobody: it shows a file or a simulation";

/// How often what became of letters is shown.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    now: Timestamp,
    shown: Option<Timestamp>,
    is_more: bool,
}

impl Pulse {
    fn beat(&mut self, now: Timestamp, is_more: bool) {
        self.now = now;
        self.is_more |= is_more;
    }

    fn is_due(&self) -> bool {
        self.is_more && self.shown.is_none_or(|shown| self.now.duration_since(shown).abs() >= SHOWN_EVERY)
    }

    fn shown(&mut self) {
        (self.shown, self.is_more) = (Some(self.now), false);
    }
}

impl Engine {
    /// Answers the courier. One that has gone away needs no answer.
    pub(super) fn respond(&mut self, now: Timestamp, ask: Ask) {
        let Some(office) = &mut self.office else { return };
        match ask {
            Ask::Exchange { reports, room, answer } => {
                let (due, edits) = office.exchange(&reports, &room, now, &self.store);
                self.pulse.beat(now, !edits.is_empty());
                let stored = if edits.is_empty() { Ok(()) } else { self.store.edit(edits) };
                match stored {
                    Ok(()) => self.responses_stored(),
                    // It is kept in memory, sent all the same, and stored with what comes next.
                    Err(error) => warn!(%error, "what became of responses could not be stored"),
                }
                let _ = answer.send(due);
            }
            Ask::Firing { receiver, answer } => {
                let _ = answer.send(office.firing_for(&receiver, &self.store));
            }
            Ask::IsWell(answer) => {
                let is_fresh = self.latest.as_ref().is_some_and(|view| !view.health.is_blind());
                let _ = answer.send(is_fresh && self.write_fault.is_none());
            }
        }
    }

    /// What responses gave to be stored is stored; what the log says of it is shown.
    pub(super) fn responses_stored(&mut self) {
        if let Some(office) = &mut self.office {
            let entries = office.stored();
            self.show(entries);
        }
    }

    /// What waits to be told and what could not be.
    pub(super) fn outbox(&mut self) -> Outbox {
        self.office.as_mut().map(|office| office.outbox(&self.store)).unwrap_or_default()
    }

    /// Takes what became of letters into the newest view, without judging anew, unless that was done just now. Gives
    /// whether it did.
    pub(super) fn renew_responses(&mut self) -> bool {
        let Some(latest) = self.latest.clone().filter(|_| self.pulse.is_due()) else { return false };
        self.pulse.shown();
        let mut view = Arc::unwrap_or_clone(latest);
        view.events = self.events.iter().cloned().collect();
        view.outbox = self.outbox();
        self.latest = Some(Arc::new(view));
        true
    }

    /// The newest letters, those that wait first; only those of a state, if one is asked for.
    pub(super) fn letters(&mut self, state: Option<LetterState>, most: u32) -> Answer {
        let Some(office) = &mut self.office else { return Answer::Refused(NO_RESPONSES.to_owned()) };
        Answer::Letters(office.letters(state, MOST_LETTERS.min(most as usize), &self.store))
    }

    /// Has a dead letter sent again.
    pub(super) fn resend(&mut self, key: &str) -> Answer {
        let Some(office) = &mut self.office else { return Answer::Refused(NO_RESPONSES.to_owned()) };
        let Some(edits) = office.resend(key, self.now, &self.store) else {
            return Answer::Refused(letters::no_dead_letter(key));
        };
        match self.store.edit(edits) {
            Ok(()) => {
                self.responses_stored();
                self.forget();
                Answer::Acted(1)
            }
            // It is sent all the same, from memory.
            Err(error) => Answer::Refused(format!("it is sent again, but that could not be stored: {error}")),
        }
    }
}
