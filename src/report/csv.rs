//! The tenants as CSV: one row a tenant, money in USD as decimal text, empty where it is not known.

use crate::domain::meter::Meter;
use crate::domain::text::printable;
use crate::domain::view::{FleetView, TenantRow};

const HEADER: [&str; 14] = [
    "tenant",
    "level",
    "invocations",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "unpriced_tokens",
    "cost_usd",
    "cost_low_usd",
    "cost_high_usd",
    "budget",
    "budget_usd",
    "budget_used",
];

const METERS: [Meter; 5] =
    [Meter::Invocations, Meter::InputTokens, Meter::OutputTokens, Meter::CacheReadTokens, Meter::CacheWriteTokens];

/// The rows in the view's order, with a header.
///
/// # Errors
/// Never in practice: the text is written to memory.
pub fn tenants(view: &FleetView) -> csv::Result<String> {
    to_text(|writer| {
        writer.write_record(HEADER)?;
        view.tenants.iter().try_for_each(|row| writer.write_record(record(row)))
    })
}

/// What is written to a CSV, as text.
pub(super) fn to_text(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>) -> csv::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    write(&mut writer)?;
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(row: &TenantRow) -> Vec<String> {
    let mut fields = vec![cell_text(row.owner.name()), row.level.name().to_owned()];
    fields.extend(METERS.map(|meter| row.usage.counts.sum_of(meter).to_string()));
    fields.push(row.usage.unpriced_tokens.to_string());
    let cost = row.usage.known_cost();
    let money = |amount: Option<crate::domain::money::Money>| {
        amount.map(super::super::domain::money::Money::to_exact_string).unwrap_or_default()
    };
    fields.extend([cost.map(|it| it.likely), cost.map(|it| it.low), cost.map(|it| it.high)].map(money));
    let budget = row.worst_budget();
    fields.push(budget.map(|budget| cell_text(budget.id.as_str())).unwrap_or_default());
    fields.push(money(budget.and_then(|budget| budget.amount.money())));
    fields.push(budget.map(|budget| format!("{:.4}", budget.used)).unwrap_or_default());
    fields
}

/// A number without zeros behind it.
pub(super) fn plain(number: rust_decimal::Decimal) -> String {
    number.normalize().to_string()
}

/// Text for a spreadsheet: a leading `=`, `+`, `-` or `@` would be run as a formula there.
pub(super) fn cell_text(text: &str) -> String {
    let text = printable(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}
