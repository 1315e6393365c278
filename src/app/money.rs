//! The chargeback of the period as lines: by tenant, by model or by meter. The parts add up to the whole.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::app::column::Column;
use crate::app::filter::{Field, Filterable};
use crate::app::order::by_name;
use crate::domain::level::Level;
use crate::domain::meter::Meter;
use crate::domain::statement::ContractStanding;
use crate::domain::view::{FleetView, PricedUsage};

/// By what the money is told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// By tenant.
    #[default]
    Tenant,
    /// By model.
    Model,
    /// By tag or scope of the account and region.
    Scope,
}

impl Grouping {
    /// The next one, around.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Tenant => Self::Model,
            Self::Model => Self::Scope,
            Self::Scope => Self::Tenant,
        }
    }

    /// The name in titles.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Model => "model",
            Self::Scope => "scope",
        }
    }
}

/// A line of the chargeback.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
    /// Whose, or of what.
    pub name: String,
    /// Usage and what it costs.
    pub usage: PricedUsage,
    /// Its share of the whole cost.
    pub share: f64,
    /// What a tenant owes by now in its running billing period, in dollars; `None` without a contract.
    pub revenue: Option<f64>,
    /// Revenue less cost in dollars, where that is known.
    pub margin: Option<f64>,
}

impl Bill {
    /// Dollars per million tokens of all kinds; `None` without tokens or price.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a price for display")]
    pub fn per_million(&self) -> Option<f64> {
        let tokens = self.usage.counts.tokens().saturating_sub(self.usage.unpriced_tokens);
        (tokens > 0).then(|| self.usage.cost.likely.to_f64() / tokens as f64 * 1e6)
    }

    /// Requests of the period.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.usage.counts.sum_of(Meter::Invocations)
    }

    pub(super) fn compare(&self, other: &Self, column: Column) -> Ordering {
        let largest = |mine: Option<f64>, theirs: Option<f64>| {
            theirs.unwrap_or(f64::NEG_INFINITY).total_cmp(&mine.unwrap_or(f64::NEG_INFINITY))
        };
        match column {
            Column::Name => by_name(&self.name, &other.name),
            Column::Tokens => other.usage.counts.tokens().cmp(&self.usage.counts.tokens()),
            Column::PerMillion => largest(self.per_million(), other.per_million()),
            Column::Revenue => largest(self.revenue, other.revenue),
            Column::Margin => largest(self.margin, other.margin),
            _ => other.usage.cost.likely.cmp(&self.usage.cost.likely),
        }
    }
}

/// The lines of a view, the dearest first.
#[must_use]
pub fn bills(view: &FleetView, grouping: Grouping) -> Vec<Bill> {
    let mut sums: BTreeMap<String, PricedUsage> = BTreeMap::new();
    for row in &view.tenants {
        if grouping == Grouping::Tenant {
            sums.entry(row.owner.name().to_owned()).or_default().add(&row.usage);
            continue;
        }
        for profile in &row.profiles {
            let name = match grouping {
                Grouping::Model => profile.model.as_ref().map_or("unknown model", |model| model.as_str()),
                _ => profile.key.scope.as_str(),
            };
            sums.entry(name.to_owned()).or_default().add(&profile.usage);
        }
    }
    let whole = view.totals.usage.cost.likely.to_f64();
    let contracts: BTreeMap<&str, &ContractStanding> = match grouping {
        Grouping::Tenant => {
            view.tenants.iter().filter_map(|row| Some((row.owner.name(), row.contract.as_ref()?))).collect()
        }
        _ => BTreeMap::new(),
    };
    let bill = |(name, usage): (String, PricedUsage)| {
        let share = if whole > 0.0 { usage.cost.likely.to_f64() / whole } else { 0.0 };
        let contract = contracts.get(name.as_str());
        let revenue = contract.map(|contract| contract.accrued.to_f64());
        let margin = contract.map(|contract| contract.margin().to_f64());
        Bill { name, usage, share, revenue, margin }
    };
    let mut bills: Vec<Bill> = sums.into_iter().map(bill).collect();
    bills.sort_by(|a, b| a.compare(b, Column::Spent));
    bills
}

impl Filterable for Bill {
    fn texts(&self) -> Vec<&str> {
        vec![&self.name]
    }

    fn level(&self) -> Option<Level> {
        None
    }

    #[expect(clippy::cast_precision_loss, reason = "compared with what a person types")]
    fn number(&self, field: Field) -> Option<f64> {
        match field {
            Field::Spend => Some(self.usage.cost.likely.to_f64()),
            Field::Tokens => Some(self.usage.counts.tokens() as f64),
            Field::Requests => Some(self.requests() as f64),
            Field::Revenue => self.revenue,
            Field::Margin => self.margin,
            _ => None,
        }
    }

    fn text(&self, field: Field) -> Option<&str> {
        matches!(field, Field::Tenant | Field::Model | Field::Scope).then_some(self.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::view;

    #[test]
    fn every_grouping_adds_up_to_the_whole() {
        let view = view();
        for grouping in [Grouping::Tenant, Grouping::Model, Grouping::Scope] {
            let bills = bills(&view, grouping);
            let shares: f64 = bills.iter().map(|bill| bill.share).sum();
            // The fixture's profiles leave cents of their tenant out.
            assert!((shares - 1.0).abs() < 0.01, "{grouping:?}: {shares}");
            assert!(bills.is_sorted_by(|a, b| a.usage.cost.likely >= b.usage.cost.likely));
        }
    }

    #[test]
    fn a_tenant_with_a_contract_has_revenue_and_margin_and_others_have_none() {
        let mut view = view();
        let month = view.period_span;
        let contract = serde_json::json!({
            "bill": {
                "plan": "gold", "span": month, "currency": "USD", "usd_rate": "1", "lines": [], "charges": [],
                "commitment": null,
            },
            "period": month, "revenue": "200", "accrued": "120", "cost": "150",
        });
        view.tenants[0].contract = Some(serde_json::from_value(contract).expect("a standing"));
        let paying = view.tenants[0].owner.name().to_owned();
        for bill in bills(&view, Grouping::Tenant) {
            let expected = (bill.name == paying).then_some((120.0, -30.0));
            assert_eq!(bill.revenue.zip(bill.margin), expected, "{}", bill.name);
        }
        assert!(bills(&view, Grouping::Model).iter().all(|bill| bill.revenue.is_none()));
    }
}
