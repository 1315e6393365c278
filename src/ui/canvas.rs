//! Lines and shades in cells finer than characters: two by four points a cell in braille, one by two in blocks, one
//! in ASCII. Where several meet in a cell, the one that was drawn last is seen.

use crate::term::capability::GlyphSet;
use crate::ui::theme::Role;

/// Dots of a braille cell: columns, then rows from the top.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// What a line looks like; in ASCII each has a sign of its own, elsewhere gaps tell them apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// Drawn through: what was measured.
    Solid,
    /// Every second point: what is expected.
    Dotted,
    /// Three of six points: what is forecast.
    Dashed,
    /// Two of eight points: a limit.
    Sparse,
}

impl Stroke {
    fn is_drawn_at(self, x: usize) -> bool {
        match self {
            Self::Solid => true,
            Self::Dotted => x.is_multiple_of(4),
            Self::Dashed => x % 6 < 3,
            Self::Sparse => x % 8 < 2,
        }
    }

    fn ascii(self) -> char {
        match self {
            Self::Solid => '*',
            Self::Dotted => '.',
            Self::Dashed => 'o',
            Self::Sparse => '=',
        }
    }
}

#[derive(Clone, Copy)]
struct Cell {
    dots: u8,
    sign: char,
    role: Role,
}

/// A drawing of some cells.
pub(super) struct Canvas {
    set: GlyphSet,
    width: usize,
    height: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    /// An empty drawing.
    pub(super) fn new(width: usize, height: usize, set: GlyphSet) -> Self {
        let empty = Cell { dots: 0, sign: ' ', role: Role::Text };
        Self { set, width, height, cells: vec![empty; width * height] }
    }

    /// Points across and down.
    pub(super) fn points(&self) -> (usize, usize) {
        let (across, down) = self.grain();
        (self.width * across, self.height * down)
    }

    fn grain(&self) -> (usize, usize) {
        match self.set {
            GlyphSet::Braille => (2, 4),
            GlyphSet::Block => (1, 2),
            GlyphSet::Ascii => (1, 1),
        }
    }

    /// Draws a line through heights (0 at the bottom, 1 at the top), one a column of points; a gap stays open.
    pub(super) fn line(&mut self, heights: &[Option<f64>], stroke: Stroke, role: Role) {
        let mut before = None;
        for (x, height) in heights.iter().enumerate() {
            let here = height.map(|height| self.row_of(height));
            if let Some(y) = here.filter(|_| stroke.is_drawn_at(x)) {
                let from = before.filter(|_| stroke == Stroke::Solid).unwrap_or(y);
                // What the column before has already is not drawn twice, so that slopes stay thin.
                let (top, bottom) = (y.min(from + 1), y.max(from.saturating_sub(1)));
                for between in if from == y { y..=y } else { top..=bottom } {
                    self.dot(x, between, stroke, role);
                }
            }
            before = here;
        }
    }

    /// Shades what lies between two heights in each column of points.
    pub(super) fn shade(&mut self, low: &[Option<f64>], high: &[Option<f64>], role: Role) {
        for (x, (low, high)) in low.iter().zip(high).enumerate() {
            let Some((low, high)) = low.zip(*high) else { continue };
            for y in self.row_of(high)..=self.row_of(low) {
                if self.set != GlyphSet::Braille || (x + y) % 2 == 0 {
                    self.shade_point(x, y, role);
                }
            }
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "few rows"
    )]
    fn row_of(&self, height: f64) -> usize {
        let last = self.points().1.saturating_sub(1);
        let from_bottom = (height.clamp(0.0, 1.0) * last as f64).round() as usize;
        last - from_bottom.min(last)
    }

    fn dot(&mut self, x: usize, y: usize, stroke: Stroke, role: Role) {
        let set = self.set;
        let (across, down) = self.grain();
        let Some(cell) = self.cell(x, y) else { return };
        if cell.role != role {
            (cell.dots, cell.role) = (0, role);
        }
        match set {
            GlyphSet::Braille => cell.dots |= DOTS[x % across][y % down],
            GlyphSet::Block => cell.dots |= 1 << (y % down),
            GlyphSet::Ascii => cell.sign = stroke.ascii(),
        }
    }

    fn shade_point(&mut self, x: usize, y: usize, role: Role) {
        let set = self.set;
        let (across, down) = self.grain();
        let Some(cell) = self.cell(x, y) else { return };
        cell.role = role;
        match set {
            GlyphSet::Braille => cell.dots |= DOTS[x % across][y % down],
            GlyphSet::Block => cell.sign = '░',
            GlyphSet::Ascii => cell.sign = ':',
        }
    }

    fn cell(&mut self, x: usize, y: usize) -> Option<&mut Cell> {
        let (across, down) = self.grain();
        let (column, row) = (x / across, y / down);
        (column < self.width && row < self.height).then(|| &mut self.cells[row * self.width + column])
    }

    /// The n-th line as runs of one role.
    pub(super) fn runs(&self, line: usize) -> Vec<(Role, String)> {
        let mut runs: Vec<(Role, String)> = Vec::new();
        for cell in &self.cells[line * self.width..(line + 1) * self.width] {
            let sign = self.sign(*cell);
            match runs.last_mut() {
                Some((role, text)) if *role == cell.role => text.push(sign),
                _ => runs.push((cell.role, sign.to_string())),
            }
        }
        runs
    }

    fn sign(&self, cell: Cell) -> char {
        match (self.set, cell.dots) {
            (GlyphSet::Braille | GlyphSet::Block, 0) | (GlyphSet::Ascii, _) => cell.sign,
            (GlyphSet::Braille, dots) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
            (GlyphSet::Block, 1) => '▀',
            (GlyphSet::Block, 2) => '▄',
            (GlyphSet::Block, _) => '█',
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn text(canvas: &Canvas) -> Vec<String> {
        (0..canvas.height).map(|line| canvas.runs(line).into_iter().map(|(_, text)| text).collect()).collect()
    }

    fn ramp(points: usize) -> Vec<Option<f64>> {
        (0..u32::try_from(points).expect("few"))
            .map(|x| Some(f64::from(x) / f64::from(u32::try_from(points - 1).expect("few"))))
            .collect()
    }

    #[rstest]
    #[case::braille(GlyphSet::Braille, &["  ⡠⠊", "⡠⠊  "])]
    #[case::block(GlyphSet::Block, &["  ▄▀", "▄▀  "])]
    #[case::ascii(GlyphSet::Ascii, &["  **", "**  "])]
    fn a_line_rises(#[case] set: GlyphSet, #[case] expected: &[&str]) {
        let mut canvas = Canvas::new(4, 2, set);
        let points = canvas.points().0;
        canvas.line(&ramp(points), Stroke::Solid, Role::Spark);
        assert_eq!(text(&canvas).len(), expected.len());
        let filled = |line: &str| line.chars().map(|sign| sign != ' ').collect::<Vec<_>>();
        for (drawn, expected) in text(&canvas).iter().zip(expected) {
            assert_eq!(filled(drawn), filled(expected), "{drawn}");
        }
    }

    #[test]
    fn a_gap_stays_open_and_the_last_layer_is_seen() {
        let mut canvas = Canvas::new(5, 1, GlyphSet::Ascii);
        canvas.shade(&[Some(0.0); 5], &[Some(1.0); 5], Role::BarRest);
        canvas.line(&[Some(0.5), Some(0.5), None, Some(0.5), Some(0.5)], Stroke::Solid, Role::Spark);
        assert_eq!(text(&canvas), ["**:**"]);
        assert_eq!(canvas.runs(0)[1], (Role::BarRest, ":".to_owned()));
    }

    #[test]
    fn strokes_differ_without_colour() {
        let drawn = |stroke| {
            let mut canvas = Canvas::new(12, 1, GlyphSet::Braille);
            canvas.line(&[Some(0.0); 24], stroke, Role::Spark);
            text(&canvas).concat()
        };
        let all = [Stroke::Solid, Stroke::Dotted, Stroke::Dashed, Stroke::Sparse].map(drawn);
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "{all:?}");
        }
    }
}
