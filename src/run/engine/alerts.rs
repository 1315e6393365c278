//! What people ask the engine about alerts: to do something about them, the log, explanations.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::action::Action;
use crate::domain::alert_log::{self, Writer};
use crate::domain::event::{AlertKey, Happening, LogEntry, Subject};
use crate::domain::history::History;
use crate::domain::ids::Owner;
use crate::domain::space::Spaces;
use crate::domain::view::{Explanation, FleetView};
use crate::history::StoreError;
use crate::judge::explain::explanation;
use crate::link::{Answer, Ask};
use crate::report::alerts::AlertReport;
use crate::run::engine::Engine;
use crate::run::{answers, copying};

/// How far back the view's events go.
const EVENTS_REACH: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many events are read for that.
const EVENTS_READ: usize = 20_000;
/// How many events the view has.
pub(super) const EVENTS_SHOWN: usize = 200;
/// How many entries of the log are read at most.
const LOG_READ: usize = 100_000;

/// The newest events of the log, oldest first.
pub(super) fn newest_events(stored: &dyn Spaces, now: Timestamp) -> VecDeque<LogEntry> {
    let since = now.saturating_sub(EVENTS_REACH).unwrap_or(Timestamp::MIN);
    let mut events = VecDeque::from(alert_log::since(stored, since, EVENTS_READ));
    events.drain(..events.len().saturating_sub(EVENTS_SHOWN));
    events
}

impl Engine {
    /// Answers a question of a pane.
    pub(super) fn answer(&mut self, ask: &Ask) -> Answer {
        match ask {
            Ask::Act(action) => match self.act(action.clone()) {
                Ok(touched) => Answer::Acted(touched as u64),
                Err(error) => Answer::Refused(format!("could not store what was done: {error}")),
            },
            Ask::Alerts { since, explains } => {
                let report = self.alerts(&|_| *since, *explains);
                let explanations = report.alerts.into_iter().filter_map(|(_, explanation)| explanation).collect();
                Answer::Alerts { log: report.log, explanations }
            }
            Ask::Letters { state, most } => self.letters(*state, *most),
            Ask::Resend(key) => self.resend(key),
            Ask::Copy { after } => copying::piece(&self.store, after),
            ask => answers::answer(&self.store, &self.policy, self.now, ask),
        }
    }

    /// Does what a person asks, and says how many alerts or silences it was about. What is about none is not stored.
    ///
    /// # Errors
    /// When it cannot be stored; it then holds, and is stored with what comes next.
    pub fn act(&mut self, action: Action) -> Result<usize, StoreError> {
        self.forget();
        self.now = self.now.max(action.at);
        let outcome = self.judge.act(&action, self.store.step(), &self.policy);
        if outcome.touched == 0 {
            return Ok(0);
        }
        let entry = LogEntry { at: action.at, what: Happening::Action(action) };
        self.record(&outcome, vec![entry], Writer::Person)?;
        Ok(outcome.touched)
    }

    /// The alerts that are pending or fire with the log from an instant on, which is counted from the newest step;
    /// explained if that is asked for.
    pub fn alerts(&mut self, since: &dyn Fn(Timestamp) -> Timestamp, explains: bool) -> AlertReport {
        let view = self.view();
        let mut report = AlertReport::new(&view, self.log_since(since(view.at)));
        if explains {
            for (row, explained) in &mut report.alerts {
                *explained = Some(explanation(&self.store, &self.policy, &view, row));
            }
        }
        report
    }

    /// Everything in the log from an instant on, oldest first.
    #[must_use]
    pub fn log_since(&self, since: Timestamp) -> Vec<LogEntry> {
        let changes = self.store.changes(self.now, LOG_READ).into_iter().filter(|change| change.at >= since);
        let changes = changes.map(|change| LogEntry { at: change.at, what: Happening::Change(change) });
        let mut entries: Vec<LogEntry> = changes.chain(alert_log::since(&self.store, since, LOG_READ)).collect();
        entries.sort_by_key(|entry| entry.at);
        entries
    }

    /// The view with why one of its alerts stands.
    pub(super) fn explained(&self, alert: &AlertKey, view: Arc<FleetView>) -> Arc<FleetView> {
        let Some(row) = view.alerts.iter().find(|row| row.alert == *alert) else { return view };
        let explained = vec![explanation(&self.store, &self.policy, &view, row)];
        Arc::new(FleetView { explained, ..view.as_ref().clone() })
    }

    /// Why the alerts of an owner fire.
    pub(super) fn explanations(&self, owner: &Owner, view: &FleetView) -> Vec<Explanation> {
        let subject = Subject::Owner(owner.clone());
        let rows = view.alerts.iter().filter(|row| row.alert.subject == subject);
        rows.map(|row| explanation(&self.store, &self.policy, view, row)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::{Deed, Silence, SilenceId};
    use crate::domain::health::PollRecord;
    use crate::domain::level::Level;
    use crate::domain::matcher::Matchers;
    use crate::domain::time::Step;
    use crate::domain::update::Gaze;
    use crate::domain::usage::Batch;
    use crate::domain::view::Mode;
    use crate::history::Retention;
    use crate::run::engine::Command;
    use crate::run::setup;

    #[test]
    fn an_alert_about_no_tenant_is_explained_where_it_is_looked_at() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = setup::temporary_store(folder.path(), Step::MINUTE, Retention::DEFAULT).expect("opens");
        let config = crate::config::Config::with_defaults("unused".into());
        let policy = setup::policy(&config, Mode::Live, crate::cost::PriceBook::embedded());
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a valid time");
        let mut engine = Engine::new(store, policy, now);
        engine.handle(Command::Store(Box::new(Batch::new(PollRecord::new("main".into(), now, Some(now))))));
        engine.handle(Command::Step(now + SignedDuration::from_hours(3)));
        let view = engine.view();
        let stale = view.alerts.iter().find(|row| matches!(row.alert.subject, Subject::Scope(_)));
        let alert = stale.expect("three hours without data are told of").alert.clone();
        let (seen, _) = engine.look(&Gaze { alert: Some(alert.clone()), ..Gaze::default() });
        assert_eq!(seen.explained.iter().map(|explained| &explained.alert).collect::<Vec<_>>(), [&alert]);
        assert_eq!(engine.look(&Gaze::default()).0.explained, [], "and nowhere else");
    }

    #[test]
    fn what_is_done_while_the_disk_is_full_is_stored_when_there_is_room() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let open = || setup::temporary_store(folder.path(), Step::MINUTE, Retention::DEFAULT).expect("opens");
        let config = crate::config::Config::with_defaults("unused".into());
        let policy = setup::policy(&config, Mode::Live, crate::cost::PriceBook::embedded());
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().expect("a valid time");
        let mut engine = Engine::new(open(), policy, now);
        let poll = || Command::Store(Box::new(Batch::new(PollRecord::new("main".into(), now, Some(now)))));
        engine.handle(poll());
        engine.store.pretend_full(true);
        let silence = Silence {
            id: SilenceId::at(now),
            matchers: Matchers(Vec::new()),
            author: "me".into(),
            comment: "load test".into(),
            starts: now,
            ends: now + SignedDuration::from_hours(1),
            cap: Level::Orange,
        };
        let action = Action { at: now, by: "me".into(), what: Deed::Silence(silence) };
        assert!(engine.act(action.clone()).is_err());
        engine.handle(Command::Step(now + SignedDuration::from_mins(1)));
        assert!(engine.view().store_faults.iter().any(|fault| fault.contains("is full")));
        engine.store.pretend_full(false);
        engine.handle(Command::Step(now + SignedDuration::from_mins(2)));
        assert_eq!(engine.view().store_faults, Vec::<String>::new());
        drop(engine);
        let logged = alert_log::since(&open(), now, 10);
        assert_eq!(logged, [LogEntry { at: now, what: Happening::Action(action) }]);
    }
}
