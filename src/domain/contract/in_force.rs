//! Who has which plan, and which terms are in force when.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::domain::contract::{Contract, Currency, ExchangeRate, Plan, RateLimits, Terms};
use crate::domain::ids::{PlanId, TenantId};
use crate::domain::tenancy::{Tags, tag_value};
use crate::domain::time::TimeSpan;

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
            let shared = common(held, span).into_iter();
            found.extend(shared.flat_map(|span| match &contract.terms {
                Some(terms) => vec![InForce { span, plan: &contract.plan, terms }],
                None => self.versions(&contract.plan, span),
            }));
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

    /// The versions of a plan that are in force within a span.
    #[must_use]
    pub fn versions<'a>(&'a self, plan: &PlanId, span: TimeSpan) -> Vec<InForce<'a>> {
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
