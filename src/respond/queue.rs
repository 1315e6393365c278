//! The queue of letters. What is in memory of each is its place and its times; what it says is stored.

mod look;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::domain::letter::LetterState;
use crate::respond::desk::Desk;
use crate::respond::event::Event;
use crate::respond::letter::{LARGEST, Letter};

/// How long letters are kept that are done with, and how many at most.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
const MOST_KEPT: usize = 5_000;
/// How long dead letters are kept.
const DEAD_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many letters may wait for one receiver; the oldest is given up then.
const MOST_WAITING: usize = 10_000;
/// What a rate is counted over.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// How the keys of letters begin.
const PREFIX: &str = "letter/";

/// How many more letters each receiver may have on their way.
pub type Room = BTreeMap<String, usize>;

/// Letters that wait, and what is known of those that do not any more.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<String, BTreeMap<u64, Waiting>>,
    /// The places of the letters of a receiver and group that wait.
    groups: HashMap<Group, BTreeSet<u64>>,
    done: VecDeque<Done>,
    next: u64,
    paused: HashMap<String, Timestamp>,
    sent: HashMap<String, VecDeque<Timestamp>>,
}

/// A receiver and what is told it together.
type Group = (String, String);

#[derive(Debug)]
struct Waiting {
    group: String,
    due: Timestamp,
    in_flight: bool,
    /// More can be added to it: it was never on its way, in this run or one before.
    is_open: bool,
    bytes: usize,
}

/// A letter that is done with.
#[derive(Clone, Debug)]
pub(super) struct Done {
    /// Its place.
    pub sequence: u64,
    /// Its key.
    pub key: String,
    /// Who was told.
    pub receiver: String,
    /// Of which alerts.
    pub about: Vec<String>,
    /// How it ended.
    pub state: LetterState,
    /// Whether a program ran.
    pub ran: bool,
    /// When it ended.
    pub at: Timestamp,
}

impl Done {
    fn of(letter: &Letter) -> Self {
        Self {
            sequence: letter.sequence,
            key: letter.key.clone(),
            receiver: letter.receiver.clone(),
            about: letter.about.clone(),
            state: letter.state,
            ran: letter.ran,
            at: letter.done_at.unwrap_or(letter.written),
        }
    }
}

/// The key of a letter.
pub(super) fn letter_key(sequence: u64) -> String {
    format!("{PREFIX}{sequence:016x}")
}

/// A stored letter, if this is one.
pub(super) fn read_letter(key: &str, value: &[u8]) -> Option<Letter> {
    key.starts_with(PREFIX).then(|| serde_json::from_slice(value).ok()).flatten()
}

impl Queue {
    /// Takes up a letter that was stored by an earlier run.
    pub(super) fn load(&mut self, letter: &Letter, bytes: usize) {
        self.next = self.next.max(letter.sequence + 1);
        if letter.state == LetterState::Waiting {
            self.wait(letter, bytes, false);
        } else {
            self.done.push_back(Done::of(letter));
        }
    }

    /// Everything was loaded.
    pub(super) fn loaded(&mut self) {
        self.done.make_contiguous().sort_by_key(|done| done.at);
    }

    /// Adds a letter: to one that waits and was never tried, or as one of its own.
    pub(super) fn add(&mut self, desk: &mut Desk<'_>, mut letter: Letter, may_join: bool) {
        self.pull_forward(desk, &letter);
        if may_join && self.join(desk, &letter) {
            return;
        }
        letter.sequence = self.next;
        self.next += 1;
        let bytes = store(desk, &letter);
        self.wait(&letter, bytes, may_join);
        self.give_up_oldest(desk, &letter.receiver, letter.written);
    }

    /// Adds a letter that is not sent, so that it is told why.
    pub(super) fn add_skipped(&mut self, desk: &mut Desk<'_>, mut letter: Letter, why: &str) {
        letter.sequence = self.next;
        self.next += 1;
        let at = letter.written;
        self.finish(desk, letter, LetterState::Skipped, Some(why), at);
    }

    /// The letters that are due, at most one a group and as many as there is room for. They are on their way then.
    /// Also when to look again.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        room: &Room,
        rate: &dyn Fn(&str) -> usize,
    ) -> (Vec<u64>, Option<Timestamp>) {
        let mut taken = Vec::new();
        let mut next = None;
        let mut look_again = |at: Timestamp| next = Some(next.map_or(at, |known: Timestamp| known.min(at)));
        for (receiver, letters) in &mut self.waiting {
            if let Some(&until) = self.paused.get(receiver).filter(|until| **until > now) {
                look_again(until);
                continue;
            }
            let sent = self.sent.entry(receiver.clone()).or_default();
            sent.retain(|at| at.saturating_add(MINUTE).is_ok_and(|free| free > now));
            let mut left = room.get(receiver).copied().unwrap_or(0);
            let mut busy: HashSet<&str> = HashSet::new();
            for (&sequence, letter) in letters {
                let is_blocked = !busy.insert(&letter.group);
                if is_blocked || letter.in_flight {
                    continue;
                }
                if letter.due > now {
                    look_again(letter.due);
                    continue;
                }
                if left == 0 {
                    break;
                }
                if sent.len() >= rate(receiver) {
                    let free = sent.front().map_or(now, |oldest| *oldest).saturating_add(MINUTE);
                    look_again(free.unwrap_or(Timestamp::MAX));
                    break;
                }
                left -= 1;
                sent.push_back(now);
                letter.in_flight = true;
                letter.is_open = false;
                taken.push(sequence);
            }
        }
        (taken, next)
    }

    /// A letter that was on its way waits again.
    pub(super) fn again(&mut self, desk: &mut Desk<'_>, letter: &Letter) {
        let bytes = store(desk, letter);
        self.wait(letter, bytes, false);
    }

    /// A letter is done with.
    pub(super) fn finish(
        &mut self,
        desk: &mut Desk<'_>,
        mut letter: Letter,
        state: LetterState,
        note: Option<&str>,
        at: Timestamp,
    ) {
        self.forget(&letter);
        letter.end(state, note, at);
        store(desk, &letter);
        self.done.push_back(Done::of(&letter));
        self.prune(desk, at);
    }

    /// Nothing goes to a receiver until then.
    pub(super) fn pause(&mut self, receiver: &str, until: Timestamp) {
        self.paused.insert(receiver.to_owned(), until);
    }

    /// Takes events out of the letters of a receiver and group that wait and are not on their way; those that are
    /// empty then are skipped. Gives whether any was there.
    pub(super) fn withdraw(
        &mut self,
        desk: &mut Desk<'_>,
        (receiver, group): (&str, &str),
        goes: &dyn Fn(&Letter, &Event) -> bool,
        (why, at): (&str, Timestamp),
    ) -> bool {
        let mut any = false;
        for sequence in self.waiting_of(&(receiver.to_owned(), group.to_owned())) {
            let Some(mut letter) = desk.get::<Letter>(&letter_key(sequence)) else { continue };
            let before = letter.clone();
            if !letter.withdraw(|event| goes(&before, event)) {
                continue;
            }
            any = true;
            if letter.events.is_empty() {
                self.finish(desk, before, LetterState::Skipped, Some(why), at);
            } else {
                self.again(desk, &letter);
            }
        }
        any
    }

    /// A dead letter waits again, under the same key. Gives whether there is one.
    pub(super) fn resend(&mut self, desk: &mut Desk<'_>, key: &str, now: Timestamp) -> bool {
        let is_it = |done: &Done| done.key == key && done.state == LetterState::Dead;
        let Some(place) = self.done.iter().position(is_it) else { return false };
        let Some(done) = self.done.remove(place) else { return false };
        let Some(mut letter) = desk.get::<Letter>(&letter_key(done.sequence)) else { return false };
        letter.state = LetterState::Waiting;
        letter.done_at = None;
        letter.attempts = 0;
        letter.first_try = None;
        letter.due = now;
        self.again(desk, &letter);
        true
    }

    fn wait(&mut self, letter: &Letter, bytes: usize, is_open: bool) {
        let waiting = Waiting { group: letter.group.clone(), due: letter.due, in_flight: false, is_open, bytes };
        self.waiting.entry(letter.receiver.clone()).or_default().insert(letter.sequence, waiting);
        self.groups.entry(group_of(letter)).or_default().insert(letter.sequence);
    }

    fn forget(&mut self, letter: &Letter) {
        if let Some(letters) = self.waiting.get_mut(&letter.receiver) {
            letters.remove(&letter.sequence);
        }
        if let Entry::Occupied(mut group) = self.groups.entry(group_of(letter)) {
            group.get_mut().remove(&letter.sequence);
            if group.get().is_empty() {
                group.remove();
            }
        }
    }

    /// The places of letters of a group that wait and are not on their way, in order.
    fn waiting_of(&self, group: &Group) -> Vec<u64> {
        let places = self.groups.get(group).into_iter().flatten().copied();
        let letters = self.waiting.get(&group.0);
        places
            .filter(|place| letters.and_then(|letters| letters.get(place)).is_some_and(|letter| !letter.in_flight))
            .collect()
    }

    /// A letter never overtakes another of its group: what stands before an urgent one is as urgent.
    fn pull_forward(&mut self, desk: &mut Desk<'_>, urgent: &Letter) {
        for sequence in self.waiting_of(&group_of(urgent)) {
            let Some(waiting) = self.entry(&urgent.receiver, sequence).filter(|waiting| waiting.due > urgent.due)
            else {
                continue;
            };
            let is_open = waiting.is_open;
            let Some(mut letter) = desk.get::<Letter>(&letter_key(sequence)).filter(|letter| letter.attempts == 0)
            else {
                continue;
            };
            letter.due = urgent.due;
            letter.held &= urgent.held;
            let bytes = store(desk, &letter);
            self.wait(&letter, bytes, is_open);
        }
    }

    fn join(&mut self, desk: &mut Desk<'_>, joining: &Letter) -> bool {
        let newest = self.groups.get(&group_of(joining)).and_then(BTreeSet::last).copied();
        let Some(sequence) = newest else { return false };
        let more = serde_json::to_vec(&joining.events).map_or(usize::MAX, |events| events.len());
        let has_room = |waiting: &Waiting| waiting.is_open && waiting.bytes.saturating_add(more) <= LARGEST;
        if !self.entry(&joining.receiver, sequence).is_some_and(has_room) {
            return false;
        }
        let Some(mut letter) = desk.get::<Letter>(&letter_key(sequence)) else { return false };
        for event in &joining.events {
            letter.add(event.clone());
        }
        letter.owed.extend_from_slice(&joining.owed);
        letter.held &= joining.held;
        letter.due = letter.due.min(joining.due);
        let bytes = store(desk, &letter);
        self.wait(&letter, bytes, true);
        true
    }

    fn entry(&self, receiver: &str, sequence: u64) -> Option<&Waiting> {
        self.waiting.get(receiver)?.get(&sequence)
    }

    fn give_up_oldest(&mut self, desk: &mut Desk<'_>, receiver: &str, at: Timestamp) {
        let Some(letters) = self.waiting.get(receiver).filter(|letters| letters.len() > MOST_WAITING) else { return };
        let oldest = letters.iter().find(|(_, letter)| !letter.in_flight).map(|(&sequence, _)| sequence);
        let Some(letter) = oldest.and_then(|sequence| desk.get::<Letter>(&letter_key(sequence))) else { return };
        let why = format!("more than {MOST_WAITING} letters wait for this receiver");
        self.finish(desk, letter, LetterState::Dead, Some(&why), at);
    }

    fn prune(&mut self, desk: &mut Desk<'_>, now: Timestamp) {
        let kept = |done: &Done| if done.state == LetterState::Dead { DEAD_KEPT } else { KEPT };
        let is_old = |done: &Done| done.at.saturating_add(kept(done)).is_ok_and(|end| end < now);
        while self.done.len() > MOST_KEPT || self.done.front().is_some_and(is_old) {
            let Some(oldest) = self.done.pop_front() else { return };
            desk.remove(letter_key(oldest.sequence));
        }
    }
}

fn group_of(letter: &Letter) -> Group {
    (letter.receiver.clone(), letter.group.clone())
}

/// Has a letter stored; gives its size.
fn store(desk: &mut Desk<'_>, letter: &Letter) -> usize {
    let key = letter_key(letter.sequence);
    desk.put(key.clone(), letter);
    desk.drafts.get(&key).and_then(Option::as_ref).map_or(0, Vec::len)
}
