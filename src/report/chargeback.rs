//! A chargeback report as a table, CSV, JSON and Markdown, alone or beside what other contracts or prices would make.
//!
//! The table and Markdown are for people: money in cents, sums and notes at the bottom. CSV and JSON are exact; a CSV
//! has no row of sums, so that its columns add up to the fleet.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::tz::TimeZone;

use crate::domain::chargeback::{ChargeRow, Chargeback};
use crate::domain::meter::Meter;
use crate::domain::money::Money;
use crate::domain::statement::LineKind;
use crate::domain::text::printable;
use crate::domain::view::unpriced_text;
use crate::report::csv::{cell_text, to_text};
use crate::report::table::{Column, render};

pub mod json;

/// The meters that a report has.
const METERS: [Meter; 6] = [
    Meter::Invocations,
    Meter::InputTokens,
    Meter::OutputTokens,
    Meter::CacheReadTokens,
    Meter::CacheWriteTokens,
    Meter::Images,
];

/// A report, and the same usage under other contracts or prices.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// As it is.
    pub now: Chargeback,
    /// As it would be.
    pub with: Option<Chargeback>,
}

/// A row beside what it would be.
struct Pair<'a> {
    now: &'a ChargeRow,
    with: Option<&'a ChargeRow>,
}

impl Comparison {
    fn pairs(&self) -> Vec<Pair<'_>> {
        let with: BTreeMap<_, _> =
            self.with.iter().flat_map(|report| &report.rows).map(|row| (row.key.clone(), row)).collect();
        self.now.rows.iter().map(|row| Pair { now: row, with: with.get(&row.key).copied() }).collect()
    }

    /// Revenue and margin are told where there are contracts at all.
    fn has_contracts(&self) -> bool {
        self.now.has_contracts || self.with.as_ref().is_some_and(|with| with.has_contracts)
    }
}

impl Pair<'_> {
    /// How much more would be earned; nothing where one of the two is not known.
    fn difference(&self) -> Option<Money> {
        Some(self.with?.margin? - self.now.margin?)
    }
}

/// The report for a person.
#[must_use]
pub fn table(report: &Comparison) -> String {
    let (columns, lines) = cells(report);
    let columns: Vec<Column> = columns
        .into_iter()
        .enumerate()
        .map(|(index, name)| if index == 0 { Column::left(name) } else { Column::right(name) })
        .collect();
    format!("{}\n\n{}\n{}", heading(&report.now), render(&columns, lines.into_iter()), notes(report))
}

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Comparison) -> String {
    let (columns, lines) = cells(report);
    let row =
        |cells: &[String]| format!("| {} |\n", cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join(" | "));
    let header = row(&columns.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let rule = format!("|---|{}\n", "---:|".repeat(columns.len() - 1));
    let body: String = lines.iter().map(|line| row(line)).collect();
    format!("## {}\n\n{header}{rule}{body}\n{}", heading(&report.now), notes(report).replace('\n', "\n\n").trim_end())
}

/// The report as CSV with a header; no row of sums.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn csv(report: &Comparison) -> csv::Result<String> {
    to_text(|writer| {
        let mut header = vec![report.now.by.name()];
        header.extend(METERS.map(|meter| meter.name().to_owned()));
        header.extend(["cost_usd", "cost_low_usd", "cost_high_usd", "revenue_usd", "margin_usd"].map(str::to_owned));
        header.extend(["unpriced_tokens", "usd_per_million_tokens", "plan"].map(str::to_owned));
        header.extend(LineKind::ALL.map(|kind| format!("{}_usd", kind.name())));
        if report.with.is_some() {
            header
                .extend(["with_cost_usd", "with_revenue_usd", "with_margin_usd", "difference_usd"].map(str::to_owned));
        }
        writer.write_record(header)?;
        report.pairs().iter().try_for_each(|pair| writer.write_record(record(report, pair)))
    })
}

fn record(report: &Comparison, pair: &Pair<'_>) -> Vec<String> {
    let row = pair.now;
    let exact = |amount: Option<Money>| amount.map(Money::to_exact_string).unwrap_or_default();
    let owed = |amount: Option<Money>, has: bool| exact(amount.filter(|_| has));
    let cost = row.usage.known_cost();
    let has = report.now.has_contracts;
    let mut fields = vec![cell_text(key(report, row))];
    fields.extend(METERS.map(|meter| row.usage.counts.sum_of(meter).to_string()));
    fields.extend([cost.map(|it| it.likely), cost.map(|it| it.low), cost.map(|it| it.high)].map(exact));
    fields.extend([owed(Some(row.revenue_total()), has), owed(row.margin, has), row.usage.unpriced_tokens.to_string()]);
    fields
        .push(row.usd_per_million_tokens().map(|price| price.round_dp(6).normalize().to_string()).unwrap_or_default());
    fields.push(cell_text(&row.plans.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")));
    fields.extend(LineKind::ALL.map(|kind| owed(Some(row.revenue.get(&kind).copied().unwrap_or_default()), has)));
    if let Some(with) = &report.with {
        let has = with.has_contracts;
        fields.push(exact(pair.with.and_then(|row| row.usage.known_cost()).map(|cost| cost.likely)));
        fields.push(owed(pair.with.map(ChargeRow::revenue_total), has));
        fields.push(owed(pair.with.and_then(|row| row.margin), has));
        fields.push(exact(pair.difference()));
    }
    fields
}

fn key<'a>(report: &'a Comparison, row: &'a ChargeRow) -> &'a str {
    row.key.as_deref().unwrap_or_else(|| report.now.by.rest())
}

/// `2026-11, from ... to ...`, and whether it is over.
fn heading(report: &Chargeback) -> String {
    let day = |at: jiff::Timestamp| at.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string();
    let span = format!("{}: {} to {} UTC", printable(&report.period), day(report.span.start), day(report.span.end));
    match report.data_until {
        Some(until) if report.is_open() => format!("{span}, open: data until {} UTC", day(until)),
        None => format!("{span}, open: no data yet"),
        Some(_) => span,
    }
}

/// The columns and lines of the table, sums last.
fn cells(report: &Comparison) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let has_contracts = report.has_contracts();
    let has_images = report.now.total.usage.counts.sum_of(Meter::Images) > 0;
    let first = match report.now.by {
        crate::domain::chargeback::GroupBy::Tenant => "TENANT",
        crate::domain::chargeback::GroupBy::Profile => "PROFILE",
        crate::domain::chargeback::GroupBy::Model => "MODEL",
        crate::domain::chargeback::GroupBy::Tag(_) => "TAG",
    };
    let mut columns = vec![first, "REQUESTS", "INPUT", "OUTPUT", "CACHE READ", "CACHE WRITE"];
    columns.extend(has_images.then_some("IMAGES"));
    columns.extend(["UNPRICED", "COST", "LOW", "HIGH", "$/M TOKENS"]);
    if has_contracts {
        columns.extend(["FEES", "USAGE", "TRUE-UP", "REVENUE", "MARGIN"]);
    }
    if report.with.is_some() {
        columns.extend(["COST WITH", "REVENUE WITH", "MARGIN WITH", "DIFFERENCE"]);
    }
    let total = Pair { now: &report.now.total, with: report.with.as_ref().map(|with| &with.total) };
    let pairs = report.pairs();
    let named = pairs.iter().map(|pair| (label(report, pair.now), pair));
    let lines = named.chain([("total".to_owned(), &total)]).map(|(name, pair)| {
        let mut line = vec![name];
        line.extend(figures(pair.now, has_images, has_contracts.then_some(report.now.has_contracts)));
        if report.with.is_some() {
            line.extend(others(pair));
        }
        line
    });
    (columns, lines.collect())
}

fn label(report: &Comparison, row: &ChargeRow) -> String {
    let name = row.name.as_ref().map(|name| format!(" ({})", printable(name))).unwrap_or_default();
    format!("{}{name}", printable(key(report, row)))
}

fn figures(row: &ChargeRow, has_images: bool, contracts: Option<bool>) -> Vec<String> {
    let counts = METERS.into_iter().filter(|meter| has_images || *meter != Meter::Images);
    let mut line: Vec<String> = counts.map(|meter| row.usage.counts.sum_of(meter).to_string()).collect();
    line.push(row.usage.unpriced_tokens.to_string());
    let cost = row.usage.known_cost();
    let cents = |amount: Option<Money>| amount.map_or_else(|| "unpriced".to_owned(), |amount| amount.to_string());
    line.extend([cost.map(|it| it.likely), cost.map(|it| it.low), cost.map(|it| it.high)].map(cents));
    line.push(row.usd_per_million_tokens().map_or_else(dash, |price| Money::usd(price).to_string()));
    if let Some(has) = contracts {
        let of = |kinds: &[LineKind]| kinds.iter().filter_map(|kind| row.revenue.get(kind)).copied().sum::<Money>();
        let owed = [
            of(&[LineKind::BaseFee]),
            of(&[LineKind::Usage, LineKind::Markup]),
            of(&[LineKind::TrueUp, LineKind::Minimum, LineKind::Maximum]),
            row.revenue_total(),
        ];
        line.extend(owed.map(|amount| if has { amount.to_string() } else { dash() }));
        line.push(row.margin.filter(|_| has).map_or_else(dash, |margin| margin.to_string()));
    }
    line
}

fn others(pair: &Pair<'_>) -> Vec<String> {
    let cost = pair.with.and_then(|row| row.usage.known_cost()).map(|cost| cost.likely);
    let cents =
        [cost, pair.with.map(ChargeRow::revenue_total), pair.with.and_then(|row| row.margin), pair.difference()];
    cents.map(|amount| amount.map_or_else(dash, |amount| amount.to_string())).into()
}

/// What a person has to know about the figures.
fn notes(report: &Comparison) -> String {
    let mut text = String::new();
    for row in &report.now.unpriced {
        let model = row.model.as_deref().unwrap_or("unknown model");
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "unpriced: {} of {} are in no cost; margins leave out whom nothing is known of",
            unpriced_text(row.tokens, row.images).unwrap_or_default(),
            printable(model)
        );
    }
    if let Some(row) = report.now.rows.iter().find(|row| row.key.is_none()) {
        let cost = row.usage.known_cost().map_or("an unknown amount".to_owned(), |cost| cost.likely.to_string());
        let _ = writeln!(text, "{}: {cost}", report.now.by.rest());
    }
    let without = report.now.rows.iter().filter(|row| row.key.is_some() && row.plans.is_empty()).count();
    if report.now.has_contracts && without > 0 && report.now.by == crate::domain::chargeback::GroupBy::Tenant {
        let _ = writeln!(text, "without a contract: {without} tenants; they owe nothing");
    }
    if report.now.has_contracts && report.now.is_open() {
        text.push_str("open: fees, commitments and minimums are those of the whole period, usage is that so far\n");
    }
    if !report.now.total.usage.cost.is_exact() {
        text.push_str(
            "LOW to HIGH: what CloudWatch does not tell (cache-write lifetime, long context); [[price]] narrows it\n",
        );
    }
    text
}

fn dash() -> String {
    "-".to_owned()
}

/// Text in a cell of a Markdown table.
fn escaped(text: &str) -> String {
    let special =
        |c: char| if matches!(c, '|' | '\\' | '`' | '*' | '_' | '<' | '[') { format!("\\{c}") } else { c.to_string() };
    text.chars().map(special).collect()
}
