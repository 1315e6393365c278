//! Sums of whole hours, kept between steps so that a step adds only what is new.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::history::History;
use crate::domain::ids::{Owner, ProfileRef};
use crate::domain::profile::Profile;
use crate::domain::time::TimeSpan;
use crate::domain::view::PricedUsage;
use crate::judge::provisioned::Part;
use crate::judge::rating::{Rates, add_share};

/// What a profile's hours from `start` up to `until` came to, by owner.
#[derive(Debug)]
struct Sum {
    until: Timestamp,
    revision: u64,
    versions: usize,
    shares: Vec<(Owner, PricedUsage)>,
}

/// The sums by profile and start of the span.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sums: HashMap<(ProfileRef, Timestamp), Sum>,
}

/// Whose hours are summed.
pub(super) struct Account<'a> {
    /// The profile.
    pub profile: ProfileRef,
    /// Its versions; a new one can move past usage to another owner.
    pub versions: &'a [Profile],
    /// Its owners and prices.
    pub rates: &'a Rates,
    /// Its parts of what is paid by the hour.
    pub by_hour: &'a [Part],
}

impl Ledger {
    /// The hours in the span, priced and by owner. A sum that was made before and still holds is only
    /// continued; one that was made of hours revised since, or that reaches further than asked, is made anew.
    pub(super) fn hours(
        &mut self,
        history: &dyn History,
        account: &Account<'_>,
        span: TimeSpan,
    ) -> Vec<(Owner, PricedUsage)> {
        let revision = history.revision(account.profile);
        let key = (account.profile, span.start);
        let kept = self
            .sums
            .remove(&key)
            .filter(|sum| sum.revision == revision && sum.versions == account.versions.len() && sum.until <= span.end);
        let mut sum = kept.unwrap_or_else(|| Sum {
            until: span.start,
            revision,
            versions: account.versions.len(),
            shares: Vec::new(),
        });
        if sum.until < span.end {
            let new_hours = history.hours(account.profile, TimeSpan::new(sum.until, span.end));
            for (owner, part) in account.rates.by_owner(new_hours) {
                add_share(&mut sum.shares, &owner, &part);
            }
            sum.until = span.end;
        }
        let shares = sum.shares.clone();
        self.sums.insert(key, sum);
        shares
    }

    /// Forgets sums of spans that are not asked for any more.
    pub(super) fn keep_only(&mut self, starts: &[Timestamp]) {
        self.sums.retain(|(_, start), _| starts.contains(start));
    }
}
