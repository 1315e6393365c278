//! A pane too small for regions: counts, then the worst tenants, one line each.
//!
//! ```text
//! DEMO x60 ■1 ◆2 ▲1 ○1 ●6 13:42
//! ■ R hooli              $1,512  101%
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::action::View;
use crate::app::state::Screen;
use crate::domain::level::Level;
use crate::domain::view::{FleetView, TenantRow};
use crate::ui::header::{clock, mode_role, mode_text};
use crate::ui::paint::{Row, left, overlay, right};
use crate::ui::theme::{Role, Theme};
use crate::ui::{footer, format, grid, table};

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if state.help || state.screen != Screen::View(View::Tenants) {
        super::draw_screen(state, theme, area, buf);
        return typed(state, theme, area, buf);
    }
    let Some(view) = &state.view else {
        return Row::new(theme).add(Role::Title, "bedtop: opening").paint(area, 0, buf);
    };
    head(state, view, theme).paint(area, 0, buf);
    let top = grid::first_row(state, usize::from(area.height.saturating_sub(1)).max(1));
    for ((line, row), place) in (1..area.height).zip(state.tenants_from(top)).zip(top..) {
        line_of(row, usize::from(area.width), theme).paint(area, line, buf);
        if state.list().index() == Some(place) {
            overlay(theme.style(Role::Selected), area, line, buf);
        }
    }
    typed(state, theme, area, buf);
}

/// What is typed or was just done, over the last line.
fn typed(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if state.prompt.is_some() || state.message.is_some() {
        let last = Rect { y: area.y + area.height - 1, height: 1, ..area };
        ratatui::widgets::Widget::render(ratatui::widgets::Clear, last, buf);
        footer::draw(state, theme, last, buf);
    }
}

fn head<'a>(state: &State, view: &FleetView, theme: &'a Theme) -> Row<'a> {
    let row = Row::new(theme).add(mode_role(state), format!("{} ", mode_text(state)));
    let row =
        Level::ALL.iter().rev().filter(|level| state.count_at(**level) > 0).fold(row, |row, &level| {
            row.add(Role::Level(level), format!("{}{} ", state.count_at(level), level.letter()))
        });
    let health = if view.health.is_blind() { format!(" {}", view.health.name().to_uppercase()) } else { String::new() };
    row.add(Role::Text, clock(view.at, &view.zone, "%H:%M")).add(Role::Warning, health)
}

fn line_of<'a>(row: &TenantRow, width: usize, theme: &'a Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    let used = row.worst_budget().map(|budget| format::percent(budget.used)).unwrap_or_default();
    let name_width = width.saturating_sub(5 + 9 + 6);
    Row::new(theme)
        .add(Role::Level(row.level), left(&table::level(row, theme), 5, glyphs))
        .add(Role::Text, left(row.owner.name(), name_width, glyphs))
        .add(Role::Text, right(&format::cost(&row.usage, table::is_ascii(theme)), 9, glyphs))
        .add(Role::Level(row.level), right(&used, 6, glyphs))
}
