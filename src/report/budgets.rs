//! Budgets, quotas and rate limits as they stand, as a table, JSON and CSV; the loudest first, then the fullest.

use std::fmt::Write;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::domain::amount::{Amount, Unit};
use crate::domain::budget::Budget;
use crate::domain::ids::{BudgetId, Owner, PlanId};
use crate::domain::level::Level;
use crate::domain::meter::{Meter, MeterSet};
use crate::domain::money::with_thousands;
use crate::domain::text::printable;
use crate::domain::view::{BudgetRow, FleetView, PeriodForecast, PoolRow, TenantRow};
use crate::report::table::{Column, render};

mod machine;

pub use machine::{csv, json};

/// Whose a budget is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A tenant has it for itself.
    Tenant,
    /// The members of a pool, or the fleet, share it.
    Shared,
}

/// A budget of somebody.
#[derive(Clone, Debug)]
struct Row<'a> {
    kind: Kind,
    owner: &'a str,
    /// As the screen shows it: grey where the data is too old to judge.
    level: Level,
    budget: &'a BudgetRow,
}

/// A limit of a tenant's speed.
#[derive(Clone, Debug)]
struct RateRow<'a> {
    owner: &'a str,
    plan: &'a PlanId,
    unit: Unit,
    limit: u64,
    per_minute: f64,
}

/// Everything that bounds anybody's use.
#[derive(Clone, Debug)]
pub struct Standings<'a> {
    at: Timestamp,
    rows: Vec<Row<'a>>,
    rates: Vec<RateRow<'a>>,
    unused: Vec<&'a BudgetId>,
}

impl<'a> Standings<'a> {
    /// The budgets and rate limits of a view; of those that are configured, which nobody has yet.
    #[must_use]
    pub fn new(view: &'a FleetView, configured: &'a [Budget]) -> Self {
        let mut rows: Vec<Row<'a>> = view.tenants.iter().flat_map(of_tenant).collect();
        rows.extend(view.pools.iter().flat_map(of_pool));
        rows.sort_by(|a, b| {
            let fullest = b.budget.used.total_cmp(&a.budget.used);
            b.level.cmp(&a.level).then(fullest).then_with(|| a.name().cmp(&b.name()))
        });
        let is_unused = |id: &&BudgetId| rows.iter().all(|row| row.budget.id != **id);
        Self {
            at: view.at,
            rates: view.tenants.iter().flat_map(rates).collect(),
            unused: configured.iter().map(|budget| &budget.id).filter(is_unused).collect(),
            rows,
        }
    }
}

impl<'a> Row<'a> {
    fn name(&self) -> (&'a str, &'a str) {
        (self.owner, self.budget.id.as_str())
    }

    fn meter(&self) -> String {
        self.budget.amount.unit.name()
    }

    /// The first and the last day, in the zone of the budget.
    fn days(&self) -> [String; 2] {
        let zone = TimeZone::get(&self.budget.zone).unwrap_or(TimeZone::UTC);
        let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date().to_string();
        let last = self.budget.span.end.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(self.budget.span.end);
        [day(self.budget.span.start), day(last)]
    }

    fn forecast(&self) -> Option<&'a PeriodForecast> {
        self.budget.forecast.as_ref()
    }

    /// A cap as an amount.
    fn cap(&self, share: Option<f64>) -> Option<Amount> {
        let amount = self.budget.amount;
        let share = Decimal::try_from(share?).ok()?;
        Some(Amount { number: amount.number.saturating_mul(share).normalize(), ..amount })
    }
}

impl RateRow<'_> {
    /// The speed as a share of the limit; `None` where the limit is nothing.
    fn used(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a share for display")]
        let limit = self.limit as f64;
        (self.limit > 0).then(|| self.per_minute / limit)
    }
}

fn of_tenant(row: &TenantRow) -> impl Iterator<Item = Row<'_>> {
    let is_blind = row.frozen_level.is_some();
    row.budgets.iter().map(move |budget| Row {
        kind: Kind::Tenant,
        owner: row.owner.name(),
        level: if is_blind { Level::Blind } else { budget.level },
        budget,
    })
}

fn of_pool(row: &PoolRow) -> impl Iterator<Item = Row<'_>> {
    row.budgets.iter().map(|budget| Row {
        kind: Kind::Shared,
        owner: row.pool.as_str(),
        level: if row.level == Level::Blind { Level::Blind } else { budget.level },
        budget,
    })
}

fn rates(row: &TenantRow) -> impl Iterator<Item = RateRow<'_>> {
    let contract = row.contract.as_ref().filter(|_| matches!(row.owner, Owner::Tenant(_)));
    let limits = contract.into_iter().flat_map(|contract| {
        let limits = contract.rate_limits;
        let tokens = (Unit::Count(MeterSet::of(&Meter::TOKENS)), limits.tokens_per_minute, row.rates.tokens_per_minute);
        let requests = Unit::Count(MeterSet::of(&[Meter::Invocations]));
        let of_plan = |limit| (&contract.bill.plan, limit);
        [tokens, (requests, limits.requests_per_minute, row.rates.requests_per_minute)].map(of_plan)
    });
    limits.filter_map(|(plan, (unit, limit, per_minute))| {
        Some(RateRow { owner: row.owner.name(), plan, unit, limit: limit?, per_minute })
    })
}

/// One line a budget, then the rate limits; below them what nobody has yet.
#[must_use]
pub fn table(standings: &Standings<'_>) -> String {
    let mut text = match (standings.rows.is_empty(), standings.unused.is_empty()) {
        (true, true) => "no budgets: [[budget]] in the config has some (docs/contracts.md)\n".to_owned(),
        (true, false) => String::new(),
        _ => render(&COLUMNS, standings.rows.iter().map(cells)),
    };
    if !standings.rates.is_empty() {
        let between = if text.is_empty() { "" } else { "\n" };
        text.push_str(between);
        text.push_str(&render(&RATES, standings.rates.iter().map(rate_cells)));
    }
    for id in &standings.unused {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "`{}` is nobody's yet: no tenant fits it", printable(id.as_str()));
    }
    text
}

const COLUMNS: [Column; 13] = [
    Column::left("LEVEL"),
    Column::left("OWNER"),
    Column::left("BUDGET"),
    Column::left("METER"),
    Column::right("AMOUNT"),
    Column::right("USED"),
    Column::right("%"),
    Column::right("EXPECTED"),
    Column::right("FORECAST"),
    Column::right("80 %"),
    Column::right("SOFT"),
    Column::right("HARD"),
    Column::left("PERIOD"),
];

const RATES: [Column; 6] = [
    Column::left("RATE LIMIT OF"),
    Column::left("PLAN"),
    Column::left("METER"),
    Column::right("A MINUTE"),
    Column::right("LIMIT"),
    Column::right("%"),
];

fn cells(row: &Row<'_>) -> Vec<String> {
    let budget = row.budget;
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let rounded = |number: f64| Decimal::try_from(number).map_or_else(|_| "-".to_owned(), |it| row.at_least(it));
    let [first, last] = row.days();
    vec![
        row.level.name().to_owned(),
        row.kind.owner(row.owner),
        printable(budget.id.as_str()),
        row.meter(),
        row.number(budget.amount.number),
        row.at_least(budget.spent.likely.number),
        percent(budget.used),
        percent(budget.expected),
        or_dash(row.forecast().map(|forecast| rounded(forecast.total))),
        or_dash(row.forecast().map(|it| format!("{} to {}", rounded(it.interval80.0), rounded(it.interval80.1)))),
        or_dash(row.cap(budget.caps.soft).map(|cap| row.number(cap.number))),
        or_dash(row.cap(budget.caps.hard).map(|cap| row.number(cap.number))),
        format!("{first} to {last} {}", printable(&budget.zone)),
    ]
}

impl Row<'_> {
    /// A number of the budget's meter without the meter's name.
    fn number(&self, number: Decimal) -> String {
        match self.budget.amount.unit {
            Unit::Usd => Amount::usd(number).to_string(),
            Unit::Count(_) => with_thousands(&number.round().normalize().to_string()),
        }
    }

    /// What was or will be used, marked where tokens without a price are missing in it.
    fn at_least(&self, number: Decimal) -> String {
        let mark = if self.budget.unpriced_tokens > 0 { "+" } else { "" };
        format!("{}{mark}", self.number(number))
    }
}

impl Kind {
    /// The owner in the table: shared budgets are marked as in the logs.
    fn owner(self, name: &str) -> String {
        match self {
            Self::Tenant => printable(name),
            Self::Shared => format!("*pool:{}", printable(name)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Shared => "shared",
        }
    }
}

fn rate_cells(row: &RateRow<'_>) -> Vec<String> {
    vec![
        printable(row.owner),
        printable(row.plan.as_str()),
        row.unit.name(),
        with_thousands(&format!("{:.0}", row.per_minute)),
        with_thousands(&row.limit.to_string()),
        row.used().map_or_else(|| "-".to_owned(), percent),
    ]
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
