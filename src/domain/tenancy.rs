//! Which tenant a profile belongs to.

use crate::domain::ids::{Owner, TenantId};
use crate::domain::profile::Profile;

/// How tenants are found: an explicit map first, then tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRules {
    /// Tag keys in order of preference; compared without case, spaces, `-` and `_`.
    pub tag_keys: Vec<String>,
    /// Patterns (`*`, `?`) over a profile's id, ARN or name; the first that matches wins over tags.
    pub mapped: Vec<(String, TenantId)>,
}

impl TenantRules {
    /// The owner of a profile.
    #[must_use]
    pub fn owner(&self, profile: &Profile) -> Owner {
        let found = profile.tenant.clone().or_else(|| self.by_map(profile)).or_else(|| self.by_tag(profile));
        found.map_or(Owner::Unattributed, Owner::Tenant)
    }

    fn by_map(&self, profile: &Profile) -> Option<TenantId> {
        let names = [profile.key.id.as_str(), &profile.arn, &profile.name];
        let fits = |pattern: &str| names.iter().any(|name| matches_pattern(pattern, name));
        self.mapped.iter().find(|(pattern, _)| fits(pattern)).map(|(_, tenant)| tenant.clone())
    }

    fn by_tag(&self, profile: &Profile) -> Option<TenantId> {
        self.tag_keys.iter().find_map(|key| {
            let wanted = folded(key);
            let (_, value) =
                profile.tags.iter().find(|(tag, value)| folded(tag) == wanted && !value.trim().is_empty())?;
            Some(TenantId::new(value.trim()))
        })
    }
}

/// A tag key without case, spaces, `-` and `_`: real users mistype them.
fn folded(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Whether `text` fits a pattern of `*` (any run) and `?` (one character).
#[must_use]
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    wildmatch::WildMatch::new(pattern).matches(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::ids::ProfileKey;
    use crate::domain::profile::Reach;

    fn tagged(tags: &[(&str, &str)]) -> Profile {
        Profile {
            key: ProfileKey { scope: "main".into(), id: "blkjc8qmk04r".into() },
            arn: "arn:aws:bedrock:us-east-1:1:application-inference-profile/blkjc8qmk04r".into(),
            name: "acme-chat".into(),
            model: None,
            reach: Reach::Geo,
            region: "us-east-1".into(),
            tags: tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>(),
            tenant: None,
            from: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn rules(mapped: &[(&str, &str)]) -> TenantRules {
        let mapped = mapped.iter().map(|&(pattern, tenant)| (pattern.to_owned(), tenant.into())).collect();
        TenantRules { tag_keys: vec!["TenantID".into(), "customer".into()], mapped }
    }

    #[test]
    fn the_first_tag_key_found_wins_and_typing_slips_are_forgiven() {
        let owner = |tags: &[(&str, &str)]| rules(&[]).owner(&tagged(tags));
        assert_eq!(owner(&[("customer", "late"), ("tenant_id", "acme")]).name(), "acme");
        assert_eq!(owner(&[("Tenant-Id ", " acme ")]).name(), "acme");
        assert_eq!(owner(&[("Customer", "globex")]).name(), "globex");
        assert_eq!(owner(&[("TenantID", "  ")]), Owner::Unattributed);
        assert_eq!(owner(&[("team", "acme")]), Owner::Unattributed);
    }

    #[test]
    fn an_explicit_map_wins_over_tags_by_id_arn_and_name() {
        let profile = tagged(&[("TenantID", "acme")]);
        for pattern in ["blkjc8qmk04r", "acme-*", "*:application-inference-profile/blkjc*"] {
            assert_eq!(rules(&[(pattern, "mapped")]).owner(&profile).name(), "mapped", "{pattern}");
        }
        assert_eq!(rules(&[("other-*", "mapped")]).owner(&profile).name(), "acme");
    }
}
