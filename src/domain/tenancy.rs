//! Which tenant a profile belongs to.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::domain::ids::{Owner, TenantId};
use crate::domain::profile::{Profile, ProfileKind};

/// The group of a [`NamePattern`] that is the tenant.
const TENANT_GROUP: &str = "tenant";

/// How tenants are found: an explicit map first, then tags, then the name, then a default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantRules {
    /// Tag keys in order of preference; compared without case, spaces, `-` and `_`.
    pub tag_keys: Vec<String>,
    /// Patterns (`*`, `?`) over a profile's id, ARN or name; the first that matches wins over tags.
    pub mapped: Vec<(String, TenantId)>,
    /// Finds the tenant in the name of a profile without tags for it.
    pub name: Option<NamePattern>,
    /// Whose the profiles are that nothing else tells the tenant of; unattributed if not given.
    pub default: Option<TenantId>,
    /// Who is known by name; everybody may be if not given.
    pub known: Option<KnownTenants>,
}

/// Tenants that the config names, where it gives all others no plan either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownTenants {
    /// Their ids.
    pub ids: BTreeSet<TenantId>,
    /// Tag keys that tell the plan of a tenant, who is known then as well.
    pub plan_tags: Vec<String>,
}

/// A regular expression with a group named `tenant`.
#[derive(Clone, Debug)]
pub struct NamePattern(Regex);

impl NamePattern {
    /// Reads a regular expression such as `^(?<tenant>[a-z]+)-`.
    ///
    /// # Errors
    /// What is wrong with the expression, or that it has no group named `tenant`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let regex = Regex::new(text).map_err(|error| format!("`{text}` is no regular expression: {error}"))?;
        if regex.capture_names().flatten().any(|name| name == TENANT_GROUP) {
            return Ok(Self(regex));
        }
        Err(format!("`{text}` has no group named `tenant`: write for example ^(?<tenant>[a-z0-9]+)-"))
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn tenant(&self, name: &str) -> Option<TenantId> {
        let found = self.0.captures(name)?.name(TENANT_GROUP)?.as_str().trim();
        (!found.is_empty()).then(|| TenantId::new(found))
    }
}

impl PartialEq for NamePattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for NamePattern {}

/// Something about a profile's tags that someone should mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TagFault {
    /// No tag names a tenant.
    Untagged,
    /// A key is written in another way than the rules have it.
    Mistyped {
        /// As it is written.
        key: String,
        /// As it should be.
        meant: String,
    },
    /// Two tags, or two patterns of the config, name different tenants; the first one wins.
    TwoTenants(Vec<String>),
    /// The tenant is not one that the config names, nor has it a plan.
    UnknownTenant {
        /// Who is named.
        tenant: String,
        /// Who may be meant.
        meant: Option<String>,
    },
}

impl TenantRules {
    /// The owner of a profile.
    #[must_use]
    pub fn owner(&self, profile: &Profile) -> Owner {
        let explicit = profile.tenant.clone().or_else(|| self.by_map(profile));
        let found = explicit.or_else(|| self.found(profile).filter(|_| profile.kind.can_have_a_tenant()));
        found.map_or(Owner::Unattributed, Owner::Tenant)
    }

    /// What is wrong with how a profile's tenant is told. What cannot be tagged has no faults, nor has what is mapped by
    /// hand, unless it is mapped to two.
    #[must_use]
    pub fn tag_faults(&self, profile: &Profile) -> Vec<TagFault> {
        if profile.kind != ProfileKind::Application || profile.tenant.is_some() {
            return Vec::new();
        }
        let mapped: BTreeSet<&str> = self.maps_of(profile).map(|(_, tenant)| tenant.as_str()).collect();
        if !mapped.is_empty() {
            return two_tenants(mapped).into_iter().collect();
        }
        let found: Vec<(&str, &str)> = self.tags_of(profile).collect();
        if found.is_empty() {
            let near = profile.tags.keys().filter_map(|key| self.near_miss(key));
            return std::iter::once(TagFault::Untagged).chain(near).collect();
        }
        let mistyped = found.iter().filter(|(key, _)| !self.tag_keys.iter().any(|known| known == key));
        let mut faults: Vec<TagFault> = mistyped.map(|(key, _)| self.mistyped(key)).collect();
        faults.extend(two_tenants(found.iter().map(|(_, value)| value.trim()).collect()));
        faults.extend(self.unknown(found[0].1.trim(), profile));
        faults
    }

    /// A key that is nearly one of the rules' keys, but too far from it to take its word.
    fn near_miss(&self, key: &str) -> Option<TagFault> {
        let meant = nearest(&folded(key), self.tag_keys.iter().map(|known| (folded(known), known.as_str())))?;
        Some(TagFault::Mistyped { key: key.to_owned(), meant: meant.to_owned() })
    }

    fn unknown(&self, tenant: &str, profile: &Profile) -> Option<TagFault> {
        let known = self.known.as_ref()?;
        let has_plan = known.plan_tags.iter().any(|key| tag_value(&profile.tags, key).is_some());
        if has_plan || known.ids.contains(&TenantId::new(tenant)) {
            return None;
        }
        let meant = nearest(&folded(tenant), known.ids.iter().map(|id| (folded(id.as_str()), id.as_str())));
        Some(TagFault::UnknownTenant { tenant: tenant.to_owned(), meant: meant.map(str::to_owned) })
    }

    fn found(&self, profile: &Profile) -> Option<TenantId> {
        let by_tag = self.tags_of(profile).next().map(|(_, value)| TenantId::new(value.trim()));
        let by_name = || self.name.as_ref().and_then(|pattern| pattern.tenant(&profile.name));
        by_tag.or_else(by_name).or_else(|| self.default.clone())
    }

    fn by_map(&self, profile: &Profile) -> Option<TenantId> {
        self.maps_of(profile).next().map(|(_, tenant)| tenant.clone())
    }

    /// The patterns that fit a profile, in their order.
    fn maps_of<'a>(&'a self, profile: &'a Profile) -> impl Iterator<Item = &'a (String, TenantId)> {
        let names = [profile.key.id.as_str(), &profile.arn, &profile.name];
        self.mapped.iter().filter(move |(pattern, _)| names.iter().any(|name| matches_pattern(pattern, name)))
    }

    /// The tags that name a tenant, in the order of the keys.
    fn tags_of<'a>(&'a self, profile: &'a Profile) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut seen = BTreeSet::new();
        self.tag_keys.iter().flat_map(move |key| {
            let wanted = folded(key);
            let is_wanted =
                move |(tag, value): &(&'a String, &'a String)| folded(tag) == wanted && !value.trim().is_empty();
            // A key as it is written comes before one that is only alike.
            let mut tags: Vec<_> = profile.tags.iter().filter(is_wanted).collect();
            tags.sort_by_key(|(tag, _)| *tag != key);
            tags.retain(|(tag, _)| seen.insert(tag.as_str()));
            tags.into_iter().map(|(tag, value)| (tag.as_str(), value.as_str()))
        })
    }

    fn mistyped(&self, key: &str) -> TagFault {
        let meant = self.tag_keys.iter().find(|known| folded(known) == folded(key));
        TagFault::Mistyped { key: key.to_owned(), meant: meant.cloned().unwrap_or_default() }
    }
}

/// Tags of a tenant: those that the config gives it and those of its profiles.
pub type Tags = BTreeMap<String, String>;

/// Whether all of the wanted tags are there: keys compared as tenant tags are, values as patterns.
#[must_use]
pub fn has_tags(tags: &Tags, wanted: &Tags) -> bool {
    wanted.iter().all(|(key, pattern)| {
        let is_key = |tag: &str| folded(tag) == folded(key);
        tags.iter().any(|(tag, value)| is_key(tag) && matches_pattern(pattern, value.trim()))
    })
}

/// The value of a tag, its key compared as tenant tags are; one written exactly so comes first.
#[must_use]
pub fn tag_value<'a>(tags: &'a Tags, key: &str) -> Option<&'a str> {
    let alike = || tags.iter().find(|(tag, _)| folded(tag) == folded(key)).map(|(_, value)| value);
    tags.get(key).or_else(alike).map(|value| value.trim()).filter(|value| !value.is_empty())
}

fn two_tenants(tenants: BTreeSet<&str>) -> Option<TagFault> {
    (tenants.len() > 1).then(|| TagFault::TwoTenants(tenants.into_iter().map(str::to_owned).collect()))
}

/// What is so near to a word that it may be meant by it: one slip in six letters, at most two.
fn nearest<'a>(word: &str, known: impl Iterator<Item = (String, &'a str)>) -> Option<&'a str> {
    let slips = (word.chars().count() / 3).min(2);
    let near = known.map(|(known, as_written)| (strsim::osa_distance(word, &known), as_written));
    near.filter(|(distance, _)| *distance <= slips).min_by_key(|(distance, _)| *distance).map(|(_, found)| found)
}

/// A tag key without case, spaces, `-` and `_`: real users mistype them.
#[must_use]
pub fn folded(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Whether `text` fits a pattern of `*` (any run) and `?` (one character).
#[must_use]
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    // Most patterns are plain names, and there are many budgets.
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    wildmatch::WildMatch::new(pattern).matches(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ProfileKey;

    fn tagged(tags: &[(&str, &str)]) -> Profile {
        let key = ProfileKey { scope: "main".into(), id: "blkjc8qmk04r".into() };
        Profile {
            arn: "arn:aws:bedrock:us-east-1:1:application-inference-profile/blkjc8qmk04r".into(),
            name: "acme-chat".into(),
            tags: tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
            ..Profile::bare(key, jiff::Timestamp::UNIX_EPOCH)
        }
    }

    fn rules(mapped: &[(&str, &str)]) -> TenantRules {
        let mapped = mapped.iter().map(|&(pattern, tenant)| (pattern.to_owned(), tenant.into())).collect();
        TenantRules { tag_keys: vec!["TenantID".into(), "customer".into()], mapped, ..TenantRules::default() }
    }

    #[test]
    fn the_first_tag_key_found_wins_and_typing_slips_are_forgiven() {
        let owner = |tags: &[(&str, &str)]| rules(&[]).owner(&tagged(tags));
        assert_eq!(owner(&[("customer", "late"), ("tenant_id", "acme")]).name(), "acme");
        assert_eq!(owner(&[("Tenant-Id ", " acme ")]).name(), "acme");
        assert_eq!(owner(&[("Customer", "globex")]).name(), "globex");
        assert_eq!(owner(&[("TENANTID", "alike"), ("TenantID", "exact")]).name(), "exact");
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

    #[test]
    fn without_a_tag_the_name_tells_and_then_the_default() {
        let pattern = NamePattern::parse("^(?<tenant>[a-z]+)-chat$").expect("an expression");
        let by_name = TenantRules { name: Some(pattern), default: Some("shared".into()), ..rules(&[]) };
        assert_eq!(by_name.owner(&tagged(&[])).name(), "acme");
        assert_eq!(by_name.owner(&tagged(&[("TenantID", "globex")])).name(), "globex");
        let other = Profile { name: "nightly".into(), ..tagged(&[]) };
        assert_eq!(by_name.owner(&other).name(), "shared");
    }

    #[test]
    fn what_is_called_directly_is_unattributed_unless_it_is_mapped() {
        let by_default = TenantRules { default: Some("shared".into()), ..rules(&[("acme-*", "mapped")]) };
        for kind in [ProfileKind::Model, ProfileKind::System] {
            let direct = Profile { kind, name: "anthropic.claude-opus-4-6-v1".into(), ..tagged(&[]) };
            assert_eq!(by_default.owner(&direct), Owner::Unattributed);
            assert_eq!(by_default.owner(&Profile { name: "acme-x".into(), ..direct }).name(), "mapped");
        }
    }

    #[test]
    fn faults_of_tags_are_told() {
        let faults = |tags: &[(&str, &str)]| rules(&[]).tag_faults(&tagged(tags));
        let mistyped = |key: &str| TagFault::Mistyped { key: key.into(), meant: "TenantID".into() };
        assert_eq!(faults(&[("TenantID", "acme")]), []);
        assert_eq!(faults(&[("team", "acme")]), [TagFault::Untagged]);
        assert_eq!(faults(&[("tenant id", "acme")]), [mistyped("tenant id")]);
        let two = TagFault::TwoTenants(vec!["acme".into(), "globex".into()]);
        assert_eq!(faults(&[("TenantID", "acme"), ("customer", "globex")]), [two]);
        let both = |key: &str| vec![TagFault::Untagged, mistyped(key)];
        assert_eq!(faults(&[("TennantID", "acme")]), both("TennantID"));
        assert_eq!(faults(&[("TenatnId", "acme")]), both("TenatnId"), "two letters changed places");
        assert_eq!(faults(&[("Team", "acme")]), [TagFault::Untagged], "that is another word");
    }

    #[test]
    fn what_is_mapped_by_hand_has_a_fault_only_where_two_have_it() {
        let faults = |mapped: &[(&str, &str)]| rules(mapped).tag_faults(&tagged(&[]));
        assert_eq!(faults(&[("acme-*", "x")]), []);
        assert_eq!(faults(&[("acme-*", "x"), ("*-chat", "x")]), [], "twice the same tenant");
        let two = TagFault::TwoTenants(vec!["x".into(), "y".into()]);
        assert_eq!(faults(&[("acme-*", "y"), ("*-chat", "x")]), [two]);
    }

    #[test]
    fn tenants_are_unknown_where_the_config_names_them_and_gives_others_no_plan() {
        let known = KnownTenants { ids: ["acme".into(), "globex".into()].into(), plan_tags: vec!["Plan".into()] };
        let named = TenantRules { known: Some(known), ..rules(&[]) };
        let unknown = |tenant: &str, meant: Option<&str>| {
            vec![TagFault::UnknownTenant { tenant: tenant.into(), meant: meant.map(str::to_owned) }]
        };
        let faults = |tenant: &str| named.tag_faults(&tagged(&[("TenantID", tenant)]));
        assert_eq!(faults("acme"), []);
        assert_eq!(faults("hooli"), unknown("hooli", None));
        assert_eq!(faults("Acme"), unknown("Acme", Some("acme")), "ids are told apart by case");
        assert_eq!(faults("glboex"), unknown("glboex", Some("globex")));
        assert_eq!(named.tag_faults(&tagged(&[("TenantID", "hooli"), ("plan", "gold")])), [], "its plan is told");
        assert_eq!(rules(&[]).tag_faults(&tagged(&[("TenantID", "hooli")])), [], "nobody is named");
    }

    #[test]
    fn expressions_without_the_group_are_refused() {
        assert!(NamePattern::parse("^[a-z]+-").expect_err("refused").contains("no group named `tenant`"));
        assert!(NamePattern::parse("(").expect_err("refused").contains("no regular expression"));
    }
}
