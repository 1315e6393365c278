//! What is known of any tenant before it has a past: fitted on a fleet, refined by the own one.

use crate::forecast::profile::Shrinkage;
use crate::forecast::total::KNOTS;

/// Constants of a fleet. [`Prior::shipped`] were fitted on 80 tenants of a public trace (`docs/forecasting.md`).
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// After so many hours the last day's level weighs 1/e.
    pub fade_hours: f64,
    /// How profiles are drawn towards flat.
    pub shrinkage: Shrinkage,
    /// The width of errors on the logarithm of totals: constant, and by volatility, horizon, history and idleness.
    pub width: [f64; 5],
    /// Errors of totals in units of the width, at the probabilities of a distribution.
    pub errors: [f64; KNOTS],
    /// The same of single hours.
    pub hour_errors: [f64; KNOTS],
}

impl Prior {
    /// The prior that ships with the program.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            fade_hours: 48.0,
            shrinkage: Shrinkage { flat_days: 3.0, flat_weeks: 3.0, least_hours: 48, least_weeks: 3, most_hours: 1344 },
            width: [0.25, 0.5, 0.1, 0.4, 0.3],
            errors: [-4.0, -2.6, -2.0, -1.4, -0.8, -0.4, -0.2, 0.0, 0.2, 0.4, 0.8, 1.3, 1.7, 2.2, 3.0],
            hour_errors: [-6.0, -4.0, -3.0, -2.0, -1.0, -0.5, -0.2, 0.0, 0.2, 0.4, 0.7, 1.2, 1.6, 2.0, 2.8],
        }
    }
}
