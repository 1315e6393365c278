//! Keys: what a terminal sends, how they are written, and how a config names them.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key that can be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    control: bool,
}

/// A key, or two that are pressed one after the other: `g g`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    first: Key,
    second: Option<Key>,
}

/// The names of keys that are not letters, as they are written.
const NAMED: [(&str, KeyCode); 16] = [
    ("Space", KeyCode::Char(' ')),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("BackTab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
];

/// How a letter with Control begins.
const CONTROL: &str = "Ctrl-";

impl Key {
    /// A letter as it is typed.
    pub(super) const fn plain(letter: char) -> Self {
        Self { code: KeyCode::Char(letter), control: false }
    }

    /// A letter with Control.
    pub(super) const fn control(letter: char) -> Self {
        Self { code: KeyCode::Char(letter), control: true }
    }

    /// Any other key.
    pub(super) const fn named(code: KeyCode) -> Self {
        Self { code, control: false }
    }

    /// The key of an event; a letter carries its own shift.
    #[must_use]
    pub fn of(event: &KeyEvent) -> Self {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        let code = match event.code {
            KeyCode::Char(letter) if control => KeyCode::Char(letter.to_ascii_lowercase()),
            code => code,
        };
        Self { code, control }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(letter) = text.strip_prefix(CONTROL) {
            let letter = only_letter(letter)?;
            return letter.is_ascii_graphic().then(|| Self::control(letter.to_ascii_lowercase()));
        }
        if let Some((_, code)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Some(Self::named(*code));
        }
        if let Some(number) = text.strip_prefix('F').and_then(|number| number.parse::<u8>().ok()) {
            return (1..=12).contains(&number).then(|| Self::named(KeyCode::F(number)));
        }
        only_letter(text).filter(|letter| !letter.is_control()).map(Self::plain)
    }
}

fn only_letter(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|_| letters.next().is_none())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = NAMED.iter().find(|(_, code)| *code == self.code).map(|(name, _)| *name);
        match (self.code, named) {
            (_, Some(name)) => f.write_str(name),
            (KeyCode::Char(letter), _) if self.control => write!(f, "{CONTROL}{}", letter.to_ascii_uppercase()),
            (KeyCode::Char(letter), _) => write!(f, "{letter}"),
            (KeyCode::F(number), _) => write!(f, "F{number}"),
            (code, _) => write!(f, "{code:?}"),
        }
    }
}

impl Chord {
    /// A single key.
    pub(super) const fn of(first: Key) -> Self {
        Self { first, second: None }
    }

    /// Two keys, one after the other.
    pub(super) const fn two(first: Key, second: Key) -> Self {
        Self { first, second: Some(second) }
    }

    /// Reads `x`, `Ctrl-U`, `PgDn`, `F5`, or two of them: `gg`, `g Home`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("`{text}` is not a key: write for example x, gg, Ctrl-U, Space, PgDn or F5");
        if let Some(key) = Key::parse(text) {
            return Ok(Self::of(key));
        }
        let halves = text.split_once(' ').or_else(|| {
            let middle = text.char_indices().nth(1)?.0;
            (text.chars().count() == 2).then(|| text.split_at(middle))
        });
        let (first, second) = halves.ok_or_else(wrong)?;
        let key = |text: &str| Key::parse(text.trim()).ok_or_else(wrong);
        Ok(Self::two(key(first)?, key(second)?))
    }

    /// Pressing it, as a terminal tells it.
    #[must_use]
    pub fn events(self) -> Vec<KeyEvent> {
        let event = |key: Key| {
            let modifiers = if key.control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            KeyEvent::new(key.code, modifiers)
        };
        std::iter::once(self.first).chain(self.second).map(event).collect()
    }

    /// Whether it is this key alone.
    pub(super) fn is(self, key: Key) -> bool {
        self.second.is_none() && self.first == key
    }

    /// Whether it begins with this key and another must follow.
    pub(super) fn begins_with(self, key: Key) -> bool {
        self.second.is_some() && self.first == key
    }

    /// Whether it is these two keys.
    pub(super) fn is_pair(self, first: Key, second: Key) -> bool {
        self == Self::two(first, second)
    }

    /// The one of two that clash that is a single key, if one is.
    pub(super) fn shorter(self, other: Self) -> Self {
        if self.second.is_none() { self } else { other }
    }

    /// Whether pressing one is or begins pressing the other.
    pub(super) fn clashes(self, other: Self) -> bool {
        self.first == other.first && (self.second.is_none() || other.second.is_none() || self.second == other.second)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.second.map_or_else(
            || self.first.to_string(),
            |second| {
                let (first, second) = (self.first.to_string(), second.to_string());
                let gap = if first.chars().count() + second.chars().count() > 2 { " " } else { "" };
                format!("{first}{gap}{second}")
            },
        );
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("x")]
    #[case("gg")]
    #[case("Ctrl-U")]
    #[case("Space")]
    #[case("PgDn")]
    #[case("F5")]
    #[case("g Home")]
    #[case("F")]
    fn keys_are_read_as_they_are_written(#[case] text: &str) {
        assert_eq!(Chord::parse(text).expect("a key").to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("Ctrl-")]
    #[case("F99")]
    #[case("Meta-x")]
    #[case("a b c")]
    fn what_is_no_key_is_told(#[case] text: &str) {
        assert!(Chord::parse(text).expect_err("no key").contains("is not a key"));
    }

    #[test]
    fn a_key_clashes_with_the_pairs_that_it_begins() {
        let [g, gg, gx] = ["g", "gg", "gx"].map(|text| Chord::parse(text).expect("a key"));
        assert!(g.clashes(gg) && gg.clashes(g) && !gg.clashes(gx));
    }
}
