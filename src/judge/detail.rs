//! A tenant in depth: its meters over the last hours.

use jiff::Timestamp;

use crate::domain::event::{LevelChange, Subject};
use crate::domain::history::History;
use crate::domain::ids::{Owner, ProfileRef};
use crate::domain::meter::{Counts, Meter};
use crate::domain::profile::Profile;
use crate::domain::time::{Step, TimeSpan};
use crate::domain::view::{MeterSeries, TenantDetail};
use crate::judge::POINTS_REACH;
use crate::judge::policy::Policy;
use crate::judge::rating::Rates;

/// The narrowest bucket: 6 hours are then 120 of them.
const NARROWEST_BUCKET: Step = Step::from_minutes(3);

/// How many changes of level are looked through for the tenant's own.
const LOG_REACH: usize = 2000;

/// Counts and dollars of one bucket.
#[derive(Clone, Copy, Default)]
struct Bucket {
    counts: Counts,
    dollars: f64,
}

/// What an owner's profiles did over the last 6 hours.
#[must_use]
pub fn tenant_detail(history: &dyn History, policy: &Policy, owner: &Owner, now: Timestamp) -> TenantDetail {
    let bucket = history.step().max(NARROWEST_BUCKET);
    let end = bucket.floor(now);
    let span = TimeSpan::new(end.saturating_sub(POINTS_REACH).unwrap_or(Timestamp::MIN), end);
    let length = usize::try_from(span.length().as_secs() / bucket.seconds()).unwrap_or(0);
    let mut buckets = vec![Bucket::default(); length];
    let mut known_until = now;
    let owned = history.profiles().into_iter().filter(|(_, versions)| is_owned(versions, policy, owner));
    for (profile, versions) in owned {
        known_until = known_until.min(watermark(history, versions, now));
        fill(&mut buckets, history, policy, (profile, versions), span, bucket);
    }
    let known = |index: usize| {
        let bucket_end = span.start.as_second() + bucket.seconds() * i64::try_from(index + 1).unwrap_or(i64::MAX);
        bucket_end <= known_until.as_second()
    };
    TenantDetail {
        owner: owner.clone(),
        at: now,
        span,
        bucket,
        meters: meters(&buckets, known),
        cost: buckets.iter().enumerate().map(|(index, b)| known(index).then_some(b.dollars)).collect(),
        log: log(history, owner, now),
    }
}

fn is_owned(versions: &[Profile], policy: &Policy, owner: &Owner) -> bool {
    versions.last().is_some_and(|newest| &policy.tenancy.owner(newest) == owner)
}

fn watermark(history: &dyn History, versions: &[Profile], now: Timestamp) -> Timestamp {
    let scopes = history.scopes(now);
    let scope = versions.last().and_then(|newest| scopes.iter().find(|scope| scope.scope == newest.key.scope));
    scope.and_then(|scope| scope.watermark).unwrap_or(Timestamp::MIN)
}

fn fill(
    buckets: &mut [Bucket],
    history: &dyn History,
    policy: &Policy,
    (profile, versions): (ProfileRef, &[Profile]),
    span: TimeSpan,
    width: Step,
) {
    let rates = Rates::new(versions, policy);
    for point in history.points(profile, span) {
        let index = point.at.duration_since(span.start).as_secs() / width.seconds();
        if let Some(bucket) = usize::try_from(index).ok().and_then(|index| buckets.get_mut(index)) {
            bucket.counts.add(&point.counts);
            bucket.dollars += rates.price(point.at, &point.counts).cost.likely.to_f64();
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart")]
fn meters(buckets: &[Bucket], known: impl Fn(usize) -> bool) -> Vec<MeterSeries> {
    let reported = Meter::ALL.into_iter().filter(|&meter| buckets.iter().any(|bucket| bucket.counts.has(meter)));
    let value = |meter, counts: &Counts| match meter {
        Meter::LatencyMs => counts.average_latency_ms(),
        _ => Some(counts.sum_of(meter) as f64),
    };
    let series = |meter| MeterSeries {
        meter,
        values: buckets.iter().enumerate().map(|(i, b)| known(i).then(|| value(meter, &b.counts)).flatten()).collect(),
    };
    reported.map(series).collect()
}

fn log(history: &dyn History, owner: &Owner, now: Timestamp) -> Vec<LevelChange> {
    let subject = Subject::Owner(owner.clone());
    let mut changes = history.changes(now, LOG_REACH);
    changes.retain(|change| change.alert.subject == subject);
    changes
}
