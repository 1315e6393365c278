//! The change of a cost, split exactly into its factors.
//!
//! Cost = requests x tokens per request x price per token as if nothing came from the cache x what the cache leaves of
//! it. The split is the logarithmic mean Divisia index (Ang, Energy Policy 2004): each factor's part is L(now, expected)
//! x ln(factor now / factor expected), where L(a, b) = (a - b) / ln(a / b). It leaves no rest, and the order of the
//! factors does not matter.

use crate::domain::notice::Contributor;
use crate::domain::view::Factor;

/// What was used and what it cost, an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Use {
    /// Requests.
    pub requests: f64,
    /// Tokens of all kinds.
    pub tokens: f64,
    /// Dollars.
    pub cost: f64,
    /// Dollars, had every token that was read from the cache been an input token.
    pub uncached_cost: f64,
}

impl Use {
    /// The factors whose product is the cost; `None` where one is nothing or unknown.
    fn factors(&self) -> Option<[f64; 4]> {
        let factors = [
            self.requests,
            self.tokens / self.requests,
            self.uncached_cost / self.tokens,
            self.cost / self.uncached_cost,
        ];
        factors.iter().all(|factor| factor.is_finite() && *factor > 0.0).then_some(factors)
    }
}

/// The names of the factors, in their order.
const NAMES: [&str; 4] = ["requests", "tokens per request", "price mix", "cache"];

/// The change from `expected` to `now`, by factor; empty where one of them is nothing, so that no ratio exists.
#[must_use]
pub fn factors(now: &Use, expected: &Use) -> Vec<Factor> {
    let (Some(to), Some(from)) = (now.factors(), expected.factors()) else { return Vec::new() };
    let change = now.cost - expected.cost;
    let whole = (now.cost / expected.cost).ln();
    if whole == 0.0 {
        return Vec::new();
    }
    let factor = |((name, to), from): ((&str, f64), f64)| {
        let share = (to / from).ln() / whole;
        Factor { name: name.to_owned(), ratio: to / from, usd_per_hour: share * change, share }
    };
    NAMES.into_iter().zip(to).zip(from).map(factor).collect()
}

/// Who makes the rise: the parts that rose, the greatest first, at most `most` of them and the others as one. The shares
/// add up to 1.
#[must_use]
pub fn contributors(rises: Vec<(String, f64)>, most: usize) -> Vec<Contributor> {
    let mut rising: Vec<(String, f64)> = rises.into_iter().filter(|(_, rise)| *rise > 0.0).collect();
    rising.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let whole: f64 = rising.iter().map(|(_, rise)| rise).sum();
    let others: f64 = rising.iter().skip(most).map(|(_, rise)| rise).sum();
    let rest = (others > 0.0).then(|| ("others".to_owned(), others));
    let named = rising.into_iter().take(most).chain(rest);
    named.map(|(name, rise)| Contributor { name, share: rise / whole }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usage(requests: f64, tokens_each: f64, price: f64, cache: f64) -> Use {
        let tokens = requests * tokens_each;
        Use { requests, tokens, uncached_cost: tokens * price, cost: tokens * price * cache }
    }

    #[test]
    fn twice_the_requests_are_all_of_a_doubled_cost() {
        let split = factors(&usage(200.0, 1000.0, 1e-5, 0.5), &usage(100.0, 1000.0, 1e-5, 0.5));
        let shares: Vec<f64> = split.iter().map(|factor| factor.share).collect();
        for (share, expected) in shares.iter().zip([1.0, 0.0, 0.0, 0.0]) {
            assert!((share - expected).abs() < 1e-9, "{shares:?}");
        }
    }

    #[test]
    fn a_cache_that_is_read_less_is_found_though_requests_fell() {
        let split = factors(&usage(90.0, 1000.0, 1e-5, 0.9), &usage(100.0, 1000.0, 1e-5, 0.3));
        assert!(split[3].share > 1.0 && split[0].share < 0.0, "{split:?}");
    }

    #[test]
    fn with_nothing_to_compare_with_there_is_no_split() {
        assert_eq!(factors(&usage(10.0, 10.0, 1.0, 1.0), &Use::default()), []);
    }

    #[test]
    fn shares_of_those_who_rose_are_the_whole() {
        let rises = [("a", 6.0), ("b", 3.0), ("c", 1.0), ("d", -5.0)].map(|(name, rise)| (name.to_owned(), rise));
        let found = contributors(rises.to_vec(), 2);
        let named: Vec<(&str, f64)> = found.iter().map(|part| (part.name.as_str(), part.share)).collect();
        assert_eq!(named, [("a", 0.6), ("b", 0.3), ("others", 0.1)]);
    }

    fn any_use() -> impl Strategy<Value = Use> {
        (0.1_f64..1e6, 0.1_f64..1e6, 1e-9_f64..1e-2, 0.05_f64..1.0)
            .prop_map(|(requests, tokens, price, cache)| usage(requests, tokens, price, cache))
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(now in any_use(), expected in any_use()) {
            let split = factors(&now, &expected);
            prop_assume!(!split.is_empty() && (now.cost / expected.cost).ln().abs() > 1e-6);
            let shares: f64 = split.iter().map(|factor| factor.share).sum();
            let dollars: f64 = split.iter().map(|factor| factor.usd_per_hour).sum();
            prop_assert!((shares - 1.0).abs() < 1e-6, "{}", shares);
            prop_assert!((dollars - (now.cost - expected.cost)).abs() <= 1e-6 * (now.cost + expected.cost), "{}", dollars);
            let product: f64 = split.iter().map(|factor| factor.ratio).product();
            prop_assert!((product / (now.cost / expected.cost) - 1.0).abs() < 1e-6);
        }
    }
}
