//! The characters that are drawn with.

use crate::domain::level::Level;
use crate::term::capability::GlyphSet;

/// The characters of a glyph set.
#[derive(Clone, Copy, Debug)]
pub struct Glyphs {
    /// Which set it is.
    pub(super) set: GlyphSet,
    /// A cell of a bar that is used.
    pub(super) bar: char,
    /// A cell that is not.
    pub(super) bar_rest: char,
    /// The expected share on a bar.
    pub(super) bar_mark: char,
    /// A line across.
    pub(super) rule: char,
    /// A line down.
    pub(super) down: char,
    /// A line down with a mark to its left: where an axis has a figure.
    pub(super) tick: char,
    /// Text goes on.
    pub(super) ellipsis: &'static str,
    /// Sorted with the largest first, with the smallest first.
    pub(super) sorted: [char; 2],
    /// Between things in a line.
    pub(super) dot: &'static str,
    /// Before the selected row.
    pub(super) selected: char,
}

impl Glyphs {
    /// The characters of a set.
    pub(super) fn of(set: GlyphSet) -> Self {
        match set {
            GlyphSet::Braille | GlyphSet::Block => Self {
                set,
                bar: '█',
                bar_rest: '░',
                bar_mark: '┃',
                rule: '─',
                down: '│',
                tick: '┤',
                ellipsis: "…",
                sorted: ['▾', '▴'],
                dot: "·",
                selected: '▌',
            },
            GlyphSet::Ascii => Self {
                set,
                bar: '#',
                bar_rest: '.',
                bar_mark: '|',
                rule: '-',
                down: '|',
                tick: '+',
                ellipsis: "~",
                sorted: ['v', '^'],
                dot: "-",
                selected: '>',
            },
        }
    }

    /// The sign of a level, beside its letter.
    pub(super) fn level(&self, level: Level) -> char {
        match (self.set, level) {
            (GlyphSet::Ascii, Level::Green) => '.',
            (GlyphSet::Ascii, Level::Blind) => '?',
            (GlyphSet::Ascii, Level::Yellow) => '~',
            (GlyphSet::Ascii, Level::Orange) => '*',
            (GlyphSet::Ascii, Level::Red) => '!',
            (_, Level::Green) => '●',
            (_, Level::Blind) => '○',
            (_, Level::Yellow) => '▲',
            (_, Level::Orange) => '◆',
            (_, Level::Red) => '■',
        }
    }
}
