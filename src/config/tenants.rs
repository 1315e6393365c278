//! `[[tenant]]`.

use crate::config::model::Tenant;
use crate::config::reader::Table;
use crate::config::{plans, values};
use crate::domain::contract::{Contract, Plan};
use crate::domain::ids::{PlanId, TenantId};

/// What the config says of a tenant.
pub(super) fn tenant(table: Table<'_>, plans: &[Plan]) -> Option<Tenant> {
    let id = table.require("id", values::text).map(TenantId::new);
    let plan = table.get("plan", values::text).map(PlanId::new);
    if let Some(plan) = plan.as_ref().filter(|plan| plans.iter().all(|known| &known.id != *plan)) {
        table.fault_of("plan", format!("there is no plan `{plan}`: add a [[plan]] with this id"));
    }
    let contracts = contracts(&table, plan.as_ref(), plans);
    let tenant = Tenant {
        id: id.clone().unwrap_or_else(|| TenantId::new("")),
        name: table.get("name", values::text),
        profiles: table.get("profiles", values::texts).unwrap_or_default(),
        plan,
        contracts,
        tags: table.get("tags", values::tags).unwrap_or_default(),
        owner: table.get("owner", values::text),
        contact: table.get("contact", values::text),
        runbook_url: table.get("runbook_url", |value| url(&values::text(value)?)),
    };
    table.finish();
    id.map(|_| tenant)
}

fn contracts(table: &Table<'_>, usual: Option<&PlanId>, plans: &[Plan]) -> Vec<Contract> {
    let mut contracts: Vec<Contract> = Vec::new();
    for table in table.tables("contract") {
        let place = table.place();
        let Some(contract) = plans::contract(table, usual, plans) else { continue };
        if contracts.iter().any(|known| known.validity.overlaps(&contract.validity)) {
            place.fault(
                "two contracts are in force at once: end the one before with `to`, or begin this one later with `from`",
            );
        }
        contracts.push(contract);
    }
    contracts
}

fn url(text: &str) -> Result<String, String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not a URL: write for example https://runbooks.example.com/acme"))
    }
}
