//! Completes what people are told with what the judge knows and the alert machine does not.

use crate::domain::event::{AlertKey, Subject};
use crate::domain::history::History;
use crate::domain::ids::Owner;
use crate::domain::notice::{Contributor, Notice, Outlook};
use crate::domain::view::{FleetView, PeriodForecast, PoolRow, TenantRow};
use crate::judge::explain::explanation;
use crate::judge::policy::Policy;

/// Fills in what the view tells of each notice's subject: its budget, its forecast, who causes it, whom to call.
pub(super) fn complete(notices: &mut [Notice], view: &FleetView, history: &dyn History, policy: &Policy) {
    for notice in notices {
        match &notice.alert.subject {
            Subject::Owner(owner) => {
                if let Some(row) = view.tenant(owner) {
                    of_tenant(notice, row);
                }
                call(notice, policy);
            }
            Subject::Pool(name) => {
                if let Some(row) = view.pools.iter().find(|row| row.pool == *name) {
                    of_pool(notice, row);
                }
            }
            Subject::Scope(scope) => {
                let row = view.scopes.iter().find(|row| row.scope == *scope);
                notice.data_age_s = row.and_then(|row| row.age).map(|age| age.as_secs());
            }
            Subject::Quota(..) | Subject::Fleet => {}
        }
        notice.data_age_s = notice.data_age_s.or_else(|| view.data_age.map(|age| age.as_secs()));
        let standing = view.alerts.iter().find(|row| row.alert == notice.alert);
        notice.verdict = standing.map(|row| explanation(history, policy, view, row).verdict);
    }
}

fn of_tenant(notice: &mut Notice, row: &TenantRow) {
    notice.data_age_s = row.data_age.map(|age| age.as_secs());
    notice.provenance = Some(row.usage.provenance);
    notice.percent_of_budget = percent(&notice.alert, &row.budgets);
    notice.outlook = row.forecast.as_ref().and_then(|forecast| outlook(&notice.alert, forecast));
    let speed = |usd: f64| usd.max(0.0);
    let all: f64 = row.profiles.iter().map(|profile| speed(profile.rates.usd_per_hour)).sum();
    let active = row.profiles.iter().filter(|profile| profile.rates.usd_per_hour > 0.0);
    notice.contributors = active
        .map(|profile| Contributor { name: profile.name.clone(), share: speed(profile.rates.usd_per_hour) / all })
        .collect();
    notice.contributors.sort_by(|a, b| b.share.total_cmp(&a.share));
}

fn of_pool(notice: &mut Notice, row: &PoolRow) {
    notice.provenance = Some(row.usage.provenance);
    notice.percent_of_budget = percent(&notice.alert, &row.budgets);
    notice.outlook = row.forecast.as_ref().and_then(|forecast| outlook(&notice.alert, forecast));
    let mover =
        |mover: &crate::domain::view::Mover| Contributor { name: mover.owner.name().to_owned(), share: mover.share };
    notice.contributors = row.movers.iter().map(mover).collect();
}

fn percent(alert: &AlertKey, budgets: &[crate::domain::view::BudgetRow]) -> Option<f64> {
    let of_alert = budgets.iter().find(|budget| Some(&budget.id) == alert.budget.as_ref());
    of_alert.map(|budget| budget.used * 100.0)
}

/// When the budget of an alert is gone; `None` where the forecast is about another one.
fn outlook(alert: &AlertKey, forecast: &PeriodForecast) -> Option<Outlook> {
    let is_about = alert.budget.is_some() && forecast.budget == alert.budget;
    forecast.gone.filter(|_| is_about).map(|gone| Outlook { eta: gone.median, low: Some(gone.early), high: gone.late })
}

fn call(notice: &mut Notice, policy: &Policy) {
    let Subject::Owner(Owner::Tenant(tenant)) = &notice.alert.subject else { return };
    let Some(contact) = policy.contacts.get(tenant) else { return };
    notice.contact = contact.contact.clone().or_else(|| contact.owner.clone());
    notice.runbook_url.clone_from(&contact.runbook_url);
}
