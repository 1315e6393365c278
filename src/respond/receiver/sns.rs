//! A topic of Amazon SNS. The message has the keys of CloudWatch's alarm notices, so that what reads those reads it; the
//! whole event is beside them. Level, tenant and signal are attributes, for filters of subscriptions.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use serde_json::{Value, json};

use crate::config::Sns;
use crate::domain::arn::Arn;
use crate::respond::event::{Event, clipped};
use crate::respond::letter::{Job, Verdict};
use crate::respond::receiver::Context;

/// SNS takes subjects of up to 100 ASCII characters.
const LONGEST_SUBJECT: usize = 95;
/// Codes after which another try makes no sense.
const FINAL: [&str; 5] =
    ["AuthorizationError", "AuthorizationErrorException", "InvalidParameter", "NotFound", "EndpointDisabled"];

/// Publishes the events of a letter in order.
pub(super) async fn tell(topic: &Sns, job: &Job, context: &Context<'_>) -> Verdict {
    let client = client(topic, context.timeout).await;
    let mut last = Verdict::delivered();
    for (number, event) in job.letter.events.iter().enumerate() {
        last = match tokio::time::timeout(context.timeout, publish(&client, topic, job, (number, event))).await {
            Ok(verdict) => verdict,
            Err(_) => Verdict::Retry { why: "no answer in time".to_owned(), after: None, maybe_received: true },
        };
        if !matches!(last, Verdict::Delivered { .. }) {
            return last;
        }
    }
    last
}

async fn client(topic: &Sns, timeout: Duration) -> Client {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(timeout).build());
    if let Some(arn) = Arn::parse(&topic.topic_arn) {
        loader = loader.region(Region::new(arn.region.to_owned()));
    }
    if let Some(profile) = &topic.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &topic.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    Client::new(&loader.load().await)
}

async fn publish(client: &Client, topic: &Sns, job: &Job, (number, event): (usize, &Event)) -> Verdict {
    let mut call = client
        .publish()
        .topic_arn(&topic.topic_arn)
        .subject(subject(event))
        .message(message(event, &topic.topic_arn).to_string());
    for (name, value) in attributes(event, &job.letter.key) {
        // A text that is not empty is always an attribute.
        if let Ok(value) = MessageAttributeValue::builder().data_type("String").string_value(value).build() {
            call = call.message_attributes(name, value);
        }
    }
    if is_fifo(&topic.topic_arn) {
        call = call
            .message_group_id(clipped(&event.fingerprint, 100))
            .message_deduplication_id(format!("{}-{number}", job.letter.key));
    }
    match call.send().await {
        Ok(sent) => Verdict::Delivered { note: sent.message_id().map(str::to_owned), memo: None, ran: false },
        Err(error) => verdict(&error),
    }
}

/// The names of such topics end so, in lower case.
fn is_fifo(topic: &str) -> bool {
    topic.rsplit('.').next() == Some("fifo")
}

fn verdict(error: &SdkError<PublishError>) -> Verdict {
    let why = clipped(&format!("SNS: {}", DisplayErrorContext(error)), 250);
    if error.code().is_some_and(|code| FINAL.contains(&code)) {
        return Verdict::Refused(why);
    }
    let maybe_received = matches!(error, SdkError::TimeoutError(_) | SdkError::ResponseError(_));
    Verdict::Retry { why, after: None, maybe_received }
}

fn subject(event: &Event) -> String {
    let plain: String = event.headline().chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    plain.get(..LONGEST_SUBJECT).unwrap_or(&plain).trim().to_owned()
}

fn attributes(event: &Event, key: &str) -> Vec<(&'static str, String)> {
    let mut attributes = vec![
        ("level", event.level.name().to_owned()),
        ("signal", event.signal.name().to_owned()),
        ("kind", event.kind.name().to_owned()),
        ("key", key.to_owned()),
    ];
    attributes.extend(event.tenant.clone().filter(|tenant| !tenant.is_empty()).map(|tenant| ("tenant", tenant)));
    attributes
}

fn message(event: &Event, topic: &str) -> Value {
    let (account, region) = Arn::parse(topic).map(|arn| (arn.account, arn.region)).unwrap_or_default();
    let state = |is_ok: bool| if is_ok { "OK" } else { "ALARM" };
    json!({
        "AlarmName": format!("bedtop {} {}", event.subject(), event.signal.name()),
        "AlarmDescription": event.reason,
        "AWSAccountId": account,
        "NewStateValue": state(event.is_end()),
        "NewStateReason": event.headline(),
        "StateChangeTime": event.at,
        "Region": region,
        "OldStateValue": state(event.previous <= crate::domain::level::Level::Blind),
        "Trigger": {
            "MetricName": event.signal.name(),
            "Namespace": "bedtop",
            "Threshold": event.threshold,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        },
        "bedtop": event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::level::Level;
    use crate::domain::notice::NoticeKind;
    use crate::respond::fixtures::event;

    #[test]
    fn the_message_has_the_keys_of_an_alarm_notice() {
        let message = |kind, level| message(&event("acme", kind, level), "arn:aws:sns:us-east-1:111122223333:alerts");
        let fires = message(NoticeKind::Fire, Level::Red);
        assert_eq!((&fires["NewStateValue"], &fires["Region"]), (&json!("ALARM"), &json!("us-east-1")));
        assert_eq!(fires["bedtop"]["tenant"], "acme");
        assert_eq!(message(NoticeKind::Resolve, Level::Green)["NewStateValue"], "OK");
    }

    #[test]
    fn a_subject_is_short_and_plain() {
        let subject = subject(&event(&"é".repeat(300), NoticeKind::Fire, Level::Red));
        assert!(subject.len() <= LONGEST_SUBJECT && subject.is_ascii(), "{subject}");
    }
}
