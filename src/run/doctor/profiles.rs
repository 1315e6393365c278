//! What the profiles of a scope say: whose they are by their tags, and how many more there can be.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::ids::Owner;
use crate::domain::profile::{Profile, ProfileKind};
use crate::domain::tenancy::TenantRules;
use crate::report::doctor::Finding;
use crate::source::Source;

/// How long it may take to read them: where tags cannot be read in bulk it is slow.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many application inference profiles AWS allows an account in a region by default (quota L-40EC9882).
const ALLOWED: usize = 1000;
/// From this many on more should be asked for.
const NEARLY_ALL: usize = 900;
/// How many keys of tags are told.
const KEYS_TOLD: usize = 5;

/// What is found about tags and the number of profiles.
pub(super) async fn findings(
    scope: &str,
    source: &mut impl Source,
    rules: &TenantRules,
    now: Timestamp,
) -> Vec<Finding> {
    let subject = format!("{scope}: tags");
    match tokio::time::timeout(PATIENCE, source.profiles(now)).await {
        Err(_) => vec![Finding::note(
            &subject,
            format!("could not be read in {} s", PATIENCE.as_secs()),
            "let tag:GetResources be allowed (`bedtop iam-policy`): it tells those of a hundred profiles at once",
        )],
        Ok(Err(error)) => {
            let detail = format!("not known: {}", error.message);
            vec![Finding::note(&subject, detail, "mend what is told of the permissions")]
        }
        Ok(Ok(profiles)) => {
            let is_listed = |profile: &&Profile| profile.kind == ProfileKind::Application && !profile.arn.is_empty();
            let listed: Vec<&Profile> = profiles.iter().filter(is_listed).collect();
            vec![tags(&subject, &listed, rules), number(&format!("{scope}: profiles"), listed.len())]
        }
    }
}

fn tags(subject: &str, listed: &[&Profile], rules: &TenantRules) -> Finding {
    if listed.is_empty() {
        let remedy = "make one for each tenant and model, tagged with the tenant (docs/first-hour.md)";
        return Finding::note(subject, "no application inference profiles: all use is unattributed", remedy);
    }
    let (nobodys, owned): (Vec<&Profile>, Vec<&Profile>) =
        listed.iter().copied().partition(|&profile| rules.owner(profile) == Owner::Unattributed);
    if !nobodys.is_empty() {
        let keys = nobodys.iter().flat_map(|profile| profile.tags.keys().map(String::as_str)).collect();
        let detail = format!("{} of {} profiles name no tenant", nobodys.len(), listed.len());
        return Finding::note(subject, detail, remedy(&keys, rules));
    }
    let tenants: BTreeSet<Owner> = owned.iter().map(|profile| rules.owner(profile)).collect();
    let detail = format!("{} profiles with {} tenants", listed.len(), tenants.len());
    match listed.iter().filter(|profile| !rules.tag_faults(profile).is_empty()).count() {
        0 => Finding::ok(subject, detail),
        doubtful => {
            let detail = format!("{detail}, of which {doubtful} name theirs doubtfully");
            Finding::note(subject, detail, "`bedtop profiles --lint` says what to mend of each")
        }
    }
}

/// What to do about profiles that name nobody but have tags with these keys.
fn remedy(keys: &BTreeSet<&str>, rules: &TenantRules) -> String {
    let wanted = rules.tag_keys.first().map_or("TenantID", String::as_str);
    let told: Vec<&str> = keys.iter().copied().take(KEYS_TOLD).collect();
    let instead = match told.as_slice() {
        [] => String::new(),
        told => format!(", name one of the keys they have ({}) in `tenant_tags`", told.join(", ")),
    };
    format!("tag them with {wanted}{instead}, or map them with [[tenant]]; `bedtop profiles --lint` lists them")
}

fn number(subject: &str, count: usize) -> Finding {
    let detail = format!("{count} of the {ALLOWED} that AWS grants a region by default");
    if count < NEARLY_ALL {
        return Finding::ok(subject, detail);
    }
    Finding::note(subject, detail, "ask for more in the console of Service Quotas (Bedrock, L-40EC9882)")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::ids::ProfileKey;
    use crate::report::doctor::Verdict;

    /// A profile with a tag, `key=value`, or with none.
    fn profile(tag: &str) -> Profile {
        let key = ProfileKey { scope: "main".into(), id: "blkjc8qmk04r".into() };
        let tags = tag.split_once('=').into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Profile { tags, ..Profile::bare(key, Timestamp::UNIX_EPOCH) }
    }

    #[rstest]
    #[case::none(&[], Verdict::Note, "no application inference profiles", "make one for each tenant")]
    #[case::all_well(&["TenantID=acme", "TenantID=hooli"], Verdict::Ok, "2 profiles with 2 tenants", "")]
    #[case::another_key(&["TenantID=acme", "team=x"], Verdict::Note, "1 of 2 profiles name no tenant", "(team)")]
    #[case::no_tags(&[""], Verdict::Note, "1 of 1 profiles name no tenant", "tag them with TenantID, or map")]
    #[case::mistyped(&["tenant id=acme"], Verdict::Note, "of which 1 name theirs doubtfully", "profiles --lint")]
    fn tags_are_told_with_what_to_do(
        #[case] tagged: &[&str],
        #[case] verdict: Verdict,
        #[case] detail: &str,
        #[case] remedy: &str,
    ) {
        let profiles: Vec<Profile> = tagged.iter().map(|tag| profile(tag)).collect();
        let rules = TenantRules { tag_keys: vec!["TenantID".into()], ..TenantRules::default() };
        let found = tags("main: tags", &profiles.iter().collect::<Vec<_>>(), &rules);
        assert!(found.verdict == verdict && found.detail.contains(detail), "{found:?}");
        assert!(found.remedy.contains(remedy) && found.remedy.is_empty() == remedy.is_empty(), "{found:?}");
    }

    #[test]
    fn the_number_of_profiles_is_told_before_it_is_the_last() {
        assert_eq!(number("main: profiles", 899).verdict, Verdict::Ok);
        let full = number("main: profiles", 900);
        assert!(full.verdict == Verdict::Note && full.remedy.contains("L-40EC9882"), "{full:?}");
    }
}
