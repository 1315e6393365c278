//! What the judge judges by: the parts of the config that bear on money and levels, and the price book.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::{ThresholdOverride, Thresholds, Timing, Transitions};
use crate::cost::PriceBook;
use crate::domain::budget::{Budget, Pool};
use crate::domain::contract::Contracts;
use crate::domain::event::{AlertKey, Subject};
use crate::domain::ids::{Owner, PlanId, TenantId};
use crate::domain::matcher::Labels;
use crate::domain::money::Money;
use crate::domain::provisioned::Provisioned;
use crate::domain::quota::ModelQuota;
use crate::domain::tenancy::{Tags, TenantRules};
use crate::domain::view::Mode;

/// Over which span a view's `usage` sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageWindow {
    /// The fleet's current calendar month.
    #[default]
    Month,
    /// Everything in the history: a whole file.
    Everything,
}

/// Whom to call about a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Who answers for it.
    pub owner: Option<String>,
    /// Whom to write or call.
    pub contact: Option<String>,
    /// What to do when it is loud.
    pub runbook_url: Option<String>,
}

/// The policy of a run. A judge that is given another one has to forget its sums, because they follow from it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Where the usage comes from.
    pub mode: Mode,
    /// The zone whose midnights bound the fleet's month.
    pub zone: TimeZone,
    /// How tenants are found.
    pub tenancy: TenantRules,
    /// The budgets.
    pub budgets: Vec<Budget>,
    /// Tenants that share budgets.
    pub pools: Vec<Pool>,
    /// What AWS allows of models.
    pub quotas: Vec<ModelQuota>,
    /// Who pays what, and how fast it may use.
    pub contracts: Arc<Contracts>,
    /// Whom to call about whom.
    pub contacts: Arc<BTreeMap<TenantId, Contact>>,
    /// How long what lasts on an alert's way.
    pub transitions: Transitions,
    /// Where the signals change level.
    pub thresholds: Thresholds,
    /// Where those of some alerts do instead.
    pub overrides: Arc<[ThresholdOverride]>,
    /// Model units that are paid by the hour.
    pub provisioned: Vec<Provisioned>,
    /// What things cost.
    pub prices: Arc<PriceBook>,
    /// What `usage` sums over.
    pub usage_window: UsageWindow,
    /// What bedtop itself may cost a month.
    pub ceiling: Money,
}

impl Policy {
    /// What holds with nothing configured: UTC, no tenants by tag, no budgets, the shipped prices.
    #[must_use]
    pub fn plain(mode: Mode) -> Self {
        Self {
            mode,
            zone: TimeZone::UTC,
            tenancy: TenantRules::default(),
            budgets: Vec::new(),
            pools: Vec::new(),
            quotas: Vec::new(),
            contracts: Arc::default(),
            contacts: Arc::default(),
            transitions: Transitions::default(),
            thresholds: Thresholds::default(),
            overrides: Arc::default(),
            provisioned: Vec::new(),
            prices: Arc::new(PriceBook::embedded()),
            usage_window: UsageWindow::Month,
            ceiling: Money::ZERO,
        }
    }

    /// How long what lasts on the way of an alert.
    #[must_use]
    pub fn timing(&self, alert: &AlertKey) -> Timing {
        self.transitions.timing.of(alert.signal)
    }

    /// Where an alert changes level; `labels` are those of its tenant.
    #[must_use]
    pub fn thresholds_of(&self, alert: &AlertKey, labels: Option<&Labels>) -> Thresholds {
        if self.overrides.is_empty() {
            return self.thresholds;
        }
        let mut all = Labels::of(alert);
        labels.into_iter().flat_map(Labels::iter).for_each(|(label, text)| all.set(label, text));
        self.thresholds.overridden(&self.overrides, &all)
    }

    /// The labels of an alert: those of its identity, and the plan, the tags and the owner of its tenant, of which
    /// `tags` tells the tags.
    #[must_use]
    pub fn labels(&self, alert: &AlertKey, tags: Option<&Tags>, now: Timestamp) -> Labels {
        let mut labels = Labels::of(alert);
        let Subject::Owner(Owner::Tenant(tenant)) = &alert.subject else { return labels };
        let tags = self.contracts.tags_of(tenant, tags.cloned().unwrap_or_default());
        labels.set("plan", self.contracts.plan_of(tenant, &tags, now).map_or("", PlanId::as_str));
        let owner = self.contacts.get(tenant).and_then(|contact| contact.owner.as_deref());
        labels.set("owner", owner.unwrap_or(""));
        labels.set_tags(&tags);
        labels
    }

    /// The zone's IANA name.
    #[must_use]
    pub fn zone_name(&self) -> String {
        self.zone.iana_name().unwrap_or("UTC").to_owned()
    }
}
