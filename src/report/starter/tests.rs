//! What is written is sound, says what was found and why, and holds outside text inside its comments and quotes.

use proptest::prelude::*;

use super::*;
use crate::config::{Config, Overrides, load};
use crate::domain::ids::ProfileKey;

fn profile(region: &str, id: &str, tags: &[(&str, &str)]) -> Profile {
    Profile {
        arn: format!("arn:aws:bedrock:{region}:111122223333:application-inference-profile/{id}"),
        tags: tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
        ..Profile::bare(ProfileKey { scope: region.into(), id: id.into() }, Timestamp::UNIX_EPOCH)
    }
}

fn read(text: &str) -> Config {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).expect("written");
    let flags = Overrides { config: Some(path), ..Overrides::default() };
    let environment = |name: &str| (name == "HOME").then(|| "/home/x".to_owned());
    load(&flags, &environment).unwrap_or_else(|error| panic!("{error}:\n{text}")).config
}

fn two_regions() -> Found {
    let here = vec![
        profile("us-east-1", "a", &[("tenant-id", "acme"), ("Plan", "gold"), ("env", "prod")]),
        profile("us-east-1", "b", &[("tenant-id", "beta"), ("env", "prod")]),
        profile("us-east-1", "c", &[("env", "test")]),
    ];
    let there = vec![profile("eu-west-1", "d", &[("tenant-id", "acme")])];
    Found {
        home: Some("us-east-1".to_owned()),
        regions: vec![("us-east-1".to_owned(), here), ("eu-west-1".to_owned(), there)],
        silent: vec![("eu-south-2".to_owned(), "no answer".to_owned())],
        ..Found::default()
    }
}

#[test]
fn what_is_found_is_in_the_file_with_its_why() {
    let starter = with(&two_regions(), Timestamp::UNIX_EPOCH);
    let told = "4 application inference profiles of account 111122223333 (3 in us-east-1, 1 in eu-west-1";
    assert!(starter.text.contains(told) && starter.summary.contains(told), "{}", starter.summary);
    for expected in [
        "# Not looked at: eu-south-2: no answer\n",
        "# Tags in use: env (3 of 4 profiles, 2 values), tenant-id (3 of 4 profiles, 2 values), Plan (1 of 4 profiles, 1 value).",
        "# `tenant-id` is in use and comes first.\ntenant_tags = [\"tenant-id\", ",
        "# [[tenant]]\n# id = \"acme\"  # 2 profiles, plan \"gold\"\n",
        "# Nothing tells the tenant of 1 profile;",
        "# [[plan]]\n# id = \"gold\"  # 1 tenant\n",
    ] {
        assert!(starter.text.contains(expected), "{expected}\n{}", starter.text);
    }
    let config = read(&starter.text);
    let scopes: Vec<_> = config.scopes.iter().map(|scope| (scope.name.as_str(), scope.region.as_deref())).collect();
    assert_eq!(scopes, [("default", Some("us-east-1")), ("eu-west-1", Some("eu-west-1"))]);
    assert_eq!(config.tenant_tags[0], "tenant-id");
    assert!(config.tenants.is_empty() && config.plans.is_empty(), "they are comments");
}

#[test]
fn the_comments_are_sound_once_they_are_taken_away() {
    let starter = with(&two_regions(), Timestamp::UNIX_EPOCH);
    let (before, found) = starter.text.rsplit_once("# The tags tell 2 tenants").expect("told");
    let rest = found.split_once('\n').expect("a line").1.replace("# Plans that", "## Plans that");
    let bare: String = rest.lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line))).collect();
    let config = read(&format!("{before}\n{bare}"));
    assert_eq!((config.tenants.len(), config.plans.len()), (2, 1));
}

#[test]
fn one_region_of_the_caller_needs_no_scope_and_an_empty_account_has_the_defaults() {
    let mut found = two_regions();
    found.regions.truncate(1);
    let plain = read(&with(&found, Timestamp::UNIX_EPOCH).text);
    assert_eq!((plain.scopes.len(), plain.scopes[0].region.as_deref()), (1, None));
    found.profile = Some("prod".to_owned());
    let named = read(&with(&found, Timestamp::UNIX_EPOCH).text);
    assert_eq!((named.scopes.len(), named.scopes[0].profile.as_deref()), (1, Some("prod")));
    let empty = Found { regions: vec![("us-east-1".to_owned(), Vec::new())], ..Found::default() };
    let starter = with(&empty, Timestamp::UNIX_EPOCH);
    assert_eq!(read(&starter.text), read(EXAMPLE));
    assert!(starter.summary.contains("no application inference profile in 1 region"), "{}", starter.summary);
}

#[test]
fn a_key_that_is_not_usual_is_proposed_and_one_of_aws_is_not() {
    let tags = [("Customer Name", "acme"), ("aws:team", "x"), ("service-plan", "gold")];
    let regions = vec![("us-east-1".to_owned(), vec![profile("us-east-1", "a", &tags)])];
    let starter = with(&Found { regions, ..Found::default() }, Timestamp::UNIX_EPOCH);
    let config = read(&starter.text);
    assert_eq!((config.tenant_tags[0].as_str(), config.plan_tags[0].as_str()), ("Customer Name", "service-plan"));
    assert!(starter.text.contains("`Customer Name` is not a usual key, but the likeliest one"), "{}", starter.text);
    assert!(!starter.text.contains("aws:team"));
}

proptest! {
    #[test]
    fn nothing_from_outside_breaks_the_file(
        tags in prop::collection::vec((prop_oneof!["tenant", "plan", ".{0,12}"], ".{0,12}"), 0..5),
        why in ".{0,20}",
    ) {
        let tags: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let mut found = two_regions();
        found.regions[0].1.push(profile("us-east-1", "e", &tags));
        found.silent.push(("x".to_owned(), why.clone()));
        read(&with(&found, Timestamp::UNIX_EPOCH).text);
        prop_assert_eq!(read(&without(&why).text), read(EXAMPLE));
    }
}
