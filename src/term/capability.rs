//! What the terminal can show, as far as its environment tells.

/// How many colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorDepth {
    /// None: bold, reverse and underline only.
    Mono,
    /// The 16 named ones.
    Ansi16,
    /// The 256-colour cube.
    Ansi256,
    /// 24 bits.
    TrueColor,
}

/// Which characters draw charts and frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlyphSet {
    /// Braille dots: two by four points a cell.
    Braille,
    /// Block elements: eight heights a cell.
    Block,
    /// Plain ASCII.
    Ascii,
}

/// What is behind the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Colours.
    pub depth: ColorDepth,
    /// Characters.
    pub glyphs: GlyphSet,
    /// Background.
    pub background: Background,
}

impl Capability {
    /// Reads `NO_COLOR`, `COLORTERM`, `TERM`, the locale and `COLORFGBG` through `env`.
    pub fn detect(env: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| env(name).filter(|value| !value.is_empty());
        let term = value("TERM").unwrap_or_default();
        Self {
            depth: depth(&term, value("COLORTERM").as_deref(), value("NO_COLOR").is_some()),
            glyphs: glyphs(&term, value("LC_ALL").or(value("LC_CTYPE")).or(value("LANG")).as_deref()),
            background: background(value("COLORFGBG").as_deref()),
        }
    }
}

fn depth(term: &str, colorterm: Option<&str>, no_color: bool) -> ColorDepth {
    if no_color || term.is_empty() || term == "dumb" || term.starts_with("vt") {
        ColorDepth::Mono
    } else if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
        ColorDepth::TrueColor
    } else if term.contains("256color") {
        ColorDepth::Ansi256
    } else {
        ColorDepth::Ansi16
    }
}

/// The Linux console and the VT terminals have no braille in their fonts.
fn glyphs(term: &str, locale: Option<&str>) -> GlyphSet {
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    if !(locale.contains("utf-8") || locale.contains("utf8")) || term.starts_with("vt") || term == "dumb" {
        GlyphSet::Ascii
    } else if term == "linux" {
        GlyphSet::Block
    } else {
        GlyphSet::Braille
    }
}

/// `COLORFGBG` is `foreground;background` in the 16 colours; 7 and 15 are the light ones.
fn background(colorfgbg: Option<&str>) -> Background {
    match colorfgbg.and_then(|value| value.rsplit(';').next()) {
        Some("7" | "15") => Background::Light,
        _ => Background::Dark,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::modern("xterm-256color", Some("truecolor"), false, ColorDepth::TrueColor)]
    #[case::tmux("tmux-256color", None, false, ColorDepth::Ansi256)]
    #[case::screen("screen", None, false, ColorDepth::Ansi16)]
    #[case::console("linux", None, false, ColorDepth::Ansi16)]
    #[case::vt100("vt100", None, false, ColorDepth::Mono)]
    #[case::no_color("xterm-256color", Some("truecolor"), true, ColorDepth::Mono)]
    fn colours(
        #[case] term: &str,
        #[case] colorterm: Option<&str>,
        #[case] no_color: bool,
        #[case] expected: ColorDepth,
    ) {
        assert_eq!(depth(term, colorterm, no_color), expected);
    }

    #[rstest]
    #[case::utf8("xterm", Some("de_DE.UTF-8"), GlyphSet::Braille)]
    #[case::no_locale("xterm", None, GlyphSet::Ascii)]
    #[case::latin("xterm", Some("C"), GlyphSet::Ascii)]
    #[case::console("linux", Some("C.utf8"), GlyphSet::Block)]
    fn characters(#[case] term: &str, #[case] locale: Option<&str>, #[case] expected: GlyphSet) {
        assert_eq!(glyphs(term, locale), expected);
    }

    #[rstest]
    #[case(Some("0;15"), Background::Light)]
    #[case(Some("15;default;0"), Background::Dark)]
    #[case(None, Background::Dark)]
    fn backgrounds(#[case] value: Option<&str>, #[case] expected: Background) {
        assert_eq!(background(value), expected);
    }

    #[test]
    fn an_empty_no_color_counts_as_unset() {
        let env = |name: &str| match name {
            "NO_COLOR" => Some(String::new()),
            "TERM" => Some("xterm-256color".to_owned()),
            _ => None,
        };
        assert_eq!(Capability::detect(env).depth, ColorDepth::Ansi256);
    }
}
