//! One alert: what it says, since when, what it said before, and what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::event::{AlertKey, Subject};
use crate::domain::text::printable;
use crate::domain::view::{Assessment, Explanation, FleetView, TenantRow};
use crate::ui::paint::{Row, rule, wrap};
use crate::ui::theme::{Role, Theme};
use crate::ui::{help, log, movers, outlook};

pub(super) fn draw(alert: &AlertKey, state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(view) = &state.view else { return };
    rule(alert.subject.name(), alert.signal.name(), theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    help::paint(lines(alert, state, view, theme, usize::from(area.width)), state.scroll, body, buf);
}

fn lines<'a>(alert: &AlertKey, state: &State, view: &FleetView, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let row = if let Subject::Owner(owner) = &alert.subject { view.tenant(owner) } else { None };
    let mut lines = Vec::new();
    if let Some(signal) = signal_of(alert, row, view) {
        lines.extend(what(signal, theme, width));
    }
    if let Some(row) = row {
        lines.extend(standing(row, view, theme));
        lines.push(Row::new(theme));
        lines.extend(movers::profiles(row, theme, width));
    }
    let explanations = state.watched_detail().map(|detail| detail.explanations.as_slice()).unwrap_or_default();
    for line in explanations.iter().filter(|explained| explained.alert == *alert).flat_map(Explanation::lines) {
        let texts = wrap(&printable(&line), width.saturating_sub(3).max(20));
        lines.extend(texts.into_iter().map(|text| Row::new(theme).add(Role::Text, format!("  {text}"))));
    }
    let changes: Vec<_> = view.log.iter().rev().filter(|change| &change.alert == alert).collect();
    lines.push(Row::new(theme));
    lines.push(Row::new(theme).add(Role::Title, " What was said"));
    if changes.is_empty() {
        lines.push(Row::new(theme).add(Role::Dim, " nothing within the log that is at hand"));
    }
    lines.extend(changes.into_iter().map(|change| log::line(change, view, width, theme)));
    lines
}

fn signal_of<'v>(alert: &AlertKey, row: Option<&'v TenantRow>, view: &'v FleetView) -> Option<&'v Assessment> {
    let pool = |name| view.pools.iter().find(|pool| &pool.pool == name).map(|pool| pool.signals.as_slice());
    let signals = match &alert.subject {
        Subject::Pool(name) => pool(name),
        _ => row.map(|row| row.signals.as_slice()),
    };
    signals?.iter().find(|signal| signal.signal == alert.signal && signal.budget == alert.budget)
}

fn what<'a>(signal: &Assessment, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let head = format!(" {} {} ", theme.glyphs().level(signal.level), signal.level.name());
    let indent = head.chars().count();
    let texts = wrap(&signal.reason, width.saturating_sub(indent + 1).max(20));
    let line = |(place, text): (usize, String)| {
        let row = Row::new(theme);
        let row = if place == 0 {
            row.add(Role::Level(signal.level), head.clone())
        } else {
            row.add(Role::Text, " ".repeat(indent))
        };
        row.add(Role::Text, text)
    };
    texts.into_iter().enumerate().map(line).collect()
}

/// How the tenant stands otherwise: its forecast, its burn, its other signals.
fn standing<'a>(row: &TenantRow, view: &FleetView, theme: &'a Theme) -> Vec<Row<'a>> {
    let mut lines = Vec::new();
    if let Some(forecast) = &row.forecast {
        let budget = row.worst_budget();
        let (low, high) = forecast.interval80;
        let range = format!("{} to {}", outlook::number(low, budget), outlook::number(high, budget));
        let text = format!(" forecast {} by the period's end (80 %: {range})", outlook::total(forecast, budget));
        let gone = forecast.gone.map_or(String::new(), |gone| format!("; {}", outlook::gone_between(gone, view)));
        lines.push(Row::new(theme).add(Role::Text, text + &gone));
    }
    if row.burn.hour.is_some() || row.burn.six_hours.is_some() {
        let text = format!(
            " burn of the last hour and the last six, against its own past: {}",
            outlook::burn(&row.burn).trim()
        );
        lines.push(Row::new(theme).add(Role::Text, text));
    }
    lines
}
