//! How a tenant stands with its contract in the running billing period.

use serde::Serialize;

use crate::domain::amount::Unit;
use crate::domain::money::Money;
use crate::domain::statement::{ChargeStanding, CommitmentStanding, ContractStanding};
use crate::domain::text::printable;
use crate::report::csv::plain;

/// Money ending in `_usd` is in US dollars; of the rest, money is in `currency`.
#[derive(Serialize)]
pub(super) struct ContractJson {
    plan: String,
    currency: String,
    from: String,
    to: String,
    revenue_usd: String,
    accrued_usd: String,
    cost_usd: String,
    margin_usd: String,
    margin_share: Option<f64>,
    commitment: Option<CommitmentJson>,
    charges: Vec<ChargeJson>,
    tokens_per_minute_limit: Option<u64>,
    requests_per_minute_limit: Option<u64>,
}

#[derive(Serialize)]
struct CommitmentJson {
    unit: String,
    committed: String,
    drawn: String,
}

#[derive(Serialize)]
struct ChargeJson {
    unit: String,
    used: String,
    included: String,
    included_left: String,
    overage: String,
    tier: Option<usize>,
    tiers: usize,
}

impl ContractJson {
    pub(super) fn new(standing: &ContractStanding) -> Self {
        let bill = &standing.bill;
        Self {
            plan: printable(bill.plan.as_str()),
            currency: bill.currency.clone(),
            from: standing.period.start.to_string(),
            to: standing.period.end.to_string(),
            revenue_usd: standing.revenue.to_exact_string(),
            accrued_usd: standing.accrued.to_exact_string(),
            cost_usd: standing.cost.to_exact_string(),
            margin_usd: Money::to_exact_string(standing.margin()),
            margin_share: standing.margin_share(),
            commitment: bill.commitment.map(|commitment| CommitmentJson::new(&commitment, &bill.currency)),
            charges: bill.charges.iter().map(ChargeJson::new).collect(),
            tokens_per_minute_limit: standing.rate_limits.tokens_per_minute,
            requests_per_minute_limit: standing.rate_limits.requests_per_minute,
        }
    }
}

impl CommitmentJson {
    fn new(commitment: &CommitmentStanding, currency: &str) -> Self {
        Self {
            unit: commitment.unit.map_or_else(|| currency.to_owned(), Unit::name),
            committed: plain(commitment.committed),
            drawn: plain(commitment.drawn),
        }
    }
}

impl ChargeJson {
    fn new(charge: &ChargeStanding) -> Self {
        Self {
            unit: charge.unit.name(),
            used: plain(charge.used),
            included: plain(charge.included),
            included_left: plain(charge.included_left()),
            overage: plain(charge.overage()),
            tier: charge.tier,
            tiers: charge.tiers,
        }
    }
}
