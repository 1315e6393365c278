//! What a single hour is expected to use.

use crate::forecast::profile::{WeekProfile, as_f64, hour_of_week};
use crate::forecast::series::HourlySeries;

/// The expected amount of an hour and its bounds, in the unit of the series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The point forecast.
    pub mean: f64,
    /// 10 % of hours stay below.
    pub lo80: f64,
    /// 10 % of hours go above.
    pub hi80: f64,
    /// 2.5 % of hours stay below.
    pub lo95: f64,
    /// 2.5 % of hours go above.
    pub hi95: f64,
    /// 0.5 % of hours go above.
    pub hi99: f64,
}

impl Band {
    /// The band of a part of the hour, or of another unit.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        let of = |amount: f64| amount * factor;
        Self {
            mean: of(self.mean),
            lo80: of(self.lo80),
            hi80: of(self.hi80),
            lo95: of(self.lo95),
            hi95: of(self.hi95),
            hi99: of(self.hi99),
        }
    }
}

/// Of how many recent hours the spread is taken.
const RECENT: usize = 336;
/// The probabilities of the bounds, in the order of [`Spread`].
const BOUNDS: [f64; 5] = [0.1, 0.9, 0.025, 0.975, 0.995];
/// What hours are relative to the expected one where nothing is known, and as how many hours that counts.
const UNKNOWN: ([f64; 5], f64) = ([0.15, 2.2, 0.0, 4.0, 8.0], 12.0);

/// Bounds of single hours relative to the expected amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    bounds: [f64; 5],
}

impl Spread {
    /// The spread of the recent hours around the mean level and the profile.
    pub(super) fn of(series: &HourlySeries, profile: &WeekProfile, level: f64) -> Self {
        let from = series.len().saturating_sub(RECENT);
        let first = hour_of_week(series.start()) + from;
        let hours = series.values()[from..].iter().enumerate();
        let known = hours.filter(|(_, value)| value.is_finite() && level > 0.0);
        let mut ratios: Vec<f64> = known.map(|(at, value)| value / (level * profile.of_hour(first + at))).collect();
        ratios.sort_by(f64::total_cmp);
        let (unknown, weight) = UNKNOWN;
        let own = as_f64(ratios.len()) / (as_f64(ratios.len()) + weight);
        let mut bounds = unknown;
        for (bound, p) in bounds.iter_mut().zip(BOUNDS) {
            let known = quantile(&ratios, p).unwrap_or(*bound);
            // Where idle hours are that common, zero is the bound, however few hours there are.
            *bound = if known > 0.0 { own * known + (1.0 - own) * *bound } else { 0.0 };
        }
        Self { bounds }
    }

    /// What is to be said with no hour known.
    pub(super) fn unknown() -> Self {
        Self { bounds: UNKNOWN.0 }
    }

    /// The band around an expected amount. `usual` is what the mean level would have given: a tenant that just fell silent
    /// may come back.
    pub(super) fn around(&self, mean: f64, usual: f64) -> Band {
        let high = mean.max(0.25 * usual);
        let [lo80, hi80, lo95, hi95, hi99] = self.bounds;
        Band { mean, lo80: mean * lo80, hi80: high * hi80, lo95: mean * lo95, hi95: high * hi95, hi99: high * hi99 }
    }
}

/// The value below which the share `p` of sorted values lies, between two of them by proportion.
fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = p * as_f64(last);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index of a slice")]
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (at - at.floor()) * (sorted[above] - sorted[below]))
}
