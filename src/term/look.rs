//! How a cell looks, and the numbers that tell a terminal so.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What can be seen of a blank.
const SEEN_ON_BLANKS: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);
/// Modifiers, how each is switched on, and how off; bold and dim go off together.
const MODIFIERS: [(Modifier, u8, u8); 6] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Colours and modifiers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) front: Color,
    pub(super) back: Color,
    pub(super) modifiers: Modifier,
}

impl Look {
    /// What a terminal begins with.
    pub(super) const PLAIN: Self = Self { front: Color::Reset, back: Color::Reset, modifiers: Modifier::empty() };

    /// How a cell looks.
    pub(super) fn of(cell: &Cell) -> Self {
        let known = MODIFIERS.iter().fold(Modifier::empty(), |known, (one, ..)| known | *one);
        Self { front: cell.fg, back: cell.bg, modifiers: cell.modifier & known }
    }

    /// Whether a cell looks the same in this as in its own.
    pub(super) fn suits(self, cell: &Cell) -> bool {
        let own = Self::of(cell);
        let is_seen = self.is_seen_on_blanks() || own.is_seen_on_blanks();
        self == own || is_blank(cell) && self.back == own.back && !is_seen
    }

    /// Whether something of it is seen on a blank, the background apart.
    pub(super) fn is_seen_on_blanks(self) -> bool {
        self.modifiers.intersects(SEEN_ON_BLANKS)
    }

    /// The numbers that select this after another look; the shorter of a few changes and a fresh start.
    pub(super) fn after(self, other: Self) -> String {
        let changes = self.changes(other);
        let fresh = format!("0;{}", self.changes(Self::PLAIN));
        let fresh = fresh.trim_end_matches(';').to_owned();
        if fresh.len() < changes.len() { fresh } else { changes }
    }

    fn changes(self, other: Self) -> String {
        let mut numbers: Vec<String> = Vec::new();
        let (mut lost, mut gained) = (other.modifiers - self.modifiers, self.modifiers - other.modifiers);
        let weight = Modifier::BOLD | Modifier::DIM;
        if lost.intersects(weight) {
            // What goes off with it comes on again.
            gained |= self.modifiers & weight;
            numbers.push("22".to_owned());
            lost -= weight;
        }
        if gained.intersects(weight) {
            // Some terminals know one of both at a time: the last one told. That is to be the same one always.
            gained |= self.modifiers & weight;
        }
        numbers.extend(MODIFIERS.iter().filter(|(one, ..)| lost.contains(*one)).map(|(_, _, off)| off.to_string()));
        numbers.extend(MODIFIERS.iter().filter(|(one, ..)| gained.contains(*one)).map(|(_, on, _)| on.to_string()));
        if self.front != other.front {
            numbers.push(colour(self.front, 30));
        }
        if self.back != other.back {
            numbers.push(colour(self.back, 40));
        }
        numbers.join(";")
    }
}

/// The numbers of a colour, in front (30) or at the back (40).
fn colour(colour: Color, base: u8) -> String {
    let plain = |number: u8| (base + number).to_string();
    let bright = |number: u8| (base + 60 + number).to_string();
    match colour {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(number) => format!("{};5;{number}", base + 8),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
    }
}

/// Whether a cell holds no letter.
pub(super) fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " "
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_style_only_what_changes_is_told() {
        let red = Look { front: Color::Red, ..Look::PLAIN };
        let bold = Look { modifiers: Modifier::BOLD, ..red };
        assert_eq!(bold.after(red), "1");
        assert_eq!(red.after(bold), "22");
        assert_eq!(
            Look { modifiers: Modifier::DIM, ..red }.after(Look { modifiers: Modifier::BOLD | Modifier::DIM, ..red }),
            "22;2"
        );
        let (dim, both) = (Modifier::DIM, Modifier::BOLD | Modifier::DIM);
        assert_eq!(
            Look { modifiers: both, ..red }.after(Look { modifiers: dim, ..red }),
            "1;2",
            "the last is the same"
        );
        let far = Look { front: Color::Rgb(1, 2, 3), back: Color::Red, modifiers: Modifier::all() };
        assert_eq!(red.after(far), "0;31", "a fresh start is shorter than many changes");
    }
}
