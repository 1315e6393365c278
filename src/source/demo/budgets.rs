//! Budgets that fit the fleet: most are kept, some are strained, and the story's tenants cross theirs in time.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use crate::domain::budget::{Budget, BudgetOver, Caps, Pool};
use crate::domain::calendar::{Calendar, PeriodLength};
use crate::domain::meter::Counts;
use crate::domain::money::Money;
use crate::domain::profile::Profile;
use crate::domain::time::HOUR_SECONDS;
use crate::source::demo::START;
use crate::source::demo::fleet::Fleet;
use crate::source::demo::noise;
use crate::source::demo::story::{Role, is_told, role};

/// When the runaway's budget is gone, in minutes after the start.
const RUNAWAY_GONE: i64 = 35;
/// The share of its daily budget that the spike's tenant has used when its spike is over: yellow, no more.
const SPIKE_USED: f64 = 0.64;
/// When the budget that the risers share is gone, in minutes after the start: none of them overruns its own by then.
const SHARED_GONE: i64 = 150;
/// The pool of the risers.
const SHARED: &str = "spring-cohort";
/// Every how many tenants one has no budget.
const WITHOUT: u64 = 3;

/// What counts of a profile cost.
pub(super) type Price<'a> = &'a dyn Fn(&Profile, &Counts) -> Money;

/// The budgets of the fleet, computed from what it uses.
#[must_use]
pub fn budgets(fleet: &Fleet, price: Price<'_>) -> Vec<Budget> {
    let own = (0..fleet.tenants).filter_map(|tenant| budget(fleet, tenant, price));
    own.chain(shared(fleet, price)).collect()
}

/// The pools of the fleet: the tenants that will rise together share a budget.
#[must_use]
pub fn pools(fleet: &Fleet) -> Vec<Pool> {
    let members: Vec<String> = risers(fleet).map(Fleet::tenant_name).collect();
    if members.is_empty() {
        return Vec::new();
    }
    vec![Pool { name: SHARED.into(), members, plan: None, tags: BTreeMap::new() }]
}

fn risers(fleet: &Fleet) -> impl Iterator<Item = usize> {
    (0..fleet.tenants).filter(|&tenant| {
        role(tenant, fleet.tenants, 0).is_some_and(|role| role == Role::Riser && is_told(fleet.scenario, role))
    })
}

fn shared(fleet: &Fleet, price: Price<'_>) -> Option<Budget> {
    let until = after(SHARED_GONE);
    let sum: f64 = risers(fleet).map(|tenant| spent(fleet, tenant, price, day_start(), until)).sum();
    let amount = Decimal::from_f64(sum.round()).filter(|amount| *amount >= Decimal::ONE)?;
    Some(Budget {
        id: format!("{SHARED}-daily").as_str().into(),
        amount: Money::usd(amount).into(),
        calendar: calendar(PeriodLength::Day),
        over: BudgetOver::Pool(SHARED.into()),
        caps: Caps::default(),
    })
}

fn budget(fleet: &Fleet, tenant: usize, price: Price<'_>) -> Option<Budget> {
    let story = role(tenant, fleet.tenants, 0).filter(|role| is_told(fleet.scenario, *role));
    let number = tenant as u64;
    if story.is_none() && tenant > 2 && noise::bits(&[fleet.seed, number, 50]).is_multiple_of(WITHOUT) {
        return None;
    }
    let (length, amount) = match story {
        Some(Role::Runaway) => (PeriodLength::Day, spent(fleet, tenant, price, day_start(), after(RUNAWAY_GONE))),
        Some(Role::Spike) => (PeriodLength::Day, spent(fleet, tenant, price, day_start(), after(65)) / SPIKE_USED),
        _ => usual(fleet, tenant, price),
    };
    let rounded = if matches!(story, Some(Role::Runaway | Role::Spike)) { amount.round() } else { round_up(amount) };
    let amount = Money::usd(Decimal::from_f64(rounded).filter(|amount| *amount >= Decimal::ONE)?);
    let name = Fleet::tenant_name(tenant);
    let period = match length {
        PeriodLength::Day => "daily",
        PeriodLength::Week => "weekly",
        PeriodLength::Month => "monthly",
        PeriodLength::Quarter => "quarterly",
        PeriodLength::Once(_) => "once",
    };
    Some(Budget {
        id: format!("{name}-{period}").as_str().into(),
        amount: amount.into(),
        calendar: calendar(length),
        over: BudgetOver::Tenants(vec![name]),
        caps: Caps::default(),
    })
}

/// A budget of what the tenant will use at an even pace, times how generous it is.
fn usual(fleet: &Fleet, tenant: usize, price: Price<'_>) -> (PeriodLength, f64) {
    let number = tenant as u64;
    let length = match noise::bits(&[fleet.seed, number, 51]) % 6 {
        0 => PeriodLength::Week,
        _ => PeriodLength::Month,
    };
    let span = calendar(length).span_at(START);
    let projected = spent(fleet, tenant, price, span.start, START) / span.elapsed_share(START).max(0.01);
    let generosity = match tenant {
        2 => 0.72,
        4 | 17 => 0.92,
        _ => noise::between(1.15, 1.9, &[fleet.seed, number, 52]),
    };
    (length, projected * generosity)
}

/// Dollars a tenant uses from a whole hour up to a minute.
fn spent(fleet: &Fleet, tenant: usize, price: Price<'_>, from: Timestamp, to: Timestamp) -> f64 {
    let members = fleet.members_of(tenant);
    members.map(|member| price(&member.profile, &used(fleet, member, from, to)).to_f64()).sum()
}

fn used(fleet: &Fleet, member: &crate::source::demo::fleet::Member, from: Timestamp, to: Timestamp) -> Counts {
    let mut sum = Counts::EMPTY;
    let mut hour = from;
    while hour < to {
        let next = hour.saturating_add(SignedDuration::from_secs(HOUR_SECONDS)).unwrap_or(to);
        if next <= to {
            sum.add(&fleet.hour(member, hour));
        } else {
            let minutes = usize::try_from(to.duration_since(hour).as_mins()).unwrap_or(0);
            fleet.minutes(member, hour).iter().take(minutes).for_each(|counts| sum.add(counts));
        }
        hour = next;
    }
    sum
}

/// Two leading digits, as people set budgets.
fn round_up(amount: f64) -> f64 {
    let unit = 10_f64.powf(amount.max(1.0).log10().floor() - 1.0);
    (amount / unit).ceil() * unit
}

fn calendar(length: PeriodLength) -> Calendar {
    Calendar { length, anchor_day: 1, zone: TimeZone::UTC }
}

fn day_start() -> Timestamp {
    calendar(PeriodLength::Day).span_at(START).start
}

fn after(minutes: i64) -> Timestamp {
    START.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(START)
}
