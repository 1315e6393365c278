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
    let height = usize::from(area.height.saturating_sub(1));
    let lines = sparkline::lines(&row.sparkline, usize::from(area.width), height, glyphs);
    for (line, text) in (1..area.height).zip(lines) {
        Row::new(theme).add(Role::Spark, text).paint(area, line, buf);
    }
}
