//! Matchers in the manner of Alertmanager: which alerts a silence, a route or an override is meant for.
//!
//! `tenant=acme*` and `tenant!=acme*` compare with a pattern of `*` and `?`; `tenant=~a.*` and `tenant!~a.*` with a
//! regular expression over the whole value. An alert fits when all matchers do; a label that it does not have counts
//! as empty.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::domain::event::{AlertKey, Subject};
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::tenancy::{Tags, matches_pattern};

/// The labels that alerts have, beside `tag:KEY` for the tags of a tenant's profiles.
pub const LABELS: [&str; 9] = ["tenant", "pool", "scope", "model", "signal", "budget", "level", "plan", "owner"];
/// How a label that is named after a tag begins.
pub const TAG_PREFIX: &str = "tag:";

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Matches,
    MatchesNot,
}

/// The operators as they are written, the longer ones first.
const OPERATORS: [(&str, Operator); 4] =
    [("=~", Operator::Matches), ("!~", Operator::MatchesNot), ("!=", Operator::NotEqual), ("=", Operator::Equal)];

/// One condition on one label.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Matcher {
    label: String,
    operator: Operator,
    value: String,
    regex: Option<Regex>,
}

impl Matcher {
    /// That a label is exactly this text, whatever signs are in it.
    #[must_use]
    pub fn exactly(label: &str, text: &str) -> Self {
        let is_plain = !text.contains(['*', '?']);
        let escaped = || format!("^(?s:{})$", regex_lite::escape(text));
        let regex = if is_plain { None } else { Regex::new(&escaped()).ok() };
        let operator = if regex.is_some() { Operator::Matches } else { Operator::Equal };
        let value = if regex.is_some() { regex_lite::escape(text) } else { text.to_owned() };
        Self { label: label.to_owned(), operator, value, regex }
    }

    /// That a label fits a pattern of `*` and `?`.
    #[must_use]
    pub fn like(label: &str, pattern: &str) -> Self {
        Self { label: label.to_owned(), operator: Operator::Equal, value: pattern.to_owned(), regex: None }
    }

    /// The label it looks at.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether these labels fit.
    #[must_use]
    pub fn fits(&self, labels: &Labels) -> bool {
        let text = labels.get(&self.label);
        let matches = || self.regex.as_ref().is_some_and(|regex| regex.is_match(text));
        match self.operator {
            Operator::Equal => matches_pattern(&self.value, text),
            Operator::NotEqual => !matches_pattern(&self.value, text),
            Operator::Matches => matches(),
            Operator::MatchesNot => !matches(),
        }
    }
}

impl FromStr for Matcher {
    type Err = String;

    /// Reads `label=pattern`; quotes around the value may be there, as Alertmanager has them.
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || format!("`{text}` is no matcher: write for example tenant=acme* or signal=~burn|forecast");
        let split = |start: usize| {
            let rest = &text[start..];
            let found = OPERATORS.iter().find(|(written, _)| rest.starts_with(written));
            found.map(|(written, operator)| (&text[..start], *operator, &rest[written.len()..]))
        };
        let (label, operator, value) = text.find(['=', '!']).and_then(split).ok_or_else(shape)?;
        let (label, value) = (label.trim(), unquoted(value.trim()));
        check_label(label)?;
        let regex = match operator {
            Operator::Equal | Operator::NotEqual => None,
            Operator::Matches | Operator::MatchesNot => Some(
                Regex::new(&format!("^(?s:{value})$"))
                    .map_err(|error| format!("`{value}` is no regular expression: {error}"))?,
            ),
        };
        Ok(Self { label: label.to_owned(), operator, value: value.to_owned(), regex })
    }
}

impl TryFrom<String> for Matcher {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Matcher> for String {
    fn from(matcher: Matcher) -> Self {
        matcher.to_string()
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = OPERATORS.iter().find(|(_, known)| *known == self.operator).map_or("=", |(written, _)| written);
        // What would be read as something else, such as `=~` or quotes around it, stands in quotes.
        let is_plain = self.value == unquoted(self.value.trim()) && !self.value.starts_with('~');
        let quote = if is_plain { "" } else { "\"" };
        write!(f, "{}{written}{quote}{}{quote}", self.label, self.value)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.label, self.operator, &self.value) == (&other.label, other.operator, &other.value)
    }
}

impl Eq for Matcher {}

/// Matchers that must all fit; none at all fit everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Matchers(pub Vec<Matcher>);

impl Matchers {
    /// Reads each text as a matcher.
    ///
    /// # Errors
    /// What is wrong with the first that is none.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, String> {
        texts.iter().map(|text| text.as_ref().parse()).collect::<Result<_, _>>().map(Self)
    }

    /// The matchers that fit exactly one alert, at whatever level.
    #[must_use]
    pub fn of(alert: &AlertKey) -> Self {
        Self(Labels::of(alert).0.iter().map(|(label, text)| Matcher::exactly(label, text)).collect())
    }

    /// Whether these labels fit all of them.
    #[must_use]
    pub fn fit(&self, labels: &Labels) -> bool {
        self.0.iter().all(|matcher| matcher.fits(labels))
    }
}

impl fmt::Display for Matchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(" "))
    }
}

/// What matchers look at: texts by label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// The labels that follow from the identity of an alert.
    #[must_use]
    pub fn of(alert: &AlertKey) -> Self {
        let mut labels = Self::default();
        match &alert.subject {
            Subject::Owner(Owner::Tenant(tenant)) => labels.set("tenant", tenant.as_str()),
            Subject::Owner(owner @ Owner::Unattributed) => labels.set("tenant", owner.name()),
            Subject::Scope(scope) => labels.set("scope", scope.as_str()),
            Subject::Pool(pool) => labels.set("pool", pool.as_str()),
            Subject::Quota(scope, model) => {
                labels.set("scope", scope.as_str());
                labels.set("model", model.as_str());
            }
            Subject::Fleet => {}
        }
        labels.set("signal", alert.signal.name());
        if let Some(budget) = &alert.budget {
            labels.set("budget", budget.as_str());
        }
        labels
    }

    /// These labels with the level of an alert as one more.
    #[must_use]
    pub fn at(mut self, level: Level) -> Self {
        self.set("level", level.name());
        self
    }

    /// Sets a label; an empty text takes it away.
    pub fn set(&mut self, label: &str, text: &str) {
        if text.is_empty() {
            self.0.remove(label);
        } else {
            self.0.insert(label.to_owned(), text.to_owned());
        }
    }

    /// Sets a label for each tag.
    pub fn set_tags(&mut self, tags: &Tags) {
        for (key, value) in tags {
            self.set(&format!("{TAG_PREFIX}{key}"), value);
        }
    }

    /// The text of a label; empty where there is none.
    #[must_use]
    pub fn get(&self, label: &str) -> &str {
        self.0.get(label).map_or("", String::as_str)
    }

    /// All of them by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(label, text)| (label.as_str(), text.as_str()))
    }
}

fn check_label(label: &str) -> Result<(), String> {
    if LABELS.contains(&label) || label.strip_prefix(TAG_PREFIX).is_some_and(|key| !key.is_empty()) {
        return Ok(());
    }
    let likeness = |known: &&&str| strsim::jaro_winkler(label, known);
    let near = LABELS.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|known| likeness(known) > 0.8);
    let hint = near.map_or_else(String::new, |known| format!(": did you mean `{known}`?"));
    Err(format!("alerts have no label `{label}`{hint}; there are {} and tag:KEY", LABELS.join(", ")))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::event::Signal;

    fn burn_of(tenant: &str) -> Labels {
        let subject = Subject::Owner(Owner::Tenant(tenant.into()));
        Labels::of(&AlertKey { subject, signal: Signal::Burn, budget: None }).at(Level::Orange)
    }

    #[rstest]
    #[case::pattern("tenant=acme*", "acme-eu", true)]
    #[case::the_whole_value("tenant=acme", "acme-eu", false)]
    #[case::not_a_pattern("tenant!=acme*", "globex", true)]
    #[case::regular_expression("tenant=~ac.e|globex", "globex", true)]
    #[case::anchored("tenant=~ac", "acme", false)]
    #[case::not_a_regular_expression("tenant!~ac.*", "acme", false)]
    #[case::quoted("tenant=\"acme\"", "acme", true)]
    #[case::spaced("tenant = acme", "acme", true)]
    #[case::level("level=orange", "acme", true)]
    #[case::a_label_it_does_not_have("pool=", "acme", true)]
    #[case::another_label_it_does_not_have("pool=shared", "acme", false)]
    fn fits(#[case] matcher: &str, #[case] tenant: &str, #[case] expected: bool) {
        let matcher: Matcher = matcher.parse().expect("a matcher");
        assert_eq!(matcher.fits(&burn_of(tenant)), expected);
    }

    #[rstest]
    #[case("acme", "no matcher: write for example")]
    #[case("tenent=acme", "alerts have no label `tenent`: did you mean `tenant`?")]
    #[case("tenant=~(", "no regular expression")]
    #[case("tag:=x", "no label `tag:`")]
    fn faults_say_the_way_out(#[case] text: &str, #[case] expected: &str) {
        let fault = text.parse::<Matcher>().expect_err("a fault");
        assert!(fault.contains(expected), "{fault}");
    }

    #[rstest]
    #[case("tag:CostCentre=42")]
    #[case("signal=~burn|forecast")]
    #[case("tenant!=a*")]
    #[case("tenant=\"~acme\"")]
    #[case("tenant=\"\"acme\"\"")]
    #[case("tenant=\" acme\"")]
    fn a_matcher_is_stored_as_it_is_written(#[case] text: &str) {
        let matcher: Matcher = text.parse().expect("a matcher");
        assert_eq!(matcher.to_string(), text);
        let stored = serde_json::to_string(&matcher).expect("JSON");
        assert_eq!(serde_json::from_str::<Matcher>(&stored).expect("a matcher"), matcher);
    }

    #[test]
    fn the_matchers_of_an_alert_fit_it_alone_even_with_stars_in_its_name() {
        let key = |tenant: &str| AlertKey {
            subject: Subject::Owner(Owner::Tenant(tenant.into())),
            signal: Signal::Burn,
            budget: None,
        };
        let matchers = Matchers::of(&key("a*"));
        assert!(matchers.fit(&Labels::of(&key("a*"))));
        assert!(!matchers.fit(&Labels::of(&key("abc"))));
    }
}
