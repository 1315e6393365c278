//! Budgets for programs: JSON and CSV.

use serde::Serialize;

use crate::domain::amount::Amount;
use crate::domain::text::printable;
use crate::domain::time::Step;
use crate::report::budgets::{RateRow, Row, Standings};
use crate::report::csv::{cell_text, to_text};

/// The version of the JSON.
const SCHEMA: u32 = 1;

const HEADER: [&str; 25] = [
    "owner",
    "kind",
    "budget",
    "meter",
    "level",
    "period",
    "zone",
    "from",
    "to",
    "amount",
    "used",
    "used_low",
    "used_high",
    "unpriced_tokens",
    "used_share",
    "expected_share",
    "forecast",
    "lo80",
    "hi80",
    "lo95",
    "hi95",
    "overrun_probability",
    "gone",
    "soft",
    "hard",
];

/// `from` and `to` are instants in UTC; `to` is the first one after the period. Amounts are in the meter.
#[derive(Serialize)]
struct BudgetsJson {
    schema: u32,
    at: String,
    budgets: Vec<BudgetJson>,
    rate_limits: Vec<RateJson>,
    unused: Vec<String>,
}

#[derive(Serialize)]
struct BudgetJson {
    owner: String,
    kind: &'static str,
    budget: String,
    meter: String,
    level: &'static str,
    period: String,
    zone: String,
    from: String,
    to: String,
    amount: String,
    used: RangeJson,
    unpriced_tokens: u64,
    used_share: f64,
    expected_share: f64,
    forecast: Option<ForecastJson>,
    soft: Option<String>,
    hard: Option<String>,
}

#[derive(Serialize)]
struct RangeJson {
    likely: String,
    low: String,
    high: String,
}

#[derive(Serialize)]
struct ForecastJson {
    total: f64,
    lo80: f64,
    hi80: f64,
    lo95: f64,
    hi95: f64,
    overrun_probability: Option<f64>,
    gone: Option<String>,
}

#[derive(Serialize)]
struct RateJson {
    owner: String,
    plan: String,
    meter: String,
    limit_per_minute: u64,
    used_per_minute: f64,
    used_share: Option<f64>,
}

/// The budgets and limits as pretty-printed JSON.
///
/// # Errors
/// Never: all of it has a JSON form.
pub fn json(standings: &Standings<'_>) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&BudgetsJson {
        schema: SCHEMA,
        at: standings.at.to_string(),
        budgets: standings.rows.iter().map(BudgetJson::new).collect(),
        rate_limits: standings.rates.iter().map(RateJson::new).collect(),
        unused: standings.unused.iter().map(|id| printable(id.as_str())).collect(),
    })
}

/// The same as CSV with a header; rate limits are rows of the kind `rate` and the period `minute`.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn csv(standings: &Standings<'_>) -> csv::Result<String> {
    to_text(|writer| {
        writer.write_record(HEADER)?;
        standings.rows.iter().try_for_each(|row| writer.write_record(BudgetJson::new(row).record()))?;
        standings.rates.iter().try_for_each(|row| writer.write_record(RateJson::new(row).record()))
    })
}

impl BudgetJson {
    fn new(row: &Row<'_>) -> Self {
        let budget = row.budget;
        let forecast = row.forecast().map(|forecast| ForecastJson {
            total: forecast.total,
            lo80: forecast.interval80.0,
            hi80: forecast.interval80.1,
            lo95: forecast.interval95.0,
            hi95: forecast.interval95.1,
            overrun_probability: forecast.overrun,
            gone: forecast.gone.and_then(|gone| gone.median).map(|at| Step::MINUTE.floor(at).to_string()),
        });
        let text = |amount: Amount| amount.to_exact_string();
        Self {
            owner: printable(row.owner),
            kind: row.kind.name(),
            budget: printable(budget.id.as_str()),
            meter: row.meter(),
            level: row.level.name(),
            period: budget.period.clone(),
            zone: printable(&budget.zone),
            from: budget.span.start.to_string(),
            to: budget.span.end.to_string(),
            amount: text(budget.amount),
            used: RangeJson {
                likely: text(budget.spent.likely),
                low: text(budget.spent.low),
                high: text(budget.spent.high),
            },
            unpriced_tokens: budget.unpriced_tokens,
            used_share: budget.used,
            expected_share: budget.expected,
            forecast,
            soft: row.cap(budget.caps.soft).map(text),
            hard: row.cap(budget.caps.hard).map(text),
        }
    }

    fn record(self) -> Vec<String> {
        let share = |share: f64| format!("{share:.4}");
        let figure = |figure: fn(&ForecastJson) -> f64| {
            self.forecast.as_ref().map(|forecast| format!("{:.2}", figure(forecast))).unwrap_or_default()
        };
        let figures = [
            figure(|it| it.total),
            figure(|it| it.lo80),
            figure(|it| it.hi80),
            figure(|it| it.lo95),
            figure(|it| it.hi95),
            self.forecast.as_ref().and_then(|it| it.overrun_probability).map(share).unwrap_or_default(),
            self.forecast.as_ref().and_then(|it| it.gone.clone()).unwrap_or_default(),
        ];
        let mut record = vec![
            cell_text(&self.owner),
            self.kind.to_owned(),
            cell_text(&self.budget),
            self.meter,
            self.level.to_owned(),
            self.period,
            self.zone,
            self.from,
            self.to,
            self.amount,
            self.used.likely,
            self.used.low,
            self.used.high,
            self.unpriced_tokens.to_string(),
            share(self.used_share),
            share(self.expected_share),
        ];
        record.extend(figures);
        record.extend([self.soft.unwrap_or_default(), self.hard.unwrap_or_default()]);
        record
    }
}

impl RateJson {
    fn new(row: &RateRow<'_>) -> Self {
        Self {
            owner: printable(row.owner),
            plan: printable(row.plan.as_str()),
            meter: row.unit.name(),
            limit_per_minute: row.limit,
            used_per_minute: row.per_minute,
            used_share: row.used(),
        }
    }

    fn record(self) -> Vec<String> {
        let mut record = vec![String::new(); HEADER.len()];
        record[0] = cell_text(&self.owner);
        "rate".clone_into(&mut record[1]);
        record[2] = cell_text(&format!("plan:{}", self.plan));
        record[3] = self.meter;
        "minute".clone_into(&mut record[5]);
        record[9] = self.limit_per_minute.to_string();
        record[10] = format!("{:.2}", self.used_per_minute);
        record[14] = self.used_share.map(|share| format!("{share:.4}")).unwrap_or_default();
        record
    }
}
