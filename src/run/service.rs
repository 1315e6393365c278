//! What a service manager is told, where there is one: that this process is ready, how the fleet is, and that it lives
//! (`sd_notify(3)`).

use std::time::Duration;

use jiff::Timestamp;
use sd_notify::NotifyState;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::warn;

use crate::domain::text::printable;
use crate::domain::view::FleetView;
use crate::link::{Answer, Ask};
use crate::report::text;
use crate::run::seat::Wish;

/// Tells the service manager something; there may be none.
pub(super) fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "the service manager could not be told");
    }
}

/// Says that this process is ready, then that it lives.
///
/// It is ready when the history is open, its lock taken, other panes can attach, and the engine has answered once. AWS is
/// not waited for: while it cannot be reached the service still shows what is known. From then on the watchdog, if there
/// is one, is fed after each answer of the engine and never otherwise, so that a service whose engine hangs is restarted.
pub(super) async fn attend(
    mut owns: watch::Receiver<bool>,
    wishes: mpsc::Sender<Wish>,
    watchdog: Option<Duration>,
    tell: impl Fn(&[NotifyState<'_>]),
) {
    if owns.wait_for(|owns| *owns).await.is_err() || !answers(&wishes).await {
        return;
    }
    tell(&[NotifyState::Ready]);
    let Some(watchdog) = watchdog else { return };
    loop {
        // As often as sd_watchdog_enabled(3) advises.
        tokio::time::sleep(watchdog / 2).await;
        if !answers(&wishes).await {
            return;
        }
        tell(&[NotifyState::Watchdog]);
    }
}

/// Whether the engine answers, however long that takes; not when it has ended.
async fn answers(wishes: &mpsc::Sender<Wish>) -> bool {
    let (answer_in, answer) = oneshot::channel();
    let ask = Ask::Changes { since: Timestamp::MAX, most: 0 };
    let is_asked = wishes.send(Wish { ask, answer: Some(answer_in) }).await.is_ok();
    is_asked && matches!(answer.await, Ok(Answer::Changes(_)))
}

/// Says that the config is being read again; [`Status::reloaded`] says that it is done.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "the service manager could not be told"),
    }
}

/// The line that `systemctl status` shows.
#[derive(Debug, Default)]
pub(super) struct Status {
    said: String,
    fleet: String,
    faults: Vec<String>,
}

impl Status {
    /// Says how the fleet is, if that is news.
    pub(super) fn report(&mut self, view: &FleetView) {
        self.fleet = text::summary(view);
        let line = self.line();
        if line != self.said {
            tell(&[NotifyState::Status(&line)]);
            self.said = line;
        }
    }

    /// Says that the config was read again, and what of it is not in force.
    pub(super) fn reloaded(&mut self, faults: Vec<String>) {
        self.faults = faults;
        self.said = self.line();
        tell(&[NotifyState::Ready, NotifyState::Status(&self.said)]);
    }

    fn line(&self) -> String {
        let faults = self.faults.iter().map(|fault| format!("config: {}; ", printable(fault)));
        faults.collect::<String>() + &self.fleet
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    async fn next(wishes: &mut mpsc::Receiver<Wish>) -> oneshot::Sender<Answer> {
        wishes.recv().await.and_then(|wish| wish.answer).expect("somebody who wants an answer")
    }

    #[tokio::test]
    async fn the_watchdog_is_fed_after_an_answer_of_the_engine_and_never_otherwise() {
        let (owns_in, owns) = watch::channel(false);
        let (wishes_in, mut wishes) = mpsc::channel(1);
        let told = Arc::new(Mutex::new(Vec::new()));
        let noting = Arc::clone(&told);
        let tell = move |states: &[NotifyState<'_>]| {
            noting.lock().expect("not poisoned").extend(states.iter().map(ToString::to_string));
        };
        let said = || told.lock().expect("not poisoned").clone();
        let attending = tokio::spawn(attend(owns, wishes_in, Some(Duration::from_millis(2)), tell));
        tokio::task::yield_now().await;
        assert!(wishes.try_recv().is_err(), "nothing is asked before the history is open");
        owns_in.send_replace(true);
        let answer = |asked: oneshot::Sender<Answer>| asked.send(Answer::Changes(Vec::new())).expect("it listens");
        let asked = next(&mut wishes).await;
        assert_eq!(said(), Vec::<String>::new());
        answer(asked);
        let asked = next(&mut wishes).await;
        assert_eq!(said(), ["READY=1"]);
        answer(asked);
        let asked = next(&mut wishes).await;
        assert_eq!(said(), ["READY=1", "WATCHDOG=1"]);
        asked.send(Answer::Refused("the history is being closed".to_owned())).expect("it listens");
        attending.await.expect("it ends");
        assert_eq!(said(), ["READY=1", "WATCHDOG=1"]);
    }
}
