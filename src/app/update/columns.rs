//! The picker of columns.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::column::Column;
use crate::app::state::State;
use crate::app::update::{Effect, INTERRUPTED};

/// Arrows move, space shows or hides, `r` takes the usual ones, anything else closes it.
pub(super) fn pick(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let at = state.picker.unwrap_or(0);
    let last = Column::OF_TENANTS.len() - 1;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') if control => return vec![Effect::Quit(INTERRUPTED)],
        KeyCode::Down | KeyCode::Char('j') => state.picker = Some((at + 1).min(last)),
        KeyCode::Up | KeyCode::Char('k') => state.picker = Some(at.saturating_sub(1)),
        KeyCode::Char(' ') => toggle(state, Column::OF_TENANTS[at.min(last)]),
        KeyCode::Char('r') => state.columns = Column::OF_TENANTS.to_vec(),
        _ => {
            state.picker = None;
            return vec![Effect::Keep];
        }
    }
    Vec::new()
}

/// Shows or hides a column; the name stays.
fn toggle(state: &mut State, column: Column) {
    if column == Column::Name {
        return;
    }
    let is_shown = state.columns.contains(&column);
    let wanted = |known: &Column| (*known == column) != is_shown || *known != column;
    let shown = |known: &Column| if *known == column { !is_shown } else { state.columns.contains(known) };
    let columns = Column::OF_TENANTS.into_iter().filter(|known| wanted(known) && shown(known)).collect();
    state.columns = columns;
}
