//! What CloudWatch charges for being asked.

use rust_decimal::Decimal;

use crate::domain::health::Traffic;
use crate::domain::money::Money;

/// Metrics that one US dollar buys of GetMetricData: 0.01 USD for 1,000 (CloudWatch pricing).
pub const METRICS_A_DOLLAR: u32 = 100_000;
/// Requests of ListMetrics that are free each month (CloudWatch pricing); beyond, each costs as much as a metric.
pub const FREE_LISTINGS: u64 = 1_000_000;

/// What a month's traffic costs. The free listings are counted for each scope as if no one else used them.
#[must_use]
pub fn polling_cost(month: &Traffic) -> Money {
    let billed = month.metrics.saturating_add(month.listings.saturating_sub(FREE_LISTINGS));
    Money::usd(Decimal::from(billed) / Decimal::from(METRICS_A_DOLLAR))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::metrics(1000, 0, "$0.01")]
    #[case::one_series_each_minute_for_30_days(43_200, 43_200, "$0.43")]
    #[case::listings_beyond_the_free_ones(0, 1_100_000, "$1.00")]
    fn costs(#[case] metrics: u64, #[case] listings: u64, #[case] expected: &str) {
        let traffic = Traffic { metrics, listings, ..Traffic::default() };
        assert_eq!(polling_cost(&traffic).to_string(), expected);
    }
}
