//! The embedded price book: what a model costs, where, since when.
//!
//! `price_book.csv` holds USD per million tokens (per image in its last column) by model, place and date. Its
//! facts come from LiteLLM; `price_book.md` beside it says which version, how they were taken over and under
//! which licence. The place is `*` for the model called by its own name, a geography (`us`, `eu`, ...), `global`
//! or a region.

use std::collections::HashMap;
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::cost::geography::geographies;
use crate::cost::model_price::ModelPrice;
use crate::domain::profile::{Profile, Reach, ServiceTier};
use crate::domain::view::Provenance;

const EMBEDDED: &str = include_str!("price_book.csv");

/// A price with how well it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// The price.
    pub price: &'a ModelPrice,
    /// What the service tier makes of the price: 1 for the standard tier.
    pub factor: Decimal,
    /// Measured where the book has this very place and date; estimated or fallback otherwise.
    pub provenance: Provenance,
}

impl<'a> Match<'a> {
    /// A price at the standard tier.
    #[must_use]
    pub fn standard(price: &'a ModelPrice, provenance: Provenance) -> Self {
        Self { price, factor: Decimal::ONE, provenance }
    }

    /// The same at another tier. AWS lists priority at 1.75 times the standard price and flex at half of it, rounded by
    /// model; reserved capacity is billed by the month and not by the token, so that its tokens have no price here.
    fn at_tier(self, tier: ServiceTier) -> Option<Self> {
        let factor = match tier {
            ServiceTier::Standard => return Some(self),
            ServiceTier::Priority => Decimal::new(175, 2),
            ServiceTier::Flex => Decimal::new(5, 1),
            ServiceTier::Reserved => return None,
        };
        Some(Self { factor, provenance: self.provenance.max(Provenance::Estimated), ..self })
    }
}

/// A price from a date on.
#[derive(Clone, Debug)]
struct Dated {
    from: Timestamp,
    price: ModelPrice,
}

/// Prices by model and place.
#[derive(Clone, Debug)]
pub struct PriceBook {
    places_by_model: HashMap<String, HashMap<String, Vec<Dated>>>,
    change_times: Vec<Timestamp>,
    fallback: Option<ModelPrice>,
}

/// The first columns of the data file; the others are the fields of [`ModelPrice`].
#[derive(Debug, Deserialize)]
struct Place {
    model: String,
    #[serde(rename = "where")]
    place: String,
    from: Date,
}

impl PriceBook {
    /// The book that bedtop is shipped with.
    ///
    /// # Panics
    /// Never: a test reads the data file.
    #[must_use]
    pub fn embedded() -> Self {
        static BOOK: OnceLock<PriceBook> = OnceLock::new();
        BOOK.get_or_init(|| Self::read(EMBEDDED).expect("a test reads the embedded price book")).clone()
    }

    /// The same book with a price for models that are not in it.
    #[must_use]
    pub fn with_fallback(mut self, price: ModelPrice) -> Self {
        self.fallback = Some(price);
        self
    }

    /// When prices change, oldest first, without repeats.
    #[must_use]
    pub fn change_times(&self) -> &[Timestamp] {
        &self.change_times
    }

    /// How many models have a price.
    #[must_use]
    pub fn model_count(&self) -> usize {
        self.places_by_model.len()
    }

    /// The price of a profile's model at an instant; `None` where neither the book nor a fallback has one.
    #[must_use]
    pub fn price_for(&self, profile: &Profile, at: Timestamp) -> Option<Match<'_>> {
        let listed = profile.model.as_ref().and_then(|model| self.places_by_model.get(model.as_str()));
        let found = listed.and_then(|places| {
            let exact = places_of(profile).find_map(|place| places.get(place));
            exact.map(|prices| (prices, true)).or_else(|| Some((any_place(places)?, false)))
        });
        let at_standard = match found {
            Some((prices, fits)) => price_at(prices, at, fits),
            None => self.fallback.as_ref().map(|price| Match::standard(price, Provenance::Fallback)),
        };
        at_standard?.at_tier(profile.tier)
    }

    fn empty() -> Self {
        Self { places_by_model: HashMap::new(), change_times: Vec::new(), fallback: None }
    }

    fn read(text: &str) -> Result<Self, csv::Error> {
        let mut book = Self::empty();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers()?.clone();
        for record in reader.records() {
            let record = record?;
            book.insert(record.deserialize(Some(&header))?, record.deserialize(Some(&header))?);
        }
        book.change_times.sort_unstable();
        book.change_times.dedup();
        Ok(book)
    }

    fn insert(&mut self, row: Place, price: ModelPrice) {
        let from = row.from.to_zoned_datetime(TimeZone::UTC).map_or(Timestamp::MIN, |midnight| midnight.timestamp());
        let prices = self.places_by_model.entry(row.model).or_default().entry(row.place).or_default();
        prices.push(Dated { from, price });
        prices.sort_by_key(|dated| dated.from);
        self.change_times.push(from);
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

/// The place that stands for a model whose own place is not listed: the first by name, so that it never changes.
fn any_place(places: &HashMap<String, Vec<Dated>>) -> Option<&Vec<Dated>> {
    places.iter().min_by_key(|(place, _)| place.as_str()).map(|(_, prices)| prices)
}

/// The price in force; the oldest one known is open towards the past and then an estimate.
fn price_at(prices: &[Dated], at: Timestamp, fits: bool) -> Option<Match<'_>> {
    let in_force = prices.iter().rev().find(|dated| dated.from <= at);
    let provenance = if in_force.is_some() && fits { Provenance::Measured } else { Provenance::Estimated };
    in_force.or(prices.first()).map(|dated| Match::standard(&dated.price, provenance))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::cost::price_usage;
    use crate::domain::ids::ProfileKey;
    use crate::domain::meter::{Counts, Meter};

    #[rstest]
    #[case::standard(ServiceTier::Standard, "$3.00", 0)]
    #[case::priority(ServiceTier::Priority, "$5.25", 0)]
    #[case::flex(ServiceTier::Flex, "$1.50", 0)]
    #[case::reserved_is_billed_by_the_month(ServiceTier::Reserved, "$0.00", 1_000_000)]
    fn tiers_have_their_price(#[case] tier: ServiceTier, #[case] cost: &str, #[case] unpriced: u64) {
        let book = PriceBook::empty().with_fallback("input=3,output=15".parse().expect("a price"));
        let part = Profile { tier, ..profile("", Reach::Global, "us-east-1") };
        let counts = Counts::EMPTY.with(Meter::InputTokens, 1_000_000);
        let priced = price_usage(&counts, book.price_for(&part, Timestamp::UNIX_EPOCH).as_ref());
        assert_eq!((priced.cost.likely.to_string().as_str(), priced.unpriced_tokens), (cost, unpriced));
    }

    fn profile(model: &str, reach: Reach, region: &str) -> Profile {
        let key = ProfileKey { scope: "main".into(), id: "blkjc8qmk04r".into() };
        Profile {
            model: (!model.is_empty()).then(|| model.into()),
            reach,
            region: region.to_owned(),
            ..Profile::bare(key, Timestamp::UNIX_EPOCH)
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a valid time")
    }

    #[test]
    fn the_embedded_book_is_whole() {
        let book = PriceBook::read(EMBEDDED).expect("the data file is well formed");
        assert_eq!(book.places_by_model.values().map(HashMap::len).sum::<usize>(), EMBEDDED.lines().count() - 1);
    }

    #[rstest]
    #[case::geo(Reach::Geo, "us-east-1", "5.5")]
    #[case::global(Reach::Global, "us-east-1", "5")]
    #[case::in_region_costs_what_the_geography_does(Reach::InRegion, "eu-west-1", "5.5")]
    #[case::no_region_known(Reach::InRegion, "", "5")]
    fn the_price_follows_the_reach(#[case] reach: Reach, #[case] region: &str, #[case] input: &str) {
        let book = PriceBook::embedded();
        let profile = profile("anthropic.claude-opus-4-6-v1", reach, region);
        let found = book.price_for(&profile, at("2026-11-24T00:00:00Z")).expect("a known model");
        assert_eq!(found.price.input, input.parse().ok());
        assert_eq!(found.provenance, Provenance::Measured);
    }

    #[test]
    fn a_region_with_a_price_of_its_own_has_it() {
        let book = PriceBook::embedded();
        let profile = profile("anthropic.claude-haiku-4-5-20251001-v1:0", Reach::InRegion, "us-gov-west-1");
        let found = book.price_for(&profile, at("2026-11-24T00:00:00Z")).expect("a known model");
        assert_eq!(found.price.input, "1.2".parse().ok());
    }

    #[test]
    fn before_the_oldest_price_the_cost_is_an_estimate() {
        let book = PriceBook::embedded();
        let profile = profile("amazon.nova-lite-v1:0", Reach::InRegion, "us-east-1");
        let found = book.price_for(&profile, at("2026-11-01T00:00:00Z")).expect("a known model");
        assert_eq!(found.provenance, Provenance::Estimated);
    }

    #[test]
    fn an_unknown_model_has_no_price_unless_one_is_given() {
        let now = at("2026-11-24T00:00:00Z");
        for model in ["", "acme.unheard-of-v1"] {
            let profile = profile(model, Reach::InRegion, "us-east-1");
            assert_eq!(PriceBook::embedded().price_for(&profile, now), None);
            let book = PriceBook::embedded().with_fallback("input=3,output=15".parse().expect("a price"));
            let found = book.price_for(&profile, now).expect("the fallback");
            assert_eq!(found.provenance, Provenance::Fallback);
        }
    }

    /// One live hour of a published data set: cache tokens are most of the bill. Source:
    /// seraphjiang/bedrock-monitor, example-data, us.anthropic.claude-opus-4-6-v1.
    #[test]
    fn a_live_hour_costs_what_it_should() {
        let counts = Counts::EMPTY
            .with(Meter::InputTokens, 1_556)
            .with(Meter::OutputTokens, 44_150)
            .with(Meter::CacheReadTokens, 24_397_343)
            .with(Meter::CacheWriteTokens, 1_369_784);
        let book = PriceBook::embedded();
        let profile = profile("anthropic.claude-opus-4-6-v1", Reach::Geo, "us-east-1");
        let cost =
            |counts: &Counts| price_usage(counts, book.price_for(&profile, at("2026-11-24T00:00:00Z")).as_ref()).cost;
        assert_eq!(cost(&counts).likely.to_string(), "$24.06");
        let uncached = Counts::EMPTY.with(Meter::InputTokens, 1_556).with(Meter::OutputTokens, 44_150);
        assert_eq!(cost(&uncached).likely.to_string(), "$1.22");
    }
}
