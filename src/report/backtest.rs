//! A back-test as CSV, JSON and a table of its summary.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use crate::domain::event::{LevelChange, Signal};
use crate::domain::level::Level;
use crate::domain::text::printable;
use crate::judge::backtest::{BudgetLevel, Scored, Summary, subject_text};
use crate::report::csv::to_text;

/// What one policy came to.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The name of the policy: its file, or `default`.
    pub policy: String,
    /// Every change of level.
    pub changes: Vec<LevelChange>,
    /// The levels of budgets.
    pub levels: Vec<BudgetLevel>,
    /// The sums.
    pub summary: Summary,
}

/// `timestamp,tenant,budget,signal,level,previous,reason`, a row a change; of several policies with a last column `policy`.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn changes_csv(tried: &[Tried]) -> csv::Result<String> {
    let mut header = vec!["timestamp", "tenant", "budget", "signal", "level", "previous", "reason"];
    let is_compared = tried.len() > 1;
    header.extend(is_compared.then_some("policy"));
    to_text(|writer| {
        writer.write_record(&header)?;
        for (one, change) in tried.iter().flat_map(|one| one.changes.iter().map(move |change| (one, change))) {
            let mut record = vec![
                change.at.to_string(),
                printable(&subject_text(&change.alert.subject)),
                printable(change.alert.budget.as_ref().map_or("", |budget| budget.as_str())),
                change.alert.signal.name().to_owned(),
                change.level.name().to_owned(),
                change.previous.name().to_owned(),
                printable(&change.reason),
            ];
            record.extend(is_compared.then(|| one.policy.clone()));
            writer.write_record(record)?;
        }
        Ok(())
    })
}

/// `budget_id,timestamp,level`, a row a change, 0 green to 3 red; of several policies with a last column `policy`.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn levels_csv(tried: &[Tried]) -> csv::Result<String> {
    let mut header = vec!["budget_id", "timestamp", "level"];
    let is_compared = tried.len() > 1;
    header.extend(is_compared.then_some("policy"));
    to_text(|writer| {
        writer.write_record(&header)?;
        for (one, level) in tried.iter().flat_map(|one| one.levels.iter().map(move |level| (one, level))) {
            let budget = printable(level.budget.as_str());
            let mut record = vec![budget, level.at.to_string(), number(level.level).to_string()];
            record.extend(is_compared.then(|| one.policy.clone()));
            writer.write_record(record)?;
        }
        Ok(())
    })
}

/// Everything, with `"schema": 1`.
///
/// # Errors
/// Never in practice: what is written is plain data.
pub fn json(tried: &[Tried]) -> serde_json::Result<String> {
    let policies: Vec<Value> = tried.iter().map(policy_json).collect();
    serde_json::to_string_pretty(&json!({ "schema": 1, "policies": policies }))
}

/// The summaries, one column a policy.
#[must_use]
pub fn table(tried: &[Tried]) -> String {
    let mut text = String::new();
    let mut line = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>18}")).collect();
        let _ = writeln!(text, "{name:<34}{cells}");
    };
    let each = |cell: &dyn Fn(&Summary) -> String| tried.iter().map(|one| cell(&one.summary)).collect();
    line("policy", tried.iter().map(|one| printable(&one.policy)).collect());
    line("pages (rises to orange or red)", each(&|summary| summary.pages.values().sum::<usize>().to_string()));
    line("rises to yellow", each(&|summary| summary.notes.values().sum::<usize>().to_string()));
    line("budgets used up", each(&|summary| summary.gone.len().to_string()));
    line("  told less than 1 h before", each(&|summary| summary.missed().to_string()));
    line("  median lead, hours", each(&|summary| optional(summary.median_lead(), 1)));
    line("false alarms a budget and week", each(&|summary| optional(summary.false_alarms, 2)));
    let signals: BTreeSet<_> =
        tried.iter().flat_map(|one| one.summary.pages.keys().chain(one.summary.notes.keys())).copied().collect();
    for signal in signals {
        let counts = |summary: &Summary| {
            let of = |counts: &BTreeMap<_, usize>| counts.get(&signal).copied().unwrap_or(0);
            format!("{} + {}", of(&summary.pages), of(&summary.notes))
        };
        line(&format!("  {}: pages + yellow", signal.name()), each(&counts));
    }
    text
}

fn policy_json(one: &Tried) -> Value {
    let summary = &one.summary;
    let counts = |counts: &BTreeMap<Signal, usize>| {
        counts.iter().map(|(signal, count)| (signal.name().to_owned(), json!(count))).collect::<serde_json::Map<_, _>>()
    };
    let gone =
        |scored: &Scored| json!({ "budget": scored.budget, "gone": scored.gone, "lead_hours": scored.lead_hours });
    let change = |change: &LevelChange| {
        json!({
            "timestamp": change.at,
            "tenant": subject_text(&change.alert.subject),
            "budget": change.alert.budget,
            "signal": change.alert.signal,
            "level": change.level,
            "previous": change.previous,
            "reason": change.reason,
        })
    };
    json!({
        "policy": one.policy,
        "summary": {
            "pages": counts(&summary.pages),
            "yellow": counts(&summary.notes),
            "gone": summary.gone.iter().map(gone).collect::<Vec<_>>(),
            "missed": summary.missed(),
            "median_lead_hours": summary.median_lead(),
            "false_alarms_per_budget_week": summary.false_alarms,
        },
        "changes": one.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

fn optional(value: Option<f64>, decimals: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// The number of a level in the CSV of budgets; what is not known to be well counts as nothing said.
fn number(level: Level) -> u8 {
    match level {
        Level::Green | Level::Blind => 0,
        Level::Yellow => 1,
        Level::Orange => 2,
        Level::Red => 3,
    }
}
