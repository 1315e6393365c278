//! An inference profile as it was known from a time on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{ModelId, ProfileKey, TenantId};

/// Where a profile's requests may be served; it decides the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// One region, on demand.
    InRegion,
    /// The regions of one geography (`us.`, `eu.`, ...).
    Geo,
    /// Anywhere (`global.`).
    Global,
}

impl Reach {
    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InRegion => "in-region",
            Self::Geo => "geo",
            Self::Global => "global",
        }
    }
}

/// What a series of usage belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileKind {
    /// An application inference profile.
    #[default]
    Application,
    /// A profile of AWS's own (`us.anthropic...`), called without an application inference profile.
    System,
    /// A model, called directly.
    Model,
    /// A project of `bedrock-mantle`, which knows no inference profiles.
    Project,
}

impl ProfileKind {
    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "profile",
            Self::System => "system profile",
            Self::Model => "direct model",
            Self::Project => "mantle project",
        }
    }

    /// Whether its usage can be a tenant's by tag, name or default; what is called directly is nobody's unless it is
    /// mapped by hand.
    #[must_use]
    pub fn can_have_a_tenant(self) -> bool {
        matches!(self, Self::Application | Self::Project)
    }
}

/// The service tier that really served the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceTier {
    /// The default, on demand; also what overflows from reserved capacity.
    #[default]
    Standard,
    /// Served first, for a higher price.
    Priority,
    /// Served when there is room, for a lower price.
    Flex,
    /// Capacity bought by the month.
    Reserved,
    /// Served some time within a day, for a lower price.
    Batch,
}

impl ServiceTier {
    /// The tier that CloudWatch's dimension `ResolvedServiceTier` names.
    #[must_use]
    pub fn of_dimension(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "priority" => Self::Priority,
            "flex" => Self::Flex,
            "reserved" => Self::Reserved,
            "batch" => Self::Batch,
            _ => Self::Standard,
        }
    }

    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Priority => "priority",
            Self::Flex => "flex",
            Self::Reserved => "reserved",
            Self::Batch => "batch",
        }
    }
}

/// What is known of a profile from `from` on. A change (new tags, say) is a new version, so that usage
/// keeps the tenant it had at its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The scope and the bare id.
    pub key: ProfileKey,
    /// The full ARN; empty where the source has none (replay).
    pub arn: String,
    /// The name people gave it.
    pub name: String,
    /// The model behind it, without region prefix; `None` where the source does not say.
    pub model: Option<ModelId>,
    /// Where it is served.
    pub reach: Reach,
    /// The region it is called in, for example `us-east-1`; decides the price of some models.
    pub region: String,
    /// Tags as they came.
    pub tags: BTreeMap<String, String>,
    /// The tenant, where the source itself knows it (the column of a trace); wins over tags.
    pub tenant: Option<TenantId>,
    /// What it is.
    #[serde(default)]
    pub kind: ProfileKind,
    /// The service tier of this part of its usage; the standard tier has what no other part has.
    #[serde(default)]
    pub tier: ServiceTier,
    /// It is no longer listed; its usage stays.
    #[serde(default)]
    pub deleted: bool,
    /// In force from the hour of this instant.
    pub from: Timestamp,
}

impl Profile {
    /// A profile of which only the key is known.
    #[must_use]
    pub fn bare(key: ProfileKey, from: Timestamp) -> Self {
        Self {
            name: key.id.as_str().to_owned(),
            key,
            arn: String::new(),
            model: None,
            reach: Reach::InRegion,
            region: String::new(),
            tags: BTreeMap::new(),
            tenant: None,
            kind: ProfileKind::default(),
            tier: ServiceTier::default(),
            deleted: false,
            from,
        }
    }

    /// Whether two versions say the same, whatever their times.
    #[must_use]
    pub fn same_facts(&self, other: &Self) -> bool {
        Self { from: other.from, ..self.clone() } == *other
    }
}

/// The version in force at an instant: the last that began by its hour, else the oldest known.
#[must_use]
pub fn version_at(versions: &[Profile], at: Timestamp) -> Option<&Profile> {
    let hour_end = crate::domain::time::floor_hour(at).as_second().saturating_add(crate::domain::time::HOUR_SECONDS);
    versions.iter().rev().find(|version| version.from.as_second() < hour_end).or_else(|| versions.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(from: &str, name: &str) -> Profile {
        let key = ProfileKey { scope: "s".into(), id: "p".into() };
        Profile { name: name.into(), ..Profile::bare(key, from.parse().expect("a valid time")) }
    }

    #[test]
    fn usage_keeps_the_version_of_its_hour() {
        let versions = [version("2026-11-01T00:00:00Z", "old"), version("2026-11-02T10:20:00Z", "new")];
        let name_at =
            |at: &str| version_at(&versions, at.parse().expect("a valid time")).map(|found| found.name.clone());
        assert_eq!(name_at("2026-11-02T09:59:00Z").as_deref(), Some("old"));
        assert_eq!(name_at("2026-11-02T10:00:00Z").as_deref(), Some("new"));
        assert_eq!(name_at("2026-10-01T00:00:00Z").as_deref(), Some("old"));
    }
}
