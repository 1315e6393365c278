//! Which rows are shown: `acme !test level>=orange or (spend>1000 and /^gpt/)`. The same grammar holds on the screen
//! and in one-shot commands.
//!
//! Terms beside each other must all hold, `and` says the same, `or` begins an alternative, parentheses group, `!` or
//! `not` turns a term round. A term is a part of the row's text, a regular expression between slashes, or a comparison
//! of a field.

use regex_lite::Regex;

use crate::domain::level::Level;

mod parse;
pub(super) mod rows;

/// What a filter can look at.
pub trait Filterable {
    /// The texts that words and expressions are looked for in.
    fn texts(&self) -> Vec<&str>;
    /// Its level, if it has one.
    fn level(&self) -> Option<Level>;
    /// A figure of it; `None` where it has none, so that no comparison holds.
    fn number(&self, field: Field) -> Option<f64>;
    /// A text field of it.
    fn text(&self, field: Field) -> Option<&str>;
}

/// What can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Dollars spent.
    Spend,
    /// Percent of the budget used.
    Used,
    /// The budget in dollars.
    Budget,
    /// Speed relative to an even one.
    Pace,
    /// Dollars an hour.
    Rate,
    /// Tokens a minute, or in all.
    Tokens,
    /// Requests a minute.
    Requests,
    /// Errors a minute.
    Errors,
    /// Throttles a minute.
    Throttles,
    /// Milliseconds.
    Latency,
    /// Minutes since something happened, or the age of data.
    Age,
    /// Dollars owed to us.
    Revenue,
    /// Revenue less cost.
    Margin,
    /// The tenant's name.
    Tenant,
    /// The model.
    Model,
    /// The signal.
    Signal,
    /// The account and region.
    Scope,
}

const FIELDS: [(&str, Field); 19] = [
    ("spend", Field::Spend),
    ("spent", Field::Spend),
    ("cost", Field::Spend),
    ("used", Field::Used),
    ("budget", Field::Budget),
    ("pace", Field::Pace),
    ("rate", Field::Rate),
    ("tokens", Field::Tokens),
    ("requests", Field::Requests),
    ("errors", Field::Errors),
    ("throttles", Field::Throttles),
    ("latency", Field::Latency),
    ("age", Field::Age),
    ("revenue", Field::Revenue),
    ("margin", Field::Margin),
    ("tenant", Field::Tenant),
    ("model", Field::Model),
    ("signal", Field::Signal),
    ("scope", Field::Scope),
];

impl Field {
    fn is_text(self) -> bool {
        matches!(self, Self::Tenant | Self::Model | Self::Signal | Self::Scope)
    }
}

/// A filter; the empty one shows everything.
#[derive(Clone, Debug, Default)]
pub struct Filter(Option<Node>);

#[derive(Clone, Debug)]
enum Node {
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Has(String),
    Matches(Regex),
    Level(Comparison, Level),
    Number(Field, Comparison, f64),
    Text(Field, Comparison, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
    Different,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::filter(text).map(Self)
    }

    /// Whether everything is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a row is shown.
    #[must_use]
    pub fn shows(&self, row: &dyn Filterable) -> bool {
        self.0.as_ref().is_none_or(|node| node.holds(row))
    }

    /// Whether a row holds any of the words and expressions of the filter, whatever else it says: for `n` and `N`.
    #[must_use]
    pub fn finds(&self, row: &dyn Filterable) -> bool {
        self.0.as_ref().is_some_and(|node| node.finds(row))
    }
}

impl Node {
    fn holds(&self, row: &dyn Filterable) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(row)),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(row)),
            Self::Not(node) => !node.holds(row),
            Self::Has(part) => row.texts().iter().any(|text| text.to_lowercase().contains(part)),
            Self::Matches(pattern) => row.texts().iter().any(|text| pattern.is_match(text)),
            Self::Level(sign, level) => row.level().is_some_and(|known| sign.holds(&known, level)),
            Self::Number(field, sign, number) => row.number(*field).is_some_and(|known| sign.holds(&known, number)),
            Self::Text(field, sign, part) => {
                let is_in = row.text(*field).is_some_and(|text| text.to_lowercase().contains(part));
                is_in != (*sign == Comparison::Different)
            }
        }
    }

    fn finds(&self, row: &dyn Filterable) -> bool {
        match self {
            Self::Any(nodes) | Self::All(nodes) => nodes.iter().any(|node| node.finds(row)),
            Self::Not(_) => false,
            node => node.holds(row),
        }
    }
}

impl Comparison {
    fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::AtLeast => left >= right,
            Self::AtMost => left <= right,
            Self::Above => left > right,
            Self::Below => left < right,
            Self::Equal => left == right,
            Self::Different => left != right,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::app::fixtures::view;

    fn shown(text: &str) -> Vec<String> {
        let filter = Filter::parse(text).expect("a filter");
        let view = view();
        let rows = view.tenants.iter().filter(|row| filter.shows(*row));
        rows.map(|row| row.owner.name().to_owned()).collect()
    }

    #[rstest]
    #[case::part("HOO", &["hooli"])]
    #[case::not("!e level=green", &["northwind", "株式会社ウェイランド湯谷研究所"])]
    #[case::level("level>=orange", &["hooli", "stark-freight", "preview-lab"])]
    #[case::letter("level=r", &["hooli"])]
    #[case::or("spend>14000 or hooli", &["hooli", "northwind"])]
    #[case::and("level>=yellow and spend>=8000", &["stark-freight"])]
    #[case::thousands("spend > 8k level>=yellow", &["stark-freight"])]
    #[case::expression("/^(hoo|stark)/", &["hooli", "stark-freight"])]
    #[case::expression_round("!/^[a-z]/", &["株式会社ウェイランド湯谷研究所"])]
    #[case::parentheses("(hooli or northwind) spend>2000", &["northwind"])]
    #[case::not_a_group("not (level=green or level=blind) used>70%", &["hooli", "stark-freight"])]
    #[case::quoted("\"tenant with\"", &[])]
    #[case::model("model=sonnet level=red", &["hooli"])]
    #[case::throttles("throttles>0", &["hooli"])]
    fn filters(#[case] text: &str, #[case] expected: &[&str]) {
        let mut names = shown(text);
        names.retain(|name| name != "evil\u{1b}[31mname\u{7}" && !name.starts_with("a-tenant"));
        assert_eq!(names, expected);
    }

    #[rstest]
    #[case("level=redx", "level: green, blind, yellow, orange or red")]
    #[case("level", "level: compare it, for example level>=orange")]
    #[case("spend>much", "spend: a number, for example spend>1000")]
    #[case("(a or b", "a ) is missing")]
    #[case("a)", "a ) too many")]
    #[case("/[/", "not a regular expression: [")]
    #[case("a or", "something is missing after or")]
    #[case("tenant>a", "tenant: use tenant=part or tenant!=part")]
    fn what_is_wrong_is_told(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(Filter::parse(text).expect_err("a fault"), expected);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,60}") {
            if let Ok(filter) = Filter::parse(&text) {
                for row in &view().tenants {
                    let _ = (filter.shows(row), filter.finds(row));
                }
            }
        }

        #[test]
        fn a_filter_and_its_opposite_share_the_rows(text in "[a-z!<>=0-9() ]{0,20}") {
            let negated = format!("not ({text})");
            if let (Ok(filter), Ok(opposite)) = (Filter::parse(&text), Filter::parse(&negated)) {
                for row in view().tenants.iter().filter(|_| !filter.is_empty()) {
                    prop_assert_ne!(filter.shows(row), opposite.shows(row));
                }
            }
        }
    }
}
