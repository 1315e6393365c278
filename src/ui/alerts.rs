//! The alerts that stand, the loudest first, then the log of what was said, the newest first.
//!
//! ```text
//! ─ Alerts 4 · log 12 ───────────────────────────────────────────────────────────────────────
//!  ■ R  hooli             budget     $1,512.34 of $1,500.00 used (101 %): the budget is gone
//!  13:39 ■ R was O  hooli budget     $1,512.34 of $1,500.00 used (101 %): the budget is gone
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::list::Entry;
use crate::domain::view::{Assessment, FleetView, TenantRow};
use crate::ui::grid::first_row;
use crate::ui::log;
use crate::ui::paint::{Row, cut, left, overlay, rule};
use crate::ui::theme::{Role, Theme};

const NAME_WIDTH: usize = 20;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    let entries = state.list().entries();
    let standing = entries.iter().filter(|entry| matches!(entry, Entry::Alert(..))).count();
    let title = format!("Alerts {standing} {} log {}", theme.glyphs().dot, entries.len() - standing);
    rule(&title, &note(state), theme, area, 0, buf);
    if entries.is_empty() {
        let text = if state.list().filter.is_empty() { " nothing stands, and nothing was said" } else { " none fits" };
        return Row::new(theme).add(Role::Dim, text).paint(area, 2, buf);
    }
    let top = first_row(state, usize::from(area.height.saturating_sub(1)));
    for (line, (place, entry)) in (1..area.height).zip(entries.iter().enumerate().skip(top)) {
        let row = entry_line(*entry, view, usize::from(area.width), theme);
        row.paint(area, line, buf);
        if state.list().index() == Some(place) {
            overlay(theme.style(Role::Selected), area, line, buf);
        }
    }
}

fn note(state: &State) -> String {
    match state.list().filter.input.value() {
        "" => outbox(state).unwrap_or_else(|| "Enter explains".to_owned()),
        filter => format!("filter: {}", crate::domain::text::printable(filter)),
    }
}

/// What waits to be told and what could not be, where there is any.
fn outbox(state: &State) -> Option<String> {
    let outbox = &state.view.as_ref()?.outbox;
    let dead = (outbox.dead > 0).then(|| format!("{} not told: x tells again", outbox.dead));
    let waiting = (outbox.waiting > 0).then(|| format!("{} wait to be told", outbox.waiting));
    let parts: Vec<String> = dead.into_iter().chain(waiting).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn entry_line<'a>(entry: Entry, view: &FleetView, width: usize, theme: &'a Theme) -> Row<'a> {
    match entry {
        Entry::Alert(tenant, number) => {
            let row = &view.tenants[tenant];
            standing(row, &row.signals[number], width, theme)
        }
        Entry::Change(number) => log::line(&view.log[number], view, width, theme),
        _ => Row::new(theme),
    }
}

fn standing<'a>(row: &TenantRow, signal: &Assessment, width: usize, theme: &'a Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    let line = Row::new(theme)
        .add(Role::Level(signal.level), format!(" {} {}  ", glyphs.level(signal.level), signal.level.letter()))
        .add(Role::Title, left(row.owner.name(), NAME_WIDTH.min(width / 4), glyphs))
        .add(Role::Dim, format!(" {:<10} ", signal.signal.name()));
    let room = width.saturating_sub(line.width());
    line.add(Role::Text, cut(&signal.reason, room, glyphs))
}
