//! `bedtop respond`: try receivers, look at what was told, preview what a response would hit, send again.

use clap::{Args, Subcommand, ValueEnum};
use color_eyre::eyre::{Result, bail, eyre};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::cli::input::InputOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, load_config, print, runtime};
use crate::config::Config;
use crate::domain::letter::LetterState;
use crate::report::responses::{self, Tried};
use crate::respond::{Receivers, Router};
use crate::run::letters::{self, Sender};

/// Try receivers, list what was told, preview and repeat responses
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  bedtop respond test on-call")]
pub(super) enum Respond {
    /// Send a marked test event to a receiver, past routes and limits; a program is not run, only named
    #[command(after_help = "Example:\n  bedtop respond test on-call")]
    Test(Test),
    /// What waits, what was told, what was skipped and why, and dead letters
    #[command(after_help = "Example:\n  bedtop respond list --state dead --output json")]
    List(List),
    /// Whom and what the responses to an alert would hit: its tenant, profiles, who shares with it, receivers, programs
    #[command(after_help = "Example:\n  bedtop respond preview tenant/acme/budget/monthly")]
    Preview(Box<Preview>),
    /// Send a dead letter again, under the same key
    #[command(after_help = "Example:\n  bedtop respond resend 9f86d081884c7d659a2feaa0c55ad015")]
    Resend {
        /// The key of the letter, from `bedtop respond list`
        key: String,
    },
}

/// Send a marked test event
#[derive(Debug, Args)]
pub(super) struct Test {
    /// The receiver by its name in the config
    receiver: String,
    #[command(flatten)]
    output: OutputOption,
}

/// List letters
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    output: OutputOption,
}

/// Preview responses
#[derive(Debug, Args)]
pub(super) struct Preview {
    /// The alert, as in `tenant/acme/budget/monthly`
    alert: String,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    input: InputOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    Waiting,
    Delivered,
    Skipped,
    Dead,
}

impl State {
    fn plain(self) -> LetterState {
        match self {
            Self::Waiting => LetterState::Waiting,
            Self::Delivered => LetterState::Delivered,
            Self::Skipped => LetterState::Skipped,
            Self::Dead => LetterState::Dead,
        }
    }
}

impl Respond {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        match self {
            Self::Test(test) => test.run(&config),
            Self::List(list) => list.run(&config),
            Self::Preview(preview) => preview.run(&config),
            Self::Resend { key } => resend(&config, &key),
        }
    }
}

impl Test {
    /// The exit code tells whether it arrived.
    fn run(&self, config: &Config) -> Result<u8> {
        let router = Router::new(&config.responses);
        let Some(receiver) = router.receiver(&self.receiver) else {
            let names: Vec<&str> = router.receivers().map(|receiver| receiver.name.as_str()).collect();
            bail!("there is no receiver `{}` in the config: it has {}", self.receiver, names.join(", "));
        };
        let receivers = Receivers::new(&router, &config.store.path, watch::channel(0).0);
        let kind = receiver.kind.name();
        let verdict = runtime()?.block_on(receivers.try_out(&receiver.name, Timestamp::now()));
        let tried = Tried::new(&receiver.name, kind, &verdict);
        self.output.print(
            || responses::tried_table(&tried),
            || responses::tried_json(&tried),
            || responses::tried_csv(&tried),
        )?;
        Ok(u8::from(!tried.arrived()))
    }
}

impl List {
    fn run(&self, config: &Config) -> Result<u8> {
        let state = self.state.map(State::plain);
        let letters = runtime()?.block_on(letters::list(config, state, self.limit))?;
        self.output.print(|| responses::table(&letters), || responses::json(&letters), || responses::csv(&letters))?;
        Ok(0)
    }
}

impl Preview {
    fn run(&self, config: &Config) -> Result<u8> {
        let view = self.input.view(config)?;
        let lines = responses::preview(&view, &Router::new(&config.responses), &self.alert).ok_or_else(|| {
            eyre!("`{}` is no alert of this fleet: write for example tenant/acme/budget/monthly", self.alert)
        })?;
        self.output.print(
            || responses::preview_table(&lines),
            || responses::preview_json(&lines),
            || responses::preview_csv(&lines),
        )?;
        Ok(0)
    }
}

fn resend(config: &Config, key: &str) -> Result<u8> {
    print(match runtime()?.block_on(letters::resend(config, key))? {
        Sender::Owner => "it waits again, and is sent now",
        Sender::Next => "it waits again: the next `bedtop` or `bedtop collect` of this history sends it",
    })?;
    Ok(0)
}
