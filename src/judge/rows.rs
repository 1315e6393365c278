//! A tenant's row of the view.

use crate::alert::machine::{Hold, Machine};
use crate::domain::budget::BudgetStanding;
use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::view::{Assessment, BudgetRow, Burn, TenantRow};
use crate::judge::observe::{alert_key, assessments};
use crate::judge::policy::Policy;
use crate::judge::rates;
use crate::judge::tally::{OwnerTally, Tally};

/// The row of an owner at the levels that its alerts stand at.
pub(super) fn tenant_row(
    owner: &Owner,
    used: &OwnerTally,
    tally: &Tally,
    policy: &Policy,
    machine: &Machine,
) -> TenantRow {
    let subject = Subject::Owner(owner.clone());
    let standing_level = machine.level_of_subject(&subject);
    let blind = match used.hold {
        Hold::No => false,
        Hold::Frozen => true,
        // A rise that the fresh part of the data shows is shown; green would be a guess.
        Hold::MayRise => standing_level < Level::Yellow,
    };
    TenantRow {
        owner: owner.clone(),
        level: if blind { Level::Blind } else { standing_level },
        frozen_level: blind.then_some(standing_level),
        health: used.health,
        data_age: used.data_age,
        signals: signals(&subject, used, policy, machine),
        usage: used.usage,
        budgets: budgets(&subject, used, machine),
        contract: used.contract.clone(),
        rates: rates::of(&used.window, tally.rate_window()),
        sparkline: used.sparkline.values(used.usage.unpriced_tokens > 0),
        expected: None,
        forecast: None,
        burn: Burn::default(),
        last_use: used.last_use,
        profiles: profiles(used),
    }
}

/// The rows in the default order: level, money at risk, cost, name; the unattributed last among equals.
pub(super) fn sort(rows: &mut [TenantRow]) {
    rows.sort_by_cached_key(|row| {
        let loudest_first = std::cmp::Reverse((row.level, row.money_at_risk(), row.usage.cost.likely));
        (loudest_first, row.owner == Owner::Unattributed, row.owner.clone())
    });
}

fn signals(subject: &Subject, used: &OwnerTally, policy: &Policy, machine: &Machine) -> Vec<Assessment> {
    let at_standing_level = |assessed: Assessment| {
        let level = machine.level_of(&alert_key(subject, &assessed));
        Assessment { level, ..assessed }
    };
    let mut signals: Vec<_> = assessments(used, policy).into_iter().map(at_standing_level).collect();
    signals.sort_by_key(|assessed| std::cmp::Reverse(assessed.level));
    signals
}

fn budgets(subject: &Subject, used: &OwnerTally, machine: &Machine) -> Vec<BudgetRow> {
    let row = |standing: &BudgetStanding| {
        let alert = AlertKey { subject: subject.clone(), signal: Signal::Budget, budget: Some(standing.id.clone()) };
        budget_row(standing, machine.level_of(&alert))
    };
    let mut rows: Vec<_> = used.budgets.iter().map(row).collect();
    rows.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| b.used.total_cmp(&a.used)));
    rows
}

fn budget_row(standing: &BudgetStanding, level: Level) -> BudgetRow {
    BudgetRow {
        id: standing.id.clone(),
        amount: standing.amount,
        caps: standing.caps,
        span: standing.span,
        period: standing.period.clone(),
        spent: standing.spent,
        used: standing.used,
        expected: standing.expected,
        level,
    }
}

fn profiles(used: &OwnerTally) -> Vec<crate::domain::view::ProfileRow> {
    let mut rows = used.profiles.clone();
    rows.sort_by(|a, b| {
        let cost = b.usage.cost.likely.cmp(&a.usage.cost.likely);
        cost.then_with(|| b.usage.counts.tokens().cmp(&a.usage.counts.tokens())).then_with(|| a.key.cmp(&b.key))
    });
    rows
}
