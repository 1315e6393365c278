//! `bedtop forecast`: what will be used, with intervals.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use color_eyre::eyre::{Result, bail, eyre};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::cli::input::InputOptions;
use crate::cli::output::OutputOption;
use crate::cli::{GlobalOptions, load_config, print};
use crate::domain::amount::Unit;
use crate::domain::ids::{Owner, TenantId};
use crate::domain::tenancy::Tags;
use crate::domain::text::printable;
use crate::domain::time::TimeSpan;
use crate::domain::view::{BudgetRow, FleetView, TenantRow};
use crate::forecast::Prior;
use crate::history::Store;
use crate::judge::milestones;
use crate::judge::policy::Policy;
use crate::judge::spend::{self, HourlyUse, UseForecast};
use crate::report::forecast::{self, PlainSeries};
use crate::report::milestones::{self as milestone_report, Ahead};
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
    #[command(flatten)]
    output: OutputOption,
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

/// A fleet with the history that it was judged from.
struct Judged<'a> {
    view: &'a FleetView,
    policy: &'a Policy,
    used: HashMap<Unit, Used>,
}

/// What everybody used of a unit, and what is learned from all of them.
struct Used {
    owners: BTreeMap<Owner, HourlyUse>,
    prior: Prior,
}

impl<'a> Judged<'a> {
    fn new(view: &'a FleetView, store: &Store, policy: &'a Policy) -> Self {
        let budgets =
            view.tenants.iter().flat_map(|row| &row.budgets).chain(view.pools.iter().flat_map(|row| &row.budgets));
        let charges = view.tenants.iter().flat_map(|row| &row.contract).flat_map(|contract| &contract.bill.charges);
        let mut units: Vec<Unit> = vec![Unit::Usd];
        units.extend(budgets.map(|budget| budget.amount.unit).chain(charges.map(|charge| charge.unit)));
        let of_unit = |unit: &Unit| {
            let owners = spend::by_owner(store, policy, *unit, view.at);
            let prior = spend::prior(&owners);
            (*unit, Used { owners, prior })
        };
        let used = units.iter().collect::<HashSet<_>>().into_iter().map(of_unit).collect();
        Self { view, policy, used }
    }

    fn has_used(&self, owner: &Owner) -> bool {
        self.used[&Unit::Usd].owners.contains_key(owner)
    }

    /// All tags of a tenant.
    fn tags(&self, row: &TenantRow, tenant: &TenantId) -> Tags {
        let of_profiles = row.profiles.iter().flat_map(|profile| profile.tags.clone()).collect();
        self.policy.contracts.tags_of(tenant, of_profiles)
    }

    /// What the contract of a tenant has ahead.
    fn ahead(&self, row: &TenantRow) -> Vec<Ahead> {
        let (Owner::Tenant(tenant), Some(contract)) = (&row.owner, &row.contract) else { return Vec::new() };
        let fit = |(unit, used): (&Unit, &Used)| Some((*unit, spend::model(used.owners.get(&row.owner)?, &used.prior)));
        let models = self.used.iter().filter_map(fit).collect();
        let tags = self.tags(row, tenant);
        let found = milestones::of_contract(&self.policy.contracts, (tenant, &tags), contract, &models, self.view.at);
        let currency = &contract.bill.currency;
        found
            .into_iter()
            .map(|it| Ahead { tenant: tenant.clone(), currency: currency.clone(), milestone: it })
            .collect()
    }
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
        let judged = Judged::new(&view, &engine.into_store(), &opened.policy);
        let (rows, ahead) = self.rows(&judged)?;
        let below = || if self.tenant.is_some() { milestones_below(&ahead) } else { String::new() };
        self.output.print(
            || report::table(&rows) + &below(),
            || report::json(&rows, &ahead, judged.view.at),
            || report::csv(&rows),
        )?;
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

    fn rows(&self, judged: &Judged<'_>) -> Result<(Vec<UseForecast>, Vec<Ahead>)> {
        if let Some(pool) = &self.pool {
            return Ok((self.pool(pool, judged)?, Vec::new()));
        }
        let is_wanted = |row: &&TenantRow| self.tenant.as_ref().is_none_or(|tenant| row.owner.name() == tenant);
        let known: Vec<&TenantRow> =
            judged.view.tenants.iter().filter(is_wanted).filter(|row| judged.has_used(&row.owner)).collect();
        if let (Some(tenant), true) = (&self.tenant, known.is_empty()) {
            let tenant = printable(tenant);
            bail!("there is no usage of a tenant `{tenant}`: `bedtop tenants` lists those that have some");
        }
        let mut rows = Vec::new();
        let mut ahead = Vec::new();
        for row in known {
            let used = |unit| judged.used.get(&unit)?.owners.get(&row.owner).cloned();
            rows.extend(self.of(row.owner.name(), &used, &row.budgets, judged)?);
            ahead.extend(judged.ahead(row));
        }
        Ok((rows, ahead))
    }

    fn pool(&self, name: &str, judged: &Judged<'_>) -> Result<Vec<UseForecast>> {
        let Some(pool) = judged.policy.pools.iter().find(|pool| pool.name.as_str() == name) else {
            bail!("there is no pool `{}` in the config: [[pool]] names one and its members", printable(name));
        };
        let is_member = |row: &&TenantRow| {
            let Owner::Tenant(tenant) = &row.owner else { return false };
            let tags = judged.tags(row, tenant);
            pool.has(tenant, judged.policy.contracts.plan_of(tenant, &tags, judged.view.at), &tags)
        };
        let members: Vec<&Owner> = judged.view.tenants.iter().filter(is_member).map(|row| &row.owner).collect();
        let used = |unit| {
            let used = judged.used.get(&unit)?;
            spend::together(members.iter().filter_map(|owner| used.owners.get(owner)))
        };
        if used(Unit::Usd).is_none() {
            bail!("no member of the pool `{}` has any usage", printable(name));
        }
        let budgets = judged.view.pools.iter().find(|row| row.pool == pool.name).map_or(&[][..], |row| &row.budgets);
        self.of(&format!("*pool:{name}"), &used, budgets, judged)
    }

    /// The budgets' periods, or the span that is asked for.
    fn of(
        &self,
        name: &str,
        used: &dyn Fn(Unit) -> Option<HourlyUse>,
        budgets: &[BudgetRow],
        judged: &Judged<'_>,
    ) -> Result<Vec<UseForecast>> {
        let now = judged.view.at;
        let prior = |unit: Unit| &judged.used[&unit].prior;
        let of_span = |span| {
            let usd = used(Unit::Usd);
            usd.map(|usd| spend::of_span(name, &usd, span, prior(Unit::Usd), now)).into_iter().collect()
        };
        let ahead = |end| of_span(TimeSpan::new(now, end));
        let of_budget = |budget: &BudgetRow| {
            let unit = budget.amount.unit;
            spend::of_budget(name, &used(unit)?, budget, prior(unit), now)
        };
        match (self.horizon, self.until) {
            (Some(Horizon::Steps(_)), _) => bail!("a number of steps needs a file of plain series: write 7d or 36h"),
            (Some(Horizon::Time(length)), _) => Ok(ahead(now.saturating_add(length).unwrap_or(Timestamp::MAX))),
            (None, Some(Until::Time(end))) => Ok(ahead(end)),
            (None, None | Some(Until::Period)) => {
                let rows: Vec<_> = budgets.iter().filter_map(of_budget).collect();
                Ok(if rows.is_empty() { of_span(judged.view.period_span) } else { rows })
            }
        }
    }
}

/// The table of milestones after an empty line, where there are any.
fn milestones_below(ahead: &[Ahead]) -> String {
    if ahead.is_empty() { String::new() } else { format!("\n{}", milestone_report::table(ahead)) }
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
