//! A pane too small for regions: counts, then the worst tenants, one line each.
//!
//! ```text
//! DEMO x60 ■1 ◆2 ▲1 ○1 ●6 13:42
//! ■ R hooli              $1,512  101%
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::state::Screen;
use crate::domain::level::Level;
use crate::domain::view::{FleetView, TenantRow};
use crate::ui::header::clock;
use crate::ui::paint::{Row, left, overlay, right};
use crate::ui::theme::{Role, Theme};
use crate::ui::{collector, footer, format, help, table, tenant};

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if state.help {
        return help::draw(state, theme, area, buf);
    }
    match &state.screen {
        Screen::Tenant(owner) => return tenant::draw(owner, state, theme, area, buf),
        Screen::Collector => return collector::draw(state, theme, area, buf),
        Screen::Tenants => {}
    }
    let Some(view) = &state.view else {
        return Row::new(theme).add(Role::Title, "bedtop: opening").paint(area, 0, buf);
    };
    head(state, view, theme).paint(area, 0, buf);
    let rows = state.rows();
    let page = usize::from(area.height.saturating_sub(1)).max(1);
    let selected = state.selected_index().unwrap_or(0);
    let top = state.top.clamp((selected + 1).saturating_sub(page), selected);
    for (line, row) in (1..area.height).zip(rows.iter().skip(top)) {
        line_of(row, usize::from(area.width), theme).paint(area, line, buf);
        if state.selected.as_ref() == Some(&row.owner) {
            overlay(theme.style(Role::Selected), area, line, buf);
        }
    }
    if state.filter.editing {
        let last = Rect { y: area.y + area.height - 1, height: 1, ..area };
        ratatui::widgets::Widget::render(ratatui::widgets::Clear, last, buf);
        footer::draw(state, theme, last, buf);
    }
}

fn head<'a>(state: &State, view: &FleetView, theme: &'a Theme) -> Row<'a> {
    let row = match state.paused_for() {
        Some(_) => Row::new(theme).add(Role::Warning, "PAUSED "),
        None => Row::new(theme).add(Role::Accent, format!("{} ", state.mode_label)),
    };
    let row =
        Level::ALL.iter().rev().filter(|level| view.count_at(**level) > 0).fold(row, |row, &level| {
            row.add(Role::Level(level), format!("{}{} ", view.count_at(level), level.letter()))
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
