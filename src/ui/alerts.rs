//! The alerts that stand, the loudest first, then the silences that hold, then the log of all that was said, done and
//! sent, the newest first.
//!
//! ```text
//! ─ Alerts 4 · silences 1 · log 12 ────────────────────────────────────────────────────────────────
//!  Level Who               Signal     Condition  Data  Told             Since Why
//! ▌■ R   hooli             budget     firing     ok    acked kim 2h       42m $1,512.34 of $1,500.00 used
//!  s     silence s-1764    kim        2h left          3 held back        12m tenant=initech: load test
//!  13:39 ■ R was O  hooli  budget     $1,512.34 of $1,500.00 used (101 %): the budget is gone
//!  13:41 · kim acked tenant=hooli until 17:41
//! ```

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::app::list::Entry;
use crate::domain::action::SilenceRow;
use crate::domain::view::{AlertRow, FleetView, Notification};
use crate::ui::grid::first_row;
use crate::ui::paint::{Row, cut, left, overlay, right, rule};
use crate::ui::theme::{Role, Theme};
use crate::ui::{format, log};

/// Lines above the first row.
pub(super) const HEAD: u16 = 2;
const LEVEL: usize = 6;
const SIGNAL: usize = 11;
const SINCE: usize = 5;
/// From this width on whether the data is fresh is shown, and from this one on the condition.
const WITH_DATA: usize = 100;
const WITH_CONDITION: usize = 60;

pub(super) fn draw(state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    rule(&title(state, theme), &note(state), theme, area, 0, buf);
    let entries = state.list().entries();
    if entries.is_empty() {
        let text = if state.list().filter.is_empty() { " nothing stands, and nothing was said" } else { " none fits" };
        return Row::new(theme).add(Role::Dim, text).paint(area, HEAD, buf);
    }
    let columns = Columns::of(usize::from(area.width), theme);
    columns.heading().paint(area, 1, buf);
    let top = first_row(state, usize::from(area.height.saturating_sub(HEAD)));
    for (line, (place, entry)) in (HEAD..area.height).zip(entries.iter().enumerate().skip(top)) {
        let is_selected = state.list().index() == Some(place);
        columns.entry(*entry, view, is_selected).paint(area, line, buf);
        if is_selected {
            overlay(theme.style(Role::Selected), area, line, buf);
        }
    }
}

fn title(state: &State, theme: &Theme) -> String {
    let entries = state.list().entries();
    let count = |is: fn(&Entry) -> bool| entries.iter().filter(|entry| is(entry)).count();
    let alerts = count(|entry| matches!(entry, Entry::Alert(_)));
    let silences = count(|entry| matches!(entry, Entry::Silence(_)));
    let dot = theme.glyphs().dot;
    let held = if silences > 0 { format!(" {dot} silences {silences}") } else { String::new() };
    format!("Alerts {alerts}{held} {dot} log {}", entries.len() - alerts - silences)
}

fn note(state: &State) -> String {
    match state.list().filter.input.value() {
        "" => outbox(state).unwrap_or_else(|| "Enter explains".to_owned()),
        filter => format!("filter: {}", crate::domain::text::printable(filter)),
    }
}

/// What waits to be told and what could not be, where there is any.
fn outbox(state: &State) -> Option<String> {
    let outbox = &state.view.as_ref()?.outbox;
    let dead = (outbox.dead > 0).then(|| format!("{} not told: x tells again", outbox.dead));
    let waiting = (outbox.waiting > 0).then(|| format!("{} wait to be told", outbox.waiting));
    let parts: Vec<String> = dead.into_iter().chain(waiting).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// How wide the columns are.
struct Columns<'a> {
    theme: &'a Theme,
    width: usize,
    name: usize,
    told: usize,
}

impl<'a> Columns<'a> {
    fn of(width: usize, theme: &'a Theme) -> Self {
        let (name, told) = match width {
            WITH_DATA.. => (20, 17),
            WITH_CONDITION.. => (16, 12),
            _ => (width / 3, 0),
        };
        Self { theme, width, name, told }
    }

    fn heading(&self) -> Row<'a> {
        let glyphs = self.theme.glyphs();
        let head = format!(" {}{} {}", left("Level", LEVEL, glyphs), left("Who", self.name, glyphs), signal("Signal"));
        let row = Row::new(self.theme).add(Role::Heading, head);
        let row = row.add_if(self.width >= WITH_CONDITION, Role::Heading, "Condition  ");
        let row = row.add_if(self.width >= WITH_DATA, Role::Heading, "Data  ");
        let told = format!("{}{} ", left("Told", self.told, glyphs), right("Since", SINCE, glyphs));
        row.add_if(self.told > 0, Role::Heading, told).add(Role::Heading, "Why")
    }

    fn entry(&self, entry: Entry, view: &FleetView, is_selected: bool) -> Row<'a> {
        let marker = if is_selected { self.theme.glyphs().selected } else { ' ' };
        let row = Row::new(self.theme).add(Role::Accent, marker.to_string());
        match entry {
            Entry::Alert(number) => self.alert(row, &view.alerts[number], view),
            Entry::Silence(number) => self.silence(row, &view.silences[number], view),
            Entry::Change(number) => log::add_change(row, &view.log[number], view, self.width, self.theme),
            Entry::Event(number) => log::add_event(row, &view.events[number], view, self.width, self.theme),
            _ => row,
        }
    }

    fn alert(&self, row: Row<'a>, alert: &AlertRow, view: &FleetView) -> Row<'a> {
        let glyphs = self.theme.glyphs();
        let role = Role::Level(alert.level);
        let level = format!("{} {}", glyphs.level(alert.level), alert.level.letter());
        let row = row
            .add(role, left(&level, LEVEL, glyphs))
            .add(Role::Title, left(alert.alert.subject.name(), self.name, glyphs))
            .add(Role::Dim, format!(" {}", signal(alert.alert.signal.name())));
        let condition = if alert.is_flapping { "flapping" } else { alert.condition.name() };
        let row = row.add_if(self.width >= WITH_CONDITION, Role::Text, format!("{condition:<11}"));
        let (data, data_role) = if alert.is_frozen { ("stale", Role::Warning) } else { ("ok", Role::Dim) };
        let row = row.add_if(self.width >= WITH_DATA, data_role, format!("{data:<6}"));
        let (told, told_role) = told(alert, view);
        let row = row.add_if(self.told > 0, told_role, left(&told, self.told, glyphs));
        let row = row.add_if(self.told > 0, Role::Dim, self.since(alert.fired_at.unwrap_or(alert.started_at), view));
        self.rest(row, &alert.reason)
    }

    fn silence(&self, row: Row<'a>, silence: &SilenceRow, view: &FleetView) -> Row<'a> {
        let glyphs = self.theme.glyphs();
        let held = &silence.silence;
        let left_over = format!("{} left", format::age(held.ends.duration_since(view.at)));
        let row = row
            .add(Role::Dim, left("quiet", LEVEL, glyphs))
            .add(Role::Title, left(&format!("silence by {}", held.author), self.name, glyphs))
            .add(Role::Dim, format!(" {}", signal(&left_over)));
        let suppressed = format!("{} held back", silence.suppressed);
        let gap = match self.width {
            WITH_DATA.. => 17,
            WITH_CONDITION.. => 11,
            _ => 0,
        };
        let row = row.add(Role::Text, " ".repeat(gap));
        let row = row.add_if(self.told > 0, Role::Text, left(&suppressed, self.told, glyphs));
        let row = row.add_if(self.told > 0, Role::Dim, self.since(held.starts, view));
        let cost = if silence.suppressed > 0 { format!(", {} spent", silence.suppressed_cost) } else { String::new() };
        self.rest(row, &format!("{}: {} ({}{cost})", held.matchers, held.comment, held.id))
    }

    fn since(&self, at: Timestamp, view: &FleetView) -> String {
        format!("{} ", right(&format::age(view.at.duration_since(at)), SINCE, self.theme.glyphs()))
    }

    fn rest(&self, row: Row<'a>, text: &str) -> Row<'a> {
        let room = self.width.saturating_sub(row.width());
        row.add(Role::Text, cut(text, room, self.theme.glyphs()))
    }
}

fn signal(name: &str) -> String {
    format!("{name:<SIGNAL$}")
}

/// Whether people were told, and who looks after it for how long.
pub(super) fn told(alert: &AlertRow, view: &FleetView) -> (String, Role) {
    let left_over = |until: Timestamp| format::age(until.duration_since(view.at));
    match &alert.notification {
        // The log of changes does not say who was told.
        _ if view.is_past => ("not kept".to_owned(), Role::Dim),
        Notification::Acked { by, until, .. } => (format!("acked {by} {}", left_over(*until)), Role::Accent),
        Notification::Silenced(id) => {
            let until = view.silences.iter().find(|row| row.silence.id == *id).map(|row| row.silence.ends);
            let until = until.map_or(String::new(), |until| format!(" {}", left_over(until)));
            (format!("silenced{until}"), Role::Accent)
        }
        Notification::Quiet | Notification::Inhibited(_) => (alert.notification.name().to_owned(), Role::Dim),
        Notification::Notified => (alert.notification.name().to_owned(), Role::Text),
    }
}
