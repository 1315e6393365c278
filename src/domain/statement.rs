//! What a tenant owes, line by line, and how it stands with its contract.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::amount::Unit;
use crate::domain::contract::RateLimits;
use crate::domain::ids::PlanId;
use crate::domain::money::Money;
use crate::domain::time::TimeSpan;

/// What a line of a bill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Owed for the period itself.
    BaseFee,
    /// Usage that costs nothing.
    Included,
    /// Usage by tiers.
    Usage,
    /// What AWS charges, with the mark-up.
    Markup,
    /// What is missing to the commitment.
    TrueUp,
    /// What is missing to the minimum.
    Minimum,
    /// What is above the maximum, to be taken off.
    Maximum,
}

impl LineKind {
    /// Every kind, in the order of a bill.
    pub const ALL: [Self; 7] =
        [Self::BaseFee, Self::Included, Self::Usage, Self::Markup, Self::TrueUp, Self::Minimum, Self::Maximum];

    /// The name in tables, CSV and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BaseFee => "base_fee",
            Self::Included => "included",
            Self::Usage => "usage",
            Self::Markup => "markup",
            Self::TrueUp => "true_up",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
        }
    }

    /// Whether it is owed for the time and not for what was used.
    #[must_use]
    pub fn is_for_time(self) -> bool {
        matches!(self, Self::BaseFee | Self::TrueUp | Self::Minimum)
    }
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is for.
    pub kind: LineKind,
    /// The same in words.
    pub text: String,
    /// Of how much of the unit; zero where it is of no usage.
    pub quantity: Decimal,
    /// How much, in the bill's currency; exact.
    pub amount: Decimal,
}

/// How a charge stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeStanding {
    /// What is counted.
    pub unit: Unit,
    /// How much was used.
    pub used: Decimal,
    /// How much costs nothing, with what was carried over.
    pub included: Decimal,
    /// The tier reached, from 1; none before the included quantity is used up, or where there are no tiers.
    pub tier: Option<usize>,
    /// How many tiers there are.
    pub tiers: usize,
}

impl ChargeStanding {
    /// What is left of the included quantity.
    #[must_use]
    pub fn included_left(&self) -> Decimal {
        (self.included - self.used).max(Decimal::ZERO)
    }

    /// What was used beyond the included quantity.
    #[must_use]
    pub fn overage(&self) -> Decimal {
        (self.used - self.included).max(Decimal::ZERO)
    }
}

/// How much of a commitment is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitmentStanding {
    /// The unit of a quantity; none where it is money of the bill's currency.
    pub unit: Option<Unit>,
    /// Committed to.
    pub committed: Decimal,
    /// Drawn so far; may be more.
    pub drawn: Decimal,
}

/// What a tenant owes for a billing period, or for the part of one that its terms are in force for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// By which plan.
    pub plan: PlanId,
    /// For when.
    pub span: TimeSpan,
    /// The three letters of its currency.
    pub currency: String,
    /// US dollars for one of the currency.
    pub usd_rate: Decimal,
    /// The lines; they sum up to the bill.
    pub lines: Vec<Line>,
    /// How each charge stands.
    pub charges: Vec<ChargeStanding>,
    /// How the commitment stands, if there is one.
    pub commitment: Option<CommitmentStanding>,
}

impl Bill {
    /// The sum in its currency.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// The sum in US dollars: the sum of its lines in dollars.
    #[must_use]
    pub fn usd(&self) -> Money {
        self.lines.iter().map(|line| self.usd_of(line)).sum()
    }

    /// A line in US dollars.
    #[must_use]
    pub fn usd_of(&self, line: &Line) -> Money {
        Money::usd(line.amount.saturating_mul(self.usd_rate))
    }
}

/// How a tenant stands with its contract in the running billing period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractStanding {
    /// The bill if nothing more were used.
    pub bill: Bill,
    /// The billing period.
    pub period: TimeSpan,
    /// Owed for the period if nothing more were used.
    pub revenue: Money,
    /// Of that, what is due by now: all for usage, and the part for time that has passed.
    pub accrued: Money,
    /// What AWS charges for it so far (likely).
    pub cost: Money,
    /// How fast the tenant may use.
    #[serde(default)]
    pub rate_limits: RateLimits,
}

impl ContractStanding {
    /// What is earned by now.
    #[must_use]
    pub fn margin(&self) -> Money {
        self.accrued - self.cost
    }

    /// The margin as a share of what is due; `None` where nothing is.
    #[must_use]
    pub fn margin_share(&self) -> Option<f64> {
        self.margin().share_of(self.accrued)
    }
}
