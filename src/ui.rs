//! Draws the state: a pure function of state, theme and area.
//!
//! One file a region of the screen. No region names a colour or a glyph: it asks the [`theme`] for a role and the
//! [`glyphs`] for a character.

mod banner;
mod bar;
mod collector;
mod empty;
mod footer;
mod format;
mod glyphs;
mod header;
mod help;
mod layout;
mod log;
mod paint;
mod profiles;
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
    draw_body(state, theme, &layout, buf);
    log::draw(state, theme, layout.log, buf);
    footer::draw(state, theme, layout.footer, buf);
}

fn draw_body(state: &State, theme: &Theme, layout: &Layout, buf: &mut Buffer) {
    if state.help {
        return help::draw(state, theme, layout.body, buf);
    }
    match &state.screen {
        Screen::Tenants if state.rows().is_empty() => empty::draw(state, theme, layout.body, buf),
        Screen::Tenants => {
            table::draw(state, theme, layout.body, buf);
            if let (Some(side), Some(row)) = (layout.side, state.selected_row()) {
                tenant::draw_beside(row, state, theme, side, buf);
            }
        }
        Screen::Collector => collector::draw(state, theme, layout.body, buf),
        Screen::Tenant(owner) => tenant::draw(owner, state, theme, layout.body, buf),
    }
}
