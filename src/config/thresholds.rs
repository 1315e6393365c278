//! `[alerts.SIGNAL]` and `[[alerts.override]]`: where signals change level. One table of keys serves the file, the
//! overrides and `config show`.

use crate::config::model::BudgetThresholds;
use crate::config::reader::Table;
use crate::config::values;
use crate::domain::matcher::{Labels, Matchers};

/// Where the signals change level. What won on the benchmark, and why: `docs/alerts.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// Of the budget signal.
    pub budget: BudgetThresholds,
    /// Of the forecast signal.
    pub forecast: ForecastThresholds,
    /// Of the burn signal.
    pub burn: BurnThresholds,
    /// Of the anomaly signal.
    pub anomaly: AnomalyThresholds,
    /// Of the quota signal.
    pub quota: QuotaThresholds,
    /// Of the throttles signal.
    pub throttles: CallThresholds,
    /// Of the errors signal.
    pub errors: CallThresholds,
    /// Of the commitment signal.
    pub commitment: CommitmentThresholds,
    /// Of the margin signal.
    pub margin: MarginThresholds,
    /// Of the coverage signal.
    pub coverage: CoverageThresholds,
    /// Of what happens to most tenants at once.
    pub fleet: FleetThresholds,
}

/// Probabilities at which the forecast of a budget changes level. Far ahead it is yellow at most: orange asks to act.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForecastThresholds {
    /// Yellow: the budget is gone before its period ends, this likely.
    pub yellow: f64,
    /// Orange: gone within `orange_within_hours`, this likely.
    pub orange: f64,
    /// See `orange`.
    pub orange_within_hours: f64,
    /// Red: gone within `red_within_hours`, this likely.
    pub red: f64,
    /// See `red`.
    pub red_within_hours: f64,
}

/// Hours that the rest of a budget lasts at the present speed, and how far above the usual that speed has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BurnThresholds {
    /// Orange: the rest lasts so many hours at most.
    pub orange_hours: f64,
    /// Red: so many at most.
    pub red_hours: f64,
    /// Only speeds above so many times the mean hour count.
    pub least_speed: f64,
}

/// How far above its own past a speed has to be to be odd.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnomalyThresholds {
    /// So many times the highest hour at this time of the day in the last week ...
    pub same_hour: f64,
    /// ... and so many times the highest speed of the two hours before; or:
    pub recent: f64,
    /// So many times the highest hour of the last week.
    pub highest: f64,
    /// And always so many times the mean hour.
    pub mean: f64,
    /// And so many dollars an hour.
    pub floor_usd_hour: f64,
    /// Orange without a budget: three hours at so many times the highest hour at this time of the day.
    pub orange: f64,
}

/// Shares of a quota.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuotaThresholds {
    /// Yellow.
    pub yellow: f64,
    /// Orange. Red is when calls are refused as well.
    pub orange: f64,
}

/// Calls that were refused or failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallThresholds {
    /// So many a minute count at all.
    pub floor_per_minute: f64,
    /// Orange: this share of the calls of half an hour.
    pub orange: f64,
    /// Red: this share.
    pub red: f64,
}

/// What will be missing to a commitment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommitmentThresholds {
    /// Yellow: this share of it, even if as much is used as the forecast allows for with 90 %.
    pub yellow: f64,
}

/// What will be left of a tenant's revenue, as a share of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarginThresholds {
    /// Yellow: less than this.
    pub yellow: f64,
    /// Orange: less than this.
    pub orange: f64,
}

/// Shares of the tokens that have no price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoverageThresholds {
    /// Yellow.
    pub yellow: f64,
    /// Orange.
    pub orange: f64,
}

/// When what happens to many is one alert of the fleet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FleetThresholds {
    /// More than this share of the active tenants.
    pub share: f64,
}

impl Default for ForecastThresholds {
    fn default() -> Self {
        Self { yellow: 0.8, orange: 0.48, orange_within_hours: 120.0, red: 0.95, red_within_hours: 24.0 }
    }
}

impl Default for BurnThresholds {
    fn default() -> Self {
        Self { orange_hours: 3.0, red_hours: 1.0, least_speed: 1.5 }
    }
}

impl Default for AnomalyThresholds {
    fn default() -> Self {
        Self { same_hour: 1.5, recent: 2.0, highest: 1.5, mean: 1.5, floor_usd_hour: 0.1, orange: 3.0 }
    }
}

impl Default for QuotaThresholds {
    fn default() -> Self {
        Self { yellow: 0.8, orange: 0.95 }
    }
}

impl Default for CallThresholds {
    fn default() -> Self {
        Self { floor_per_minute: 1.0, orange: 0.05, red: 0.25 }
    }
}

impl Default for CommitmentThresholds {
    fn default() -> Self {
        Self { yellow: 0.1 }
    }
}

impl Default for MarginThresholds {
    fn default() -> Self {
        Self { yellow: 0.1, orange: 0.0 }
    }
}

impl Default for CoverageThresholds {
    fn default() -> Self {
        Self { yellow: 0.01, orange: 0.05 }
    }
}

impl Default for FleetThresholds {
    fn default() -> Self {
        Self { share: 0.5 }
    }
}

/// A key of a signal's table.
struct Key {
    signal: &'static str,
    name: &'static str,
    path: &'static str,
    most: i64,
    place: fn(&mut Thresholds) -> &mut f64,
}

macro_rules! keys {
    ($($signal:ident . $name:ident <= $most:literal),* $(,)?) => {
        &[$(Key {
            signal: stringify!($signal),
            name: stringify!($name),
            path: concat!("alerts.", stringify!($signal), ".", stringify!($name)),
            most: $most,
            place: |thresholds| &mut thresholds.$signal.$name,
        }),*]
    };
}

/// Every threshold, in the order of the example.
const KEYS: &[Key] = keys![
    budget.yellow <= 10,
    budget.orange <= 10,
    budget.nearly_gone <= 10,
    budget.red <= 10,
    forecast.yellow <= 1,
    forecast.orange <= 1,
    forecast.orange_within_hours <= 10_000,
    forecast.red <= 1,
    forecast.red_within_hours <= 10_000,
    burn.orange_hours <= 10_000,
    burn.red_hours <= 10_000,
    burn.least_speed <= 1000,
    anomaly.same_hour <= 1000,
    anomaly.recent <= 1000,
    anomaly.highest <= 1000,
    anomaly.mean <= 1000,
    anomaly.floor_usd_hour <= 1_000_000,
    anomaly.orange <= 1000,
    quota.yellow <= 10,
    quota.orange <= 10,
    throttles.floor_per_minute <= 1_000_000,
    throttles.orange <= 1,
    throttles.red <= 1,
    errors.floor_per_minute <= 1_000_000,
    errors.orange <= 1,
    errors.red <= 1,
    commitment.yellow <= 1,
    margin.yellow <= 1,
    margin.orange <= 1,
    coverage.yellow <= 1,
    coverage.orange <= 1,
    fleet.share <= 1,
];

/// The signals that have thresholds.
const SIGNALS: [&str; 11] = [
    "budget",
    "forecast",
    "burn",
    "anomaly",
    "quota",
    "throttles",
    "errors",
    "commitment",
    "margin",
    "coverage",
    "fleet",
];

/// Other thresholds for the alerts that fit.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdOverride {
    /// Which alerts; all must fit.
    pub matchers: Matchers,
    /// Index of the key, and the value.
    values: Vec<(usize, f64)>,
}

impl Thresholds {
    /// These thresholds with the overrides that fit, later ones over earlier ones.
    #[must_use]
    pub fn overridden(mut self, overrides: &[ThresholdOverride], labels: &Labels) -> Self {
        for over in overrides.iter().filter(|over| over.matchers.fit(labels)) {
            for &(index, value) in &over.values {
                *(KEYS[index].place)(&mut self) = value;
            }
        }
        self
    }
}

/// Reads the tables of the signals.
pub(super) fn thresholds(alerts: &Table<'_>, mut defaults: Thresholds) -> Thresholds {
    for (index, value) in read(alerts) {
        *(KEYS[index].place)(&mut defaults) = value;
    }
    defaults
}

/// Reads one `[[alerts.override]]`.
pub(super) fn threshold_override(table: Table<'_>) -> Option<ThresholdOverride> {
    let matchers = table.require("matchers", |value| Matchers::parse(&values::texts(value)?));
    let values = read(&table);
    table.finish();
    matchers.map(|matchers| ThresholdOverride { matchers, values })
}

/// The thresholds in force, by path.
pub(super) fn values_of(thresholds: &Thresholds) -> Vec<(&'static str, String)> {
    let mut thresholds = *thresholds;
    KEYS.iter().map(|key| (key.path, (key.place)(&mut thresholds).to_string())).collect()
}

fn read(alerts: &Table<'_>) -> Vec<(usize, f64)> {
    let mut found = Vec::new();
    for signal in SIGNALS {
        let table = alerts.table(signal);
        for (index, key) in KEYS.iter().enumerate().filter(|(_, key)| key.signal == signal) {
            let number = table.get(key.name, values::decimal(key.most));
            let number = number.and_then(|number| rust_decimal::prelude::ToPrimitive::to_f64(&number));
            found.extend(number.map(|number| (index, number)));
        }
        table.finish();
    }
    found
}
