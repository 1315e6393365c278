//! The tenants as an aligned table for a shell.

use unicode_width::UnicodeWidthStr;

use crate::domain::text::printable;
use crate::domain::view::{FleetView, TenantRow};

/// A column: its header and whether it stands at the right.
struct Column {
    header: &'static str,
    right: bool,
}

const COLUMNS: [Column; 9] = [
    Column { header: "LEVEL", right: false },
    Column { header: "TENANT", right: false },
    Column { header: "COST", right: true },
    Column { header: "BUDGET", right: true },
    Column { header: "USED", right: true },
    Column { header: "PACE", right: true },
    Column { header: "$/H", right: true },
    Column { header: "TOKENS", right: true },
    Column { header: "REQUESTS", right: true },
];

/// One line a tenant in the view's order, with a header; the cost is that of the usage span.
#[must_use]
pub fn tenants(view: &FleetView) -> String {
    let mut lines = vec![COLUMNS.map(|column| column.header.to_owned())];
    lines.extend(view.tenants.iter().map(cells));
    let widths: [usize; COLUMNS.len()] =
        std::array::from_fn(|index| lines.iter().map(|line| line[index].width()).max().unwrap_or(0));
    lines.iter().map(|line| aligned(line, &widths)).collect()
}

/// The cost for a person: `unpriced` where nothing is known, `~` where it is a range or incomplete.
#[must_use]
pub fn cost(row: &TenantRow) -> String {
    match row.usage.known_cost() {
        None => "unpriced".to_owned(),
        Some(cost) if row.usage.unpriced_tokens > 0 || !cost.is_exact() => format!("~{}", cost.likely),
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

fn aligned(line: &[String; COLUMNS.len()], widths: &[usize; COLUMNS.len()]) -> String {
    let cell = |((text, column), &width): ((&String, &Column), &usize)| {
        let padding = " ".repeat(width.saturating_sub(text.width()));
        if column.right { format!("{padding}{text}") } else { format!("{text}{padding}") }
    };
    let cells: Vec<String> = line.iter().zip(&COLUMNS).zip(widths).map(cell).collect();
    format!("{}\n", cells.join("  ").trim_end())
}
