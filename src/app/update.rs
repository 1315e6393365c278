//! The one function that changes the state.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, KeyEventKind};
use jiff::{SignedDuration, Timestamp};

use crate::app::action::Action;
use crate::app::keymap::Meaning;
use crate::app::list::RowKey;
use crate::app::state::{MESSAGE, PATIENCE, Screen, State};
use crate::domain::event::AlertKey;
use crate::domain::view::{FleetView, Focus, TenantDetail};

mod act;
mod columns;
mod copy;
mod moves;
mod typing;
mod views;

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
    /// The wheel was turned by so many rows.
    Scroll(isize),
    /// The n-th row of the list was clicked.
    Click(usize),
    /// Something was done outside, or could not be.
    Done(String),
    /// There is something to be said of the seat itself: attached, took over.
    Note(Option<String>),
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
    /// Send this detail with every view, or none.
    Watch(Option<Focus>),
    /// Explain this alert, which is about no tenant, with every view, or none.
    Explain(Option<AlertKey>),
    /// Show this moment, or the present.
    Travel(Option<Timestamp>),
    /// Poll now.
    Refresh,
    /// Something turned orange or red.
    Bell,
    /// Take this text to the clipboard.
    Copy(String),
    /// Write the screen to this file, or to files of a name of their own.
    Snapshot(Option<String>),
    /// Take the mouse, or leave it.
    Mouse(bool),
    /// Keep the columns and the commands for the next time.
    Keep,
    /// Look after this, with a note.
    Acknowledge(RowKey, String),
    /// Silence this for a time, for a reason.
    Silence(RowKey, SignedDuration, String),
    /// Send the letter of this key again.
    Resend(String),
}

/// Takes an event at `now` (since the program began); gives what should be done about it.
pub fn update(state: &mut State, event: Event, now: Duration) -> Vec<Effect> {
    state.now = now;
    let (watched, explained) = (state.watched(), state.watched_alert().cloned());
    let mut effects = match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Event::Key(key) => press(state, key),
        Event::Paste(text) => typing::paste(state, &text),
        Event::Resize(width, height) => {
            state.size = (width, height);
            Vec::new()
        }
        Event::View { view, detail } => views::take(state, view, detail),
        Event::Scroll(rows) => {
            moves::step(state, rows);
            Vec::new()
        }
        Event::Click(row) => moves::click(state, row),
        Event::Done(text) => {
            say(state, text);
            Vec::new()
        }
        Event::Note(note) => {
            state.note = note;
            Vec::new()
        }
        Event::Tick => Vec::new(),
    };
    views::release_hold(state);
    if state.message_until.is_some_and(|until| until <= state.now) {
        (state.message, state.message_until) = (None, None);
    }
    let watched_now = state.watched();
    if watched_now != watched {
        state.asked = state.now;
        effects.push(Effect::Watch(watched_now));
    }
    if state.watched_alert() != explained.as_ref() {
        effects.push(Effect::Explain(state.watched_alert().cloned()));
    }
    settle(state);
    effects
}

/// What is beside the list stays until the detail of what is selected now is at hand, so that it changes once; it does
/// not wait for long.
fn settle(state: &mut State) {
    let is_at_hand = state.watched().is_none() || state.watched_detail().is_some();
    if is_at_hand || state.now >= state.asked + PATIENCE {
        state.beside = state.list().selected.clone();
    }
}

/// A key goes to what lies on top: a line that is typed, the picker of columns, the screen.
fn press(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    if state.prompt.is_some() {
        return typing::edit(state, key);
    }
    if state.picker.is_some() {
        return columns::pick(state, key);
    }
    let waiting = state.waiting.take();
    match state.keymap.clone().meaning(waiting, &key, state.place()) {
        Meaning::Does(action) => act::act(state, action),
        Meaning::Begins => {
            state.waiting = Some(crate::app::key::Key::of(&key));
            Vec::new()
        }
        Meaning::Nothing => Vec::new(),
    }
}

/// Does something by its name.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    act::act(state, action)
}

/// Shows a message for a while.
fn say(state: &mut State, text: impl Into<String>) {
    state.message = Some(text.into());
    state.message_until = Some(state.now + MESSAGE);
}

/// Goes to a screen, from which one can come back.
fn go(state: &mut State, screen: Screen) {
    if state.screen == screen {
        return;
    }
    let before = std::mem::replace(&mut state.screen, screen);
    state.last = Some(before.clone());
    if matches!(state.screen, Screen::View(_)) {
        state.trail.clear();
    } else {
        state.trail.push(before);
    }
    (state.scroll, state.help) = (0, false);
    views::reorder(state);
}
