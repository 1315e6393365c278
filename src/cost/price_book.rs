//! The embedded price book: what a model costs, where, at which service tier, since when.
//!
//! `price_book.csv` holds USD per million tokens (per image, per request, per hour of a model unit in its last columns)
//! by model, place, tier and date. Its facts come from LiteLLM; `price_book.md` beside it says which version, how they
//! were taken over and under which licence. The place is `*` for the model called by its own name, a geography (`us`,
//! `eu`, ...), `global` or a region.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::domain::price::{ModelPrice, PriceRule};
use crate::domain::profile::ServiceTier;

mod quote;

pub use quote::{Match, Quote};

const EMBEDDED: &str = include_str!("price_book.csv");

/// A price from a date on.
#[derive(Clone, Debug)]
struct Dated {
    from: Timestamp,
    price: ModelPrice,
}

/// The prices of a model at a place, by tier, each by date.
type Tiers = BTreeMap<ServiceTier, Vec<Dated>>;

/// What the data file holds.
#[derive(Debug, Default)]
struct Listing {
    places_by_model: BTreeMap<String, BTreeMap<String, Tiers>>,
    unit_hours: Vec<UnitHour>,
    change_times: BTreeSet<Timestamp>,
}

/// What an hour of a model unit of provisioned throughput costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitHour {
    /// Of which model.
    pub model: String,
    /// The region, or `*`.
    pub place: String,
    /// How many months it is committed to.
    pub months: u8,
    /// USD an hour of one unit.
    pub usd: Decimal,
}

/// Prices by model, place, tier and date, with what the user knows better.
#[derive(Clone, Debug)]
pub struct PriceBook {
    listing: Arc<Listing>,
    rules: Vec<PriceRule>,
    fallback: Option<ModelPrice>,
    change_times: Vec<Timestamp>,
}

/// The columns of the data file beside the fields of [`ModelPrice`].
#[derive(Debug, Deserialize)]
struct Place {
    model: String,
    #[serde(rename = "where")]
    place: String,
    tier: String,
    from: Date,
    unit_hour: Option<Decimal>,
}

impl PriceBook {
    /// The book that bedtop is shipped with.
    ///
    /// # Panics
    /// Never: a test reads the data file.
    #[must_use]
    pub fn embedded() -> Self {
        static BOOK: OnceLock<Arc<Listing>> = OnceLock::new();
        let read = || Arc::new(Listing::read(EMBEDDED).expect("a test reads the embedded price book"));
        Self::over(Arc::clone(BOOK.get_or_init(read)))
    }

    /// The same book with a price for models that are not in it.
    #[must_use]
    pub fn with_fallback(mut self, price: ModelPrice) -> Self {
        self.fallback = Some(price);
        self
    }

    /// The same book with what the user knows better.
    #[must_use]
    pub fn with_rules(mut self, rules: Vec<PriceRule>) -> Self {
        let mut times = self.listing.change_times.clone();
        for span in rules.iter().map(|rule| rule.validity.span(&TimeZone::UTC)) {
            times.extend([span.start, span.end].into_iter().filter(|at| *at > Timestamp::MIN && *at < Timestamp::MAX));
        }
        self.change_times = times.into_iter().collect();
        self.rules = rules;
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
        self.listing.places_by_model.len()
    }

    /// Every model that has a price, by name, each with the places that have one.
    pub fn models(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let listed = self.listing.places_by_model.iter();
        listed.map(|(model, places)| (model.as_str(), places.keys().map(String::as_str).collect()))
    }

    /// What hours of model units cost.
    #[must_use]
    pub fn unit_hours(&self) -> &[UnitHour] {
        &self.listing.unit_hours
    }

    fn over(listing: Arc<Listing>) -> Self {
        let change_times = listing.change_times.iter().copied().collect();
        Self { listing, rules: Vec::new(), fallback: None, change_times }
    }
}

impl Listing {
    fn read(text: &str) -> Result<Self, csv::Error> {
        let mut listing = Self::default();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers()?.clone();
        for record in reader.records() {
            let record = record?;
            listing.insert(record.deserialize(Some(&header))?, record.deserialize(Some(&header))?);
        }
        Ok(listing)
    }

    fn insert(&mut self, row: Place, price: ModelPrice) {
        let months = match row.tier.as_str() {
            "1-month" => 1,
            "6-months" => 6,
            _ => 0,
        };
        if let Some(usd) = row.unit_hour {
            self.unit_hours.push(UnitHour { model: row.model, place: row.place, months, usd });
            return;
        }
        let from = row.from.to_zoned_datetime(TimeZone::UTC).map_or(Timestamp::MIN, |midnight| midnight.timestamp());
        let tiers = self.places_by_model.entry(row.model).or_default().entry(row.place).or_default();
        let prices = tiers.entry(ServiceTier::of_dimension(&row.tier)).or_default();
        prices.push(Dated { from, price });
        prices.sort_by_key(|dated| dated.from);
        self.change_times.insert(from);
    }
}

#[cfg(test)]
mod tests;
