//! One large sparkline a tenant: for a pane beside others.
//!
//! ```text
//!  ■ R hooli                                  $7.56/h  101%
//! ⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::view::TenantRow;
use crate::ui::canvas::{Canvas, Stroke};
use crate::ui::paint::{Row, left, overlay};
use crate::ui::theme::{Role, Theme};
use crate::ui::{format, grid, sparkline, table};

/// Lines a tenant takes at least and at most.
const LINES: (u16, u16) = (3, 8);

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let rows = u16::try_from(state.row_count()).unwrap_or(u16::MAX).max(1);
    let lines = (area.height / rows).clamp(LINES.0, LINES.1).min(area.height.max(1));
    let page = usize::from(area.height / lines).max(1);
    let top = grid::first_row(state, page);
    for ((slot, row), place) in (0..area.height / lines).zip(state.tenants_from(top)).zip(top..) {
        let inside = Rect { y: area.y + slot * lines, height: lines, ..area };
        draw_one(row, theme, inside, buf);
        if state.list().index() == Some(place) {
            overlay(theme.style(Role::Selected), inside, 0, buf);
        }
    }
}

fn draw_one(row: &TenantRow, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let glyphs = theme.glyphs();
    let used = row.worst_budget().map(|budget| format!("  {}", format::percent(budget.used))).unwrap_or_default();
    let figures = format!("{}/h{used} ", format::dollars(row.rates.usd_per_hour));
    let name_width = usize::from(area.width).saturating_sub(6);
    let head = Row::new(theme)
        .add(Role::Level(row.level), left(&format!(" {}", table::level(row, theme)), 6, glyphs))
        .add(Role::Title, left(row.owner.name(), name_width, glyphs));
    head.paint(area, 0, buf);
    Row::new(theme).add(Role::Text, figures).paint_right(area, 0, 16, buf);
    for (line, drawn) in (1..area.height).zip(lines(row, usize::from(area.width), area.height - 1, theme)) {
        drawn.paint(area, line, buf);
    }
}

/// What was, and beyond a line that is now the band that is to be expected next.
fn lines<'a>(row: &TenantRow, width: usize, height: u16, theme: &'a Theme) -> Vec<Row<'a>> {
    let (glyphs, height) = (theme.glyphs(), usize::from(height));
    let ahead = sparkline::ahead(row);
    let room = if ahead.is_empty() { 0 } else { sparkline::ahead_width(width) };
    let highest = ahead.iter().map(|band| band.2).fold(0.0, f64::max);
    let most = sparkline::largest(&row.sparkline).max(highest).max(f64::MIN_POSITIVE);
    let mut canvas = Canvas::new(room, height, glyphs.set);
    let points = canvas.points().0;
    let spread = |value: fn(&(f64, f64, f64)) -> f64| -> Vec<Option<f64>> {
        (0..points).map(|x| ahead.get(x * ahead.len() / points).map(|band| value(band) / most)).collect()
    };
    canvas.shade(&spread(|band| band.1), &spread(|band| band.2), Role::Band);
    canvas.line(&spread(|band| band.0), Stroke::Solid, Role::Forecast);
    let past = sparkline::scaled(&row.sparkline, most, width - room - usize::from(room > 0), height, glyphs);
    let line = |(line, text): (usize, String)| {
        let drawn = Row::new(theme).add(Role::Spark, text);
        let drawn = drawn.add_if(room > 0, Role::Rule, glyphs.down.to_string());
        canvas.runs(line).into_iter().fold(drawn, |drawn, (role, text)| drawn.add(role, text))
    };
    past.into_iter().enumerate().map(line).collect()
}
