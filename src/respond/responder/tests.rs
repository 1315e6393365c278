//! Letters from notices to their end: nothing is lost, nothing is told twice under two keys, and that an alert has ended
//! is told to exactly those who know that it began.

mod account;
mod any_order;
mod programs;

use jiff::civil::Time;

use super::*;
use crate::config::{GroupBy, QuietHours, Receiver, Repeat, Responses, Route};
use crate::domain::letter::LetterState;
use crate::domain::level::Level;
use crate::domain::matcher::Matchers;
use crate::respond::fixtures::{Memory, notice, second};

fn receiver(name: &str, kind: ReceiverKind) -> Receiver {
    let (timeout, retry_for) = (SignedDuration::from_secs(10), SignedDuration::from_mins(30));
    Receiver { name: name.to_owned(), kind, timeout, per_minute: 3, retry_for }
}

fn webhook(name: &str) -> Receiver {
    let url = crate::config::Source::Plain("https://example.com/".to_owned());
    receiver(name, ReceiverKind::Webhook(crate::config::Hook { url, secret: None, token: None }))
}

fn route(receivers: &[&str]) -> Route {
    Route {
        matchers: Matchers::default(),
        levels: vec![Level::Yellow, Level::Orange, Level::Red],
        receivers: receivers.iter().map(|&name| name.to_owned()).collect(),
        group_by: GroupBy::Subject,
        group_wait: None,
        group_interval: None,
        repeat: Repeat::default(),
        quiet_hours: None,
        escalation: None,
        goes_on: false,
    }
}

/// A responder with its store.
struct Office {
    responses: Responses,
    responder: Responder,
    store: Memory,
    logged: Vec<LogEntry>,
}

impl Office {
    fn new(receivers: Vec<Receiver>, routes: Vec<Route>) -> Self {
        let responses = Responses { receivers, routes };
        let store = Memory::default();
        let responder = Responder::new(Router::new(&responses), &store);
        Self { responses, responder, store, logged: Vec::new() }
    }

    fn hooks(names: &[&str]) -> Self {
        Self::new(names.iter().map(|name| webhook(name)).collect(), vec![route(names)])
    }

    /// Everything in memory is gone; what was stored is not.
    fn restart(&mut self) {
        self.responder = Responder::new(Router::new(&self.responses), &self.store);
    }

    fn store(&mut self) {
        self.store.edit(self.responder.edits()).expect("written");
        self.logged.extend(self.responder.written());
    }

    fn take(&mut self, kind: NoticeKind, level: Level, at: i64) {
        self.take_of("acme", kind, level, at);
    }

    fn take_of(&mut self, tenant: &str, kind: NoticeKind, level: Level, at: i64) {
        let plain = notice(tenant, kind, level);
        let id = format!("{}@{at}", plain.id);
        self.responder.take_notices(&[Notice { id, at: second(at), due: second(at), ..plain }], &self.store);
        self.store();
    }

    fn due(&mut self, at: i64) -> Vec<Job> {
        let room = self.responses.receivers.iter().map(|receiver| (receiver.name.clone(), 10)).collect();
        let (jobs, _) = self.responder.due(second(at), &room, &self.store);
        self.store();
        jobs
    }

    fn settle(&mut self, job: &Job, verdict: Verdict, at: i64) {
        let report = Report { sequence: job.letter.sequence, verdict, at: second(at) };
        self.responder.settle(&report, &self.store);
        self.store();
    }

    /// Delivers what is due; gives who was told of what kinds.
    fn deliver(&mut self, at: i64) -> Vec<(String, Vec<NoticeKind>)> {
        let mut told = Vec::new();
        loop {
            let jobs = self.due(at);
            if jobs.is_empty() {
                return told;
            }
            for job in jobs {
                let ran = job.letter.receiver == "run";
                let kinds = job.letter.events.iter().map(|event| event.kind).collect();
                told.push((job.letter.receiver.clone(), kinds));
                self.settle(&job, Verdict::Delivered { note: None, memo: None, ran }, at);
            }
        }
    }

    fn states(&mut self) -> Vec<(String, LetterState, String)> {
        let letters = self.responder.letters(100, &self.store);
        letters.into_iter().map(|letter| (letter.receiver, letter.state, letter.note.unwrap_or_default())).collect()
    }
}

fn told(receiver: &str, kinds: &[NoticeKind]) -> (String, Vec<NoticeKind>) {
    (receiver.to_owned(), kinds.to_vec())
}

use NoticeKind::{Acknowledge, Escalate, Fall, Fire, Repeat as Again, Resolve, Rise};

#[test]
fn an_alert_is_told_from_its_beginning_to_its_end() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Orange, 0);
    assert_eq!(office.deliver(0), [told("a", &[Fire])]);
    office.take(Rise, Level::Red, 60);
    assert_eq!(office.deliver(60), [told("a", &[Rise])]);
    office.take(Acknowledge, Level::Red, 120);
    office.take(Resolve, Level::Green, 180);
    assert_eq!(office.deliver(180), [told("a", &[Acknowledge, Resolve])]);
    office.take(Resolve, Level::Green, 240);
    assert!(office.deliver(240).is_empty(), "who knows that it has ended is not told again");
}

#[test]
fn that_it_has_ended_is_told_to_exactly_those_who_know_that_it_began() {
    let red = Route { levels: vec![Level::Red], goes_on: true, ..route(&["b"]) };
    let mut office = Office::new(vec![webhook("a"), webhook("b")], vec![red, route(&["a"])]);
    office.take(Fire, Level::Orange, 0);
    assert_eq!(office.deliver(0), [told("a", &[Fire])]);
    office.restart();
    office.take(Resolve, Level::Green, 60);
    assert_eq!(office.deliver(60), [told("a", &[Resolve])]);
}

#[test]
fn who_was_told_of_red_is_told_of_its_fall_below_the_levels_of_the_route() {
    let red = Route { levels: vec![Level::Red], ..route(&["a"]) };
    let mut office = Office::new(vec![webhook("a")], vec![red]);
    office.take(Fire, Level::Red, 0);
    office.deliver(0);
    office.take(Fall, Level::Yellow, 60);
    assert_eq!(office.deliver(60), [told("a", &[Fall])]);
}

#[test]
fn the_end_is_not_told_where_the_beginning_was_refused() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Red, 0);
    let jobs = office.due(0);
    office.settle(&jobs[0], Verdict::Refused("404".to_owned()), 1);
    office.take(Resolve, Level::Green, 60);
    assert!(office.deliver(60).is_empty());
    assert_eq!(office.states(), [("a".to_owned(), LetterState::Dead, "404".to_owned())]);
}

#[test]
fn the_end_that_waits_is_withdrawn_when_the_beginning_is_refused() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Red, 0);
    let jobs = office.due(0);
    office.take(Resolve, Level::Green, 60);
    assert!(office.due(60).is_empty(), "the end never overtakes the beginning");
    office.settle(&jobs[0], Verdict::Refused("404".to_owned()), 61);
    assert!(office.deliver(61).is_empty());
    let states: Vec<LetterState> = office.states().into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(states, [LetterState::Dead, LetterState::Skipped], "the beginning is done with after its end");
}

#[test]
fn the_end_is_told_where_the_beginning_may_have_arrived() {
    let mut office =
        Office::new(vec![Receiver { retry_for: SignedDuration::ZERO, ..webhook("a") }], vec![route(&["a"])]);
    office.take(Fire, Level::Red, 0);
    let jobs = office.due(0);
    let silent = Verdict::Retry { why: "no answer".to_owned(), after: None, maybe_received: true };
    office.settle(&jobs[0], silent, 10);
    office.take(Resolve, Level::Green, 60);
    assert_eq!(office.deliver(60), [told("a", &[Resolve])]);
}

#[test]
fn a_failed_letter_comes_back_after_30_s_2_m_and_10_m_under_its_key() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Red, 0);
    let mut now = 0;
    let mut keys = Vec::new();
    for wait in [30, 120, 600] {
        let jobs = office.due(now);
        keys.push(jobs[0].letter.key.clone());
        office.settle(&jobs[0], Verdict::retry("503"), now);
        office.restart();
        assert!(office.due(now + wait * 7 / 10).is_empty(), "not before its time");
        now += wait * 12 / 10 + 1;
    }
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert_eq!(office.deliver(now), [told("a", &[Fire])]);
}

#[test]
fn a_letter_is_given_up_after_its_time_and_sent_again_when_asked_to() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Red, 0);
    let mut now = 0;
    let key = loop {
        let jobs = office.due(now);
        let Some(job) = jobs.first() else { break office.responder.letters(1, &office.store)[0].key.clone() };
        office.settle(job, Verdict::retry("503"), now);
        now += 721;
        assert!(now < 10_000, "it is given up");
    };
    assert!(office.states()[0].2.starts_with("given up after "), "{:?}", office.states());
    assert!(!office.responder.resend("another", second(now), &office.store));
    assert!(office.responder.resend(&key, second(now), &office.store));
    let jobs = office.due(now);
    assert_eq!((jobs[0].letter.key.as_str(), jobs[0].letter.events.len()), (key.as_str(), 1));
}

#[test]
fn a_receiver_that_asks_for_a_pause_gets_it_for_all_its_letters() {
    let mut office = Office::hooks(&["a", "b"]);
    office.take(Fire, Level::Red, 0);
    let busy = office.due(0).into_iter().find(|job| job.letter.receiver == "a").expect("due");
    let after = Some(SignedDuration::from_mins(5));
    office.settle(&busy, Verdict::Retry { why: "429".to_owned(), after, maybe_received: false }, 0);
    office.take_of("globex", Fire, Level::Red, 10);
    assert_eq!(office.deliver(10), [told("b", &[Fire])], "the other receiver has its letter on the way");
    assert!(office.due(299).is_empty());
    assert_eq!(office.deliver(300).len(), 2);
}

#[test]
fn a_receiver_gets_no_more_letters_a_minute_than_it_wants() {
    let mut office = Office::hooks(&["a"]);
    for tenant in ["t1", "t2", "t3", "t4", "t5"] {
        office.take_of(tenant, Fire, Level::Red, 0);
    }
    assert_eq!(office.deliver(0).len(), 3);
    assert!(office.deliver(59).is_empty());
    assert_eq!(office.deliver(61).len(), 2);
}

#[test]
fn what_is_told_of_a_group_while_it_waits_is_one_letter() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Orange, 0);
    office.take(Rise, Level::Red, 10);
    assert_eq!(office.deliver(10), [told("a", &[Fire, Rise])]);
}

#[test]
fn a_letter_that_may_be_on_its_way_is_never_added_to() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Orange, 0);
    let before = office.due(0);
    office.restart();
    office.take(Rise, Level::Red, 10);
    let after = office.due(10);
    assert_eq!(after[0].letter.key, before[0].letter.key);
    assert_eq!(after[0].letter.events, before[0].letter.events, "the same key, the same letter");
}

#[test]
fn what_quiet_hours_hold_is_told_at_their_end_unless_it_ends_before() {
    let hour = |hour: i8| Time::new(hour, 0, 0, 0).expect("a time");
    let quiet = QuietHours { from: hour(11), to: hour(13), zone: jiff::tz::TimeZone::UTC };
    let mut office = Office::new(vec![webhook("a")], vec![Route { quiet_hours: Some(quiet), ..route(&["a"]) }]);
    office.take_of("stays", Fire, Level::Red, 0);
    office.take_of("ends", Fire, Level::Red, 0);
    assert!(office.deliver(3599).is_empty());
    office.take_of("ends", Resolve, Level::Green, 3599);
    assert_eq!(office.deliver(3600), [told("a", &[Fire])]);
    assert!(
        office.states().iter().any(|(_, state, why)| *state == LetterState::Skipped && why.contains("quiet hours"))
    );
}

#[test]
fn what_is_barred_is_kept_with_its_reason_and_its_end_is_not_told() {
    let mut office = Office::hooks(&["a"]);
    let plain = notice("acme", Fire, Level::Red);
    let simulated = Notice { provenance: Some(crate::domain::view::Provenance::Simulated), ..plain };
    office.responder.take_notices(&[simulated], &office.store);
    office.take(Resolve, Level::Green, 60);
    assert!(office.deliver(60).is_empty());
    assert_eq!(office.states(), [("a".to_owned(), LetterState::Skipped, "its data is simulated".to_owned())]);
}

#[test]
fn what_a_receiver_gave_is_remembered_until_the_group_is_quiet() {
    let mut office = Office::hooks(&["a"]);
    let memo = || Verdict::Delivered { note: None, memo: Some("C1 17".to_owned()), ran: false };
    let mut seen = Vec::new();
    for (kind, level, at) in [(Fire, Level::Red, 0), (Resolve, Level::Green, 60), (Fire, Level::Red, 120)] {
        office.take(kind, level, at);
        office.restart();
        let jobs = office.due(at);
        seen.push(jobs[0].memo.clone());
        office.settle(&jobs[0], memo(), at);
    }
    assert_eq!(seen, [None, Some("C1 17".to_owned()), None]);
}

#[test]
fn an_alertmanager_is_told_again_of_what_fires() {
    let mut office = Office::hooks(&["a"]);
    office.take_of("t1", Fire, Level::Red, 0);
    office.take_of("t2", Fire, Level::Red, 0);
    office.take_of("t1", Resolve, Level::Green, 60);
    office.restart();
    let firing = office.responder.firing_for("a", &office.store);
    assert_eq!(firing.iter().map(Event::subject).collect::<Vec<_>>(), ["t2"]);
    assert!(office.responder.firing_for("b", &office.store).is_empty());
}

#[test]
fn an_escalation_is_told_of_its_end() {
    let escalation = Some(crate::config::Escalation { after: SignedDuration::ZERO, receiver: "b".to_owned() });
    let mut office = Office::new(vec![webhook("a"), webhook("b")], vec![Route { escalation, ..route(&["a"]) }]);
    office.take(Fire, Level::Red, 0);
    office.take(Escalate, Level::Red, 900);
    office.deliver(900);
    office.take(Resolve, Level::Green, 1000);
    assert_eq!(office.deliver(1000), [told("a", &[Resolve]), told("b", &[Resolve])]);
}
