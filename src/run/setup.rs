//! Puts a run together: which store, which policy, which sources.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use color_eyre::eyre::{Result, WrapErr};
use jiff::{SignedDuration, Timestamp};

use crate::collect::{Clock, CollectSettings, Finer};
use crate::config::{Config, MetricsSettings, StoreSettings, Tenant};
use crate::cost::{ModelPrice, PriceBook, price_usage};
use crate::domain::ids::TenantId;
use crate::domain::meter::{Counts, MeterSet};
use crate::domain::money::Money;
use crate::domain::profile::Profile;
use crate::domain::tenancy::{KnownTenants, TenantRules};
use crate::domain::time::Step;
use crate::domain::view::Mode;
use crate::history::{Retention, Store, StoreOptions};
use crate::judge::policy::{Contact, Policy, UsageWindow};
use crate::run::reload::LiveConfig;
use crate::run::responses::Responding;
use crate::run::seat::Shared;
use crate::run::{offline, scopes};
use crate::source::aws::AwsSource;
use crate::source::demo::{self, DemoSource, Fleet, Scenario};
use crate::source::replay::{Recording, ReplaySource};

/// How long CloudWatch keeps points of a minute: 15 days, less an hour to be asked in.
const CLOUDWATCH_MINUTES: SignedDuration = SignedDuration::from_hours(15 * 24 - 1);
/// The same of five minutes.
const CLOUDWATCH_FIVE_MINUTES: SignedDuration = SignedDuration::from_hours(63 * 24 - 1);

/// Everything that an engine and its collectors need.
pub struct Prepared {
    /// The history.
    pub store: Store,
    /// What it is judged by.
    pub policy: Policy,
    /// Where usage comes from.
    pub sources: Sources,
    /// How it is collected.
    pub settings: CollectSettings,
    /// What that may cost a month.
    pub ceiling: Option<Money>,
    /// The time of the run.
    pub clock: Clock,
    /// What is done with the view as metrics.
    pub metrics: MetricsSettings,
    /// Who is told of changes of level.
    pub responding: Option<Responding>,
}

/// The sources of a run; all of one kind.
pub enum Sources {
    /// AWS scopes.
    Aws(Vec<AwsSource>),
    /// The scopes of a recorded trace.
    Replay(Vec<ReplaySource>),
    /// The scopes of the simulated fleet.
    Demo(Vec<DemoSource>),
}

/// What the demo is asked for.
#[derive(Clone, Copy, Debug)]
pub struct DemoOptions {
    /// The same seed gives the same fleet.
    pub seed: u64,
    /// How many tenants.
    pub tenants: usize,
    /// Simulated seconds a second.
    pub speed: f64,
    /// Which part of the story.
    pub scenario: Scenario,
}

/// What a replay is asked for.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// Recorded seconds a second.
    pub speed: f64,
    /// Where in the recording to start; its beginning if not given.
    pub at: Option<Timestamp>,
    /// The price of models that are not in the price book.
    pub fallback_price: Option<ModelPrice>,
}

/// The live console or collector on AWS.
///
/// # Errors
/// When the store cannot be opened.
pub fn live(config: &Config) -> Result<Prepared> {
    let store = open_store(config)?;
    Ok(Prepared {
        store,
        policy: policy(config, Mode::Live, PriceBook::embedded()),
        sources: Sources::Aws(scopes::sources(&config.scopes)),
        settings: CollectSettings { finer: Some(finer(config)), ..collect_settings(config) },
        ceiling: Some(config.collect.ceiling_usd_month),
        clock: Clock::wall(),
        metrics: config.metrics.clone(),
        responding: Some(Responding::new(config)),
    })
}

/// The configured history, to be shared with other panes.
#[must_use]
pub fn shared(config: Arc<LiveConfig>) -> Shared {
    let opening = Arc::clone(&config);
    Shared { store: config.in_force().store.path.clone(), reopen: Arc::new(move || live(&opening.in_force())), config }
}

/// Opens the configured store.
///
/// # Errors
/// When it is locked, damaged beyond repair, of a newer version, or the disk refuses.
pub fn open_store(config: &Config) -> Result<Store> {
    Store::open(&config.store.path, &store_options(config)).wrap_err("could not open the history")
}

/// How the configured store is opened.
#[must_use]
pub fn store_options(config: &Config) -> StoreOptions {
    StoreOptions { step: Step::MINUTE, retention: retention(config), durable: true }
}

/// The demo: a simulated fleet in a temporary store.
///
/// # Errors
/// When the temporary store cannot be made.
pub fn demo(config: &Config, options: DemoOptions, folder: &Path) -> Result<Prepared> {
    let clock = Clock::simulated(demo::START, options.speed);
    let fleet = Arc::new(Fleet::new(options.seed, options.tenants, options.scenario));
    let prices = PriceBook::embedded();
    let price = |profile: &Profile, counts: &Counts| likely_cost(&prices, profile, counts);
    let budgets = demo::budgets(&fleet, &price);
    let policy = Policy {
        budgets,
        pools: demo::pools(&fleet),
        contracts: Arc::new(demo::contracts(&fleet)),
        ..policy(config, Mode::Demo, prices)
    };
    Ok(Prepared {
        store: temporary_store(folder, Step::MINUTE, Retention::DEFAULT)?,
        policy,
        sources: Sources::Demo(demo::sources(&fleet)),
        settings: collect_settings(config),
        ceiling: None,
        clock,
        metrics: MetricsSettings::default(),
        responding: None,
    })
}

/// The console over a recorded trace, in a temporary store.
///
/// # Errors
/// When the temporary store cannot be made.
pub fn replay(config: &Config, recording: &Arc<Recording>, options: ReplayOptions, folder: &Path) -> Result<Prepared> {
    let span = recording.span();
    let step = recording.step();
    let store = temporary_store(folder, step, Retention::forever())?;
    let policy = policy(config, Mode::Replay, prices(options.fallback_price));
    let settings = CollectSettings { interval: step.duration(), ..collect_settings(config) };
    if options.speed > 0.0 {
        let clock = Clock::simulated(options.at.unwrap_or(span.start), options.speed);
        let sources = Sources::Replay(ReplaySource::all(recording));
        return Ok(Prepared {
            store,
            policy,
            sources,
            settings,
            ceiling: None,
            clock,
            metrics: MetricsSettings::default(),
            responding: None,
        });
    }
    // As fast as it can: everything is judged before it is shown, and time stands still at the end.
    let store = offline::engine_over(recording, store, policy.clone()).into_store();
    let clock = Clock::simulated(options.at.unwrap_or(span.end), 0.0);
    let sources = Sources::Replay(Vec::new());
    Ok(Prepared {
        store,
        policy,
        sources,
        settings,
        ceiling: None,
        clock,
        metrics: MetricsSettings::default(),
        responding: None,
    })
}

/// A store in a temporary folder, which is not worth a sync.
///
/// # Errors
/// When the folder cannot be written to.
pub fn temporary_store(folder: &Path, step: Step, retention: Retention) -> Result<Store> {
    let options = StoreOptions { step, retention, durable: false };
    Store::open(folder, &options).wrap_err("could not make a temporary history")
}

/// The price book, with a price for models that are not in it.
#[must_use]
pub fn prices(fallback: Option<ModelPrice>) -> PriceBook {
    let book = PriceBook::embedded();
    match fallback {
        Some(price) => book.with_fallback(price),
        None => book,
    }
}

/// How the config tells the tenant of a profile.
#[must_use]
pub fn tenancy(config: &Config) -> TenantRules {
    let mapped = config
        .tenants
        .iter()
        .flat_map(|tenant| tenant.profiles.iter().map(|pattern| (pattern.clone(), tenant.id.clone())));
    TenantRules {
        tag_keys: config.tenant_tags.clone(),
        mapped: mapped.collect(),
        name: config.tenant_name_pattern.clone(),
        default: config.default_tenant.clone(),
        known: known_tenants(config),
    }
}

/// The policy that the config asks for.
#[must_use]
pub fn policy(config: &Config, mode: Mode, prices: PriceBook) -> Policy {
    Policy {
        mode,
        zone: config.timezone.clone(),
        tenancy: tenancy(config),
        budgets: config.budgets.clone(),
        pools: config.pools.clone(),
        quotas: config.quotas.clone(),
        contracts: Arc::new(config.contracts()),
        contacts: Arc::new(contacts(config)),
        transitions: config.alerts.transitions,
        thresholds: config.alerts.thresholds,
        overrides: config.alerts.overrides.clone().into(),
        provisioned: config.provisioned.clone(),
        prices: Arc::new(prices.with_rules(config.prices.clone())),
        usage_window: UsageWindow::Month,
        ceiling: config.collect.ceiling_usd_month,
    }
}

/// Who is known by name: nobody is unknown where no tenant is named, or where all others have a plan too.
fn known_tenants(config: &Config) -> Option<KnownTenants> {
    let is_closed = !config.tenants.is_empty() && config.default_plan.is_none();
    is_closed.then(|| KnownTenants {
        ids: config.tenants.iter().map(|tenant| tenant.id.clone()).collect(),
        plan_tags: config.plan_tags.clone(),
    })
}

fn contacts(config: &Config) -> BTreeMap<TenantId, Contact> {
    let of = |tenant: &Tenant| Contact {
        owner: tenant.owner.clone(),
        contact: tenant.contact.clone(),
        runbook_url: tenant.runbook_url.clone(),
    };
    config.tenants.iter().map(|tenant| (tenant.id.clone(), of(tenant))).collect()
}

fn collect_settings(config: &Config) -> CollectSettings {
    CollectSettings {
        interval: config.collect.interval,
        meters: MeterSet::ALL,
        revise_window: config.collect.revise_window,
        backfill: config.collect.backfill,
        finer: None,
    }
}

/// As far back as both CloudWatch and the store have minutes and five minutes, and no further than history is wanted
/// at all.
fn finer(config: &Config) -> Finer {
    let wanted = config.collect.backfill;
    Finer {
        points: config.store.keep_points.min(wanted).min(CLOUDWATCH_MINUTES),
        five_minutes: config.store.keep_five_minutes.min(wanted).min(CLOUDWATCH_FIVE_MINUTES),
    }
}

/// How long the config wants data kept.
#[must_use]
pub fn retention(config: &Config) -> Retention {
    let StoreSettings { keep_points, keep_five_minutes, keep_hours, .. } = config.store;
    Retention { points: keep_points, five_minutes: keep_five_minutes, hours: keep_hours }
}

fn likely_cost(prices: &PriceBook, profile: &Profile, counts: &Counts) -> Money {
    price_usage(counts, prices.price_for(profile, demo::START).as_ref()).cost.likely
}
