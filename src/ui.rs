//! Draws the state: a pure function of state, theme and area.
//!
//! One file a region of the screen. No region names a colour or a glyph: it asks the [`theme`] for a role and the
//! [`glyphs`] for a character.

mod alert;
mod alerts;
mod banner;
mod bar;
mod canvas;
mod chart;
mod collector;
mod contract;
mod empty;
mod footer;
mod format;
mod glyphs;
mod grid;
mod header;
mod help;
mod layout;
mod log;
mod money;
mod movers;
mod outlook;
mod paint;
mod picker;
mod pools;
mod profile;
mod profile_table;
mod profiles;
mod spark;
mod sparkline;
mod table;
mod tenant;
pub mod theme;
mod tiny;

#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::action::View;
use crate::app::list::RowKey;
use crate::app::state::Screen;
use layout::Layout;
use theme::Theme;

/// Draws the state into the area; any size will do.
pub fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let layout = Layout::of(state, area);
    if layout.is_tiny {
        tiny::draw(state, theme, area, buf);
        return;
    }
    header::draw(state, theme, layout.header, buf);
    banner::draw(state, theme, layout.banner, buf);
    draw_screen(state, theme, layout.body, buf);
    if let Some(side) = layout.side {
        draw_beside(state, theme, side, buf);
    }
    log::draw(state, theme, layout.log, buf);
    footer::draw_completions(state, theme, layout.above_footer(area), buf);
    footer::draw(state, theme, layout.footer, buf);
}

/// The row of the list at a point of the screen.
#[must_use]
pub fn row_at(state: &State, area: Rect, (x, y): (u16, u16)) -> Option<usize> {
    let layout = Layout::of(state, area);
    let body = layout.body;
    let head = match state.screen {
        _ if layout.is_tiny => {
            return (y > 0).then(|| grid::first_row(state, usize::from(area.height - 1)) + usize::from(y - 1));
        }
        Screen::View(View::Alerts) => alerts::HEAD,
        Screen::View(View::Tenants | View::Profiles | View::Money) => table::HEAD,
        _ => return None,
    };
    let is_inside = x < body.x + body.width && y >= body.y + head && y < body.y + body.height;
    let page = usize::from(body.height.saturating_sub(head));
    is_inside.then(|| grid::first_row(state, page) + usize::from(y - body.y - head))
}

/// What is selected, beside the list.
fn draw_beside(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    for line in 0..area.height {
        paint::Row::new(theme).add(theme::Role::Rule, theme.glyphs().down.to_string()).paint(area, line, buf);
    }
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    match &state.beside {
        Some(RowKey::Owner(owner)) => tenant::draw_beside(owner, state, theme, inside, buf),
        Some(row) => {
            if let Some(alert) = row.alert() {
                alert::draw(alert, state, theme, inside, buf);
            }
        }
        None => {}
    }
}

/// What is shown between header and footer.
fn draw_screen(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if state.help {
        return help::draw(state, theme, area, buf);
    }
    let has_tenants = state.row_count() > 0;
    match &state.screen {
        Screen::View(View::Tenants | View::Spark) if !has_tenants => empty::draw(state, theme, area, buf),
        Screen::View(View::Tenants) => table::draw(state, theme, area, buf),
        Screen::View(View::Spark) => spark::draw(state, theme, area, buf),
        Screen::View(View::Alerts) => alerts::draw(state, theme, area, buf),
        Screen::View(View::Pools) => pools::draw(state, theme, area, buf),
        Screen::View(View::Profiles) => profile_table::draw(state, theme, area, buf),
        Screen::View(View::Money) => money::draw(state, theme, area, buf),
        Screen::View(View::Collector) => collector::draw(state, theme, area, buf),
        Screen::Tenant(owner) => tenant::draw(owner, state, theme, area, buf),
        Screen::Profile(owner, key, tier) => profile::draw((owner, key, *tier), state, theme, area, buf),
        Screen::Alert(alert) => alert::draw(alert, state, theme, area, buf),
    }
    picker::draw(state, theme, area, buf);
}
