//! The newest changes of level, the newest first.
//!
//! ```text
//! ─ Changes of level ──────────────────────────────────────────
//!  13:39 ■ R was O  hooli             budget   $1,512.34 of $1,500.00 used (101 %): the budget is gone
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::event::LevelChange;
use crate::domain::view::FleetView;
use crate::ui::header::clock;
use crate::ui::paint::{Row, cut, left, rule};
use crate::ui::theme::{Role, Theme};

const NAME_WIDTH: usize = 18;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    rule("Changes of level", "", theme, area, 0, buf);
    let Some(view) = &state.view else { return };
    if view.log.is_empty() {
        Row::new(theme).add(Role::Dim, " none so far").paint(area, 1, buf);
    }
    for (line, change) in (1..area.height).zip(view.log.iter().rev()) {
        self::line(change, view, usize::from(area.width), theme).paint(area, line, buf);
    }
}

/// One change as a line; older than a day with its day.
pub(super) fn line<'a>(change: &LevelChange, view: &FleetView, width: usize, theme: &'a Theme) -> Row<'a> {
    let glyphs = theme.glyphs();
    let level = format!("{} {} ", glyphs.level(change.level), change.level.letter());
    let name_width = if width < 100 { NAME_WIDTH - 4 } else { NAME_WIDTH };
    let is_old = view.at.duration_since(change.at).as_hours() >= 20;
    let when = clock(change.at, &view.zone, if is_old { "%d %H:%M" } else { "%H:%M" });
    let row = Row::new(theme)
        .add(Role::Dim, format!(" {when} "))
        .add(Role::Level(change.level), level)
        .add(Role::Dim, format!("was {}  ", change.previous.letter()))
        .add(Role::Text, left(change.alert.subject.name(), name_width, glyphs))
        .add(Role::Dim, format!(" {:<9} ", change.alert.signal.name()));
    let room = width.saturating_sub(row.width());
    let reason = cut(&change.reason, room, glyphs);
    row.add(Role::Text, reason)
}
