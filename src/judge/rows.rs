//! A tenant's row of the view.

use crate::alert::machine::{Hold, Machine};
use crate::domain::budget::BudgetStanding;
use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::view::{Assessment, BudgetRow, ExpectedBand, PeriodForecast, STEPS_AHEAD, TenantRow};
use crate::judge::observe::alert_key;
use crate::judge::outlook::Outlook;
use crate::judge::owner::OwnerTally;
use crate::judge::rates;
use crate::judge::tally::Tally;

/// The row of an owner at the levels that its alerts stand at.
pub(super) fn tenant_row(owner: &Owner, used: &OwnerTally, tally: &Tally, machine: &Machine) -> TenantRow {
    let subject = Subject::Owner(owner.clone());
    let standing_level = machine.level_of_subject(&subject);
    let blind = match used.hold {
        Hold::No => false,
        Hold::Frozen => true,
        // A rise that the fresh part of the data shows is shown; green would be a guess.
        Hold::MayRise => standing_level < Level::Yellow,
    };
    let budgets = budgets(&subject, &used.budgets, used.outlook.as_ref(), machine);
    let forecast = forecast(used, &budgets, tally);
    TenantRow {
        owner: owner.clone(),
        level: if blind { Level::Blind } else { standing_level },
        frozen_level: blind.then_some(standing_level),
        health: used.health,
        data_age: used.data_age,
        signals: signals(&subject, &used.assessed, machine),
        usage: used.usage,
        budgets,
        contract: used.contract.clone(),
        rates: rates::of(&used.window, tally.rate_window()),
        sparkline: used.sparkline.values(used.usage.unpriced_tokens > 0),
        expected: band(used, tally),
        forecast,
        burn: used.outlook.as_ref().map(Outlook::burn).unwrap_or_default(),
        last_use: used.last_use,
        profiles: profiles(used),
    }
}

/// What the period of the worst budget will come to, or the month where there is no budget.
fn forecast(used: &OwnerTally, budgets: &[BudgetRow], tally: &Tally) -> Option<PeriodForecast> {
    let of_month = || used.outlook.as_ref()?.unbudgeted(tally.month, used.month.cost.likely.to_f64());
    budgets.iter().find_map(|budget| budget.forecast.clone()).or_else(of_month)
}

fn band(used: &OwnerTally, tally: &Tally) -> Option<ExpectedBand> {
    let span = used.sparkline.span();
    let steps = span.length().as_secs() / tally.step.seconds();
    let steps = usize::try_from(steps).unwrap_or(0) + STEPS_AHEAD;
    used.outlook.as_ref()?.band(span.start, tally.step.duration(), steps)
}

/// The rows in the default order: level, money at risk, cost, name; the unattributed last among equals.
pub(super) fn sort(rows: &mut [TenantRow]) {
    rows.sort_by_cached_key(|row| {
        let loudest_first = std::cmp::Reverse((row.level, row.money_at_risk(), row.usage.cost.likely));
        (loudest_first, row.owner == Owner::Unattributed, row.owner.clone())
    });
}

/// What the signals say, at the levels that their alerts stand at, the worst first.
pub(super) fn signals(subject: &Subject, assessed: &[Assessment], machine: &Machine) -> Vec<Assessment> {
    let at_standing_level = |assessed: &Assessment| {
        let level = machine.level_of(&alert_key(subject, assessed));
        Assessment { level, ..assessed.clone() }
    };
    let mut signals: Vec<_> = assessed.iter().map(at_standing_level).collect();
    signals.sort_by_key(|assessed| std::cmp::Reverse(assessed.level));
    signals
}

/// How budgets stand, the worst first.
pub(super) fn budgets(
    subject: &Subject,
    standings: &[BudgetStanding],
    outlook: Option<&Outlook>,
    machine: &Machine,
) -> Vec<BudgetRow> {
    let row = |standing: &BudgetStanding| {
        let alert = AlertKey { subject: subject.clone(), signal: Signal::Budget, budget: Some(standing.id.clone()) };
        let forecast = outlook.and_then(|outlook| outlook.period(standing));
        budget_row(standing, machine.level_of(&alert), forecast)
    };
    let mut rows: Vec<_> = standings.iter().map(row).collect();
    rows.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| b.used.total_cmp(&a.used)));
    rows
}

fn budget_row(standing: &BudgetStanding, level: Level, forecast: Option<PeriodForecast>) -> BudgetRow {
    BudgetRow {
        id: standing.id.clone(),
        amount: standing.amount,
        caps: standing.caps,
        span: standing.span,
        period: standing.period.clone(),
        zone: standing.zone.clone(),
        spent: standing.spent,
        unpriced_tokens: standing.unpriced_tokens,
        used: standing.used,
        expected: standing.expected,
        level,
        forecast,
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
