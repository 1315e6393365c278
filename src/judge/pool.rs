//! Shared budgets: the same signals on the sum of the members, and who makes it rise.

use std::collections::BTreeMap;

use crate::alert::machine::Hold;
use crate::domain::budget::{Budget, BudgetOver, BudgetStanding};
use crate::domain::event::{Signal, Subject};
use crate::domain::ids::{Owner, PoolName};
use crate::domain::view::{Assessment, Mover, PricedUsage};
use crate::forecast::Prior;
use crate::judge::books::Books;
use crate::judge::outlook::Outlook;
use crate::judge::owner::{OwnerTally, stand_against};
use crate::judge::policy::Policy;
use crate::judge::tally::{Tally, furthest_end};

/// The name of the pool that everybody is in.
pub(super) const FLEET: &str = "fleet";

/// Whether a signal is about how much is spent: what a member's margin or errors are like says nothing of a pool.
pub(super) fn is_of_spending(signal: Signal) -> bool {
    matches!(signal, Signal::Budget | Signal::Forecast | Signal::Burn | Signal::Anomaly)
}

/// What is known of a pool.
pub(super) struct PoolTally {
    /// Its name.
    pub name: PoolName,
    /// Its members.
    pub members: Vec<Owner>,
    /// The sum of their usage over the view's usage span.
    pub usage: PricedUsage,
    /// The sum over the speed window.
    pub window: PricedUsage,
    /// Its budgets.
    pub budgets: Vec<BudgetStanding>,
    /// What is to be expected of the sum.
    pub outlook: Outlook,
    /// What a step may do to its alerts.
    pub hold: Hold,
    /// Whether late data weighs as much in this step as new data does.
    pub is_revised: bool,
    /// Who makes it rise.
    pub movers: Vec<Mover>,
    /// What the signals say.
    pub assessed: Vec<Assessment>,
}

/// The pools that have a budget.
pub(super) fn tally(of: &Tally, policy: &Policy, books: &mut Books, prior: &Prior) -> Vec<PoolTally> {
    let mut pools: BTreeMap<PoolName, Vec<&Owner>> = BTreeMap::new();
    for budget in &policy.budgets {
        let (name, members) = match &budget.over {
            BudgetOver::Pool(name) => (name.clone(), members(of, policy, name)),
            BudgetOver::Fleet => (PoolName::new(FLEET), of.owners.keys().collect()),
            _ => continue,
        };
        pools.entry(name).or_insert(members);
    }
    pools.into_iter().filter_map(|(name, members)| pool(name, &members, of, policy, books, prior)).collect()
}

fn members<'a>(of: &'a Tally, policy: &Policy, name: &PoolName) -> Vec<&'a Owner> {
    let Some(pool) = policy.pools.iter().find(|pool| &pool.name == name) else { return Vec::new() };
    let is_member = |owner: &Owner, used: &OwnerTally| match owner {
        Owner::Tenant(tenant) => pool.has(tenant, used.plan.as_ref(), &used.tags),
        Owner::Unattributed => false,
    };
    of.owners.iter().filter(|(owner, used)| is_member(owner, used)).map(|(owner, _)| owner).collect()
}

fn pool(
    name: PoolName,
    members: &[&Owner],
    of: &Tally,
    policy: &Policy,
    books: &mut Books,
    prior: &Prior,
) -> Option<PoolTally> {
    let tallies: Vec<&OwnerTally> = members.iter().filter_map(|owner| of.owners.get(*owner)).collect();
    let (first, others) = tallies.split_first()?;
    let mut pulse = first.pulse.clone();
    for other in others {
        pulse.join(&other.pulse);
    }
    let is_own = |budget: &&Budget| match &budget.over {
        BudgetOver::Pool(pool) => *pool == name,
        BudgetOver::Fleet => name.as_str() == FLEET,
        _ => false,
    };
    let own: Vec<&Budget> = policy.budgets.iter().filter(is_own).collect();
    let until = furthest_end(&own, of.now).unwrap_or(of.month.end);
    let fitted = books.fit(&Subject::Pool(name.clone()), members, &pulse, prior, until);
    let outlook = Outlook { pulse, fitted };
    let sum = |part: &dyn Fn(&OwnerTally) -> PricedUsage| {
        let mut sum = PricedUsage::default();
        for tally in &tallies {
            sum.add(&part(tally));
        }
        sum
    };
    let window = sum(&|tally| tally.window);
    let stand = |budget: &&Budget| {
        let usage = sum(&|tally| tally.since_start(budget.calendar.span_at(of.now).start));
        stand_against(budget, &usage, &window, of.rate_window(), Some(&outlook), of.now)
    };
    Some(PoolTally {
        budgets: own.iter().map(stand).collect(),
        usage: sum(&|tally| tally.usage),
        is_revised: is_revised(&tallies),
        movers: movers(members, &tallies),
        members: members.iter().map(|owner| (*owner).clone()).collect(),
        hold: hold(&tallies),
        name,
        window,
        outlook,
        assessed: Vec::new(),
    })
}

fn is_revised(tallies: &[&OwnerTally]) -> bool {
    let revised: f64 = tallies.iter().map(|tally| tally.revised).sum();
    revised > 0.0 && revised >= tallies.iter().map(|tally| tally.news).sum()
}

/// As far as a member is not seen, the sum is only the least there is.
fn hold(tallies: &[&OwnerTally]) -> Hold {
    if tallies.iter().all(|tally| tally.hold == Hold::Frozen) {
        Hold::Frozen
    } else if tallies.iter().any(|tally| tally.hold != Hold::No) {
        Hold::MayRise
    } else {
        Hold::No
    }
}

/// Who spends more an hour over the last day than over the week before, by share of the rise of all who do.
fn movers(members: &[&Owner], tallies: &[&OwnerTally]) -> Vec<Mover> {
    let rise = |tally: &OwnerTally| tally.outlook.as_ref().map_or(0.0, |outlook| outlook.fitted.rise());
    let rising: Vec<(&Owner, f64)> = members
        .iter()
        .zip(tallies)
        .map(|(owner, tally)| (*owner, rise(tally)))
        .filter(|(_, rise)| *rise > 0.0)
        .collect();
    shares(&rising)
}

fn shares(rising: &[(&Owner, f64)]) -> Vec<Mover> {
    let all: f64 = rising.iter().map(|(_, rise)| rise).sum();
    let mover = |&(owner, rise): &(&Owner, f64)| Mover { owner: owner.clone(), share: rise / all, rise };
    let mut movers: Vec<Mover> = rising.iter().map(mover).collect();
    movers.sort_by(|a, b| b.rise.total_cmp(&a.rise).then_with(|| a.owner.cmp(&b.owner)));
    movers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_a_rise_add_up_to_all_of_it() {
        let owners = [Owner::Tenant("a".into()), Owner::Tenant("b".into()), Owner::Tenant("c".into())];
        let rising: Vec<(&Owner, f64)> = owners.iter().zip([1.0, 5.0, 2.0]).collect();
        let movers = shares(&rising);
        let names: Vec<&str> = movers.iter().map(|mover| mover.owner.name()).collect();
        assert_eq!(names, ["b", "c", "a"], "the strongest first");
        assert!((movers.iter().map(|mover| mover.share).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
