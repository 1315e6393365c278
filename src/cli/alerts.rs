//! `bedtop alerts`: alerts as they stand, the log, and the handover.

use clap::{Args, ValueEnum};
use color_eyre::eyre::Result;
use jiff::{SignedDuration, Timestamp};

use crate::cli::input::InputOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, load_config, print};
use crate::domain::event::AlertKey;
use crate::domain::level::Level;
use crate::domain::matcher::{Labels, Matcher, Matchers};
use crate::report::handover;

/// Live alerts and the log of every change, ack, silence, skip and delivery
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bedtop alerts --since 24h --tenant 'acme*' --output csv\n  bedtop alerts --handover       the text for the next shift"
)]
pub(super) struct Alerts {
    /// How far the log goes back from the newest step: a time such as 24h or 7d, or an instant (RFC 3339)
    #[arg(long, default_value = "24h", value_parser = parse_since)]
    since: Since,
    /// Where the log ends (RFC 3339); now if not given
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only tenants that fit this pattern (`*`, `?`)
    #[arg(long, value_name = "GLOB")]
    tenant: Option<String>,
    /// Only this level and those above
    #[arg(long, value_enum)]
    level: Option<Least>,
    /// Only this signal, or a pattern of its name
    #[arg(long)]
    signal: Option<String>,
    /// The text for the next shift
    #[arg(long, conflicts_with = "output")]
    handover: bool,
    /// Explain each alert that fires
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    input: InputOptions,
}

#[derive(Clone, Copy, Debug)]
enum Since {
    Ago(SignedDuration),
    At(Timestamp),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Least {
    Yellow,
    Orange,
    Red,
}

impl Alerts {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let explains = self.explain || self.handover;
        let since = |newest: Timestamp| match self.since {
            Since::Ago(ago) => newest.saturating_sub(ago).unwrap_or(Timestamp::MIN),
            Since::At(at) => at,
        };
        let mut report = self.input.alerts(&load_config(global)?.config, &since, explains)?;
        let until = self.until.unwrap_or(Timestamp::MAX);
        report.log.retain(|entry| entry.at <= until);
        let matchers = self.matchers();
        let least = self.level.map_or(Level::Green, |least| match least {
            Least::Yellow => Level::Yellow,
            Least::Orange => Level::Orange,
            Least::Red => Level::Red,
        });
        report.keep(|alert: &AlertKey, level| level >= least && matchers.fit(&Labels::of(alert)));
        if self.handover {
            print(&handover::handover(&report))?;
        } else {
            self.output.print(|| report.table(), || report.json(), || report.csv())?;
        }
        Ok(0)
    }

    fn matchers(&self) -> Matchers {
        let of = |label: &str, pattern: &Option<String>| pattern.as_ref().map(|pattern| Matcher::like(label, pattern));
        Matchers([of("tenant", &self.tenant), of("signal", &self.signal)].into_iter().flatten().collect())
    }
}

fn parse_since(text: &str) -> Result<Since, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Since::At(at));
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()).map(|days| days.checked_mul(24));
    let ago = match days {
        Some(hours) => hours.and_then(SignedDuration::try_from_hours),
        None => text.parse().ok(),
    };
    ago.filter(|ago| *ago >= SignedDuration::ZERO)
        .map(Since::Ago)
        .ok_or_else(|| "expected a time such as 24h or 7d, or an instant such as 2026-11-24T06:00:00Z".to_owned())
}
