//! What all tables share: which columns fit and how wide they are, their heading, and which rows are on the page.

use crate::app::State;
use crate::app::column::Column;
use crate::ui::paint::{Row, left, right};
use crate::ui::theme::{Role, Theme};

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Which one.
    pub column: Column,
    /// Its width; room that is left over makes it wider up to `most`.
    pub width: usize,
    /// How wide it may get.
    pub most: usize,
    /// Whether it is aligned at its left.
    pub at_left: bool,
    /// In which turn it goes where there is no room; 0 never goes, 1 goes last.
    pub turn: u8,
}

/// A column of figures of one width.
pub(super) const fn figure(column: Column, width: usize, turn: u8) -> Shown {
    Shown { column, width, most: width, at_left: false, turn }
}

/// A column of text that may get wider.
pub(super) const fn text(column: Column, width: usize, most: usize, turn: u8) -> Shown {
    Shown { column, width, most, at_left: true, turn }
}

/// The columns that fit into a width; room that is left over goes to those that may get wider, in the order of
/// `widening`.
pub(super) fn fit(columns: &[Shown], widening: &[(Column, usize)], width: usize) -> Vec<Shown> {
    let mut columns = columns.to_vec();
    let used = |columns: &[Shown]| columns.iter().map(|shown| shown.width + 1).sum::<usize>();
    while used(&columns) > width {
        let Some(first) = columns.iter().filter(|shown| shown.turn > 0).max_by_key(|shown| shown.turn).copied() else {
            break;
        };
        columns.retain(|shown| *shown != first);
    }
    let mut room = width.saturating_sub(used(&columns));
    for &(wanted, up_to) in widening {
        if let Some(shown) = columns.iter_mut().find(|shown| shown.column == wanted) {
            let more = room.min(up_to.min(shown.most).saturating_sub(shown.width));
            shown.width += more;
            room -= more;
        }
    }
    columns
}

/// The heading; the letter that sorts is marked, and the column that is sorted by has an arrow.
pub(super) fn heading<'a>(
    state: &State,
    columns: &[Shown],
    title: &dyn Fn(Column) -> String,
    theme: &'a Theme,
) -> Row<'a> {
    columns.iter().fold(Row::new(theme), |row, shown| {
        let row = row.add(Role::Text, " ");
        let text = title(shown.column);
        match shown.column.letter() {
            Some(letter) => sortable(row, shown, &text, letter, state, theme),
            None if shown.at_left => row.add(Role::Heading, left(&text, shown.width, theme.glyphs())),
            None => row.add(Role::Heading, right(&text, shown.width, theme.glyphs())),
        }
    })
}

fn sortable<'a>(row: Row<'a>, shown: &Shown, title: &str, letter: char, state: &State, theme: &Theme) -> Row<'a> {
    let sort = state.list().sort;
    let arrow = theme.glyphs().sorted[usize::from(sort.reversed)];
    let is_sorted = sort.column == shown.column;
    let padding = shown.width.saturating_sub(title.chars().count() + usize::from(is_sorted));
    let (before, after) = title.split_once(letter).unwrap_or((title, ""));
    row.add_if(!shown.at_left, Role::Text, " ".repeat(padding))
        .add(Role::Heading, before)
        .add(Role::HeadingKey, letter.to_string())
        .add(Role::Heading, after)
        .add_if(is_sorted, Role::Accent, arrow.to_string())
        .add_if(shown.at_left, Role::Text, " ".repeat(padding))
}

/// The first row on a page: as the state has it, but with the selection in sight and the page full.
pub(super) fn first_row(state: &State, page: usize) -> usize {
    let (list, page) = (state.list(), page.max(1));
    let selected = list.index().unwrap_or(0);
    let top = list.top.clamp((selected + 1).saturating_sub(page), selected);
    top.min(state.row_count().saturating_sub(page))
}

/// `Tenants 7 of 40`.
pub(super) fn title(what: &str, shown: usize, all: usize) -> String {
    if shown == all { format!("{what} {all}") } else { format!("{what} {shown} of {all}") }
}

/// What the list is filtered and sorted by.
pub(super) fn note(state: &State, theme: &Theme) -> String {
    let list = state.list();
    let arrow = theme.glyphs().sorted[usize::from(list.sort.reversed)];
    let sorted = format!("sorted by {} {arrow}", list.sort.column.name());
    match list.filter.input.value() {
        "" => sorted,
        filter => format!("filter: {} {} {sorted}", crate::domain::text::printable(filter), theme.glyphs().dot),
    }
}
