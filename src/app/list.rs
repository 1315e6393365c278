//! The rows of the lists: which there are, in which order, and which one is selected.
//!
//! A selection is the identity of a row, never its place. Rows are numbers into the view, so that a list of ten
//! thousand costs little to sort and nothing to keep.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::action::View;
use crate::app::filter::rows::{Dated, OfTenant};
use crate::app::filter::{Filter, Filterable};
use crate::app::money::Bill;
use crate::app::order::{self, Sort};
use crate::app::prompt::FilterBox;
use crate::domain::action::SilenceId;
use crate::domain::event::AlertKey;
use crate::domain::ids::{Owner, ProfileKey};
use crate::domain::matcher::{Matcher, Matchers};
use crate::domain::profile::ServiceTier;
use crate::domain::view::FleetView;

/// What a row of a list is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A tenant.
    Owner(Owner),
    /// A profile's part of a tenant.
    Profile(Owner, ProfileKey, ServiceTier),
    /// An alert that stands.
    Alert(AlertKey),
    /// An entry of the log.
    Change(Timestamp, AlertKey),
    /// A silence that holds.
    Silence(SilenceId),
    /// What a person did, or came of telling someone: when, about which alert, and in words.
    Event(Timestamp, Option<AlertKey>, String),
    /// A line of the chargeback.
    Bill(String),
}

impl RowKey {
    /// What fits the alerts that a row is about; `None` where it is about none.
    #[must_use]
    pub fn matchers(&self) -> Option<Matchers> {
        match self {
            Self::Owner(owner) | Self::Profile(owner, ..) => {
                Some(Matchers(vec![Matcher::exactly("tenant", owner.name())]))
            }
            Self::Alert(_) | Self::Change(..) | Self::Event(..) => self.alert().map(Matchers::of),
            Self::Silence(_) | Self::Bill(_) => None,
        }
    }

    /// The one alert that a row is about.
    #[must_use]
    pub fn alert(&self) -> Option<&AlertKey> {
        match self {
            Self::Alert(alert) | Self::Change(_, alert) | Self::Event(_, Some(alert), _) => Some(alert),
            Self::Owner(_) | Self::Profile(..) | Self::Silence(_) | Self::Event(..) | Self::Bill(_) => None,
        }
    }
}

/// Where a row of a list is found in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The n-th tenant.
    Tenant(usize),
    /// The n-th profile of the n-th tenant.
    Profile(usize, usize),
    /// The n-th alert that stands.
    Alert(usize),
    /// The n-th silence.
    Silence(usize),
    /// The n-th change of level in the log.
    Change(usize),
    /// The n-th of what was done, sent, or held back.
    Event(usize),
    /// The n-th line of the chargeback.
    Bill(usize),
}

/// What entries point into.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub view: &'a FleetView,
    pub bills: &'a [Bill],
}

/// A list as the user left it.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// What is shown of it.
    pub filter: FilterBox,
    /// Its order.
    pub sort: Sort,
    /// What is selected.
    pub selected: Option<RowKey>,
    /// The first row on the screen; the drawing keeps the selection in sight.
    pub top: usize,
    pub(super) order: Vec<Entry>,
    /// The place of the selected row in the order.
    pub(super) index: Option<usize>,
    /// Whether the user chose it; until then it is the first.
    pub(super) chosen: bool,
    pub(super) hold_until: Option<Duration>,
}

impl Entry {
    /// The identity of the row.
    pub(super) fn key(self, ground: Ground<'_>) -> Option<RowKey> {
        let view = ground.view;
        Some(match self {
            Self::Tenant(number) => RowKey::Owner(view.tenants.get(number)?.owner.clone()),
            Self::Profile(tenant, number) => {
                let row = view.tenants.get(tenant)?;
                let profile = row.profiles.get(number)?;
                RowKey::Profile(row.owner.clone(), profile.key.clone(), profile.tier)
            }
            Self::Alert(number) => RowKey::Alert(view.alerts.get(number)?.alert.clone()),
            Self::Silence(number) => RowKey::Silence(view.silences.get(number)?.silence.id.clone()),
            Self::Event(number) => {
                let entry = view.events.get(number)?;
                RowKey::Event(entry.at, entry.what.alert().cloned(), entry.what.words())
            }
            Self::Change(number) => {
                let change = view.log.get(number)?;
                RowKey::Change(change.at, change.alert.clone())
            }
            Self::Bill(number) => RowKey::Bill(ground.bills.get(number)?.name.clone()),
        })
    }

    /// Whether it is the row of this identity; without making one.
    fn is(self, key: &RowKey, ground: Ground<'_>) -> bool {
        match (self, key) {
            (Self::Tenant(number), RowKey::Owner(owner)) => {
                ground.view.tenants.get(number).is_some_and(|row| &row.owner == owner)
            }
            (Self::Tenant(_), _) | (_, RowKey::Owner(_)) => false,
            (entry, key) => entry.key(ground).as_ref() == Some(key),
        }
    }

    /// What a filter sees of it.
    fn look<T>(self, ground: Ground<'_>, see: impl FnOnce(&dyn Filterable) -> T) -> Option<T> {
        let view = ground.view;
        match self {
            Self::Tenant(number) => view.tenants.get(number).map(|row| see(row)),
            Self::Profile(tenant, number) => {
                let row = view.tenants.get(tenant)?;
                row.profiles.get(number).map(|profile| see(&OfTenant(row, profile)))
            }
            Self::Alert(number) => view.alerts.get(number).map(|row| see(&Dated(row, view.at))),
            Self::Silence(number) => view.silences.get(number).map(|row| see(&Dated(row, view.at))),
            Self::Change(number) => view.log.get(number).map(|change| see(&Dated(change, view.at))),
            Self::Event(number) => view.events.get(number).map(|entry| see(&Dated(entry, view.at))),
            Self::Bill(number) => ground.bills.get(number).map(|bill| see(bill)),
        }
    }

    /// Whether a filter shows it.
    pub(super) fn is_shown(self, filter: &Filter, ground: Ground<'_>) -> bool {
        filter.is_empty() || self.look(ground, |row| filter.shows(row)).unwrap_or(false)
    }

    /// Whether it holds a word of the filter.
    pub(super) fn is_found(self, filter: &Filter, ground: Ground<'_>) -> bool {
        self.look(ground, |row| filter.finds(row)).unwrap_or(false)
    }
}

impl List {
    /// The rows that are shown, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.order
    }

    /// The identities of the rows, in order.
    #[cfg(test)]
    pub(crate) fn keys(&self, state: &crate::app::State) -> Vec<RowKey> {
        let ground = state.ground();
        self.order.iter().filter_map(|entry| entry.key(ground?)).collect()
    }

    /// The place of the selected row.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// Takes the rows of a view, sorted.
    pub(super) fn take(&mut self, view: View, base: &Filter, ground: Ground<'_>) {
        let is_shown = |entry: &Entry| entry.is_shown(base, ground) && entry.is_shown(&self.filter.applied, ground);
        self.order = order::entries(view, ground).filter(is_shown).collect();
        self.sort.apply(view, &mut self.order, ground);
        self.keep_selection(ground);
    }

    /// Takes the rows of a view and keeps them where they were; new ones come last.
    pub(super) fn take_in_place(
        &mut self,
        view: View,
        base: &Filter,
        ground: Ground<'_>,
        places: &HashMap<RowKey, usize>,
    ) {
        self.take(view, base, ground);
        let place = |entry: &Entry| entry.key(ground).and_then(|key| places.get(&key).copied()).unwrap_or(usize::MAX);
        self.order.sort_by_cached_key(place);
        self.keep_selection(ground);
    }

    /// The identities of the rows as they stand.
    pub(super) fn places(&self, ground: Ground<'_>) -> HashMap<RowKey, usize> {
        let keys = self.order.iter().enumerate().filter_map(|(place, entry)| Some((entry.key(ground)?, place)));
        keys.collect()
    }

    /// The selection follows the row that the user chose; until one is chosen, and when it is gone, it is the first.
    pub(super) fn keep_selection(&mut self, ground: Ground<'_>) {
        let find = |key: &RowKey| self.order.iter().position(|entry| entry.is(key, ground));
        self.index = self.selected.as_ref().filter(|_| self.chosen).and_then(find);
        if self.index.is_none() {
            self.selected = self.order.first().and_then(|entry| entry.key(ground));
            self.index = self.selected.as_ref().map(|_| 0);
        }
    }

    /// Selects the n-th row.
    pub(super) fn select(&mut self, index: usize, ground: Ground<'_>) {
        let Some(last) = self.order.len().checked_sub(1) else { return };
        let index = index.min(last);
        self.selected = self.order[index].key(ground);
        self.index = Some(index);
        self.chosen = true;
    }

    /// Scrolls by as little as brings the selected row into sight.
    pub(super) fn keep_in_sight(&mut self, page: usize) {
        if let Some(index) = self.index {
            self.top = self.top.clamp((index + 1).saturating_sub(page.max(1)), index);
        }
    }
}
