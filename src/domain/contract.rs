//! What tenants pay: plans, contracts and exchange rates as the user states them.
//!
//! A plan has terms, and versions of them by date. A tenant has a plan, and may have contracts of its own on top,
//! dated as well. Dates are days of the terms' own time zone; `to` is the first day that is not part of it any more.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::domain::amount::Unit;
use crate::domain::calendar::Calendar;
use crate::domain::ids::{PlanId, TenantId};
use crate::domain::tenancy::{Tags, tag_value};
use crate::domain::time::TimeSpan;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// The plan and the contracts of one tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantContracts {
    /// The plan wherever no contract is in force.
    pub plan: Option<PlanId>,
    /// Its contracts; no two of them share a day.
    pub contracts: Vec<Contract>,
    /// Tags that the config gives it.
    pub tags: Tags,
}

/// All plans and who has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contracts {
    /// Versions of plans; no two of one plan share a day.
    pub plans: Vec<Plan>,
    /// What the config says of tenants.
    pub tenants: BTreeMap<TenantId, TenantContracts>,
    /// Tag keys whose value is the plan of tenants that the config does not name, in order of preference.
    pub plan_tags: Vec<String>,
    /// The plan of tenants that nothing else tells the plan of.
    pub default_plan: Option<PlanId>,
    /// What currencies are worth.
    pub exchange_rates: Vec<ExchangeRate>,
}

/// Terms with the span they are in force for.
#[derive(Clone, Debug, PartialEq)]
pub struct InForce<'a> {
    /// From when and until when.
    pub span: TimeSpan,
    /// Of which plan.
    pub plan: &'a PlanId,
    /// The terms.
    pub terms: &'a Terms,
}

impl Contracts {
    /// Whether nobody owes anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    /// All tags of a tenant: the config's win over those of its profiles.
    #[must_use]
    pub fn tags_of(&self, tenant: &TenantId, of_profiles: Tags) -> Tags {
        let mut tags = of_profiles;
        if let Some(named) = self.tenants.get(tenant) {
            tags.extend(named.tags.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        tags
    }

    /// The plan of a tenant at an instant: by its contract, by the config, by its tags, by default.
    #[must_use]
    pub fn plan_of(&self, tenant: &TenantId, tags: &Tags, at: Timestamp) -> Option<&PlanId> {
        let named = self.tenants.get(tenant);
        let contracts = named.into_iter().flat_map(|named| &named.contracts);
        let in_force = contracts.into_iter().find(|contract| self.contract_span(contract).contains(at));
        in_force.map(|contract| &contract.plan).or_else(|| self.usual_plan(tenant, tags))
    }

    /// The limits of a tenant's speed at an instant.
    #[must_use]
    pub fn rate_limits(&self, tenant: &TenantId, tags: &Tags, at: Timestamp) -> RateLimits {
        let instant = TimeSpan::new(at, at.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(at));
        self.in_force(tenant, tags, instant).first().map_or_else(RateLimits::default, |found| found.terms.rate_limits)
    }

    /// The terms that are in force for a tenant within a span, by time; nothing where there are none.
    #[must_use]
    pub fn in_force(&self, tenant: &TenantId, tags: &Tags, span: TimeSpan) -> Vec<InForce<'_>> {
        let mut found = Vec::new();
        let mut free = vec![span];
        for contract in self.tenants.get(tenant).into_iter().flat_map(|named| &named.contracts) {
            let held = self.contract_span(contract);
            match &contract.terms {
                Some(terms) => {
                    found.extend(common(held, span).map(|span| InForce { span, plan: &contract.plan, terms }))
                }
                None => {
                    found.extend(common(held, span).into_iter().flat_map(|span| self.versions(&contract.plan, span)))
                }
            }
            free = free.into_iter().flat_map(|span| without(span, held)).collect();
        }
        if let Some(plan) = self.usual_plan(tenant, tags) {
            found.extend(free.into_iter().flat_map(|span| self.versions(plan, span)));
        }
        found.sort_by_key(|in_force| in_force.span.start);
        found
    }

    /// US dollars for one of a currency at an instant; the oldest rate known is open towards the past.
    #[must_use]
    pub fn usd_for(&self, currency: Currency, at: Timestamp) -> Option<Decimal> {
        if currency == Currency::USD {
            return Some(Decimal::ONE);
        }
        let today = at.to_zoned_datetime(TimeZone::UTC).date();
        let rates = || self.exchange_rates.iter().filter(|rate| rate.currency == currency);
        let in_force = rates().filter(|rate| rate.from.is_none_or(|from| from <= today)).max_by_key(|rate| rate.from);
        in_force.or_else(|| rates().min_by_key(|rate| rate.from)).map(|rate| rate.usd)
    }

    fn usual_plan(&self, tenant: &TenantId, tags: &Tags) -> Option<&PlanId> {
        let by_config = self.tenants.get(tenant).and_then(|named| named.plan.as_ref());
        let by_tag = || self.plan_tags.iter().find_map(|key| self.plan_named(tag_value(tags, key)?));
        by_config.or_else(by_tag).or(self.default_plan.as_ref())
    }

    fn plan_named(&self, name: &str) -> Option<&PlanId> {
        self.plans.iter().map(|plan| &plan.id).find(|id| id.as_str() == name)
    }

    /// The span of a contract, in the zone of its own terms or of its plan.
    fn contract_span(&self, contract: &Contract) -> TimeSpan {
        let of_plan = || self.plans.iter().find(|plan| plan.id == contract.plan).map(|plan| &plan.terms);
        let zone = contract.terms.as_ref().or_else(of_plan).map_or(TimeZone::UTC, |terms| terms.cycle.zone.clone());
        contract.validity.span(&zone)
    }

    fn versions<'a>(&'a self, plan: &PlanId, span: TimeSpan) -> Vec<InForce<'a>> {
        let of_plan = self.plans.iter().filter(|version| &version.id == plan);
        let part = |version: &'a Plan| {
            let span = common(version.validity.span(&version.terms.cycle.zone), span)?;
            Some(InForce { span, plan: &version.id, terms: &version.terms })
        };
        of_plan.filter_map(part).collect()
    }
}

/// What two spans share.
fn common(a: TimeSpan, b: TimeSpan) -> Option<TimeSpan> {
    let shared = TimeSpan::new(a.start.max(b.start), a.end.min(b.end));
    (!shared.is_empty()).then_some(shared)
}

/// What is left of a span.
fn without(span: TimeSpan, taken: TimeSpan) -> Vec<TimeSpan> {
    let before = TimeSpan::new(span.start, span.end.min(taken.start));
    let after = TimeSpan::new(span.start.max(taken.end), span.end);
    [before, after].into_iter().filter(|rest| !rest.is_empty()).collect()
}

#[cfg(test)]
mod tests;
