//! `bedtop iam-policy`: what bedtop must be allowed to do.

use std::collections::BTreeSet;

use clap::Args;
use color_eyre::eyre::{Result, bail};

use crate::cli::{GlobalOptions, load_config, print};
use crate::config::Config;
use crate::report::iam::{self, Feature};

/// The least-privilege IAM policy, as JSON: read-only unless a feature asks for more
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bedtop iam-policy --feature sns=arn:aws:sns:eu-west-1:111122223333:bedtop > policy.json"
)]
pub(super) struct IamPolicy {
    /// Allow this as well; the ARN may be left out where the config has it
    #[arg(long = "feature", value_name = "assume-role[=ARN]|sns=ARN", value_parser = parse_feature)]
    features: Vec<Asked>,
}

#[derive(Clone, Debug)]
enum Asked {
    AssumeRole(Option<String>),
    Sns(String),
}

impl IamPolicy {
    pub(super) fn run(self, global: &GlobalOptions) -> Result<u8> {
        let config = load_config(global)?.config;
        let features = self.features.into_iter().map(|asked| feature(asked, &config)).collect::<Result<Vec<_>>>()?;
        print(&serde_json::to_string_pretty(&iam::policy(&features, &regions(&config)))?)?;
        Ok(0)
    }
}

fn feature(asked: Asked, config: &Config) -> Result<Feature> {
    let roles = match asked {
        Asked::Sns(topic) => return Ok(Feature::Sns(vec![topic])),
        Asked::AssumeRole(Some(role)) => vec![role],
        Asked::AssumeRole(None) => roles(config),
    };
    if roles.is_empty() {
        bail!("no scope of the config assumes a role: name one with --feature assume-role=ARN");
    }
    Ok(Feature::AssumeRole(roles))
}

fn roles(config: &Config) -> Vec<String> {
    let assumed = config.scopes.iter().flat_map(|scope| [&scope.role_arn, &scope.discovery_role_arn]);
    assumed.flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The regions of the config, if every scope names one: otherwise the policy must hold in any.
fn regions(config: &Config) -> Vec<String> {
    let named: Option<BTreeSet<String>> = config.scopes.iter().map(|scope| scope.region.clone()).collect();
    named.unwrap_or_default().into_iter().collect()
}

fn parse_feature(text: &str) -> Result<Asked, String> {
    let (name, arn) = text.split_once('=').map_or((text, None), |(name, arn)| (name, Some(arn.to_owned())));
    if let Some(arn) = arn.as_ref().filter(|arn| !arn.starts_with("arn:")) {
        return Err(format!("`{arn}` is not an ARN"));
    }
    match (name, arn) {
        ("assume-role", arn) => Ok(Asked::AssumeRole(arn)),
        ("sns", Some(topic)) => Ok(Asked::Sns(topic)),
        ("sns", None) => Err("name the topic: sns=arn:aws:sns:REGION:ACCOUNT:TOPIC".to_owned()),
        _ => Err("choose assume-role[=ARN] or sns=ARN".to_owned()),
    }
}
