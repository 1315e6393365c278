//! How bad it is.

use serde::{Deserialize, Serialize};

/// A graduated level, ordered by how loudly it asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    #[default]
    Green,
    /// The data is too old, or the usage cannot be priced: not known to be well, so never green.
    Blind,
    /// Look at it today.
    Yellow,
    /// Look at it now.
    Orange,
    /// Act now.
    Red,
}

impl Level {
    /// Every level, the quietest first.
    pub const ALL: [Self; 5] = [Self::Green, Self::Blind, Self::Yellow, Self::Orange, Self::Red];

    /// The name in JSON, CSV and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Blind => "blind",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }

    /// The letter that says it without colour.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Green => 'G',
            Self::Blind => '-',
            Self::Yellow => 'Y',
            Self::Orange => 'O',
            Self::Red => 'R',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blind_is_never_as_quiet_as_green() {
        assert!(Level::Blind > Level::Green);
        assert!(Level::Yellow > Level::Blind);
    }
}
