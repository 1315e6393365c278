//! The fleet as metrics for OpenTelemetry: the same gauges as `OpenMetrics` has, in a message of OTLP.

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use crate::domain::text::printable;
use crate::domain::view::FleetView;
use crate::report::metrics::{Family, Labels, families};

/// Who sends.
const SERVICE: &str = "bedtop";

/// A request of OTLP with the metrics of a view as of `now`, in protobuf.
///
/// Metrics have no unit: a receiver that writes for Prometheus would make it a part of the name, and names are the same
/// either way.
#[must_use]
pub fn message(view: &FleetView, now: Timestamp) -> Vec<u8> {
    let nanos = u64::try_from(now.as_nanosecond()).unwrap_or(0);
    let metrics = families(view, now).into_iter().map(|family| gauge(family, nanos)).collect();
    let version = env!("CARGO_PKG_VERSION");
    let scope = InstrumentationScope { name: SERVICE.into(), version: version.into(), ..Default::default() };
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics, ..Default::default() }];
    let attributes = vec![text("service.name", SERVICE.into()), text("service.version", version.into())];
    let resource = Some(Resource { attributes, ..Default::default() });
    let resource_metrics = vec![ResourceMetrics { resource, scope_metrics, ..Default::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

/// What a receiver that took a message did not take of it, if it says so. An answer that is no OTLP says nothing.
#[must_use]
pub fn rejected(answer: &[u8]) -> Option<String> {
    let partial = ExportMetricsServiceResponse::decode(answer).ok()?.partial_success?;
    (partial.rejected_data_points > 0).then(|| {
        format!("{} points were not taken: {}", partial.rejected_data_points, printable(&partial.error_message))
    })
}

fn gauge(family: Family, nanos: u64) -> Metric {
    let data_points = family.samples.into_iter().map(|(labels, value)| point(labels, value, nanos)).collect();
    Metric {
        name: family.name.to_owned(),
        description: family.help.to_owned(),
        data: Some(metric::Data::Gauge(Gauge { data_points })),
        ..Default::default()
    }
}

fn point(labels: Labels, value: f64, nanos: u64) -> NumberDataPoint {
    NumberDataPoint {
        attributes: labels.into_iter().map(|(name, value)| text(name, value)).collect(),
        time_unix_nano: nanos,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..Default::default()
    }
}

fn text(key: &str, value: String) -> KeyValue {
    let value = Some(AnyValue { value: Some(any_value::Value::StringValue(value)) });
    KeyValue { key: key.to_owned(), value, ..Default::default() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;

    use super::*;
    use crate::app::fixtures;
    use crate::report::openmetrics;

    #[test]
    fn every_sample_of_openmetrics_is_in_the_message() {
        let view = fixtures::view();
        let sent = ExportMetricsServiceRequest::decode(&*message(&view, view.at)).expect("a message");
        let metrics = &sent.resource_metrics[0].scope_metrics[0].metrics;
        let points = |metric: &Metric| match &metric.data {
            Some(metric::Data::Gauge(gauge)) => gauge.data_points.len(),
            other => panic!("{other:?}"),
        };
        let served = openmetrics::text(&view, view.at).expect("text");
        let samples: Vec<&str> = served.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(metrics.iter().map(points).sum::<usize>(), samples.len());
        let name = |line: &&str| line.split(['{', ' ']).next().unwrap_or_default().to_owned();
        let served: BTreeSet<String> = samples.iter().map(name).collect();
        assert_eq!(metrics.iter().map(|metric| metric.name.clone()).collect::<BTreeSet<_>>(), served);
    }

    #[test]
    fn what_was_not_taken_is_told_without_escapes() {
        let partial = ExportMetricsPartialSuccess { rejected_data_points: 2, error_message: "too\u{1b}old".into() };
        let answer = ExportMetricsServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        assert_eq!(rejected(&answer).as_deref(), Some("2 points were not taken: too·old"));
        assert_eq!(rejected(b""), None);
        assert_eq!(rejected(b"<html>"), None);
    }
}
