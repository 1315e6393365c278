//! The victim: the engine on its thread and the courier beside it, as in the program; only its polls come from a file, as
//! fast as they are taken, and its clock goes by them.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bedtop::collect::{Clock, Hand};
use bedtop::config::{self, Config, Overrides};
use bedtop::domain::letter::{LetterRow, LetterState};
use bedtop::domain::time::Step;
use bedtop::domain::update::Update;
use bedtop::domain::view::Mode;
use bedtop::history::Store;
use bedtop::link::{Answer, Ask};
use bedtop::run::desk::{Question, Watched};
use bedtop::run::engine::{Command, Engine, QUEUE_LENGTH, Wiring};
use bedtop::run::responses::Responding;
use bedtop::run::setup;
use bedtop::source::replay::Recording;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// Names the folder of a victim.
pub(crate) const FOLDER: &str = "BEDTOP_RESPOND_CRASH_FOLDER";

/// Feeds the storm from where it was interrupted, and ends once everything is told.
pub(crate) fn tell_until_killed(folder: &Path) {
    let config = config_in(folder);
    let recording = Recording::load(&folder.join("storm.csv"), Some(Step::FIVE_MINUTES)).expect("a sound recording");
    let store = setup::open_store(&config).expect("the store opens");
    tokio::runtime::Runtime::new().expect("a runtime").block_on(tell(&config, store, &recording));
}

fn config_in(folder: &Path) -> Config {
    let flags = Overrides { config: Some(folder.join("config.toml")), ..Overrides::default() };
    let home = |name: &str| (name == "HOME").then(|| "/nowhere".to_owned());
    config::load(&flags, &home).expect("a sound config").config
}

async fn tell(config: &Config, store: Store, recording: &Recording) {
    let newest = store.newest_poll();
    let (clock, hand) = Clock::by_hand(newest.unwrap_or(recording.span().start));
    let policy = setup::policy(config, Mode::Live, setup::prices(None));
    let (responding, woken) = (Responding::new(config), Arc::new(Notify::new()));
    let engine = Engine::new(store, policy, clock.now()).with_responses(&responding, Arc::clone(&woken));
    let (commands, commands_out) = mpsc::channel(QUEUE_LENGTH);
    let (updates, _shown) = watch::channel(Update::Opening);
    let (_watching, watched) = watch::channel(Watched::new());
    let (_stop, stopped) = watch::channel(false);
    let working = thread::spawn(move || engine.run(Wiring { commands: commands_out, watched, updates, stopped }));
    let courier = responding.courier(commands.clone(), clock, Arc::clone(&woken), watch::channel(0).0);
    let carrying = tokio::spawn(courier.run());
    feed(&commands, &hand, recording, newest).await;
    // Whatever is grouped or held back for a while is due now.
    hand.set(recording.span().end + SignedDuration::from_hours(2));
    while waits(&commands).await {
        woken.notify_one();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    carrying.abort();
    let _ = carrying.await;
    drop(commands);
    tokio::task::spawn_blocking(move || working.join().expect("the engine ends well")).await.expect("it is waited for");
}

/// A kill may have come between a poll and its step: the step of the newest poll comes again.
async fn feed(commands: &mpsc::Sender<Command>, hand: &Hand, recording: &Recording, newest: Option<Timestamp>) {
    let step = |at| async move { commands.send(Command::Step(at)).await.expect("the engine works") };
    if let Some(newest) = newest {
        step(newest).await;
    }
    for batch in recording.batches() {
        let closed = batch.poll.at;
        if newest.is_some_and(|newest| closed <= newest) {
            continue;
        }
        hand.set(closed);
        commands.send(Command::Store(Box::new(batch))).await.expect("the engine works");
        step(closed).await;
        // The courier takes what is due before the clock goes on.
        waits(commands).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether a letter waits for anyone but the receiver that is not there.
async fn waits(commands: &mpsc::Sender<Command>) -> bool {
    let (answer_in, answer) = oneshot::channel();
    let ask = Ask::Letters { state: Some(LetterState::Waiting), most: u32::MAX };
    let question = Box::new(Question { ask, answer: answer_in });
    commands.send(Command::Ask(question)).await.expect("the engine works");
    let Answer::Letters(letters) = answer.await.expect("an answer") else { panic!("no letters") };
    let is_late = |letter: &&LetterRow| letter.receiver == "late";
    let is_refused = letters.iter().filter(is_late).any(|letter| letter.attempts > 0);
    letters.iter().any(|letter| letter.receiver != "late" || !is_refused)
}
