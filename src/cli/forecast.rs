//! `bedtop forecast`: what will be used, with intervals.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use clap::{Args, ValueEnum};
use color_eyre::eyre::{Result, bail, eyre};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::cli::input::InputOptions;
use crate::cli::{GlobalOptions, load_config, print};
use crate::domain::ids::Owner;
use crate::domain::text::printable;
use crate::domain::time::TimeSpan;
use crate::domain::view::{BudgetRow, FleetView};
use crate::forecast::Prior;
use crate::history::Store;
use crate::judge::policy::Policy;
use crate::judge::spend::{self, Spend, SpendForecast};
use crate::report::forecast::{self, PlainSeries};
use crate::report::spend as report;
use crate::run::engine::Engine;
use crate::source::series::{SeriesReader, SeriesRow};

/// The most steps ahead.
const FURTHEST: u32 = 20_000;
/// Steps ahead of a series where nothing is asked for.
const STEPS: u32 = 24;

/// What tenants will spend until their budgets' periods end, with 80 and 95 % intervals; or any series, ahead
#[derive(Debug, Args)]
#[command(
    after_help = "With --input and a file of `series_id,timestamp,value` in regular steps it writes CSV; step 0 is the total over the horizon with its own interval.\n\nExamples:\n  bedtop forecast acme --until period\n  bedtop forecast --pool emea --horizon 7d --output json\n  bedtop forecast --input series.csv --horizon 24"
)]
pub(super) struct Forecast {
    /// Only this tenant
    tenant: Option<String>,
    /// The members of this pool, as one
    #[arg(long, value_name = "NAME", conflicts_with = "tenant")]
    pool: Option<String>,
    /// How far ahead: 7d or 36h; a number of steps for a file of plain series
    #[arg(long, value_parser = parse_horizon)]
    horizon: Option<Horizon>,
    /// `period`: to the end of the budget's period, or of the month where there is no budget; or a time (RFC 3339)
    #[arg(long, conflicts_with = "horizon", value_parser = parse_until)]
    until: Option<Until>,
    #[command(flatten)]
    input: InputOptions,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Horizon {
    Steps(u32),
    Time(SignedDuration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Period,
    Time(Timestamp),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Table,
    Json,
    Csv,
}

/// A fleet with the history that it was judged from.
struct Judged<'a> {
    view: &'a FleetView,
    store: &'a Store,
    policy: &'a Policy,
}

impl Forecast {
    pub(super) fn run(&self, global: &GlobalOptions) -> Result<u8> {
        if let Some(path) = self.input.path().filter(|path| is_series(path)) {
            return self.plain(path);
        }
        let config = load_config(global)?.config;
        let opened = self.input.open(&config)?;
        let mut engine = Engine::new(opened.store, opened.policy.clone(), opened.now);
        let view = engine.view();
        let judged = Judged { view: &view, store: &engine.into_store(), policy: &opened.policy };
        let rows = self.rows(&judged)?;
        match self.output {
            Output::Table => print(&report::table(&rows))?,
            Output::Json => print(&report::json(&rows, judged.view.at)?)?,
            Output::Csv => print(&report::csv(&rows)?)?,
        }
        Ok(0)
    }

    fn plain(&self, path: &Path) -> Result<u8> {
        let steps = match self.horizon {
            None => STEPS,
            Some(Horizon::Steps(steps)) => steps,
            Some(Horizon::Time(_)) => bail!("the horizon of a plain series is a number of its steps, for example 24"),
        };
        print(&forecast::csv(&load(path)?, steps)?)?;
        Ok(0)
    }

    fn rows(&self, judged: &Judged<'_>) -> Result<Vec<SpendForecast>> {
        let owners = spend::by_owner(judged.store, judged.policy, judged.view.at);
        let prior = spend::prior(&owners);
        if let Some(pool) = &self.pool {
            return self.pool(pool, judged, &owners, &prior);
        }
        let wanted = |owner: &&Owner| self.tenant.as_ref().is_none_or(|tenant| owner.name() == tenant);
        let known: Vec<&Owner> = owners.keys().filter(wanted).collect();
        if let (Some(tenant), true) = (&self.tenant, known.is_empty()) {
            let tenant = printable(tenant);
            bail!("there is no usage of a tenant `{tenant}`: `bedtop tenants` lists those that have some");
        }
        let mut rows = Vec::new();
        for row in judged.view.tenants.iter().filter(|row| known.contains(&&row.owner)) {
            rows.extend(self.of(row.owner.name(), &owners[&row.owner], &row.budgets, judged, &prior)?);
        }
        Ok(rows)
    }

    fn pool(
        &self,
        name: &str,
        judged: &Judged<'_>,
        owners: &BTreeMap<Owner, Spend>,
        prior: &Prior,
    ) -> Result<Vec<SpendForecast>> {
        let Some(pool) = judged.policy.pools.iter().find(|pool| pool.name.as_str() == name) else {
            bail!("there is no pool `{}` in the config: [[pool]] names one and its members", printable(name));
        };
        let rows = judged.view.tenants.iter().filter(|row| {
            let Owner::Tenant(tenant) = &row.owner else { return false };
            let of_profiles = row.profiles.iter().flat_map(|profile| profile.tags.clone()).collect();
            let tags = judged.policy.contracts.tags_of(tenant, of_profiles);
            pool.has(tenant, judged.policy.contracts.plan_of(tenant, &tags, judged.view.at), &tags)
        });
        let members = rows.filter_map(|row| owners.get(&row.owner));
        let Some(sum) = spend::together(members) else {
            bail!("no member of the pool `{}` has any usage", printable(name));
        };
        let budgets = judged.view.pools.iter().find(|row| row.pool == pool.name).map_or(&[][..], |row| &row.budgets);
        self.of(&format!("*pool:{name}"), &sum, budgets, judged, prior)
    }

    /// The budgets' periods, or the span that is asked for.
    fn of(
        &self,
        name: &str,
        spend: &Spend,
        budgets: &[BudgetRow],
        judged: &Judged<'_>,
        prior: &Prior,
    ) -> Result<Vec<SpendForecast>> {
        let now = judged.view.at;
        let ahead = |end| vec![spend::of_span(name, spend, TimeSpan::new(now, end), prior, now)];
        match (self.horizon, self.until) {
            (Some(Horizon::Steps(_)), _) => bail!("a number of steps needs a file of plain series: write 7d or 36h"),
            (Some(Horizon::Time(length)), _) => Ok(ahead(now.saturating_add(length).unwrap_or(Timestamp::MAX))),
            (None, Some(Until::Time(end))) => Ok(ahead(end)),
            (None, None | Some(Until::Period)) => {
                let mut rows: Vec<_> =
                    budgets.iter().filter_map(|budget| spend::of_budget(name, spend, budget, prior, now)).collect();
                if rows.is_empty() {
                    rows.push(spend::of_span(name, spend, judged.view.period_span, prior, now));
                }
                Ok(rows)
            }
        }
    }
}

/// Whether a file has the columns of plain series. Standard input has: it cannot be looked at twice.
fn is_series(path: &Path) -> bool {
    path == Path::new("-") || SeriesReader::open(path).is_ok()
}

fn parse_horizon(text: &str) -> Result<Horizon, String> {
    if let Ok(steps) = text.parse::<u32>() {
        return if (1..=FURTHEST).contains(&steps) {
            Ok(Horizon::Steps(steps))
        } else {
            Err(format!("a number of steps from 1 to {FURTHEST}"))
        };
    }
    let wrong = || "write for example 7d, 36h, or a number of steps".to_owned();
    let span: Span = text.parse().map_err(|_| wrong())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    let most = SignedDuration::from_hours(2 * 366 * 24);
    if length > SignedDuration::ZERO && length <= most { Ok(Horizon::Time(length)) } else { Err(wrong()) }
}

fn parse_until(text: &str) -> Result<Until, String> {
    if text == "period" {
        return Ok(Until::Period);
    }
    text.parse().map(Until::Time).map_err(|_| "write `period` or a time such as 2026-12-01T00:00:00Z".to_owned())
}

/// The series of a file in the order they begin in it. A time that is there twice counts with its last value.
fn load(path: &Path) -> Result<Vec<PlainSeries>> {
    let mut order: Vec<String> = Vec::new();
    let mut rows: BTreeMap<String, BTreeMap<_, SeriesRow>> = BTreeMap::new();
    for row in SeriesReader::open(path).map_err(|error| eyre!("{error}; {}", error.remedy))? {
        let row = row.map_err(|error| eyre!("{error}; {}", error.remedy))?;
        let Some(at) = row.at else {
            let written = printable(&row.timestamp);
            writeln!(io::stderr(), "bedtop: line {} is left out: `{written}` is not a time", row.line)?;
            continue;
        };
        if !rows.contains_key(&row.series) {
            order.push(row.series.clone());
        }
        rows.entry(row.series.clone()).or_default().insert(at, row);
    }
    let plain = |id: String| {
        let rows = rows.remove(&id).unwrap_or_default();
        let origin = rows.values().next_back().map(|row| row.timestamp.clone()).unwrap_or_default();
        PlainSeries { id, origin, values: rows.into_iter().map(|(at, row)| (at, row.value)).collect() }
    };
    Ok(order.into_iter().map(plain).collect())
}
