//! Lines that are typed: filters, commands, notes.

use crossterm::event::KeyEvent;
use tui_input::{Input, InputRequest};

use crate::app::command::{self, Command, Moment};
use crate::app::prompt::{Asking, Edit, Prompt, edit as edit_of};
use crate::app::state::State;
use crate::app::update::act::{tenant_named, travel_to};
use crate::app::update::{Effect, INTERRUPTED, act, go, say, views};

/// The longest text that is taken from a paste.
const LONGEST_PASTE: usize = 200;
/// How many commands are remembered.
const REMEMBERED: usize = 50;

pub(super) fn edit(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    match edit_of(key) {
        Edit::Interrupt => return vec![Effect::Quit(INTERRUPTED)],
        Edit::Suspend => return vec![Effect::Suspend],
        Edit::Accept => return accept(state),
        Edit::Cancel => cancel(state),
        Edit::Complete => complete(state, true),
        Edit::CompleteBack => complete(state, false),
        Edit::Recall => recall(state, 1),
        Edit::RecallBack => recall(state, -1),
        Edit::Change(request) => change(state, request),
        Edit::Nothing => {}
    }
    Vec::new()
}

pub(super) fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    if state.prompt.is_some() {
        for letter in text.chars().filter(|letter| !letter.is_control()).take(LONGEST_PASTE) {
            change(state, InputRequest::InsertChar(letter));
        }
    }
    Vec::new()
}

fn is_filter(state: &State) -> bool {
    state.prompt.as_ref().is_some_and(|prompt| prompt.asking == Asking::Filter)
}

fn change(state: &mut State, request: InputRequest) {
    if is_filter(state) {
        state.list_mut().filter.input.handle(request);
        apply_filter(state);
    } else if let Some(prompt) = &mut state.prompt {
        prompt.input.handle(request);
        (prompt.fault, prompt.taken, prompt.recalled) = (None, None, 0);
        offer(state);
    }
}

fn apply_filter(state: &mut State) {
    let list = state.list_mut();
    list.filter.apply();
    list.top = 0;
    views::reorder(state);
}

/// Sets the filter of the list.
pub(super) fn set_filter(state: &mut State, text: &str) {
    state.list_mut().filter.input = Input::new(text.to_owned());
    apply_filter(state);
}

fn cancel(state: &mut State) {
    if is_filter(state) {
        set_filter(state, "");
    }
    state.prompt = None;
}

/// What the command may be completed to.
fn offer(state: &mut State) {
    let Some(prompt) = &state.prompt else { return };
    if prompt.asking != Asking::Command {
        return;
    }
    let tenants = state.view.iter().flat_map(|view| view.tenants.iter().map(|row| row.owner.name()));
    let completions = command::completions(prompt.input.value(), tenants);
    if let Some(prompt) = &mut state.prompt {
        prompt.completions = completions;
    }
}

fn complete(state: &mut State, forth: bool) {
    if state.prompt.as_ref().is_some_and(|prompt| prompt.completions.is_empty()) {
        offer(state);
    }
    let Some(prompt) = &mut state.prompt else { return };
    let count = prompt.completions.len();
    if count == 0 {
        return;
    }
    let next = match prompt.taken {
        Some(taken) if forth => (taken + 1) % count,
        Some(taken) => (taken + count - 1) % count,
        None if forth => 0,
        None => count - 1,
    };
    prompt.taken = Some(next);
    let text = prompt.completions[next].clone();
    prompt.set(&text);
}

fn recall(state: &mut State, step: isize) {
    let history = state.history.clone();
    let Some(prompt) = &mut state.prompt else { return };
    if prompt.asking != Asking::Command {
        return;
    }
    prompt.recalled = prompt.recalled.saturating_add_signed(step).min(history.len());
    let text = history.len().checked_sub(prompt.recalled).and_then(|place| history.get(place));
    prompt.set(text.map_or("", String::as_str));
}

fn accept(state: &mut State) -> Vec<Effect> {
    let Some(prompt) = state.prompt.take() else { return Vec::new() };
    let text = prompt.input.value().trim().to_owned();
    match &prompt.asking {
        Asking::Filter => {
            state.sought = state.list().filter.applied.clone();
            Vec::new()
        }
        Asking::Acknowledge(subject) => vec![Effect::Acknowledge(subject.clone(), text)],
        Asking::Silence(subject) => match command::silence(&text) {
            Ok((length, comment)) => vec![Effect::Silence(subject.clone(), length, comment)],
            Err(fault) => refuse(state, prompt, fault),
        },
        Asking::Command if text.is_empty() => Vec::new(),
        Asking::Command => run(state, prompt, &text),
    }
}

/// The line stays, with what is wrong with it.
fn refuse(state: &mut State, prompt: Prompt, fault: String) -> Vec<Effect> {
    state.prompt = Some(Prompt { fault: Some(fault), ..prompt });
    Vec::new()
}

fn run(state: &mut State, prompt: Prompt, text: &str) -> Vec<Effect> {
    let view = state.view.clone();
    let moment = Moment {
        now: state.newest.or(view.as_ref().map(|view| view.at)).unwrap_or_default(),
        zone: view.as_ref().map_or("UTC", |view| view.zone.as_str()),
    };
    match command::parse(text, moment) {
        Err(fault) => refuse(state, prompt, fault),
        Ok(command) => {
            state.history.retain(|known| known != text);
            state.history.push(text.to_owned());
            let surplus = state.history.len().saturating_sub(REMEMBERED);
            state.history.drain(..surplus);
            let mut effects = vec![Effect::Keep];
            effects.extend(obey(state, command));
            effects
        }
    }
}

fn obey(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::Do(action) => return act(state, action),
        Command::At(moment) => {
            let moment = state.view.as_ref().map_or(moment, |view| view.step.floor(moment));
            return travel_to(state, Some(moment));
        }
        Command::Filter(text) => set_filter(state, &text),
        Command::Tenant(name) => match tenant_named(state, &name) {
            Some(screen) => go(state, screen),
            None => say(state, format!("no tenant is called {name}")),
        },
        Command::Snapshot(file) => return vec![Effect::Snapshot(file)],
        Command::Acknowledge(note) => match state.subject() {
            Some(subject) => return vec![Effect::Acknowledge(subject, note)],
            None => say(state, "nothing is selected"),
        },
        Command::Silence(length, comment) => match state.subject() {
            Some(subject) => return vec![Effect::Silence(subject, length, comment)],
            None => say(state, "nothing is selected"),
        },
    }
    Vec::new()
}
