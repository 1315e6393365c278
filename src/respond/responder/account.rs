//! What can be seen of responses, and done about them by hand: letters, the outbox, lines of the alert log.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::ReceiverKind;
use crate::domain::event::{DeliveryNote, Happening, LogEntry, Outcome};
use crate::domain::letter::{LetterRow, LetterState, Outbox};
use crate::domain::space::Spaces;
use crate::respond::desk::Desk;
use crate::respond::event::{Event, clipped};
use crate::respond::letter::Letter;
use crate::respond::queue::letter_key;
use crate::respond::responder::{Responder, told_key};
use crate::respond::told::{Receipt, Told};

/// How many letters that wait, and how many dead ones, the outbox shows.
const SHOWN: usize = 25;
/// The longest detail in a line of the alert log, in characters.
const LONGEST_DETAIL: usize = 200;

impl Responder {
    /// A dead letter waits again, under the same key. Gives whether there is one.
    pub fn resend(&mut self, key: &str, now: Timestamp, stored: &dyn Spaces) -> bool {
        let mut desk = Desk { stored, drafts: &mut self.drafts };
        self.queue.resend(&mut desk, key, now)
    }

    /// The newest letters, those that wait first.
    #[must_use]
    pub fn letters(&mut self, most: usize, stored: &dyn Spaces) -> Vec<Letter> {
        let places = self.queue.newest(None, most);
        self.letters_at(&places, stored).collect()
    }

    /// The newest letters as people see them, those that wait first; only those of a state, if one is asked for.
    #[must_use]
    pub fn rows(&mut self, state: Option<LetterState>, most: usize, stored: &dyn Spaces) -> Vec<LetterRow> {
        let places = self.queue.newest(state, most);
        self.letters_at(&places, stored).map(|letter| letter.row()).collect()
    }

    /// How many letters wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.waiting_count()
    }

    /// What waits and what is dead, in figures and some rows.
    #[must_use]
    pub fn outbox(&mut self, stored: &dyn Spaces) -> Outbox {
        let (dead, count) = self.queue.dead(SHOWN);
        let places = [self.queue.some_waiting(SHOWN), dead].concat();
        let letters: Vec<LetterRow> = self.letters_at(&places, stored).map(|letter| letter.row()).collect();
        Outbox { waiting: self.waiting() as u64, dead: count as u64, letters }
    }

    /// Every alert that a receiver knows to fire, as it was told last.
    #[must_use]
    pub fn firing_for(&mut self, receiver: &str, stored: &dyn Spaces) -> Vec<Event> {
        let knows = |receivers: &BTreeMap<String, Receipt>| receivers.contains_key(receiver);
        let known: Vec<String> =
            self.told.iter().filter(|(_, receivers)| knows(receivers)).map(|(alert, _)| told_key(alert)).collect();
        let desk = self.desk(stored);
        known.iter().filter_map(|key| desk.get::<Told>(key)).map(|told| told.event).collect()
    }

    fn letters_at<'a>(&'a mut self, places: &'a [u64], stored: &'a dyn Spaces) -> impl Iterator<Item = Letter> + 'a {
        let desk = self.desk(stored);
        places.iter().filter_map(move |sequence| desk.get(&letter_key(*sequence)))
    }

    /// Notes for the alert log how a letter went, once for each alert it tells of. That the audit log has an event or
    /// the bell rang is no news.
    pub(super) fn note(&mut self, letter: &Letter, outcome: Outcome, detail: &str, at: Timestamp) {
        let kind = self.router.receiver(&letter.receiver).map(|receiver| &receiver.kind);
        if outcome == Outcome::Delivered && matches!(kind, Some(ReceiverKind::Log(_) | ReceiverKind::Bell)) {
            return;
        }
        let note = |event: &Event| DeliveryNote {
            notice: event.id.clone(),
            alert: event.alert(),
            kind: event.kind,
            level: event.level,
            receiver: letter.receiver.clone(),
            outcome,
            detail: clipped(detail, LONGEST_DETAIL),
            key: letter.key.clone(),
        };
        let entry = |event: &Event| LogEntry { at, what: Happening::Delivery(note(event)) };
        self.noted.extend(letter.latest().into_iter().map(entry));
    }
}
