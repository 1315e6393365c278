//! A small chart in text: values scaled to their largest, gaps left open, zero as a baseline.

use crate::domain::view::TenantRow;
use crate::term::capability::GlyphSet;
use crate::ui::glyphs::Glyphs;
use crate::ui::paint::Row;
use crate::ui::theme::{Role, Theme};

/// Dots of a braille cell from the bottom up: left column, right column.
const DOTS: [[u32; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const STROKES: [char; 6] = [' ', '_', '.', '-', '=', '#'];

/// The lines of the chart, the top one first: `width` cells wide, `height` lines high.
pub(super) fn lines(values: &[Option<f64>], width: usize, height: usize, glyphs: &Glyphs) -> Vec<String> {
    scaled(values, largest(values), width, height, glyphs)
}

/// Adds a sparkline of one line to a row: what was, and beyond a line that is now what is to be expected next.
pub(super) fn add<'a>(row: Row<'a>, of: &TenantRow, width: usize, theme: &Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    let ahead: Vec<Option<f64>> = ahead(of).iter().map(|band| Some(band.0)).collect();
    let room = if ahead.is_empty() { 0 } else { ahead_width(width) };
    let most = largest(&of.sparkline).max(largest(&ahead));
    let past = scaled(&of.sparkline, most, width - room - usize::from(room > 0), 1, glyphs).concat();
    let next = scaled(&ahead, most, room, 1, glyphs).concat();
    row.add(Role::Spark, past).add_if(room > 0, Role::Rule, glyphs.down.to_string()).add(Role::Forecast, next)
}

/// The steps that come next: expected, and the bounds that hold with 80 %.
pub(super) fn ahead(of: &TenantRow) -> Vec<(f64, f64, f64)> {
    let Some(band) = &of.expected else { return Vec::new() };
    let bounds = band.mean.iter().zip(&band.low).zip(&band.high);
    bounds.skip(of.sparkline.len()).map(|((mean, low), high)| (*mean, *low, *high)).collect()
}

/// How many cells of a sparkline are ahead; none where there is little room.
pub(super) fn ahead_width(width: usize) -> usize {
    if width < 8 { 0 } else { width / 5 }
}

/// The largest of the values that are known, 0 if there is none.
pub(super) fn largest(values: &[Option<f64>]) -> f64 {
    values.iter().flatten().copied().fold(0.0, f64::max)
}

/// [`lines`] with this value at the top.
pub(super) fn scaled(values: &[Option<f64>], most: f64, width: usize, height: usize, glyphs: &Glyphs) -> Vec<String> {
    let (columns, levels) = match glyphs.set {
        GlyphSet::Braille => (2, 4),
        GlyphSet::Block => (1, BLOCKS.len() - 1),
        GlyphSet::Ascii => (1, STROKES.len() - 1),
    };
    let heights = heights(&fit(values, width * columns), most, levels * height);
    let line = |line: usize| {
        let floor = (height - 1 - line) * levels;
        let above = |height: &Option<usize>| height.map(|height| height.saturating_sub(floor).min(levels));
        heights.chunks(columns).map(|cell| glyph(&cell.iter().map(above).collect::<Vec<_>>(), glyphs.set)).collect()
    };
    (0..height).map(line).collect()
}

/// One value a column, the newest at the right. Several values in a column show their largest; where there are
/// fewer values than columns they are stretched.
fn fit(values: &[Option<f64>], columns: usize) -> Vec<Option<f64>> {
    let mut fitted = vec![None; columns];
    if values.is_empty() || columns == 0 {
        return fitted;
    }
    let group = values.len().div_ceil(columns);
    if group == 1 {
        return (0..columns).map(|column| values[column * values.len() / columns]).collect();
    }
    let newest_first = values.rchunks(group).map(|group| group.iter().flatten().copied().reduce(f64::max));
    for (place, value) in fitted.iter_mut().rev().zip(newest_first) {
        *place = value;
    }
    fitted
}

/// Heights from 1 (zero) to `levels` (the one at the top); what is above zero is at least 2.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "few levels")]
fn heights(values: &[Option<f64>], largest: f64, levels: usize) -> Vec<Option<usize>> {
    let height = |value: f64| match value {
        value if value > 0.0 => ((value / largest * levels as f64).ceil() as usize).min(levels).max(levels.min(2)),
        _ => 1,
    };
    values.iter().map(|value| value.map(height)).collect()
}

fn glyph(heights: &[Option<usize>], set: GlyphSet) -> char {
    let first = heights.first().copied().flatten().unwrap_or(0);
    match set {
        GlyphSet::Block => BLOCKS[first],
        GlyphSet::Ascii => STROKES[first],
        GlyphSet::Braille => {
            let of_column = |(column, height): (usize, &Option<usize>)| {
                DOTS[column % 2][..height.unwrap_or(0).min(4)].iter().fold(0, |dots, dot| dots | dot)
            };
            let dots = heights.iter().enumerate().map(of_column).fold(0, |dots, dot| dots | dot);
            if dots == 0 { ' ' } else { char::from_u32(0x2800 + dots).unwrap_or(' ') }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn line(values: &[Option<f64>], width: usize, set: GlyphSet) -> String {
        lines(values, width, 1, &Glyphs::of(set)).remove(0)
    }

    #[rstest]
    #[case::block(GlyphSet::Block, "▁▂▄█ ▁")]
    #[case::ascii(GlyphSet::Ascii, "_.-# _")]
    fn a_gap_is_a_hole_and_zero_a_baseline(#[case] set: GlyphSet, #[case] expected: &str) {
        let values = [Some(0.0), Some(0.1), Some(5.0), Some(10.0), None, Some(0.0)];
        assert_eq!(line(&values, 6, set), expected);
    }

    #[test]
    fn braille_has_two_values_a_cell() {
        assert_eq!(line(&[Some(4.0), Some(0.0), None, Some(4.0)], 2, GlyphSet::Braille), "⣇⢸");
    }

    #[test]
    fn the_newest_is_at_the_right_and_a_spike_is_never_lost() {
        let mut values = vec![Some(1.0); 60];
        values[31] = Some(100.0);
        let drawn = line(&values, 10, GlyphSet::Block);
        assert_eq!(drawn.chars().filter(|c| *c == '█').count(), 1, "{drawn}");
        assert_eq!(line(&[Some(1.0)], 3, GlyphSet::Block), "███", "few values fill their columns");
    }

    #[test]
    fn a_chart_of_several_lines_is_filled_from_the_bottom() {
        let drawn = lines(&[Some(1.0), Some(2.0)], 2, 2, &Glyphs::of(GlyphSet::Block));
        assert_eq!(drawn, [" █", "██"]);
    }

    proptest! {
        #[test]
        fn every_line_is_as_wide_as_asked(values in prop::collection::vec(prop::option::of(0.0..1e12_f64), 0..200), width in 0..80_usize, height in 1..4_usize) {
            for set in [GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii] {
                let lines = lines(&values, width, height, &Glyphs::of(set));
                prop_assert!(lines.len() == height && lines.iter().all(|line| line.chars().count() == width));
            }
        }
    }
}
