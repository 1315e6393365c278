//! Forecasts of use: one row a tenant and budget, as a table with a small chart, as CSV and as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::amount::Unit;
use crate::domain::text::printable;
use crate::forecast::Exhaustion;
use crate::judge::spend::UseForecast;
use crate::report::csv::{cell_text, to_text};
use crate::report::milestones::{Ahead, MilestoneRow};
use crate::report::table::{Column, render};

/// The version of the JSON.
const SCHEMA: u32 = 1;
const BLOCKS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

const COLUMNS: [Column; 11] = [
    Column::left("TENANT"),
    Column::left("BUDGET"),
    Column::left("UNTIL"),
    Column::right("SPENT"),
    Column::right("FORECAST"),
    Column::right("80 %"),
    Column::right("95 %"),
    Column::right("P(OVER)"),
    Column::left("GONE"),
    Column::left("80 % HELD"),
    Column::left("LAST DAYS|NEXT DAYS"),
];

const HEADER: [&str; 18] = [
    "tenant",
    "budget",
    "unit",
    "budget_amount",
    "from",
    "until",
    "spent",
    "total",
    "lo80",
    "hi80",
    "lo95",
    "hi95",
    "overrun_probability",
    "gone_early",
    "gone_median",
    "gone_late",
    "expected_share",
    "history_hours",
];

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    at: Timestamp,
    forecasts: Vec<Row<'a>>,
    milestones: Vec<MilestoneRow>,
}

#[derive(Serialize)]
struct Row<'a> {
    tenant: &'a str,
    budget: Option<&'a str>,
    unit: String,
    budget_amount: Option<f64>,
    from: Timestamp,
    until: Timestamp,
    spent: f64,
    total: f64,
    interval80: (f64, f64),
    interval95: (f64, f64),
    overrun_probability: Option<f64>,
    gone: Option<Gone>,
    expected_share: f64,
    history_hours: f64,
    past_forecasts: Past,
    last_days: &'a [f64],
    next_days: &'a [f64],
}

/// When an amount is reached, with the bounds of 80 %, in the JSON.
#[derive(Serialize)]
pub(super) struct Gone {
    early: Timestamp,
    median: Option<Timestamp>,
    late: Option<Timestamp>,
}

impl Gone {
    pub(super) fn of(gone: Exhaustion) -> Self {
        Self { early: gone.early, median: gone.median, late: gone.late }
    }
}

#[derive(Serialize)]
struct Past {
    checked: usize,
    held80: usize,
    error: Option<f64>,
}

/// One line a forecast, with a header.
#[must_use]
pub fn table(rows: &[UseForecast]) -> String {
    render(&COLUMNS, rows.iter().map(|row| cells(row).to_vec()))
}

/// The rows as CSV, times in RFC 3339.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn csv(rows: &[UseForecast]) -> csv::Result<String> {
    to_text(|writer| {
        writer.write_record(HEADER)?;
        rows.iter().try_for_each(|row| writer.write_record(record(row)))
    })
}

/// The rows and what contracts have ahead as JSON.
///
/// # Errors
/// Never in practice: every part can be written.
pub fn json(rows: &[UseForecast], ahead: &[Ahead], at: Timestamp) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Document {
        schema: SCHEMA,
        at,
        forecasts: rows.iter().map(Row::of).collect(),
        milestones: ahead.iter().map(MilestoneRow::of).collect(),
    })
}

impl<'a> Row<'a> {
    fn of(row: &'a UseForecast) -> Self {
        Self {
            tenant: &row.name,
            budget: row.budget.as_ref().map(|(id, _)| id.as_str()),
            unit: row.unit.name(),
            budget_amount: row.budget.as_ref().map(|(_, amount)| *amount),
            from: row.span.start,
            until: row.span.end,
            spent: row.spent,
            total: row.total.mean,
            interval80: row.total.interval80(),
            interval95: row.total.interval95(),
            overrun_probability: row.overrun,
            gone: row.gone.map(Gone::of),
            expected_share: row.expected_share,
            history_hours: row.history_hours,
            past_forecasts: Past { checked: row.held80.1, held80: row.held80.0, error: row.error },
            last_days: &row.days.0,
            next_days: &row.days.1,
        }
    }
}

fn record(row: &UseForecast) -> Vec<String> {
    let ((lo80, hi80), (lo95, hi95)) = (row.total.interval80(), row.total.interval95());
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let (budget, amount) =
        row.budget.clone().map_or_else(Default::default, |(id, amount)| (id, format!("{amount:.2}")));
    let mut fields = vec![cell_text(&row.name), cell_text(&budget), row.unit.name(), amount];
    fields.extend([row.span.start.to_string(), row.span.end.to_string()]);
    fields.extend([row.spent, row.total.mean, lo80, hi80, lo95, hi95].map(|amount| format!("{amount:.2}")));
    fields.push(row.overrun.map(|p| format!("{p:.3}")).unwrap_or_default());
    let gone = row.gone;
    fields.extend([
        time(gone.map(|it| it.early)),
        time(gone.and_then(|it| it.median)),
        time(gone.and_then(|it| it.late)),
    ]);
    fields.extend([format!("{:.4}", row.expected_share), format!("{:.0}", row.history_hours)]);
    fields
}

fn cells(row: &UseForecast) -> [String; COLUMNS.len()] {
    let amount = |number: f64| short(row.unit, number);
    let range = |(low, high): (f64, f64)| format!("{}-{}", amount(low), amount(high));
    let (held, of) = row.held80;
    [
        printable(&row.name),
        row.budget
            .as_ref()
            .map_or_else(|| "-".to_owned(), |(id, budget)| format!("{} {}", printable(id), amount(*budget))),
        minute(row.span.end),
        amount(row.spent),
        amount(row.total.mean),
        range(row.total.interval80()),
        range(row.total.interval95()),
        row.overrun.map_or_else(|| "-".to_owned(), |p| format!("{:.0} %", p * 100.0)),
        gone(row),
        if of == 0 { "-".to_owned() } else { format!("{held} of {of}") },
        chart(row),
    ]
}

fn gone(row: &UseForecast) -> String {
    if row.budget.is_none() {
        return "-".to_owned();
    }
    reached(row.gone)
}

/// When an amount is reached, with the bounds of 80 %.
pub(super) fn reached(gone: Option<Exhaustion>) -> String {
    let Some(gone) = gone else { return "not in this period".to_owned() };
    let late = gone.late.map_or_else(|| "later".to_owned(), minute);
    match gone.median {
        Some(median) if gone.early == median && gone.late == Some(median) => minute(median),
        Some(median) => format!("{} ({} - {late})", minute(median), minute(gone.early)),
        None => format!("rather not ({} at the earliest)", minute(gone.early)),
    }
}

/// Past days, a bar, days to come, all on one scale.
fn chart(row: &UseForecast) -> String {
    let (past, coming) = &row.days;
    let most = past.iter().chain(coming).copied().fold(0.0, f64::max);
    let block = |value: &f64| {
        let share = if most > 0.0 { value / most } else { 0.0 };
        let height =
            (1..BLOCKS.len()).rev().find(|&step| share * 8.0 + 0.5 >= f64::from(u8::try_from(step).unwrap_or(8)));
        BLOCKS[height.unwrap_or(usize::from(*value > 0.0))]
    };
    let line = |values: &[f64]| values.iter().map(block).collect::<String>();
    format!("{}|{}", line(past), line(coming))
}

/// An amount in a few characters; money with its sign, counts in thousands and millions.
pub(super) fn short(unit: Unit, amount: f64) -> String {
    let sign = if unit == Unit::Usd { "$" } else { "" };
    match amount {
        amount if amount >= 1e9 => format!("{sign}{:.2}G", amount / 1e9),
        amount if amount >= 1e6 => format!("{sign}{:.2}M", amount / 1e6),
        amount if amount >= 10_000.0 => format!("{sign}{:.1}k", amount / 1e3),
        amount if amount >= 100.0 || unit != Unit::Usd => format!("{sign}{amount:.0}"),
        _ => format!("{sign}{amount:.2}"),
    }
}

pub(super) fn minute(at: Timestamp) -> String {
    at.strftime("%m-%d %H:%M").to_string()
}
