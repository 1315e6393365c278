//! `bedtop report`: chargeback.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use color_eyre::eyre::{Result, WrapErr, bail, eyre};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::input::{InputOptions, Opened};
use crate::cli::{GlobalOptions, environment, load_config, overrides, print};
use crate::config::{self, Overrides};
use crate::domain::chargeback::{GroupBy, Period};
use crate::domain::contract::Validity;
use crate::domain::history::History;
use crate::domain::time::{TimeSpan, floor_hour};
use crate::domain::view::Mode;
use crate::judge::chargeback::chargeback;
use crate::judge::policy::Policy;
use crate::report::chargeback::{self as printed, Comparison};
use crate::run::setup;

/// The word for everything there is.
const ALL: &str = "all";

/// What was used, what it cost, what is owed for it and what is earned, for a period
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bedtop report --period 2026-11 --output csv > november.csv\n  bedtop report --by tag:CostCenter --period 2026-Q4\n  bedtop report --since 2026-11-20 --until 2026-11-20T08:00:00Z\n  bedtop report --with new-contracts.toml      the same usage under other contracts and prices"
)]
pub(super) struct Report {
    /// 2026-11, 2026-Q4, 2026, 2026-11-20, 2026-11-01..2026-11-15, or `all`; the month that the data ends in if not given
    #[arg(long)]
    period: Option<String>,
    /// From this day or time on (2026-11-20 or RFC 3339, whole hours) instead of a period; from the first usage if not given
    #[arg(long, value_name = "TIME", conflicts_with = "period", value_parser = parse_bound)]
    since: Option<Bound>,
    /// Up to this day or time, which is no part of it any more; now if not given
    #[arg(long, value_name = "TIME", conflicts_with = "period", value_parser = parse_bound)]
    until: Option<Bound>,
    /// What the rows are: tenant, profile, model, or tag:KEY
    #[arg(long, default_value = "tenant", value_parser = parse_by)]
    by: GroupBy,
    /// Price the same usage by the contracts and prices of this config file as well, and show the difference
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    #[command(flatten)]
    input: InputOptions,
}

/// A day, which begins at midnight of the zone, or an instant.
#[derive(Clone, Copy, Debug)]
enum Bound {
    Day(Date),
    At(Timestamp),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Csv,
    Json,
    Markdown,
}

impl Report {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let opened = self.input.open(&config)?;
        let period = self.period(&opened)?;
        let with = self.with.as_ref().map(|path| self.other(global, path, &opened)).transpose()?;
        let report = |policy: &Policy| chargeback(&opened.store, policy, period.clone(), self.by.clone(), opened.now);
        let comparison = Comparison { now: report(&opened.policy), with: with.as_ref().map(report) };
        match self.output {
            Output::Table => print(&printed::table(&comparison))?,
            Output::Csv => print(&printed::csv(&comparison)?)?,
            Output::Json => print(&printed::json::report(&comparison)?)?,
            Output::Markdown => print(&printed::markdown(&comparison))?,
        }
        Ok(0)
    }

    fn period(&self, opened: &Opened) -> Result<Period> {
        let zone = &opened.policy.zone;
        if self.since.is_some() || self.until.is_some() {
            return self.between(opened);
        }
        match self.period.as_deref() {
            Some(ALL) => {
                let extent = opened.store.extent().ok_or_else(|| eyre!("there is no usage yet"))?;
                Ok(Period { name: ALL.to_owned(), span: TimeSpan::new(floor_hour(extent.start), extent.end) })
            }
            Some(text) => Period::parse(text, zone).map_err(|fault| eyre!("--period: {fault}")),
            None => {
                let newest = opened.store.extent().map_or(opened.now, |extent| extent.end);
                let inside =
                    newest.min(opened.now).saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(newest);
                Ok(Period::month_of(if opened.policy.mode == Mode::Replay { inside } else { opened.now }, zone))
            }
        }
    }

    /// The period between --since and --until.
    fn between(&self, opened: &Opened) -> Result<Period> {
        let zone = &opened.policy.zone;
        let first = || opened.store.extent().map_or(opened.now, |extent| floor_hour(extent.start));
        let start = self.since.map_or_else(first, |bound| bound.instant(zone));
        let end = self.until.map_or(opened.now, |bound| bound.instant(zone));
        if start >= end {
            bail!("there is nothing between {start} and {end}: --since has to come before --until");
        }
        Ok(Period { name: format!("{start} to {end}"), span: TimeSpan::new(start, end) })
    }

    /// The policy with the contracts and prices of another config.
    fn other(&self, global: &GlobalOptions, path: &std::path::Path, opened: &Opened) -> Result<Policy> {
        let flags = Overrides { config: Some(path.to_owned()), ..overrides(global) };
        let other = config::load(&flags, &environment).wrap_err("could not read what is given by --with")?.config;
        let other = setup::policy(&other, opened.policy.mode, setup::prices(self.input.price()));
        let Policy { contracts, prices, provisioned, .. } = other;
        Ok(Policy { contracts, provisioned, prices, ..opened.policy.clone() })
    }
}

impl Bound {
    fn instant(self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Day(day) => Validity { from: Some(day), to: None }.span(zone).start,
            Self::At(at) => at,
        }
    }
}

fn parse_bound(text: &str) -> Result<Bound, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        let is_whole = floor_hour(at) == at;
        return if is_whole {
            Ok(Bound::At(at))
        } else {
            Err("usage is summed by the hour: write a whole hour".to_owned())
        };
    }
    text.parse()
        .map(Bound::Day)
        .map_err(|_| "write a day such as 2026-11-20, or a time such as 2026-11-20T08:00:00Z".to_owned())
}

fn parse_by(text: &str) -> Result<GroupBy, String> {
    match text.split_once(':') {
        Some(("tag", key)) if !key.trim().is_empty() => Ok(GroupBy::Tag(key.trim().to_owned())),
        None if text == "tenant" => Ok(GroupBy::Tenant),
        None if text == "profile" => Ok(GroupBy::Profile),
        None if text == "model" => Ok(GroupBy::Model),
        _ => Err("expected tenant, profile, model or tag:KEY, for example tag:CostCenter".to_owned()),
    }
}
