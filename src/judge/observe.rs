//! Runs the signals over a tally.

use crate::alert::machine::{Hold, Observation};
use crate::alert::{budget, coverage, data};
use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::ids::Owner;
use crate::domain::view::Assessment;
use crate::judge::policy::Policy;
use crate::judge::tally::{OwnerTally, Tally};

/// What every signal says, tenants first, then scopes.
pub(super) fn observations(tally: &Tally, policy: &Policy) -> Vec<Observation> {
    let of_owners = tally.owners.iter().flat_map(|(owner, used)| of_owner(owner, used, policy));
    let of_scopes = tally.scopes.iter().map(|scope| {
        let subject = Subject::Scope(scope.status.scope.clone());
        observation(&subject, data::assess(&scope.status, tally.now, tally.step), Hold::No)
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

fn of_owner(owner: &Owner, tally: &OwnerTally, policy: &Policy) -> Vec<Observation> {
    let subject = Subject::Owner(owner.clone());
    let period_of = |assessed: &Assessment| {
        let standing = tally.budgets.iter().find(|standing| Some(&standing.id) == assessed.budget.as_ref());
        standing.filter(|_| assessed.signal == Signal::Budget).map(|standing| standing.span)
    };
    let observe = |assessed: Assessment| {
        let period = period_of(&assessed);
        Observation { period, ..observation(&subject, assessed, tally.hold) }
    };
    assessments(tally, policy).into_iter().map(observe).collect()
}

fn observation(subject: &Subject, assessed: Assessment, hold: Hold) -> Observation {
    Observation {
        alert: alert_key(subject, &assessed),
        level: assessed.level,
        reason: assessed.reason,
        period: None,
        hold,
    }
}
