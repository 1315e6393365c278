//! What a tenant's contract will come to by the end of its billing period: the ground of commitment and margin.
//!
//! The period is billed as if it were over, with as much use of every kind as the forecast of its cost says: tiers and
//! included quantities count as they will.

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::alert::commitment::Drawn;
use crate::alert::margin::Earned;
use crate::cost::contract::{Account, standing};
use crate::domain::statement::ContractStanding;
use crate::domain::time::TimeSpan;
use crate::domain::view::PricedUsage;
use crate::judge::outlook::Outlook;

/// What a contract will come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Course {
    /// The commitment, where there is one.
    pub drawn: Option<Drawn>,
    /// Revenue and cost.
    pub earned: Earned,
}

/// The course of a contract that stands so; `None` while there is no use in the period, or too little past to tell.
pub(super) fn course(
    account: Account<'_>,
    stands: &ContractStanding,
    outlook: &Outlook,
    now: Timestamp,
    usage: &dyn Fn(TimeSpan) -> PricedUsage,
) -> Option<Course> {
    let spent = stands.cost.to_f64();
    let total = outlook.rest_until(stands.bill.span).filter(|_| spent > 0.0)?;
    let billed = |times: f64| {
        let grown = |span: TimeSpan| {
            let used = usage(span);
            if span.start >= stands.bill.span.start && span.end > now { used.times(times) } else { used }
        };
        standing(account, now, &grown)
    };
    let likely = billed((spent + total.mean) / spent)?;
    let drawn = stands.bill.commitment.filter(|commitment| commitment.committed > Decimal::ZERO).and_then(|now| {
        let most = billed((spent + total.interval80().1) / spent)?;
        let share = |drawn: Decimal| (drawn / now.committed).to_f64().unwrap_or(0.0);
        let of = |stands: &ContractStanding| stands.bill.commitment.map_or(0.0, |commitment| share(commitment.drawn));
        Some(Drawn { now: share(now.drawn), likely: of(&likely), most: of(&most) })
    });
    Some(Course { drawn, earned: Earned { revenue: likely.revenue.to_f64(), cost: likely.cost.to_f64() } })
}
