//! Looks at AWS for what the first config file can say.

use std::time::Duration;

use jiff::Timestamp;

use crate::report::starter::{self, Found, Starter};
use crate::source::aws::{AwsSettings, Patience, discover};

/// How long a look goes on once a region has answered.
const WHOLE: Duration = Duration::from_secs(10);

/// What the command line says of the account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The AWS profile.
    pub profile: Option<String>,
    /// The only region to look at.
    pub region: Option<String>,
    /// Where requests go instead of to AWS.
    pub endpoint_url: Option<String>,
}

/// The first config file. Without an answer of AWS within `wait` it is the commented default.
pub async fn starter(account: Account, wait: Duration, now: Timestamp) -> Starter {
    let whole = WHOLE.max(wait);
    let settings = AwsSettings {
        profile: account.profile.clone(),
        region: account.region.clone(),
        endpoint_url: account.endpoint_url.clone(),
        operation_timeout: whole,
        ..AwsSettings::default()
    };
    match discover(&settings, Patience { first: wait, whole }, now).await {
        Err(error) => starter::without(&format!("{}; {}", error.message, error.remedy)),
        Ok(found) => {
            let silent = found.silent.into_iter().map(|(region, error)| (region, error.message)).collect();
            let Account { profile, region, endpoint_url } = account;
            let found = Found { home: found.home, regions: found.regions, silent, profile, region, endpoint_url };
            starter::with(&found, now)
        }
    }
}
