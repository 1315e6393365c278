//! The report as JSON: everything, exact, with the bills line by line.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::chargeback::{ChargeRow, Chargeback};
use crate::domain::money::{CostRange, Money};
use crate::domain::statement::Bill;
use crate::domain::text::printable;
use crate::report::chargeback::{Comparison, METERS, Pair};
use crate::report::csv::plain;

/// The version of the JSON.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct ReportJson {
    schema: u32,
    by: String,
    period: String,
    from: String,
    to: String,
    open: bool,
    data_until: Option<String>,
    rows: Vec<RowJson>,
    total: RowJson,
    unpriced: Vec<UnpricedJson>,
}

#[derive(Serialize)]
struct RowJson {
    #[serde(flatten)]
    key: Map<String, Value>,
    usage: BTreeMap<&'static str, u64>,
    unpriced_tokens: u64,
    cost_usd: Option<CostJson>,
    provenance: &'static str,
    revenue_usd: Option<String>,
    margin_usd: Option<String>,
    usd_per_million_tokens: Option<String>,
    plans: Vec<String>,
    revenue_lines_usd: BTreeMap<&'static str, String>,
    bills: Vec<BillJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<WithJson>,
}

#[derive(Serialize)]
struct WithJson {
    cost_usd: Option<CostJson>,
    revenue_usd: String,
    margin_usd: Option<String>,
    difference_usd: Option<String>,
}

#[derive(Serialize)]
struct CostJson {
    likely: String,
    low: String,
    high: String,
}

#[derive(Serialize)]
struct BillJson {
    plan: String,
    from: String,
    to: String,
    currency: String,
    usd_rate: String,
    total: String,
    total_usd: String,
    lines: Vec<LineJson>,
}

#[derive(Serialize)]
struct LineJson {
    kind: &'static str,
    text: String,
    quantity: String,
    amount: String,
}

#[derive(Serialize)]
struct UnpricedJson {
    model: Option<String>,
    tokens: u64,
    images: u64,
}

/// The report as pretty-printed JSON.
///
/// # Errors
/// Never: all of it has a JSON form.
pub fn report(report: &Comparison) -> serde_json::Result<String> {
    let Chargeback { by, period, span, data_until, unpriced, .. } = &report.now;
    let total = Pair { now: &report.now.total, with: report.with.as_ref().map(|with| &with.total) };
    serde_json::to_string_pretty(&ReportJson {
        schema: SCHEMA,
        by: by.name(),
        period: printable(period),
        from: span.start.to_string(),
        to: span.end.to_string(),
        open: report.now.is_open(),
        data_until: data_until.map(|until| until.to_string()),
        rows: report.pairs().iter().map(|pair| RowJson::new(report, pair, by.name())).collect(),
        total: RowJson { key: Map::new(), ..RowJson::new(report, &total, by.name()) },
        unpriced: unpriced
            .iter()
            .map(|row| UnpricedJson {
                model: row.model.as_deref().map(printable),
                tokens: row.tokens,
                images: row.images,
            })
            .collect(),
    })
}

impl RowJson {
    fn new(report: &Comparison, pair: &Pair<'_>, key_name: String) -> Self {
        let row = pair.now;
        let owed = |amount: Option<Money>| amount.filter(|_| report.now.has_contracts).map(Money::to_exact_string);
        let mut key = Map::new();
        key.insert(key_name, row.key.as_deref().map(printable).into());
        if let Some(name) = &row.name {
            key.insert("name".to_owned(), printable(name).into());
        }
        Self {
            key,
            usage: METERS.map(|meter| (meter.name(), row.usage.counts.sum_of(meter))).into(),
            unpriced_tokens: row.usage.unpriced_tokens,
            cost_usd: row.usage.known_cost().map(CostJson::new),
            provenance: row.usage.provenance.name(),
            revenue_usd: owed(Some(row.revenue_total())),
            margin_usd: owed(row.margin),
            usd_per_million_tokens: row.usd_per_million_tokens().map(plain),
            plans: row.plans.iter().map(ToString::to_string).collect(),
            revenue_lines_usd: row.revenue.iter().map(|(kind, sum)| (kind.name(), sum.to_exact_string())).collect(),
            bills: row.bills.iter().map(BillJson::new).collect(),
            with: pair.with.map(|with| WithJson::new(with, pair)),
        }
    }
}

impl WithJson {
    fn new(row: &ChargeRow, pair: &Pair<'_>) -> Self {
        Self {
            cost_usd: row.usage.known_cost().map(CostJson::new),
            revenue_usd: row.revenue_total().to_exact_string(),
            margin_usd: row.margin.map(Money::to_exact_string),
            difference_usd: pair.difference().map(Money::to_exact_string),
        }
    }
}

impl CostJson {
    fn new(cost: CostRange) -> Self {
        let [likely, low, high] = [cost.likely, cost.low, cost.high].map(Money::to_exact_string);
        Self { likely, low, high }
    }
}

impl BillJson {
    fn new(bill: &Bill) -> Self {
        let line = |line: &crate::domain::statement::Line| LineJson {
            kind: line.kind.name(),
            text: line.text.clone(),
            quantity: plain(line.quantity),
            amount: plain(line.amount),
        };
        Self {
            plan: bill.plan.to_string(),
            from: bill.span.start.to_string(),
            to: bill.span.end.to_string(),
            currency: bill.currency.clone(),
            usd_rate: plain(bill.usd_rate),
            total: plain(bill.total()),
            total_usd: bill.usd().to_exact_string(),
            lines: bill.lines.iter().map(line).collect(),
        }
    }
}
