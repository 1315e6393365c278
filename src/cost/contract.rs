//! What a tenant owes by its contract: usage in, bills out.
//!
//! A bill is for a billing period, or for the part of one that terms are in force for. Its lines sum up to it exactly;
//! nothing is rounded before it is shown. Usage is summed up before it is priced, so that neither its order nor how it
//! is split over time changes a bill.
//!
//! A part of a period owes the same part, by days, of base fee, included quantity, commitment, minimum and maximum
//! (`prorate`). Tiers count from the beginning of the part. The exchange rate is that of the period's first day.

use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;

use crate::domain::contract::{Charge, Commitment, Contracts, InForce, Terms};
use crate::domain::ids::TenantId;
use crate::domain::statement::{Bill, ChargeStanding, CommitmentStanding, ContractStanding, Line, LineKind};
use crate::domain::tenancy::Tags;
use crate::domain::time::TimeSpan;
use crate::domain::view::PricedUsage;

mod pricing;

#[cfg(test)]
mod tests;

/// How many periods back an included quantity can have been carried over from.
const ROLLOVER_PERIODS: usize = 12;

/// The usage of a tenant in any span that begins and ends at one of [`cuts_of_all`].
pub type UsageOf<'a> = &'a dyn Fn(TimeSpan) -> PricedUsage;

/// Whose contracts are billed.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// All contracts.
    pub contracts: &'a Contracts,
    /// The tenant.
    pub tenant: &'a TenantId,
    /// Its tags.
    pub tags: &'a Tags,
    /// Usage before this is not known, so that nothing is carried over from there.
    pub known_from: Timestamp,
}

/// A billing period, or the part of one that terms are in force for.
struct Part<'a> {
    in_force: InForce<'a>,
    cycle: TimeSpan,
    span: TimeSpan,
}

/// The bills of an account for a span. A billing period that reaches out of the span has its usage within, and of what
/// is owed for time the part that lies within: over adjoining spans these add up to the whole.
#[must_use]
pub fn bills(account: Account<'_>, within: TimeSpan, usage: UsageOf<'_>) -> Vec<Bill> {
    parts(account, within)
        .iter()
        .map(|part| {
            let upto = |end: Timestamp| up_to(account, part, end, usage);
            let bill = upto(within.end);
            if part.span.start < within.start { difference(bill, &upto(within.start)) } else { bill }
        })
        .collect()
}

/// How an account stands in its running billing period.
#[must_use]
pub fn standing(account: Account<'_>, now: Timestamp, usage: UsageOf<'_>) -> Option<ContractStanding> {
    let instant = TimeSpan::new(now, now.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(now));
    let part = parts(account, instant).into_iter().next()?;
    let bill = whole(account, &part, part.span.end, usage);
    let passed = elapsed(part.span, now);
    let due = |line: &Line| if line.kind.is_for_time() { line.amount.saturating_mul(passed) } else { line.amount };
    let due: Vec<Line> = bill.lines.iter().map(|line| Line { amount: due(line), ..line.clone() }).collect();
    Some(ContractStanding {
        period: part.cycle,
        revenue: bill.usd(),
        accrued: Bill { lines: due, ..bill.clone() }.usd(),
        cost: usage(part.span).cost.likely,
        rate_limits: part.in_force.terms.rate_limits,
        bill,
    })
}

/// What terms ask for these quantities, one a charge, in their currency; `stands` tells what is included of each.
/// Neither fees nor what is owed for time is in it.
#[must_use]
pub fn charged(terms: &Terms, stands: &[ChargeStanding], quantities: &[Decimal], usd_rate: Decimal) -> Decimal {
    let of_charge = |((charge, stands), &quantity): ((&Charge, &ChargeStanding), &Decimal)| {
        pricing::price(charge, stands.included, quantity, usd_rate)
    };
    terms.charges.iter().zip(stands).zip(quantities).map(of_charge).sum()
}

/// The instants at which usage has to be cut for [`bills`] and [`standing`] over a span, in order, for every tenant that
/// there may be.
#[must_use]
pub fn cuts_of_all(contracts: &Contracts, known_from: Timestamp, within: TimeSpan) -> Vec<Timestamp> {
    let always = TimeSpan::new(Timestamp::MIN, Timestamp::MAX);
    let by_plan = contracts.plans.iter().flat_map(|plan| contracts.versions(&plan.id, always));
    let none = Tags::new();
    let by_contract = contracts.tenants.keys().flat_map(|tenant| contracts.in_force(tenant, &none, always));
    let parts = parts_of(by_plan.chain(by_contract).collect(), within);
    cuts_between(&parts, known_from, within)
}

fn cuts_between(parts: &[Part<'_>], known_from: Timestamp, within: TimeSpan) -> Vec<Timestamp> {
    let mut cuts = vec![within.start, within.end];
    for part in parts {
        cuts.extend([part.span.start, part.span.end]);
        if part.in_force.terms.charges.iter().any(|charge| charge.rollover) {
            cuts.extend(earlier(known_from, part).into_iter().flat_map(|span| [span.start, span.end]));
        }
    }
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// All billing periods of an account that have a day in the span, cut to what terms are in force for.
fn parts(account: Account<'_>, within: TimeSpan) -> Vec<Part<'_>> {
    let always = TimeSpan::new(Timestamp::MIN, Timestamp::MAX);
    parts_of(account.contracts.in_force(account.tenant, account.tags, always), within)
}

fn parts_of(all: Vec<InForce<'_>>, within: TimeSpan) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for in_force in all {
        let end = in_force.span.end.min(within.end);
        let mut at = in_force.span.start.max(within.start);
        while at < end {
            let cycle = in_force.terms.cycle.span_at(at);
            let span = TimeSpan::new(cycle.start.max(in_force.span.start), cycle.end.min(in_force.span.end));
            if cycle.end <= at {
                break;
            }
            at = cycle.end;
            parts.push(Part { in_force: in_force.clone(), cycle, span });
        }
    }
    parts.sort_by_key(|part| part.span.start);
    parts
}

/// The bill as of an instant: whole if the period has ended by then, else with usage so far and the part for time that
/// has passed.
fn up_to(account: Account<'_>, part: &Part<'_>, end: Timestamp, usage: UsageOf<'_>) -> Bill {
    let mut bill = whole(account, part, end, usage);
    if end < part.span.end {
        let passed = elapsed(part.span, end);
        for line in bill.lines.iter_mut().filter(|line| line.kind.is_for_time()) {
            line.amount = line.amount.saturating_mul(passed);
        }
    }
    bill
}

/// The bill of a whole part, with usage up to `end`.
fn whole(account: Account<'_>, part: &Part<'_>, end: Timestamp, usage: UsageOf<'_>) -> Bill {
    let terms = part.in_force.terms;
    let usd_rate = account.contracts.usd_for(terms.currency, part.cycle.start).unwrap_or(Decimal::ONE);
    let owed = Owed { terms, part: days(part.span, part.cycle, &terms.cycle.zone), usd_rate };
    let used = usage(TimeSpan::new(part.span.start, part.span.end.min(end)));
    let carried = |charge: &Charge| carried(account, part, charge, usage);
    let (lines, charges, commitment) = owed.lines(&used, &carried);
    Bill {
        plan: part.in_force.plan.clone(),
        span: part.span,
        currency: terms.currency.to_string(),
        usd_rate,
        lines,
        charges,
        commitment,
    }
}

/// A bill less an earlier one of the same part.
fn difference(mut bill: Bill, earlier: &Bill) -> Bill {
    for gone in &earlier.lines {
        match bill.lines.iter_mut().find(|line| line.kind == gone.kind && line.text == gone.text) {
            Some(line) => {
                line.amount -= gone.amount;
                line.quantity -= gone.quantity;
            }
            None => bill.lines.push(Line { amount: -gone.amount, quantity: -gone.quantity, ..gone.clone() }),
        }
    }
    bill
}

/// The periods before a part that an included quantity can have been carried over from, oldest first.
fn earlier(known_from: Timestamp, part: &Part<'_>) -> Vec<TimeSpan> {
    let first = part.in_force.span.start.max(known_from);
    let mut spans = Vec::new();
    let mut before = part.cycle.start;
    while before > first && spans.len() < ROLLOVER_PERIODS {
        let Ok(at) = before.checked_sub(jiff::SignedDuration::from_secs(1)) else { break };
        let cycle = part.in_force.terms.cycle.span_at(at);
        spans.push(TimeSpan::new(cycle.start.max(part.in_force.span.start), cycle.end));
        before = cycle.start;
    }
    // A period whose beginning is not known may have used everything up.
    spans.retain(|span| span.start >= known_from);
    spans.reverse();
    spans
}

/// What is left of the included quantity of earlier periods: what was carried into a period is used first, and what is
/// left of it then is lost.
fn carried(account: Account<'_>, part: &Part<'_>, charge: &Charge, usage: UsageOf<'_>) -> Decimal {
    if !charge.rollover {
        return Decimal::ZERO;
    }
    let terms = part.in_force.terms;
    earlier(account.known_from, part).into_iter().fold(Decimal::ZERO, |carried, span| {
        let cycle = terms.cycle.span_at(span.start);
        let own = prorated(charge.included, terms, days(span, cycle, &terms.cycle.zone));
        let left = own + carried - quantity(charge, &usage(span));
        left.clamp(Decimal::ZERO, own)
    })
}

/// What the terms ask for a part of a period.
struct Owed<'a> {
    terms: &'a Terms,
    part: Days,
    usd_rate: Decimal,
}

impl Owed<'_> {
    fn lines(
        &self,
        used: &PricedUsage,
        carried: &dyn Fn(&Charge) -> Decimal,
    ) -> (Vec<Line>, Vec<ChargeStanding>, Option<CommitmentStanding>) {
        let mut lines = Vec::new();
        let fee = self.part_of(self.terms.base_fee);
        if !fee.is_zero() {
            lines.push(for_time(LineKind::BaseFee, "base fee", fee));
        }
        let mut charges = Vec::new();
        let mut usage = Vec::new();
        for charge in &self.terms.charges {
            let included = self.part_of(charge.included) + carried(charge);
            let quantity = quantity(charge, used);
            usage.extend(pricing::lines(charge, included, quantity, self.usd_rate));
            charges.push(ChargeStanding {
                unit: charge.unit,
                used: quantity,
                included,
                tier: pricing::tier_reached(&charge.pricing, quantity - included),
                tiers: pricing::tier_count(&charge.pricing),
            });
        }
        let charged: Decimal = usage.iter().map(|line| line.amount).sum();
        lines.extend(usage);
        let commitment = self.terms.commitment.map(|commitment| self.committed(commitment, &charges, charged));
        if let Some((_, missing)) = commitment.filter(|(_, missing)| *missing > Decimal::ZERO) {
            lines.push(for_time(LineKind::TrueUp, "commitment, true-up", missing));
        }
        self.bound(&mut lines);
        (lines, charges, commitment.map(|(standing, _)| standing))
    }

    /// How a commitment stands, and what is missing to it.
    fn committed(
        &self,
        commitment: Commitment,
        charges: &[ChargeStanding],
        charged: Decimal,
    ) -> (CommitmentStanding, Decimal) {
        match commitment {
            Commitment::Spend(amount) => {
                let committed = self.part_of(amount);
                (CommitmentStanding { unit: None, committed, drawn: charged }, committed - charged)
            }
            Commitment::Quantity(unit, quantity) => {
                let committed = self.part_of(quantity);
                let of_unit = self.terms.charges.iter().zip(charges).find(|(charge, _)| charge.unit == unit);
                let Some((charge, standing)) = of_unit else {
                    return (CommitmentStanding { unit: Some(unit), committed, drawn: Decimal::ZERO }, Decimal::ZERO);
                };
                let price = |quantity| pricing::price(charge, standing.included, quantity, self.usd_rate);
                let missing =
                    if standing.used < committed { price(committed) - price(standing.used) } else { Decimal::ZERO };
                (CommitmentStanding { unit: Some(unit), committed, drawn: standing.used }, missing)
            }
        }
    }

    /// Tops the bill up to the minimum and cuts it to the maximum.
    fn bound(&self, lines: &mut Vec<Line>) {
        let total: Decimal = lines.iter().map(|line| line.amount).sum();
        let missing = self.terms.minimum.map_or(Decimal::ZERO, |minimum| self.part_of(minimum) - total);
        if missing > Decimal::ZERO {
            lines.push(for_time(LineKind::Minimum, "up to the minimum", missing));
        }
        let above = self.terms.maximum.map_or(Decimal::ZERO, |maximum| total - self.part_of(maximum));
        if above > Decimal::ZERO {
            lines.push(for_time(LineKind::Maximum, "above the maximum", -above));
        }
    }

    fn part_of(&self, amount: Decimal) -> Decimal {
        prorated(amount, self.terms, self.part)
    }
}

/// From which day up to which of how many days of a period.
#[derive(Clone, Copy)]
struct Days {
    from: i64,
    to: i64,
    of: i64,
}

fn days(span: TimeSpan, cycle: TimeSpan, zone: &TimeZone) -> Days {
    let date = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    let since = |at: Timestamp| date(at).duration_since(date(cycle.start)).as_hours() / 24;
    Days { from: since(span.start), to: since(span.end), of: since(cycle.end).max(1) }
}

/// The part of an amount, so that adjoining parts add up to the whole, to the last digit.
fn prorated(amount: Decimal, terms: &Terms, days: Days) -> Decimal {
    if !terms.prorate || (days.from == 0 && days.to == days.of) {
        return amount;
    }
    let before = |day: i64| {
        if day == days.of { amount } else { amount.saturating_mul(Decimal::from(day)) / Decimal::from(days.of) }
    };
    before(days.to) - before(days.from)
}

/// The share of a span that has passed.
fn elapsed(span: TimeSpan, now: Timestamp) -> Decimal {
    let seconds = |from: Timestamp, to: Timestamp| Decimal::from(to.duration_since(from).as_secs());
    let whole = seconds(span.start, span.end);
    let passed = seconds(span.start, now.clamp(span.start, span.end));
    if whole.is_zero() { Decimal::ONE } else { passed / whole }
}

fn quantity(charge: &Charge, used: &PricedUsage) -> Decimal {
    charge.unit.used(used).likely.number
}

fn for_time(kind: LineKind, text: &str, amount: Decimal) -> Line {
    Line { kind, text: text.to_owned(), quantity: Decimal::ZERO, amount }
}
