//! The last line: the most useful keys of this screen, or the filter while it is typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::action::bindings_of;
use crate::ui::paint::Row;
use crate::ui::theme::{Role, Theme};

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let row = if state.filter.editing { filter(state, theme) } else { keys(state, theme) };
    row.paint(area, 0, buf);
}

fn keys<'a>(state: &State, theme: &'a Theme) -> Row<'a> {
    let shown = bindings_of(state.place()).filter_map(|binding| Some((binding.keys.first()?, binding.footer?)));
    shown.fold(Row::new(theme), |row, (key, footer)| {
        row.add(Role::Key, format!(" {}", key.name())).add(Role::Text, format!(" {footer} "))
    })
}

fn filter<'a>(state: &State, theme: &'a Theme) -> Row<'a> {
    let text = state.filter.input.value();
    let (before, after) = text.split_at(byte_index(text, state.filter.input.cursor()));
    let mut after = after.chars();
    let under = after.next().unwrap_or(' ');
    let hint = state.filter.fault.as_deref().unwrap_or("Enter keeps it, Esc clears it");
    let hint_role = if state.filter.fault.is_some() { Role::Warning } else { Role::Dim };
    Row::new(theme)
        .add(Role::Key, " /")
        .add(Role::Text, before)
        .add(Role::HeadingKey, under.to_string())
        .add(Role::Text, after.as_str())
        .add(hint_role, format!("   {hint}"))
}

fn byte_index(text: &str, letters: usize) -> usize {
    text.char_indices().nth(letters).map_or(text.len(), |(index, _)| index)
}
