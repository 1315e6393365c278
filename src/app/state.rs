//! What the screen shows and where the user is in it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::action::{Place, View};
use crate::app::column::Column;
use crate::app::filter::Filter;
use crate::app::key::Key;
use crate::app::keymap::Keymap;
use crate::app::list::{Entry, Ground, List, RowKey};
use crate::app::money::{Bill, Grouping};
use crate::app::order::Sort;
use crate::app::prompt::Prompt;
use crate::app::range::Range;
use crate::domain::event::{AlertKey, Subject};
use crate::domain::health::Health;
use crate::domain::ids::{Owner, ProfileKey};
use crate::domain::level::Level;
use crate::domain::profile::ServiceTier;
use crate::domain::view::{FleetView, Focus, Mode, TenantDetail, TenantRow};

/// From this width on, what is selected is shown beside the list.
pub const WIDE: u16 = 160;
/// Below this size there are no regions, only the worst tenants.
const SMALLEST: (u16, u16) = (60, 14);
/// Rows of the screen that are not rows of the table, about.
const OTHER_ROWS: u16 = 12;
/// How long the order of rows holds still after a move.
pub const HOLD: Duration = Duration::from_secs(3);
/// How long a message stays.
pub(super) const MESSAGE: Duration = Duration::from_secs(5);
/// How long what is beside the list waits for the detail of what was selected last.
pub(super) const PATIENCE: Duration = Duration::from_millis(300);
/// How often ages on the screen are brought up to date.
const AGE_EVERY: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

/// Which screen is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Screen {
    /// One of the views.
    View(View),
    /// One tenant.
    Tenant(Owner),
    /// A profile's part of a tenant.
    Profile(Owner, ProfileKey, ServiceTier),
    /// One alert with its explanation.
    Alert(AlertKey),
}

impl Default for Screen {
    fn default() -> Self {
        Self::View(View::Tenants)
    }
}

impl Screen {
    /// The place it is, for the table of actions.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::View(view) => Place::On(*view),
            Self::Tenant(_) => Place::Tenant,
            Self::Profile(..) => Place::Profile,
            Self::Alert(_) => Place::Alert,
        }
    }
}

/// The state of the screen.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What runs: `LIVE`, `DEMO x60`.
    pub mode_label: String,
    /// What is to be said of the seat itself: attached, took over.
    pub note: Option<String>,
    /// The view that is shown.
    pub view: Option<Arc<FleetView>>,
    /// The tenant in depth that is shown.
    pub detail: Option<Arc<TenantDetail>>,
    /// What is shown beside the list: what is selected, once its detail is at hand.
    pub beside: Option<RowKey>,
    /// Which screen.
    pub screen: Screen,
    /// Whether the help lies over it.
    pub help: bool,
    /// The column that the picker of columns stands at, if it is open.
    pub picker: Option<usize>,
    /// The line that is being typed.
    pub prompt: Option<Prompt>,
    /// What was done, or why not.
    pub message: Option<String>,
    /// The columns of the table of tenants that are wanted.
    pub columns: Vec<Column>,
    /// By what money is told apart.
    pub grouping: Grouping,
    /// How far back charts reach.
    pub range: Range,
    /// The moment that is asked for; the view tells which one is shown.
    pub moment: Option<Timestamp>,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Which key does what.
    pub keymap: Arc<Keymap>,
    /// How far a screen without a list is scrolled.
    pub scroll: u16,
    /// Which profile is marked on the screen of a tenant.
    pub mark: usize,
    /// The size of the terminal: columns, rows.
    pub size: (u16, u16),
    /// Commands that were typed before, the oldest first.
    pub history: Vec<String>,
    /// How many rows stand at each level, in the order of [`Level::ALL`].
    pub counts: [usize; Level::ALL.len()],
    /// The lines of the chargeback, while they are shown.
    pub bills: Vec<Bill>,
    /// What is shown at all: `--tenant`.
    pub(super) base: Filter,
    pub(super) lists: [List; View::ALL.len()],
    pub(super) trail: Vec<Screen>,
    pub(super) last: Option<Screen>,
    pub(super) waiting: Option<Key>,
    /// What was last looked for, for `n` and `N`.
    pub(super) sought: Filter,
    /// The instant of the newest view of the present.
    pub newest: Option<Timestamp>,
    pub(super) message_until: Option<Duration>,
    pub(super) paused_at: Option<Duration>,
    pub(super) kept: Option<(Arc<FleetView>, Option<Arc<TenantDetail>>)>,
    pub(super) received: Duration,
    /// When the detail that is watched was asked for.
    pub(super) asked: Duration,
    pub(super) now: Duration,
}

impl State {
    /// The state at the start: nothing known yet.
    #[must_use]
    pub fn new(mode_label: &str, size: (u16, u16)) -> Self {
        let lists = View::ALL.map(|view| List { sort: Sort::first(view), ..List::default() });
        let columns = Column::OF_TENANTS.to_vec();
        Self { mode_label: mode_label.to_owned(), size, lists, columns, ..Self::default() }
    }

    /// Starts on this view, with these tenants only.
    #[must_use]
    pub fn starting_at(mut self, view: View, only: Filter) -> Self {
        self.screen = Screen::View(view);
        self.base = only;
        self
    }

    /// The same in a terminal of this size.
    #[must_use]
    pub fn sized(mut self, size: (u16, u16)) -> Self {
        self.size = size;
        self
    }

    /// How many rows of the list are on the screen, about.
    #[must_use]
    pub fn page(&self) -> usize {
        let others = if is_tiny(self.size) { 1 } else { OTHER_ROWS };
        usize::from(self.size.1.saturating_sub(others).max(1))
    }

    /// The view whose list is shown, or lies below.
    #[must_use]
    pub fn shown_view(&self) -> View {
        let of = |screen: &Screen| if let Screen::View(view) = screen { Some(*view) } else { None };
        of(&self.screen).or_else(|| self.trail.iter().rev().find_map(of)).unwrap_or_default()
    }

    /// Its list.
    #[must_use]
    pub fn list(&self) -> &List {
        &self.lists[self.shown_view() as usize]
    }

    pub(super) fn list_mut(&mut self) -> &mut List {
        &mut self.lists[self.shown_view() as usize]
    }

    /// The tenant rows that are shown, in order, from the n-th on.
    pub fn tenants_from(&self, first: usize) -> impl Iterator<Item = &TenantRow> {
        let view = self.view.as_deref();
        let entries = self.list().entries().iter().skip(first);
        entries.filter_map(move |entry| entry.tenant(view?))
    }

    /// How many rows the list has.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.list().entries().len()
    }

    /// The selected row.
    #[must_use]
    pub fn selected_entry(&self) -> Option<Entry> {
        let list = self.list();
        list.index().and_then(|index| list.entries().get(index)).copied()
    }

    /// The tenant that the selected row is, or belongs to.
    #[must_use]
    pub fn selected_tenant(&self) -> Option<&TenantRow> {
        let view = self.view.as_deref()?;
        self.selected_entry()?.tenant(view)
    }

    /// The alert that the selected row is about.
    #[must_use]
    pub fn selected_alert(&self) -> Option<&AlertKey> {
        self.list().selected.as_ref()?.alert()
    }

    /// Whose detail is on the screen, and how far back.
    #[must_use]
    pub fn watched(&self) -> Option<Focus> {
        let (owner, profile) = match &self.screen {
            Screen::Tenant(owner) | Screen::Alert(AlertKey { subject: Subject::Owner(owner), .. }) => (owner, None),
            Screen::Profile(owner, key, tier) => (owner, Some((key.clone(), *tier))),
            Screen::View(View::Tenants) if self.size.0 >= WIDE => (&self.selected_tenant()?.owner, None),
            Screen::View(View::Alerts) if self.size.0 >= WIDE => match &self.selected_alert()?.subject {
                Subject::Owner(owner) => (owner, None),
                _ => return None,
            },
            Screen::View(_) | Screen::Alert(_) => return None,
        };
        Some(Focus { owner: owner.clone(), profile, reach: self.range.length() })
    }

    /// The alert about no tenant that is on the screen, to be explained.
    #[must_use]
    pub fn watched_alert(&self) -> Option<&AlertKey> {
        let alert = match &self.screen {
            Screen::Alert(alert) => Some(alert),
            Screen::View(View::Alerts) if self.size.0 >= WIDE => self.selected_alert(),
            _ => None,
        };
        alert.filter(|alert| !matches!(alert.subject, Subject::Owner(_)))
    }

    /// The detail, if it is that of what is watched; for a while it may still be that of another range.
    #[must_use]
    pub fn watched_detail(&self) -> Option<&TenantDetail> {
        let watched = self.watched()?;
        let is_watched = |detail: &&TenantDetail| detail.owner == watched.owner && detail.profile == watched.profile;
        self.detail.as_deref().filter(is_watched)
    }

    /// The detail of a tenant as a whole, if it is the one that is at hand.
    #[must_use]
    pub fn detail_of(&self, owner: &Owner) -> Option<&TenantDetail> {
        self.detail.as_deref().filter(|detail| &detail.owner == owner && detail.profile.is_none())
    }

    /// How long the screen has been paused; `None` if it is not.
    #[must_use]
    pub fn paused_for(&self) -> Option<Duration> {
        self.paused_at.map(|since| self.now.saturating_sub(since))
    }

    /// How long ago the view was made, where the time of the view is the wall's.
    #[must_use]
    pub fn since_view(&self) -> Duration {
        match self.view.as_ref().map(|view| (view.mode, view.is_past)) {
            Some((Mode::Live, false)) => self.now.saturating_sub(self.received),
            _ => Duration::ZERO,
        }
    }

    /// How many rows stand at a level.
    #[must_use]
    pub fn count_at(&self, level: Level) -> usize {
        Level::ALL.iter().position(|known| *known == level).map_or(0, |place| self.counts[place])
    }

    /// Where the user is, for the table of actions.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.help { Place::Help } else { self.screen.place() }
    }

    /// Whether rows can be selected here.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        !self.help && matches!(self.screen, Screen::View(view) if view != View::Collector && view != View::Pools)
    }

    /// What the user means: the selected row, or what the screen is about.
    #[must_use]
    pub fn subject(&self) -> Option<RowKey> {
        match &self.screen {
            Screen::View(_) => self.list().selected.clone(),
            Screen::Tenant(owner) | Screen::Profile(owner, ..) => Some(RowKey::Owner(owner.clone())),
            Screen::Alert(alert) => Some(RowKey::Alert(alert.clone())),
        }
    }

    pub(super) fn ground(&self) -> Option<Ground<'_>> {
        self.view.as_deref().map(|view| Ground { view, bills: &self.bills })
    }

    /// When something on the screen changes by time alone; `None` if nothing does.
    #[must_use]
    pub fn next_wake(&self, now: Duration) -> Option<Duration> {
        let hold = self.list().hold_until.filter(|until| *until > now);
        let message = self.message_until.filter(|until| *until > now);
        let beside =
            (self.beside != self.list().selected).then_some(self.asked + PATIENCE).filter(|until| *until > now);
        let pause = self.paused_at.map(|since| next_multiple(since, SECOND, now));
        let is_live = self.view.as_ref().is_some_and(|view| view.mode == Mode::Live || view.health != Health::Ok);
        let age = is_live.then(|| next_multiple(self.received, AGE_EVERY, now));
        [hold, message, beside, pause, age].into_iter().flatten().min()
    }
}

/// Whether a size has no room for regions.
#[must_use]
pub fn is_tiny((width, height): (u16, u16)) -> bool {
    width < SMALLEST.0 || height < SMALLEST.1
}

/// The first instant after `now` that is a whole number of steps after `since`.
fn next_multiple(since: Duration, step: Duration, now: Duration) -> Duration {
    let passed = now.saturating_sub(since).as_millis() / step.as_millis().max(1);
    since + step * (u32::try_from(passed).unwrap_or(u32::MAX - 1) + 1)
}
