//! What is known of any tenant before it has a past: fitted on a fleet, refined by the own one.

use crate::forecast::profile::Shrinkage;

/// Constants of a fleet. Those of [`Prior::shipped`] were fitted on 80 tenants of a public trace
/// (`docs/forecasting.md` has the method and the held-out figures).
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    /// After so many hours the last day weighs 1/e, for a tenant that is never idle and beyond that of one that always is.
    pub fade_hours: [f64; 2],
    /// How much lower the lasting level is taken for each e-fold of horizon over history: the most likely total of an
    /// uncertain future is below its average.
    pub caution: f64,
    /// How profiles are drawn towards flat.
    pub shrinkage: Shrinkage,
    /// Quantiles (2.5, 10, 50, 90, 97.5 %) of the logarithm of total over forecast, each a sum over [`Cause`](super::spread::Cause)s.
    pub errors: [[f64; 6]; 5],
    /// The mean hour of a typical tenant of the fleet, in the unit of the series: all that is known of one that was never
    /// active. Zero: nothing.
    pub typical_hour: f64,
}

impl Prior {
    /// The prior that ships with the program.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            fade_hours: [50.0, 10.0],
            caution: 0.16,
            shrinkage: Shrinkage { flat_days: 2.0, flat_weeks: 0.6, least_hours: 48, least_weeks: 1, most_hours: 1344 },
            errors: [
                [-3.395, -0.268, 0.182, 0.045, -0.319, -0.730],
                [-1.190, -0.837, 0.221, -0.298, -0.418, -0.647],
                [-0.116, -0.010, 0.093, -0.425, 0.138, -0.209],
                [0.470, 0.406, 0.031, -0.326, 0.680, -0.812],
                [1.342, 0.449, 0.095, -0.033, 1.499, -1.130],
            ],
            typical_hour: 0.0,
        }
    }

    /// The same in a fleet whose tenants use these amounts in a mean hour; the idle ones do not count.
    #[must_use]
    pub fn in_fleet(mut self, mean_hours: impl IntoIterator<Item = f64>) -> Self {
        let mut known: Vec<f64> = mean_hours.into_iter().filter(|hour| hour.is_finite() && *hour > 0.0).collect();
        known.sort_by(f64::total_cmp);
        self.typical_hour = known.get(known.len() / 2).copied().unwrap_or(0.0);
        self
    }
}
