//! Views that come in, and the order of rows.

use std::sync::Arc;

use crate::app::action::View;
use crate::app::filter::Filter;
use crate::app::list::{Ground, List};
use crate::app::money;
use crate::app::state::{Screen, State};
use crate::app::update::Effect;
use crate::domain::level::Level;
use crate::domain::view::{FleetView, TenantDetail};

/// While the screen is paused the newest view is kept aside.
pub(super) fn pause(state: &mut State) {
    if state.paused_at.is_some() {
        resume(state);
    } else {
        state.paused_at = Some(state.now);
    }
}

/// Goes on with the newest view.
pub(super) fn resume(state: &mut State) {
    if state.paused_at.take().is_some()
        && let Some((view, detail)) = state.kept.take()
    {
        show(state, view, detail);
    }
}

pub(super) fn take(state: &mut State, view: Arc<FleetView>, detail: Option<Arc<TenantDetail>>) -> Vec<Effect> {
    let newest = state.kept.as_ref().map(|(kept, _)| kept).or(state.view.as_ref());
    let rings = !view.is_past && newest.is_some_and(|before| !before.is_past && is_louder(before, &view));
    if !view.is_past {
        state.newest = Some(view.at);
    }
    // All panes show one moment: another one may have gone there.
    let has_arrived = state.view.as_ref().is_some_and(|shown| shown.is_past);
    if view.is_past || has_arrived {
        state.moment = view.is_past.then_some(view.at);
    }
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
    let places = state.list().hold_until.and_then(|_| state.ground().map(|ground| state.list().places(ground)));
    state.counts = counts(&view);
    state.view = Some(view);
    // What was asked for a moment ago comes with the next one; until then the last one stays.
    if detail.is_some() || state.watched().is_none() {
        state.detail = detail;
    }
    order(state, |list, view, base, ground| match &places {
        Some(places) => list.take_in_place(view, base, ground, places),
        None => list.take(view, base, ground),
    });
}

fn counts(view: &FleetView) -> [usize; Level::ALL.len()] {
    let mut counts = [0; Level::ALL.len()];
    for row in &view.tenants {
        if let Some(place) = Level::ALL.iter().position(|level| *level == row.level) {
            counts[place] += 1;
        }
    }
    counts
}

/// Sorts the rows of the list that is shown.
pub(super) fn reorder(state: &mut State) {
    order(state, List::take);
}

fn order(state: &mut State, take: impl FnOnce(&mut List, View, &Filter, Ground<'_>)) {
    let (Some(fleet), shown, page) = (state.view.clone(), state.shown_view(), state.page()) else { return };
    state.bills = if shown == View::Money { money::bills(&fleet, state.grouping) } else { Vec::new() };
    let mut list = std::mem::take(state.list_mut());
    take(&mut list, shown, &state.base, Ground { view: &fleet, bills: &state.bills });
    list.keep_in_sight(page);
    *state.list_mut() = list;
    if let Screen::Tenant(owner) = &state.screen {
        let profiles = fleet.tenant(owner).map_or(0, |row| row.profiles.len());
        state.mark = state.mark.min(profiles.saturating_sub(1));
    } else {
        state.mark = 0;
    }
}

pub(super) fn release_hold(state: &mut State) {
    if state.list().hold_until.is_some_and(|until| until <= state.now) {
        state.list_mut().hold_until = None;
        reorder(state);
    }
}
