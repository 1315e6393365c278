//! The config while the program runs: read again when that is asked for, or when its file has changed.
//!
//! What the judge judges by and who is told changes at once; what only a start can take up is named until there is one.
//! A file with faults changes nothing, and that is said until it is mended. Levels, silences and what people were told
//! stand as they did: a new config is judged by from the next step on.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tracing::{info, warn};

use crate::config::{Config, ConfigError, Effective};
use crate::cost::PriceBook;
use crate::domain::view::Mode;
use crate::judge::policy::Policy;
use crate::respond::Router;
use crate::run::engine::Command;
use crate::run::setup;

mod file;
mod start;

use file::{File, Look};

/// How often it is looked whether the file has changed: seldom, because each look wakes a processor.
const EVERY: Duration = Duration::from_secs(10);
/// A change is looked at again after so long: one that still goes on is not taken by halves.
const SETTLES: Duration = Duration::from_secs(1);

/// Reads the config as flags, environment and file ask for it.
pub type Read = Box<dyn Fn() -> Result<Effective, ConfigError> + Send + Sync>;

/// What is judged by and who is told.
#[derive(Debug)]
pub struct Rules {
    /// What is judged by.
    pub policy: Policy,
    /// Who is told.
    pub router: Router,
}

/// What a reading of the config comes to, for the engine.
#[derive(Debug)]
pub struct Reload {
    /// What holds from now on, where that has changed.
    pub rules: Option<Rules>,
    /// What is not in force of the file, and why.
    pub faults: Vec<String>,
    /// Is told when it is in force.
    pub done: oneshot::Sender<()>,
}

/// What came of the newest reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// How often the config was read again.
    pub readings: u64,
    /// What is not in force of the file, and why.
    pub faults: Vec<String>,
}

/// The config in force.
pub struct LiveConfig {
    read: Read,
    asked: Notify,
    news: watch::Sender<News>,
    standing: Mutex<Standing>,
}

struct Standing {
    /// With what the program started.
    started: Config,
    in_force: Arc<Config>,
    file: File,
    had_file: bool,
}

impl LiveConfig {
    /// Reads the config for the first time; its file is, or would be, at `path`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn start(read: Read, path: Option<PathBuf>) -> Result<Self, ConfigError> {
        // Looked at before it is read: what changes meanwhile is seen as a change.
        let file = File::at(path);
        let effective = read()?;
        let standing = Standing {
            in_force: Arc::new(effective.config.clone()),
            started: effective.config,
            file,
            had_file: effective.file.is_some(),
        };
        Ok(Self { read, asked: Notify::new(), news: watch::channel(News::default()).0, standing: Mutex::new(standing) })
    }

    /// What is in force.
    #[must_use]
    pub fn in_force(&self) -> Arc<Config> {
        Arc::clone(&self.standing().in_force)
    }

    /// Asks for the config to be read again, by whoever owns the history here, now or as soon as someone does.
    pub fn ask(&self) {
        self.asked.notify_one();
    }

    /// What came of it.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// Keeps an engine at what the file says, until the engine ends.
    pub(super) async fn follow(self: Arc<Self>, commands: mpsc::Sender<Command>) {
        let faults = self.news.borrow().faults.clone();
        if !faults.is_empty() {
            hand_over(&commands, None, faults).await;
        }
        let mut wait = EVERY;
        while !commands.is_closed() {
            let is_asked = tokio::select! {
                () = self.asked.notified() => true,
                () = tokio::time::sleep(wait) => false,
            };
            let looking = Arc::clone(&self);
            let Ok(look) = tokio::task::spawn_blocking(move || looking.look(is_asked)).await else { return };
            wait = if look == Look::Changing { SETTLES } else { EVERY };
            if look == Look::Changed || is_asked {
                self.take(&commands).await;
            }
        }
    }

    fn look(&self, is_asked: bool) -> Look {
        self.standing().file.look(is_asked)
    }

    async fn take(self: &Arc<Self>, commands: &mpsc::Sender<Command>) {
        let reading = Arc::clone(self);
        let Ok((rules, faults)) = tokio::task::spawn_blocking(move || reading.read_again()).await else { return };
        hand_over(commands, rules, faults.clone()).await;
        self.news.send_modify(|news| *news = News { readings: news.readings + 1, faults });
    }

    /// Reads the config; gives what is new, and what is not in force of it.
    fn read_again(&self) -> (Option<Rules>, Vec<String>) {
        let read = (self.read)();
        let mut standing = self.standing();
        let effective = match read {
            Ok(effective) if standing.had_file && effective.file.is_none() => {
                return (None, vec![refused("the config file is gone")]);
            }
            Ok(effective) => effective,
            Err(error) => {
                warn!(%error, "the config cannot be taken: what held before stays in force");
                return (None, vec![refused(&in_a_line(&error))]);
            }
        };
        standing.had_file = effective.file.is_some();
        let left = start::needs_one(&standing.started, &effective.config);
        let config = start::without(&standing.started, effective.config);
        let is_new = config != *standing.in_force;
        standing.in_force = Arc::new(config);
        info!(is_new, needs_restart = ?left, "the config was read again");
        let rules = is_new.then(|| rules(&standing.in_force));
        let faults = if left.is_empty() { Vec::new() } else { vec![format!("needs a restart: {}", left.join(", "))] };
        (rules, faults)
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        // Nothing is left half done in it.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rules(config: &Config) -> Rules {
    Rules { policy: setup::policy(config, Mode::Live, PriceBook::embedded()), router: Router::new(&config.responses) }
}

/// Waits until it is in force, or the engine has ended.
async fn hand_over(commands: &mpsc::Sender<Command>, rules: Option<Rules>, faults: Vec<String>) {
    let (done, is_done) = oneshot::channel();
    if commands.send(Command::Reload(Box::new(Reload { rules, faults, done }))).await.is_ok() {
        // An engine that ends meanwhile has no use for it.
        let _ = is_done.await;
    }
}

fn refused(why: &str) -> String {
    format!("{why}; what held before stays in force")
}

/// An error in a line: of many faults the first, with its place.
fn in_a_line(error: &ConfigError) -> String {
    let ConfigError::Faulty { path, faults } = error else { return error.to_string() };
    let first = faults.first().map(ToString::to_string).unwrap_or_default();
    let more = match faults.len() {
        0 | 1 => String::new(),
        many => format!(" (and {} more: `bedtop config check` tells all)", many - 1),
    };
    format!("{} has a fault: {first}{more}", path.display())
}

#[cfg(test)]
mod tests;
