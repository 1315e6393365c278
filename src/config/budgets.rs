//! `[[budget]]` and `[[pool]]`.

use jiff::tz::TimeZone;

use crate::config::reader::Table;
use crate::config::{amounts, values, zones};
use crate::domain::amount::Amount;
use crate::domain::budget::{Budget, BudgetOver, Caps, Pool};
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::ids::{BudgetId, PlanId, PoolName};

/// The words for lengths of periods.
pub(super) const PERIODS: [(&str, PeriodLength); 4] = [
    ("day", PeriodLength::Day),
    ("week", PeriodLength::Week),
    ("month", PeriodLength::Month),
    ("quarter", PeriodLength::Quarter),
];

/// A budget; its days are those of `zone` unless it has its own.
pub(super) fn budget(table: Table<'_>, zone: &TimeZone) -> Option<Budget> {
    let id = table.require("id", values::text).map(BudgetId::new);
    let amount = table.require("amount", |value| amounts::amount(&values::text(value)?));
    let calendar = calendar(&table, "per", zone);
    let over = over(&table);
    let caps = amount.map(|amount| caps(&table, &amount)).unwrap_or_default();
    table.finish();
    Some(Budget { id: id?, amount: amount?, calendar, over: over?, caps })
}

/// A pool of tenants.
pub(super) fn pool(table: Table<'_>) -> Option<Pool> {
    let name = table.require("name", values::text).map(PoolName::new);
    let pool = Pool {
        name: name.clone().unwrap_or_else(|| PoolName::new("")),
        members: table.get("members", values::texts).unwrap_or_default(),
        plan: table.get("plan", values::text).map(PlanId::new),
        tags: table.get("tags", values::tags).unwrap_or_default(),
    };
    if pool.members.is_empty() && pool.plan.is_none() && pool.tags.is_empty() {
        table.fault("nobody is in it: write members = [\"acme\", \"globex\"], or `plan` or `tags`");
    }
    table.finish();
    name.map(|_| pool)
}

/// The calendar that a table gives with its length under `key`, `anchor_day` and `timezone`.
pub(super) fn calendar(table: &Table<'_>, key: &'static str, zone: &TimeZone) -> Calendar {
    let length = table.get(key, values::choice(&PERIODS)).unwrap_or_default();
    let anchor = table.get("anchor_day", values::whole(1, 31)).unwrap_or(1);
    let own_zone = table.get("timezone", |value| zones::zone(&values::text(value)?));
    match length {
        PeriodLength::Week if anchor > 7 => table.fault_of("anchor_day", "a week starts on a day from 1 (Monday) to 7"),
        PeriodLength::Day if anchor > 1 => table.fault_of("anchor_day", "a day has no anchor: leave this out"),
        _ => {}
    }
    Calendar { length, anchor_day: i8::try_from(anchor).unwrap_or(1), zone: own_zone.unwrap_or_else(|| zone.clone()) }
}

/// The caps of a table, as shares of an amount or as amounts of its unit.
pub(super) fn caps(table: &Table<'_>, whole: &Amount) -> Caps {
    let cap = |key| table.get(key, |value| cap(&values::written(value)?, whole));
    let caps = Caps { soft: cap("soft"), hard: cap("hard") };
    if caps.soft.zip(caps.hard).is_some_and(|(soft, hard)| soft > hard) {
        table.fault_of("soft", "it is above `hard`: the soft cap comes first");
    }
    caps
}

fn cap(text: &str, whole: &Amount) -> Result<f64, String> {
    if !text.trim().contains(char::is_whitespace) {
        let share = amounts::share(text)?;
        return Amount { number: share, ..*whole }
            .share_of(&Amount { number: rust_decimal::Decimal::ONE, ..*whole })
            .filter(|share| *share > 0.0)
            .ok_or_else(|| "a cap of nothing makes no sense: write for example 0.8 (80 %)".to_owned());
    }
    let amount = amounts::amount(text)?;
    if amount.unit != whole.unit {
        return Err(format!("`{text}` is not in {}, as the amount is", whole.unit.name()));
    }
    amount.share_of(whole).ok_or_else(|| format!("`{text}` makes no sense here"))
}

fn over(table: &Table<'_>) -> Option<BudgetOver> {
    let given: Vec<BudgetOver> = [
        table.get("tenants", values::texts).map(BudgetOver::Tenants),
        table.get("plan", values::text).map(|plan| BudgetOver::Plan(PlanId::new(plan))),
        table.get("tags", values::tags).map(BudgetOver::Tagged),
        table.get("pool", values::text).map(|pool| BudgetOver::Pool(PoolName::new(pool))),
        table.get("fleet", values::flag).filter(|fleet| *fleet).map(|_| BudgetOver::Fleet),
    ]
    .into_iter()
    .flatten()
    .collect();
    let is_there = ["tenants", "plan", "tags", "pool", "fleet"].into_iter().any(|key| table.has(key));
    match (given.len(), is_there) {
        (1, _) => given.into_iter().next(),
        // What is there has told its fault already, unless it says that it is not for the fleet.
        (0, true) if table.get("fleet", values::flag) != Some(false) => None,
        (0, _) => {
            table.fault("it is not said for whom: write tenants = [\"*\"], plan, tags, pool, or fleet = true");
            None
        }
        _ => {
            table.fault("it is for several at once: write one of tenants, plan, tags, pool or fleet");
            None
        }
    }
}
