//! Pushes the fleet's metrics to a receiver of OpenTelemetry, the newest each time: what did not get through is not kept.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::config::Otlp;
use crate::domain::update::{Published, Update};
use crate::report::otlp;
use crate::respond::{NotTaken, Push};

/// The longest wait after failures, where the receiver asks for none.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Pushes as often as the config says, less often while nobody takes it, until it is dropped.
pub(super) async fn push(settings: Otlp, mut updates: watch::Receiver<Update>) {
    let push = match Push::new(settings.url.clone(), settings.headers.clone()) {
        Ok(push) => push,
        Err(why) => return warn!("metrics cannot be pushed to `metrics.otlp_url`: {why}"),
    };
    let interval = settings.interval.unsigned_abs();
    let mut state = State::default();
    loop {
        let Ok(newest) =
            updates.wait_for(|update| matches!(update, Update::View(_))).await.map(|newest| newest.clone())
        else {
            return;
        };
        let Update::View(Published { view, .. }) = newest else { continue };
        let answer = push.send(otlp::message(&view, Timestamp::now())).await;
        let (wait, told) = state.after(answer, interval);
        match told {
            Some(Told::Amiss(what)) => warn!("{what}"),
            Some(Told::Well(what)) => info!("{what}"),
            None => {}
        }
        tokio::time::sleep(wait).await;
    }
}

/// What the log is told.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Amiss(String),
    Well(String),
}

/// What was told of the pushes so far.
#[derive(Debug, Default)]
struct State {
    failures: u32,
    is_rejection_told: bool,
}

impl State {
    /// How long to wait after an answer, and what is new in it.
    fn after(&mut self, answer: Result<Vec<u8>, NotTaken>, interval: Duration) -> (Duration, Option<Told>) {
        match answer {
            Ok(answer) => (interval, self.taken(&answer)),
            Err(NotTaken { why, after }) => {
                let is_new = self.failures == 0;
                self.failures = self.failures.saturating_add(1);
                let doubled = interval.saturating_mul(1 << self.failures.min(6));
                let wait = doubled.min(LONGEST_WAIT).max(interval);
                let wait = after.map_or(wait, |after| wait.max(after.unsigned_abs()));
                let told = || format!("metrics could not be pushed to `metrics.otlp_url`: {why}; they are tried again");
                (wait, is_new.then(|| Told::Amiss(told())))
            }
        }
    }

    fn taken(&mut self, answer: &[u8]) -> Option<Told> {
        let failures = std::mem::take(&mut self.failures);
        let rejected = otlp::rejected(answer);
        let was_told = std::mem::replace(&mut self.is_rejection_told, rejected.is_some());
        match rejected {
            Some(rejected) if !was_told => Some(Told::Amiss(format!("metrics were pushed, but {rejected}"))),
            None if failures > 0 => {
                Some(Told::Well(format!("metrics are pushed again, after {failures} tries in vain")))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::config::{Config, MetricsSettings};
    use crate::run::setup::{self, DemoOptions};
    use crate::source::demo::Scenario;

    const MINUTE: Duration = Duration::from_mins(1);

    fn refused(after: Option<SignedDuration>) -> Result<Vec<u8>, NotTaken> {
        Err(NotTaken { why: "it answered 503".to_owned(), after })
    }

    #[test]
    fn a_failure_is_told_once_and_tried_less_and_less_often() {
        let mut state = State::default();
        let (wait, told) = state.after(refused(None), MINUTE);
        assert_eq!(wait, MINUTE * 2);
        assert!(matches!(told, Some(Told::Amiss(what)) if what.contains("it answered 503")));
        let later: Vec<_> = (0..40).map(|_| state.after(refused(None), MINUTE)).collect();
        assert!(later.iter().all(|(wait, told)| told.is_none() && *wait <= LONGEST_WAIT), "{later:?}");
        assert_eq!(later[39].0, LONGEST_WAIT);
        assert_eq!(state.after(refused(Some(SignedDuration::from_mins(30))), MINUTE).0, MINUTE * 30);
        let (wait, told) = state.after(Ok(Vec::new()), MINUTE);
        assert_eq!(
            (wait, told),
            (MINUTE, Some(Told::Well("metrics are pushed again, after 42 tries in vain".to_owned())))
        );
        assert_eq!(state.after(Ok(Vec::new()), MINUTE), (MINUTE, None));
        let rare = Duration::from_hours(1);
        assert_eq!(state.after(refused(None), rare).0, rare, "never more often than asked for");
    }

    #[test]
    fn the_demo_pushes_and_serves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let otlp =
            Otlp { url: "http://127.0.0.1:9/".to_owned(), headers: None, interval: SignedDuration::from_mins(1) };
        let metrics = MetricsSettings { listen: None, otlp: Some(otlp) };
        let config = Config { metrics, ..Config::with_defaults(folder.path().to_owned()) };
        let options = DemoOptions { seed: 1, tenants: 1, speed: 1.0, scenario: Scenario::All };
        let prepared = setup::demo(&config, options, folder.path()).expect("prepared");
        assert_eq!(prepared.metrics, MetricsSettings::default());
    }
}
