//! Usage of Amazon Bedrock: application inference profiles with their tags, what is called without them, and
//! CloudWatch's counts of all.
//!
//! Nothing is loaded before the first question, so that the screen is drawn first. [`client`] makes the SDK's
//! clients, [`profiles`] lists profiles, [`tags`] finds their tags, [`inventory`] finds out from CloudWatch what else
//! is used, [`metrics`] asks for counts, [`queries`] says by which metrics, [`counters`] counts what all that takes,
//! [`pace`] keeps it below AWS's request rates, [`probe`] asks for each permission in turn, [`discover`] takes a first look before there is a config, and [`faults`] says what went wrong in words a person can act on.

mod client;
mod counters;
mod discover;
mod faults;
#[cfg(test)]
mod fuzz;
mod inventory;
mod metrics;
mod pace;
mod probe;
mod profiles;
mod queries;
mod tags;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tracing::warn;

use crate::domain::health::Traffic;
use crate::domain::ids::{ProfileKey, ScopeName};
use crate::domain::profile::Profile;
use crate::domain::time::Step;
use crate::source::{Source, SourceError, SourceErrorKind, UsageReply, UsageRequest};
use client::Clients;
use counters::Counters;
pub use discover::{Discovery, Patience, discover};
use inventory::Inventory;
pub use pace::Paces;
pub use probe::{Diagnosis, Probe};
use queries::CacheNames;
use tags::Tags;

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
    /// A role to assume for everything.
    pub role: Option<AssumedRole>,
    /// The account whose metrics are read through CloudWatch cross-account observability; the caller's own if not
    /// given.
    pub linked: Option<LinkedAccount>,
    /// How fast requests may follow each other; shared by the scopes of one monitoring account.
    pub paces: Arc<Paces>,
    /// How long one operation may take, retries included. The SDK itself waits for ever for an answer.
    pub operation_timeout: Duration,
}

/// A role and what it takes to assume it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRole {
    /// Its ARN.
    pub arn: String,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
    /// The name that CloudTrail shows.
    pub session_name: String,
}

/// An account that a monitoring account sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedAccount {
    /// Its 12 digits.
    pub account: String,
    /// The role in it that may list its profiles and tags; without one, profiles are only known by their ids.
    pub discovery: Option<AssumedRole>,
}

impl Default for AwsSettings {
    fn default() -> Self {
        Self {
            scope: ScopeName::new("default"),
            profile: None,
            region: None,
            endpoint_url: None,
            role: None,
            linked: None,
            paces: Arc::new(Paces::default()),
            operation_timeout: Duration::from_secs(12),
        }
    }
}

/// One account and region.
#[derive(Debug)]
pub struct AwsSource {
    settings: AwsSettings,
    clients: Option<Clients>,
    counters: Counters,
    cache_names: CacheNames,
    tags: Tags,
    inventory: Inventory,
    inventory_notice: Option<String>,
}

impl AwsSource {
    /// A source that connects when it is first asked.
    #[must_use]
    pub fn connect(settings: AwsSettings) -> Self {
        Self {
            settings,
            clients: None,
            counters: Counters::default(),
            cache_names: CacheNames::default(),
            tags: Tags::default(),
            inventory: Inventory::default(),
            inventory_notice: None,
        }
    }

    async fn clients(&mut self) -> Result<Clients, SourceError> {
        if let Some(clients) = &self.clients {
            return Ok(clients.clone());
        }
        let clients = Clients::load(&self.settings, &self.counters).await?;
        self.clients = Some(clients.clone());
        Ok(clients)
    }

    /// Credentials that are not good any more are looked up anew with the next question: that is how a renewed login
    /// is found.
    fn forget_bad_credentials<T>(&mut self, answer: Result<T, SourceError>) -> Result<T, SourceError> {
        if let Err(SourceError { kind: SourceErrorKind::Expired | SourceErrorKind::Credentials, .. }) = &answer {
            self.clients = None;
        }
        answer
    }

    async fn list(&mut self, now: Timestamp) -> Result<Vec<Profile>, SourceError> {
        let clients = self.clients().await?;
        let mut profiles = profiles::list(&clients, &mut self.tags, &self.settings.scope, now).await?;
        match Inventory::take(&clients).await {
            Ok(inventory) => (self.inventory, self.inventory_notice) = (inventory, None),
            // Without profiles of their own, linked accounts are only known by what is listed.
            Err(error) if clients.control.is_none() => return Err(error),
            Err(error) => {
                warn!(scope = %self.settings.scope, %error, "what is used without a profile could not be listed");
                self.inventory_notice =
                    Some(format!("calls without a profile are not seen: {}; {}", error.message, error.remedy));
            }
        }
        let others = self.inventory.others(&profiles, &self.settings.scope, &clients.place.region, now);
        profiles.extend(others);
        Ok(profiles)
    }
}

impl Source for AwsSource {
    fn scope(&self) -> &ScopeName {
        &self.settings.scope
    }

    fn step(&self) -> Step {
        Step::MINUTE
    }

    fn is_metered(&self) -> bool {
        true
    }

    async fn profiles(&mut self, now: Timestamp) -> Result<Vec<Profile>, SourceError> {
        let listed = self.list(now).await;
        self.forget_bad_credentials(listed)
    }

    async fn usage(&mut self, request: &UsageRequest) -> Result<UsageReply, SourceError> {
        let clients = self.clients().await?;
        let answer = metrics::usage(&clients, request, &self.inventory, &mut self.cache_names).await;
        self.forget_bad_credentials(answer)
    }

    async fn recently_used(&mut self, _now: Timestamp) -> Result<Option<HashSet<ProfileKey>>, SourceError> {
        let clients = self.clients().await?;
        let active = self.inventory.recently_used(&clients, &self.settings.scope).await;
        self.forget_bad_credentials(active).map(Some)
    }

    fn take_traffic(&mut self) -> Traffic {
        self.counters.take()
    }

    fn notices(&self) -> Vec<String> {
        let own = [self.tags.notice(), self.inventory_notice.clone(), self.counters.skew_notice()];
        own.into_iter().flatten().collect()
    }
}
