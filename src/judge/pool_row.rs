//! A pool's row of the view.

use jiff::Timestamp;

use crate::alert::machine::{Hold, Machine};
use crate::domain::event::Subject;
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::view::PoolRow;
use crate::judge::observe::alert_key;
use crate::judge::pool::{PoolTally, is_of_spending};
use crate::judge::tally::Tally;
use crate::judge::{rates, rows};

/// The row of a pool at the levels that its alerts stand at.
pub(super) fn pool_row(pool: &PoolTally, tally: &Tally, machine: &Machine) -> PoolRow {
    let subject = Subject::Pool(pool.name.clone());
    let level = machine.level_of_subject(&subject);
    let is_blind = pool.hold == Hold::Frozen || (pool.hold == Hold::MayRise && level < Level::Yellow);
    let budgets = rows::budgets(&subject, &pool.budgets, Some(&pool.outlook), machine);
    let forecast = budgets.iter().find_map(|budget| budget.forecast.clone());
    let (sparkline, start) = sparkline(pool, tally);
    let expected = start.and_then(|start| pool.outlook.band(start, tally.step.duration(), sparkline.len()));
    PoolRow {
        pool: pool.name.clone(),
        level: if is_blind { Level::Blind } else { level },
        members: pool.members.clone(),
        is_confluence: level >= Level::Orange && is_nobody_loud(pool, tally, machine),
        movers: pool.movers.clone(),
        signals: rows::signals(&subject, &pool.assessed, machine),
        usage: pool.usage,
        budgets,
        rates: rates::of(&pool.window, tally.rate_window()),
        forecast,
        burn: pool.outlook.burn(),
        sparkline,
        expected,
    }
}

/// Whether no member is orange or red for what it spends: what is loud is the sum alone.
fn is_nobody_loud(pool: &PoolTally, tally: &Tally, machine: &Machine) -> bool {
    let is_quiet = |owner: &Owner| {
        let subject = Subject::Owner(owner.clone());
        let assessed = tally.owners.get(owner).map_or(&[][..], |used| &used.assessed);
        let mut spending = assessed.iter().filter(|it| is_of_spending(it.signal));
        spending.all(|it| machine.level_of(&alert_key(&subject, it)) < Level::Orange)
    };
    pool.members.iter().all(is_quiet)
}

/// Dollars a step of all members, and when the first one starts; a step that is not known of a member is a hole.
fn sparkline(pool: &PoolTally, tally: &Tally) -> (Vec<Option<f64>>, Option<Timestamp>) {
    let members = pool.members.iter().filter_map(|owner| tally.owners.get(owner));
    let mut sum: Option<Vec<Option<f64>>> = None;
    let mut start = None;
    for member in members {
        start = Some(member.sparkline.span().start);
        let values = member.sparkline.values(false);
        sum = Some(match sum {
            None => values,
            Some(sum) => sum.into_iter().zip(values).map(|(sum, more)| Some(sum? + more?)).collect(),
        });
    }
    (sum.unwrap_or_default(), start)
}
