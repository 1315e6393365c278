//! What the screen shows and where the user is in it.

use std::sync::Arc;
use std::time::Duration;

use tui_input::Input;

use crate::app::action::Place;
use crate::app::filter::Filter;
use crate::app::order::Sort;
use crate::domain::health::Health;
use crate::domain::ids::Owner;
use crate::domain::view::{FleetView, Mode, TenantDetail, TenantRow};

/// From this width on, the selected tenant is shown beside the table.
pub const WIDE: u16 = 160;
/// Below this size there are no regions, only the worst tenants.
const SMALLEST: (u16, u16) = (60, 14);
/// Rows of the screen that are not rows of the table, about.
const OTHER_ROWS: u16 = 12;
/// How long the order of rows holds still after a move.
pub const HOLD: Duration = Duration::from_secs(3);
/// How often ages on the screen are brought up to date.
const AGE_EVERY: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

/// Which screen is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// The table of tenants.
    #[default]
    Tenants,
    /// One tenant.
    Tenant(Owner),
    /// The scopes that are polled.
    Collector,
}

/// The filter as it is typed and as it holds.
#[derive(Clone, Debug, Default)]
pub struct FilterBox {
    /// The text.
    pub input: Input,
    /// Whether it is being typed.
    pub editing: bool,
    /// What is wrong with the text; everything is shown then.
    pub fault: Option<String>,
    pub(super) applied: Filter,
}

/// The state of the screen.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// What runs: `LIVE`, `DEMO x60`.
    pub mode_label: String,
    /// The view that is shown.
    pub view: Option<Arc<FleetView>>,
    /// The tenant in depth that is shown.
    pub detail: Option<Arc<TenantDetail>>,
    /// Which screen.
    pub screen: Screen,
    /// Whether the help lies over it.
    pub help: bool,
    /// The filter.
    pub filter: FilterBox,
    /// The order.
    pub sort: Sort,
    /// Who is selected.
    pub selected: Option<Owner>,
    /// The first row of the table on the screen; the drawing keeps the selection in sight.
    pub top: usize,
    /// How far the tenant's screen or the help is scrolled.
    pub scroll: u16,
    /// The size of the terminal: columns, rows.
    pub size: (u16, u16),
    pub(super) chosen: bool,
    pub(super) order: Vec<usize>,
    pub(super) hold_until: Option<Duration>,
    pub(super) paused_at: Option<Duration>,
    pub(super) kept: Option<(Arc<FleetView>, Option<Arc<TenantDetail>>)>,
    pub(super) received: Duration,
    pub(super) now: Duration,
}

impl State {
    /// The state at the start: nothing known yet.
    #[must_use]
    pub fn new(mode_label: &str, size: (u16, u16)) -> Self {
        Self { mode_label: mode_label.to_owned(), size, ..Self::default() }
    }

    /// How many rows of the table are on the screen, about.
    #[must_use]
    pub fn page(&self) -> usize {
        let others = if is_tiny(self.size) { 1 } else { OTHER_ROWS };
        usize::from(self.size.1.saturating_sub(others).max(1))
    }

    /// The rows that are shown, in order.
    #[must_use]
    pub fn rows(&self) -> Vec<&TenantRow> {
        let tenants = self.view.as_ref().map(|view| view.tenants.as_slice()).unwrap_or_default();
        self.order.iter().filter_map(|&number| tenants.get(number)).collect()
    }

    /// The place of the selected row among those shown.
    #[must_use]
    pub fn selected_index(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.rows().iter().position(|row| &row.owner == selected)
    }

    /// The selected row.
    #[must_use]
    pub fn selected_row(&self) -> Option<&TenantRow> {
        self.view.as_ref()?.tenant(self.selected.as_ref()?)
    }

    /// The owner whose detail is on the screen.
    #[must_use]
    pub fn watched(&self) -> Option<&Owner> {
        match &self.screen {
            Screen::Tenant(owner) => Some(owner),
            Screen::Tenants if self.size.0 >= WIDE => self.selected.as_ref(),
            Screen::Tenants | Screen::Collector => None,
        }
    }

    /// The detail, if it is that of the watched owner.
    #[must_use]
    pub fn watched_detail(&self) -> Option<&TenantDetail> {
        self.detail.as_deref().filter(|detail| Some(&detail.owner) == self.watched())
    }

    /// How long the screen has been paused; `None` if it is not.
    #[must_use]
    pub fn paused_for(&self) -> Option<Duration> {
        self.paused_at.map(|since| self.now.saturating_sub(since))
    }

    /// How long ago the view was made, where the time of the view is the wall's.
    #[must_use]
    pub fn since_view(&self) -> Duration {
        match self.view.as_ref().map(|view| view.mode) {
            Some(Mode::Live) => self.now.saturating_sub(self.received),
            _ => Duration::ZERO,
        }
    }

    /// Where the user is, for the table of actions.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.help || self.screen != Screen::Tenants { Place::Above } else { Place::Tenants }
    }

    /// When something on the screen changes by time alone; `None` if nothing does.
    #[must_use]
    pub fn next_wake(&self, now: Duration) -> Option<Duration> {
        let hold = self.hold_until.filter(|until| *until > now);
        let pause = self.paused_at.map(|since| next_multiple(since, SECOND, now));
        let is_live = self.view.as_ref().is_some_and(|view| view.mode == Mode::Live || view.health != Health::Ok);
        let age = is_live.then(|| next_multiple(self.received, AGE_EVERY, now));
        [hold, pause, age].into_iter().flatten().min()
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
