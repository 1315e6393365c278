//! Budgets as the user states them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::amount::{Amount, AmountRange};
use crate::domain::calendar::Calendar;
use crate::domain::ids::{BudgetId, PlanId, PoolName, TenantId};
use crate::domain::money::Money;
use crate::domain::tenancy::{Tags, has_tags, matches_pattern};
use crate::domain::time::TimeSpan;

/// An amount that may be used in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Its name in the config.
    pub id: BudgetId,
    /// How much; above zero.
    pub amount: Amount,
    /// The period it is for.
    pub calendar: Calendar,
    /// Whose usage counts.
    pub over: BudgetOver,
    /// Where it warns and where usage has to end.
    pub caps: Caps,
}

/// Shares of an amount: 0.8 is 80 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Caps {
    /// From here on someone should look at it.
    pub soft: Option<f64>,
    /// Beyond this, usage has to end.
    pub hard: Option<f64>,
}

/// Whose usage counts towards a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BudgetOver {
    /// Each tenant that matches one of these patterns (`*`, `?`) has the whole amount for itself.
    Tenants(Vec<String>),
    /// Each tenant of this plan has the whole amount for itself.
    Plan(PlanId),
    /// Each tenant with all of these tags has the whole amount for itself; values are patterns.
    Tagged(BTreeMap<String, String>),
    /// The members of a pool share the amount.
    Pool(PoolName),
    /// All usage shares the amount, the unattributed too.
    Fleet,
}

impl BudgetOver {
    /// Whether a tenant of this plan and with these tags has such a budget for itself.
    #[must_use]
    pub fn is_for(&self, tenant: &TenantId, plan: Option<&PlanId>, tags: &Tags) -> bool {
        match self {
            Self::Tenants(patterns) => patterns.iter().any(|pattern| matches_pattern(pattern, tenant.as_str())),
            Self::Plan(wanted) => plan == Some(wanted),
            Self::Tagged(wanted) => has_tags(tags, wanted),
            Self::Pool(_) | Self::Fleet => false,
        }
    }
}

/// Tenants that share budgets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: PoolName,
    /// Patterns over tenant ids.
    pub members: Vec<String>,
    /// The plan whose tenants are members.
    pub plan: Option<PlanId>,
    /// Tags that make a tenant a member, where there are any; values are patterns.
    pub tags: BTreeMap<String, String>,
}

impl Pool {
    /// Whether a tenant of this plan and with these tags is a member.
    #[must_use]
    pub fn has(&self, tenant: &TenantId, plan: Option<&PlanId>, tags: &Tags) -> bool {
        self.members.iter().any(|pattern| matches_pattern(pattern, tenant.as_str()))
            || (self.plan.is_some() && self.plan.as_ref() == plan)
            || (!self.tags.is_empty() && has_tags(tags, &self.tags))
    }
}

/// A budget as it stands at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetStanding {
    /// Which budget.
    pub id: BudgetId,
    /// How much for the period.
    pub amount: Amount,
    /// Where it warns and where usage has to end.
    pub caps: Caps,
    /// The period.
    pub span: TimeSpan,
    /// The period's name, `2026-11` or its first day.
    pub period: String,
    /// The IANA name of the zone whose midnights bound the period.
    pub zone: String,
    /// Used in the period so far; of money what has a price.
    pub spent: AmountRange,
    /// What the usage that counts has cost so far (likely): how dollars become the unit of the amount.
    pub cost: Money,
    /// Tokens of the period that have no price and are missing in an amount of money.
    pub unpriced_tokens: u64,
    /// The same of images.
    pub unpriced_images: u64,
    /// Spent (likely) as a share of the amount; 1 = all of it.
    pub used: f64,
    /// The share that would be used by now at an even pace.
    pub expected: f64,
    /// Whether the rest of the period fits into the rest of the amount at the present speed.
    pub rest_fits: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_budget_is_for_whom_it_names() {
        let acme = TenantId::new("acme");
        let gold = PlanId::new("gold");
        let has = |over: BudgetOver| over.is_for(&acme, Some(&gold), &tags(&[("Env", "prod-eu"), ("Team", "x")]));
        assert!(has(BudgetOver::Tenants(vec!["ac*".into()])) && !has(BudgetOver::Tenants(vec!["b*".into()])));
        assert!(has(BudgetOver::Plan(gold.clone())) && !has(BudgetOver::Plan("free".into())));
        assert!(has(BudgetOver::Tagged(tags(&[("env", "prod-*")]))), "keys without case, values as patterns");
        assert!(!has(BudgetOver::Tagged(tags(&[("env", "prod-*"), ("team", "y")]))), "all have to fit");
        assert!(!has(BudgetOver::Fleet) && !has(BudgetOver::Pool("p".into())), "shared budgets are nobody's own");
    }

    #[test]
    fn members_come_by_name_plan_or_tag() {
        let pool = Pool {
            name: "emea".into(),
            members: vec!["acme".into()],
            plan: Some("gold".into()),
            tags: tags(&[("region", "emea")]),
        };
        let is_member = |tenant: &str, plan: Option<&str>, pairs: &[(&str, &str)]| {
            pool.has(&tenant.into(), plan.map(PlanId::new).as_ref(), &tags(pairs))
        };
        assert!(is_member("acme", None, &[]) && is_member("b", Some("gold"), &[]));
        assert!(is_member("c", None, &[("Region", "emea")]) && !is_member("d", Some("free"), &[]));
        let by_name = Pool { plan: None, tags: BTreeMap::new(), ..pool.clone() };
        assert!(!by_name.has(&"d".into(), None, &tags(&[])), "no tags wanted means nobody by tag");
    }
}
