//! The SDK's clients of one scope.

use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs};

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_cloudwatch::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use crate::domain::text::printable;
use crate::source::aws::counters::{Counters, RetryTooMany};
use crate::source::aws::faults::Place;
use crate::source::aws::{AssumedRole, AwsSettings, LinkedAccount, Paces};
use crate::source::{SourceError, SourceErrorKind};

/// How often an operation is tried.
const ATTEMPTS: u32 = 3;

/// Clients of the services that are asked.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// What lists profiles and tags; `None` for a linked account without a role for it.
    pub control: Option<Control>,
    /// The account whose metrics are asked for, where it is not the caller's own.
    pub account: Option<String>,
    /// Where they are, for messages.
    pub place: Place,
    /// What counts their requests.
    pub counters: Counters,
    /// How fast their requests may follow each other.
    pub paces: Arc<Paces>,
}

/// Clients of what lists profiles and tags.
#[derive(Clone, Debug)]
pub(super) struct Control {
    pub bedrock: aws_sdk_bedrock::Client,
    pub tagging: aws_sdk_resourcegroupstagging::Client,
}

impl Clients {
    /// Finds region and credentials as the AWS CLI does, and assumes the roles that are asked for.
    pub(super) async fn load(settings: &AwsSettings, counters: &Counters) -> Result<Self, SourceError> {
        if let Some(name) = profile_of(settings) {
            check_profile(&name)?;
        }
        Self::of(loader(settings).load().await, settings, counters).await
    }

    /// Clients with the region and credentials of a config, and the roles that are asked for.
    pub(super) async fn of(own: SdkConfig, settings: &AwsSettings, counters: &Counters) -> Result<Self, SourceError> {
        let place = Place {
            region: own.region().map(|region| region.as_ref().to_owned()).ok_or_else(no_region)?,
            profile: profile_of(settings),
            role: settings.role.as_ref().map(|role| role.arn.clone()),
            endpoint: settings.endpoint_url.clone().or_else(|| own.endpoint_url().map(str::to_owned)),
        };
        let config = match &settings.role {
            Some(role) => assume(&own, role).await,
            None => own,
        };
        let control = match &settings.linked {
            None => Some(config.clone()),
            Some(LinkedAccount { discovery: Some(role), .. }) => Some(assume(&config, role).await),
            Some(LinkedAccount { discovery: None, .. }) => None,
        };
        let cloudwatch = aws_sdk_cloudwatch::config::Builder::from(&config)
            .interceptor(counters.clone())
            .retry_classifier(RetryTooMany)
            .build();
        Ok(Self {
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch),
            control: control.map(|config| Control::new(&config, counters)),
            account: settings.linked.as_ref().map(|linked| linked.account.clone()),
            place,
            counters: counters.clone(),
            paces: Arc::clone(&settings.paces),
        })
    }
}

impl Control {
    /// Clients for a config.
    pub(super) fn new(config: &SdkConfig, counters: &Counters) -> Self {
        let bedrock = aws_sdk_bedrock::config::Builder::from(config)
            .interceptor(counters.clone())
            .retry_classifier(RetryTooMany)
            .build();
        let tagging = aws_sdk_resourcegroupstagging::config::Builder::from(config)
            .interceptor(counters.clone())
            .retry_classifier(RetryTooMany)
            .build();
        Self {
            bedrock: aws_sdk_bedrock::Client::from_conf(bedrock),
            tagging: aws_sdk_resourcegroupstagging::Client::from_conf(tagging),
        }
    }
}

/// The config with the credentials of a role, which are renewed before they expire.
async fn assume(config: &SdkConfig, role: &AssumedRole) -> SdkConfig {
    let provider = AssumeRoleProvider::builder(&role.arn).configure(config).session_name(role.session_name.clone());
    let provider = match &role.external_id {
        Some(id) => provider.external_id(id),
        None => provider,
    };
    let provider = SharedCredentialsProvider::new(provider.build().await);
    config.to_builder().credentials_provider(provider).build()
}

/// The AWS profile that is asked for by name.
pub(super) fn profile_of(settings: &AwsSettings) -> Option<String> {
    settings.profile.clone().or_else(|| env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty()))
}

/// What requests are sent with.
pub(super) fn http() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

/// The SDK's own chain, under what the settings say.
pub(super) fn loader(settings: &AwsSettings) -> ConfigLoader {
    let timeouts = TimeoutConfig::builder()
        .operation_timeout(settings.operation_timeout)
        .operation_attempt_timeout(settings.operation_timeout / 2)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader
}

/// The SDK does not name a profile that does not exist, so it is looked for here.
pub(super) fn check_profile(name: &str) -> Result<(), SourceError> {
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let file = |variable: &str, default: &str| {
        env::var_os(variable).map_or_else(|| home.join(".aws").join(default), PathBuf::from)
    };
    let files = [file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    let texts: Vec<String> = files.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    if texts.iter().any(|text| names_profile(text, name)) {
        return Ok(());
    }
    let looked_in = files.map(|path| path.display().to_string()).join(" and ");
    Err(SourceError {
        kind: SourceErrorKind::Credentials,
        message: format!("the AWS profile `{}` is not in {looked_in}", printable(name)),
        remedy: "choose one of `aws configure list-profiles` with --profile, or unset AWS_PROFILE".to_owned(),
    })
}

fn names_profile(text: &str, name: &str) -> bool {
    let section = |line: &str| line.trim().strip_prefix('[')?.split(']').next().map(|inside| inside.trim().to_owned());
    let is_named = |inside: String| inside == name || inside.strip_prefix("profile ").map(str::trim) == Some(name);
    text.lines().filter_map(section).any(is_named)
}

fn no_region() -> SourceError {
    SourceError {
        kind: SourceErrorKind::Credentials,
        message: "no AWS region is set".to_owned(),
        remedy: "name one with --region, AWS_REGION or the config".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_found_in_both_files_forms() {
        let text = "# comment\n[default]\nregion = us-east-1\n [profile prod ] ; live\n[staging]\n";
        for name in ["default", "prod", "staging"] {
            assert!(names_profile(text, name), "{name}");
        }
        assert!(!names_profile(text, "pro") && !names_profile(text, "region"));
    }
}
