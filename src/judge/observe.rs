//! Runs the signals over a tally.

use crate::alert::machine::{Hold, Observation, Spent};
use crate::alert::{budget, coverage, data};
use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::ids::Owner;
use crate::domain::view::Assessment;
use crate::judge::policy::Policy;
use crate::judge::tally::{OwnerTally, Tally};

/// What every signal says, tenants first, then scopes.
pub(super) fn observations(tally: &Tally, policy: &Policy) -> Vec<Observation> {
    let of_owners = tally.owners.iter().flat_map(|(owner, used)| of_owner(owner, tally, used, policy));
    let of_scopes = tally.scopes.iter().map(|scope| {
        let subject = Subject::Scope(scope.status.scope.clone());
        let assessed = data::assess(&scope.status, tally.now, tally.step);
        Observation { health: scope.health, ..observation(&subject, assessed, policy) }
    });
    of_owners.chain(of_scopes).collect()
}

/// What the signals say of an owner, with the budgets they speak of.
pub(super) fn assessments(tally: &OwnerTally, policy: &Policy) -> Vec<Assessment> {
    let mut assessed: Vec<_> =
        tally.budgets.iter().map(|standing| budget::assess(standing, &policy.thresholds)).collect();
    assessed.push(coverage::assess(&tally.usage));
    assessed
}

/// The key of what was assessed.
pub(super) fn alert_key(subject: &Subject, assessed: &Assessment) -> AlertKey {
    AlertKey { subject: subject.clone(), signal: assessed.signal, budget: assessed.budget.clone() }
}

fn of_owner(owner: &Owner, tally: &Tally, used: &OwnerTally, policy: &Policy) -> Vec<Observation> {
    let subject = Subject::Owner(owner.clone());
    let period_of = |assessed: &Assessment| {
        let standing = used.budgets.iter().find(|standing| Some(&standing.id) == assessed.budget.as_ref());
        standing.filter(|_| assessed.signal == Signal::Budget).map(|standing| standing.span)
    };
    let blind_scope = if used.hold == Hold::No { None } else { tally.blind_scope_of(used) };
    let observe = |assessed: Assessment| Observation {
        period: period_of(&assessed),
        hold: used.hold,
        health: used.health,
        blind_scope: blind_scope.clone(),
        spent: Some(Spent { since: tally.month.start, amount: used.month.cost.likely }),
        ..observation(&subject, assessed, policy)
    };
    assessments(used, policy).into_iter().map(observe).collect()
}

fn observation(subject: &Subject, assessed: Assessment, policy: &Policy) -> Observation {
    let alert = alert_key(subject, &assessed);
    let timing = policy.timing(&alert);
    Observation {
        value: assessed.value,
        threshold: assessed.threshold,
        is_rate: is_rate(assessed.signal),
        reason: assessed.reason,
        ..Observation::new(alert, assessed.level, timing)
    }
}

/// Whether a signal looks at so short a time that one step of it says little.
fn is_rate(signal: Signal) -> bool {
    matches!(signal, Signal::Anomaly | Signal::Quota | Signal::Throttles | Signal::Errors)
}
