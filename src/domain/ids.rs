//! Names of things. Each is a string with a meaning of its own, so that one is never passed for another.
//!
//! The text comes from outside (tags, CSV, AWS) and is kept as it came; whoever shows it runs it
//! through [`crate::domain::text::printable`] first.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text unchanged.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// The text as it came from outside: untrusted, not fit for the terminal as it is.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

name_type! {
    /// One AWS account and region that is polled, by the name the config gives it.
    ScopeName
}
name_type! {
    /// A customer or team that owns inference profiles.
    TenantId
}
name_type! {
    /// A budget, by the id the config gives it.
    BudgetId
}
name_type! {
    /// A group of tenants that share a budget, by the name the config gives it.
    PoolName
}
name_type! {
    /// A plan, by the id the config gives it.
    PlanId
}
name_type! {
    /// The bare id of an inference profile: 12 characters on AWS, the last segment of its ARN, and
    /// the value of the CloudWatch dimension `ModelId`.
    ProfileId
}
name_type! {
    /// A model as Bedrock names it, for example `anthropic.claude-opus-4-6-v1`, without region prefix.
    ModelId
}

impl ProfileId {
    /// Takes a bare id or an ARN and keeps the bare id: what CloudWatch is asked for.
    #[must_use]
    pub fn from_id_or_arn(text: &str) -> Self {
        if text.starts_with("arn:") { Self::new(text.rsplit('/').next().unwrap_or(text)) } else { Self::new(text) }
    }
}

/// What identifies a profile's history: the scope it is polled in and its bare id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProfileKey {
    /// The account and region.
    pub scope: ScopeName,
    /// The bare profile id.
    pub id: ProfileId,
}

/// A store's own short number for a [`ProfileKey`]; never reused within a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProfileRef(pub u32);

/// Who a profile's usage belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Owner {
    /// A tenant found by tag or mapping.
    Tenant(TenantId),
    /// No tenant is known: a row of its own, never dropped.
    Unattributed,
}

impl Owner {
    /// The name in tables and in JSON.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Tenant(id) => id.as_str(),
            Self::Unattributed => "unattributed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_accepted_by_id_and_by_arn() {
        let arn = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/blkjc8qmk04r";
        assert_eq!(ProfileId::from_id_or_arn(arn), ProfileId::new("blkjc8qmk04r"));
        assert_eq!(ProfileId::from_id_or_arn("blkjc8qmk04r"), ProfileId::new("blkjc8qmk04r"));
    }
}
