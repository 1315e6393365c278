//! A chargeback report: what was used, what it cost, what is owed for it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::domain::calendar::Calendar;
use crate::domain::contract::Validity;
use crate::domain::ids::PlanId;
use crate::domain::money::Money;
use crate::domain::statement::{Bill, LineKind};
use crate::domain::time::TimeSpan;
use crate::domain::view::PricedUsage;

/// Which period a report is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its name.
    pub name: String,
    /// From when and until when.
    pub span: TimeSpan,
}

impl Period {
    /// Reads `2026-11`, `2026-Q4`, `2026`, `2026-11-20`, or `2026-11-01..2026-11-15` (the last day is in it), with the
    /// midnights of a zone.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a period: write for example 2026-11, 2026-Q4 or 2026-11-01..2026-11-15");
        let days = match text.split_once("..") {
            Some((from, to)) => from.parse().ok().zip(to.parse().ok().and_then(tomorrow)),
            None => days(text),
        };
        let (from, to): (Date, Date) = days.filter(|(from, to)| from < to).ok_or_else(wrong)?;
        let span = Validity { from: Some(from), to: Some(to) }.span(zone);
        Ok(Self { name: text.to_owned(), span })
    }

    /// The calendar month that holds an instant.
    #[must_use]
    pub fn month_of(at: Timestamp, zone: &TimeZone) -> Self {
        let calendar = Calendar::months(zone.clone());
        Self { name: calendar.label_at(at), span: calendar.span_at(at) }
    }
}

/// The days of a year, a quarter, a month or a day: the first one and the first one after.
fn days(text: &str) -> Option<(Date, Date)> {
    if let Ok(day) = text.parse::<Date>() {
        return Some((day, tomorrow(day)?));
    }
    let (year, part) = text.split_once('-').unwrap_or((text, ""));
    let (month, months) = match part.strip_prefix('Q') {
        Some(quarter) => (quarter.parse::<i8>().ok().filter(|quarter| (1..=4).contains(quarter))? * 3 - 2, 3),
        None if part.is_empty() => (1, 12),
        None => (part.parse().ok()?, 1),
    };
    let first = Date::new(year.parse().ok()?, month, 1).ok()?;
    Some((first, first.checked_add(Span::new().months(months)).ok()?))
}

fn tomorrow(day: Date) -> Option<Date> {
    day.tomorrow().ok()
}

/// What the rows of a report are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Tenants.
    Tenant,
    /// Profiles.
    Profile,
    /// Models.
    Model,
    /// The values of a tag of the profiles.
    Tag(String),
}

impl GroupBy {
    /// The name of the key's column.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Tenant => "tenant".to_owned(),
            Self::Profile => "profile".to_owned(),
            Self::Model => "model".to_owned(),
            Self::Tag(key) => format!("tag:{key}"),
        }
    }

    /// The key of what has none.
    #[must_use]
    pub fn rest(&self) -> &'static str {
        match self {
            Self::Tenant => "unattributed",
            Self::Profile | Self::Model => "unknown",
            Self::Tag(_) => "untagged",
        }
    }
}

/// A row of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChargeRow {
    /// Whose it is; `None` for what has no key (unattributed, untagged).
    pub key: Option<String>,
    /// What people call it, where that is something else.
    pub name: Option<String>,
    /// What was used and what it cost.
    pub usage: PricedUsage,
    /// What is owed, by line, in US dollars; of other rows than tenants the part by cost.
    pub revenue: BTreeMap<LineKind, Money>,
    /// What is earned; `None` where the cost is not known. That of a sum leaves out what is not known.
    pub margin: Option<Money>,
    /// The plans that it is owed by.
    pub plans: Vec<PlanId>,
    /// The bills, of tenants.
    pub bills: Vec<Bill>,
}

impl ChargeRow {
    /// All that is owed.
    #[must_use]
    pub fn revenue_total(&self) -> Money {
        self.revenue.values().copied().sum()
    }

    /// US dollars of cost for a million tokens; `None` where there are none or the cost is not known.
    #[must_use]
    pub fn usd_per_million_tokens(&self) -> Option<rust_decimal::Decimal> {
        let priced = self.usage.counts.tokens().saturating_sub(self.usage.unpriced_tokens);
        let millions = rust_decimal::Decimal::new(1, 6).saturating_mul(priced.into());
        self.usage.known_cost()?.likely.amount().checked_div(millions)
    }

    /// Takes in another row.
    pub fn add(&mut self, other: &Self) {
        self.usage.add(&other.usage);
        self.margin = Some(self.margin.unwrap_or_default() + other.margin.unwrap_or_default());
        for (kind, amount) in &other.revenue {
            *self.revenue.entry(*kind).or_default() += *amount;
        }
    }
}

/// Usage without a price, by model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpriced {
    /// Which model; `None` where the profile does not tell.
    pub model: Option<String>,
    /// How many tokens.
    pub tokens: u64,
    /// How many images.
    pub images: u64,
}

/// A chargeback report.
#[derive(Clone, Debug, PartialEq)]
pub struct Chargeback {
    /// What the rows are.
    pub by: GroupBy,
    /// The name of the period.
    pub period: String,
    /// From when and until when.
    pub span: TimeSpan,
    /// How far the data goes.
    pub data_until: Option<Timestamp>,
    /// Whether there is any contract at all.
    pub has_contracts: bool,
    /// The rows, the dearest first, what has no key last.
    pub rows: Vec<ChargeRow>,
    /// The sum of all rows.
    pub total: ChargeRow,
    /// What has no price.
    pub unpriced: Vec<Unpriced>,
}

impl Chargeback {
    /// Whether data of the period is still to come.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.data_until.is_none_or(|until| until < self.span.end)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")]
    #[case("2026-Q4", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    #[case("2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    #[case("2026-11-20", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")]
    #[case("2026-11-01..2026-11-15", "2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z")]
    fn periods(#[case] text: &str, #[case] from: &str, #[case] to: &str) {
        let at = |text: &str| text.parse().expect("a valid time");
        assert_eq!(Period::parse(text, &TimeZone::UTC).map(|period| period.span), Ok(TimeSpan::new(at(from), at(to))));
    }

    #[rstest]
    #[case("november")]
    #[case("2026-13")]
    #[case("2026-Q5")]
    #[case("2026-11-15..2026-11-01")]
    #[case("")]
    fn what_is_no_period_is_refused(#[case] text: &str) {
        assert!(Period::parse(text, &TimeZone::UTC).expect_err("a fault").contains("2026-Q4"));
    }
}
