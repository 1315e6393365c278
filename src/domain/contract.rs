//! What tenants pay: plans, contracts and exchange rates as the user states them.
//!
//! A plan has terms, and versions of them by date. A tenant has a plan, and may have contracts of its own on top,
//! dated as well ([`Contracts::in_force`] tells what holds when). Dates are days of the terms' own time zone; `to` is
//! the first day that is not part of it any more.

mod in_force;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::amount::Unit;
use crate::domain::calendar::Calendar;
use crate::domain::ids::PlanId;
use crate::domain::time::TimeSpan;

pub use in_force::{Contracts, InForce, TenantContracts};

/// A currency by its three letters (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency that AWS bills in and that everything is compared in.
    pub const USD: Self = Self(*b"USD");

    /// Reads three capital letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| write!(f, "{}", char::from(letter)))
    }
}

/// What a currency is worth from a day on (UTC).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExchangeRate {
    /// Of which currency.
    pub currency: Currency,
    /// US dollars for one of it.
    pub usd: Decimal,
    /// From this day on; always, if not given.
    pub from: Option<Date>,
}

/// From which day and up to which a thing holds, both of them open if not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// The first day.
    pub from: Option<Date>,
    /// The first day after.
    pub to: Option<Date>,
}

impl Validity {
    /// The instants between midnights of a zone.
    #[must_use]
    pub fn span(&self, zone: &TimeZone) -> TimeSpan {
        let midnight =
            |day: Date, open: Timestamp| day.to_zoned_datetime(zone.clone()).map_or(open, |start| start.timestamp());
        TimeSpan::new(
            self.from.map_or(Timestamp::MIN, |day| midnight(day, Timestamp::MIN)),
            self.to.map_or(Timestamp::MAX, |day| midnight(day, Timestamp::MAX)),
        )
    }

    /// Whether the two share a day.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let starts_before_end = |from: Option<Date>, to: Option<Date>| match (from, to) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        };
        starts_before_end(self.from, other.to) && starts_before_end(other.from, self.to)
    }
}

/// What is owed for a period, and how usage is priced. All money is in `currency`.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The currency of all amounts here.
    pub currency: Currency,
    /// The billing period.
    pub cycle: Calendar,
    /// Owed for each period.
    pub base_fee: Decimal,
    /// What usage is charged.
    pub charges: Vec<Charge>,
    /// What is charged at least for usage.
    pub commitment: Option<Commitment>,
    /// The bill of a period is topped up to this.
    pub minimum: Option<Decimal>,
    /// The bill of a period is cut to this.
    pub maximum: Option<Decimal>,
    /// Whether a part of a period owes the same part of base fee, included quantity, commitment, minimum and maximum.
    pub prorate: bool,
    /// How fast the tenant may use.
    pub rate_limits: RateLimits,
}

impl Terms {
    /// Terms that ask for nothing, by the month.
    #[must_use]
    pub fn free(cycle: Calendar) -> Self {
        Self {
            currency: Currency::USD,
            cycle,
            base_fee: Decimal::ZERO,
            charges: Vec::new(),
            commitment: None,
            minimum: None,
            maximum: None,
            prorate: true,
            rate_limits: RateLimits::default(),
        }
    }
}

/// A charge for one unit of usage.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// What is counted; US dollars are what AWS charges for the tenant.
    pub unit: Unit,
    /// How much of it costs nothing in a period.
    pub included: Decimal,
    /// Whether what is left of that can be used in the next period.
    pub rollover: bool,
    /// What the rest costs.
    pub pricing: Pricing,
}

/// How a quantity is priced.
#[derive(Clone, Debug, PartialEq)]
pub enum Pricing {
    /// By tiers.
    Tiered {
        /// How tiers apply.
        mode: TierMode,
        /// A unit price is for so many; also the size of a package. Above zero.
        price_per: Decimal,
        /// The tiers, `up_to` rising, the last one open.
        tiers: Vec<Tier>,
    },
    /// What AWS charges and this share of it on top: 0.2 is 20 %.
    Markup(Decimal),
}

/// How tiers apply to a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierMode {
    /// Each part at the price of its own tier.
    Graduated,
    /// All of it at the price of the tier it reaches.
    Volume,
    /// As graduated, in whole packages: one that was begun counts.
    Package,
}

/// A band of a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The last quantity in it; open if not given.
    pub up_to: Option<Decimal>,
    /// For every so many ([`Pricing::Tiered::price_per`]).
    pub unit_price: Decimal,
    /// For reaching it.
    pub flat_fee: Decimal,
}

/// What a tenant has committed to in a period, whether it uses it or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Commitment {
    /// To charges for usage of this much money, in the terms' currency.
    Spend(Decimal),
    /// To this quantity of a charge's unit.
    Quantity(Unit, Decimal),
}

/// How fast a tenant may use; not enforced by AWS but by whoever sells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimits {
    /// Tokens a minute.
    pub tokens_per_minute: Option<u64>,
    /// Requests a minute.
    pub requests_per_minute: Option<u64>,
}

/// A version of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Which plan.
    pub id: PlanId,
    /// When this version holds.
    pub validity: Validity,
    /// What it says.
    pub terms: Terms,
}

/// A contract of one tenant, on top of its plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// When it holds.
    pub validity: Validity,
    /// The plan it is for.
    pub plan: PlanId,
    /// Its own terms; those of the plan if not given.
    pub terms: Option<Terms>,
}

#[cfg(test)]
mod tests;
