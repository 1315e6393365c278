//! Cells to bytes, as few as do: of a style only what changes is told, blanks keep whatever colour is on, a line that is
//! blank to its end is erased, and the cursor goes the shorter way.
//!
//! Beside the colours only what every terminal since the VT100 knows is sent.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use crate::term::look::{Look, is_blank};

/// Erasing the rest of a line is shorter from this many blanks on.
const ERASED: u16 = 4;
/// So many cells that did not change are written again where that is shorter than going past them.
const BRIDGED: u16 = 4;
/// Writes what brings a terminal from one frame to the next. The style is the plain one before and after.
pub(super) fn changes(shown: &Buffer, next: &Buffer, bytes: &mut Vec<u8>) {
    let mut pen = Pen { next, bytes, look: Look::PLAIN, at: None, is_certain: false, erased: None };
    for y in next.area.top()..next.area.bottom() {
        let mut x = next.area.left();
        while x < next.area.right() {
            let cell = &next[(x, y)];
            if !is_shown(shown, (x, y), cell) {
                pen.write(x, y, cell);
            }
            // The second half of a wide letter comes with the first.
            x += width(cell);
        }
    }
    pen.put_on(Look::PLAIN);
}

/// Whether a terminal shows this cell already. Where the second half of a wide letter was, nobody knows what is left.
fn is_shown(shown: &Buffer, (x, y): (u16, u16), cell: &Cell) -> bool {
    let before = &shown[(x, y)];
    let was_half = x > shown.area.left() && width(&shown[(x - 1, y)]) > 1;
    let is_same = before == cell || is_blank(before) && is_blank(cell) && Look::of(before).suits(cell);
    is_same && !was_half
}

/// How many columns a cell takes.
fn width(cell: &Cell) -> u16 {
    let symbol = cell.symbol();
    if symbol.len() == 1 { 1 } else { u16::try_from(symbol.width().max(1)).unwrap_or(1) }
}

/// Whether nothing at all is to be seen of a cell.
fn is_bare(cell: &Cell) -> bool {
    is_blank(cell) && Look::PLAIN.suits(cell)
}

struct Pen<'a> {
    next: &'a Buffer,
    bytes: &'a mut Vec<u8>,
    look: Look,
    /// Where the cursor is; in the last column it waits, and not everywhere in the same way.
    at: Option<(u16, u16)>,
    /// Whether it is there for certain: terminals do not agree on how wide every letter is.
    is_certain: bool,
    /// The line whose end has been erased, and from which column on.
    erased: Option<(u16, u16)>,
}

impl Pen<'_> {
    fn write(&mut self, x: u16, y: u16, cell: &Cell) {
        if self.erased.is_some_and(|(line, from)| line == y && x >= from) {
            return;
        }
        self.go(x, y);
        if is_bare(cell) && self.erase(x, y) {
            return;
        }
        if !self.look.suits(cell) {
            self.put_on(Look::of(cell));
        }
        self.letters(x, y, cell);
    }

    fn letters(&mut self, x: u16, y: u16, cell: &Cell) {
        let symbol = cell.symbol();
        self.bytes.extend_from_slice(symbol.as_bytes());
        let after = x.saturating_add(width(cell));
        self.at = (after < self.next.area.right()).then_some((after, y));
        self.is_certain &= symbol.is_ascii();
    }

    /// Takes the cursor to a cell.
    fn go(&mut self, x: u16, y: u16) {
        match self.at {
            Some(at) if at == (x, y) => return,
            Some((from, line)) if line == y && from < x && self.is_certain => {
                if !self.bridge(from..x, y) {
                    self.tell(&if x - from == 1 { "\x1b[C".to_owned() } else { format!("\x1b[{}C", x - from) });
                }
            }
            _ => {
                self.tell(&if x == 0 { format!("\x1b[{}H", y + 1) } else { format!("\x1b[{};{}H", y + 1, x + 1) });
                self.is_certain = true;
            }
        }
        self.at = Some((x, y));
    }

    /// Writes again what stands between two cells, if that is short and in the present style.
    fn bridge(&mut self, between: std::ops::Range<u16>, y: u16) -> bool {
        let next = self.next;
        let cells = || between.clone().map(|x| &next[(x, y)]);
        let is_short = between.len() <= usize::from(BRIDGED);
        if !is_short || !cells().all(|cell| self.look.suits(cell) && cell.symbol().is_ascii()) {
            return false;
        }
        cells().for_each(|cell| self.bytes.extend_from_slice(cell.symbol().as_bytes()));
        true
    }

    /// Erases the rest of a line where all of it is blank, and enough of it.
    fn erase(&mut self, x: u16, y: u16) -> bool {
        let right = self.next.area.right();
        if right - x < ERASED || !(x..right).all(|x| is_bare(&self.next[(x, y)])) {
            return false;
        }
        // What is erased takes the background.
        if self.look.back != Color::Reset || self.look.is_seen_on_blanks() {
            self.put_on(Look::PLAIN);
        }
        self.bytes.extend_from_slice(b"\x1b[K");
        self.erased = Some((y, x));
        true
    }

    fn put_on(&mut self, look: Look) {
        if look == self.look {
            return;
        }
        let numbers = if look == Look::PLAIN { String::new() } else { look.after(self.look) };
        self.tell(&format!("\x1b[{numbers}m"));
        self.look = look;
    }

    fn tell(&mut self, sequence: &str) {
        self.bytes.extend_from_slice(sequence.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::{Modifier, Style};
    use rstest::rstest;

    use super::*;

    const SIZE: (u16, u16) = (12, 3);

    fn terminal() -> vt100::Parser {
        let size = |length| std::num::NonZero::new(length).expect("not empty");
        vt100::Parser::new(size(SIZE.1), size(SIZE.0), 0)
    }

    /// What a terminal shows of a frame: letters and how they look.
    fn seen(parser: &vt100::Parser) -> Vec<String> {
        let screen = parser.screen();
        let cell = |y: u16, x: u16| {
            let cell = screen.cell(y, x).expect("within the screen");
            let letter = if cell.contents().is_empty() { " " } else { cell.contents() };
            let look = (cell.bgcolor(), cell.underline(), cell.inverse());
            let front = (letter != " ").then(|| (cell.fgcolor(), cell.bold(), cell.dim(), cell.italic()));
            format!("{letter:?} {look:?} {front:?}")
        };
        (0..SIZE.1).flat_map(|y| (0..SIZE.0).map(move |x| (y, x))).map(|(y, x)| cell(y, x)).collect()
    }

    const COLOURS: [Color; 5] = [Color::Reset, Color::Red, Color::DarkGray, Color::Indexed(36), Color::Rgb(1, 2, 3)];
    const LOOKS: [Modifier; 6] = [
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::DIM,
        Modifier::DIM.union(Modifier::REVERSED),
        Modifier::REVERSED,
        Modifier::UNDERLINED.union(Modifier::BOLD),
    ];
    const TEXTS: [&str; 9] = ["", " ", "acme", "     ", "● R", "株式", "⣿⣿", "$1 of $2", "a  b   c    d"];

    fn styles() -> impl Strategy<Value = Style> {
        (prop::sample::select(&COLOURS[..]), prop::sample::select(&COLOURS[..]), prop::sample::select(&LOOKS[..]))
            .prop_map(|(front, back, modifier)| Style::new().fg(front).bg(back).add_modifier(modifier))
    }

    fn frames() -> impl Strategy<Value = Buffer> {
        let piece = (0..SIZE.0, 0..SIZE.1, prop::sample::select(&TEXTS[..]), styles());
        prop::collection::vec(piece, 0..8).prop_map(|pieces| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
            for (x, y, text, style) in pieces {
                buffer.set_string(x, y, text, style);
            }
            buffer
        })
    }

    proptest! {
        /// However a frame came about, the terminal shows what it would show if it were drawn alone.
        #[test]
        fn a_terminal_shows_the_frame_whatever_was_before(before in frames(), after in frames()) {
            let empty = Buffer::empty(after.area);
            let drawn = |steps: &[(&Buffer, &Buffer)]| {
                let mut parser = terminal();
                for (shown, next) in steps {
                    let mut bytes = Vec::new();
                    changes(shown, next, &mut bytes);
                    parser.process(&bytes);
                }
                seen(&parser)
            };
            prop_assert_eq!(drawn(&[(&empty, &before), (&before, &after)]), drawn(&[(&empty, &after)]));
        }

        /// And that is what the cells say.
        #[test]
        fn a_terminal_shows_the_letters_of_a_frame(frame in frames()) {
            let mut bytes = Vec::new();
            changes(&Buffer::empty(frame.area), &frame, &mut bytes);
            let mut parser = terminal();
            parser.process(&bytes);
            let mut expected = Vec::new();
            for y in 0..SIZE.1 {
                let mut line = String::new();
                let mut x = 0;
                while x < SIZE.0 {
                    let symbol = frame[(x, y)].symbol();
                    line.push_str(symbol);
                    x += u16::try_from(symbol.width().max(1)).expect("narrow");
                }
                expected.push(line.trim_end().to_owned());
            }
            let shown: Vec<String> =
                parser.screen().rows(0, SIZE.0).map(|line| line.trim_end().to_owned()).collect();
            prop_assert_eq!(shown, expected);
        }
    }

    fn bytes(before: &str, after: &str) -> String {
        let frame = |text: &str| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
            buffer.set_string(0, 0, text, Style::new());
            buffer
        };
        let mut bytes = Vec::new();
        changes(&frame(before), &frame(after), &mut bytes);
        String::from_utf8(bytes).expect("text")
    }

    #[rstest]
    #[case::nothing("acme", "acme", "")]
    #[case::one_letter("spend 100", "spend 101", "\x1b[1;9H1")]
    #[case::what_is_between_is_shorter("a1b2", "x1y2", "\x1b[1Hx1y")]
    #[case::past_what_is_far("a1234567b", "x1234567y", "\x1b[1Hx\x1b[7Cy")]
    #[case::to_the_end("acme corporation", "acme", "\x1b[1;6H\x1b[K")]
    fn few_bytes_do(#[case] before: &str, #[case] after: &str, #[case] expected: &str) {
        assert_eq!(bytes(before, after), expected);
    }
}
