//! A tenant, or one of its profiles, in depth: its meters over the last hours, and how the period adds up.

use jiff::{SignedDuration, Timestamp};

use crate::domain::event::{LevelChange, Subject};
use crate::domain::history::History;
use crate::domain::ids::{BudgetId, Owner, ProfileRef};
use crate::domain::meter::{Aggregation, Counts, Meter};
use crate::domain::profile::Profile;
use crate::domain::time::{HOUR_SECONDS, Step, TimeSpan};
use crate::domain::usage::Point;
use crate::domain::view::{BudgetRow, Focus, MeterSeries, SpendCurve, TenantDetail};
use crate::judge::POINTS_REACH;
use crate::judge::policy::Policy;
use crate::judge::rating::Rates;

mod curve;

/// How many buckets a chart has at most.
const BUCKETS: i64 = 120;
/// Up to here five minutes are read, beyond it hours.
const FIVE_MINUTES_REACH: SignedDuration = SignedDuration::from_hours(48);
/// How many changes of level are looked through for the tenant's own.
const LOG_REACH: usize = 2000;

/// Counts and dollars of one bucket.
#[derive(Clone, Copy, Default)]
struct Bucket {
    counts: Counts,
    dollars: f64,
}

/// Details as they are asked for again and again; what changes slowly is not made anew each time.
#[derive(Debug, Default)]
pub struct Details {
    kept: Option<(CurveKey, Option<SpendCurve>)>,
}

/// What a curve is good for: whose, towards which budget, and when. A curve of a day or more does not look different
/// ten minutes later.
type CurveKey = (Owner, Option<BudgetId>, Timestamp);
const CURVE_HOLDS: Step = Step::from_minutes(10);

impl Details {
    /// [`tenant_detail`] with its curve, where it is not of one profile alone.
    #[must_use]
    pub fn of(
        &mut self,
        history: &dyn History,
        policy: &Policy,
        focus: &Focus,
        budget: Option<&BudgetRow>,
        now: Timestamp,
    ) -> TenantDetail {
        let mut detail = tenant_detail(history, policy, focus, now);
        if focus.profile.is_none() {
            let key = (focus.owner.clone(), budget.map(|budget| budget.id.clone()), CURVE_HOLDS.floor(now));
            let kept = self.kept.take().filter(|(known, _)| *known == key);
            let (key, curve) = kept.unwrap_or_else(|| {
                let owned = looked_at(history, policy, focus);
                (key, curve::curve(history, policy, &owned, budget, now))
            });
            detail.curve.clone_from(&curve);
            self.kept = Some((key, curve));
        }
        detail
    }
}

fn looked_at<'h>(history: &'h dyn History, policy: &Policy, focus: &Focus) -> Vec<(ProfileRef, &'h [Profile])> {
    history.profiles().into_iter().filter(|(_, versions)| is_looked_at(versions, policy, focus)).collect()
}

/// What an owner's profiles did over the reach of the focus.
#[must_use]
pub fn tenant_detail(history: &dyn History, policy: &Policy, focus: &Focus, now: Timestamp) -> TenantDetail {
    let bucket = bucket(history.step(), focus.reach);
    let end = bucket.floor(now);
    let span = TimeSpan::new(end.saturating_sub(focus.reach).unwrap_or(Timestamp::MIN), end);
    let length = usize::try_from(span.length().as_secs() / bucket.seconds()).unwrap_or(0);
    let mut buckets = vec![Bucket::default(); length];
    let mut known_until = now;
    for (profile, versions) in looked_at(history, policy, focus) {
        known_until = known_until.min(watermark(history, versions, now));
        fill(&mut buckets, history, policy, (profile, versions), span, bucket);
    }
    let known = |index: usize| {
        let bucket_end = span.start.as_second() + bucket.seconds() * i64::try_from(index + 1).unwrap_or(i64::MAX);
        bucket_end <= known_until.as_second()
    };
    TenantDetail {
        owner: focus.owner.clone(),
        profile: focus.profile.clone(),
        at: now,
        span,
        bucket,
        meters: meters(&buckets, known),
        cost: buckets.iter().enumerate().map(|(index, b)| known(index).then_some(b.dollars)).collect(),
        explanations: Vec::new(),
        curve: None,
        log: log(history, &focus.owner, now),
    }
}

/// The width of a bucket: about [`BUCKETS`] of them, of whole steps of what is read.
fn bucket(step: Step, reach: SignedDuration) -> Step {
    let finest = match reach {
        reach if reach <= POINTS_REACH => step.seconds(),
        reach if reach <= FIVE_MINUTES_REACH => step.seconds().max(Step::FIVE_MINUTES.seconds()),
        _ => HOUR_SECONDS.max(step.seconds()),
    };
    let wanted = reach.as_secs() / BUCKETS;
    let steps = (wanted + finest - 1) / finest;
    u32::try_from(finest * steps.max(1)).map_or(Step::HOUR, Step::from_seconds)
}

fn is_looked_at(versions: &[Profile], policy: &Policy, focus: &Focus) -> bool {
    let fits = |newest: &Profile| match &focus.profile {
        Some((key, tier)) => &newest.key == key && newest.tier == *tier,
        None => policy.tenancy.owner(newest) == focus.owner,
    };
    versions.last().is_some_and(fits)
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
    for point in read(history, profile, span) {
        let index = point.at.duration_since(span.start).as_secs() / width.seconds();
        if let Some(bucket) = usize::try_from(index).ok().and_then(|index| buckets.get_mut(index)) {
            bucket.counts.add(&point.counts);
            bucket.dollars += rates.price(point.at, &point.counts).cost.likely.to_f64();
        }
    }
}

/// What of a profile is read for a span: the finer, the shorter it is.
fn read(history: &dyn History, profile: ProfileRef, span: TimeSpan) -> Vec<Point> {
    match span.length() {
        length if length <= POINTS_REACH => history.points(profile, span),
        length if length <= FIVE_MINUTES_REACH && history.step() <= Step::FIVE_MINUTES => {
            history.five_minutes(profile, span)
        }
        _ => history.hours(profile, span),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart")]
fn meters(buckets: &[Bucket], known: impl Fn(usize) -> bool) -> Vec<MeterSeries> {
    let reported = Meter::ALL.into_iter().filter(|&meter| buckets.iter().any(|bucket| bucket.counts.has(meter)));
    let value = |meter: Meter, counts: &Counts| match meter {
        Meter::LatencyMs => counts.average_latency_ms(),
        // Nothing was measured where nobody asked; a latency of zero would be a lie.
        meter if meter.aggregation() == Aggregation::Worst => counts.get(meter).map(|value| value as f64),
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
