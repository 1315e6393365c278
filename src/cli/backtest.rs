//! `bedtop backtest`: a policy over a trace or over the own history.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use color_eyre::eyre::{Result, eyre};
use jiff::SignedDuration;

use crate::cli::input::{ReadingOptions, load_recording, read_store};
use crate::cli::{GlobalOptions, load_config, print};
use crate::config::Config;
use crate::domain::history::History;
use crate::domain::time::TimeSpan;
use crate::domain::view::Mode;
use crate::judge::backtest::{self, Truth};
use crate::judge::policy::Policy;
use crate::report::backtest::{Tried, changes_csv, json, levels_csv, table};
use crate::run::backtest::{BudgetFile, read_budgets, read_truth};
use crate::run::setup;
use crate::source::replay::RecordedHistory;

/// Run a policy over a trace, or over the own history: every change of level, and what it came to
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bedtop backtest --since 30d --against stricter.toml --output table\n  bedtop backtest --input usage.csv.gz --budgets budgets.csv --price input=3,output=15 --by budget > levels.csv"
)]
pub(super) struct Backtest {
    /// Run over this usage CSV (`-` for standard input, gz too) instead of the store
    #[arg(long, value_name = "USAGE.csv")]
    input: Option<PathBuf>,
    /// The budgets, instead of those of the config: columns `budget_id`, `kind`, `members`, `budget_usd`, `period_start`, `period_end`
    #[arg(long, value_name = "BUDGETS.csv")]
    budgets: Option<PathBuf>,
    /// Which budgets something was wrong with, to count false alarms: columns `budget_id`, `harmful`
    #[arg(long, value_name = "TRUTH.csv")]
    truth: Option<PathBuf>,
    /// What a row of the CSV is about
    #[arg(long, value_enum, default_value_t = By::Change)]
    by: By,
    /// Run the policy of this config file as well, side by side
    #[arg(long, value_name = "OTHER.toml")]
    against: Option<PathBuf>,
    /// How far back to go in the store
    #[arg(long, default_value = "30d", value_parser = parse_since)]
    since: SignedDuration,
    /// How to print it; the summary goes to standard error beside a CSV
    #[arg(long, value_enum, default_value_t = Output::Csv)]
    output: Output,
    #[command(flatten)]
    reading: ReadingOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// A change of level of an alert
    Change,
    /// A change of the level of a budget
    Budget,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
    Csv,
}

impl Backtest {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let name = global.config.as_ref().map_or("default".to_owned(), |path| path.display().to_string());
        let mut configs = vec![(name, config)];
        if let Some(path) = &self.against {
            let other = GlobalOptions { config: Some(path.clone()), ..global.clone() };
            configs.push((path.display().to_string(), load_config(&other)?.config));
        }
        let budgets = self.budgets.as_deref().map(read_budgets).transpose()?;
        let truth = self.truth.as_deref().map(read_truth).transpose()?;
        let tried = match &self.input {
            Some(path) => {
                let history = RecordedHistory::new(load_recording(path, &self.reading)?);
                let span = history.span();
                self.tried(&history, span, Mode::Replay, &configs, budgets.as_ref(), truth.as_deref())
            }
            None => self.over_the_store(&configs, budgets.as_ref(), truth.as_deref())?,
        };
        self.print(&tried)
    }

    fn over_the_store(
        &self,
        configs: &[(String, Config)],
        budgets: Option<&BudgetFile>,
        truth: Option<&[Truth]>,
    ) -> Result<Vec<Tried>> {
        let Some((_, config)) = configs.first() else { return Ok(Vec::new()) };
        let (store, _copy) = read_store(config, setup::open_store)?;
        let Some(end) = store.newest_poll() else {
            return Err(eyre!("there is no history yet: run `bedtop collect` first, or give a usage CSV with --input"));
        };
        let start = end.saturating_sub(self.since)?;
        let span = TimeSpan::new(store.extent().map_or(start, |extent| extent.start.max(start)), end);
        Ok(self.tried(&store, span, Mode::Live, configs, budgets, truth))
    }

    fn tried(
        &self,
        history: &dyn History,
        span: TimeSpan,
        mode: Mode,
        configs: &[(String, Config)],
        file: Option<&BudgetFile>,
        truth: Option<&[Truth]>,
    ) -> Vec<Tried> {
        let judged = file.and_then(|file| file.span).unwrap_or(span);
        let try_one = |(name, config): &(String, Config)| {
            let policy = self.policy(config, mode, file);
            let changes = backtest::run(history, &policy, span);
            let levels = backtest::by_budget(&changes, &policy.budgets);
            let summary = backtest::summary(&changes, &levels, judged, truth);
            Tried { policy: name.clone(), changes, levels, summary }
        };
        configs.iter().map(try_one).collect()
    }

    fn policy(&self, config: &Config, mode: Mode, file: Option<&BudgetFile>) -> Policy {
        let price = self.reading.price.clone().or_else(|| file.and_then(|file| file.price.clone()));
        let mut policy = setup::policy(config, mode, setup::prices(price));
        if let Some(file) = file {
            policy.budgets.clone_from(&file.budgets);
            policy.pools.clone_from(&file.pools);
        }
        policy
    }

    fn print(&self, tried: &[Tried]) -> Result<u8> {
        match (self.output, self.by) {
            (Output::Table, _) => print(&table(tried))?,
            (Output::Json, _) => print(&json(tried)?)?,
            (Output::Csv, by) => {
                print(&match by {
                    By::Change => changes_csv(tried)?,
                    By::Budget => levels_csv(tried)?,
                })?;
                write!(io::stderr().lock(), "{}", table(tried))?;
            }
        }
        Ok(0)
    }
}

fn parse_since(text: &str) -> Result<SignedDuration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()).map(|days| days.saturating_mul(24));
    let hours = days.or_else(|| text.strip_suffix('h').and_then(|hours| hours.parse().ok()));
    match hours {
        Some(hours) if (1..=20_000).contains(&hours) => Ok(SignedDuration::from_hours(hours)),
        _ => Err("expected a length of time such as 30d or 48h".to_owned()),
    }
}
