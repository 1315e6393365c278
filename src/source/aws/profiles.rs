//! Application inference profiles with their tags.

use std::collections::BTreeMap;

use aws_sdk_bedrock::types::{InferenceProfileSummary, InferenceProfileType};
use jiff::Timestamp;

use crate::domain::arn::Arn;
use crate::domain::ids::{ProfileId, ProfileKey, ScopeName};
use crate::domain::profile::Profile;
use crate::source::aws::client::{Clients, Control};
use crate::source::aws::faults::fault;
use crate::source::aws::tags::Tags;
use crate::source::{SourceError, model_name};

/// Every application inference profile of the scope; none where there is nobody to ask.
pub(super) async fn list(
    clients: &Clients,
    tags: &mut Tags,
    scope: &ScopeName,
    now: Timestamp,
) -> Result<Vec<Profile>, SourceError> {
    let Some(control) = &clients.control else { return Ok(Vec::new()) };
    let summaries = summaries(clients, control).await?;
    let arns: Vec<&str> = summaries.iter().map(InferenceProfileSummary::inference_profile_arn).collect();
    let mut tagged = tags.of(clients, control, &arns, now).await?;
    let describe = |summary: &InferenceProfileSummary| {
        let tags = tagged.remove(summary.inference_profile_arn()).unwrap_or_default();
        describe(summary, tags, clients, scope, now)
    };
    Ok(summaries.iter().map(describe).collect())
}

/// All pages. System profiles that come along are left out.
async fn summaries(clients: &Clients, control: &Control) -> Result<Vec<InferenceProfileSummary>, SourceError> {
    let mut summaries = Vec::new();
    let pages = control.bedrock.list_inference_profiles().type_equals(InferenceProfileType::Application);
    let mut pages = pages.into_paginator().send();
    loop {
        clients.paces.control.wait().await;
        let Some(page) = pages.next().await else { return Ok(summaries) };
        let page = page.map_err(|error| fault("bedrock:ListInferenceProfiles", &error, &clients.place))?;
        let is_application = |found: &&InferenceProfileSummary| {
            Arn::parse(found.inference_profile_arn()).is_some_and(|arn| arn.is_application_profile())
        };
        summaries.extend(page.inference_profile_summaries().iter().filter(is_application).cloned());
    }
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
    let key = ProfileKey { scope: scope.clone(), id: ProfileId::from_id_or_arn(arn) };
    Profile {
        arn: arn.to_owned(),
        name: summary.inference_profile_name().to_owned(),
        model: models().next().map(|arn| model_name::parse(arn).model),
        reach: model_name::reach_of_arns(models()),
        region: clients.place.region.clone(),
        tags,
        ..Profile::bare(key, now)
    }
}
