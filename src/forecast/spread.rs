//! How far off a total may be: quantiles of the logarithm of total over forecast, calibrated on the total itself.

use crate::forecast::level::Traits;
use crate::forecast::prior::Prior;
use crate::forecast::total::{KNOTS, TotalForecast};

/// What the width of an interval depends on, in the order of a row of [`Prior::errors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A constant.
    Always,
    /// How much the days differ.
    Volatility,
    /// How far ahead.
    Horizon,
    /// How short the history is.
    Youth,
    /// How often the tenant is idle.
    Idleness,
    /// How far the forecast is above the mean of the past: a burst is rather followed by less.
    Burst,
}

/// Quantiles of the normal distribution at the probabilities of a distribution: how knots lie between those that are fitted.
const NORMAL: [f64; KNOTS] =
    [-2.576, -1.960, -1.645, -1.282, -0.842, -0.524, -0.253, 0.0, 0.253, 0.524, 0.842, 1.282, 1.645, 1.960, 2.576];
/// Which knots are fitted.
const FITTED: [usize; 5] = [1, 3, 7, 11, 13];
/// A total is forecast within a factor of e^6 either way.
const FURTHEST: f64 = 6.0;

/// The distribution of a total over `hours` whose forecast is `mean`. `priced` is the mean factor in the forecast.
pub(super) fn distribution(
    prior: &Prior,
    traits: &Traits,
    hours: f64,
    mean: f64,
    priced: f64,
    widening: f64,
) -> TotalForecast {
    if hours <= 0.0 {
        return TotalForecast::known(0.0);
    }
    if traits.mean <= 0.0 {
        return never_active(prior, traits, hours, mean, priced);
    }
    // Low volumes err by amounts, not by factors.
    let small = 0.05 * traits.mean;
    let usage = if priced > 0.0 { mean / priced } else { 0.0 };
    let causes = [
        1.0,
        traits.volatility.min(2.0),
        (hours / 24.0).ln_1p(),
        (-traits.hours / 72.0).exp(),
        1.0 - traits.activity,
        ((usage / hours + small) / (traits.mean + small)).ln(),
    ];
    let fitted = prior.errors.map(|row| row.iter().zip(causes).map(|(weight, cause)| weight * cause).sum::<f64>());
    let widening = widening * (1.0 + 0.25 * (-traits.hours / 24.0).exp());
    let middle = fitted[2];
    let fitted = fitted.map(|error| middle + (error - middle) * widening);
    let floor = small * hours;
    let amount = |error: f64| {
        let error = error.clamp(-FURTHEST, FURTHEST);
        (((usage + floor) * error.exp() - floor) * priced).clamp(0.0, f64::MAX)
    };
    TotalForecast::new(mean, NORMAL.map(|at| amount(between(&fitted, at))))
}

/// The error at a normal quantile, linear between those that are fitted and beyond.
fn between(fitted: &[f64; 5], at: f64) -> f64 {
    let right = FITTED.iter().position(|&knot| NORMAL[knot] >= at).unwrap_or(4).clamp(1, 4);
    let (left_at, right_at) = (NORMAL[FITTED[right - 1]], NORMAL[FITTED[right]]);
    let share = (at - left_at) / (right_at - left_at);
    let (low, high) = (fitted[right - 1].min(fitted[right]), fitted[right]);
    low + share * (high - low)
}

/// A tenant that was never active may start; how much it will then use, the fleet tells. The longer it was silent, the less.
fn never_active(prior: &Prior, traits: &Traits, hours: f64, mean: f64, priced: f64) -> TotalForecast {
    let wakes = (-traits.hours / 48.0).exp() + 0.1;
    let typical = prior.typical_hour * hours * priced * wakes;
    let share = |at: f64| if at <= 0.0 { 0.0 } else { 2.0 * (2.4 * (at - 1.282)).exp() };
    TotalForecast::new(mean, NORMAL.map(|at| (share(at) * typical).clamp(0.0, f64::MAX)))
}
