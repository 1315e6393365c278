//! The least that bedtop must be allowed to do, as an IAM policy.
//!
//! CloudWatch's reads and the list operations have no resources of their own: they are allowed on `*` and bounded by
//! region. Nothing here writes, invokes a model or reads what was said to one.

use serde_json::{Value, json};

/// The ARN of every application inference profile.
const PROFILES: &str = "arn:aws:bedrock:*:*:application-inference-profile/*";

/// What can be switched on beside polling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Roles that scopes assume.
    AssumeRole(Vec<String>),
    /// Topics that a receiver publishes to.
    Sns(Vec<String>),
}

/// The policy for polling, and for the features that are asked for. `regions` bounds it; empty means every region.
#[must_use]
pub fn policy(features: &[Feature], regions: &[String]) -> Value {
    let mut statements = vec![
        statement("ReadUsage", &["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], &json!("*"), regions),
        statement("FindProfiles", &["bedrock:ListInferenceProfiles", "tag:GetResources"], &json!("*"), regions),
        statement("ReadTags", &["bedrock:ListTagsForResource"], &json!(PROFILES), regions),
    ];
    statements.extend(features.iter().map(|feature| match feature {
        Feature::AssumeRole(roles) => statement("AssumeReaders", &["sts:AssumeRole"], &json!(roles), &[]),
        Feature::Sns(topics) => statement("PublishAlerts", &["sns:Publish"], &json!(topics), &[]),
    }));
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn statement(sid: &str, actions: &[&str], resource: &Value, regions: &[String]) -> Value {
    let mut statement = json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource});
    if !regions.is_empty() {
        statement["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": regions}});
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(policy: &Value) -> Vec<String> {
        let statements = policy["Statement"].as_array().expect("a list").iter();
        let of = |statement: &Value| statement["Action"].as_array().expect("a list").clone();
        statements.flat_map(of).map(|action| action.as_str().expect("text").to_owned()).collect()
    }

    #[test]
    fn by_default_nothing_can_be_written_or_invoked() {
        let policy = policy(&[], &[]);
        let reads = ["Get", "List"];
        for action in actions(&policy) {
            let verb = action.split(':').nth(1).expect("a verb");
            assert!(reads.iter().any(|read| verb.starts_with(read)), "{action}");
        }
        assert!(policy["Statement"][0].get("Condition").is_none());
    }

    #[test]
    fn a_feature_adds_its_own_action_on_its_own_resource_only() {
        let topic = "arn:aws:sns:eu-west-1:111122223333:bedtop".to_owned();
        let policy = policy(&[Feature::Sns(vec![topic.clone()])], &["eu-west-1".to_owned()]);
        assert_eq!(actions(&policy).len(), actions(&super::policy(&[], &[])).len() + 1);
        assert_eq!(policy["Statement"][3]["Resource"], json!([topic]));
        assert_eq!(policy["Statement"][0]["Condition"]["StringEquals"]["aws:RequestedRegion"], json!(["eu-west-1"]));
    }
}
