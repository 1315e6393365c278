//! What contracts have ahead: a table for one tenant, rows of the JSON for all.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::amount::Unit;
use crate::domain::ids::TenantId;
use crate::domain::text::printable;
use crate::judge::milestones::{Milestone, MilestoneKind};
use crate::report::spend::{Gone, minute, reached, short};
use crate::report::table::{Column, render};

const COLUMNS: [Column; 8] = [
    Column::left("AHEAD"),
    Column::left("PLAN"),
    Column::right("AT"),
    Column::right("USED"),
    Column::right("BY END"),
    Column::right("80 %"),
    Column::left("WHEN"),
    Column::left("UNTIL"),
];

/// Something that the contract of a tenant has ahead.
#[derive(Clone, Debug, PartialEq)]
pub struct Ahead {
    /// Whose.
    pub tenant: TenantId,
    /// The currency of amounts of money.
    pub currency: String,
    /// What.
    pub milestone: Milestone,
}

/// A milestone in the JSON.
#[derive(Serialize)]
pub(super) struct MilestoneRow {
    tenant: String,
    plan: String,
    kind: &'static str,
    tier: Option<usize>,
    unit: String,
    amount: Option<f64>,
    used: f64,
    by_end: f64,
    interval80: (f64, f64),
    reached: Option<Gone>,
    shortfall: Option<f64>,
    shortfall_most: Option<f64>,
    until: Timestamp,
}

impl MilestoneRow {
    pub(super) fn of(ahead: &Ahead) -> Self {
        let it = &ahead.milestone;
        let (kind, tier) = match it.kind {
            MilestoneKind::IncludedUsed => ("included_used", None),
            MilestoneKind::Tier(number) => ("tier", Some(number)),
            MilestoneKind::Commitment => ("commitment", None),
            MilestoneKind::TermsEnd => ("terms_end", None),
        };
        Self {
            tenant: ahead.tenant.as_str().to_owned(),
            plan: it.plan.as_str().to_owned(),
            kind,
            tier,
            unit: it.unit.map_or_else(|| ahead.currency.clone(), Unit::name),
            amount: it.amount,
            used: it.used,
            by_end: it.by_end.0,
            interval80: it.by_end.1,
            reached: it.reached.map(Gone::of),
            shortfall: it.shortfall.map(|(likely, _)| likely),
            shortfall_most: it.shortfall.map(|(_, most)| most),
            until: it.until,
        }
    }
}

/// One line a milestone, with a header; nothing where there is none.
#[must_use]
pub fn table(ahead: &[Ahead]) -> String {
    if ahead.is_empty() {
        return String::new();
    }
    render(&COLUMNS, ahead.iter().map(|ahead| cells(ahead).to_vec()))
}

fn cells(ahead: &Ahead) -> [String; COLUMNS.len()] {
    let it = &ahead.milestone;
    let amount = |number: f64| match it.unit {
        Some(unit) => short(unit, number),
        // Of the contract's currency, which need not be dollars.
        None => format!("{number:.2} {}", ahead.currency),
    };
    let counted = |number: f64| if it.amount.is_some() { amount(number) } else { "-".to_owned() };
    let unit = it.unit.map_or_else(String::new, |unit| format!(" of {}", unit.name()));
    let what = match it.kind {
        MilestoneKind::IncludedUsed => format!("included used up{unit}"),
        MilestoneKind::Tier(number) => format!("tier {number}{unit}"),
        MilestoneKind::Commitment => format!("commitment drawn{unit}"),
        MilestoneKind::TermsEnd => "terms end".to_owned(),
    };
    let (low, high) = it.by_end.1;
    let missing = |(likely, most): &(f64, f64)| format!("; {} short, {} at most", amount(*likely), amount(*most));
    let short_of = it.shortfall.filter(|(_, most)| *most > 0.0).as_ref().map_or_else(String::new, missing);
    [
        what,
        printable(it.plan.as_str()),
        it.amount.map_or_else(|| "-".to_owned(), amount),
        counted(it.used),
        counted(it.by_end.0),
        if it.amount.is_some() { format!("{}-{}", amount(low), amount(high)) } else { "-".to_owned() },
        reached(it.reached) + &short_of,
        minute(it.until),
    ]
}
