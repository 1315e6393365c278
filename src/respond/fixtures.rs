//! Notices, events and a store for tests.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::health::Health;
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::matcher::Labels;
use crate::domain::notice::{Condition, Contributor, Fingerprint, Notice, NoticeKind, Verdict, subject_path};
use crate::domain::space::{Edit, Space, Spaces};
use crate::domain::view::Provenance;
use crate::respond::event::Event;
use crate::respond::letter::{Action, Letter};

/// The first instant of tests.
pub(super) fn start() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a valid time")
}

/// So many seconds after the first instant.
pub(super) fn second(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

/// What is told of a tenant's budget.
pub(super) fn notice(tenant: &str, kind: NoticeKind, level: Level) -> Notice {
    let subject = Subject::Owner(Owner::Tenant(tenant.into()));
    let alert = AlertKey { subject, signal: Signal::Budget, budget: Some("monthly".into()) };
    let fingerprint = Fingerprint::from(&alert);
    let ended = kind.is_end();
    Notice {
        id: format!("{fingerprint}@{}", kind.name()),
        labels: Labels::of(&alert).at(level),
        group: subject_path(&alert.subject),
        fingerprint,
        kind,
        alert,
        at: start(),
        due: start(),
        level,
        previous: match kind {
            NoticeKind::Fire => Level::Green,
            NoticeKind::Rise => Level::Orange,
            _ => Level::Red,
        },
        state: if ended { Condition::Resolved } else { Condition::Firing },
        health: Health::Ok,
        reason: format!("{tenant} has used 104 % of its budget"),
        started_at: second(-600),
        fired_at: Some(second(-60)),
        ended_at: ended.then(start),
        value: Some(1.04),
        threshold: Some(1.0),
        cost: None,
        percent_of_budget: Some(104.0),
        outlook: None,
        contributors: vec![Contributor { name: "claude".into(), share: 1.0 }],
        verdict: Some(Verdict::Problem),
        provenance: Some(Provenance::Measured),
        data_age_s: Some(240),
        acked_by: (kind == NoticeKind::Acknowledge).then(|| "ana".to_owned()),
        contact: None,
        runbook_url: Some("https://runbooks.example.com/budget".into()),
        command: Some("bedtop ack tenant/acme/budget/monthly".into()),
    }
}

/// The event of [`notice`].
pub(super) fn event(tenant: &str, kind: NoticeKind, level: Level) -> Event {
    Event::of(&notice(tenant, kind, level))
}

/// A letter with these events.
pub(super) fn letter(receiver: &str, events: &[Event]) -> Letter {
    let mut letter = Letter::new(receiver, "tenant/acme", Action::Tell, events[0].clone(), start());
    for event in &events[1..] {
        letter.add(event.clone());
    }
    letter
}

/// A store of spaces in memory, that may refuse to write as a full disk does.
#[derive(Debug, Default)]
pub(super) struct Memory {
    entries: BTreeMap<(Space, Vec<u8>), Vec<u8>>,
}

impl Spaces for Memory {
    fn entry(&self, space: Space, key: &[u8]) -> Option<Vec<u8>> {
        self.entries.get(&(space, key.to_vec())).cloned()
    }

    fn entries_from(&self, space: Space, key: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let from = self.entries.range((space, key.to_vec())..).take_while(|((of, _), _)| *of == space);
        from.take(limit).map(|((_, key), value)| (key.clone(), value.clone())).collect()
    }

    fn edit(&mut self, edits: Vec<Edit>) -> Result<(), String> {
        for Edit { space, key, value } in edits {
            match value {
                Some(value) => self.entries.insert((space, key), value),
                None => self.entries.remove(&(space, key)),
            };
        }
        Ok(())
    }
}
