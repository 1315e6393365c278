//! Tags of profiles: the tagging API tells those of a hundred profiles a page. It leaves out what was never tagged, so
//! the rest is asked one by one, slowly, and remembered for a while.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_resourcegroupstagging::types::ResourceTagMapping;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use crate::source::aws::client::{Clients, Control};
use crate::source::aws::faults::fault;
use crate::source::{SourceError, SourceErrorKind};

/// What the tagging API calls them.
const RESOURCE_TYPE: &str = "bedrock:application-inference-profile";
/// The most that one page has.
const PAGE: i32 = 100;
/// How long what was asked one by one is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(60);
/// How many are asked at a time.
const AT_A_TIME: usize = 8;

/// Tags by ARN of the profile.
pub(super) type TagsByArn = HashMap<String, BTreeMap<String, String>>;

/// Finds tags, and remembers those that were asked one by one.
#[derive(Debug, Default)]
pub(super) struct Tags {
    remembered: HashMap<String, Remembered>,
    bulk_fault: Option<String>,
    single_fault: Option<String>,
}

#[derive(Debug)]
struct Remembered {
    tags: BTreeMap<String, String>,
    asked: Timestamp,
}

impl Tags {
    /// The tags of these profiles; those without any may be left out.
    pub(super) async fn of(
        &mut self,
        clients: &Clients,
        control: &Control,
        arns: &[&str],
        now: Timestamp,
    ) -> Result<TagsByArn, SourceError> {
        if arns.is_empty() {
            return Ok(TagsByArn::new());
        }
        let bulk = self.bulk(clients, control).await?;
        let known = bulk.is_some();
        let mut tags = bulk.unwrap_or_default();
        self.remembered.retain(|arn, remembered| {
            now.duration_since(remembered.asked) < REMEMBERED && !tags.contains_key(arn) && arns.contains(&arn.as_str())
        });
        let rest = arns.iter().filter(|arn| !tags.contains_key(**arn) && !self.remembered.contains_key(**arn));
        let rest: Vec<&str> = rest.copied().collect();
        match self.one_by_one(clients, control, &rest, now).await {
            Ok(()) => self.single_fault = None,
            // The tagging API has told all that is tagged: the rest is not.
            Err(error) if known && error.kind == SourceErrorKind::Denied => {
                self.single_fault = Some(format!("{}; {}", error.message, error.remedy));
            }
            Err(error) => return Err(error),
        }
        let remembered = self.remembered.iter().map(|(arn, remembered)| (arn.clone(), remembered.tags.clone()));
        tags.extend(remembered);
        Ok(tags)
    }

    /// What is not right although tags come.
    pub(super) fn notice(&self) -> Option<String> {
        let bulk = self.bulk_fault.as_ref().map(|fault| format!("tags are read one by one: {fault}"));
        let single = || self.single_fault.as_ref().map(|fault| format!("untagged profiles are not looked at: {fault}"));
        bulk.or_else(single)
    }

    /// What the tagging API tells; `None` where that is not allowed.
    async fn bulk(&mut self, clients: &Clients, control: &Control) -> Result<Option<TagsByArn>, SourceError> {
        let mut tags = TagsByArn::new();
        let request = control.tagging.get_resources().resource_type_filters(RESOURCE_TYPE).resources_per_page(PAGE);
        let mut pages = request.into_paginator().send();
        loop {
            clients.paces.tagging.wait().await;
            let Some(page) = pages.next().await else { break };
            match page.map_err(|error| fault("tag:GetResources", &error, &clients.place)) {
                Ok(page) => tags.extend(page.resource_tag_mapping_list().iter().filter_map(entry)),
                Err(error) if error.kind == SourceErrorKind::Denied => {
                    warn!(%error, "tags are read one by one");
                    self.bulk_fault = Some(format!("{}; {}", error.message, error.remedy));
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        self.bulk_fault = None;
        Ok(Some(tags))
    }

    /// Asks for each, and remembers every answer: where it is cut short, the next time goes on from there.
    async fn one_by_one(
        &mut self,
        clients: &Clients,
        control: &Control,
        arns: &[&str],
        now: Timestamp,
    ) -> Result<(), SourceError> {
        let asked = (0..arns.len()).map(|index| async move {
            let arn = arns[index];
            clients.paces.control.wait().await;
            let answer = control.bedrock.list_tags_for_resource().resource_arn(arn).send().await;
            let answer = answer.map_err(|error| fault("bedrock:ListTagsForResource", &error, &clients.place))?;
            let tags = answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            Ok::<_, SourceError>((arn.to_owned(), tags))
        });
        let mut answers = stream::iter(asked).buffered(AT_A_TIME);
        while let Some((arn, tags)) = answers.try_next().await? {
            self.remembered.insert(arn, Remembered { tags, asked: now });
        }
        Ok(())
    }
}

fn entry(mapping: &ResourceTagMapping) -> Option<(String, BTreeMap<String, String>)> {
    let tags = mapping.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    Some((mapping.resource_arn()?.to_owned(), tags.collect()))
}
