//! What is seen of letters: in the alert log, in the outbox, in lists.

use crate::domain::alert_log;
use crate::domain::event::{Happening, Outcome};
use crate::respond::event::identity_of;

use super::*;

fn outcomes(office: &Office) -> Vec<(String, NoticeKind, Outcome, String)> {
    let delivery = |entry: &LogEntry| match &entry.what {
        Happening::Delivery(note) => Some((note.receiver.clone(), note.kind, note.outcome, note.detail.clone())),
        _ => None,
    };
    office.logged.iter().filter_map(delivery).collect()
}

#[test]
fn every_delivery_failure_and_end_of_a_letter_is_in_the_alert_log() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Orange, 0);
    let job = &office.due(0)[0];
    office.settle(job, Verdict::retry("503"), 1);
    let job = &office.due(100)[0];
    office.settle(job, Verdict::delivered(), 101);
    office.take(Rise, Level::Red, 200);
    let job = &office.due(200)[0];
    office.settle(job, Verdict::Refused("404".to_owned()), 201);
    let said = |kind, outcome, detail: &str| ("a".to_owned(), kind, outcome, detail.to_owned());
    assert_eq!(
        outcomes(&office),
        [said(Fire, Outcome::Failed, "503"), said(Fire, Outcome::Delivered, ""), said(Rise, Outcome::Dead, "404")]
    );
    let stored = alert_log::since(&office.store, Timestamp::UNIX_EPOCH, 10);
    assert_eq!(stored, office.logged, "what was shown is stored");
}

#[test]
fn what_a_rule_left_out_is_in_the_alert_log_with_its_reason() {
    let mut office = Office::hooks(&["a"]);
    let simulated = Some(crate::domain::view::Provenance::Simulated);
    let told = Notice { provenance: simulated, ..notice("acme", Fire, Level::Red) };
    office.responder.take_notices(&[told], &office.store);
    office.store();
    assert_eq!(outcomes(&office), [("a".to_owned(), Fire, Outcome::LeftOut, "its data is simulated".to_owned())]);
}

#[test]
fn what_is_not_stored_yet_is_logged_once_it_is() {
    let mut office = Office::hooks(&["a"]);
    office.take(Fire, Level::Orange, 0);
    let job = office.due(0).remove(0);
    let report = Report { sequence: job.letter.sequence, verdict: Verdict::delivered(), at: second(1) };
    office.responder.settle(&report, &office.store);
    let refused_by_the_disk = office.responder.edits();
    office.store();
    let stored = alert_log::since(&office.store, Timestamp::UNIX_EPOCH, 10);
    assert!(stored.len() == 1 && refused_by_the_disk.len() > 1, "{stored:?}");
}

#[test]
fn while_the_disk_refuses_letters_are_sent_from_memory_and_stored_once_it_does_not() {
    let mut office = Office::hooks(&["a"]);
    let notices = [notice("acme", Fire, Level::Red)];
    office.responder.take_notices(&notices, &office.store);
    let room = BTreeMap::from([("a".to_owned(), 1)]);
    let (jobs, _) = office.responder.due(second(60), &room, &office.store);
    assert_eq!(jobs.len(), 1, "it is sent though nothing of it is stored");
    let report = Report { sequence: jobs[0].letter.sequence, verdict: Verdict::delivered(), at: second(61) };
    office.responder.settle(&report, &office.store);
    assert_eq!(office.responder.due(second(62), &room, &office.store).0.len(), 0, "and only once");
    office.store();
    office.restart();
    let states: Vec<LetterState> = office.states().into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(states, [LetterState::Delivered]);
}

#[test]
fn the_audit_log_is_not_news_in_the_alert_log() {
    let kind = ReceiverKind::Log(crate::config::LogFile { path: None, max_bytes: 1, keep: 1 });
    let mut office = Office::new(vec![receiver("log", kind)], vec![route(&["log"])]);
    office.take(Fire, Level::Red, 0);
    office.deliver(0);
    assert!(office.logged.is_empty());
}

#[test]
fn the_outbox_counts_and_shows_what_waits_and_what_is_dead() {
    let mut office = Office::hooks(&["a"]);
    office.take_of("dead", Fire, Level::Red, 0);
    let job = &office.due(0)[0];
    office.settle(job, Verdict::Refused("404".to_owned()), 1);
    office.take_of("told", Fire, Level::Red, 2);
    office.deliver(2);
    office.take_of("waits", Fire, Level::Red, 3);
    let outbox = office.responder.outbox(&office.store);
    assert_eq!((outbox.waiting, outbox.dead, outbox.letters.len()), (1, 1, 2));
    let dead = identity_of(&notice("dead", Fire, Level::Red).alert);
    assert_eq!(outbox.dead_about(&dead).map(|letter| letter.note.as_deref()).collect::<Vec<_>>(), [Some("404")]);
    assert_eq!(outbox.dead_about("tenant/waits/budget/monthly").count(), 0);
    let told = office.responder.rows(Some(LetterState::Delivered), 10, &office.store);
    assert_eq!(told.iter().map(|row| row.state).collect::<Vec<_>>(), [LetterState::Delivered]);
    assert_eq!(office.responder.rows(None, 2, &office.store).len(), 2);
}
