//! What is on the screen, as text, as JSON, or as an SVG picture.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

mod svg;

/// A format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of text.
    Text,
    /// Lines of runs with their styles.
    Json,
    /// A picture.
    Svg,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Text, Self::Json, Self::Svg];

    /// The name on the command line and at the end of files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Json => "json",
            Self::Svg => "svg",
        }
    }

    /// The format that a file's name asks for; text if none.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let ending = name.rsplit('.').next().unwrap_or_default();
        Self::ALL.into_iter().find(|format| format.name() == ending).unwrap_or(Self::Text)
    }
}

/// A run of cells of one style.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Run {
    /// The first column.
    pub x: u16,
    /// Its text.
    pub text: String,
    /// The colour of the text, `#rrggbb`; `None` is the terminal's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fg: Option<String>,
    /// The colour behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bg: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub bold: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub reverse: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub underline: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Serialize)]
struct PictureJson {
    schema: u32,
    width: u16,
    height: u16,
    lines: Vec<Vec<Run>>,
}

/// The screen in a format.
#[must_use]
pub fn of(screen: &Buffer, format: Format) -> String {
    match format {
        Format::Text => text(screen),
        Format::Json => json(screen),
        Format::Svg => svg::svg(screen),
    }
}

fn text(screen: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..screen.area.height {
        let line: String = cells(screen, y).map(|(_, cell)| cell.symbol()).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn json(screen: &Buffer) -> String {
    let lines = (0..screen.area.height).map(|y| runs(screen, y)).collect();
    let picture = PictureJson { schema: 1, width: screen.area.width, height: screen.area.height, lines };
    serde_json::to_string(&picture).unwrap_or_default() + "\n"
}

/// The cells of a line; those that a wide letter covers are left out.
fn cells(screen: &Buffer, y: u16) -> impl Iterator<Item = (u16, &Cell)> {
    let mut covered = 0;
    (0..screen.area.width).filter_map(move |x| {
        if covered > 0 {
            covered -= 1;
            return None;
        }
        let cell = &screen[(x, y)];
        covered = cell.symbol().width().saturating_sub(1);
        Some((x, cell))
    })
}

/// The runs of a line; blanks at its end are left out.
fn runs(screen: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (x, cell) in cells(screen, y) {
        let next = run(x, cell);
        match runs.last_mut().filter(|last| is_same_style(last, &next)) {
            Some(last) => last.text += cell.symbol(),
            None => runs.push(next),
        }
    }
    while runs.last().is_some_and(|run| run.text.trim().is_empty() && run.bg.is_none() && !run.reverse) {
        runs.pop();
    }
    runs
}

fn run(x: u16, cell: &Cell) -> Run {
    let has = |modifier| cell.modifier.contains(modifier);
    Run {
        x,
        text: cell.symbol().to_owned(),
        fg: hex(cell.fg),
        bg: hex(cell.bg),
        bold: has(Modifier::BOLD),
        reverse: has(Modifier::REVERSED),
        underline: has(Modifier::UNDERLINED),
    }
}

fn is_same_style(a: &Run, b: &Run) -> bool {
    (&a.fg, &a.bg, a.bold, a.reverse, a.underline) == (&b.fg, &b.bg, b.bold, b.reverse, b.underline)
}

/// `#rrggbb`; the 16 named colours as xterm has them.
fn hex(color: Color) -> Option<String> {
    let (red, green, blue) = match color {
        Color::Reset => return None,
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Indexed(number) => indexed(number),
        named => indexed(named_number(named)),
    };
    Some(format!("#{red:02x}{green:02x}{blue:02x}"))
}

fn named_number(color: Color) -> u8 {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    NAMED.iter().position(|named| *named == color).and_then(|place| u8::try_from(place).ok()).unwrap_or(7)
}

/// xterm's 256 colours: 16 named ones, a cube of 6, 24 greys.
fn indexed(number: u8) -> (u8, u8, u8) {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match number {
        0..=15 => {
            let high = if number < 8 { 205 } else { 255 };
            let part = |bit: u8| if number >> bit & 1 == 1 { high } else { 0 };
            match number {
                7 => (229, 229, 229),
                8 => (127, 127, 127),
                _ => (part(0), part(1), part(2)),
            }
        }
        16..=231 => {
            let place = number - 16;
            let step = |place: u8| STEPS[usize::from(place % 6)];
            (step(place / 36), step(place / 6), step(place))
        }
        232..=255 => {
            let grey = 8 + 10 * (number - 232);
            (grey, grey, grey)
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn screen() -> Buffer {
        let mut screen = Buffer::empty(Rect::new(0, 0, 12, 2));
        screen.set_string(0, 0, "株 <a&b>", Style::new().fg(Color::Indexed(203)).add_modifier(Modifier::BOLD));
        screen.set_string(0, 1, "selected", Style::new().bg(Color::Rgb(1, 2, 3)));
        screen
    }

    #[test]
    fn text_is_what_is_read() {
        assert_eq!(of(&screen(), Format::Text), "株 <a&b>\nselected\n");
    }

    #[test]
    fn json_has_runs_with_their_styles() {
        let json: serde_json::Value = serde_json::from_str(&of(&screen(), Format::Json)).expect("JSON");
        assert_eq!(json["lines"][0][0]["fg"], "#ff5f5f");
        assert_eq!(json["lines"][1][0]["bg"], "#010203");
    }

    #[test]
    fn a_picture_escapes_what_it_shows() {
        let picture = of(&screen(), Format::Svg);
        assert!(picture.contains("&lt;a&amp;b&gt;") && picture.starts_with("<svg"), "{picture}");
    }
}
