//! What happens: a peak that is normal, a spike that is harmless, an agent that runs away, four tenants that rise
//! together, and a source that stops. It begins with the demo and repeats every six hours with other tenants.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::source::demo::START;

/// Minutes after which the story repeats.
const CYCLE: i64 = 360;
/// How many tenants further each repetition's tenants are.
const SHIFT: usize = 7;
/// The scope whose source stops for a while.
pub(super) const LATE_SCOPE: &str = "labs/us-west-2";
/// Minutes from the start of a cycle in which it stops, and starts again.
const LATE: (i64, i64) = (8, 43);
/// Minutes in which an agent runs away, and how much it asks compared with before.
const RUNAWAY: (i64, i64) = (2, 90);
const RUNAWAY_FACTOR: f64 = 8.0;
/// Minutes and size of the harmless spike.
const SPIKE: (i64, i64) = (5, 65);
const SPIKE_FACTOR: f64 = 6.0;
/// Minutes and size of the common rise.
const CONFLUENCE: (i64, i64) = (15, 195);
const CONFLUENCE_FACTOR: f64 = 1.5;
/// Minutes of the day (UTC) and size of the daily peak.
const PEAK: (i64, i64) = (13 * 60 + 30, 15 * 60);
const PEAK_FACTOR: f64 = 2.2;

/// Which part of the story is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Everything.
    #[default]
    All,
    /// A daily peak that is normal.
    Peak,
    /// An hour that is harmless.
    Spike,
    /// An agent loop that uses up a budget.
    Runaway,
    /// Four tenants that rise together.
    Confluence,
    /// A source that stops for a while.
    Late,
}

const SCENARIOS: [(&str, Scenario); 6] = [
    ("all", Scenario::All),
    ("peak", Scenario::Peak),
    ("spike", Scenario::Spike),
    ("runaway", Scenario::Runaway),
    ("confluence", Scenario::Confluence),
    ("late", Scenario::Late),
];

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = SCENARIOS.iter().find(|(name, _)| *name == text).map(|(_, scenario)| *scenario);
        let names = SCENARIOS.map(|(name, _)| name).join(", ");
        found.ok_or_else(|| format!("`{text}` is no part of the story: choose one of {names}"))
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = SCENARIOS.iter().find(|(_, scenario)| scenario == self).map_or("all", |(name, _)| name);
        f.pad(name)
    }
}

/// The tenants (by rank of size) that the first telling is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Has a peak every afternoon.
    Peak,
    /// Has the harmless spike.
    Spike,
    /// Runs away.
    Runaway,
    /// Rises with others.
    Riser,
}

/// The role of a tenant in a telling of the story.
pub(super) fn role(tenant: usize, tenants: usize, cycle: i64) -> Option<Role> {
    let shift = SHIFT * usize::try_from(cycle).unwrap_or(0);
    let place = (tenant + tenants - shift % tenants.max(1)) % tenants.max(1);
    match (tenant, place) {
        (1, _) => Some(Role::Peak),
        (_, 3) => Some(Role::Runaway),
        (_, 5) => Some(Role::Spike),
        (_, 8..=11) => Some(Role::Riser),
        _ => None,
    }
}

/// Whether the scenario tells what happens to this role.
pub(super) fn is_told(scenario: Scenario, role: Role) -> bool {
    let part = match role {
        Role::Peak => Scenario::Peak,
        Role::Spike => Scenario::Spike,
        Role::Runaway => Scenario::Runaway,
        Role::Riser => Scenario::Confluence,
    };
    scenario == Scenario::All || scenario == part
}

/// What the story does to a minute: (requests, input for each request) relative to normal.
pub(super) fn factors(scenario: Scenario, tenant: usize, tenants: usize, minute: Timestamp) -> (f64, f64) {
    let minutes = minutes_since_start(minute);
    let phase = minutes.rem_euclid(CYCLE);
    let role = role(tenant, tenants, minutes.div_euclid(CYCLE).max(0)).filter(|role| is_told(scenario, *role));
    match role {
        Some(Role::Peak) if is_in(PEAK, minute.as_second().div_euclid(60).rem_euclid(1440)) => (PEAK_FACTOR, 1.0),
        _ if minutes < 0 => (1.0, 1.0),
        Some(Role::Runaway) if is_in(RUNAWAY, phase) => (RUNAWAY_FACTOR, climbing_input(phase)),
        Some(Role::Spike) if is_in(SPIKE, phase) => (SPIKE_FACTOR, 1.0),
        Some(Role::Riser) if is_in(CONFLUENCE, phase) => (CONFLUENCE_FACTOR, 1.0),
        _ => (1.0, 1.0),
    }
}

/// Whether the story touches any minute of this hour for this tenant.
pub(super) fn touches(scenario: Scenario, tenant: usize, tenants: usize, hour: Timestamp) -> bool {
    let minute = |count: i64| hour.saturating_add(SignedDuration::from_mins(count)).unwrap_or(hour);
    (0..60).any(|count| factors(scenario, tenant, tenants, minute(count)) != (1.0, 1.0))
}

/// Up to where a scope's data goes at `now`: it stands still while its source has stopped.
pub(super) fn data_end(scenario: Scenario, scope: &str, now: Timestamp) -> Timestamp {
    let minutes = minutes_since_start(now);
    let is_told = matches!(scenario, Scenario::All | Scenario::Late) && scope == LATE_SCOPE && minutes >= 0;
    let phase = minutes.rem_euclid(CYCLE);
    if !is_told || !is_in(LATE, phase) {
        return now;
    }
    let stopped = minutes - phase + LATE.0;
    START.saturating_add(SignedDuration::from_mins(stopped)).unwrap_or(now)
}

/// An agent that carries its own output along asks for more with every turn.
#[expect(clippy::cast_precision_loss, reason = "a few minutes")]
fn climbing_input(phase: i64) -> f64 {
    1.0 + (phase - RUNAWAY.0) as f64 / 120.0
}

fn is_in((from, to): (i64, i64), minute: i64) -> bool {
    (from..to).contains(&minute)
}

fn minutes_since_start(at: Timestamp) -> i64 {
    (at.as_second() - START.as_second()).div_euclid(60)
}
