//! Who is polled: the profiles as they are listed now, and those that are no longer.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::ProfileKey;
use crate::domain::profile::{Profile, ProfileKind, ServiceTier};

/// A profile that is gone is still asked for this long: its last points come late.
const STILL_ASKED: SignedDuration = SignedDuration::from_mins(60);

/// The profiles of a scope.
#[derive(Debug, Default)]
pub(super) struct Roster {
    profiles: BTreeMap<ProfileKey, Profile>,
}

impl Roster {
    /// A roster of what the history knows.
    pub(super) fn new(known: Vec<Profile>) -> Self {
        Self { profiles: known.into_iter().map(|profile| (profile.key.clone(), profile)).collect() }
    }

    /// Takes a new list: what is not on it any more is marked as deleted, with its facts kept. Nothing is marked if the
    /// list is empty where it was not before: that is rather a fault than the end of everything.
    pub(super) fn update(&mut self, listed: Vec<Profile>, now: Timestamp) {
        let is_plausible = !listed.is_empty() || self.profiles.len() <= 1;
        let mut before = std::mem::take(&mut self.profiles);
        for profile in listed {
            // What is only known by its id, from its usage, was deleted if more was known of it before.
            if is_only_an_id(&profile) && before.get(&profile.key).is_some_and(|known| !is_only_an_id(known)) {
                continue;
            }
            before.remove(&profile.key);
            self.profiles.insert(profile.key.clone(), profile);
        }
        for (key, profile) in before {
            let gone = match profile {
                present if !present.deleted && is_plausible => Profile { deleted: true, from: now, ..present },
                as_before => as_before,
            };
            self.profiles.insert(key, gone);
        }
    }

    /// Every profile, for the history.
    pub(super) fn all(&self) -> Vec<Profile> {
        self.profiles.values().cloned().collect()
    }

    /// The profiles whose usage is asked for.
    pub(super) fn asked(&self, now: Timestamp) -> Vec<Profile> {
        let is_asked = |profile: &&Profile| !profile.deleted || now.duration_since(profile.from) <= STILL_ASKED;
        self.profiles.values().filter(is_asked).cloned().collect()
    }

    /// The keys of all that are there; parts come with their whole.
    pub(super) fn keys(&self) -> Vec<ProfileKey> {
        let is_whole = |profile: &&Profile| !profile.deleted && profile.tier == ServiceTier::Standard;
        self.profiles.values().filter(is_whole).map(|profile| profile.key.clone()).collect()
    }

    /// Whether nothing is known yet.
    pub(super) fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }
}

fn is_only_an_id(profile: &Profile) -> bool {
    profile.kind == ProfileKind::Application && profile.arn.is_empty() && profile.tags.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(id: &str) -> Profile {
        Profile::bare(ProfileKey { scope: "main".into(), id: id.into() }, Timestamp::UNIX_EPOCH)
    }

    fn after(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn states(roster: &Roster) -> Vec<(String, bool)> {
        roster.all().iter().map(|profile| (profile.name.clone(), profile.deleted)).collect()
    }

    #[test]
    fn a_profile_that_is_not_listed_any_more_is_deleted_with_its_facts_kept_and_asked_a_while() {
        let mut roster = Roster::new(vec![profile("a"), profile("b")]);
        roster.update(vec![profile("a")], after(10));
        assert_eq!(states(&roster), [("a".into(), false), ("b".into(), true)]);
        assert_eq!((roster.asked(after(70)).len(), roster.asked(after(71)).len()), (2, 1));
        roster.update(vec![profile("a")], after(20));
        assert_eq!(roster.all()[1].from, after(10), "it is deleted once");
        roster.update(vec![profile("a"), profile("b")], after(30));
        assert_eq!(states(&roster), [("a".into(), false), ("b".into(), false)], "and may come back");
    }

    #[test]
    fn usage_under_the_id_of_a_deleted_profile_does_not_take_its_facts_away() {
        let tags = [("TenantID".to_owned(), "acme".to_owned())].into();
        let mut roster = Roster::new(vec![Profile { tags, ..profile("a") }, profile("b")]);
        roster.update(vec![profile("a"), profile("b")], after(10));
        assert_eq!(states(&roster), [("a".into(), true), ("b".into(), false)]);
        assert_eq!(roster.all()[0].tags.len(), 1);
    }

    #[test]
    fn parts_are_known_and_come_with_their_whole() {
        let mut roster = Roster::default();
        roster.update(vec![profile("a"), Profile { tier: ServiceTier::Flex, ..profile("a@flex") }], after(0));
        assert_eq!((roster.all().len(), roster.keys().len()), (2, 1));
    }

    #[test]
    fn an_empty_list_deletes_nobody() {
        let mut roster = Roster::new(vec![profile("a"), profile("b")]);
        roster.update(Vec::new(), after(10));
        assert_eq!(states(&roster), [("a".into(), false), ("b".into(), false)]);
    }
}
