//! Runs the signals over a tally.

use jiff::SignedDuration;

use crate::alert::calls::{assess_errors, assess_throttles};
use crate::alert::machine::{Hold, Observation, Spent};
use crate::alert::quota::{Quota, assess as assess_quota};
use crate::alert::{anomaly, budget, burn, commitment, coverage, data, everybody, forecast, margin};
use crate::config::Thresholds;
use crate::domain::budget::BudgetStanding;
use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::health::Health;
use crate::domain::ids::{BudgetId, Owner, PlanId, ScopeName};
use crate::domain::level::Level;
use crate::domain::matcher::Labels;
use crate::domain::view::{Assessment, Mover};
use crate::judge::outlook::Outlook;
use crate::judge::owner::OwnerTally;
use crate::judge::policy::Policy;
use crate::judge::pool::is_of_spending;
use crate::judge::quota;
use crate::judge::tally::Tally;

/// Signals about calls, which can be about everybody.
const OF_CALLS: [Signal; 2] = [Signal::Throttles, Signal::Errors];

/// How many movers are named.
const NAMED: usize = 5;

/// What every signal says, tenants first, then pools, the fleet and scopes.
pub(super) fn observations(tally: &Tally, policy: &Policy) -> Vec<Observation> {
    let of_owners = tally.owners.iter().flat_map(|(owner, used)| {
        let ground = Ground {
            hold: used.hold,
            health: used.health,
            blind_scope: if used.hold == Hold::No { None } else { tally.blind_scope_of(used) },
            spent: Some(Spent { since: tally.month.start, amount: used.month.cost.likely }),
            is_revised: used.is_revised(),
            members: &[],
        };
        observed(&Subject::Owner(owner.clone()), &used.assessed, &used.budgets, &ground, policy)
    });
    let of_pools = tally.pools.iter().flat_map(|pool| {
        let ground =
            Ground { hold: pool.hold, is_revised: pool.is_revised, members: &pool.members, ..Ground::default() };
        observed(&Subject::Pool(pool.name.clone()), &pool.assessed, &pool.budgets, &ground, policy)
    });
    let of_all = observed(&Subject::Fleet, &tally.everybody, &[], &Ground::default(), policy);
    let of_scopes = tally.scopes.iter().map(|scope| {
        let subject = Subject::Scope(scope.status.scope.clone());
        let assessed = data::assess(&scope.status, tally.now, tally.step);
        Observation { health: scope.health, ..observation(&subject, &assessed, policy) }
    });
    let of_quotas = tally.quotas.iter().filter_map(|((scope, model), quota)| {
        let subject = Subject::Quota(scope.clone(), model.clone());
        let health = quota::health_of(tally, scope);
        let hold = if health.is_blind() { Hold::Frozen } else { Hold::No };
        let blind_scope = health.is_blind().then(|| scope.clone());
        let seen = observation(&subject, quota.assessed.as_ref()?, policy);
        Some(Observation { hold, health, blind_scope, ..seen })
    });
    of_owners.chain(of_pools).chain(of_all).chain(of_scopes).chain(of_quotas).collect()
}

/// What observations of one subject have in common.
#[derive(Default)]
struct Ground<'a> {
    hold: Hold,
    health: Health,
    blind_scope: Option<ScopeName>,
    spent: Option<Spent>,
    is_revised: bool,
    members: &'a [Owner],
}

/// The key of what was assessed.
pub(super) fn alert_key(subject: &Subject, assessed: &Assessment) -> AlertKey {
    AlertKey { subject: subject.clone(), signal: assessed.signal, budget: assessed.budget.clone() }
}

/// Assesses every owner, every pool, and all of them together.
pub(super) fn assess_all(tally: &mut Tally, policy: &Policy, length: SignedDuration) {
    for (owner, used) in &mut tally.owners {
        used.assessed = of_owner(&Subject::Owner(owner.clone()), used, policy, length);
    }
    for pool in &mut tally.pools {
        let rules = Rules { policy, subject: &Subject::Pool(pool.name.clone()), labels: None };
        pool.assessed = of_money(&rules, &pool.budgets, &pool.outlook);
        let members = pool.members.iter().filter_map(|member| tally.owners.get(member));
        let is_loud = |it: &Assessment| it.level >= Level::Orange && is_of_spending(it.signal);
        if members.flat_map(|member| &member.assessed).all(|it| !is_loud(it)) {
            pool.assessed.iter_mut().filter(|it| is_loud(it)).for_each(|it| name_movers(it, &pool.movers));
        }
    }
    for (key, quota) in &mut tally.quotas {
        quota.assessed = Some(quota::assess_quota(key, quota, policy, length.as_secs_f64() / 60.0));
    }
    tally.everybody = of_everybody(tally, policy, length);
}

/// No member is loud, the sum is: the alert tells who makes it rise.
fn name_movers(assessed: &mut Assessment, movers: &[Mover]) {
    let part = |mover: &Mover| format!("{} {:.0} %", mover.owner.name(), mover.share * 100.0);
    let named: Vec<String> = movers.iter().take(NAMED).map(part).collect();
    let others: f64 = movers.iter().skip(NAMED).map(|mover| mover.share).sum();
    let others = (others > 0.0).then(|| format!("others {:.0} %", others * 100.0));
    let named: Vec<String> = named.into_iter().chain(others).collect();
    if !named.is_empty() {
        assessed.reason = format!("{}; no member is loud, together they rise: {}", assessed.reason, named.join(", "));
    }
}

/// Whose thresholds are asked for.
struct Rules<'a> {
    policy: &'a Policy,
    subject: &'a Subject,
    labels: Option<&'a Labels>,
}

impl Rules<'_> {
    fn of(&self, signal: Signal, budget: Option<&BudgetId>) -> Thresholds {
        if self.policy.overrides.is_empty() {
            return self.policy.thresholds;
        }
        let alert = AlertKey { subject: self.subject.clone(), signal, budget: budget.cloned() };
        self.policy.thresholds_of(&alert, self.labels)
    }
}

fn of_owner(subject: &Subject, used: &OwnerTally, policy: &Policy, length: SignedDuration) -> Vec<Assessment> {
    let mut labels = Labels::default();
    if !policy.overrides.is_empty() {
        labels.set("plan", used.plan.as_ref().map_or("", PlanId::as_str));
        labels.set_tags(&used.tags);
    }
    let rules = Rules { policy, subject, labels: Some(&labels) };
    let calls = used.calls(length);
    let mut assessed =
        used.outlook.as_ref().map(|outlook| of_money(&rules, &used.budgets, outlook)).unwrap_or_default();
    assessed.push(assess_throttles(&calls, &rules.of(Signal::Throttles, None).throttles));
    assessed.push(assess_errors(&calls, &rules.of(Signal::Errors, None).errors));
    // Calls that AWS refused say nothing of what the plan allows.
    let limits = used.limits_used(length).map(|used| Quota { used: Some(used), ..Quota::default() });
    assessed.extend(limits.map(|limits| assess_quota(&limits, &rules.of(Signal::Quota, None).quota)));
    let drawn = used.course.and_then(|course| course.drawn);
    assessed.extend(drawn.map(|drawn| commitment::assess(&drawn, &rules.of(Signal::Commitment, None).commitment)));
    let earned = used.course.map(|course| course.earned);
    assessed.extend(earned.and_then(|earned| margin::assess(&earned, &rules.of(Signal::Margin, None).margin)));
    assessed.push(coverage::assess(&used.usage, &rules.of(Signal::Coverage, None).coverage));
    assessed
}

/// The signals about money: of each budget, and of the past.
fn of_money(rules: &Rules<'_>, budgets: &[BudgetStanding], outlook: &Outlook) -> Vec<Assessment> {
    let mut assessed = Vec::new();
    for standing in budgets {
        let of = |signal| rules.of(signal, Some(&standing.id));
        assessed.push(budget::assess(standing, &of(Signal::Budget).budget));
        let ahead = of(Signal::Forecast).forecast;
        assessed.extend(outlook.chances(standing, &ahead).map(|chances| forecast::assess(&chances, &ahead)));
        let burning = outlook.burning(standing);
        assessed.extend(burning.map(|burning| burn::assess(&burning, &of(Signal::Burn).burn)));
    }
    assessed.push(anomaly::assess(&outlook.pace(!budgets.is_empty()), &rules.of(Signal::Anomaly, None).anomaly));
    assessed
}

/// What strikes most of the active tenants is one alert; theirs are quiet then and say why.
fn of_everybody(tally: &mut Tally, policy: &Policy, length: SignedDuration) -> Vec<Assessment> {
    let mut found = Vec::new();
    for signal in OF_CALLS {
        let level = |used: &OwnerTally| used.assessed.iter().find(|it| it.signal == signal).map(|it| it.level);
        let active = tally.owners.values().filter(|used| used.calls(length).are_any());
        let levels: Vec<Level> = active.filter_map(level).collect();
        let Some(assessed) = everybody::assess(signal, &levels, policy.thresholds.fleet.share) else { continue };
        for one in tally.owners.values_mut().flat_map(|used| &mut used.assessed).filter(|it| it.signal == signal) {
            one.level = Level::Green;
            one.reason = format!("{}: see the alert of the fleet", one.reason);
        }
        found.push(assessed);
    }
    found
}

fn observed(
    subject: &Subject,
    assessed: &[Assessment],
    budgets: &[BudgetStanding],
    ground: &Ground<'_>,
    policy: &Policy,
) -> Vec<Observation> {
    let period_of = |assessed: &Assessment| {
        let standing = budgets.iter().find(|standing| Some(&standing.id) == assessed.budget.as_ref());
        standing.filter(|_| assessed.signal == Signal::Budget).map(|standing| standing.span)
    };
    let observe = |assessed: &Assessment| Observation {
        period: period_of(assessed),
        hold: ground.hold,
        health: ground.health,
        blind_scope: ground.blind_scope.clone(),
        spent: ground.spent,
        is_revised: ground.is_revised,
        members: ground.members.to_vec(),
        ..observation(subject, assessed, policy)
    };
    assessed.iter().map(observe).collect()
}

fn observation(subject: &Subject, assessed: &Assessment, policy: &Policy) -> Observation {
    let alert = alert_key(subject, assessed);
    let timing = policy.timing(&alert);
    Observation {
        value: assessed.value,
        threshold: assessed.threshold,
        is_rate: is_rate(assessed.signal),
        reason: assessed.reason.clone(),
        ..Observation::new(alert, assessed.level, timing)
    }
}

/// Whether a signal looks at so short a time that one step of it says little. Anomaly looks at 40 minutes as it is.
fn is_rate(signal: Signal) -> bool {
    matches!(signal, Signal::Quota | Signal::Throttles | Signal::Errors)
}
