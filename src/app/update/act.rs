//! What each action does.

use jiff::{SignedDuration, Timestamp};

use crate::app::action::{Action, View};
use crate::app::list::RowKey;
use crate::app::order::Sort;
use crate::app::prompt::{Asking, Prompt};
use crate::app::range::Range;
use crate::app::state::{Screen, State};
use crate::app::update::{Effect, INTERRUPTED, copy, go, moves, say, views};
use crate::domain::event::{AlertKey, Subject};
use crate::respond::identity_of;

pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let page = state.page();
    match action {
        Action::Down => moves::step(state, 1),
        Action::Up => moves::step(state, -1),
        Action::HalfPageDown => moves::step(state, moves::signed(page / 2).max(1)),
        Action::HalfPageUp => moves::step(state, -moves::signed(page / 2).max(1)),
        Action::PageDown => moves::step(state, moves::signed(page)),
        Action::PageUp => moves::step(state, -moves::signed(page)),
        Action::Top => moves::step(state, isize::MIN),
        Action::Bottom => moves::step(state, isize::MAX),
        Action::NextMatch => moves::find(state, true),
        Action::PreviousMatch => moves::find(state, false),
        Action::Open => open(state),
        Action::Back => back(state),
        Action::LastView => last_view(state),
        Action::Show(view) => go(state, Screen::View(view)),
        Action::Why => why(state),
        Action::Filter => state.prompt = Some(Prompt::new(Asking::Filter)),
        Action::Palette => state.prompt = Some(Prompt::new(Asking::Command)),
        Action::Columns => state.picker = Some(0),
        Action::SortBy(column) => sort(state, state.list().sort.by(column)),
        Action::SortLeft => sort_beside(state, false),
        Action::SortRight => sort_beside(state, true),
        Action::Group => group(state),
        Action::Longer => range(state, state.range.longer()),
        Action::Shorter => range(state, state.range.shorter()),
        Action::UsualRange => range(state, Range::default()),
        Action::Pause => views::pause(state),
        Action::Help => (state.help, state.scroll) = (!state.help, 0),
        Action::Quit if state.help => state.help = false,
        _ => return effects(state, action),
    }
    Vec::new()
}

/// The actions that the world has a part in.
fn effects(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Earlier => travel(state, -1, 1),
        Action::Later => travel(state, 1, 1),
        Action::MuchEarlier => travel(state, -1, 60),
        Action::MuchLater => travel(state, 1, 60),
        Action::Live => travel_to(state, None),
        Action::Acknowledge => ask_about(state, Asking::Acknowledge),
        Action::Silence => ask_about(state, Asking::Silence),
        Action::Resend => resend(state),
        Action::Copy => copy::selected(state).map(Effect::Copy).into_iter().collect(),
        Action::Snapshot => vec![Effect::Snapshot(None)],
        Action::Mouse => {
            state.mouse = !state.mouse;
            say(state, if state.mouse { "mouse on: m gives it back to the terminal" } else { "mouse off" });
            vec![Effect::Mouse(state.mouse)]
        }
        Action::Refresh => vec![Effect::Refresh],
        Action::Redraw => vec![Effect::Redraw],
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit => vec![Effect::Quit(0)],
        Action::Interrupt => vec![Effect::Quit(INTERRUPTED)],
        _ => Vec::new(),
    }
}

/// One deeper: a tenant, then one of its profiles; an alert; what a line of the log is about.
fn open(state: &mut State) {
    let next = match (&state.screen, state.subject()) {
        (Screen::Tenant(owner), _) => {
            let view = state.view.as_deref();
            let row = view.and_then(|view| view.tenant(owner));
            row.and_then(|row| row.profiles.get(state.mark))
                .map(|profile| Screen::Profile(owner.clone(), profile.key.clone(), profile.tier))
        }
        (Screen::Alert(alert), _) => owner_of(alert).map(Screen::Tenant),
        (Screen::Profile(..), _) | (_, None) => None,
        (_, Some(RowKey::Owner(owner))) => Some(Screen::Tenant(owner)),
        (_, Some(RowKey::Profile(owner, key, tier))) => Some(Screen::Profile(owner, key, tier)),
        (_, Some(RowKey::Bill(name))) => tenant_named(state, &name),
        (_, Some(row)) => row.alert().cloned().map(Screen::Alert),
    };
    if let Some(screen) = next {
        go(state, screen);
    }
}

pub(super) fn tenant_named(state: &State, name: &str) -> Option<Screen> {
    let view = state.view.as_deref()?;
    let row = view.tenants.iter().find(|row| row.owner.name() == name)?;
    Some(Screen::Tenant(row.owner.clone()))
}

fn owner_of(alert: &AlertKey) -> Option<crate::domain::ids::Owner> {
    if let Subject::Owner(owner) = &alert.subject { Some(owner.clone()) } else { None }
}

/// The explanation of the loudest alert of what is selected.
fn why(state: &mut State) {
    let view = state.view.as_deref();
    let alert = match state.subject() {
        Some(RowKey::Owner(owner) | RowKey::Profile(owner, ..)) => {
            let row = view.and_then(|view| view.tenant(&owner));
            row.and_then(|row| row.signals.first()).map(|signal| AlertKey {
                subject: Subject::Owner(owner),
                signal: signal.signal,
                budget: signal.budget.clone(),
            })
        }
        row => row.and_then(|row| row.alert().cloned()),
    };
    match alert {
        Some(alert) => go(state, Screen::Alert(alert)),
        None => say(state, "nothing to explain here: no signal judges it"),
    }
}

fn back(state: &mut State) {
    state.scroll = 0;
    if state.help {
        state.help = false;
    } else if let Some(before) = state.trail.pop() {
        state.last = Some(std::mem::replace(&mut state.screen, before));
        views::reorder(state);
    } else if !state.list().filter.is_empty() {
        super::typing::set_filter(state, "");
    } else if state.screen != Screen::View(View::Tenants) {
        go(state, Screen::View(View::Tenants));
    }
}

fn last_view(state: &mut State) {
    if let Some(last) = state.last.take() {
        state.last = Some(std::mem::replace(&mut state.screen, last));
        state.trail.clear();
        if !matches!(state.screen, Screen::View(_)) {
            state.trail.push(Screen::default());
        }
        (state.scroll, state.help) = (0, false);
        views::reorder(state);
    }
}

fn sort(state: &mut State, sort: Sort) {
    state.list_mut().sort = sort;
    state.list_mut().hold_until = None;
    views::reorder(state);
}

fn sort_beside(state: &mut State, to_the_right: bool) {
    let column = state.list().sort.column.beside(state.shown_view(), to_the_right);
    sort(state, Sort { column, reversed: false });
}

fn group(state: &mut State) {
    state.grouping = state.grouping.next();
    let list = state.list_mut();
    (list.chosen, list.top) = (false, 0);
    views::reorder(state);
}

fn range(state: &mut State, range: Range) {
    state.range = range;
    say(state, format!("charts show {}", range.name()));
}

/// A number of steps of the data back or forth; forth beyond the newest is the present.
fn travel(state: &mut State, direction: i32, minutes: i64) -> Vec<Effect> {
    let Some(view) = &state.view else { return Vec::new() };
    let step = SignedDuration::from_secs(view.step.seconds().max(minutes * 60)) * direction;
    let from = state.moment.unwrap_or(view.at);
    let to = from.saturating_add(step).unwrap_or(from);
    if state.moment.is_none() && direction > 0 {
        return Vec::new();
    }
    let is_past = state.newest.is_none_or(|newest| to < newest);
    travel_to(state, is_past.then(|| view_step(state, to)))
}

/// Moments that are shown begin with a step of the data.
fn view_step(state: &State, at: Timestamp) -> Timestamp {
    state.view.as_ref().map_or(at, |view| view.step.floor(at))
}

pub(super) fn travel_to(state: &mut State, moment: Option<Timestamp>) -> Vec<Effect> {
    if state.moment == moment {
        return Vec::new();
    }
    views::resume(state);
    state.moment = moment;
    vec![Effect::Travel(moment)]
}

/// The dead letters about the selected alert are sent again.
fn resend(state: &mut State) -> Vec<Effect> {
    let Some(alert) = state.subject().and_then(|row| row.alert().cloned()) else {
        say(state, "no alert is selected");
        return Vec::new();
    };
    let fingerprint = identity_of(&alert);
    let dead = state.view.iter().flat_map(|view| view.outbox.dead_about(&fingerprint));
    let keys: Vec<String> = dead.map(|letter| letter.key.clone()).collect();
    match keys.len() {
        0 => say(state, "nothing about this alert is given up: there is nothing to send again"),
        count => say(state, format!("{count} sent again, under the same key")),
    }
    keys.into_iter().map(Effect::Resend).collect()
}

fn ask_about(state: &mut State, asking: fn(RowKey) -> Asking) -> Vec<Effect> {
    match state.subject() {
        Some(subject) => state.prompt = Some(Prompt::new(asking(subject))),
        None => say(state, "nothing is selected"),
    }
    Vec::new()
}
