//! CloudWatch's counts: what is sent, and what becomes of the answers.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{MetricDataResult, ScanBy, StatusCode};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::domain::ids::ProfileKey;
use crate::domain::meter::{Counts, Meter};
use crate::domain::text::printable;
use crate::domain::usage::{Point, ProfileUsage};
use crate::source::aws::client::Clients;
use crate::source::aws::faults::fault;
use crate::source::aws::inventory::Inventory;
use crate::source::aws::queries::{CORE, CacheNames, Wanted, wanted};
use crate::source::{SourceError, SourceErrorKind, UsageReply, UsageRequest};

/// The most queries of one request (CloudWatch's limit).
const MOST_QUERIES: usize = 500;
/// How many requests are under way at a time.
const AT_A_TIME: usize = 4;
const ACTION: &str = "cloudwatch:GetMetricData";

/// The points so far, by profile.
type Gathered = BTreeMap<ProfileKey, BTreeMap<Timestamp, Counts>>;

/// What one request asks for.
struct Packet {
    wanted: Vec<Wanted>,
    from: Timestamp,
}

/// What the pages of one request brought.
struct Answer {
    values: Vec<Value>,
    shortfall: Option<SourceError>,
}

/// One value of one metric.
struct Value {
    /// Which of those that were asked for.
    index: usize,
    at: Timestamp,
    count: u64,
}

/// The usage of the profiles.
pub(super) async fn usage(
    clients: &Clients,
    request: &UsageRequest,
    inventory: &Inventory,
    cache_names: &mut CacheNames,
) -> Result<UsageReply, SourceError> {
    let packets = packets(request, inventory, *cache_names);
    let sent = (0..packets.len()).map(|index| ask(clients, request, &packets[index]));
    let mut answers = stream::iter(sent).buffered(AT_A_TIME);
    let mut gathered = Gathered::new();
    let mut shortfall = None;
    let mut waiting = packets.iter();
    // Each answer is taken as it comes: all of them at once would be many times what they say.
    while let Some((answer, packet)) = answers.try_next().await?.zip(waiting.next()) {
        shortfall = shortfall.or(answer.shortfall);
        for value in &answer.values {
            *cache_names = cache_names.learned(packet.wanted[value.index].metric);
        }
        take(packet, &answer.values, &mut gathered);
    }
    take_parts_out(&packets, &mut gathered);
    let usage = gathered.into_iter().map(|(profile, points)| ProfileUsage {
        profile,
        points: points.into_iter().map(|(at, counts)| Point { at, counts }).collect(),
    });
    Ok(UsageReply {
        usage: usage.filter(|usage| !usage.points.is_empty()).collect(),
        watermark: request.step.floor(request.now).min(request.until),
        rows_refused: 0,
        shortfall,
    })
}

/// As many metrics a request as it may have. Those with windows of the same length go together: each metric costs
/// the same however long its window is, but it takes time.
fn packets(request: &UsageRequest, inventory: &Inventory, cache_names: CacheNames) -> Vec<Packet> {
    let mut asks: Vec<_> = request.asks.iter().filter(|ask| ask.from < request.until).collect();
    asks.sort_by_key(|ask| std::cmp::Reverse(ask.from));
    let mut packets: Vec<Packet> = Vec::new();
    for ask in asks {
        let wanted = wanted(ask, inventory, cache_names);
        match packets.last_mut().filter(|packet| packet.wanted.len() + wanted.len() <= MOST_QUERIES) {
            Some(packet) => {
                packet.wanted.extend(wanted);
                packet.from = packet.from.min(ask.from);
            }
            None => packets.push(Packet { wanted, from: ask.from }),
        }
    }
    packets
}

/// Sends one request and follows its pages.
async fn ask(clients: &Clients, request: &UsageRequest, packet: &Packet) -> Result<Answer, SourceError> {
    let account = clients.account.as_deref();
    let queries = packet.wanted.iter().enumerate().map(|(index, wanted)| wanted.query(index, request.step, account));
    let operation = clients
        .cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(queries.collect()))
        .start_time(DateTime::from_secs(packet.from.as_second()))
        .end_time(DateTime::from_secs(request.until.as_second()))
        .scan_by(ScanBy::TimestampAscending);
    clients.counters.add_metrics(packet.wanted.len());
    let mut answer = Answer { values: Vec::new(), shortfall: None };
    let mut unfinished: Vec<usize> = Vec::new();
    let mut next_token: Option<String> = None;
    loop {
        clients.paces.metrics.wait().await;
        let page = operation.clone().set_next_token(next_token).send().await;
        let page = page.map_err(|error| fault(ACTION, &error, &clients.place))?;
        for result in page.metric_data_results() {
            let Some((index, wanted)) = which(result, packet) else { continue };
            match result.status_code() {
                Some(StatusCode::Forbidden | StatusCode::InternalError) => {
                    miss(refused(result, wanted), wanted, &mut answer)?;
                }
                Some(StatusCode::PartialData) => unfinished.push(index),
                _ => unfinished.retain(|other| *other != index),
            }
            read(result, index, wanted, packet.from, request.until, &mut answer.values)?;
        }
        next_token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if next_token.is_none() {
            break;
        }
    }
    for wanted in unfinished.into_iter().filter_map(|index| packet.wanted.get(index)) {
        miss(incomplete(wanted), wanted, &mut answer)?;
    }
    Ok(answer)
}

/// A metric that did not come: a failure of the poll where money hangs on it, else told and left out.
fn miss(error: SourceError, wanted: &Wanted, answer: &mut Answer) -> Result<(), SourceError> {
    if CORE.has(wanted.meter) {
        return Err(error);
    }
    answer.shortfall.get_or_insert(error);
    Ok(())
}

fn which<'a>(result: &MetricDataResult, packet: &'a Packet) -> Option<(usize, &'a Wanted)> {
    let index: usize = result.id()?.strip_prefix('m')?.parse().ok()?;
    Some((index, packet.wanted.get(index)?))
}

fn read(
    result: &MetricDataResult,
    index: usize,
    wanted: &Wanted,
    from: Timestamp,
    until: Timestamp,
    values: &mut Vec<Value>,
) -> Result<(), SourceError> {
    for (time, &value) in result.timestamps().iter().zip(result.values()) {
        let inside = |at: &Timestamp| from <= *at && *at < until;
        let Some(at) = Timestamp::from_second(time.secs()).ok().filter(inside) else { continue };
        let count = count(value).ok_or_else(|| SourceError {
            kind: SourceErrorKind::Service,
            message: format!("{ACTION}: {value} is no count of {}", wanted.metric),
            remedy: "bedtop asks again; please report it if it lasts".to_owned(),
        })?;
        values.push(Value { index, at, count });
    }
    Ok(())
}

/// Takes values. What one query tells twice counts once; what several tell of one metric (a tier that was asked for
/// in several ways) is added; and of two names of one meter the larger one counts.
fn take(packet: &Packet, values: &[Value], gathered: &mut Gathered) {
    let mut told: BTreeMap<(usize, Timestamp), u64> = BTreeMap::new();
    for value in values {
        let once = told.entry((value.index, value.at)).or_default();
        *once = value.count.max(*once);
    }
    let mut sums: BTreeMap<(&ProfileKey, Timestamp, Meter, &str), u64> = BTreeMap::new();
    for ((index, at), count) in told {
        let wanted = &packet.wanted[index];
        let sum = sums.entry((&wanted.profile, at, wanted.meter, wanted.metric)).or_default();
        *sum = sum.saturating_add(count);
    }
    for ((profile, at, meter, _), count) in sums {
        let points = gathered.entry(profile.clone()).or_default();
        let counts = points.entry(at).or_insert(Counts::EMPTY);
        counts.set(meter, counts.sum_of(meter).max(count));
    }
}

/// What is counted under a tier is no longer counted under the whole.
fn take_parts_out(packets: &[Packet], gathered: &mut Gathered) {
    let parts = packets.iter().flat_map(|packet| &packet.wanted);
    let parts: BTreeMap<&ProfileKey, &ProfileKey> =
        parts.filter_map(|wanted| Some((&wanted.profile, wanted.whole.as_ref()?))).collect();
    for (part, whole) in parts {
        let Some(of_part) = gathered.get(part).cloned() else { continue };
        let Some(of_whole) = gathered.get_mut(whole) else { continue };
        for (at, counts) in of_part {
            if let Some(left) = of_whole.get_mut(&at) {
                *left = left.less(&counts);
            }
        }
    }
}

fn refused(result: &MetricDataResult, wanted: &Wanted) -> SourceError {
    let (kind, said) = match result.status_code() {
        Some(StatusCode::Forbidden) => (SourceErrorKind::Denied, "forbidden"),
        _ => (SourceErrorKind::Service, "an internal error"),
    };
    let messages = result.messages().iter().filter_map(|message| message.value()).collect::<Vec<_>>().join("; ");
    SourceError {
        kind,
        message: printable(&format!("{ACTION}: {said} for {} of {} {messages}", wanted.metric, wanted.profile.id)),
        remedy: format!("check that {ACTION} is allowed; bedtop asks again"),
    }
}

fn incomplete(wanted: &Wanted) -> SourceError {
    SourceError {
        kind: SourceErrorKind::Service,
        message: printable(&format!("{ACTION}: {} of {} was only told in part", wanted.metric, wanted.profile.id)),
        remedy: "bedtop asks again".to_owned(),
    }
}

/// CloudWatch sends whole numbers as floats, and latencies with fractions.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
fn count(value: f64) -> Option<u64> {
    (value.is_finite() && (0.0..1.8e19).contains(&value)).then(|| value.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meter::MeterSet;
    use crate::domain::time::Step;
    use crate::source::Ask;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid time")
    }

    fn ask(id: &str, from: &str) -> Ask {
        let profile = ProfileKey { scope: "main".into(), id: id.into() };
        Ask { profile, meters: MeterSet::of(&[Meter::Invocations, Meter::CacheReadTokens]), from: at(from) }
    }

    fn request(asks: Vec<Ask>) -> UsageRequest {
        let now = at("2026-11-24T12:05:00Z");
        UsageRequest { now, until: now, step: Step::MINUTE, asks }
    }

    fn packet(asks: Vec<Ask>) -> Packet {
        packets(&request(asks), &Inventory::default(), CacheNames::Unknown).remove(0)
    }

    fn result(values: &[(i64, f64)]) -> MetricDataResult {
        let start = at("2026-11-24T12:00:00Z").as_second();
        let times = values.iter().map(|(minute, _)| DateTime::from_secs(start + minute * 60)).collect();
        let values = values.iter().map(|(_, value)| *value).collect();
        MetricDataResult::builder().id("m1").set_timestamps(Some(times)).set_values(Some(values)).build()
    }

    fn read_all(answers: &[(usize, MetricDataResult)], packet: &Packet) -> Result<Gathered, SourceError> {
        let (mut gathered, mut values) = (Gathered::new(), Vec::new());
        for (index, result) in answers {
            let wanted = &packet.wanted[*index];
            read(result, *index, wanted, packet.from, at("2026-11-24T12:05:00Z"), &mut values)?;
        }
        take(packet, &values, &mut gathered);
        Ok(gathered)
    }

    #[test]
    fn two_names_of_a_meter_and_values_that_come_twice_are_never_added() {
        let packet = packet(vec![ask("blkjc8qmk04r", "2026-11-24T12:00:00Z")]);
        let (late, early) = (result(&[(1, 50.0), (0, 100.0)]), result(&[(0, 100.0)]));
        let gathered = read_all(&[(1, late.clone()), (2, late), (1, early)], &packet).expect("counts");
        let sum: u64 = gathered.values().flat_map(BTreeMap::values).map(|it| it.sum_of(Meter::CacheReadTokens)).sum();
        assert_eq!(sum, 150);
    }

    #[test]
    fn points_outside_the_span_are_left_out_and_gaps_stay_gaps() {
        let packet = packet(vec![ask("blkjc8qmk04r", "2026-11-24T12:00:00Z")]);
        let gathered = read_all(&[(0, result(&[(-1, 9.0), (2, 3.0), (5, 9.0)]))], &packet).expect("counts");
        let points: Vec<_> = gathered.values().flat_map(BTreeMap::values).copied().collect();
        assert_eq!(points, [Counts::EMPTY.with(Meter::Invocations, 3)]);
    }

    #[test]
    fn what_is_no_count_is_refused() {
        let packet = packet(vec![ask("blkjc8qmk04r", "2026-11-24T12:00:00Z")]);
        for value in [-1.0, f64::NAN, f64::INFINITY, 1e20] {
            assert!(read_all(&[(0, result(&[(0, value)]))], &packet).is_err(), "{value}");
        }
    }

    #[test]
    fn requests_are_full_and_windows_of_one_length_go_together() {
        let recent = |number| ask(&format!("recent{number:06}"), "2026-11-24T11:50:00Z");
        let mut asks: Vec<Ask> = (0..166).map(recent).collect();
        asks.insert(3, ask("looked-at-rarely", "2026-11-24T09:00:00Z"));
        let packets = packets(&request(asks), &Inventory::default(), CacheNames::Unknown);
        let sizes: Vec<usize> = packets.iter().map(|packet| packet.wanted.len()).collect();
        assert_eq!(sizes, [498, 3]);
        assert_eq!(packets[0].from, at("2026-11-24T11:50:00Z"));
    }

    #[test]
    fn only_a_metric_that_money_hangs_on_fails_the_poll() {
        let packet = packet(vec![ask("blkjc8qmk04r", "2026-11-24T12:00:00Z")]);
        let mut answer = Answer { values: Vec::new(), shortfall: None };
        let mut latency = packet.wanted[0].clone();
        latency.meter = Meter::LatencyP99Ms;
        assert!(miss(incomplete(&latency), &latency, &mut answer).is_ok());
        assert!(answer.shortfall.is_some());
        assert!(miss(incomplete(&packet.wanted[0]), &packet.wanted[0], &mut answer).is_err());
    }

    #[test]
    fn a_tier_that_was_asked_for_in_two_ways_is_added() {
        let whole = packet(vec![ask("blkjc8qmk04r", "2026-11-24T12:00:00Z")]);
        let twice = Packet { wanted: vec![whole.wanted[0].clone(), whole.wanted[0].clone()], from: whole.from };
        let gathered = read_all(&[(0, result(&[(0, 3.0)])), (1, result(&[(0, 4.0)]))], &twice).expect("counts");
        let sum: u64 = gathered.values().flat_map(BTreeMap::values).map(|it| it.sum_of(Meter::Invocations)).sum();
        assert_eq!(sum, 7);
    }

    #[test]
    fn a_part_is_taken_out_of_its_whole() {
        let key = |id: &str| ProfileKey { scope: "main".into(), id: id.into() };
        let whole = packet(vec![ask("blkjc8qmk04r", "2026-11-24T12:00:00Z")]).wanted.remove(0);
        let mut part = whole.clone();
        (part.profile, part.whole) = (key("blkjc8qmk04r@flex"), Some(whole.profile.clone()));
        let packets = [Packet { wanted: vec![whole, part], from: at("2026-11-24T12:00:00Z") }];
        let counts = |count| BTreeMap::from([(packets[0].from, Counts::EMPTY.with(Meter::Invocations, count))]);
        let mut gathered = Gathered::from([(key("blkjc8qmk04r"), counts(10)), (key("blkjc8qmk04r@flex"), counts(4))]);
        take_parts_out(&packets, &mut gathered);
        assert_eq!(gathered, Gathered::from([(key("blkjc8qmk04r"), counts(6)), (key("blkjc8qmk04r@flex"), counts(4))]));
    }
}
