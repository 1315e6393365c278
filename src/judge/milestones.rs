//! What a tenant's contract has ahead in its running billing period, with dates: included quantities that run out, tiers
//! that are reached, commitments that are drawn or missed, terms that end.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::cost::contract::charged;
use crate::domain::amount::Unit;
use crate::domain::contract::{Contracts, InForce, Pricing};
use crate::domain::ids::{PlanId, TenantId};
use crate::domain::statement::{ChargeStanding, CommitmentStanding, ContractStanding};
use crate::domain::tenancy::Tags;
use crate::domain::time::TimeSpan;
use crate::forecast::{Exhaustion, Model, TotalForecast};

/// What is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MilestoneKind {
    /// What costs nothing is used up.
    IncludedUsed,
    /// This tier begins, counted from 1.
    Tier(usize),
    /// The commitment is drawn.
    Commitment,
    /// The terms end, and others or none are in force.
    TermsEnd,
}

/// Something that the contract has ahead.
#[derive(Clone, Debug, PartialEq)]
pub struct Milestone {
    /// What it is.
    pub kind: MilestoneKind,
    /// By which plan.
    pub plan: PlanId,
    /// The unit of the amounts; none where they are money of the contract's currency.
    pub unit: Option<Unit>,
    /// The amount at which it is reached; none for what a date alone decides.
    pub amount: Option<f64>,
    /// Used of it so far.
    pub used: f64,
    /// What the period will come to: the likely amount, and what holds with 80 %.
    pub by_end: (f64, (f64, f64)),
    /// When it is reached; `None` where that is not to be expected in the period.
    pub reached: Option<Exhaustion>,
    /// What will likely be missing to a commitment, and at most with 80 %.
    pub shortfall: Option<(f64, f64)>,
    /// When the period ends, or the terms do.
    pub until: Timestamp,
}

/// Forecasts of a tenant by unit.
pub type Models = HashMap<Unit, Model>;

/// All that a contract has ahead, in the order of its terms.
#[must_use]
pub fn of_contract(
    contracts: &Contracts,
    (tenant, tags): (&TenantId, &Tags),
    standing: &ContractStanding,
    models: &Models,
    now: Timestamp,
) -> Vec<Milestone> {
    let Some(in_force) = in_force(contracts, tenant, tags, now) else { return Vec::new() };
    let course = Course { in_force: &in_force, standing, models, now, until: standing.bill.span.end };
    let mut found = Vec::new();
    for (charge, stands) in in_force.terms.charges.iter().zip(&standing.bill.charges) {
        if stands.included > Decimal::ZERO {
            found.extend(course.of_quantity(MilestoneKind::IncludedUsed, stands, stands.included));
        }
        let Pricing::Tiered { tiers, .. } = &charge.pricing else { continue };
        for (index, up_to) in tiers.iter().enumerate().filter_map(|(index, tier)| Some((index, tier.up_to?))) {
            found.extend(course.of_quantity(MilestoneKind::Tier(index + 2), stands, stands.included + up_to));
        }
    }
    found.extend(standing.bill.commitment.and_then(|commitment| course.of_commitment(commitment)));
    if course.until < standing.period.end || in_force.span.end == standing.period.end {
        found.push(Milestone {
            amount: None,
            unit: None,
            reached: Some(Exhaustion { early: course.until, median: Some(course.until), late: Some(course.until) }),
            ..course.milestone(MilestoneKind::TermsEnd, 0.0, &TotalForecast::known(0.0))
        });
    }
    found
}

fn in_force<'a>(contracts: &'a Contracts, tenant: &TenantId, tags: &Tags, now: Timestamp) -> Option<InForce<'a>> {
    let always = TimeSpan::new(Timestamp::MIN, Timestamp::MAX);
    contracts.in_force(tenant, tags, always).into_iter().find(|in_force| in_force.span.contains(now))
}

/// The rest of the billing period.
struct Course<'a> {
    in_force: &'a InForce<'a>,
    standing: &'a ContractStanding,
    models: &'a Models,
    now: Timestamp,
    until: Timestamp,
}

impl Course<'_> {
    /// An amount that is still ahead.
    fn of_quantity(&self, kind: MilestoneKind, stands: &ChargeStanding, amount: Decimal) -> Option<Milestone> {
        let model = self.models.get(&stands.unit)?;
        let (used, amount) = (stands.used.to_f64()?, amount.to_f64()?);
        let total = model.total_between(self.now, self.until).plus(used);
        (used < amount).then(|| Milestone {
            unit: Some(stands.unit),
            amount: Some(amount),
            reached: model.exhaustion_from(self.now, amount - used, self.until),
            ..self.milestone(kind, used, &total)
        })
    }

    fn of_commitment(&self, commitment: CommitmentStanding) -> Option<Milestone> {
        let (committed, drawn) = (commitment.committed.to_f64()?, commitment.drawn.to_f64()?);
        let whole = |p: Option<f64>| self.drawn_by(commitment.unit, p, self.until);
        let (mean, low, high) = (whole(None)?, whole(Some(0.1))?, whole(Some(0.9))?);
        let missing = |by_end: f64| (committed - by_end).max(0.0);
        Some(Milestone {
            kind: MilestoneKind::Commitment,
            plan: self.in_force.plan.clone(),
            unit: commitment.unit,
            amount: Some(committed),
            used: drawn,
            by_end: (mean, (low, high)),
            reached: self.crossing(commitment.unit, committed),
            shortfall: Some((missing(mean), missing(low))),
            until: self.until,
        })
    }

    /// What is drawn of a commitment by an instant: on the likely course, or on the one that `p` of all courses stay
    /// below. All units are taken to be high or low together.
    fn drawn_by(&self, unit: Option<Unit>, p: Option<f64>, at: Timestamp) -> Option<f64> {
        let quantity = |stands: &ChargeStanding| {
            let total = self.models.get(&stands.unit)?.total_between(self.now, at);
            let more = p.map_or(total.mean, |p| total.quantile(p));
            Some(stands.used + Decimal::from_f64(more)?)
        };
        let charges = &self.standing.bill.charges;
        if let Some(unit) = unit {
            return quantity(charges.iter().find(|stands| stands.unit == unit)?)?.to_f64();
        }
        let quantities: Option<Vec<Decimal>> = charges.iter().map(quantity).collect();
        charged(self.in_force.terms, charges, &quantities?, self.standing.bill.usd_rate).to_f64()
    }

    /// When a commitment is drawn, to the hour.
    fn crossing(&self, unit: Option<Unit>, committed: f64) -> Option<Exhaustion> {
        let hours = self.until.duration_since(self.now).as_hours() + 1;
        let after = |hours: i64| {
            self.now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(self.until).min(self.until)
        };
        let first = |p: f64| {
            let is_drawn = |hour: i64| self.drawn_by(unit, Some(p), after(hour)).is_some_and(|it| it >= committed);
            let (mut below, mut above) = (-1, hours);
            if !is_drawn(above) {
                return None;
            }
            while above - below > 1 {
                let middle = (above + below).div_euclid(2);
                if is_drawn(middle) { above = middle } else { below = middle }
            }
            Some(after(above))
        };
        Some(Exhaustion { early: first(0.9)?, median: first(0.5), late: first(0.1) })
    }

    fn milestone(&self, kind: MilestoneKind, used: f64, total: &TotalForecast) -> Milestone {
        Milestone {
            kind,
            plan: self.in_force.plan.clone(),
            unit: None,
            amount: None,
            used,
            by_end: (total.mean, total.interval80()),
            reached: None,
            shortfall: None,
            until: self.until,
        }
    }
}
