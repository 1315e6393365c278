//! The total over a span as a distribution.

/// How many points of a distribution are kept.
pub(super) const KNOTS: usize = 15;

/// The probabilities of those points.
pub(super) const PROBABILITIES: [f64; KNOTS] =
    [0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995];

/// What will be used over a span: the most likely amount, and how far off it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TotalForecast {
    /// The point forecast, in the unit of the series.
    pub mean: f64,
    /// The amounts below which the total stays with [`PROBABILITIES`], ascending.
    quantiles: [f64; KNOTS],
}

impl TotalForecast {
    /// A distribution through these quantiles; they are put in order.
    pub(super) fn new(mean: f64, mut quantiles: [f64; KNOTS]) -> Self {
        let mut highest = 0.0_f64;
        for quantile in &mut quantiles {
            highest = highest.max(*quantile);
            *quantile = highest;
        }
        Self { mean, quantiles }
    }

    /// An amount that is known: a span that is over.
    #[must_use]
    pub fn known(amount: f64) -> Self {
        Self { mean: amount, quantiles: [amount; KNOTS] }
    }

    /// The bounds that hold with 80 %.
    #[must_use]
    pub fn interval80(&self) -> (f64, f64) {
        (self.quantiles[3], self.quantiles[11])
    }

    /// The bounds that hold with 95 %.
    #[must_use]
    pub fn interval95(&self) -> (f64, f64) {
        (self.quantiles[1], self.quantiles[13])
    }

    /// The amount that is not exceeded with probability `p`; flat beyond 0.5 and 99.5 %.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        let above = PROBABILITIES.partition_point(|&known| known < p);
        if above == 0 || above == KNOTS {
            return self.quantiles[above.min(KNOTS - 1)];
        }
        let (left, right) = (PROBABILITIES[above - 1], PROBABILITIES[above]);
        let share = (p - left) / (right - left);
        self.quantiles[above - 1] + share * (self.quantiles[above] - self.quantiles[above - 1])
    }

    /// How likely the total is above the amount. Beyond the outermost quantiles the tail falls off with the
    /// amount, so that it is never quite certain.
    #[must_use]
    pub fn probability_above(&self, amount: f64) -> f64 {
        let (lowest, highest) = (self.quantiles[0], self.quantiles[KNOTS - 1]);
        if amount < lowest {
            let share = if lowest > 0.0 { (amount / lowest).max(0.0) } else { 0.0 };
            return 1.0 - PROBABILITIES[0] * share;
        }
        if amount >= highest {
            let share = if amount > 0.0 { highest / amount } else { 0.0 };
            return (1.0 - PROBABILITIES[KNOTS - 1]) * share * share;
        }
        let above = self.quantiles.partition_point(|&known| known <= amount).min(KNOTS - 1);
        let (left, right) = (self.quantiles[above - 1], self.quantiles[above]);
        let share = if right > left { (amount - left) / (right - left) } else { 0.0 };
        1.0 - (PROBABILITIES[above - 1] + share * (PROBABILITIES[above] - PROBABILITIES[above - 1]))
    }

    /// The total with what is spent already.
    #[must_use]
    pub fn plus(&self, spent: f64) -> Self {
        Self { mean: self.mean + spent, quantiles: self.quantiles.map(|quantile| quantile + spent) }
    }

    /// The total in another unit, for example tokens priced.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        let factor = if factor.is_finite() { factor.max(0.0) } else { 0.0 };
        Self { mean: self.mean * factor, quantiles: self.quantiles.map(|quantile| quantile * factor) }
    }
}
