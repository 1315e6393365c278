//! One small request for each thing that bedtop must be allowed to do, to tell which of them it is not.

use aws_sdk_bedrock::types::{InferenceProfileSummary, InferenceProfileType};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, RecentlyActive};
use jiff::{SignedDuration, Timestamp};

use crate::domain::arn::Arn;
use crate::source::SourceError;
use crate::source::aws::AwsSource;
use crate::source::aws::client::{Clients, Control};
use crate::source::aws::faults::fault;

/// The answer to one request.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The permission it needs: `cloudwatch:GetMetricData`.
    pub action: &'static str,
    /// What was found, or why nothing was.
    pub outcome: Result<String, SourceError>,
}

/// What a scope answers.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// The region that is asked.
    pub region: Option<String>,
    /// One answer a permission, in the order they were asked.
    pub probes: Vec<Probe>,
    /// What is wrong with the clock of this machine, if it is.
    pub clock: Option<String>,
}

impl AwsSource {
    /// Asks for each permission in turn. It costs one metric of GetMetricData; nothing is written.
    pub async fn diagnose(&mut self, now: Timestamp) -> Diagnosis {
        let clients = match self.clients().await {
            Ok(clients) => clients,
            Err(error) => {
                let probes = vec![Probe { action: "credentials", outcome: Err(error) }];
                return Diagnosis { probes, ..Diagnosis::default() };
            }
        };
        let mut probes = vec![listing(&clients).await, usage(&clients, now).await];
        if let Some(control) = &clients.control {
            let (profiles, found) = profiles(&clients, control).await;
            probes.push(profiles);
            probes.push(bulk_tags(&clients, control).await);
            if let Some(arn) = found {
                probes.push(tags_of(&clients, control, &arn).await);
            }
        }
        Diagnosis { region: Some(clients.place.region.clone()), probes, clock: self.counters.skew_notice() }
    }
}

async fn listing(clients: &Clients) -> Probe {
    let action = "cloudwatch:ListMetrics";
    clients.counters.add_listing();
    let request = clients.cloudwatch.list_metrics().namespace("AWS/Bedrock").metric_name("Invocations");
    let answer = request.recently_active(RecentlyActive::Pt3H).send().await;
    let outcome = answer.map_err(|error| fault(action, &error, &clients.place));
    let told = |count| match count {
        0 => "no model was called in the last 3 hours".to_owned(),
        count => format!("{count} or more series of the last 3 hours"),
    };
    Probe { action, outcome: outcome.map(|page| told(page.metrics().len())) }
}

async fn usage(clients: &Clients, now: Timestamp) -> Probe {
    let action = "cloudwatch:GetMetricData";
    // A series that does not exist is answered as an empty one: what counts is that there is an answer.
    let dimension = Dimension::builder().name("ModelId").value("bedtop-doctor").build();
    let metric = Metric::builder().namespace("AWS/Bedrock").metric_name("Invocations").dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("Sum").build();
    let query = MetricDataQuery::builder().id("doctor").metric_stat(stat).build();
    clients.counters.add_metrics(1);
    let from = now.saturating_sub(SignedDuration::from_mins(5)).unwrap_or(now);
    let request = clients.cloudwatch.get_metric_data().metric_data_queries(query);
    let request = request.start_time(DateTime::from_secs(from.as_second()));
    let answer = request.end_time(DateTime::from_secs(now.as_second())).send().await;
    let outcome = answer.map_err(|error| fault(action, &error, &clients.place));
    Probe { action, outcome: outcome.map(|_| "answers".to_owned()) }
}

/// The answer, and a profile to ask the tags of.
async fn profiles(clients: &Clients, control: &Control) -> (Probe, Option<String>) {
    let action = "bedrock:ListInferenceProfiles";
    let request = control.bedrock.list_inference_profiles().type_equals(InferenceProfileType::Application);
    let answer = request.send().await.map_err(|error| fault(action, &error, &clients.place));
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return (Probe { action, outcome: Err(error) }, None),
    };
    let is_application = |found: &&InferenceProfileSummary| {
        Arn::parse(found.inference_profile_arn()).is_some_and(|arn| arn.is_application_profile())
    };
    let found: Vec<_> = answer.inference_profile_summaries().iter().filter(is_application).collect();
    let more = if answer.next_token().is_some() { " or more" } else { "" };
    let outcome = Ok(format!("{}{more} application inference profiles", found.len()));
    (Probe { action, outcome }, found.first().map(|profile| profile.inference_profile_arn().to_owned()))
}

async fn bulk_tags(clients: &Clients, control: &Control) -> Probe {
    let action = "tag:GetResources";
    let request = control.tagging.get_resources().resource_type_filters("bedrock:application-inference-profile");
    let answer = request.send().await.map_err(|error| fault(action, &error, &clients.place));
    Probe { action, outcome: answer.map(|page| format!("{} tagged", page.resource_tag_mapping_list().len())) }
}

async fn tags_of(clients: &Clients, control: &Control, arn: &str) -> Probe {
    let action = "bedrock:ListTagsForResource";
    let answer = control.bedrock.list_tags_for_resource().resource_arn(arn).send().await;
    let outcome = answer.map_err(|error| fault(action, &error, &clients.place));
    Probe { action, outcome: outcome.map(|answer| format!("{} tags of one profile", answer.tags().len())) }
}
