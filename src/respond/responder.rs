//! The part of responses that lives with the engine: notices in, letters out, reports in. It does nothing by itself and
//! reads no clock; what is to be stored it gives to the engine, which stores it in one transaction with the changes of
//! level that caused it.

mod account;
mod settle;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::{Exec, ReceiverKind};
use crate::domain::alert_log::{self, Writer};
use crate::domain::event::{LogEntry, Outcome};
use crate::domain::notice::{Notice, NoticeKind};
use crate::domain::space::{Edit, Spaces};
use crate::respond::desk::{self, Desk, Drafts};
use crate::respond::event::{Event, digest};
use crate::respond::letter::{Action, Job, Letter, Report, Verdict};
use crate::respond::queue::{Queue, Room, letter_key, read_letter};
use crate::respond::router::{Address, Before, Router, barred, takes};
use crate::respond::told::{Arrival, Receipt, Told};

/// What a ceiling of runs is counted over.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// From so many groups on those of long ago are forgotten.
const MOST_GROUPS: usize = 20_000;
const TOLD: &str = "told/";
const LEASE: &str = "lease/";
const MEMO: &str = "memo/";

/// Who was told of what, and what is still to be told.
pub struct Responder {
    router: Router,
    queue: Queue,
    /// Of each alert that fires: what each receiver was told.
    told: BTreeMap<String, BTreeMap<String, Receipt>>,
    /// When what programs did is to be taken back, by the lease's key.
    leases: BTreeMap<String, Timestamp>,
    /// When the newest letter of a receiver about a group was due.
    groups: HashMap<(String, String), Timestamp>,
    /// Alerts whose data is too old to act on, by their identity.
    frozen: HashSet<String>,
    drafts: Drafts,
    /// What the alert log is to say, and not stored yet.
    noted: Vec<LogEntry>,
}

/// What a program did stays in force until then.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Lease {
    receiver: String,
    until: Timestamp,
    event: Event,
}

impl Responder {
    /// Takes up what earlier runs stored.
    #[must_use]
    pub fn new(router: Router, stored: &dyn Spaces) -> Self {
        let mut responder = Self {
            router,
            queue: Queue::default(),
            told: BTreeMap::new(),
            leases: BTreeMap::new(),
            groups: HashMap::new(),
            frozen: HashSet::new(),
            drafts: Drafts::new(),
            noted: Vec::new(),
        };
        desk::for_each(stored, |key, value| responder.load(key, value));
        responder.queue.loaded();
        responder
    }

    fn load(&mut self, key: String, value: &[u8]) {
        if let Some(letter) = read_letter(&key, value) {
            self.queue.load(&letter, value.len());
        } else if key.starts_with(TOLD) {
            if let Ok(told) = serde_json::from_slice::<Told>(value) {
                for (receiver, receipt) in &told.receivers {
                    self.note_group(receiver, &receipt.group, receipt.at);
                }
                self.told.insert(told.event.fingerprint, told.receivers);
            }
        } else if key.starts_with(LEASE)
            && let Ok(lease) = serde_json::from_slice::<Lease>(value)
        {
            self.leases.insert(key, lease.until);
        }
    }

    /// The routes and receivers.
    #[must_use]
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Follows other routes from now on. Letters that wait are told by the receivers as they are then; what was told stays
    /// known, so that nobody is told again.
    pub fn follow(&mut self, router: Router) {
        self.router = router;
    }

    /// Writes a letter to everyone who is to be told.
    pub fn take_notices(&mut self, notices: &[Notice], stored: &dyn Spaces) {
        for notice in notices {
            let event = Event::of(notice);
            match notice.kind {
                kind if kind.is_end() => self.tell_the_end(event, stored),
                NoticeKind::Acknowledge => self.tell_those_who_know(&event, stored, |_| true),
                _ => self.tell(notice, event, stored),
            }
        }
    }

    /// What is to be stored.
    #[must_use]
    pub fn edits(&self) -> Vec<Edit> {
        let mut edits = desk::edits(&self.drafts);
        edits.extend(alert_log::put(&self.noted, Writer::Responder));
        edits
    }

    /// What [`Responder::edits`] gave is stored; gives what the alert log says of it.
    pub fn written(&mut self) -> Vec<LogEntry> {
        self.drafts.clear();
        std::mem::take(&mut self.noted)
    }

    /// Says for which alerts, by [`crate::respond::identity_of`], the data is too old to act on now: no program runs for
    /// them until it is fresh again.
    pub fn freeze(&mut self, frozen: HashSet<String>) {
        self.frozen = frozen;
    }

    /// Letters that are due, as many as there is room for, and when to ask again without being told to. Programs whose
    /// time is over are taken back.
    pub fn due(&mut self, now: Timestamp, room: &Room, stored: &dyn Spaces) -> (Vec<Job>, Option<Timestamp>) {
        self.end_leases(now, stored);
        let mut room = room.clone();
        let mut jobs = Vec::new();
        loop {
            let router = &self.router;
            let rate = |name: &str| router.receiver(name).map_or(0, |receiver| receiver.per_minute as usize);
            let (taken, next) = self.queue.take(now, &room, &rate);
            let asked = taken.len();
            let allowed: Vec<Job> = taken.into_iter().filter_map(|sequence| self.job(sequence, now, stored)).collect();
            for job in &allowed {
                room.entry(job.letter.receiver.clone()).and_modify(|left| *left = left.saturating_sub(1));
            }
            let has_skipped = allowed.len() < asked;
            jobs.extend(allowed);
            // What stood behind a letter that is skipped may be due as well.
            if !has_skipped {
                return (jobs, next.into_iter().chain(self.leases.values().copied()).min());
            }
        }
    }

    fn desk<'a>(&'a mut self, stored: &'a dyn Spaces) -> Desk<'a> {
        Desk { stored, drafts: &mut self.drafts }
    }

    /// An alert fires: to those whom the routes name, and to those who were told of it at another level.
    fn tell(&mut self, notice: &Notice, mut event: Event, stored: &dyn Spaces) {
        let told = self.told.get(&event.fingerprint);
        let groups = &self.groups;
        let before = |receiver: &str, group: &str| {
            let receipt = told.and_then(|told| told.get(receiver));
            let place = (receiver.to_owned(), group.to_owned());
            Before {
                told_at: receipt.map(|receipt| receipt.at),
                red_since: receipt.and_then(|receipt| receipt.red_since),
                group_at: groups.get(&place).copied(),
            }
        };
        let addresses = self.router.addresses(notice, &before);
        event.responses = addresses.iter().map(|address| address.receiver.clone()).collect();
        for address in &addresses {
            self.address(address, &event, stored);
        }
        if matches!(event.kind, NoticeKind::Fall | NoticeKind::Rise | NoticeKind::Flapping) {
            let is_new = |receiver: &str| !addresses.iter().any(|address| address.receiver == receiver);
            self.tell_those_who_know(&event, stored, is_new);
        }
    }

    fn address(&mut self, address: &Address, event: &Event, stored: &dyn Spaces) {
        let Some(kind) = self.router.receiver(&address.receiver).map(|receiver| receiver.kind.clone()) else { return };
        if !takes(&kind, event.kind) {
            return;
        }
        let mut letter = Letter::new(&address.receiver, &address.group, Action::Tell, event.clone(), address.due);
        letter.held = address.held;
        if let Some(why) = barred(&kind, event) {
            self.note(&letter, Outcome::LeftOut, why, event.at);
            let mut desk = Desk { stored, drafts: &mut self.drafts };
            self.queue.add_skipped(&mut desk, letter, why);
            return;
        }
        self.note_told(&address.receiver, &address.group, event, stored);
        self.note_group(&address.receiver, &address.group, address.due);
        self.post(letter, &kind, stored);
    }

    fn post(&mut self, letter: Letter, kind: &ReceiverKind, stored: &dyn Spaces) {
        let may_join = !matches!(kind, ReceiverKind::Exec(_));
        let mut desk = Desk { stored, drafts: &mut self.drafts };
        self.queue.add(&mut desk, letter, may_join);
    }

    /// Groups that nothing was told of for long count as new ones.
    fn note_group(&mut self, receiver: &str, group: &str, due: Timestamp) {
        if self.groups.len() >= MOST_GROUPS {
            let oldest = due.saturating_sub(HOUR).unwrap_or(Timestamp::MIN);
            self.groups.retain(|_, at| *at > oldest);
        }
        let newest = self.groups.entry((receiver.to_owned(), group.to_owned())).or_insert(due);
        *newest = due.max(*newest);
    }

    fn note_told(&mut self, receiver: &str, group: &str, event: &Event, stored: &dyn Spaces) {
        let receivers = self.told.entry(event.fingerprint.clone()).or_default();
        let receipt = Receipt::after(receivers.get(receiver), group, event);
        receivers.insert(receiver.to_owned(), receipt);
        let told = Told { event: event.clone(), receivers: receivers.clone() };
        self.desk(stored).put(told_key(&event.fingerprint), &told);
    }

    /// Tells those who were told before and are meant.
    fn tell_those_who_know(&mut self, event: &Event, stored: &dyn Spaces, is_meant: impl Fn(&str) -> bool) {
        let known = self.told.get(&event.fingerprint).cloned().unwrap_or_default();
        for (receiver, receipt) in known.into_iter().filter(|(receiver, _)| is_meant(receiver)) {
            let address = Address { receiver, group: receipt.group, due: event.at, held: false };
            if event.kind == NoticeKind::Acknowledge {
                let Some(kind) = self.router.receiver(&address.receiver).map(|receiver| receiver.kind.clone()) else {
                    continue;
                };
                if takes(&kind, event.kind) {
                    let letter =
                        Letter::new(&address.receiver, &address.group, Action::Tell, event.clone(), address.due);
                    self.post(letter, &kind, stored);
                }
            } else {
                self.address(&address, event, stored);
            }
        }
    }

    /// An alert has ended: to exactly those who were told that it fires.
    fn tell_the_end(&mut self, mut event: Event, stored: &dyn Spaces) {
        let Some(known) = self.told.remove(&event.fingerprint) else { return };
        self.desk(stored).remove(told_key(&event.fingerprint));
        let mut known: Vec<(String, Receipt)> = known.into_iter().collect();
        known.retain(|(receiver, receipt)| {
            receipt.state != Arrival::Never && !self.withdraw_held(receiver, receipt, &event, stored)
        });
        event.responses = known.iter().map(|(receiver, _)| receiver.clone()).collect();
        for (receiver, receipt) in known {
            let Some(kind) = self.router.receiver(&receiver).map(|receiver| receiver.kind.clone()) else { continue };
            if takes(&kind, event.kind) {
                let mut letter = Letter::new(&receiver, &receipt.group, Action::Tell, event.clone(), event.at);
                if receipt.state == Arrival::Arrived {
                    letter.owed.push(event.fingerprint.clone());
                }
                self.post(letter, &kind, stored);
            }
        }
    }

    /// What waits for the end of quiet hours is not told at all if it ends before.
    fn withdraw_held(&mut self, receiver: &str, receipt: &Receipt, event: &Event, stored: &dyn Spaces) -> bool {
        let is_held = |letter: &Letter, told: &Event| letter.held && told.fingerprint == event.fingerprint;
        let mut desk = Desk { stored, drafts: &mut self.drafts };
        let why = ("it ended before its quiet hours did", event.at);
        let withdrawn = self.queue.withdraw(&mut desk, (receiver, &receipt.group), &is_held, why);
        withdrawn && receipt.state == Arrival::Waiting
    }

    fn job(&mut self, sequence: u64, now: Timestamp, stored: &dyn Spaces) -> Option<Job> {
        let desk = self.desk(stored);
        let letter: Letter = desk.get(&letter_key(sequence))?;
        let memo = desk.get(&memo_key(&letter));
        let kind = self.router.receiver(&letter.receiver).map(|receiver| &receiver.kind);
        let barred = match kind {
            None => Some(Verdict::Skipped("there is no such receiver in the config any more".to_owned())),
            Some(ReceiverKind::Exec(exec)) => self.must_not_run(exec, &letter, now),
            Some(_) => None,
        };
        let Some(verdict) = barred else { return Some(Job { letter, memo }) };
        self.settle(&Report { sequence, verdict, at: now }, stored);
        None
    }

    /// What becomes of a letter whose program must not run now. It may have waited for long, so that what held when it
    /// was written is asked again.
    fn must_not_run(&self, exec: &Exec, letter: &Letter, now: Timestamp) -> Option<Verdict> {
        let event = letter.events.last()?;
        if letter.action == Action::Revert || event.is_end() {
            return exec.revert.is_none().then(|| Verdict::Skipped("there is no `revert` to run".to_owned()));
        }
        if self.frozen.contains(&event.fingerprint) {
            return Some(Verdict::retry("its data has become too old to act on".to_owned()));
        }
        self.is_over_or_too_often(exec, letter, event, now).map(Verdict::Skipped)
    }

    fn is_over_or_too_often(&self, exec: &Exec, letter: &Letter, event: &Event, now: Timestamp) -> Option<String> {
        let still_fires = self.told.get(&event.fingerprint).is_some_and(|told| told.contains_key(&letter.receiver));
        if !still_fires {
            return Some("the alert ended before it ran".to_owned());
        }
        let since = |length: SignedDuration| now.saturating_sub(length).unwrap_or(Timestamp::MIN);
        let runs = self.queue.runs_since(&letter.receiver, since(HOUR)).count();
        if runs >= exec.per_hour as usize {
            return Some(format!("the ceiling of {} runs an hour is reached", exec.per_hour));
        }
        let mut cooling = self.queue.runs_since(&letter.receiver, since(exec.cooldown));
        let is_cooling = cooling.any(|run| run.about.contains(&event.fingerprint));
        is_cooling.then(|| "it ran for this alert within its cool-down".to_owned())
    }
}

fn told_key(fingerprint: &str) -> String {
    format!("{TOLD}{}", digest(&[fingerprint]))
}

fn lease_key(receiver: &str, fingerprint: &str) -> String {
    format!("{LEASE}{}", digest(&[receiver, fingerprint]))
}

fn memo_key(letter: &Letter) -> String {
    format!("{MEMO}{}", digest(&[&letter.receiver, &letter.group]))
}

#[cfg(test)]
mod tests;
