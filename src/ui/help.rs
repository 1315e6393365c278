//! The keys of the screen that the help was called from, and what the signs mean. All of it comes from the table of
//! actions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::action::{Binding, Place, bindings_of};
use crate::app::state::Screen;
use crate::domain::level::Level;
use crate::ui::paint::{Row, left, rule};
use crate::ui::theme::{Role, Theme};

const KEY_WIDTH: usize = 22;
/// From this width on there are two columns.
const TWO_COLUMNS: u16 = 110;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let (place, name) = match state.screen {
        Screen::Tenants => (Place::Tenants, "Help: tenants"),
        Screen::Tenant(_) => (Place::Above, "Help: one tenant"),
        Screen::Collector => (Place::Above, "Help: collector"),
    };
    rule(name, "arrows scroll, Esc closes", theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut lines: Vec<Row<'_>> = bindings_of(place).map(|binding| key_line(binding, theme)).collect();
    let mut legend = legend(theme);
    if area.width >= TWO_COLUMNS {
        let half = Rect { x: body.x + body.width / 2, width: body.width - body.width / 2, ..body };
        paint(legend, 0, half, buf);
        paint(lines, state.scroll, Rect { width: body.width / 2, ..body }, buf);
    } else {
        lines.push(Row::new(theme));
        lines.append(&mut legend);
        paint(lines, state.scroll, body, buf);
    }
}

/// Paints lines from the n-th on, but not further than the last page.
pub(super) fn paint(lines: Vec<Row<'_>>, scroll: u16, area: Rect, buf: &mut Buffer) {
    let last_page = lines.len().saturating_sub(usize::from(area.height));
    let skipped = usize::from(scroll).min(last_page);
    for (line, row) in (0..area.height).zip(lines.into_iter().skip(skipped)) {
        row.paint(area, line, buf);
    }
}

fn key_line<'a>(binding: &Binding, theme: &'a Theme) -> Row<'a> {
    let keys = binding.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ");
    Row::new(theme).add(Role::Key, format!(" {}", left(&keys, KEY_WIDTH, theme.glyphs()))).add(Role::Text, binding.help)
}

fn legend(theme: &Theme) -> Vec<Row<'_>> {
    let level = |level: Level, meaning: &str| {
        Row::new(theme)
            .add(Role::Level(level), format!(" {} {} ", theme.glyphs().level(level), level.letter()))
            .add(Role::Text, format!("{:<7} {meaning}", level.name()))
    };
    let plain = |sign: &str, meaning: &str| {
        Row::new(theme).add(Role::Key, format!(" {sign:<12}")).add(Role::Text, meaning.to_owned())
    };
    let mark = theme.glyphs().bar_mark;
    vec![
        Row::new(theme).add(Role::Title, " Levels"),
        level(Level::Red, "a budget is gone"),
        level(Level::Orange, "80 % used and ahead of pace, or unpriced usage above 5 %"),
        level(Level::Yellow, "50 % used and ahead of pace, or unpriced usage above 1 %"),
        level(Level::Green, "as it should be"),
        level(Level::Blind, "data too old, or its past still on the way; the small letter is the level held"),
        Row::new(theme),
        Row::new(theme).add(Role::Title, " Signs"),
        plain(&format!("bar {mark}"), "used share of the budget; the mark is an even pace"),
        plain("~$", "an estimate: part of the price is a range, or older than the price book"),
        plain("$ +", "more than this: some tokens have no price"),
        plain("unpriced", "the model has no price; its tokens are shown instead"),
        plain("Last ...", "dollars over time; a baseline is idle, a hole is not known"),
    ]
}
