//! Finding a price: the best fit of the book, at the tier that served, with what the user knows better.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::cost::geography::geographies;
use crate::cost::price_book::{Dated, PriceBook, Tiers};
use crate::domain::price::{ModelPrice, Narrowing, PriceRule};
use crate::domain::profile::{Profile, Reach, ServiceTier};
use crate::domain::view::Provenance;

/// A price with how well it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The price.
    pub price: ModelPrice,
    /// Measured where the book has this very place, tier and date, or the user gave the price; estimated or fallback
    /// otherwise.
    pub provenance: Provenance,
}

/// A price with the reasons for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The price, if there is one.
    pub found: Option<Match>,
    /// The tier that it is for.
    pub tier: ServiceTier,
    /// How it came about, a step a line.
    pub why: Vec<String>,
}

/// Where the reasons go; nowhere, if nobody asks.
struct Reasons(Option<Vec<String>>);

impl Reasons {
    fn add(&mut self, reason: impl FnOnce() -> String) {
        if let Some(reasons) = &mut self.0 {
            reasons.push(reason());
        }
    }
}

impl PriceBook {
    /// The price of a profile's model at an instant; `None` where neither the book nor the user has one.
    #[must_use]
    pub fn price_for(&self, profile: &Profile, at: Timestamp) -> Option<Match> {
        self.find(profile, at, &mut Reasons(None)).0
    }

    /// The same with the reasons for it.
    #[must_use]
    pub fn quote(&self, profile: &Profile, at: Timestamp) -> Quote {
        let mut reasons = Reasons(Some(Vec::new()));
        let (found, tier) = self.find(profile, at, &mut reasons);
        Quote { found, tier, why: reasons.0.unwrap_or_default() }
    }

    fn find(&self, profile: &Profile, at: Timestamp, reasons: &mut Reasons) -> (Option<Match>, ServiceTier) {
        let in_force = |rule: &&PriceRule| rule.validity.span(&TimeZone::UTC).contains(at);
        let rules: Vec<&PriceRule> = self.rules.iter().filter(|rule| rule.is_for(profile)).filter(in_force).collect();
        let known = narrowing(&rules);
        let tier = known.tier.filter(|_| profile.tier == ServiceTier::Standard).unwrap_or(profile.tier);
        let mut found = self.listed(profile, tier, at, reasons);
        for rule in rules {
            found = apply(rule, found, tier, reasons);
        }
        if found.is_none() {
            reasons.add(|| "no price is known of this model: give one with [[price]]".to_owned());
            found = self.fallback.as_ref().and_then(|price| {
                reasons.add(|| "the price given for models that are not known".to_owned());
                at_tier(price, tier).map(|price| Match { price, provenance: Provenance::Fallback })
            });
        }
        let narrowed = found.map(|found| Match { price: found.price.narrowed(&known), ..found });
        (narrowed, tier)
    }

    /// The price as the book lists it.
    fn listed(&self, profile: &Profile, tier: ServiceTier, at: Timestamp, reasons: &mut Reasons) -> Option<Match> {
        let places = self.listing.places_by_model.get(profile.model.as_ref()?.as_str())?;
        let exact = places_of(profile).find_map(|place| places.get_key_value(place));
        // A model whose own place is not listed has the first place by name, so that it never changes.
        let (place, tiers) = exact.or_else(|| places.iter().next())?;
        if exact.is_none() {
            reasons.add(|| format!("the book has no price for this reach and region: that of `{place}` stands in"));
        }
        let listed = price_of(tiers, tier, place, at, reasons)?;
        let provenance = if exact.is_none() { Provenance::Estimated } else { listed.provenance };
        Some(Match { provenance, ..listed })
    }
}

/// Where to look for a profile's price, the best fit first. A region's own price wins; within one geography
/// the in-region price is that of the geography's profiles (the model's own name then has the global price).
fn places_of(profile: &Profile) -> impl Iterator<Item = &str> {
    let geographies = geographies(&profile.region).iter().copied();
    let (first, wide) = match profile.reach {
        Reach::Global => (None, vec!["global"]),
        Reach::InRegion => (Some(profile.region.as_str()), geographies.collect()),
        Reach::Geo => (None, geographies.collect()),
    };
    first.into_iter().chain(wide).chain(["*"])
}

/// The price at a tier: its own row, filled up with the standard one times what tiers usually cost of it.
fn price_of(tiers: &Tiers, tier: ServiceTier, place: &str, at: Timestamp, reasons: &mut Reasons) -> Option<Match> {
    let dated = |tier: ServiceTier| price_at(tiers.get(&tier)?, at);
    let standard =
        dated(ServiceTier::Standard).and_then(|(dated, fits)| Some((at_tier(&dated.price, tier)?, dated, fits)));
    let own = (tier != ServiceTier::Standard).then(|| dated(tier)).flatten();
    let (price, found, fits) = match (own, standard) {
        (Some((own, fits)), Some((standard, ..))) => (own.price.or(&standard), own, fits),
        (Some((own, fits)), None) => (own.price.clone(), own, fits),
        (None, Some((standard, dated, fits))) => (standard, dated, fits && tier == ServiceTier::Standard),
        (None, None) => {
            reasons.add(|| format!("the book has no price by the token for the {} tier", tier.name()));
            return None;
        }
    };
    let day = found.from.to_zoned_datetime(TimeZone::UTC).date();
    reasons.add(|| format!("the book of {day}: place `{place}`, {} tier", tier.name()));
    if own.is_none() && tier != ServiceTier::Standard {
        reasons.add(|| {
            format!("it has no row for this tier: {} times the standard price", factor(tier).unwrap_or_default())
        });
    }
    if found.from > at {
        reasons.add(|| format!("older prices are not known: that of {day} stands in"));
    }
    let provenance = if fits { Provenance::Measured } else { Provenance::Estimated };
    Some(Match { price, provenance })
}

/// The price in force and whether it is of that day; the oldest one known is open towards the past.
fn price_at(prices: &[Dated], at: Timestamp) -> Option<(&Dated, bool)> {
    let in_force = prices.iter().rev().find(|dated| dated.from <= at);
    in_force.map(|dated| (dated, true)).or_else(|| Some((prices.first()?, false)))
}

/// What tiers cost of the standard price: AWS lists priority at 1.75 times of it, flex and batch at half, rounded by
/// model. Reserved capacity is billed by the month and not by the token, so that its tokens have no price here.
fn factor(tier: ServiceTier) -> Option<Decimal> {
    match tier {
        ServiceTier::Standard => Some(Decimal::ONE),
        ServiceTier::Priority => Some(Decimal::new(175, 2)),
        ServiceTier::Flex | ServiceTier::Batch => Some(Decimal::new(5, 1)),
        ServiceTier::Reserved => None,
    }
}

fn at_tier(standard: &ModelPrice, tier: ServiceTier) -> Option<ModelPrice> {
    let factor = factor(tier)?;
    Some(if factor == Decimal::ONE { standard.clone() } else { standard.map(|price| price * factor) })
}

/// What the user knows of usage; a later rule knows better.
fn narrowing(rules: &[&PriceRule]) -> Narrowing {
    rules.iter().fold(Narrowing::default(), |known, rule| Narrowing {
        cache_write_lifetime: rule.narrowing.cache_write_lifetime.or(known.cache_write_lifetime),
        long_context: rule.narrowing.long_context.or(known.long_context),
        tier: rule.narrowing.tier.or(known.tier),
    })
}

/// A price after a rule. Prices of a rule without a tier are those of the standard tier.
fn apply(rule: &PriceRule, found: Option<Match>, tier: ServiceTier, reasons: &mut Reasons) -> Option<Match> {
    let own = if rule.tier.is_some() { Some(rule.price.clone()) } else { at_tier(&rule.price, tier) };
    let own = own.filter(|own| !own.is_empty());
    if own.is_some() || rule.discount.is_some() || rule.narrowing != Narrowing::default() {
        reasons.add(|| format!("[[price]] {rule}"));
    }
    let priced = match (own, found) {
        (Some(own), Some(found)) => Some(Match { price: own.or(&found.price), ..found }),
        (Some(price), None) => Some(Match { price, provenance: Provenance::Measured }),
        (None, found) => found,
    }?;
    let price = rule.discount.map_or_else(|| priced.price.clone(), |discount| priced.price.less(discount));
    Some(Match { price, ..priced })
}
