//! The one function that changes the state.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::{Input, InputRequest};

use crate::app::action::{Action, action_of};
use crate::app::filter::Filter;
use crate::app::order::Sort;
use crate::app::state::{HOLD, Screen, State};
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::view::{FleetView, TenantDetail};

/// The exit code of an interrupt: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// What happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// Text that is pasted.
    Paste(String),
    /// The terminal has a new size: columns, rows.
    Resize(u16, u16),
    /// The judge has said something new.
    View {
        /// The fleet.
        view: Arc<FleetView>,
        /// The watched tenant.
        detail: Option<Arc<TenantDetail>>,
    },
    /// Time has passed.
    Tick,
}

/// What the world should do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End with this exit code.
    Quit(u8),
    /// Stop until continued.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Send this tenant's detail with every view, or none.
    Watch(Option<Owner>),
    /// Poll now.
    Refresh,
    /// Something turned orange or red.
    Bell,
}

/// Takes an event at `now` (since the program began); gives what should be done about it.
pub fn update(state: &mut State, event: Event, now: Duration) -> Vec<Effect> {
    state.now = now;
    let watched = state.watched().cloned();
    let mut effects = match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Event::Key(key) if state.filter.editing => edit_filter(state, key),
        Event::Key(key) => action_of(&key, state.place()).map(|action| act(state, action)).unwrap_or_default(),
        Event::Paste(text) => paste(state, &text),
        Event::Resize(width, height) => {
            state.size = (width, height);
            Vec::new()
        }
        Event::View { view, detail } => take_view(state, view, detail),
        Event::Tick => Vec::new(),
    };
    release_hold(state);
    if state.watched() != watched.as_ref() {
        effects.push(Effect::Watch(state.watched().cloned()));
    }
    effects
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let page = state.page();
    match action {
        Action::Down => step(state, 1),
        Action::Up => step(state, -1),
        Action::HalfPageDown => step(state, signed(page / 2).max(1)),
        Action::HalfPageUp => step(state, -signed(page / 2).max(1)),
        Action::PageDown => step(state, signed(page)),
        Action::PageUp => step(state, -signed(page)),
        Action::Top => step(state, isize::MIN),
        Action::Bottom => step(state, isize::MAX),
        Action::Open => open(state),
        Action::Back => back(state),
        Action::ShowTenants => show_screen(state, Screen::Tenants),
        Action::ShowCollector => show_screen(state, Screen::Collector),
        Action::Filter => state.filter.editing = true,
        Action::SortBy(column) => sort(state, state.sort.by(column)),
        Action::SortLeft => sort(state, Sort { column: state.sort.column.beside(false), reversed: false }),
        Action::SortRight => sort(state, Sort { column: state.sort.column.beside(true), reversed: false }),
        Action::Pause => pause(state),
        Action::Help => (state.help, state.scroll) = (!state.help, 0),
        Action::Refresh => return vec![Effect::Refresh],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Quit if state.help => state.help = false,
        Action::Quit => return vec![Effect::Quit(0)],
        Action::Interrupt => return vec![Effect::Quit(INTERRUPTED)],
    }
    Vec::new()
}

fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

/// Moves the selection, or scrolls where nothing can be selected.
fn step(state: &mut State, rows: isize) {
    if state.help || state.screen != Screen::Tenants {
        let rows = i16::try_from(rows.clamp(-1000, 1000)).unwrap_or(0);
        state.scroll = state.scroll.saturating_add_signed(rows).min(1000);
        return;
    }
    let shown = state.rows();
    let Some(last) = shown.len().checked_sub(1) else { return };
    let index = state.selected_index().map_or(0, |index| index.saturating_add_signed(rows).min(last));
    let selected = shown[index].owner.clone();
    state.selected = Some(selected);
    state.chosen = true;
    state.hold_until = Some(state.now + HOLD);
    keep_in_sight(state, index);
}

/// Scrolls the table by as little as brings the row into sight.
fn keep_in_sight(state: &mut State, index: usize) {
    let page = state.page();
    state.top = state.top.clamp((index + 1).saturating_sub(page), index);
}

fn show_screen(state: &mut State, screen: Screen) {
    (state.screen, state.scroll, state.help) = (screen, 0, false);
}

fn open(state: &mut State) {
    if let Some(row) = state.selected_row() {
        state.screen = Screen::Tenant(row.owner.clone());
        state.scroll = 0;
    }
}

fn back(state: &mut State) {
    state.scroll = 0;
    if state.help {
        state.help = false;
    } else if state.screen != Screen::Tenants {
        state.screen = Screen::Tenants;
    } else if !state.filter.input.value().is_empty() {
        state.filter.input = Input::default();
        apply_filter(state);
    }
}

fn sort(state: &mut State, sort: Sort) {
    state.sort = sort;
    state.hold_until = None;
    reorder(state);
}

/// While the screen is paused the newest view is kept aside.
fn pause(state: &mut State) {
    if state.paused_at.take().is_some() {
        if let Some((view, detail)) = state.kept.take() {
            show(state, view, detail);
        }
    } else {
        state.paused_at = Some(state.now);
    }
}

fn take_view(state: &mut State, view: Arc<FleetView>, detail: Option<Arc<TenantDetail>>) -> Vec<Effect> {
    let newest = state.kept.as_ref().map(|(kept, _)| kept).or(state.view.as_ref());
    let rings = newest.is_some_and(|before| is_louder(before, &view));
    if state.paused_at.is_some() && state.view.is_some() {
        state.kept = Some((view, detail));
    } else {
        state.received = state.now;
        show(state, view, detail);
    }
    if rings { vec![Effect::Bell] } else { Vec::new() }
}

/// Whether something has turned orange or red since the view before.
fn is_louder(before: &FleetView, view: &FleetView) -> bool {
    let known_until = before.log.last().map(|change| change.at);
    let new = view.log.iter().filter(|change| Some(change.at) > known_until);
    new.into_iter().any(|change| change.level >= Level::Orange && change.level > change.previous)
}

fn show(state: &mut State, view: Arc<FleetView>, detail: Option<Arc<TenantDetail>>) {
    let held: Option<Vec<Owner>> = state.hold_until.map(|_| state.rows().iter().map(|row| row.owner.clone()).collect());
    state.view = Some(view);
    state.detail = detail;
    match held {
        Some(owners) => hold_order(state, &owners),
        None => reorder(state),
    }
}

/// Keeps rows where they are; new ones come last.
fn hold_order(state: &mut State, owners: &[Owner]) {
    let Some(view) = state.view.clone() else { return };
    let place = |owner: &Owner| owners.iter().position(|held| held == owner).unwrap_or(usize::MAX);
    state.order = shown_numbers(state, &view);
    state.order.sort_by_key(|&number| place(&view.tenants[number].owner));
    keep_selection(state);
}

fn reorder(state: &mut State) {
    let Some(view) = state.view.clone() else { return };
    let mut order = shown_numbers(state, &view);
    state.sort.apply(&mut order, &view.tenants);
    state.order = order;
    keep_selection(state);
}

fn shown_numbers(state: &State, view: &FleetView) -> Vec<usize> {
    let rows = view.tenants.iter().enumerate();
    rows.filter(|(_, row)| state.filter.applied.shows(row)).map(|(number, _)| number).collect()
}

/// The selection follows the row that the user chose; until one is chosen, and when it is gone, it is the first.
fn keep_selection(state: &mut State) {
    if !state.chosen || state.selected_index().is_none() {
        state.selected = state.rows().first().map(|row| row.owner.clone());
    }
    if let Some(index) = state.selected_index() {
        keep_in_sight(state, index);
    }
}

fn release_hold(state: &mut State) {
    if state.hold_until.is_some_and(|until| until <= state.now) {
        state.hold_until = None;
        reorder(state);
    }
}

fn edit_filter(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let request = match (key.code, control) {
        (KeyCode::Char('c'), true) => return vec![Effect::Quit(INTERRUPTED)],
        (KeyCode::Char('z'), true) => return vec![Effect::Suspend],
        (KeyCode::Enter, _) => {
            state.filter.editing = false;
            return Vec::new();
        }
        (KeyCode::Esc, _) => {
            state.filter.editing = false;
            state.filter.input = Input::default();
            apply_filter(state);
            return Vec::new();
        }
        (KeyCode::Char('u'), true) => InputRequest::DeleteLine,
        (KeyCode::Char('w'), true) => InputRequest::DeletePrevWord,
        (KeyCode::Char('a'), true) | (KeyCode::Home, _) => InputRequest::GoToStart,
        (KeyCode::Char('e'), true) | (KeyCode::End, _) => InputRequest::GoToEnd,
        (KeyCode::Char(letter), false) if !letter.is_control() => InputRequest::InsertChar(letter),
        (KeyCode::Backspace, _) => InputRequest::DeletePrevChar,
        (KeyCode::Delete, _) => InputRequest::DeleteNextChar,
        (KeyCode::Left, _) => InputRequest::GoToPrevChar,
        (KeyCode::Right, _) => InputRequest::GoToNextChar,
        _ => return Vec::new(),
    };
    state.filter.input.handle(request);
    apply_filter(state);
    Vec::new()
}

fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    if state.filter.editing {
        for letter in text.chars().filter(|letter| !letter.is_control()).take(200) {
            state.filter.input.handle(InputRequest::InsertChar(letter));
        }
        apply_filter(state);
    }
    Vec::new()
}

/// A filter that is not understood, or not typed to its end, hides nothing.
fn apply_filter(state: &mut State) {
    let read = Filter::parse(state.filter.input.value());
    state.filter.fault = read.as_ref().err().cloned();
    state.filter.applied = read.unwrap_or_default();
    state.top = 0;
    reorder(state);
}
