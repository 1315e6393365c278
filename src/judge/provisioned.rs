//! What provisioned throughput costs whom: hour by hour, by the tokens of the profiles that use it.
//!
//! An hour counts once it is over and its data is known. One that nobody used costs all the same, and is nobody's.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::cost::provisioned::share_out;
use crate::domain::history::History;
use crate::domain::ids::{ModelId, ProfileRef};
use crate::domain::money::{CostRange, Money};
use crate::domain::provisioned::Provisioned;
use crate::domain::time::{TimeSpan, floor_hour};
use crate::domain::view::PricedUsage;
use crate::judge::policy::Policy;
use crate::judge::usage_points;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// An hour's part with its start.
pub(super) type Part = (Timestamp, Money);

/// The cost of provisioned throughput over a span.
#[derive(Debug, Default)]
pub(super) struct Shares {
    by_profile: BTreeMap<ProfileRef, Vec<Part>>,
    idle: Vec<Idle>,
}

/// What of it nobody used.
#[derive(Debug)]
pub(super) struct Idle {
    /// The name of it.
    pub name: String,
    /// Of which model.
    pub model: ModelId,
    /// The hours.
    pub parts: Vec<Part>,
}

impl Idle {
    /// What it is called where profiles are listed.
    pub(super) fn label(&self) -> String {
        format!("{}, idle", self.name)
    }
}

impl Shares {
    /// Shares out all hours of a span that are over and known at `now`.
    pub(super) fn take(history: &dyn History, policy: &Policy, span: TimeSpan, now: Timestamp) -> Self {
        let mut shares = Self::default();
        let known = history.extent().map_or(now, |extent| floor_hour(extent.start));
        let until = history.scopes(now).iter().filter_map(|scope| scope.watermark).min().unwrap_or(known).min(now);
        let span = TimeSpan::new(floor_hour(span.start).max(known), span.end.min(floor_hour(until)));
        for provisioned in &policy.provisioned {
            shares.add(history, provisioned, span, now);
        }
        shares
    }

    fn add(&mut self, history: &dyn History, provisioned: &Provisioned, span: TimeSpan, now: Timestamp) {
        let profiles = history.profiles();
        let uses = |versions: &[crate::domain::profile::Profile]| {
            versions.last().is_some_and(|newest| provisioned.is_used_by(newest))
        };
        let users: Vec<ProfileRef> =
            profiles.into_iter().filter(|(_, versions)| uses(versions)).map(|(profile, _)| profile).collect();
        let tokens: Vec<BTreeMap<Timestamp, u64>> =
            users.iter().map(|&profile| tokens_by_hour(history, profile, span, now)).collect();
        let mut idle = Vec::new();
        for hour in hours(span).filter(|hour| provisioned.is_in_force(*hour)) {
            let used: Vec<u64> = tokens.iter().map(|hours| hours.get(&hour).copied().unwrap_or(0)).collect();
            match share_out(provisioned.hour(), &used) {
                Some(parts) => self.give(hour, &users, parts),
                None => idle.push((hour, provisioned.hour())),
            }
        }
        let Provisioned { name, model, .. } = provisioned.clone();
        self.idle.push(Idle { name, model, parts: idle });
    }

    fn give(&mut self, hour: Timestamp, users: &[ProfileRef], parts: Vec<Money>) {
        for (&profile, part) in users.iter().zip(parts).filter(|(_, part)| *part != Money::ZERO) {
            self.by_profile.entry(profile).or_default().push((hour, part));
        }
    }

    /// The hours of a profile.
    pub(super) fn of(&self, profile: ProfileRef) -> &[Part] {
        self.by_profile.get(&profile).map_or(&[], Vec::as_slice)
    }

    /// The hours that nobody used.
    pub(super) fn idle(&self) -> &[Idle] {
        &self.idle
    }
}

/// Money that was spent without a token to count.
pub(super) fn spent(money: Money) -> PricedUsage {
    PricedUsage { cost: CostRange::exact(money), ..PricedUsage::default() }
}

fn hours(span: TimeSpan) -> impl Iterator<Item = Timestamp> {
    std::iter::successors(Some(span.start), |hour| hour.checked_add(HOUR).ok()).take_while(move |hour| *hour < span.end)
}

fn tokens_by_hour(
    history: &dyn History,
    profile: ProfileRef,
    span: TimeSpan,
    now: Timestamp,
) -> BTreeMap<Timestamp, u64> {
    let mut hours = BTreeMap::new();
    for point in usage_points(history, profile, span, now) {
        let tokens: &mut u64 = hours.entry(floor_hour(point.at)).or_default();
        *tokens = tokens.saturating_add(point.counts.tokens());
    }
    hours
}

#[cfg(test)]
mod tests;
