//! The picker of columns, over the table.
//!
//! ```text
//! ┌ Columns ───────────┐
//! │ x spent            │
//! │   pace             │
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::app::State;
use crate::app::column::Column;
use crate::ui::paint::{Row, overlay, rule};
use crate::ui::theme::{Role, Theme};

const WIDTH: u16 = 38;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(at) = state.picker else { return };
    let height = u16::try_from(Column::OF_TENANTS.len() + 3).unwrap_or(u16::MAX).min(area.height);
    let width = WIDTH.min(area.width);
    let place = Rect { x: area.x + area.width - width, y: area.y, width, height };
    Clear.render(place, buf);
    rule("Columns", "", theme, place, 0, buf);
    let lines = usize::from(height.saturating_sub(3)).max(1);
    let top = (at + 1).saturating_sub(lines);
    for ((line, column), number) in (1..height.saturating_sub(2)).zip(Column::OF_TENANTS.iter().skip(top)).zip(top..) {
        let is_shown = state.columns.contains(column);
        let mark = if is_shown { 'x' } else { ' ' };
        let role = if is_shown { Role::Text } else { Role::Dim };
        Row::new(theme).add(role, format!("  {mark} {:<12}{}", column.name(), column.title())).paint(place, line, buf);
        if number == at {
            overlay(theme.style(Role::Selected), place, line, buf);
        }
    }
    let hint = Row::new(theme).add(Role::Dim, "  Space shows or hides, r resets, Esc keeps");
    hint.paint(place, height.saturating_sub(2), buf);
    rule("", "", theme, place, height.saturating_sub(1), buf);
}
