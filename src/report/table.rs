//! Aligned tables for a shell: the tenants, and what other tables are made with.

use unicode_width::UnicodeWidthStr;

use crate::domain::text::printable;
use crate::domain::view::{FleetView, TenantRow};

/// A column: its header and whether it stands at the right.
pub(super) struct Column {
    header: &'static str,
    right: bool,
}

impl Column {
    /// A column of text.
    pub(super) const fn left(header: &'static str) -> Self {
        Self { header, right: false }
    }

    /// A column of figures.
    pub(super) const fn right(header: &'static str) -> Self {
        Self { header, right: true }
    }
}

const COLUMNS: [Column; 9] = [
    Column::left("LEVEL"),
    Column::left("TENANT"),
    Column::right("COST"),
    Column::right("BUDGET"),
    Column::right("USED"),
    Column::right("PACE"),
    Column::right("$/H"),
    Column::right("TOKENS"),
    Column::right("REQUESTS"),
];

/// One line a tenant in the view's order, with a header; the cost is that of the usage span.
#[must_use]
pub fn tenants(view: &FleetView) -> String {
    render(&COLUMNS, view.tenants.iter().map(|row| cells(row).to_vec()))
}

/// Rows below their headers, each column as wide as its widest cell.
pub(super) fn render(columns: &[Column], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut lines = vec![columns.iter().map(|column| column.header.to_owned()).collect()];
    lines.extend(rows);
    let width = |index: usize| lines.iter().map(|line: &Vec<String>| line[index].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    lines.iter().map(|line| aligned(line, columns, &widths)).collect()
}

/// The cost for a person: `unpriced` where nothing is known, `~` where it is a range or incomplete.
#[must_use]
pub fn cost(row: &TenantRow) -> String {
    match row.usage.known_cost() {
        None => "unpriced".to_owned(),
        Some(cost) if row.usage.is_partly_unpriced() || !cost.is_exact() => format!("~{}", cost.likely),
        Some(cost) => cost.likely.to_string(),
    }
}

fn cells(row: &TenantRow) -> [String; COLUMNS.len()] {
    let budget = row.worst_budget();
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        row.level.name().to_owned(),
        printable(row.owner.name()),
        cost(row),
        or_dash(budget.map(|budget| budget.amount.to_string())),
        or_dash(budget.map(|budget| format!("{:.0} %", budget.used * 100.0))),
        or_dash(budget.and_then(crate::domain::view::BudgetRow::pace).map(|pace| format!("{pace:.2}x"))),
        format!("{:.2}", row.rates.usd_per_hour),
        row.usage.counts.tokens().to_string(),
        row.usage.counts.sum_of(crate::domain::meter::Meter::Invocations).to_string(),
    ]
}

fn aligned(line: &[String], columns: &[Column], widths: &[usize]) -> String {
    let cell = |((text, column), &width): ((&String, &Column), &usize)| {
        let padding = " ".repeat(width.saturating_sub(text.width()));
        if column.right { format!("{padding}{text}") } else { format!("{text}{padding}") }
    };
    let cells: Vec<String> = line.iter().zip(columns).zip(widths).map(cell).collect();
    format!("{}\n", cells.join("  ").trim_end())
}
