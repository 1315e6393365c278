//! Puts text into cells: cut, padded, and never a control character.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::text::printable;
use crate::ui::glyphs::Glyphs;
use crate::ui::theme::{Role, Theme};

/// Text from outside, cut to a width with an ellipsis.
pub(super) fn cut(text: &str, width: usize, glyphs: &Glyphs) -> String {
    let text = printable(text);
    if text.width() <= width {
        return text;
    }
    let room = width.saturating_sub(glyphs.ellipsis.width());
    let mut kept = String::new();
    let mut used = 0;
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used > room {
            break;
        }
        kept.push(letter);
    }
    if width == 0 { kept } else { kept + glyphs.ellipsis }
}

/// Cut and padded to a width, at its left.
pub(super) fn left(text: &str, width: usize, glyphs: &Glyphs) -> String {
    let cut = cut(text, width, glyphs);
    let padding = " ".repeat(width.saturating_sub(cut.width()));
    cut + &padding
}

/// Cut and padded to a width, at its right.
pub(super) fn right(text: &str, width: usize, glyphs: &Glyphs) -> String {
    let cut = cut(text, width, glyphs);
    " ".repeat(width.saturating_sub(cut.width())) + &cut
}

/// A line of a region, by roles.
pub(super) struct Row<'a> {
    theme: &'a Theme,
    spans: Vec<Span<'static>>,
}

impl<'a> Row<'a> {
    /// An empty line.
    pub(super) fn new(theme: &'a Theme) -> Self {
        Self { theme, spans: Vec::new() }
    }

    /// Adds text.
    pub(super) fn add(mut self, role: Role, text: impl Into<String>) -> Self {
        self.spans.push(Span::styled(text.into(), self.theme.style(role)));
        self
    }

    /// Adds text if a condition holds.
    pub(super) fn add_if(self, holds: bool, role: Role, text: impl Into<String>) -> Self {
        if holds { self.add(role, text) } else { self }
    }

    /// Adds text if all of it fits into a width: half a figure is worse than none.
    pub(super) fn add_within(self, width: u16, role: Role, text: impl Into<String>) -> Self {
        let text = text.into();
        let fits = self.width() + text.trim_end().width() <= usize::from(width);
        self.add_if(fits, role, text)
    }

    /// The same line as one that is selected.
    pub(super) fn marked(mut self) -> Self {
        let style = self.theme.style(Role::Selected);
        for span in &mut self.spans {
            span.style = span.style.patch(style);
        }
        self
    }

    /// Its text.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        self.spans.iter().map(|span| span.content.as_ref()).collect()
    }

    /// How wide it is so far.
    pub(super) fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }

    /// Paints it at the n-th line of an area, cut to its width.
    pub(super) fn paint(self, area: Rect, line: u16, buf: &mut Buffer) {
        if line < area.height {
            buf.set_line(area.x, area.y + line, &Line::from(self.spans), area.width);
        }
    }

    /// Paints it at the right end of a line, if it fits beside what takes `taken` columns.
    pub(super) fn paint_right(self, area: Rect, line: u16, taken: usize, buf: &mut Buffer) {
        let width = self.width();
        let room = usize::from(area.width).saturating_sub(taken);
        if line < area.height && width <= room {
            let offset = u16::try_from(usize::from(area.width) - width).unwrap_or(0);
            buf.set_line(area.x + offset, area.y + line, &Line::from(self.spans), area.width - offset);
        }
    }
}

/// A line across with a title at its left and a note at its right.
pub(super) fn rule(title: &str, note: &str, theme: &Theme, area: Rect, line: u16, buf: &mut Buffer) {
    if line >= area.height {
        return;
    }
    let glyphs = theme.glyphs();
    let across = glyphs.rule.to_string().repeat(usize::from(area.width));
    let row = Row::new(theme).add(Role::Rule, across);
    row.paint(area, line, buf);
    if title.is_empty() {
        return;
    }
    let title = cut(title, usize::from(area.width).saturating_sub(4), glyphs);
    let head = Row::new(theme).add(Role::Rule, glyphs.rule.to_string()).add(Role::Title, format!(" {title} "));
    let taken = head.width() + 2;
    head.paint(area, line, buf);
    if !note.is_empty() {
        let note = Row::new(theme).add(Role::Dim, format!(" {note} ")).add(Role::Rule, glyphs.rule.to_string());
        note.paint_right(area, line, taken, buf);
    }
}

/// Lays a style over a line of an area.
pub(super) fn overlay(style: Style, area: Rect, line: u16, buf: &mut Buffer) {
    if line < area.height {
        buf.set_style(Rect { y: area.y + line, height: 1, ..area }, style);
    }
}

/// Text broken into lines of a width, at spaces where there are any.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in printable(text).split(' ') {
        let fits = |line: &String| line.is_empty() || line.width() + 1 + word.width() <= width;
        if !lines.last().is_some_and(fits) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::capability::GlyphSet;

    #[test]
    fn text_is_cut_by_columns_and_wide_letters_are_never_halved() {
        let glyphs = Glyphs::of(GlyphSet::Braille);
        assert_eq!(cut("株式会社", 5, &glyphs), "株式…");
        assert_eq!(cut("株式会社", 4, &glyphs), "株…");
        assert_eq!(left("acme", 6, &glyphs), "acme  ");
        assert_eq!(right("acme", 6, &glyphs), "  acme");
        assert_eq!(cut("acme", 0, &glyphs), "");
        assert_eq!(cut("a\u{1b}[2J", 10, &glyphs), "a·[2J");
    }

    #[test]
    fn text_is_broken_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }
}
