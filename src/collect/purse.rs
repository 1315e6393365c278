//! The ceiling of what polling may cost a month, shared by the collectors of all scopes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::prelude::ToPrimitive;

use crate::cost::polling::{FREE_LISTINGS, METRICS_A_DOLLAR};
use crate::domain::calendar::Calendar;
use crate::domain::health::{ScopeStatus, Traffic};
use crate::domain::ids::ScopeName;
use crate::domain::money::Money;
use crate::domain::time::TimeSpan;

/// The share of the ceiling that fetching the past leaves for the present.
const KEPT_FOR_THE_PRESENT: f64 = 0.5;

/// The share of the rest that is planned with: profiles wake up that were idle.
const PLANNED: f64 = 0.9;

/// What is left to spend, and who wants how much of it.
#[derive(Debug)]
pub struct Purse {
    ceiling: Option<f64>,
    ledger: Mutex<Ledger>,
}

/// Counted in metrics: each request of the same price counts as one.
#[derive(Debug)]
struct Ledger {
    month: TimeSpan,
    spent: HashMap<ScopeName, Traffic>,
    wanted: HashMap<ScopeName, f64>,
}

impl Purse {
    /// A purse with this ceiling in USD a month, of which the scopes have spent what they know of this month. Without a
    /// ceiling nothing is held back.
    #[must_use]
    pub fn new(ceiling: Option<Money>, scopes: &[ScopeStatus], now: Timestamp) -> Self {
        let month = month_of(now);
        let of_this_month = scopes.iter().filter(|scope| scope.last_poll.is_some_and(|at| month.contains(at)));
        let spent = of_this_month.map(|scope| (scope.scope.clone(), scope.traffic_month)).collect();
        let ceiling = ceiling.and_then(|ceiling| ceiling.amount().to_f64());
        Self {
            ceiling: ceiling.map(|dollars| dollars * f64::from(METRICS_A_DOLLAR)),
            ledger: Mutex::new(Ledger { month, spent, wanted: HashMap::new() }),
        }
    }

    /// Notes what was spent.
    pub fn spend(&self, scope: &ScopeName, traffic: &Traffic, now: Timestamp) {
        self.ledger(now).spent.entry(scope.clone()).or_default().add(traffic);
    }

    /// How many metrics a second this scope may ask for so that the month ends below the ceiling, where it wants so
    /// many: all it wants, or its share of what is left.
    pub fn allowance(&self, scope: &ScopeName, wanted: f64, now: Timestamp) -> f64 {
        let mut ledger = self.ledger(now);
        ledger.wanted.insert(scope.clone(), wanted);
        let Some(ceiling) = self.ceiling else { return wanted };
        let seconds_left = ledger.month.end.duration_since(now).as_secs_f64().max(1.0);
        let left = (ceiling - ledger.billed()).max(0.0) * PLANNED / seconds_left;
        let share = wanted / ledger.wanted.values().sum::<f64>().max(f64::MIN_POSITIVE);
        wanted.min(left * share)
    }

    /// Whether there is enough left for so many metrics.
    pub fn affords(&self, metrics: usize, now: Timestamp) -> bool {
        self.has_room(metrics, 1.0, now)
    }

    /// Whether the past may be fetched with so many metrics: half of the ceiling is left for the present.
    pub fn affords_past(&self, metrics: usize, now: Timestamp) -> bool {
        self.has_room(metrics, KEPT_FOR_THE_PRESENT, now)
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of metrics")]
    fn has_room(&self, metrics: usize, share: f64, now: Timestamp) -> bool {
        let ledger = self.ledger(now);
        self.ceiling.is_none_or(|ceiling| ledger.billed() + metrics as f64 <= ceiling * share)
    }

    /// The ledger of this month. What a thread that panicked left is as good as any: it is only counters.
    fn ledger(&self, now: Timestamp) -> MutexGuard<'_, Ledger> {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= ledger.month.end {
            ledger.month = month_of(now);
            ledger.spent.clear();
        }
        ledger
    }
}

impl Ledger {
    #[expect(clippy::cast_precision_loss, reason = "a number of metrics")]
    fn billed(&self) -> f64 {
        let billed = |traffic: &Traffic| traffic.metrics + traffic.listings.saturating_sub(FREE_LISTINGS);
        self.spent.values().map(billed).sum::<u64>() as f64
    }
}

/// AWS bills in months of UTC.
fn month_of(now: Timestamp) -> TimeSpan {
    Calendar::months(TimeZone::UTC).span_at(now)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use rust_decimal::Decimal;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid time")
    }

    fn purse(dollars: i64) -> Purse {
        Purse::new(Some(Money::usd(Decimal::from(dollars))), &[], at("2026-11-01T00:00:00Z"))
    }

    fn metrics(metrics: u64) -> Traffic {
        Traffic { metrics, ..Traffic::default() }
    }

    #[test]
    fn scopes_share_what_is_left_of_the_month() {
        // 10 USD are a million metrics; 20 profiles of 7 series each minute are 60.48 USD in 30 days.
        let (purse, now) = (purse(10), at("2026-11-01T00:00:00Z"));
        let wanted = 20.0 * 7.0 / 60.0;
        let stretch = |scope: &str| wanted / purse.allowance(&scope.into(), wanted, now);
        assert!((stretch("one") - 6.72).abs() < 1e-9, "6.048 times, and a tenth to spare: {}", stretch("one"));
        assert!((stretch("two") - 13.44).abs() < 1e-9);
        purse.allowance(&"one".into(), 0.0, now);
        assert!((stretch("two") - 6.72).abs() < 1e-9, "an idle scope leaves it to others");
    }

    #[test]
    fn what_is_spent_is_gone_until_the_next_month() {
        let (purse, now) = (purse(10), at("2026-11-16T00:00:00Z"));
        purse.spend(&"one".into(), &metrics(999_000), now);
        assert!(purse.affords(1000, now) && !purse.affords(1001, now));
        assert!(purse.allowance(&"one".into(), 1.0, now) < 0.001);
        purse.spend(&"one".into(), &metrics(1000), now);
        assert!(purse.allowance(&"one".into(), 1.0, now) <= 0.0);
        assert!(purse.affords(1_000_000, at("2026-12-01T00:00:00Z")));
    }

    #[test]
    fn the_past_leaves_half_for_the_present() {
        let (purse, now) = (purse(10), at("2026-11-16T00:00:00Z"));
        assert!(purse.affords_past(500_000, now) && !purse.affords_past(500_001, now));
    }

    #[test]
    fn a_restart_goes_on_with_what_was_spent_this_month() {
        let now = at("2026-11-16T00:00:00Z");
        let status = |at: Timestamp| ScopeStatus {
            last_poll: Some(at),
            traffic_month: metrics(900_000),
            ..ScopeStatus::new("one".into())
        };
        let ceiling = Some(Money::usd(Decimal::TEN));
        assert!(!Purse::new(ceiling, &[status(now)], now).affords(100_001, now));
        let last_month = now - SignedDuration::from_hours(24 * 20);
        assert!(Purse::new(ceiling, &[status(last_month)], now).affords(100_001, now));
    }

    #[test]
    fn without_a_ceiling_nothing_is_held_back() {
        let now = at("2026-11-16T00:00:00Z");
        let purse = Purse::new(None, &[], now);
        assert!(purse.allowance(&"one".into(), 1e9, now) >= 1e9 && purse.affords(usize::MAX, now));
    }
}
