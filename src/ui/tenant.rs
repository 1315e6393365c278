//! One tenant: why it is at its level, its budgets, its meters on one axis of time, its profiles and its log.
//!
//! ```text
//! ─ hooli ────────────────────────────────────────── 2026-11 · $1,512 · data 60s old ─
//!  ■ R budget    $1,512.34 of $1,500.00 used (101 %): the budget is gone
//!  hooli-daily   $1,512 of $1,500 ██████┃███ 101% pace 1.6x
//!  dollars/h     ⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿                                   $7.56 now, $9.12 most
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::ids::Owner;
use crate::domain::meter::{Aggregation, Meter};
use crate::domain::view::{BudgetRow, TenantDetail, TenantRow};
use crate::ui::header::clock;
use crate::ui::paint::{Row, cut, left, rule, wrap};
use crate::ui::theme::{Role, Theme};
use crate::ui::{bar, format, help, log, profiles, sparkline};

const LABEL_WIDTH: usize = 17;
const BAR_WIDTH: usize = 20;
/// Room at the right of a chart for its figures.
const FIGURES_WIDTH: usize = 22;

/// Below this width a chart shows its newest value only.
const NARROW: usize = 70;

/// The tenant on a screen of its own.
pub(super) fn draw(owner: &Owner, state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let Some(row) = state.view.as_ref().and_then(|view| view.tenant(owner)) else {
        let gone = format!("  {} has no profiles any more; Esc goes back", cut(owner.name(), 40, theme.glyphs()));
        return Row::new(theme).add(Role::Text, gone).paint(area, 1, buf);
    };
    draw_lines(row, state, theme, area, state.scroll, 2, buf);
}

/// The selected tenant beside the table.
pub(super) fn draw_beside(row: &TenantRow, state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    for line in 0..area.height {
        Row::new(theme).add(Role::Rule, theme.glyphs().down.to_string()).paint(area, line, buf);
    }
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    draw_lines(row, state, theme, inside, 0, 1, buf);
}

fn draw_lines(
    row: &TenantRow,
    state: &State,
    theme: &Theme,
    area: Rect,
    scroll: u16,
    chart_lines: usize,
    buf: &mut Buffer,
) {
    rule(row.owner.name(), &note(row, state, theme), theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    help::paint(lines(row, state, theme, usize::from(area.width), chart_lines), scroll, body, buf);
}

fn note(row: &TenantRow, state: &State, theme: &Theme) -> String {
    let period = state.view.as_ref().map(|view| view.period.clone()).unwrap_or_default();
    let cost = format::cost(&row.usage, super::table::is_ascii(theme));
    let age = row.data_age.map_or_else(|| "no data".to_owned(), |age| format!("data {} old", format::age(age)));
    let dot = theme.glyphs().dot;
    format!("{period} {dot} {cost} {dot} {} {dot} {age}", row.usage.provenance.name())
}

fn lines<'a>(row: &TenantRow, state: &State, theme: &'a Theme, width: usize, chart_lines: usize) -> Vec<Row<'a>> {
    let zone = state.view.as_ref().map_or("UTC", |view| view.zone.as_str());
    let mut lines = signals(row, theme, width);
    lines.extend(row.budgets.iter().map(|budget| budget_line(budget, theme)));
    lines.push(Row::new(theme));
    match state.watched_detail() {
        Some(detail) => lines.extend(charts(detail, zone, theme, width, chart_lines)),
        None => lines.push(Row::new(theme).add(Role::Dim, " reading its history ...")),
    }
    lines.push(Row::new(theme));
    lines.extend(profiles::lines(row, theme, width));
    let changes = state.watched_detail().map(|detail| detail.log.as_slice()).unwrap_or_default();
    if !changes.is_empty() {
        lines.push(Row::new(theme));
        lines.push(Row::new(theme).add(Role::Title, " Changes of level"));
        lines.extend(changes.iter().rev().take(20).map(|change| log::line(change, zone, width, theme)));
    }
    lines
}

fn signals<'a>(row: &TenantRow, theme: &'a Theme, width: usize) -> Vec<Row<'a>> {
    let mut lines = Vec::new();
    if let Some(held) = row.frozen_level {
        let text = format!(" data is too old to judge: held at {}", held.name());
        lines.push(Row::new(theme).add(Role::Warning, text));
    }
    for signal in &row.signals {
        let head =
            format!(" {} {} {:<9} ", theme.glyphs().level(signal.level), signal.level.letter(), signal.signal.name());
        let indent = head.chars().count();
        for (place, text) in wrap(&signal.reason, width.saturating_sub(indent + 1).max(20)).into_iter().enumerate() {
            let line = Row::new(theme);
            let line = if place == 0 {
                line.add(Role::Level(signal.level), head.clone())
            } else {
                line.add(Role::Text, " ".repeat(indent))
            };
            lines.push(line.add(Role::Text, text));
        }
    }
    lines
}

fn budget_line<'a>(budget: &BudgetRow, theme: &'a Theme) -> Row<'a> {
    let amounts = format!("{} of {} ", format::amount(&budget.spent.likely), format::amount(&budget.amount));
    let pace = budget.pace().map(|pace| format!(", pace {pace:.1}x")).unwrap_or_default();
    let row =
        Row::new(theme).add(Role::Dim, format!(" {} ", left(budget.id.as_str(), LABEL_WIDTH + 5, theme.glyphs())));
    let row = bar::add(row, budget.used, budget.expected, budget.level, BAR_WIDTH, theme);
    row.add(Role::Text, format!(" {amounts}"))
        .add(Role::Level(budget.level), format::percent(budget.used))
        .add(Role::Dim, pace)
}

fn charts<'a>(detail: &TenantDetail, zone: &str, theme: &'a Theme, width: usize, height: usize) -> Vec<Row<'a>> {
    let per_bucket = detail.bucket.seconds() / 60;
    let times = format!(
        " {} to {}, {per_bucket} min a value",
        clock(detail.span.start, zone, "%H:%M"),
        clock(detail.span.end, zone, "%H:%M %Z")
    );
    let mut lines = vec![Row::new(theme).add(Role::Title, " Meters").add(Role::Dim, times)];
    lines.extend(chart("dollars", &detail.cost, format::dollars, theme, width, height));
    for series in &detail.meters {
        let figure = if is_time(series.meter) { format::milliseconds } else { format::count };
        lines.extend(chart(&label(series.meter), &series.values, figure, theme, width, height));
    }
    lines
}

fn is_time(meter: Meter) -> bool {
    meter == Meter::LatencyMs || meter.aggregation() == Aggregation::Worst
}

fn label(meter: Meter) -> String {
    match meter {
        Meter::LatencyMs => "latency".to_owned(),
        // Times are shown with their unit.
        meter => meter.name().trim_end_matches("_ms").replace('_', " "),
    }
}

/// A chart with its name at the left and its newest and largest value at the right of the last line.
fn chart<'a>(
    label: &str,
    values: &[Option<f64>],
    figure: fn(f64) -> String,
    theme: &'a Theme,
    width: usize,
    height: usize,
) -> Vec<Row<'a>> {
    let glyphs = theme.glyphs();
    let is_narrow = width < NARROW;
    let figures_width = if is_narrow { FIGURES_WIDTH / 2 } else { FIGURES_WIDTH };
    let room = width.saturating_sub(LABEL_WIDTH + figures_width + 4);
    let newest = values.iter().rev().flatten().next().copied();
    let largest = values.iter().flatten().copied().reduce(f64::max);
    let figures = match (newest, largest) {
        (Some(newest), _) if is_narrow => format!("{} now", figure(newest)),
        (Some(newest), Some(largest)) => format!("{} now, {} most", figure(newest), figure(largest)),
        _ => "not known".to_owned(),
    };
    let drawn = sparkline::lines(values, room, height, glyphs);
    let last = drawn.len().saturating_sub(1);
    let line = |(place, text): (usize, String)| {
        let name = if place == last { label } else { "" };
        let figures = if place == last { figures.as_str() } else { "" };
        Row::new(theme)
            .add(Role::Dim, format!(" {} ", left(name, LABEL_WIDTH + 1, glyphs)))
            .add(Role::Spark, text)
            .add(Role::Text, format!(" {}", left(figures, figures_width, glyphs)))
    };
    drawn.into_iter().enumerate().map(line).collect()
}
