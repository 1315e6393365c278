//! The fleet for a monitoring system that runs plugins (Nagios, Icinga, Sensu): one line, performance data, an exit
//! code.
//!
//! The format is that of the Monitoring Plugins' guidelines: text, `|`, then `'label'=value[unit];warn;crit;min;max`.

use std::fmt::Write;

use crate::domain::level::Level;
use crate::domain::text::printable;
use crate::domain::view::{BudgetRow, FleetView, TenantRow};

/// How many tenants are named in the text, and how many have performance data of their own.
const NAMED: usize = 5;
const MEASURED: usize = 50;

/// What a plugin may answer. The order is that of the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything is green.
    Ok,
    /// Something is above green, below the level to fail on.
    Warning,
    /// Something is at the level to fail on or above.
    Critical,
    /// Nobody can tell: data too old, nobody collects, or the check itself failed.
    Unknown,
}

impl State {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// The state of these tenants of a view. A critical one that is known wins over blind ones; with nobody to judge
/// nobody can tell.
#[must_use]
pub fn state(view: &FleetView, tenants: &[&TenantRow], fail_on: Level) -> State {
    let worst = tenants.iter().map(|row| row.level).max();
    let is_blind = worst.is_none() || view.health.is_blind() || tenants.iter().any(|row| row.level == Level::Blind);
    match worst {
        Some(level) if level >= fail_on && level > Level::Blind => State::Critical,
        _ if is_blind => State::Unknown,
        Some(Level::Green | Level::Blind) | None => State::Ok,
        Some(_) => State::Warning,
    }
}

/// The plugin's line.
#[must_use]
pub fn line(view: &FleetView, tenants: &[&TenantRow], state: State) -> String {
    let mut line = format!("BEDTOP {} - {}", state.name(), text(view, tenants));
    line.push_str(" |");
    for level in Level::ALL.iter().rev() {
        let count = tenants.iter().filter(|row| row.level == *level).count();
        // Writing to a string cannot fail.
        let _ = write!(line, " {}={count};;;0;{}", level.name(), tenants.len());
    }
    if let Some(age) = view.data_age {
        let _ = write!(line, " age={}s;;;0;", age.as_secs());
    }
    for row in tenants.iter().take(MEASURED) {
        line.push_str(&measured(row));
    }
    line
}

/// The line of a check that failed itself.
#[must_use]
pub fn failure(reason: &str) -> String {
    format!("BEDTOP {} - {}", State::Unknown.name(), plain(reason))
}

fn text(view: &FleetView, tenants: &[&TenantRow]) -> String {
    if tenants.is_empty() {
        return "no tenant to judge".to_owned();
    }
    let at = |level: Level| tenants.iter().filter(|row| row.level == level).count();
    let counted = Level::ALL.iter().rev().filter(|&&level| at(level) > 0);
    let mut text = counted.map(|&level| format!("{} {}", at(level), level.name())).collect::<Vec<_>>().join(", ");
    let loud: Vec<&&TenantRow> = tenants.iter().filter(|row| row.level > Level::Green).collect();
    for row in loud.iter().take(NAMED) {
        let why = row.signals.first().map_or("", |signal| signal.reason.as_str());
        let _ = write!(text, "; {} {}: {}", row.level.name(), plain(row.owner.name()), plain(why));
    }
    if loud.len() > NAMED {
        let _ = write!(text, "; and {} more", loud.len() - NAMED);
    }
    if view.health.is_blind() {
        let age = view.data_age.map_or("never came".to_owned(), |age| format!("is {} min old", age.as_mins()));
        let _ = write!(text, "; the data {age}: does `bedtop collect` run?");
    }
    text
}

/// Spend in USD, speed in USD an hour, and each budget in percent of its amount.
fn measured(row: &TenantRow) -> String {
    let name = label(row.owner.name());
    let mut data = String::new();
    if let Some(cost) = row.usage.known_cost() {
        let _ = write!(data, " '{name} spend'={};;;0;", cost.likely.amount().round_dp(2));
    }
    let _ = write!(data, " '{name} per hour'={:.2};;;0;", row.rates.usd_per_hour);
    for budget in &row.budgets {
        data.push_str(&budget_used(&name, budget));
    }
    data
}

fn budget_used(name: &str, budget: &BudgetRow) -> String {
    format!(" '{name} {}'={:.1}%;{:.1};100;0;", label(budget.id.as_str()), budget.used * 100.0, budget.expected * 100.0)
}

/// A label may hold anything but `=`; a quote is written twice.
fn label(text: &str) -> String {
    plain(text).replace('=', "-").replace('\'', "''")
}

/// Text fit for the line: `|` would begin the performance data.
fn plain(text: &str) -> String {
    printable(text).replace('|', "/")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::app::fixtures;
    use crate::domain::health::Health;

    fn view(levels: &[Level]) -> FleetView {
        let mut view = fixtures::view();
        view.tenants.truncate(levels.len());
        assert_eq!(view.tenants.len(), levels.len());
        for (row, &level) in view.tenants.iter_mut().zip(levels) {
            row.level = level;
        }
        view.health = Health::Ok;
        view
    }

    #[rstest]
    #[case::green(&[Level::Green], Level::Orange, State::Ok)]
    #[case::yellow(&[Level::Green, Level::Yellow], Level::Orange, State::Warning)]
    #[case::orange(&[Level::Orange, Level::Green], Level::Orange, State::Critical)]
    #[case::red(&[Level::Red], Level::Orange, State::Critical)]
    #[case::blind(&[Level::Blind, Level::Green], Level::Orange, State::Unknown)]
    #[case::red_beside_blind(&[Level::Red, Level::Blind], Level::Orange, State::Critical)]
    #[case::yellow_beside_blind(&[Level::Yellow, Level::Blind], Level::Orange, State::Unknown)]
    #[case::fail_on_yellow(&[Level::Yellow], Level::Yellow, State::Critical)]
    #[case::fail_on_red(&[Level::Orange], Level::Red, State::Warning)]
    #[case::nobody(&[], Level::Orange, State::Unknown)]
    fn states(#[case] levels: &[Level], #[case] fail_on: Level, #[case] expected: State) {
        let view = view(levels);
        let rows: Vec<&TenantRow> = view.tenants.iter().collect();
        assert_eq!(state(&view, &rows, fail_on), expected);
    }

    #[test]
    fn old_data_is_unknown_even_where_every_level_was_green() {
        let view = FleetView { health: Health::Stale, ..view(&[Level::Green]) };
        let rows: Vec<&TenantRow> = view.tenants.iter().collect();
        assert_eq!(state(&view, &rows, Level::Orange), State::Unknown);
        assert!(line(&view, &rows, State::Unknown).contains("does `bedtop collect` run?"));
    }

    #[test]
    fn outside_text_cannot_forge_performance_data() {
        let mut view = view(&[Level::Red]);
        view.tenants[0].owner = crate::domain::ids::Owner::Tenant("a|b'=\n\u{1b}[31mx".into());
        let rows: Vec<&TenantRow> = view.tenants.iter().collect();
        let line = line(&view, &rows, State::Critical);
        assert_eq!(line.matches('|').count(), 1, "{line}");
        assert!(line.contains("'a/b''- ·[31mx per hour'="), "{line}");
        assert_eq!(line.lines().count(), 1);
    }
}
