//! Which rows are shown: `acme !test level>=orange or spend>1000`.
//!
//! Terms beside each other must all hold; `or` begins an alternative. A term is a part of a name, `!` and a part
//! that must not be in it, or a comparison of `level` or `spend` (dollars).

use crate::domain::level::Level;
use crate::domain::view::TenantRow;

/// A filter; the empty one shows everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    alternatives: Vec<Vec<Term>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Term {
    Has(String),
    HasNot(String),
    Level(Comparison, Level),
    Spend(Comparison, f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
}

/// The longer signs first, because the shorter ones begin them.
const SIGNS: [(&str, Comparison); 5] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Above),
    ("<", Comparison::Below),
    ("=", Comparison::Equal),
];

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut alternatives = vec![Vec::new()];
        for word in text.split_whitespace().filter(|word| *word != "and") {
            match (word, alternatives.last_mut()) {
                (word, Some(terms)) if word != "or" => terms.push(Term::parse(word)?),
                _ => alternatives.push(Vec::new()),
            }
        }
        alternatives.retain(|terms| !terms.is_empty());
        Ok(Self { alternatives })
    }

    /// Whether everything is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// Whether a row is shown.
    #[must_use]
    pub fn shows(&self, row: &TenantRow) -> bool {
        self.is_empty() || self.alternatives.iter().any(|terms| terms.iter().all(|term| term.holds(row)))
    }
}

impl Term {
    fn parse(word: &str) -> Result<Self, String> {
        if let Some(rest) = word.strip_prefix("level") {
            let compared = compared(rest, &level)?;
            return compared.map(|(sign, level)| Self::Level(sign, level)).map_or_else(|| Self::name(word), Ok);
        }
        if let Some(rest) = word.strip_prefix("spend") {
            let compared = compared(rest, &dollars)?;
            return compared.map(|(sign, dollars)| Self::Spend(sign, dollars)).map_or_else(|| Self::name(word), Ok);
        }
        Self::name(word)
    }

    /// A part of a name; a word that waits for its comparison is none yet.
    fn name(word: &str) -> Result<Self, String> {
        match word.strip_prefix('!') {
            Some(rest) => Ok(Self::HasNot(rest.to_lowercase())),
            None if word == "level" => Err("level: compare it, for example level>=orange".to_owned()),
            None if word == "spend" => Err("spend: compare it, for example spend>1000".to_owned()),
            None => Ok(Self::Has(word.to_lowercase())),
        }
    }

    fn holds(&self, row: &TenantRow) -> bool {
        let name = || row.owner.name().to_lowercase();
        match self {
            Self::Has(part) => name().contains(part),
            Self::HasNot(part) => part.is_empty() || !name().contains(part),
            Self::Level(sign, level) => sign.holds(&row.level, level),
            Self::Spend(sign, dollars) => sign.holds(&row.usage.cost.likely.to_f64(), dollars),
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
        }
    }
}

/// A sign and what follows; `None` where there is no sign, so that the word is part of a name.
fn compared<T>(rest: &str, read: &dyn Fn(&str) -> Result<T, String>) -> Result<Option<(Comparison, T)>, String> {
    let found = SIGNS.iter().find_map(|(text, sign)| Some((*sign, rest.strip_prefix(text)?)));
    found.map(|(sign, value)| Ok((sign, read(value)?))).transpose()
}

fn level(text: &str) -> Result<Level, String> {
    let found = Level::ALL.into_iter().find(|level| level.name() == text.to_lowercase());
    found.ok_or_else(|| "level: green, blind, yellow, orange or red".to_owned())
}

fn dollars(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "spend: a number of dollars".to_owned())
}
