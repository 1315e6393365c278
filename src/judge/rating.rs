//! Which owner and which price usage has: both can change over time, so a span is cut where they do.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cost::{Match, price_usage};
use crate::domain::ids::Owner;
use crate::domain::meter::Counts;
use crate::domain::price::ModelPrice;
use crate::domain::profile::{Profile, version_at};
use crate::domain::time::floor_hour;
use crate::domain::usage::Point;
use crate::domain::view::{Mode, PricedUsage, Provenance};
use crate::judge::policy::Policy;

/// From `start` on, until the next one: one owner, one price.
#[derive(Debug)]
struct Rate {
    start: Timestamp,
    version: usize,
    owner: Owner,
    price: Option<Match>,
}

/// The rates of a profile over time.
#[derive(Debug)]
pub(super) struct Rates {
    rates: Vec<Rate>,
    newest_owner: Owner,
    simulated: bool,
}

impl Rates {
    /// The rates of a profile with these versions.
    pub(super) fn new(versions: &[Profile], policy: &Policy) -> Self {
        let mut cuts = vec![Timestamp::MIN];
        cuts.extend(versions.iter().skip(1).map(|version| floor_hour(version.from)));
        cuts.extend(policy.prices.change_times().iter().map(|&at| floor_hour(at)));
        let spans = policy.provisioned.iter().map(|provisioned| provisioned.validity.span(&TimeZone::UTC));
        cuts.extend(spans.flat_map(|span| [span.start, span.end]).filter(|&at| at < Timestamp::MAX).map(floor_hour));
        cuts.sort_unstable();
        cuts.dedup();
        let rates = cuts.into_iter().filter_map(|start| {
            let version = version_at(versions, start)?;
            Some(Rate {
                start,
                version: versions.iter().position(|known| std::ptr::eq(known, version))?,
                owner: policy.tenancy.owner(version),
                price: paid_by_the_hour(version, start, policy).or_else(|| policy.prices.price_for(version, start)),
            })
        });
        let newest_owner = versions.last().map_or(Owner::Unattributed, |newest| policy.tenancy.owner(newest));
        Self { rates: rates.collect(), newest_owner, simulated: policy.mode == Mode::Demo }
    }

    /// The cost of one span's counts.
    pub(super) fn price(&self, at: Timestamp, counts: &Counts) -> PricedUsage {
        self.rates.get(self.index_at(at)).map_or_else(PricedUsage::default, |rate| self.priced(rate, counts))
    }

    /// Points priced and summed by owner.
    pub(super) fn by_owner(&self, points: impl IntoIterator<Item = Point>) -> Vec<(Owner, PricedUsage)> {
        let mut shares = Vec::new();
        for (_, owner, part) in self.by_version(points) {
            add_share(&mut shares, owner, &part);
        }
        shares
    }

    /// Points priced and summed by version of the profile, with its owner. The points are added up first and priced
    /// then: with one price that is the same, to the last digit.
    pub(super) fn by_version(&self, points: impl IntoIterator<Item = Point>) -> Vec<(usize, &Owner, PricedUsage)> {
        let mut sums = vec![Counts::EMPTY; self.rates.len()];
        for point in points {
            if let Some(sum) = sums.get_mut(self.index_at(point.at)) {
                sum.add(&point.counts);
            }
        }
        let used = self.rates.iter().zip(&sums).filter(|(_, counts)| !counts.is_empty());
        used.map(|(rate, counts)| (rate.version, &rate.owner, self.priced(rate, counts))).collect()
    }

    /// The version of the profile at an instant, and whose it was.
    pub(super) fn version_at(&self, at: Timestamp) -> Option<(usize, &Owner)> {
        self.rates.get(self.index_at(at)).map(|rate| (rate.version, &rate.owner))
    }

    /// Whose it was at an instant.
    pub(super) fn owner_at(&self, at: Timestamp) -> Option<&Owner> {
        self.rates.get(self.index_at(at)).map(|rate| &rate.owner)
    }

    /// Whose it is by its newest version.
    pub(super) fn newest_owner(&self) -> &Owner {
        &self.newest_owner
    }

    fn index_at(&self, at: Timestamp) -> usize {
        self.rates.partition_point(|rate| rate.start <= at).saturating_sub(1)
    }

    fn priced(&self, rate: &Rate, counts: &Counts) -> PricedUsage {
        let mut priced = price_usage(counts, rate.price.as_ref());
        if self.simulated {
            priced.provenance = Provenance::Simulated;
        }
        priced
    }
}

/// The price of tokens that are paid for by the hour of a model unit.
fn paid_by_the_hour(version: &Profile, start: Timestamp, policy: &Policy) -> Option<Match> {
    let is_covered = policy.provisioned.iter().any(|it| it.is_in_force(start) && it.is_used_by(version));
    is_covered.then(|| Match { price: ModelPrice::paid_otherwise(), provenance: Provenance::Measured })
}

/// Adds usage to an owner's share.
pub(super) fn add_share(shares: &mut Vec<(Owner, PricedUsage)>, owner: &Owner, part: &PricedUsage) {
    match shares.iter_mut().find(|(known, _)| known == owner) {
        Some((_, sum)) => sum.add(part),
        None => shares.push((owner.clone(), *part)),
    }
}
