//! Where the regions lie, by the size of the terminal.
//!
//! ```text
//! header      two lines
//! banner      what is wrong with data or store, if anything is
//! body        the list, with the selected tenant or alert beside it from 160 columns on
//! log         the newest changes of level
//! footer      keys, or the filter that is being typed
//! ```

use ratatui::layout::Rect;

use crate::app::State;
use crate::app::action::View;
use crate::app::state::{Screen, WIDE, is_tiny};
use crate::ui::banner;

/// Lines of the log, its title included, by the height of the screen.
const LOG_LINES: [(u16, u16); 3] = [(40, 9), (28, 6), (20, 4)];
/// How wide the table is at least when something is beside it, and in percent of the screen.
const TABLE_BESIDE: (u16, u16) = (112, 62);

/// The regions.
pub(super) struct Layout {
    pub is_tiny: bool,
    pub header: Rect,
    pub banner: Rect,
    pub body: Rect,
    pub side: Option<Rect>,
    pub log: Rect,
    pub footer: Rect,
}

impl Layout {
    /// What lies above the footer.
    pub(super) fn above_footer(&self, area: Rect) -> Rect {
        Rect { height: area.height - self.footer.height, ..area }
    }

    /// The regions of an area.
    pub(super) fn of(state: &State, area: Rect) -> Self {
        let log_lines = LOG_LINES.iter().find(|(height, _)| area.height >= *height).map_or(0, |(_, lines)| *lines);
        let log_lines = if is_home(state) { log_lines } else { 0 };
        let banner_lines = banner::lines(state, area.width).min(area.height / 4);
        let mut rest = area;
        let header = take_top(&mut rest, 2);
        let banner = take_top(&mut rest, banner_lines);
        let footer = take_bottom(&mut rest, 1);
        let log = take_bottom(&mut rest, log_lines);
        let has_side = is_home(state) || is_alerts(state) && state.selected_alert().is_some();
        let is_wide = area.width >= WIDE && has_side && state.row_count() > 0;
        let side =
            is_wide.then(|| take_right(&mut rest, area.width - TABLE_BESIDE.0.max(area.width / 100 * TABLE_BESIDE.1)));
        Self { is_tiny: is_tiny((area.width, area.height)), header, banner, body: rest, side, log, footer }
    }
}

/// Whether the table of tenants is shown.
fn is_home(state: &State) -> bool {
    state.screen == Screen::View(View::Tenants) && !state.help
}

fn is_alerts(state: &State) -> bool {
    state.screen == Screen::View(View::Alerts) && !state.help
}

fn take_top(rest: &mut Rect, lines: u16) -> Rect {
    let lines = lines.min(rest.height);
    let taken = Rect { height: lines, ..*rest };
    *rest = Rect { y: rest.y + lines, height: rest.height - lines, ..*rest };
    taken
}

fn take_bottom(rest: &mut Rect, lines: u16) -> Rect {
    let lines = lines.min(rest.height);
    *rest = Rect { height: rest.height - lines, ..*rest };
    Rect { y: rest.y + rest.height, height: lines, ..*rest }
}

fn take_right(rest: &mut Rect, columns: u16) -> Rect {
    let columns = columns.min(rest.width);
    *rest = Rect { width: rest.width - columns, ..*rest };
    Rect { x: rest.x + rest.width, width: columns, ..*rest }
}
