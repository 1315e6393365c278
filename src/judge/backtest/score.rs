//! What a back-test came to: pages, lead times, what was missed, false alarms where the truth is given.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::{LevelChange, Signal};
use crate::domain::ids::BudgetId;
use crate::domain::level::Level;
use crate::domain::time::TimeSpan;
use crate::judge::backtest::BudgetLevel;

/// An alarm that pauses for no longer than this still stands.
const PAUSE: SignedDuration = SignedDuration::from_hours(12);
/// An alarm later than this before a budget is gone has missed it.
const LEAST_LEAD: f64 = 1.0;
/// Two alarms with no more than this between them are one.
const SAME_ALARM: SignedDuration = SignedDuration::from_hours(1);
/// Hours in a week.
const WEEK: f64 = 168.0;

/// What is known of a budget apart from what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Which budget.
    pub budget: BudgetId,
    /// Whether something was wrong with it.
    pub is_harmful: bool,
}

/// A budget that was used up, and how long before people were told.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// Which budget.
    pub budget: BudgetId,
    /// When it was gone.
    pub gone: Timestamp,
    /// Hours from the start of the orange alarm that still stood then.
    pub lead_hours: f64,
}

/// The sums over a back-test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Rises to orange or red, by signal.
    pub pages: BTreeMap<Signal, usize>,
    /// Rises to yellow, by signal.
    pub notes: BTreeMap<Signal, usize>,
    /// Budgets that were used up.
    pub gone: Vec<Scored>,
    /// Orange alarms of budgets with which nothing was wrong, a budget and week; `None` without the truth.
    pub false_alarms: Option<f64>,
}

impl Summary {
    /// How many of the budgets that were used up nobody was told of an hour before.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.gone.iter().filter(|scored| scored.lead_hours < LEAST_LEAD).count()
    }

    /// The median lead in hours; `None` where no budget was used up.
    #[must_use]
    pub fn median_lead(&self) -> Option<f64> {
        let mut leads: Vec<f64> = self.gone.iter().map(|scored| scored.lead_hours).collect();
        leads.sort_by(f64::total_cmp);
        let middle = leads.len() / 2;
        match leads.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(leads[middle]),
            _ => Some(f64::midpoint(leads[middle - 1], leads[middle])),
        }
    }
}

/// Sums up what was said over a span.
#[must_use]
pub fn summary(changes: &[LevelChange], levels: &[BudgetLevel], span: TimeSpan, truth: Option<&[Truth]>) -> Summary {
    let mut summary = Summary::default();
    for change in changes.iter().filter(|change| change.level > change.previous) {
        match change.level {
            Level::Orange | Level::Red => *summary.pages.entry(change.alert.signal).or_default() += 1,
            Level::Yellow => *summary.notes.entry(change.alert.signal).or_default() += 1,
            Level::Green | Level::Blind => {}
        }
    }
    let mut by_budget: BTreeMap<&BudgetId, Vec<&BudgetLevel>> = BTreeMap::new();
    for level in levels {
        by_budget.entry(&level.budget).or_default().push(level);
    }
    let mut counted = BTreeSet::new();
    for change in changes.iter().filter(|change| is_gone(change)) {
        let Some(budget) = change.alert.budget.as_ref().filter(|budget| counted.insert(*budget)) else { continue };
        let alarms = alarms(by_budget.get(budget).map_or(&[], Vec::as_slice), change.at, PAUSE);
        let stands = alarms.last().filter(|(_, end)| change.at.duration_since(*end) <= PAUSE);
        let lead_hours = stands.map_or(0.0, |(start, _)| change.at.duration_since(*start).as_secs_f64() / 3600.0);
        summary.gone.push(Scored { budget: budget.clone(), gone: change.at, lead_hours });
    }
    summary.false_alarms = truth.map(|truth| false_alarms(truth, &by_budget, span));
    summary
}

fn is_gone(change: &LevelChange) -> bool {
    change.alert.signal == Signal::Budget && change.level == Level::Red
}

/// Spans at orange or red up to `end`, those with short pauses joined.
fn alarms(levels: &[&BudgetLevel], end: Timestamp, pause: SignedDuration) -> Vec<(Timestamp, Timestamp)> {
    let mut alarms: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut began = None;
    let mut close = |start: Timestamp, until: Timestamp| match alarms.last_mut() {
        Some(last) if start.duration_since(last.1) <= pause => last.1 = until,
        _ => alarms.push((start, until)),
    };
    for level in levels.iter().filter(|level| level.at < end) {
        match began {
            None if level.level >= Level::Orange => began = Some(level.at),
            Some(start) if level.level < Level::Orange => {
                close(start, level.at);
                began = None;
            }
            _ => {}
        }
    }
    if let Some(start) = began {
        close(start, end);
    }
    alarms
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn false_alarms(truth: &[Truth], levels: &BTreeMap<&BudgetId, Vec<&BudgetLevel>>, span: TimeSpan) -> f64 {
    let harmless: Vec<&Truth> = truth.iter().filter(|truth| !truth.is_harmful).collect();
    let of = |truth: &&Truth| alarms(levels.get(&truth.budget).map_or(&[], Vec::as_slice), span.end, SAME_ALARM).len();
    let alarms: usize = harmless.iter().map(of).sum();
    let weeks = harmless.len() as f64 * span.length().as_secs_f64() / 3600.0 / WEEK;
    if weeks > 0.0 { alarms as f64 / weeks } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{AlertKey, Subject};
    use crate::domain::ids::Owner;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour)
    }

    fn levels(turns: &[(i64, Level)]) -> Vec<BudgetLevel> {
        turns.iter().map(|&(at, level)| BudgetLevel { budget: "b".into(), at: hour(at), level }).collect()
    }

    fn gone(at: i64) -> LevelChange {
        let subject = Subject::Owner(Owner::Tenant("acme".into()));
        let alert = AlertKey { subject, signal: Signal::Budget, budget: Some("b".into()) };
        let (previous, level) = (Level::Orange, Level::Red);
        LevelChange { at: hour(at), alert, previous, level, reason: "gone".into(), note: None }
    }

    #[test]
    fn the_lead_counts_from_the_alarm_that_still_stands_and_pauses_are_forgiven() {
        use Level::{Green, Orange, Red};
        let span = TimeSpan::new(hour(0), hour(168));
        let lead = |turns: &[(i64, Level)]| {
            let summary = summary(&[gone(100)], &levels(turns), span, None);
            (summary.gone[0].lead_hours, summary.missed(), summary.median_lead())
        };
        assert_eq!(lead(&[(20, Orange), (30, Green), (40, Orange), (100, Red)]), (80.0, 0, Some(80.0)));
        assert_eq!(lead(&[(20, Orange), (30, Green), (50, Orange), (100, Red)]), (50.0, 0, Some(50.0)));
        assert_eq!(lead(&[(20, Orange), (30, Green), (100, Red)]).1, 1, "an alarm long gone says nothing");
    }

    #[test]
    fn alarms_of_budgets_with_nothing_wrong_are_false() {
        use Level::{Green, Orange};
        let turns = levels(&[(10, Orange), (20, Green), (50, Orange), (60, Green)]);
        let truth = |is_harmful| [Truth { budget: "b".into(), is_harmful }];
        let span = TimeSpan::new(hour(0), hour(168));
        assert_eq!(summary(&[], &turns, span, Some(&truth(false))).false_alarms, Some(2.0));
        assert_eq!(summary(&[], &turns, span, Some(&truth(true))).false_alarms, Some(0.0));
    }
}
