//! Prices of models: of one model at one place, and what the user knows better.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;

use crate::domain::contract::Validity;
use crate::domain::profile::{Profile, Reach, ServiceTier};
use crate::domain::tenancy::matches_pattern;

/// USD per million tokens of each kind, per image and per request. `None` means that the price is not known, never free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ModelPrice {
    /// Input tokens that were neither read from the cache nor written to it.
    pub input: Option<Decimal>,
    /// Output tokens.
    pub output: Option<Decimal>,
    /// Input tokens read from the cache.
    pub cache_read: Option<Decimal>,
    /// Input tokens written to the cache for five minutes.
    pub cache_write: Option<Decimal>,
    /// Input tokens written to the cache for an hour.
    pub cache_write_1h: Option<Decimal>,
    /// Input tokens of a request with a long context. CloudWatch sums do not tell how long requests were.
    pub long_input: Option<Decimal>,
    /// Output tokens of such a request.
    pub long_output: Option<Decimal>,
    /// Cache reads of such a request.
    pub long_cache_read: Option<Decimal>,
    /// Cache writes (five minutes) of such a request.
    pub long_cache_write: Option<Decimal>,
    /// Cache writes (an hour) of such a request.
    pub long_cache_write_1h: Option<Decimal>,
    /// One image; USD an image.
    pub image: Option<Decimal>,
    /// One request; USD a request. Models that rank are charged so.
    pub request: Option<Decimal>,
}

/// How long what is written to the prompt cache lives; CloudWatch does not tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheLifetime {
    /// The usual one.
    FiveMinutes,
    /// The longer one, at a higher price.
    OneHour,
}

/// What the user knows of usage that CloudWatch does not tell, so that its cost is no range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Of cache writes.
    pub cache_write_lifetime: Option<CacheLifetime>,
    /// The share of tokens in requests with a long context, 0 to 1.
    pub long_context: Option<Decimal>,
    /// The tier that usage of no other known tier is served at.
    pub tier: Option<ServiceTier>,
}

/// Less than the price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discount {
    /// By this share of it: 0.15 is 15 %.
    Share(Decimal),
    /// By so many US dollars a million tokens, an image, or a request; never below nothing.
    Usd(Decimal),
}

/// What the user knows better than the price book: prices, discounts, how usage is. Rules apply in the order of the
/// config, each upon what the ones before it made of the price.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceRule {
    /// A pattern (`*`, `?`) over model ids.
    pub model: String,
    /// A pattern over the regions that models are called in; all if not given.
    pub region: Option<String>,
    /// For this reach only.
    pub reach: Option<Reach>,
    /// For usage at this tier only.
    pub tier: Option<ServiceTier>,
    /// From which day and up to which (UTC).
    pub validity: Validity,
    /// Prices in place of the book's.
    pub price: ModelPrice,
    /// Less than the price.
    pub discount: Option<Discount>,
    /// How usage is.
    pub narrowing: Narrowing,
}

impl PriceRule {
    /// Whether it is for this profile's usage, whenever that was.
    #[must_use]
    pub fn is_for(&self, profile: &Profile) -> bool {
        let model = profile.model.as_ref().map_or("", crate::domain::ids::ModelId::as_str);
        matches_pattern(&self.model, model)
            && self.region.as_ref().is_none_or(|region| matches_pattern(region, &profile.region))
            && self.reach.is_none_or(|reach| reach == profile.reach)
            && self.tier.is_none_or(|tier| tier == profile.tier)
    }
}

/// Why a price given by hand was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not of the form `meter=price`.
    #[error("`{0}` is not of the form meter=price; write for example input=3,output=15 (USD per million tokens)")]
    Form(String),
    /// A meter that has no price.
    #[error(
        "`{0}` is not a meter with a price; use input, output, cache_read, cache_write, cache_write_1h, image or request"
    )]
    Meter(String),
    /// Not a price.
    #[error(
        "`{text}` is not a price of {meter}; write a number of USD per million tokens from 0 to 1000000, for example 3 or 0.25"
    )]
    Price {
        /// Of which meter.
        meter: String,
        /// What was written.
        text: String,
    },
    /// The two meters that every model has.
    #[error("the price of {0} is missing; write for example input=3,output=15")]
    Missing(&'static str),
}

impl FromStr for ModelPrice {
    type Err = PriceError;

    /// Reads `input=3,output=15` (USD per million tokens; input and output must be there).
    fn from_str(text: &str) -> Result<Self, PriceError> {
        let mut price = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (meter, amount) = part.split_once('=').ok_or_else(|| PriceError::Form(part.to_owned()))?;
            price.set(meter.trim(), amount.trim())?;
        }
        match (price.input, price.output) {
            (None, _) => Err(PriceError::Missing("input")),
            (_, None) => Err(PriceError::Missing("output")),
            _ => Ok(price),
        }
    }
}

impl fmt::Display for PriceRule {
    /// What it says, as the config has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, reach, tier, validity, discount, .. } = self;
        let Narrowing { cache_write_lifetime, long_context, tier: served_as } = self.narrowing;
        let quoted = |text: &str| format!("{text:?}");
        write!(f, "model = {}", quoted(&self.model))?;
        let said = [
            ("region", region.as_deref().map(quoted)),
            ("reach", reach.map(|reach| quoted(reach.name()))),
            ("tier", tier.map(|tier| quoted(tier.name()))),
            ("from", validity.from.map(|from| from.to_string())),
            ("to", validity.to.map(|to| to.to_string())),
            ("discount", discount.map(|discount| quoted(&discount.to_string()))),
            ("cache_write_lifetime", cache_write_lifetime.map(|lifetime| quoted(lifetime.name()))),
            ("long_context", long_context.map(|share| share.normalize().to_string())),
            ("served_as", served_as.map(|tier| quoted(tier.name()))),
        ];
        let prices = Self::prices(&self.price);
        let mut all = said.into_iter().chain(prices).filter_map(|(key, value)| Some((key, value?)));
        all.try_for_each(|(key, value)| write!(f, ", {key} = {value}"))
    }
}

impl PriceRule {
    fn prices(price: &ModelPrice) -> impl Iterator<Item = (&'static str, Option<String>)> {
        let text = |price: Decimal| price.normalize().to_string();
        ModelPrice::NAMES.into_iter().zip(price.values()).map(move |(name, price)| (name, price.map(text)))
    }
}

impl fmt::Display for Discount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => write!(f, "{}%", (share * Decimal::ONE_HUNDRED).normalize()),
            Self::Usd(off) => write!(f, "{} USD", off.normalize()),
        }
    }
}

impl CacheLifetime {
    /// The word in the config.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::OneHour => "1h",
        }
    }
}

impl ModelPrice {
    /// The names of all prices, those that a user gives first.
    pub const NAMES: [&str; 12] = [
        "input",
        "output",
        "cache_read",
        "cache_write",
        "cache_write_1h",
        "image",
        "request",
        "long_input",
        "long_output",
        "long_cache_read",
        "long_cache_write",
        "long_cache_write_1h",
    ];

    /// The prices in the order of [`ModelPrice::NAMES`].
    #[must_use]
    pub fn values(&self) -> [Option<Decimal>; 12] {
        let Self { input, output, cache_read, cache_write, cache_write_1h, image, request, .. } = *self;
        let Self { long_input, long_output, long_cache_read, long_cache_write, long_cache_write_1h, .. } = *self;
        [
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h,
            image,
            request,
            long_input,
            long_output,
            long_cache_read,
            long_cache_write,
            long_cache_write_1h,
        ]
    }

    fn of_values(values: [Option<Decimal>; 12]) -> Self {
        let [input, output, cache_read, cache_write, cache_write_1h, image, request, long @ ..] = values;
        let [long_input, long_output, long_cache_read, long_cache_write, long_cache_write_1h] = long;
        Self {
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h,
            long_input,
            long_output,
            long_cache_read,
            long_cache_write,
            long_cache_write_1h,
            image,
            request,
        }
    }

    /// The price of what is paid for in another way: nothing.
    #[must_use]
    pub fn paid_otherwise() -> Self {
        Self::of_values([Some(Decimal::ZERO); 12])
    }

    /// Whether nothing has a price.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values().iter().all(Option::is_none)
    }

    /// Every price that is known, changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(Decimal) -> Decimal) -> Self {
        Self::of_values(self.values().map(|price| price.map(&change)))
    }

    /// These prices, and another's where there is none.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let others = other.values();
        let mut values = self.values();
        for (mine, theirs) in values.iter_mut().zip(others) {
            *mine = mine.or(theirs);
        }
        Self::of_values(values)
    }

    /// The prices less a discount.
    #[must_use]
    pub fn less(&self, discount: Discount) -> Self {
        self.map(|price| match discount {
            Discount::Share(share) => price - price * share,
            Discount::Usd(off) => (price - off).max(Decimal::ZERO),
        })
    }

    /// The prices of usage of which more is known: what does not occur is left out, what is mixed is averaged.
    #[must_use]
    pub fn narrowed(&self, known: &Narrowing) -> Self {
        let mut price = self.clone();
        if let Some(lifetime) = known.cache_write_lifetime {
            if lifetime == CacheLifetime::OneHour {
                price.cache_write = price.cache_write_1h.or(price.cache_write);
                price.long_cache_write = price.long_cache_write_1h.or(price.long_cache_write);
            }
            (price.cache_write_1h, price.long_cache_write_1h) = (None, None);
        }
        if let Some(share) = known.long_context {
            let mixed = |short: Option<Decimal>, long: Option<Decimal>| match (short, long) {
                (Some(short), Some(long)) => Some(short + (long - short) * share),
                _ => short,
            };
            price.input = mixed(price.input, price.long_input.take());
            price.output = mixed(price.output, price.long_output.take());
            price.cache_read = mixed(price.cache_read, price.long_cache_read.take());
            price.cache_write = mixed(price.cache_write, price.long_cache_write.take());
            price.cache_write_1h = mixed(price.cache_write_1h, price.long_cache_write_1h.take());
        }
        price
    }

    /// Sets one of the prices that a user gives, in USD a million tokens (an image, a request).
    ///
    /// # Errors
    /// When it is no meter with a price, or no sensible price.
    pub fn set(&mut self, meter: &str, amount: &str) -> Result<(), PriceError> {
        *self.slot(meter)? = Some(parse_amount(meter, amount)?);
        Ok(())
    }

    fn slot(&mut self, meter: &str) -> Result<&mut Option<Decimal>, PriceError> {
        Ok(match meter {
            "input" => &mut self.input,
            "output" => &mut self.output,
            "cache_read" => &mut self.cache_read,
            "cache_write" => &mut self.cache_write,
            "cache_write_1h" => &mut self.cache_write_1h,
            "image" => &mut self.image,
            "request" => &mut self.request,
            "long_input" => &mut self.long_input,
            "long_output" => &mut self.long_output,
            "long_cache_read" => &mut self.long_cache_read,
            "long_cache_write" => &mut self.long_cache_write,
            "long_cache_write_1h" => &mut self.long_cache_write_1h,
            _ => return Err(PriceError::Meter(meter.to_owned())),
        })
    }
}

fn parse_amount(meter: &str, text: &str) -> Result<Decimal, PriceError> {
    let wrong = || PriceError::Price { meter: meter.to_owned(), text: text.to_owned() };
    let amount = Decimal::from_str_exact(text).map_err(|_| wrong())?;
    let sensible = Decimal::ZERO..=Decimal::from(1_000_000);
    if sensible.contains(&amount) { Ok(amount) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn prices_are_written_by_meter() {
        let price: ModelPrice = "input=3, output=15,cache_read=0.3".parse().expect("a valid price");
        assert_eq!(price.input, Some(Decimal::from(3)));
        assert_eq!(price.cache_read, Some(Decimal::new(3, 1)));
        assert_eq!(price.cache_write, None);
    }

    #[test]
    fn discounts_never_go_below_nothing() {
        let price: ModelPrice = "input=3,output=15,cache_read=0.3".parse().expect("a valid price");
        let less = price.less(Discount::Share(Decimal::new(15, 2)));
        assert_eq!(
            (less.input, less.output),
            (Decimal::from_str_exact("2.55").ok(), Decimal::from_str_exact("12.75").ok())
        );
        let off = price.less(Discount::Usd(Decimal::ONE));
        assert_eq!((off.input, off.cache_read, off.image), (Some(Decimal::TWO), Some(Decimal::ZERO), None));
    }

    #[test]
    fn what_is_known_of_usage_narrows_its_price() {
        let mut price: ModelPrice = "input=3,output=15,cache_write=4,cache_write_1h=6".parse().expect("a valid price");
        price.long_input = Some(Decimal::from(6));
        let known = |cache_write_lifetime, long_context| Narrowing { cache_write_lifetime, long_context, tier: None };
        let hour = price.narrowed(&known(Some(CacheLifetime::OneHour), None));
        assert_eq!((hour.cache_write, hour.cache_write_1h, hour.long_input), (Some(6.into()), None, Some(6.into())));
        let short = price.narrowed(&known(Some(CacheLifetime::FiveMinutes), Some(Decimal::ZERO)));
        assert_eq!((short.cache_write, short.input, short.long_input), (Some(4.into()), Some(3.into()), None));
        let third = price.narrowed(&known(None, Some(Decimal::new(5, 1))));
        assert_eq!((third.input, third.output), (Decimal::from_str_exact("4.5").ok(), Some(15.into())));
    }

    #[rstest]
    #[case::no_equals("3,15", "not of the form")]
    #[case::unknown_meter("input=3,output=15,tokens=1", "`tokens` is not a meter")]
    #[case::negative("input=-3,output=15", "`-3` is not a price of input")]
    #[case::not_a_number("input=3,output=abc", "`abc` is not a price of output")]
    #[case::half("input=3", "the price of output is missing")]
    #[case::empty("", "the price of input is missing")]
    fn faults_say_what_to_write(#[case] text: &str, #[case] expected: &str) {
        let error = text.parse::<ModelPrice>().expect_err("a fault").to_string();
        assert!(error.contains(expected), "{error}");
    }
}
