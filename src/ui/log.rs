//! The newest changes of level, the newest first.
//!
//! ```text
//! ─ Changes of level ──────────────────────────────────────────
//!  13:39 ■ R was O  hooli             budget   $1,512.34 of $1,500.00 used (101 %): the budget is gone
//! ```

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::event::{Happening, LevelChange, LogEntry, Outcome};
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
    add_change(Row::new(theme).add(Role::Text, " "), change, view, width, theme)
}

/// Adds a change to a line.
pub(super) fn add_change<'a>(
    row: Row<'a>,
    change: &LevelChange,
    view: &FleetView,
    width: usize,
    theme: &'a Theme,
) -> Row<'a> {
    let glyphs = theme.glyphs();
    let level = format!("{} {} ", glyphs.level(change.level), change.level.letter());
    let row = row
        .add(Role::Dim, format!("{} ", when(change.at, view)))
        .add(Role::Level(change.level), level)
        .add(Role::Dim, format!("was {}  ", change.previous.letter()))
        .add(Role::Text, left(change.alert.subject.name(), name_width(width), glyphs))
        .add(Role::Dim, format!(" {:<10} ", change.alert.signal.name()));
    let note = change.note.map_or(String::new(), |note| format!(" ({})", note.name()));
    let room = width.saturating_sub(row.width());
    row.add(Role::Text, cut(&(change.reason.clone() + &note), room, glyphs))
}

/// Adds what was done, sent or held back to a line.
pub(super) fn add_event<'a>(
    row: Row<'a>,
    entry: &LogEntry,
    view: &FleetView,
    width: usize,
    theme: &'a Theme,
) -> Row<'a> {
    let glyphs = theme.glyphs();
    let (kind, role) = kind(&entry.what);
    let row = row.add(Role::Dim, format!("{} ", when(entry.at, view))).add(role, format!("{kind:<11}"));
    let row = match entry.what.alert() {
        Some(alert) => row
            .add(Role::Text, left(alert.subject.name(), name_width(width), glyphs))
            .add(Role::Dim, format!(" {:<10} ", alert.signal.name())),
        None => row,
    };
    let room = width.saturating_sub(row.width());
    row.add(Role::Text, cut(&entry.what.words(), room, glyphs))
}

fn name_width(width: usize) -> usize {
    if width < 100 { NAME_WIDTH - 4 } else { NAME_WIDTH }
}

fn when(at: Timestamp, view: &FleetView) -> String {
    let is_old = view.at.duration_since(at).as_hours() >= 20;
    clock(at, &view.zone, if is_old { "%d %H:%M" } else { "%H:%M" })
}

/// The kind of an entry; what failed stands out.
fn kind(what: &Happening) -> (&'static str, Role) {
    match what {
        Happening::Change(_) => ("change", Role::Text),
        Happening::Action(_) => ("done", Role::Accent),
        Happening::Skip(_) => ("held back", Role::Dim),
        Happening::Delivery(note) => match note.outcome {
            Outcome::Delivered => ("sent", Role::Dim),
            Outcome::Failed => ("failed", Role::Warning),
            Outcome::Dead => ("dead", Role::Warning),
            Outcome::LeftOut => ("left out", Role::Dim),
        },
    }
}
