//! A first look at an account: which regions have application inference profiles, and how these are tagged.
//!
//! It is taken before there is a config, maybe on a machine without network or credentials, so it is cut short: unless
//! a region answers within [`Patience::first`], nothing more is waited for.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{ConfigLoader, Region, SdkConfig};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::domain::arn::Arn;
use crate::domain::ids::ScopeName;
use crate::domain::profile::Profile;
use crate::source::aws::client::{self, Clients};
use crate::source::aws::counters::Counters;
use crate::source::aws::tags::Tags;
use crate::source::aws::{AwsSettings, profiles};
use crate::source::{SourceError, SourceErrorKind};

/// Regions of the commercial partition that may have Bedrock; one without it does not answer.
const COMMERCIAL: [&str; 24] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "ca-west-1",
    "mx-central-1",
    "sa-east-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "me-central-1",
];
/// The same of the partition for the US government.
const GOVERNMENT: [&str; 2] = ["us-gov-east-1", "us-gov-west-1"];
/// Where machines of EC2 say what they are; elsewhere nobody answers for instance metadata, and asking takes seconds.
const VENDOR: &str = "/sys/class/dmi/id/sys_vendor";

/// How long a look may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until the first region has answered.
    pub first: Duration,
    /// All in all.
    pub whole: Duration,
}

/// What a look found.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The region that the AWS CLI would choose.
    pub home: Option<String>,
    /// Regions that answered, those of the caller first, with their application inference profiles.
    pub regions: Vec<(String, Vec<Profile>)>,
    /// Regions that could not be looked at, and why.
    pub silent: Vec<(String, SourceError)>,
}

/// Looks at the region of the settings, or at all that may have Bedrock. The scope of each profile is its region.
///
/// # Errors
/// When no region answers: why the first of them did not.
pub async fn discover(settings: &AwsSettings, patience: Patience, now: Timestamp) -> Result<Discovery, SourceError> {
    let start = Instant::now();
    let (first, whole) = (start + patience.first, start + patience.whole);
    let config = timeout_at(first, config(settings)).await.map_err(|_| no_answer("credentials", patience.first))??;
    let home = config.region().map(|region| region.as_ref().to_owned());
    let names = if settings.region.is_some() { home.iter().cloned().collect() } else { candidates(home.as_deref()) };
    let mut asked: FuturesUnordered<_> = names.iter().map(|name| look(&config, settings, name, now)).collect();
    let mut answers: Vec<(String, Result<Vec<Profile>, SourceError>)> = Vec::new();
    let (mut limit, mut allowed) = (first, patience.first);
    while let Ok(Some((name, answer))) = timeout_at(limit, asked.next()).await {
        if answer.is_ok() {
            (limit, allowed) = (whole, patience.whole);
        }
        answers.push((name, answer));
    }
    drop(asked);
    sorted(home, names, answers, allowed)
}

/// The answers in the order of the regions' names; those that are missing did not come in time.
fn sorted(
    home: Option<String>,
    names: Vec<String>,
    answers: Vec<(String, Result<Vec<Profile>, SourceError>)>,
    allowed: Duration,
) -> Result<Discovery, SourceError> {
    let mut answers: HashMap<_, _> = answers.into_iter().collect();
    let mut found = Discovery { home, ..Discovery::default() };
    for name in names {
        match answers.remove(&name) {
            Some(Ok(profiles)) => found.regions.push((name, profiles)),
            Some(Err(error)) => found.silent.push((name, error)),
            None => found.silent.push((name.clone(), no_answer(&name, allowed))),
        }
    }
    if found.regions.is_empty() {
        return Err(why_none(found.silent));
    }
    Ok(found)
}

/// Of all that went wrong, what most helps: that the credentials are no good, or else what the first region said.
fn why_none(silent: Vec<(String, SourceError)>) -> SourceError {
    let is_about_credentials =
        |error: &SourceError| matches!(error.kind, SourceErrorKind::Credentials | SourceErrorKind::Expired);
    let mut errors: Vec<SourceError> = silent.into_iter().map(|(_, error)| error).collect();
    errors.sort_by_key(|error| !is_about_credentials(error));
    errors.into_iter().next().unwrap_or_else(|| no_answer("AWS", Duration::ZERO))
}

async fn look(
    config: &SdkConfig,
    settings: &AwsSettings,
    region: &str,
    now: Timestamp,
) -> (String, Result<Vec<Profile>, SourceError>) {
    let config = config.to_builder().region(Region::new(region.to_owned())).build();
    let answer = async {
        // Request rates are counted by region.
        let settings = AwsSettings { paces: Arc::default(), ..settings.clone() };
        let clients = Clients::of(config, &settings, &Counters::default()).await?;
        let scope = ScopeName::new(region);
        let mut profiles = profiles::list(&clients, &mut Tags::default(), &scope, now).await?;
        // One endpoint may stand for all regions.
        profiles.retain(|profile| Arn::parse(&profile.arn).is_some_and(|arn| arn.region == region));
        Ok(profiles)
    };
    (region.to_owned(), answer.await)
}

/// The caller's own region first.
fn candidates(home: Option<&str>) -> Vec<String> {
    let others: &[&str] = match home {
        Some(home) if home.starts_with("us-gov-") => &GOVERNMENT,
        Some(home) if ["cn-", "us-iso", "eusc-", "eu-iso"].iter().any(|other| home.starts_with(other)) => &[],
        _ => &COMMERCIAL,
    };
    let others = others.iter().copied().filter(|other| Some(*other) != home);
    home.into_iter().chain(others).map(str::to_owned).collect()
}

/// Region and credentials as the AWS CLI finds them, without asking for instance metadata where there is none.
async fn config(settings: &AwsSettings) -> Result<SdkConfig, SourceError> {
    if let Some(name) = client::profile_of(settings) {
        client::check_profile(&name)?;
    }
    let loader = client::loader(settings);
    let is_ec2 = fs::read_to_string(VENDOR).is_ok_and(|vendor| vendor.starts_with("Amazon EC2"));
    Ok(if is_ec2 { loader.load().await } else { without_metadata(loader, settings).await.load().await })
}

async fn without_metadata(loader: ConfigLoader, settings: &AwsSettings) -> ConfigLoader {
    let mut region = ProfileFileRegionProvider::builder();
    let mut profile = ProfileFileCredentialsProvider::builder();
    if let Some(name) = &settings.profile {
        region = region.profile_name(name);
        profile = profile.profile_name(name);
    }
    let region = RegionProviderChain::first_try(settings.region.clone().map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(region.build());
    let asked = ProviderConfig::without_region().with_http_client(client::http()).with_region(region.region().await);
    let credentials = CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
        .or_else("Profile", profile.configure(&asked).build())
        .or_else("WebIdentityToken", WebIdentityTokenCredentialsProvider::builder().configure(&asked).build())
        .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&asked).build());
    loader.region(region).credentials_provider(credentials)
}

fn no_answer(what: &str, allowed: Duration) -> SourceError {
    SourceError {
        kind: SourceErrorKind::Timeout,
        message: format!("{what}: no answer within {:.1} s", allowed.as_secs_f64()),
        remedy: "look at the network, or give it longer with --wait".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_region_comes_first_and_its_partition_is_not_left() {
        let of = |home| candidates(home);
        assert_eq!(of(Some("eu-west-1"))[..2], ["eu-west-1", "us-east-1"]);
        assert_eq!(of(Some("eu-west-1")).len(), COMMERCIAL.len(), "none is asked twice");
        assert_eq!(of(Some("us-gov-west-1")), ["us-gov-west-1", "us-gov-east-1"]);
        assert_eq!(of(Some("cn-north-1")), ["cn-north-1"]);
        assert_eq!(of(None).len(), COMMERCIAL.len());
    }

    #[test]
    fn bad_credentials_are_told_before_a_region_that_does_not_answer() {
        let bad = SourceError { kind: SourceErrorKind::Credentials, ..no_answer("credentials", Duration::ZERO) };
        let answers = vec![("b".to_owned(), Err(bad))];
        let told = sorted(None, vec!["a".to_owned(), "b".to_owned()], answers, Duration::from_secs(1));
        assert_eq!(told.expect_err("nobody answered").kind, SourceErrorKind::Credentials);
        let answers = vec![("b".to_owned(), Ok(Vec::new()))];
        let told = sorted(None, vec!["a".to_owned(), "b".to_owned()], answers, Duration::from_secs(1));
        let told = told.expect("one answered");
        assert_eq!((told.regions.len(), told.silent[0].0.as_str()), (1, "a"));
    }
}
