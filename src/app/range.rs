//! How far back charts reach.

use jiff::SignedDuration;

/// A range of time up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Range {
    /// One hour.
    Hour,
    /// Six hours.
    #[default]
    SixHours,
    /// A day.
    Day,
    /// A week.
    Week,
    /// Five weeks.
    FiveWeeks,
}

const ALL: [Range; 5] = [Range::Hour, Range::SixHours, Range::Day, Range::Week, Range::FiveWeeks];

impl Range {
    /// How long it is.
    #[must_use]
    pub fn length(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            Self::Hour => 1,
            Self::SixHours => 6,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::FiveWeeks => 35 * 24,
        })
    }

    /// The next longer one, if there is one.
    #[must_use]
    pub fn longer(self) -> Self {
        ALL.into_iter().find(|range| *range > self).unwrap_or(self)
    }

    /// The next shorter one, if there is one.
    #[must_use]
    pub fn shorter(self) -> Self {
        ALL.into_iter().rev().find(|range| *range < self).unwrap_or(self)
    }

    /// The name in titles.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::SixHours => "6 hours",
            Self::Day => "1 day",
            Self::Week => "7 days",
            Self::FiveWeeks => "35 days",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_at_the_shortest_and_the_longest() {
        assert_eq!(Range::default().longer().shorter(), Range::default());
        assert_eq!(Range::Hour.shorter(), Range::Hour);
        assert_eq!(Range::FiveWeeks.longer(), Range::FiveWeeks);
    }
}
