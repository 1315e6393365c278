//! Prices and budgets: usage in, money out.
//!
//! A price book knows what a model costs where and since when; [`price_usage`] turns counts into a range of
//! money. What has no price is counted as unpriced tokens and never as zero dollars.

pub mod budget;
pub mod contract;
mod geography;
pub mod polling;
mod price_book;
mod price_usage;
pub mod provisioned;

pub use crate::domain::price::{ModelPrice, PriceError};
pub use price_book::{Match, PriceBook, Quote, UnitHour};
pub use price_usage::price_usage;
