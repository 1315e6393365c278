//! Asks the terminal for its background, without waiting: the answer comes among the keys.
//!
//! A terminal answers OSC 11 with `ESC ] 11 ; rgb:rrrr/gggg/bbbb` and `ESC \` or BEL. Read as keys this is Alt-`]`, the
//! letters, and Alt-`\` or Ctrl-G; [`Answer`] takes these keys out wherever they come, so that a late answer is never
//! taken for typing, but believes them only while an answer is still expected.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::term::capability::{Background, Capability, ColorDepth};

/// The question.
pub const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";
/// How long an answer is believed.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// The longest answer.
const LONGEST: usize = 32;

/// Whether a terminal can be asked: it knows more than 16 colours, and nothing has told already.
#[must_use]
pub fn can_be_asked(capability: &Capability, env: impl Fn(&str) -> Option<String>) -> bool {
    let knows = matches!(capability.depth, ColorDepth::Ansi256 | ColorDepth::TrueColor);
    knows && env("COLORFGBG").is_none_or(|value| value.is_empty())
}

/// An answer that is being read.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    text: Option<String>,
}

/// What a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A key that a person pressed.
    Key,
    /// A part of an answer.
    Part,
    /// The end of an answer.
    Whole(Option<Background>),
}

impl Answer {
    /// Takes a key.
    pub fn hear(&mut self, key: &KeyEvent) -> Heard {
        let is_alt = key.modifiers.contains(KeyModifiers::ALT);
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let Some(text) = &mut self.text else {
            if is_alt && key.code == KeyCode::Char(']') {
                self.text = Some(String::new());
                return Heard::Part;
            }
            return Heard::Key;
        };
        match key.code {
            KeyCode::Char('\\') if is_alt => {}
            KeyCode::Char('g') if is_control => {}
            KeyCode::Char(letter) if !is_alt && !is_control && text.len() < LONGEST => {
                text.push(letter);
                return Heard::Part;
            }
            _ => {
                self.text = None;
                return Heard::Key;
            }
        }
        Heard::Whole(self.text.take().and_then(|text| read(&text)))
    }
}

/// Reads `11;rgb:ffff/ffff/ffff`: light where it is brighter than half, after ITU-R BT.709.
fn read(text: &str) -> Option<Background> {
    let mut parts = text.strip_prefix("11;rgb:")?.split('/').map(|part| {
        let most = f64::from(16_u32.checked_pow(u32::try_from(part.len()).ok()?)?.checked_sub(1)?);
        (1..=4).contains(&part.len()).then_some(())?;
        u32::from_str_radix(part, 16).ok().map(|value| f64::from(value) / most)
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    let brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    Some(if brightness > 0.5 { Background::Light } else { Background::Dark })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn hear(text: &str, end: KeyEvent) -> Vec<Heard> {
        let mut answer = Answer::default();
        let mut heard = vec![answer.hear(&KeyEvent::new(KeyCode::Char(']'), KeyModifiers::ALT))];
        heard.extend(text.chars().map(|letter| answer.hear(&KeyEvent::from(KeyCode::Char(letter)))));
        heard.push(answer.hear(&end));
        heard
    }

    #[rstest]
    #[case("11;rgb:ffff/ffff/ffff", Some(Background::Light))]
    #[case("11;rgb:1e1e/1e1e/2e2e", Some(Background::Dark))]
    #[case("11;rgb:f/f/e", Some(Background::Light))]
    #[case("11;rgb:zz/00/00", None)]
    #[case("10;rgb:ffff/ffff/ffff", None)]
    #[case("11;rgb:", None)]
    fn answers(#[case] text: &str, #[case] expected: Option<Background>) {
        for end in [
            KeyEvent::new(KeyCode::Char('\\'), KeyModifiers::ALT),
            KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL),
        ] {
            let heard = hear(text, end);
            assert_eq!(heard.last(), Some(&Heard::Whole(expected)));
            assert!(heard[..heard.len() - 1].iter().all(|heard| *heard == Heard::Part));
        }
    }

    #[test]
    fn keys_are_keys() {
        let mut answer = Answer::default();
        assert_eq!(answer.hear(&KeyEvent::from(KeyCode::Char('j'))), Heard::Key);
        answer.hear(&KeyEvent::new(KeyCode::Char(']'), KeyModifiers::ALT));
        assert_eq!(answer.hear(&KeyEvent::from(KeyCode::Down)), Heard::Key, "an answer has no arrows");
        assert_eq!(answer.hear(&KeyEvent::from(KeyCode::Char('j'))), Heard::Key);
    }
}
