//! Moving the selection, or scrolling where nothing can be selected.

use crate::app::action::Action;
use crate::app::state::{HOLD, Screen, State};
use crate::app::update::{Effect, act, say};

/// How far a screen can be scrolled at most.
const FARTHEST: u16 = 1000;

pub(super) fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

pub(super) fn step(state: &mut State, rows: isize) {
    if let Some(profiles) = profiles_of_screen(state) {
        let last = profiles.saturating_sub(1);
        state.mark = state.mark.saturating_add_signed(rows).min(last);
        return;
    }
    if !state.has_rows() {
        let rows = i16::try_from(rows.clamp(-1000, 1000)).unwrap_or(0);
        state.scroll = state.scroll.saturating_add_signed(rows).min(FARTHEST);
        return;
    }
    let Some(last) = state.row_count().checked_sub(1) else { return };
    let index = state.list().index().map_or(0, |index| index.saturating_add_signed(rows).min(last));
    select(state, index);
}

/// How many profiles can be chosen from on the screen of a tenant.
fn profiles_of_screen(state: &State) -> Option<usize> {
    let Screen::Tenant(owner) = &state.screen else { return None };
    let row = state.view.as_deref()?.tenant(owner)?;
    (!state.help && row.profiles.len() > 1).then_some(row.profiles.len())
}

fn select(state: &mut State, index: usize) {
    let (page, until) = (state.page(), state.now + HOLD);
    let mut list = std::mem::take(state.list_mut());
    if let Some(ground) = state.ground() {
        list.select(index, ground);
        list.keep_in_sight(page);
        list.hold_until = Some(until);
    }
    *state.list_mut() = list;
}

/// A click selects a row; on the selected one it opens it.
pub(super) fn click(state: &mut State, row: usize) -> Vec<Effect> {
    if !state.has_rows() || row >= state.row_count() {
        return Vec::new();
    }
    if state.list().index() == Some(row) {
        return act(state, Action::Open);
    }
    select(state, row);
    Vec::new()
}

/// To the next row, or the one before, that holds a word of what was last looked for.
pub(super) fn find(state: &mut State, forth: bool) {
    let Some(ground) = state.ground() else { return };
    let (list, count) = (state.list(), state.row_count());
    let filter = if list.filter.applied.is_empty() { &state.sought } else { &list.filter.applied };
    if filter.is_empty() {
        return say(state, "nothing was looked for yet: / looks for a text");
    }
    let from = list.index().unwrap_or(0);
    let place = |step: usize| if forth { (from + step) % count } else { (from + count - step % count) % count };
    let found = (1..=count).map(place).find(|&place| list.entries()[place].is_found(filter, ground));
    match found {
        Some(place) => select(state, place),
        None => say(state, "no row holds it"),
    }
}
