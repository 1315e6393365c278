//! What became of letters, and what follows from it: who knows of which alert, what is to be taken back, what is
//! remembered.

use jiff::{SignedDuration, Timestamp};

use crate::config::ReceiverKind;
use crate::domain::event::Outcome;
use crate::domain::letter::LetterState;
use crate::domain::space::Spaces;
use crate::respond::backoff;
use crate::respond::desk::Desk;
use crate::respond::event::{Event, clipped};
use crate::respond::letter::{Action, Letter, Report, Verdict};
use crate::respond::queue::letter_key;
use crate::respond::responder::{HOUR, Lease, Responder, lease_key, memo_key, told_key};
use crate::respond::told::{Arrival, Receipt, Told};

impl Responder {
    /// Takes what became of a job.
    pub fn settle(&mut self, report: &Report, stored: &dyn Spaces) {
        let Some(letter) = self.desk(stored).get::<Letter>(&letter_key(report.sequence)) else { return };
        match &report.verdict {
            Verdict::Delivered { note, memo, ran } => {
                let outcome = (note.as_deref(), memo.as_deref(), *ran);
                self.delivered(letter, outcome, report.at, stored);
            }
            Verdict::Skipped(why) => {
                if !letter.maybe_received {
                    self.never_arrived(&letter, report.at, stored);
                }
                self.finish(letter, LetterState::Skipped, Some(why), report.at, stored);
            }
            Verdict::Refused(why) => self.give_up(letter, why, report.at, stored),
            Verdict::Retry { why, after, maybe_received } => {
                self.try_again(letter, (why, *after, *maybe_received), report.at, stored);
            }
        }
    }

    fn delivered(
        &mut self,
        mut letter: Letter,
        (note, memo, ran): (Option<&str>, Option<&str>, bool),
        at: Timestamp,
        stored: &dyn Spaces,
    ) {
        for event in &letter.events {
            self.arrived(&letter.receiver, event, Arrival::Arrived, stored);
        }
        let takes_back = letter.action == Action::Revert || letter.events.iter().any(Event::is_end);
        letter.ran = ran && !takes_back;
        if ran {
            self.lease(&letter, at, stored);
        }
        self.keep_memo(&letter, memo, stored);
        self.finish(letter, LetterState::Delivered, note, at, stored);
    }

    fn try_again(
        &mut self,
        mut letter: Letter,
        (why, after, maybe_received): (&str, Option<SignedDuration>, bool),
        at: Timestamp,
        stored: &dyn Spaces,
    ) {
        letter.attempts += 1;
        letter.maybe_received |= maybe_received;
        letter.note = Some(clipped(why, 300));
        let pause = after.map(backoff::bounded_pause);
        let wait = backoff::wait_after(letter.attempts, &letter.key).max(pause.unwrap_or_default());
        let again = at.saturating_add(wait).unwrap_or(Timestamp::MAX);
        if pause.is_some() {
            self.queue.pause(&letter.receiver, again);
        }
        let retry_for = self.router.receiver(&letter.receiver).map_or(HOUR, |receiver| receiver.retry_for);
        let first_try = *letter.first_try.get_or_insert(at);
        if first_try.saturating_add(retry_for).is_ok_and(|end| end < again) {
            let why = format!("given up after {} tries: {why}", letter.attempts);
            self.give_up(letter, &why, at, stored);
            return;
        }
        self.note(&letter, Outcome::Failed, why, at);
        letter.due = again;
        let mut desk = Desk { stored, drafts: &mut self.drafts };
        self.queue.again(&mut desk, &letter);
    }

    /// The letter is dead. What it told of did not arrive, so that its end is not told either; unless the receiver may
    /// have it all the same.
    fn give_up(&mut self, letter: Letter, why: &str, at: Timestamp, stored: &dyn Spaces) {
        if !letter.maybe_received {
            self.never_arrived(&letter, at, stored);
        }
        self.finish(letter, LetterState::Dead, Some(why), at, stored);
    }

    fn never_arrived(&mut self, letter: &Letter, at: Timestamp, stored: &dyn Spaces) {
        let begun: Vec<Event> = letter.events.iter().filter(|event| !event.is_end()).cloned().collect();
        for event in begun {
            self.arrived(&letter.receiver, &event, Arrival::Never, stored);
            let is_its_end = |letter: &Letter, other: &Event| {
                other.is_end() && other.fingerprint == event.fingerprint && !letter.owed.contains(&event.fingerprint)
            };
            let mut desk = Desk { stored, drafts: &mut self.drafts };
            let why = ("that it began was never delivered", at);
            self.queue.withdraw(&mut desk, (&letter.receiver, &letter.group), &is_its_end, why);
        }
    }

    /// Notes whether it arrived; what arrived once stays so.
    fn arrived(&mut self, receiver: &str, event: &Event, state: Arrival, stored: &dyn Spaces) {
        let Some(receivers) = self.told.get_mut(&event.fingerprint) else { return };
        let Some(receipt) = receivers.get_mut(receiver) else { return };
        if event.at < receipt.since || receipt.state == state || receipt.state == Arrival::Arrived {
            return;
        }
        receipt.state = state;
        self.restore_told(&event.fingerprint, stored);
    }

    /// Has the receivers of an alert stored anew.
    fn restore_told(&mut self, fingerprint: &str, stored: &dyn Spaces) {
        let Some(receivers) = self.told.get(fingerprint).cloned() else { return };
        let mut desk = self.desk(stored);
        if let Some(told) = desk.get::<Told>(&told_key(fingerprint)) {
            desk.put(told_key(fingerprint), &Told { receivers, ..told });
        }
    }

    fn finish(&mut self, letter: Letter, state: LetterState, note: Option<&str>, at: Timestamp, stored: &dyn Spaces) {
        let outcome = match state {
            LetterState::Skipped => Outcome::LeftOut,
            LetterState::Dead => Outcome::Dead,
            LetterState::Delivered | LetterState::Waiting => Outcome::Delivered,
        };
        self.note(&letter, outcome, note.unwrap_or_default(), at);
        let mut desk = Desk { stored, drafts: &mut self.drafts };
        self.queue.finish(&mut desk, letter, state, note, at);
    }

    /// What a program did is taken back after its time, unless the alert ends before.
    fn lease(&mut self, letter: &Letter, at: Timestamp, stored: &dyn Spaces) {
        let Some(event) = letter.events.last() else { return };
        let key = lease_key(&letter.receiver, &event.fingerprint);
        let ttl = match self.router.receiver(&letter.receiver).map(|receiver| &receiver.kind) {
            Some(ReceiverKind::Exec(exec)) if letter.action == Action::Tell && !event.is_end() => exec.ttl,
            _ => None,
        };
        let until = ttl.and_then(|ttl| at.saturating_add(ttl).ok());
        match until {
            Some(until) => {
                let lease = Lease { receiver: letter.receiver.clone(), until, event: event.clone() };
                self.desk(stored).put(key.clone(), &lease);
                self.leases.insert(key, until);
            }
            None if self.leases.remove(&key).is_some() => self.desk(stored).remove(key),
            None => {}
        }
    }

    pub(super) fn end_leases(&mut self, now: Timestamp, stored: &dyn Spaces) {
        let over: Vec<String> =
            self.leases.iter().filter(|(_, until)| **until <= now).map(|(key, _)| key.clone()).collect();
        for key in over {
            self.leases.remove(&key);
            let Some(lease) = self.desk(stored).get::<Lease>(&key) else { continue };
            self.desk(stored).remove(key);
            let group = lease.event.fingerprint.clone();
            self.forget_told(&group, &lease.receiver, stored);
            let event = Event { at: now, ..lease.event };
            let letter = Letter::new(&lease.receiver, &group, Action::Revert, event, now);
            let mut desk = Desk { stored, drafts: &mut self.drafts };
            self.queue.add(&mut desk, letter, false);
        }
    }

    fn forget_told(&mut self, fingerprint: &str, receiver: &str, stored: &dyn Spaces) {
        if let Some(receivers) = self.told.get_mut(fingerprint) {
            receivers.remove(receiver);
            self.restore_told(fingerprint, stored);
        }
    }

    /// Remembers what the receiver gave for the next letter of the group, until nothing of the group fires any more.
    fn keep_memo(&mut self, letter: &Letter, memo: Option<&str>, stored: &dyn Spaces) {
        let Some(memo) = memo else { return };
        let in_group = |receipt: &Receipt| receipt.group == letter.group;
        let fires = self.told.values().filter_map(|told| told.get(&letter.receiver)).any(in_group);
        let key = memo_key(letter);
        let mut desk = self.desk(stored);
        if fires { desk.put(key, &memo) } else { desk.remove(key) }
    }
}
