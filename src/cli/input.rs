//! What one-shot commands judge: the store, or a usage CSV given by `--input`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::cli::runtime;
use crate::collect::Clock;
use crate::config::{Config, StoreSettings};
use crate::cost::ModelPrice;
use crate::domain::history::History;
use crate::domain::text::printable;
use crate::domain::time::Step;
use crate::domain::update::Gaze;
use crate::domain::view::{FleetView, Mode};
use crate::history::{Retention, Store};
use crate::judge::policy::Policy;
use crate::report::alerts::AlertReport;
use crate::report::tmux;
use crate::run::attach::{self, Shown, ShownLine};
use crate::run::engine::Engine;
use crate::run::look::Looked;
use crate::run::{act, copying, offline, setup, takeover};
use crate::source::replay::Recording;

/// How long a history that is open elsewhere is waited for, where whoever has it open cannot be asked.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long between two tries.
const PAUSE: Duration = Duration::from_millis(50);
const NOT_ASKED: &str = "could not ask the bedtop that has the history open";
const NOTHING_YET: &str = "the bedtop that has the history open has nothing to show yet: wait for its first poll";

/// Options of commands that can judge a file.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct InputOptions {
    /// Judge this usage CSV (`-` for standard input, gz too) instead of the store
    #[arg(long, value_name = "USAGE.csv")]
    input: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingOptions,
}

/// How a usage CSV is read.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ReadingOptions {
    /// The width of a bin of the CSV, for example 10m; found from its times if not given
    #[arg(long, value_parser = parse_bin)]
    pub(super) bin: Option<Step>,
    /// Price models that are not in the price book, in USD per million tokens: input=3,output=15
    #[arg(long, value_name = "PRICES", value_parser = parse_price)]
    pub(super) price: Option<ModelPrice>,
}

/// A history with what it is judged by.
pub(super) struct Opened {
    /// The history.
    pub(super) store: Store,
    /// What it is judged by.
    pub(super) policy: Policy,
    /// As of when: now, or the end of the file.
    pub(super) now: Timestamp,
    /// The folder of a file's history, or of a copy of what is open elsewhere, for as long as it is needed.
    _folder: Option<TempDir>,
}

impl InputOptions {
    /// The history of the file or of the store.
    pub(super) fn open(&self, config: &Config) -> Result<Opened> {
        let Some(path) = &self.input else {
            let policy = setup::policy(config, Mode::Live, setup::prices(None));
            let (store, folder) = read_store(config, open_store)?;
            return Ok(Opened { store, policy, now: Clock::wall().now(), _folder: folder });
        };
        let recording = load_recording(path, &self.reading)?;
        let folder = TempDir::with_prefix("bedtop-").wrap_err("could not make a temporary folder")?;
        let (store, now) = offline::store_recording(&recording, folder.path())?;
        let policy = setup::policy(config, Mode::Replay, setup::prices(self.price()));
        Ok(Opened { store, policy, now, _folder: Some(folder) })
    }

    /// The file, where one is given.
    pub(super) fn path(&self) -> Option<&Path> {
        self.input.as_deref()
    }

    /// The price of models that are not in the price book.
    pub(super) fn price(&self) -> Option<ModelPrice> {
        self.reading.price.clone()
    }

    /// The fleet as the file or the store has it.
    pub(super) fn view(&self, config: &Config) -> Result<FleetView> {
        match &self.input {
            Some(path) => judge_file(config, path, &self.reading),
            None => judge_store(config),
        }
    }

    /// The fleet in one line for tmux: as the owner of the history has it, else as the file or the store has it.
    pub(super) fn line(&self, config: &Config) -> Result<String> {
        if self.input.is_none()
            && let Some(line) = ask_owner_for_line(&config.store)?
        {
            return Ok(line);
        }
        Ok(tmux::line(&self.view(config)?))
    }

    /// What can be looked at: the file in a temporary folder, the owner's view, or the history itself.
    pub(super) fn looked(&self, config: &Config, folder: &Path) -> Result<Looked> {
        let Some(path) = &self.input else {
            return look_at_store(config);
        };
        let recording = load_recording(path, &self.reading)?;
        let policy = setup::policy(config, Mode::Replay, setup::prices(self.price()));
        let store = setup::temporary_store(folder, recording.step(), Retention::forever())?;
        Ok(Looked::Engine(Box::new(offline::engine_over(&recording, store, policy))))
    }

    /// The same in depth, where the owner shows the fleet alone: a copy of its history, which goes with the folder.
    pub(super) fn looked_in_depth(config: &Config) -> Result<(Looked, Option<TempDir>)> {
        let (engine, folder) = read_store(config, open_engine)?;
        Ok((Looked::Engine(Box::new(engine)), folder))
    }

    /// The alerts and the log of the file or the store from an instant on, which is counted from the newest step.
    pub(super) fn alerts(
        &self,
        config: &Config,
        since: &dyn Fn(Timestamp) -> Timestamp,
        explains: bool,
    ) -> Result<AlertReport> {
        let Some(path) = &self.input else {
            let of_owner = runtime()?.block_on(act::alerts_of_owner(config, since, explains))?;
            return of_owner.map_or_else(|| Ok(open_engine(config)?.alerts(since, explains)), Ok);
        };
        let recording = load_recording(path, &self.reading)?;
        let policy = setup::policy(config, Mode::Replay, setup::prices(self.reading.price.clone()));
        offline::alerts_of(&recording, policy, since, explains)
    }
}

/// Reads a usage CSV and says on standard error what of it was left out.
pub(super) fn load_recording(path: &Path, reading: &ReadingOptions) -> Result<Recording> {
    let recording = read_recording(path, reading)?;
    tell(&recording.warnings())?;
    Ok(recording)
}

/// Reads a usage CSV and says nothing.
pub(super) fn read_recording(path: &Path, reading: &ReadingOptions) -> Result<Recording> {
    Recording::load(path, reading.bin).map_err(|error| eyre!("{error}; {}", error.remedy))
}

/// Says what of a usage CSV was left out.
pub(super) fn tell(warnings: &[String]) -> Result<()> {
    let mut errors = io::stderr().lock();
    for warning in warnings {
        writeln!(errors, "bedtop: {}", printable(warning))?;
    }
    Ok(())
}

/// Judges a whole file.
pub(super) fn judge_file(config: &Config, path: &Path, reading: &ReadingOptions) -> Result<FleetView> {
    let recording = load_recording(path, reading)?;
    let policy = setup::policy(config, Mode::Replay, setup::prices(reading.price.clone()));
    offline::judge_recording(&recording, policy)
}

/// What the owner of the history shows, or what the history itself says where nobody has it open.
fn judge_store(config: &Config) -> Result<FleetView> {
    let (view, _) = look_at_store(config)?.see(&Gaze::default())?;
    Ok(Arc::unwrap_or_clone(view))
}

fn look_at_store(config: &Config) -> Result<Looked> {
    let began = Instant::now();
    loop {
        if let Some(view) = ask_owner(&config.store)? {
            return Ok(Looked::Fleet(view.into()));
        }
        match open_engine(config) {
            // Whoever has it open is beginning or ending.
            Err(report) if takeover::is_locked(&report) && began.elapsed() < PATIENCE => thread::sleep(PAUSE),
            opened => return opened.map(|engine| Looked::Engine(Box::new(engine))),
        }
    }
}

/// Reads the whole history: where another bedtop has it open, a copy of it, which goes with the folder. What is given is the
/// config with the path of that one.
pub(super) fn read_store<T>(config: &Config, read: impl Fn(&Config) -> Result<T>) -> Result<(T, Option<TempDir>)> {
    let began = Instant::now();
    loop {
        let folder = TempDir::with_prefix("bedtop-").wrap_err("could not make a temporary folder")?;
        if runtime()?.block_on(copying::copy_of_owner(&config.store, folder.path()))? {
            let mut copied = config.clone();
            folder.path().clone_into(&mut copied.store.path);
            return Ok((read(&copied)?, Some(folder)));
        }
        match read(config) {
            // Whoever has it open is beginning or ending.
            Err(report) if takeover::is_locked(&report) && began.elapsed() < PATIENCE => thread::sleep(PAUSE),
            done => return Ok((done?, None)),
        }
    }
}

fn ask_owner_for_line(store: &StoreSettings) -> Result<Option<String>> {
    let shown = asking()?.block_on(attach::line_of_owner(store));
    match shown.wrap_err(NOT_ASKED)? {
        ShownLine::Line(line) => Ok(Some(line)),
        ShownLine::Nothing => bail!(NOTHING_YET),
        ShownLine::NoOwner => Ok(None),
    }
}

/// Enough for one question.
fn asking() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn ask_owner(store: &StoreSettings) -> Result<Option<FleetView>> {
    let runtime = asking()?;
    let shown = runtime.block_on(async {
        match &store.attach {
            Some(socket) => attach::view_at(socket).await,
            None => attach::view_of_owner(&store.path).await,
        }
    });
    match shown.wrap_err(NOT_ASKED)? {
        Shown::View(view) => Ok(Some(Arc::unwrap_or_clone(view))),
        Shown::Nothing => bail!(NOTHING_YET),
        Shown::NoOwner => Ok(None),
    }
}

/// The engine over the store, as of now.
fn open_engine(config: &Config) -> Result<Engine> {
    let store = open_store(config)?;
    let policy = setup::policy(config, Mode::Live, setup::prices(None));
    Ok(Engine::new(store, policy, Clock::wall().now()))
}

/// Opens the store, which has to have something in it.
fn open_store(config: &Config) -> Result<Store> {
    let path = &config.store.path;
    let empty = || {
        eyre!(
            "there is no history in {} yet: run `bedtop` or `bedtop collect` first, or give a usage CSV with --input",
            path.display()
        )
    };
    if !Store::exists(path) {
        return Err(empty());
    }
    let store = setup::open_store(config)?;
    if store.newest_poll().is_none() {
        // What was put aside as damaged is why there is none.
        return Err(store.faults().into_iter().fold(empty(), color_eyre::Report::wrap_err));
    }
    Ok(store)
}

fn parse_bin(text: &str) -> Result<Step, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|_| "expected a duration such as 10m".to_owned())?;
    match u32::try_from(span.as_secs()) {
        Ok(seconds) if seconds >= 60 && seconds % 60 == 0 => Ok(Step::from_seconds(seconds)),
        _ => Err("a bin is a whole number of minutes, for example 10m".to_owned()),
    }
}

fn parse_price(text: &str) -> Result<ModelPrice, String> {
    text.parse().map_err(|error: crate::cost::PriceError| error.to_string())
}
