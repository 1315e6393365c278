//! Calendar periods in a time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::domain::time::TimeSpan;

/// Months in a quarter.
const QUARTER: i8 = 3;

/// How long a budget runs before it starts again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeriodLength {
    /// A calendar day.
    Day,
    /// Seven days from the anchor weekday (1 = Monday).
    Week,
    /// A month from the anchor day.
    #[default]
    Month,
    /// Three months that begin in January, April, July or October, from the anchor day.
    Quarter,
    /// This span once, without a next one.
    #[serde(skip)]
    Once(TimeSpan),
}

/// A period that repeats: its length, the day it starts on and the zone whose midnight counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// How long.
    pub length: PeriodLength,
    /// Day of the month (1 to 31, the last day where a month is shorter) or weekday (1 = Monday to 7);
    /// not used for a day.
    pub anchor_day: i8,
    /// The IANA zone whose midnights bound it.
    pub zone: TimeZone,
}

impl Calendar {
    /// Calendar months of a zone, as AWS bills in UTC.
    #[must_use]
    pub fn months(zone: TimeZone) -> Self {
        Self { length: PeriodLength::Month, anchor_day: 1, zone }
    }

    /// The period that holds the instant. Days of 23 or 25 hours come out as the zone has them.
    #[must_use]
    pub fn span_at(&self, now: Timestamp) -> TimeSpan {
        if let PeriodLength::Once(span) = self.length {
            return span;
        }
        let today = now.to_zoned_datetime(self.zone.clone()).date();
        let first = self.first_day(today);
        TimeSpan::new(self.midnight(first, now), self.midnight(self.next_first_day(first), now))
    }

    /// The period's name: `2026-11` for a calendar month, `2026-Q4` for a calendar quarter, else its first day.
    #[must_use]
    pub fn label_at(&self, now: Timestamp) -> String {
        let first = self.first_day(now.to_zoned_datetime(self.zone.clone()).date());
        match self.length {
            PeriodLength::Month if self.anchor_day == 1 => format!("{:04}-{:02}", first.year(), first.month()),
            PeriodLength::Quarter if self.anchor_day == 1 => {
                format!("{:04}-Q{}", first.year(), (first.month() - 1) / QUARTER + 1)
            }
            _ => first.to_string(),
        }
    }

    fn first_day(&self, today: Date) -> Date {
        match self.length {
            PeriodLength::Day => today,
            PeriodLength::Once(span) => span.start.to_zoned_datetime(self.zone.clone()).date(),
            PeriodLength::Week => {
                let back = (today.weekday().to_monday_one_offset() - self.anchor_day).rem_euclid(7);
                today.saturating_sub(i64::from(back).days())
            }
            PeriodLength::Month => {
                let here = self.anchored_in(today);
                if here <= today { here } else { self.anchored_in(today.first_of_month().saturating_sub(1.day())) }
            }
            PeriodLength::Quarter => {
                let here = self.anchored_in(first_of_quarter(today));
                let before = || first_of_quarter(first_of_quarter(today).saturating_sub(1.day()));
                if here <= today { here } else { self.anchored_in(before()) }
            }
        }
    }

    fn next_first_day(&self, first: Date) -> Date {
        match self.length {
            PeriodLength::Day => first.saturating_add(1.day()),
            PeriodLength::Once(span) => span.end.to_zoned_datetime(self.zone.clone()).date(),
            PeriodLength::Week => first.saturating_add(7.days()),
            PeriodLength::Month => self.anchored_in(first.last_of_month().saturating_add(1.day())),
            PeriodLength::Quarter => {
                self.anchored_in(first_of_quarter(first).saturating_add(i64::from(QUARTER).months()))
            }
        }
    }

    /// The anchor day in the month of `day`, cut to the month's last day.
    fn anchored_in(&self, day: Date) -> Date {
        let first = day.first_of_month();
        let wanted = self.anchor_day.clamp(1, day.days_in_month());
        first.saturating_add(i64::from(wanted - 1).days())
    }

    fn midnight(&self, day: Date, fallback: Timestamp) -> Timestamp {
        day.to_zoned_datetime(self.zone.clone()).map_or(fallback, |start| start.timestamp())
    }
}

fn first_of_quarter(day: Date) -> Date {
    day.first_of_month().saturating_sub(i64::from((day.month() - 1) % QUARTER).months())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a test writes valid times")
    }

    #[rstest]
    #[case::plain_month(
        PeriodLength::Month,
        1,
        "UTC",
        "2026-11-20T12:00:00Z",
        "2026-11-01T00:00:00Z",
        "2026-12-01T00:00:00Z"
    )]
    #[case::february(
        PeriodLength::Month,
        1,
        "UTC",
        "2028-02-29T23:59:59Z",
        "2028-02-01T00:00:00Z",
        "2028-03-01T00:00:00Z"
    )]
    #[case::anchor_31_in_short_months(
        PeriodLength::Month,
        31,
        "UTC",
        "2026-03-15T00:00:00Z",
        "2026-02-28T00:00:00Z",
        "2026-03-31T00:00:00Z"
    )]
    #[case::anchor_ahead_of_today(
        PeriodLength::Month,
        15,
        "UTC",
        "2026-01-03T00:00:00Z",
        "2025-12-15T00:00:00Z",
        "2026-01-15T00:00:00Z"
    )]
    #[case::zone_decides_midnight(
        PeriodLength::Month,
        1,
        "Asia/Kolkata",
        "2026-10-31T19:00:00Z",
        "2026-10-31T18:30:00Z",
        "2026-11-30T18:30:00Z"
    )]
    #[case::a_day_of_25_hours(
        PeriodLength::Day,
        1,
        "Europe/Berlin",
        "2026-10-25T12:00:00Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T23:00:00Z"
    )]
    #[case::week_from_monday(
        PeriodLength::Week,
        1,
        "UTC",
        "2026-11-22T10:00:00Z",
        "2026-11-16T00:00:00Z",
        "2026-11-23T00:00:00Z"
    )]
    #[case::week_from_friday(
        PeriodLength::Week,
        5,
        "UTC",
        "2026-11-19T10:00:00Z",
        "2026-11-13T00:00:00Z",
        "2026-11-20T00:00:00Z"
    )]
    #[case::quarter(
        PeriodLength::Quarter,
        1,
        "UTC",
        "2026-11-22T10:00:00Z",
        "2026-10-01T00:00:00Z",
        "2027-01-01T00:00:00Z"
    )]
    #[case::quarter_anchored_at_the_end_of_a_month(
        PeriodLength::Quarter,
        31,
        "UTC",
        "2026-04-29T00:00:00Z",
        "2026-01-31T00:00:00Z",
        "2026-04-30T00:00:00Z"
    )]
    #[case::quarter_over_the_end_of_the_year(
        PeriodLength::Quarter,
        15,
        "Europe/Berlin",
        "2026-01-10T00:00:00Z",
        "2025-10-14T22:00:00Z",
        "2026-01-14T23:00:00Z"
    )]
    fn periods(
        #[case] length: PeriodLength,
        #[case] anchor_day: i8,
        #[case] zone: &str,
        #[case] now: &str,
        #[case] start: &str,
        #[case] end: &str,
    ) {
        let calendar = Calendar { length, anchor_day, zone: TimeZone::get(zone).expect("a known zone") };
        assert_eq!(calendar.span_at(at(now)), TimeSpan::new(at(start), at(end)));
    }

    #[test]
    fn a_calendar_month_is_named_by_its_month() {
        let calendar = Calendar::months(TimeZone::get("Asia/Kolkata").expect("a known zone"));
        assert_eq!(calendar.label_at(at("2026-10-31T19:00:00Z")), "2026-11");
        let quarters = Calendar { length: PeriodLength::Quarter, ..calendar };
        assert_eq!(quarters.label_at(at("2026-10-31T19:00:00Z")), "2026-Q4");
    }
}
