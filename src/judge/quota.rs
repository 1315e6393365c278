//! Quotas: what all profiles of a scope use of one model together, who holds most of it, and when it is full.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::alert::calls::THROTTLES;
use crate::alert::machine::Machine;
use crate::alert::quota::{Quota, assess};
use crate::domain::event::{AlertKey, Signal, Subject};
use crate::domain::health::Health;
use crate::domain::ids::{ModelId, Owner, ScopeName};
use crate::domain::meter::{Counts, Meter};
use crate::domain::quota::{ModelQuota, quota_tokens};
use crate::domain::time::TimeSpan;
use crate::domain::view::{Assessment, QuotaHolder, QuotaRow};
use crate::judge::page::Entry;
use crate::judge::policy::Policy;
use crate::judge::tally::Tally;

/// Over how long a rise is taken.
const RISE: SignedDuration = SignedDuration::from_hours(1);

/// What is used of a model in a scope.
#[derive(Debug, Default)]
pub(super) struct QuotaTally {
    /// Counts of the speed window.
    lately: Counts,
    /// Counts of a window as long, an hour before.
    before: Counts,
    /// Tokens of the speed window by owner.
    holders: BTreeMap<Owner, f64>,
    /// What the signal says.
    pub assessed: Option<Assessment>,
}

/// The tallies by scope and model.
pub(super) type Quotas = BTreeMap<(ScopeName, ModelId), QuotaTally>;

impl QuotaTally {
    /// Adds what a profile of `owner` used; `window` is the speed window.
    pub(super) fn add(&mut self, entries: &[Entry], window: TimeSpan, owner: &Owner) {
        let earlier = |at: Timestamp| at.saturating_sub(RISE).unwrap_or(at);
        let before = TimeSpan::new(earlier(window.start), earlier(window.end));
        let mut own = Counts::EMPTY;
        for entry in entries {
            if window.contains(entry.point.at) {
                own.add(&entry.point.counts);
            } else if before.contains(entry.point.at) {
                self.before.add(&entry.point.counts);
            }
        }
        self.lately.add(&own);
        *self.holders.entry(owner.clone()).or_default() += quota_tokens(&own, 1.0);
    }

    #[expect(clippy::cast_precision_loss, reason = "a speed")]
    fn sum(&self, meter: Meter) -> f64 {
        self.lately.sum_of(meter) as f64
    }

    /// Its owners with their shares of the tokens, the greatest first.
    fn shares(&self) -> Vec<QuotaHolder> {
        let all: f64 = self.holders.values().sum();
        let used = self.holders.iter().filter(|(_, tokens)| **tokens > 0.0);
        let mut shares: Vec<QuotaHolder> =
            used.map(|(owner, tokens)| QuotaHolder { owner: owner.clone(), share: tokens / all }).collect();
        shares.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.owner.cmp(&b.owner)));
        shares
    }

    /// The row of a quota, at the level of green.
    fn row(&self, (scope, model): (&ScopeName, &ModelId), limits: Option<&ModelQuota>, minutes: f64) -> QuotaRow {
        let burndown = limits.map_or(1.0, |limits| limits.output_burndown);
        let (now, before) =
            (quota_tokens(&self.lately, burndown) / minutes, quota_tokens(&self.before, burndown) / minutes);
        let requests = self.sum(Meter::Invocations) / minutes;
        let limit = |of: fn(&ModelQuota) -> Option<u64>| limits.and_then(of).map(as_f64);
        let (tokens_limit, requests_limit) =
            (limit(|quota| quota.tokens_per_minute), limit(|quota| quota.requests_per_minute));
        let share = |used: f64, limit: Option<f64>| limit.map(|limit| used / limit);
        let used = [share(now, tokens_limit), share(requests, requests_limit)].into_iter().flatten().reduce(f64::max);
        QuotaRow {
            scope: scope.clone(),
            model: model.clone(),
            level: crate::domain::level::Level::Green,
            tokens_limit,
            tokens_per_minute: now,
            requests_limit,
            requests_per_minute: requests,
            used,
            throttles_per_minute: THROTTLES.iter().map(|meter| self.sum(*meter)).sum::<f64>() / minutes,
            minutes_to_throttle: tokens_limit.and_then(|limit| minutes_left(limit, now, before)),
            holders: self.shares(),
        }
    }
}

/// Minutes until a limit is reached, as it rose in the last hour; `None` where it does not rise.
fn minutes_left(limit: f64, now: f64, before: f64) -> Option<f64> {
    let rise = (now - before) / RISE.as_secs_f64() * 60.0;
    if now >= limit { Some(0.0) } else { (rise > 0.0).then(|| (limit - now) / rise) }
}

#[expect(clippy::cast_precision_loss, reason = "a limit for a share")]
fn as_f64(limit: u64) -> f64 {
    limit as f64
}

/// The rows of all quotas at the levels that their alerts stand at, the fullest first.
pub(super) fn rows(tally: &Tally, policy: &Policy, machine: &Machine) -> Vec<QuotaRow> {
    let minutes = tally.rate_window().as_secs_f64() / 60.0;
    let row = |((scope, model), quota): (&(ScopeName, ModelId), &QuotaTally)| {
        let limits = ModelQuota::of(&policy.quotas, scope, model);
        let subject = Subject::Quota(scope.clone(), model.clone());
        let level = machine.level_of(&AlertKey { subject, signal: Signal::Quota, budget: None });
        QuotaRow { level, ..quota.row((scope, model), limits, minutes) }
    };
    let mut rows: Vec<QuotaRow> = tally.quotas.iter().map(row).collect();
    rows.sort_by(|a, b| b.used.unwrap_or(-1.0).total_cmp(&a.used.unwrap_or(-1.0)).then_with(|| by_name(a, b)));
    rows
}

fn by_name(a: &QuotaRow, b: &QuotaRow) -> std::cmp::Ordering {
    b.tokens_per_minute.total_cmp(&a.tokens_per_minute).then_with(|| (&a.scope, &a.model).cmp(&(&b.scope, &b.model)))
}

/// What the signal says of a quota.
pub(super) fn assess_quota(
    key: &(ScopeName, ModelId),
    quota: &QuotaTally,
    policy: &Policy,
    minutes: f64,
) -> Assessment {
    let limits = ModelQuota::of(&policy.quotas, &key.0, &key.1);
    let row = quota.row((&key.0, &key.1), limits, minutes);
    let calls = row.requests_per_minute + row.throttles_per_minute;
    let seen = Quota {
        used: row.used,
        throttles_per_minute: row.throttles_per_minute,
        throttled_share: if calls > 0.0 { row.throttles_per_minute / calls } else { 0.0 },
        minutes_to_throttle: row.minutes_to_throttle,
        holder: row.holders.first().map(|holder| (holder.owner.name().to_owned(), holder.share)),
    };
    let subject = Subject::Quota(key.0.clone(), key.1.clone());
    assess(&seen, &policy.thresholds_of(&AlertKey { subject, signal: Signal::Quota, budget: None }, None).quota)
}

/// The health of a scope of the tally.
pub(super) fn health_of(tally: &Tally, scope: &ScopeName) -> Health {
    tally.scopes.iter().find(|known| known.status.scope == *scope).map_or(Health::NoData, |known| known.health)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_goes_on_until_the_limit() {
        assert_eq!(minutes_left(100.0, 70.0, 10.0), Some(30.0), "a minute each minute");
        assert_eq!(minutes_left(100.0, 70.0, 70.0), None, "it does not rise");
        assert_eq!(minutes_left(100.0, 120.0, 150.0), Some(0.0), "it is full");
    }
}
