//! Provisioned throughput: model units that are paid by the hour, whether they are used or not.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::domain::contract::Validity;
use crate::domain::ids::ModelId;
use crate::domain::money::Money;
use crate::domain::profile::Profile;
use crate::domain::tenancy::matches_pattern;

/// Model units that some profiles share. Their tokens cost nothing themselves while it is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Provisioned {
    /// Its name.
    pub name: String,
    /// Of which model.
    pub model: ModelId,
    /// Patterns over ids, ARNs or names of the profiles that use it.
    pub profiles: Vec<String>,
    /// How many units.
    pub units: u32,
    /// USD an hour of one unit.
    pub usd_hour: Decimal,
    /// From which day and up to which (UTC).
    pub validity: Validity,
}

impl Provisioned {
    /// Whether a profile uses it.
    #[must_use]
    pub fn is_used_by(&self, profile: &Profile) -> bool {
        let names = [profile.key.id.as_str(), &profile.arn, &profile.name];
        self.profiles.iter().any(|pattern| names.iter().any(|name| matches_pattern(pattern, name)))
    }

    /// Whether it is paid for at an instant.
    #[must_use]
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.validity.span(&TimeZone::UTC).contains(at)
    }

    /// What an hour of all units costs.
    #[must_use]
    pub fn hour(&self) -> Money {
        Money::usd(self.usd_hour.saturating_mul(self.units.into()))
    }
}
