//! What polling costs and how fresh it is, as a table and as JSON.

use std::fmt::Write;

use serde::Serialize;

use crate::collect::simulate::{FleetSize, Outcome};
use crate::domain::money::Money;

/// The version of the JSON.
const SCHEMA: u32 = 1;

/// All that a plan tells.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The fleet it is for.
    pub fleet: FleetSize,
    /// What may be spent a month.
    pub ceiling: Option<Money>,
    /// Every meter of every profile each minute.
    pub naive: Outcome,
    /// bedtop.
    pub planner: Outcome,
    /// bedtop at other intervals.
    pub trade: Vec<Outcome>,
    /// What fetching the past costs once.
    pub past: Money,
}

#[derive(Serialize)]
struct PlanJson {
    schema: u32,
    profiles: usize,
    active_percent: f64,
    meters: usize,
    ceiling_usd_month: Option<f64>,
    backfill_usd: f64,
    naive: OutcomeJson,
    planner: OutcomeJson,
    times_cheaper: f64,
    trade: Vec<OutcomeJson>,
}

#[derive(Serialize)]
struct OutcomeJson {
    usd_month: f64,
    freshness_s: FreshnessJson,
    interval_s: i64,
    calls_day: u64,
    metrics_day: u64,
}

#[derive(Serialize)]
struct FreshnessJson {
    p50: f64,
    p95: f64,
}

/// The plan for a person.
#[must_use]
pub fn table(plan: &Plan) -> String {
    let FleetSize { profiles, active_percent, meters } = plan.fleet;
    let ceiling = plan.ceiling.map_or("no ceiling".to_owned(), |ceiling| format!("ceiling {ceiling} a month"));
    let mut text =
        format!("{profiles} profiles, {active_percent} % of them in use, {meters} meters each, {ceiling}\n\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:<8} {:>9} {:>12} {:>13} {:>10} {:>14} {:>8}",
        "POLLER", "INTERVAL", "USD/MONTH", "METRICS/DAY", "CALLS/DAY", "FRESHNESS P50", "P95"
    );
    let named = [("naive", &plan.naive), ("planner", &plan.planner)].into_iter();
    for (name, outcome) in named.chain(plan.trade.iter().map(|outcome| ("planner", outcome))) {
        let _ = writeln!(text, "{}", line(name, outcome));
    }
    let _ = writeln!(
        text,
        "\nThe planner costs {:.1} times less than the naive poller. Fetching the past once costs about {}.\n\
         Freshness: seconds from the end of a minute with tokens to the poll that reads them; CloudWatch's own delay\n\
         comes on top. Simulated: a day with this schedule, after half a day of warming up.",
        times_cheaper(plan),
        plan.past
    );
    text
}

/// The plan as pretty-printed JSON.
///
/// # Errors
/// Never: all of its numbers have a JSON form.
pub fn json(plan: &Plan) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&PlanJson {
        schema: SCHEMA,
        profiles: plan.fleet.profiles,
        active_percent: plan.fleet.active_percent,
        meters: plan.fleet.meters,
        ceiling_usd_month: plan.ceiling.map(Money::to_f64),
        backfill_usd: rounded(plan.past.to_f64()),
        naive: OutcomeJson::new(&plan.naive),
        planner: OutcomeJson::new(&plan.planner),
        times_cheaper: rounded(times_cheaper(plan)),
        trade: plan.trade.iter().map(OutcomeJson::new).collect(),
    })
}

impl OutcomeJson {
    fn new(outcome: &Outcome) -> Self {
        Self {
            usd_month: rounded(outcome.usd_a_month.to_f64()),
            freshness_s: FreshnessJson { p50: rounded(outcome.freshness.p50), p95: rounded(outcome.freshness.p95) },
            interval_s: outcome.interval_seconds,
            calls_day: outcome.calls_a_day,
            metrics_day: outcome.metrics_a_day,
        }
    }
}

fn line(name: &str, outcome: &Outcome) -> String {
    format!(
        "{name:<8} {:>7} s {:>12} {:>13} {:>10} {:>12.0} s {:>6.0} s",
        outcome.interval_seconds,
        outcome.usd_a_month.to_string(),
        outcome.metrics_a_day,
        outcome.calls_a_day,
        outcome.freshness.p50,
        outcome.freshness.p95
    )
}

fn times_cheaper(plan: &Plan) -> f64 {
    plan.naive.usd_a_month.to_f64() / plan.planner.usd_a_month.to_f64().max(f64::MIN_POSITIVE)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
