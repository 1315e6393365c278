//! Prices and budgets: usage in, money out.
//!
//! A price book knows what a model costs where and since when; [`price_usage`] turns counts into a range of
//! money. What has no price is counted as unpriced tokens and never as zero dollars.

pub mod budget;
mod geography;
mod model_price;
pub mod polling;
mod price_book;
mod price_usage;

pub use model_price::{ModelPrice, PriceError};
pub use price_book::{Match, PriceBook};
pub use price_usage::price_usage;
