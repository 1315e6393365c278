//! The configured scopes as sources.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::Scope;
use crate::source::aws::{AssumedRole, AwsSettings, AwsSource, LinkedAccount, Paces};

/// How CloudTrail shows sessions that the config gives no name.
const SESSION: &str = "bedtop";

/// What request rates are counted by: credentials and region.
type Caller<'a> = (&'a Option<String>, &'a Option<String>, &'a Option<String>);

/// A source for each scope. Those of one caller share its request rates.
pub(super) fn sources(scopes: &[Scope]) -> Vec<AwsSource> {
    let mut paces: HashMap<Caller<'_>, Arc<Paces>> = HashMap::new();
    let mut sources = Vec::new();
    for scope in scopes {
        let caller = (&scope.profile, &scope.role_arn, &scope.region);
        let paces = Arc::clone(paces.entry(caller).or_default());
        sources.push(AwsSource::connect(settings(scope, paces)));
    }
    sources
}

fn settings(scope: &Scope, paces: Arc<Paces>) -> AwsSettings {
    let assumed = |arn: &String| AssumedRole {
        arn: arn.clone(),
        external_id: scope.external_id.clone(),
        session_name: scope.session_name.clone().unwrap_or_else(|| SESSION.to_owned()),
    };
    let linked = |account: &String| LinkedAccount {
        account: account.clone(),
        discovery: scope.discovery_role_arn.as_ref().map(assumed),
    };
    AwsSettings {
        scope: scope.name.clone(),
        profile: scope.profile.clone(),
        region: scope.region.clone(),
        endpoint_url: scope.endpoint_url.clone(),
        role: scope.role_arn.as_ref().map(assumed),
        linked: scope.account.as_ref().map(linked),
        paces,
        ..AwsSettings::default()
    }
}
