//! Application inference profiles with their tags.

use std::collections::BTreeMap;

use aws_sdk_bedrock::types::{InferenceProfileSummary, InferenceProfileType};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::domain::ids::{ProfileId, ProfileKey, ScopeName};
use crate::domain::profile::Profile;
use crate::source::aws::client::Clients;
use crate::source::aws::faults::fault;
use crate::source::{SourceError, model_name};

/// What the ARN of an application inference profile has in it; system profiles have not.
const APPLICATION: &str = ":application-inference-profile/";
/// How many profiles' tags are asked for at a time.
const AT_A_TIME: usize = 8;

/// Every application inference profile of the scope.
pub(super) async fn list(clients: &Clients, scope: &ScopeName, now: Timestamp) -> Result<Vec<Profile>, SourceError> {
    let mut summaries = Vec::new();
    let pages = clients.bedrock.list_inference_profiles().type_equals(InferenceProfileType::Application);
    let mut pages = pages.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| fault("bedrock:ListInferenceProfiles", &error, &clients.place))?;
        let found = page.inference_profile_summaries().iter();
        summaries.extend(found.filter(|found| found.inference_profile_arn().contains(APPLICATION)).cloned());
    }
    let described = summaries.into_iter().map(|summary| async move {
        let tags = tags(clients, summary.inference_profile_arn()).await?;
        Ok(describe(&summary, tags, clients, scope, now))
    });
    stream::iter(described).buffered(AT_A_TIME).try_collect().await
}

async fn tags(clients: &Clients, arn: &str) -> Result<BTreeMap<String, String>, SourceError> {
    let answer = clients.bedrock.list_tags_for_resource().resource_arn(arn).send().await;
    let answer = answer.map_err(|error| fault("bedrock:ListTagsForResource", &error, &clients.place))?;
    Ok(answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
}

fn describe(
    summary: &InferenceProfileSummary,
    tags: BTreeMap<String, String>,
    clients: &Clients,
    scope: &ScopeName,
    now: Timestamp,
) -> Profile {
    let arn = summary.inference_profile_arn();
    let models = || summary.models().iter().filter_map(|model| model.model_arn());
    Profile {
        key: ProfileKey { scope: scope.clone(), id: ProfileId::from_id_or_arn(arn) },
        arn: arn.to_owned(),
        name: summary.inference_profile_name().to_owned(),
        model: models().next().map(|arn| model_name::parse(arn).model),
        reach: model_name::reach_of_arns(models()),
        region: clients.place.region.clone(),
        tags,
        tenant: None,
        from: now,
    }
}
