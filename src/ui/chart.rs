//! A chart with axes: values over time in layers, the range of the values at the left, times below.
//!
//! ```text
//!  $1,500 ┤= = = = = = = = = = = = = =
//!    $750 ┤        ⣀⣀⠤⠤⠒⠒⠉⠉⠉  ⠁ ⠁ ⠁ ⠁
//!      $0 ┼⣀⣀⠤⠤⠒⠒⠉⠉───────────────────────
//!         Nov 1        Nov 15        Nov 30
//! ```

use jiff::SignedDuration;

use crate::domain::time::TimeSpan;
use crate::ui::canvas::{Canvas, Stroke};
use crate::ui::header::clock;
use crate::ui::paint::{Row, right};
use crate::ui::theme::{Role, Theme};

/// Room for the figures of the axis.
pub(super) const AXIS: usize = 9;

/// One value a bucket; `None` is a gap.
pub(super) type Values<'a> = &'a [Option<f64>];

/// A line of a chart: one value a bucket of the chart's span.
pub(super) struct Layer<'a> {
    /// The values; they are spread evenly over the chart's span.
    pub values: Values<'a>,
    /// What the line looks like.
    pub stroke: Stroke,
    /// What it is.
    pub role: Role,
}

/// A chart, ready to be drawn.
pub(super) struct Chart<'a> {
    /// From the left edge to the right one.
    pub span: TimeSpan,
    /// The zone of the times below.
    pub zone: &'a str,
    /// How values are written.
    pub figure: fn(f64) -> String,
    /// The range that is shaded, its lower and upper edge.
    pub band: Option<(Values<'a>, Values<'a>)>,
    /// The lines, the most important last.
    pub layers: Vec<Layer<'a>>,
    /// The value at the top; the largest of all if not given.
    pub most: Option<f64>,
}

impl Chart<'_> {
    /// The lines of text: as many as asked, and one of times.
    pub(super) fn lines<'a>(&self, width: usize, height: usize, theme: &'a Theme) -> Vec<Row<'a>> {
        let across = width.saturating_sub(AXIS + 2);
        if across < 8 || height == 0 {
            return Vec::new();
        }
        let most = self.most().max(f64::MIN_POSITIVE);
        let canvas = self.canvas(across, height, most, theme);
        let glyphs = theme.glyphs();
        let mut lines: Vec<Row<'a>> = (0..height)
            .map(|line| {
                let label = self.label(line, height, most);
                let row = Row::new(theme)
                    .add(Role::Dim, right(&label, AXIS, glyphs))
                    .add(Role::Rule, format!(" {}", if label.is_empty() { glyphs.down } else { glyphs.tick }));
                canvas.runs(line).into_iter().fold(row, |row, (role, text)| row.add(role, text))
            })
            .collect();
        lines.push(self.times(across, theme));
        lines
    }

    fn most(&self) -> f64 {
        let lines = self.layers.iter().flat_map(|layer| layer.values.iter());
        let band = self.band.iter().flat_map(|(_, high)| high.iter());
        self.most.unwrap_or_else(|| lines.chain(band).flatten().copied().fold(0.0, f64::max))
    }

    fn canvas(&self, across: usize, height: usize, most: f64, theme: &Theme) -> Canvas {
        let mut canvas = Canvas::new(across, height, theme.glyphs().set);
        let points = canvas.points().0;
        let spread = |values: &[Option<f64>]| spread(values, points, most);
        if let Some((low, high)) = self.band {
            canvas.shade(&spread(low), &spread(high), Role::Band);
        }
        for layer in &self.layers {
            canvas.line(&spread(layer.values), layer.stroke, layer.role);
        }
        canvas
    }

    /// The figure beside a line: at the top, at the bottom, and between them where there is room.
    #[expect(clippy::cast_precision_loss, reason = "few lines")]
    fn label(&self, line: usize, height: usize, most: f64) -> String {
        let last = height - 1;
        let is_labelled = line == 0 || line == last || (height >= 5 && line == last / 2);
        if !is_labelled {
            return String::new();
        }
        let value = if height == 1 { most } else { most * (last - line) as f64 / last as f64 };
        (self.figure)(value)
    }

    fn times<'a>(&self, across: usize, theme: &'a Theme) -> Row<'a> {
        let pattern = match self.span.length() {
            length if length > SignedDuration::from_hours(72) => "%b %-d",
            length if length > SignedDuration::from_hours(20) => "%a %H:%M",
            _ => "%H:%M",
        };
        let marks = (across / 24).clamp(1, 6);
        let mut text = " ".repeat(AXIS + 2);
        for mark in 0..=marks {
            let label = clock(self.at(mark, marks), self.zone, pattern);
            let place = AXIS + 2 + across * mark / marks;
            let start = match mark {
                0 => place,
                mark if mark == marks => place.saturating_sub(label.len()),
                _ => place.saturating_sub(label.len() / 2),
            };
            let gap = start.saturating_sub(text.chars().count());
            if gap > 0 || mark == 0 {
                text += &" ".repeat(gap);
                text += &label;
            }
        }
        Row::new(theme).add(Role::Dim, text)
    }

    fn at(&self, mark: usize, marks: usize) -> jiff::Timestamp {
        let whole = self.span.length().as_secs();
        let part = whole.saturating_mul(i64::try_from(mark).unwrap_or(0)) / i64::try_from(marks.max(1)).unwrap_or(1);
        self.span.start.saturating_add(SignedDuration::from_secs(part)).unwrap_or(self.span.end)
    }
}

/// One height a column of points: the largest of the values that fall into it; where there are fewer values than
/// columns, a straight line from one to the next.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few columns")]
fn spread(values: &[Option<f64>], columns: usize, most: f64) -> Vec<Option<f64>> {
    let count = values.len();
    let column = |x: usize| {
        if count > columns {
            let inside = &values[x * count / columns..((x + 1) * count / columns).min(count)];
            return inside.iter().flatten().copied().reduce(f64::max);
        }
        let place = x as f64 * count.saturating_sub(1) as f64 / columns.saturating_sub(1).max(1) as f64;
        let (before, share) = (place as usize, place.fract());
        let first = *values.get(before)?;
        match (first, values.get(before + 1).copied().flatten()) {
            (Some(first), Some(next)) => Some(first + (next - first) * share),
            (first, _) => first.filter(|_| share < 0.5),
        }
    };
    (0..columns).map(|x| column(x).map(|value| value / most)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::now;
    use crate::term::capability::GlyphSet;
    use crate::ui::format;

    fn chart(values: &[Option<f64>], hours: i64) -> Chart<'_> {
        Chart {
            span: TimeSpan::new(now() - SignedDuration::from_hours(hours), now()),
            zone: "UTC",
            figure: format::dollars,
            band: None,
            layers: vec![Layer { values, stroke: Stroke::Solid, role: Role::Spark }],
            most: None,
        }
    }

    fn drawn(chart: &Chart<'_>, width: usize, height: usize) -> Vec<String> {
        let theme = Theme::of_roles(GlyphSet::Ascii);
        chart.lines(width, height, &theme).into_iter().map(|row| row.text()).collect()
    }

    #[test]
    fn axes_have_units_and_times_and_a_gap_is_a_gap() {
        let values = [Some(0.0), Some(10.0), None, None, Some(20.0), Some(20.0)];
        insta::assert_snapshot!(drawn(&chart(&values, 6), 60, 5).join("\n"));
    }

    #[test]
    fn days_are_told_by_their_dates() {
        let values = [Some(1.0), Some(2.0)];
        let lines = drawn(&chart(&values, 24 * 20), 80, 3);
        assert!(lines[3].contains("Oct 30") && lines[3].trim_end().ends_with("Nov 19"), "{lines:?}");
    }

    #[test]
    fn where_there_is_no_room_there_is_no_chart() {
        assert!(drawn(&chart(&[Some(1.0)], 6), 12, 5).is_empty());
    }
}
