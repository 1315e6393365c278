//! One alert: what it says, why, whether it passes, what waiting costs, what to do, and what was said and done before.
//!
//! ```text
//! ─ hooli budget ───────────────────────────────────────── firing 42m · acked kim 2h left ─
//!  ■ RED hooli: budget gone Thu 14:00-19:00 (80 %), $1,512.34 of $1,500.00 used, +$4.10/h
//!  Why  now $7.56/h, expected $3.46/h
//!    requests             x2.10   +93%
//!    tokens per request   x1.04    +7%
//!  Who makes the rise
//!    hooli-chat claude-sonnet input_tokens   67% ████████████░░░░░░
//!  Verdict  PROBLEM
//!    problem  requests per minute have doubled and stay there
//!  Waiting  sleep until 08:00: +$140 (80 %: $90-$170)
//!  Next     acknowledge: a, or `bedtop ack tenant=hooli`
//!  Call     kim@example.com
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::event::{AlertKey, Subject};
use crate::domain::level::Level;
use crate::domain::notice::{Contributor, Verdict};
use crate::domain::view::{AlertRow, Explanation, Factor, FleetView, Notification, Waiting};
use crate::ui::header::clock;
use crate::ui::paint::{Row, cut, left, right, rule, wrap};
use crate::ui::theme::{Role, Theme};
use crate::ui::{alerts, format, help, log, movers};

const LABEL: usize = 9;
const FACTOR: usize = 20;

pub(super) fn draw(alert: &AlertKey, state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    let standing = view.alerts.iter().find(|row| row.alert == *alert);
    let note = standing.map_or("does not stand".to_owned(), |row| note(row, view, theme));
    rule(&format!("{} {}", alert.subject.name(), alert.signal.name()), &note, theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let page = Page { theme, view, width: usize::from(area.width) };
    help::paint(page.lines(alert, standing, state), state.scroll, body, buf);
}

/// `firing 42m · data ok · notified`.
fn note(row: &AlertRow, view: &FleetView, theme: &Theme) -> String {
    let since = format::age(view.at.duration_since(row.fired_at.unwrap_or(row.started_at)));
    let data = if row.is_frozen { "stale" } else { "ok" };
    let dot = theme.glyphs().dot;
    let flapping = if row.is_flapping { ", flapping" } else { "" };
    let cost = row.cost.map_or(String::new(), |cost| format!(" {dot} {} since", format::money(cost)));
    format!("{}{flapping} {since} {dot} data {data} {dot} {}{cost}", row.condition.name(), alerts::told(row, view).0)
}

/// What lines are made with.
pub(super) struct Page<'a, 'v> {
    pub theme: &'a Theme,
    pub view: &'v FleetView,
    pub width: usize,
}

impl<'a> Page<'a, '_> {
    fn lines(&self, alert: &AlertKey, standing: Option<&AlertRow>, state: &State) -> Vec<Row<'a>> {
        let of_tenant = state.detail.iter().flat_map(|detail| &detail.explanations);
        let explained = self.view.explained.iter().chain(of_tenant).find(|explained| explained.alert == *alert);
        let level = standing.map_or(Level::Green, |row| row.level);
        let mut lines = match (explained, standing) {
            (Some(explained), _) => self.explanation(explained, level),
            (None, Some(row)) => self.what(level, &row.reason),
            (None, None) => self.what(level, &self.said_by_signal(alert)),
        };
        lines.extend(standing.and_then(|row| self.looked_after(row)));
        lines.extend(self.parts(alert, explained.is_some_and(|explained| !explained.contributors.is_empty())));
        lines.push(Row::new(self.theme));
        lines.extend(self.said(alert));
        lines
    }

    /// What the signal says that no alert stands for.
    fn said_by_signal(&self, alert: &AlertKey) -> String {
        let signals = match &alert.subject {
            Subject::Pool(name) => {
                self.view.pools.iter().find(|pool| &pool.pool == name).map(|pool| pool.signals.as_slice())
            }
            Subject::Owner(owner) => self.view.tenant(owner).map(|row| row.signals.as_slice()),
            _ => None,
        };
        let mut signals = signals.unwrap_or_default().iter();
        let signal = signals.find(|signal| signal.signal == alert.signal && signal.budget == alert.budget);
        signal.map_or("it is over".to_owned(), |signal| signal.reason.clone())
    }

    /// An explanation from what to whom to call; what is not known is left out.
    pub(super) fn explanation(&self, explained: &Explanation, level: Level) -> Vec<Row<'a>> {
        let mut lines = self.what(level, &explained.what);
        lines.extend(self.why(explained));
        lines.extend(self.contributors(&explained.contributors));
        lines.extend(self.verdict(explained));
        lines.extend(explained.waiting.map(|waiting| self.waiting(waiting)));
        lines.extend(self.labelled("Changed", &explained.changed));
        lines.extend(self.labelled("Next", &explained.next));
        lines.extend(self.labelled("Call", &explained.call));
        lines
    }

    fn what(&self, level: Level, text: &str) -> Vec<Row<'a>> {
        let head = format!(" {} {} ", self.theme.glyphs().level(level), level.letter());
        let texts = wrap(text, self.width.saturating_sub(6).max(20));
        let line = |(place, text)| {
            let head = if place == 0 { head.clone() } else { " ".repeat(5) };
            Row::new(self.theme).add(Role::Level(level), head).add(Role::Title, text)
        };
        texts.into_iter().enumerate().map(line).collect()
    }

    fn label(&self, label: &str) -> Row<'a> {
        Row::new(self.theme).add(Role::Heading, format!(" {label:<LABEL$}"))
    }

    /// A label, and texts below each other at its right.
    fn labelled(&self, label: &str, texts: &[String]) -> Vec<Row<'a>> {
        let room = self.width.saturating_sub(LABEL + 2).max(20);
        let texts = texts.iter().flat_map(|text| wrap(text, room)).enumerate();
        texts.map(|(place, text)| self.label(if place == 0 { label } else { "" }).add(Role::Text, text)).collect()
    }

    fn why(&self, explained: &Explanation) -> Vec<Row<'a>> {
        let now = format::dollars(explained.now_usd_per_hour);
        let text = match explained.expected_usd_per_hour {
            Some(expected) => format!("now {now}/h, expected {}/h", format::dollars(expected)),
            None => format!("now {now}/h; its past is too short to compare with"),
        };
        let factor = |factor: &Factor| {
            let glyphs = self.theme.glyphs();
            let sign = if factor.usd_per_hour < 0.0 { "-" } else { "+" };
            let change = format!("{sign}{}/h", format::dollars(factor.usd_per_hour.abs()));
            let figures = format!("x{:<7.2}{:>+6.0}%  {change}", factor.ratio, factor.share * 100.0);
            self.label("").add(Role::Dim, left(&factor.name, FACTOR, glyphs)).add(Role::Text, figures)
        };
        std::iter::once(self.label("Why").add(Role::Text, text)).chain(explained.factors.iter().map(factor)).collect()
    }

    /// Who makes the rise; the names are long, so that each has a line with its share before it.
    fn contributors(&self, contributors: &[Contributor]) -> Vec<Row<'a>> {
        let parts: Vec<movers::Part> = contributors
            .iter()
            .map(|part| movers::Part { name: part.name.clone(), share: part.share, figure: String::new() })
            .collect();
        let percents = movers::whole_percents(&parts);
        let glyphs = self.theme.glyphs();
        let room = self.width.saturating_sub(LABEL + 8);
        let line = |(place, (part, percent)): (usize, (&movers::Part, u32))| {
            let share = right(&format!("{percent}%"), 4, glyphs);
            let label = if place == 0 { "Who" } else { "" };
            self.label(label).add(Role::Title, share).add(Role::Text, format!("  {}", cut(&part.name, room, glyphs)))
        };
        parts.iter().zip(percents).enumerate().map(line).collect()
    }

    fn verdict(&self, explained: &Explanation) -> Vec<Row<'a>> {
        let role = |verdict| if verdict == Verdict::Problem { Role::Warning } else { Role::Accent };
        let head = self.label("Verdict").add(role(explained.verdict), explained.verdict.name().to_uppercase());
        let room = self.width.saturating_sub(LABEL + 13).max(20);
        let sign = |sign: &crate::domain::view::Evidence| {
            let name = sign.speaks_for.name();
            let texts = wrap(&sign.text, room).into_iter().enumerate();
            let line = |(place, text): (usize, String)| {
                let name = if place == 0 { name } else { "" };
                self.label("").add(Role::Dim, format!("{name:<11}")).add(Role::Text, text)
            };
            texts.map(line).collect::<Vec<_>>()
        };
        std::iter::once(head).chain(explained.evidence.iter().flat_map(sign)).collect()
    }

    fn waiting(&self, waiting: Waiting) -> Row<'a> {
        let until = clock(waiting.until, &self.view.zone, "%a %H:%M");
        let range = waiting.low.zip(waiting.high).map_or(String::new(), |(low, high)| {
            format!(" (80 %: {} to {})", format::dollars(low), format::dollars(high))
        });
        let text = format!("sleep until {until}: +{}{range}", format::dollars(waiting.usd));
        self.label("Waiting").add(Role::Text, text)
    }

    /// Who looks after it, or what holds it back.
    fn looked_after(&self, row: &AlertRow) -> Option<Row<'a>> {
        let text = match &row.notification {
            Notification::Acked { by, note, at, until } => {
                let note = if note.is_empty() { String::new() } else { format!(": {note}") };
                let (from, to) = (clock(*at, &self.view.zone, "%H:%M"), clock(*until, &self.view.zone, "%H:%M"));
                format!("{by} looks after it from {from} to {to}{note}")
            }
            Notification::Silenced(id) => format!("silence {id} holds it back; `bedtop unsilence {id}` ends it"),
            Notification::Inhibited(by) => format!("{by} says it already"),
            Notification::Quiet | Notification::Notified => return None,
        };
        Some(
            self.label("Told").add(Role::Accent, cut(&text, self.width.saturating_sub(LABEL + 2), self.theme.glyphs())),
        )
    }

    /// Who is in it: a tenant's profiles where no rise is split, a pool's movers.
    fn parts(&self, alert: &AlertKey, is_split: bool) -> Vec<Row<'a>> {
        match &alert.subject {
            Subject::Owner(owner) if !is_split => {
                let row = self.view.tenant(owner);
                row.map_or_else(Vec::new, |row| movers::profiles(row, self.theme, self.width))
            }
            Subject::Pool(name) => {
                let pool = self.view.pools.iter().find(|pool| &pool.pool == name);
                let movers = pool.map_or(&[][..], |pool| &pool.movers);
                let title = Row::new(self.theme).add(Role::Title, " Who moves it");
                std::iter::once(title).chain(movers::of_pool(movers, self.theme, self.width)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// All that was said of it, done and sent, the newest first.
    fn said(&self, alert: &AlertKey) -> Vec<Row<'a>> {
        let Self { theme, view, width } = *self;
        let changes = view.log.iter().filter(|change| &change.alert == alert);
        let events = view.events.iter().filter(|entry| entry.what.alert() == Some(alert));
        let row = || Row::new(theme).add(Role::Text, " ");
        let changes = changes.map(|change| (change.at, log::add_change(row(), change, view, width, theme)));
        let events = events.map(|entry| (entry.at, log::add_event(row(), entry, view, width, theme)));
        let mut said: Vec<_> = changes.chain(events).collect();
        said.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut lines = vec![Row::new(theme).add(Role::Title, " What was said and done")];
        if said.is_empty() {
            lines.push(Row::new(theme).add(Role::Dim, " nothing within the log that is at hand"));
        }
        lines.extend(said.into_iter().map(|(_, line)| line));
        lines
    }
}
