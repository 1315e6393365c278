//! CloudWatch's counts: what is asked, and what becomes of the answers.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode};
use jiff::Timestamp;

use crate::domain::ids::ProfileKey;
use crate::domain::meter::{Counts, Meter};
use crate::domain::text::printable;
use crate::domain::usage::{Point, ProfileUsage};
use crate::source::aws::client::Clients;
use crate::source::aws::faults::fault;
use crate::source::{SourceError, SourceErrorKind, UsageReply, UsageRequest};

/// The most queries of one request (CloudWatch's limit).
const MOST_QUERIES: usize = 500;
const ACTION: &str = "cloudwatch:GetMetricData";
const NAMESPACE: &str = "AWS/Bedrock";

/// Metrics under one name.
const PLAIN: [(&str, Meter); 8] = [
    ("Invocations", Meter::Invocations),
    ("InputTokenCount", Meter::InputTokens),
    ("OutputTokenCount", Meter::OutputTokens),
    ("OutputImageCount", Meter::Images),
    ("InvocationClientErrors", Meter::ClientErrors),
    ("InvocationServerErrors", Meter::ServerErrors),
    ("InvocationThrottles", Meter::Throttles),
    ("InvocationLatency", Meter::LatencyMs),
];
/// One meter under two names, depending on the region: never added.
const CACHE: [(&str, &str, Meter); 2] = [
    ("CacheReadInputTokenCount", "CacheReadInputTokens", Meter::CacheReadTokens),
    ("CacheWriteInputTokenCount", "CacheWriteInputTokens", Meter::CacheWriteTokens),
];

/// Which of the two names of the cache metrics this account and region has, once one has answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CacheNames {
    /// Not known: both are asked for.
    #[default]
    Unknown,
    /// `...TokenCount`.
    Counts,
    /// `...Tokens`.
    Tokens,
}

/// One metric of one profile.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    profile: ProfileKey,
    metric: &'static str,
    meter: Meter,
}

/// The points so far, by profile.
type Gathered = BTreeMap<ProfileKey, BTreeMap<Timestamp, Counts>>;

/// The usage of the profiles over the span.
pub(super) async fn usage(
    clients: &Clients,
    request: &UsageRequest,
    cache_names: &mut CacheNames,
) -> Result<UsageReply, SourceError> {
    let wanted = wanted(&request.profiles, *cache_names);
    let mut gathered = Gathered::new();
    for batch in wanted.chunks(MOST_QUERIES).filter(|_| !request.span.is_empty()) {
        ask(clients, request, batch, &mut gathered, cache_names).await?;
    }
    let usage = gathered.into_iter().map(|(profile, points)| ProfileUsage {
        profile,
        points: points.into_iter().map(|(at, counts)| Point { at, counts }).collect(),
    });
    Ok(UsageReply {
        usage: usage.collect(),
        watermark: request.step.floor(request.now).min(request.span.end),
        metrics_requested: wanted.len() as u64,
        rows_refused: 0,
    })
}

fn wanted(profiles: &[ProfileKey], cache_names: CacheNames) -> Vec<Wanted> {
    let cache = CACHE.into_iter().flat_map(|(counts, tokens, meter)| {
        let names = match cache_names {
            CacheNames::Unknown => vec![counts, tokens],
            CacheNames::Counts => vec![counts],
            CacheNames::Tokens => vec![tokens],
        };
        names.into_iter().map(move |name| (name, meter))
    });
    let metrics: Vec<(&'static str, Meter)> = PLAIN.into_iter().chain(cache).collect();
    let of_profile = |profile: &ProfileKey| {
        let wanted = |&(metric, meter): &(&'static str, Meter)| Wanted { profile: profile.clone(), metric, meter };
        metrics.iter().map(wanted).collect::<Vec<_>>()
    };
    profiles.iter().flat_map(of_profile).collect()
}

/// Asks for one batch, page after page.
async fn ask(
    clients: &Clients,
    request: &UsageRequest,
    batch: &[Wanted],
    gathered: &mut Gathered,
    cache_names: &mut CacheNames,
) -> Result<(), SourceError> {
    let by_id: HashMap<String, &Wanted> =
        batch.iter().enumerate().map(|(index, it)| (format!("m{index}"), it)).collect();
    let queries = batch.iter().enumerate().map(|(index, wanted)| query(index, wanted, request)).collect::<Vec<_>>();
    let mut next_token = None;
    loop {
        let page = clients
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(DateTime::from_secs(request.span.start.as_second()))
            .end_time(DateTime::from_secs(request.span.end.as_second()))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(next_token)
            .send()
            .await
            .map_err(|error| fault(ACTION, &error, &clients.place))?;
        for result in page.metric_data_results() {
            let Some(wanted) = result.id().and_then(|id| by_id.get(id)) else { continue };
            check_status(result, wanted)?;
            take(result, wanted, request, gathered, cache_names)?;
        }
        next_token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if next_token.is_none() {
            return Ok(());
        }
    }
}

/// A sum by exactly the dimension `ModelId`, without a unit: a unit that does not fit would yield nothing.
fn query(index: usize, wanted: &Wanted, request: &UsageRequest) -> MetricDataQuery {
    let model_id = Dimension::builder().name("ModelId").value(wanted.profile.id.as_str()).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(wanted.metric).dimensions(model_id).build();
    let period = i32::try_from(request.step.seconds()).unwrap_or(60);
    let stat = MetricStat::builder().metric(metric).period(period).stat("Sum").build();
    MetricDataQuery::builder().id(format!("m{index}")).metric_stat(stat).return_data(true).build()
}

fn check_status(result: &MetricDataResult, wanted: &Wanted) -> Result<(), SourceError> {
    let (kind, said) = match result.status_code() {
        Some(StatusCode::Forbidden) => (SourceErrorKind::Denied, "forbidden"),
        Some(StatusCode::InternalError) => (SourceErrorKind::Service, "an internal error"),
        _ => return Ok(()),
    };
    let messages = result.messages().iter().filter_map(|message| message.value()).collect::<Vec<_>>().join("; ");
    Err(SourceError {
        kind,
        message: printable(&format!("{ACTION}: {said} for {} of {} {messages}", wanted.metric, wanted.profile.id)),
        remedy: format!("check that {ACTION} is allowed; bedtop asks again"),
    })
}

/// Takes points of the span; of two names of one meter the larger value counts.
fn take(
    result: &MetricDataResult,
    wanted: &Wanted,
    request: &UsageRequest,
    gathered: &mut Gathered,
    cache_names: &mut CacheNames,
) -> Result<(), SourceError> {
    for (time, &value) in result.timestamps().iter().zip(result.values()) {
        let at = Timestamp::from_second(time.secs()).ok().filter(|at| request.span.contains(*at));
        let Some(at) = at else { continue };
        let count = count(value).ok_or_else(|| SourceError {
            kind: SourceErrorKind::Service,
            message: format!("{ACTION}: {value} is no count of {}", wanted.metric),
            remedy: "bedtop asks again; please report it if it lasts".to_owned(),
        })?;
        let counts = gathered.entry(wanted.profile.clone()).or_default().entry(at).or_insert(Counts::EMPTY);
        counts.set(wanted.meter, counts.sum_of(wanted.meter).max(count));
        *cache_names = learned(*cache_names, wanted.metric);
    }
    Ok(())
}

fn learned(known: CacheNames, answered: &str) -> CacheNames {
    match known {
        CacheNames::Unknown if CACHE.iter().any(|(counts, _, _)| *counts == answered) => CacheNames::Counts,
        CacheNames::Unknown if CACHE.iter().any(|(_, tokens, _)| *tokens == answered) => CacheNames::Tokens,
        known => known,
    }
}

/// CloudWatch sends whole numbers as floats.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
fn count(value: f64) -> Option<u64> {
    (value.is_finite() && (0.0..1.8e19).contains(&value)).then(|| value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::{Step, TimeSpan};

    fn key() -> ProfileKey {
        ProfileKey { scope: "main".into(), id: "blkjc8qmk04r".into() }
    }

    fn request() -> UsageRequest {
        let at = |text: &str| text.parse::<Timestamp>().expect("a valid time");
        let span = TimeSpan::new(at("2026-11-24T12:00:00Z"), at("2026-11-24T12:05:00Z"));
        UsageRequest { now: span.end, span, step: Step::MINUTE, profiles: vec![key()] }
    }

    fn result(values: &[(i64, f64)]) -> MetricDataResult {
        let start = request().span.start.as_second();
        let times = values.iter().map(|(minute, _)| DateTime::from_secs(start + minute * 60)).collect();
        let values = values.iter().map(|(_, value)| *value).collect();
        MetricDataResult::builder().id("m0").set_timestamps(Some(times)).set_values(Some(values)).build()
    }

    /// A metric, its meter, and values by minute.
    type Answer<'a> = (&'static str, Meter, &'a [(i64, f64)]);

    fn taken(answers: &[Answer<'_>]) -> Result<Gathered, SourceError> {
        let mut gathered = Gathered::new();
        for &(metric, meter, values) in answers {
            let wanted = Wanted { profile: key(), metric, meter };
            take(&result(values), &wanted, &request(), &mut gathered, &mut CacheNames::default())?;
        }
        Ok(gathered)
    }

    #[test]
    fn the_query_has_the_bare_id_as_its_only_dimension() {
        let wanted = Wanted { profile: key(), metric: "Invocations", meter: Meter::Invocations };
        let query = query(3, &wanted, &request());
        let metric = query.metric_stat().and_then(MetricStat::metric).expect("a metric");
        let dimensions: Vec<_> = metric.dimensions().iter().map(|it| (it.name(), it.value())).collect();
        assert_eq!(dimensions, [(Some("ModelId"), Some("blkjc8qmk04r"))]);
        assert_eq!(query.metric_stat().and_then(MetricStat::unit), None);
    }

    #[test]
    fn two_names_of_a_meter_are_never_added() {
        let values: &[(i64, f64)] = &[(0, 100.0), (1, 50.0)];
        let gathered = taken(&[
            ("CacheReadInputTokenCount", Meter::CacheReadTokens, values),
            ("CacheReadInputTokens", Meter::CacheReadTokens, values),
        ]);
        let sum: u64 =
            gathered.expect("counts")[&key()].values().map(|counts| counts.sum_of(Meter::CacheReadTokens)).sum();
        assert_eq!(sum, 150);
    }

    #[test]
    fn the_other_name_is_not_asked_for_once_one_has_answered() {
        assert_eq!(wanted(&[key()], CacheNames::Unknown).len(), 12);
        assert_eq!(wanted(&[key()], learned(CacheNames::Unknown, "CacheWriteInputTokens")).len(), 10);
        assert_eq!(learned(CacheNames::Unknown, "Invocations"), CacheNames::Unknown);
    }

    #[test]
    fn points_outside_the_span_are_left_out_and_gaps_stay_gaps() {
        let gathered = taken(&[("Invocations", Meter::Invocations, &[(-1, 9.0), (2, 3.0), (5, 9.0)])]).expect("counts");
        let points: Vec<_> = gathered[&key()].values().copied().collect();
        assert_eq!(points, [Counts::EMPTY.with(Meter::Invocations, 3)]);
    }

    #[test]
    fn what_is_no_count_is_refused() {
        for value in [-1.0, f64::NAN, f64::INFINITY, 1e20] {
            assert!(taken(&[("Invocations", Meter::Invocations, &[(0, value)])]).is_err(), "{value}");
        }
    }
}
