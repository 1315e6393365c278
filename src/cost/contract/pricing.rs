//! The price of a quantity.

use rust_decimal::Decimal;

use crate::domain::contract::{Charge, Pricing, Tier, TierMode};
use crate::domain::statement::{Line, LineKind};

/// The lines for a quantity of a charge beyond what is `included`. US dollars, if they are what is counted, come in at
/// `usd_rate` dollars for one of the bill's currency.
pub(super) fn lines(charge: &Charge, included: Decimal, quantity: Decimal, usd_rate: Decimal) -> Vec<Line> {
    let name = charge.unit.name();
    let free = quantity.min(included);
    let rest = quantity - free;
    let mut lines = Vec::new();
    if free > Decimal::ZERO {
        let text = format!("{name}, included");
        lines.push(Line { kind: LineKind::Included, text, quantity: free, amount: Decimal::ZERO });
    }
    match &charge.pricing {
        _ if rest <= Decimal::ZERO => {}
        Pricing::Markup(share) => {
            let own = rest.checked_div(usd_rate).unwrap_or(Decimal::MAX);
            let percent = (share * Decimal::ONE_HUNDRED).normalize();
            let text = format!("cost plus {percent}%");
            let amount = own.saturating_add(own.saturating_mul(*share));
            lines.push(Line { kind: LineKind::Markup, text, quantity: rest, amount });
        }
        Pricing::Tiered { mode, price_per, tiers } => {
            let parts = parts(*mode, *price_per, tiers, rest);
            lines.extend(parts.into_iter().map(|(number, quantity)| {
                let text = if tiers.len() > 1 { format!("{name}, tier {number}") } else { name.clone() };
                let amount = amount(&tiers[number - 1], *price_per, quantity);
                Line { kind: LineKind::Usage, text, quantity, amount }
            }));
        }
    }
    lines
}

/// What the lines of a quantity come to.
pub(super) fn price(charge: &Charge, included: Decimal, quantity: Decimal, usd_rate: Decimal) -> Decimal {
    lines(charge, included, quantity, usd_rate).iter().map(|line| line.amount).sum()
}

/// The tier, from 1, that a quantity beyond the included one reaches.
pub(super) fn tier_reached(pricing: &Pricing, rest: Decimal) -> Option<usize> {
    match pricing {
        Pricing::Tiered { mode, price_per, tiers } if rest > Decimal::ZERO => {
            parts(*mode, *price_per, tiers, rest).last().map(|(number, _)| *number)
        }
        _ => None,
    }
}

/// How many tiers there are.
pub(super) fn tier_count(pricing: &Pricing) -> usize {
    match pricing {
        Pricing::Tiered { tiers, .. } => tiers.len(),
        Pricing::Markup(_) => 0,
    }
}

/// How much of a quantity falls into which tier, by the tiers' numbers from 1. `up_to` is the last quantity in a tier.
fn parts(mode: TierMode, price_per: Decimal, tiers: &[Tier], quantity: Decimal) -> Vec<(usize, Decimal)> {
    let counted = match mode {
        TierMode::Package => whole_packages(quantity, price_per),
        TierMode::Graduated | TierMode::Volume => quantity,
    };
    let reached = tiers.iter().position(|tier| tier.up_to.is_none_or(|up_to| counted <= up_to));
    let reached = reached.unwrap_or(tiers.len().saturating_sub(1));
    if mode == TierMode::Volume {
        return tiers.get(reached).map(|_| (reached + 1, counted)).into_iter().collect();
    }
    let mut below = Decimal::ZERO;
    let mut parts = Vec::new();
    for (index, tier) in tiers.iter().enumerate().take(reached + 1) {
        let end = tier.up_to.map_or(counted, |up_to| up_to.min(counted));
        parts.push((index + 1, end - below));
        below = end;
    }
    parts
}

/// The quantity of all packages that were begun.
fn whole_packages(quantity: Decimal, size: Decimal) -> Decimal {
    let begun = quantity.checked_div(size).unwrap_or(Decimal::ZERO).ceil();
    begun.saturating_mul(size)
}

fn amount(tier: &Tier, price_per: Decimal, quantity: Decimal) -> Decimal {
    let by_unit = quantity.saturating_mul(tier.unit_price).checked_div(price_per).unwrap_or(Decimal::MAX);
    by_unit.saturating_add(tier.flat_fee)
}
