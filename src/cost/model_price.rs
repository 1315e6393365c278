//! The prices of one model at one place.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;

/// USD per million tokens of each kind, and per image. `None` means that the price is not known, never free.
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
}

/// Why a price given by hand was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not of the form `meter=price`.
    #[error("`{0}` is not of the form meter=price; write for example input=3,output=15 (USD per million tokens)")]
    Form(String),
    /// A meter that has no price.
    #[error("`{0}` is not a meter with a price; use input, output, cache_read, cache_write, cache_write_1h or image")]
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
            *price.slot(meter.trim())? = Some(parse_amount(meter.trim(), amount.trim())?);
        }
        match (price.input, price.output) {
            (None, _) => Err(PriceError::Missing("input")),
            (_, None) => Err(PriceError::Missing("output")),
            _ => Ok(price),
        }
    }
}

impl ModelPrice {
    fn slot(&mut self, meter: &str) -> Result<&mut Option<Decimal>, PriceError> {
        Ok(match meter {
            "input" => &mut self.input,
            "output" => &mut self.output,
            "cache_read" => &mut self.cache_read,
            "cache_write" => &mut self.cache_write,
            "cache_write_1h" => &mut self.cache_write_1h,
            "image" => &mut self.image,
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
