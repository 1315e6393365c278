//! What a single hour is expected to use.

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
