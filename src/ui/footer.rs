//! The last line: the most useful keys of this screen, what was just done, or the line that is being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};
use tui_input::Input;

use crate::app::State;
use crate::app::command::WORDED;
use crate::app::prompt::{Asking, Prompt};
use crate::ui::paint::{Row, overlay};
use crate::ui::theme::{Role, Theme};

/// How many completions are shown.
const OFFERED: usize = 8;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let row = match (&state.prompt, &state.message) {
        (Some(prompt), _) => prompt_line(prompt, state, theme),
        (None, Some(message)) => {
            Row::new(theme).add(Role::Accent, format!(" {}", crate::domain::text::printable(message)))
        }
        (None, None) => keys(state, area.width, theme),
    };
    row.paint(area, 0, buf);
}

/// The keys that fit; what comes first in the table of actions goes last where there is no room.
fn keys<'a>(state: &State, width: u16, theme: &'a Theme) -> Row<'a> {
    let shown: Vec<(String, &str)> = state
        .keymap
        .at(state.place())
        .filter_map(|bound| Some((bound.keys.first()?.to_string(), bound.binding.footer?)))
        .collect();
    shown.iter().fold(Row::new(theme), |row, (key, footer)| {
        let needed = row.width() + key.chars().count() + footer.len() + 3;
        let fits = needed <= usize::from(width) + 1;
        row.add_if(fits, Role::Key, format!(" {key}")).add_if(fits, Role::Text, format!(" {footer} "))
    })
}

fn prompt_line<'a>(prompt: &Prompt, state: &State, theme: &'a Theme) -> Row<'a> {
    let filter = &state.list().filter;
    let (sign, input, fault, hint) = match &prompt.asking {
        Asking::Filter => (" /", &filter.input, filter.fault.as_deref(), "Enter keeps it, Esc clears it"),
        Asking::Command => (" :", &prompt.input, prompt.fault.as_deref(), hint_of(prompt.input.value())),
        Asking::Acknowledge(_) => {
            (" ack, note: ", &prompt.input, prompt.fault.as_deref(), "Enter acknowledges, Esc leaves it")
        }
        Asking::Silence(_) => {
            (" silence for: ", &prompt.input, prompt.fault.as_deref(), "how long and why, for example 2h load test")
        }
    };
    let role = if fault.is_some() { Role::Warning } else { Role::Dim };
    typed(Row::new(theme).add(Role::Key, sign), input).add(role, format!("   {}", fault.unwrap_or(hint)))
}

/// What follows the command that is being typed.
fn hint_of(text: &str) -> &'static str {
    let name = text.split_whitespace().next().unwrap_or_default();
    WORDED
        .iter()
        .find(|worded| worded.name == name)
        .map_or("Tab completes, Up recalls, Esc leaves it", |worded| worded.words)
}

fn typed<'a>(row: Row<'a>, input: &Input) -> Row<'a> {
    let text = input.value();
    let (before, after) = text.split_at(byte_index(text, input.cursor()));
    let mut after = after.chars();
    let under = after.next().unwrap_or(' ');
    row.add(Role::Text, before).add(Role::Cursor, under.to_string()).add(Role::Text, after.as_str())
}

fn byte_index(text: &str, letters: usize) -> usize {
    text.char_indices().nth(letters).map_or(text.len(), |(index, _)| index)
}

/// What the command may be completed to, above the line.
pub(super) fn draw_completions(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(prompt) = state.prompt.as_ref().filter(|prompt| prompt.asking == Asking::Command) else { return };
    let count = prompt.completions.len().min(OFFERED).min(usize::from(area.height.saturating_sub(1)));
    let first = prompt.taken().map_or(0, |taken| (taken + 1).saturating_sub(count));
    let lines = u16::try_from(count).unwrap_or(0);
    let place = Rect { y: area.y + area.height - lines, height: lines, ..area };
    Clear.render(place, buf);
    let offered = prompt.completions.iter().enumerate().skip(first);
    for (line, (number, text)) in (0..lines).zip(offered) {
        let row = Row::new(theme).add(Role::Text, format!("  {text:<18}")).add(Role::Dim, help_of(text));
        row.paint(place, line, buf);
        if prompt.taken() == Some(number) {
            overlay(theme.style(Role::Selected), place, line, buf);
        }
    }
}

fn help_of(name: &str) -> &'static str {
    let worded = WORDED.iter().find(|worded| worded.name == name).map(|worded| worded.help);
    let action =
        || crate::app::action::BINDINGS.iter().find(|binding| binding.name == name).map(|binding| binding.help);
    worded.or_else(action).unwrap_or_default()
}
