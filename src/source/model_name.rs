//! Model names: what a model is called without the prefix or ARN that says where it runs.

use crate::domain::ids::ModelId;
use crate::domain::profile::Reach;

/// The prefixes of models that run across the regions of a geography, as AWS's system profiles have them.
const GEOGRAPHIES: [&str; 8] = ["us-gov", "us", "eu", "apac", "jp", "au", "ca", "sa"];

/// A model and where its name says that it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelName {
    /// The model without prefix.
    pub model: ModelId,
    /// Where it runs.
    pub reach: Reach,
}

/// Reads a model's id (`anthropic.claude-...`), a system profile's id (`us.anthropic.claude-...`) or the ARN of
/// either.
#[must_use]
pub fn parse(text: &str) -> ModelName {
    let name = if text.starts_with("arn:") { text.rsplit('/').next().unwrap_or(text) } else { text };
    let prefixed = name.split_once('.').filter(|(_, rest)| rest.contains('.') || rest.contains('-'));
    match prefixed {
        Some(("global", model)) => ModelName { model: ModelId::new(model), reach: Reach::Global },
        Some((prefix, model)) if GEOGRAPHIES.contains(&prefix) => {
            ModelName { model: ModelId::new(model), reach: Reach::Geo }
        }
        _ => ModelName { model: ModelId::new(name), reach: Reach::InRegion },
    }
}

/// Where an application inference profile runs, from the ARNs of its models: one ARN is one region; several of
/// one geography are that geography; several geographies, or an ARN without a region, are the whole world. A
/// profile does not say what it was copied from, so this is how others infer it as well (awslabs
/// bedrock-usage-analyzer).
#[must_use]
pub fn reach_of_arns<'a>(arns: impl IntoIterator<Item = &'a str>) -> Reach {
    let regions: Vec<&str> = arns.into_iter().map(region_of).collect();
    let geography = |region: &str| region.split('-').next().unwrap_or_default().to_owned();
    match regions.as_slice() {
        [one] if !one.is_empty() => Reach::InRegion,
        [first, ..] if regions.iter().all(|region| !region.is_empty() && geography(region) == geography(first)) => {
            Reach::Geo
        }
        [] => Reach::InRegion,
        _ => Reach::Global,
    }
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::bare("anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6-v1", Reach::InRegion)]
    #[case::geo("us.anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6-v1", Reach::Geo)]
    #[case::gov("us-gov.anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0", Reach::Geo)]
    #[case::global("global.anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6-v1", Reach::Global)]
    #[case::arn(
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        "amazon.nova-lite-v1:0",
        Reach::InRegion
    )]
    #[case::profile_arn(
        "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.amazon.nova-lite-v1:0",
        "amazon.nova-lite-v1:0",
        Reach::Geo
    )]
    #[case::no_vendor("my-model", "my-model", Reach::InRegion)]
    fn names(#[case] text: &str, #[case] model: &str, #[case] reach: Reach) {
        assert_eq!(parse(text), ModelName { model: model.into(), reach });
    }

    #[rstest]
    #[case::one(&["arn:aws:bedrock:us-east-1::foundation-model/m"], Reach::InRegion)]
    #[case::one_geography(&["arn:aws:bedrock:us-east-1::foundation-model/m", "arn:aws:bedrock:us-west-2::foundation-model/m"], Reach::Geo)]
    #[case::two_geographies(&["arn:aws:bedrock:us-east-1::foundation-model/m", "arn:aws:bedrock:eu-west-1::foundation-model/m"], Reach::Global)]
    #[case::no_region(&["arn:aws:bedrock:::foundation-model/m"], Reach::Global)]
    #[case::none(&[], Reach::InRegion)]
    fn reaches(#[case] arns: &[&str], #[case] expected: Reach) {
        assert_eq!(reach_of_arns(arns.iter().copied()), expected);
    }
}
