//! Usage of Amazon Bedrock: application inference profiles with their tags, and CloudWatch's counts of them.
//!
//! Nothing is loaded before the first question, so that the screen is drawn first. [`client`] makes the SDK's
//! clients, [`profiles`] lists profiles and tags, [`metrics`] asks CloudWatch, [`faults`] says what went wrong in words
//! a person can act on.

mod client;
mod faults;
mod metrics;
mod profiles;

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::ids::ScopeName;
use crate::domain::profile::Profile;
use crate::domain::time::Step;
use crate::source::{Source, SourceError, UsageReply, UsageRequest};
use client::Clients;
use metrics::CacheNames;

/// How one account and region is reached.
#[derive(Clone, Debug)]
pub struct AwsSettings {
    /// The scope's name.
    pub scope: ScopeName,
    /// The AWS profile; the SDK's own choice if not given.
    pub profile: Option<String>,
    /// The region; the SDK's own choice if not given.
    pub region: Option<String>,
    /// Where requests go instead of to AWS.
    pub endpoint_url: Option<String>,
    /// How long one operation may take, retries included. The SDK itself waits for ever for an answer.
    pub operation_timeout: Duration,
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            scope: ScopeName::new("default"),
            profile: None,
            region: None,
            endpoint_url: None,
            operation_timeout: Duration::from_secs(12),
        }
    }
}

/// One account and region.
#[derive(Debug)]
pub struct AwsSource {
    settings: AwsSettings,
    clients: Option<Clients>,
    cache_names: CacheNames,
}

impl AwsSource {
    /// A source that connects when it is first asked.
    #[must_use]
    pub fn connect(settings: AwsSettings) -> Self {
        Self { settings, clients: None, cache_names: CacheNames::default() }
    }

    async fn clients(&mut self) -> Result<Clients, SourceError> {
        if let Some(clients) = &self.clients {
            return Ok(clients.clone());
        }
        let clients = Clients::load(&self.settings).await?;
        self.clients = Some(clients.clone());
        Ok(clients)
    }
}

impl Source for AwsSource {
    fn scope(&self) -> &ScopeName {
        &self.settings.scope
    }

    fn step(&self) -> Step {
        Step::MINUTE
    }

    async fn profiles(&mut self, now: Timestamp) -> Result<Vec<Profile>, SourceError> {
        profiles::list(&self.clients().await?, &self.settings.scope, now).await
    }

    async fn usage(&mut self, request: &UsageRequest) -> Result<UsageReply, SourceError> {
        let clients = self.clients().await?;
        metrics::usage(&clients, request, &mut self.cache_names).await
    }
}
