//! One tenant: why it is at its level, its budgets and what they will come to, its meters on one axis of time, its
//! profiles and its log.
//!
//! ```text
//! ─ hooli ────────────────────────────────────────── 2026-11 · $1,512 · data 60s old ─
//!  ■ R budget    $1,512.34 of $1,500.00 used (101 %): the budget is gone
//!  hooli-daily   $1,512 of $1,500 ██████┃███ 101% pace 1.6x
//!  Spent so far, expected, forecast
//!  dollars/h     ⣀⣠⣤⣶⣿⣀⣠⣤⣶⣿                                   $7.56 now, $9.12 most
//! ```

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::State;
use crate::domain::ids::Owner;
use crate::domain::level::Level;
use crate::domain::meter::{Aggregation, Meter};
use crate::domain::view::{BudgetRow, FleetView, SpendCurve, TenantDetail, TenantRow};
use crate::ui::canvas::Stroke;
use crate::ui::chart::{Chart, Layer};
use crate::ui::header::clock;
use crate::ui::paint::{Row, cut, left, rule, wrap};
use crate::ui::theme::{Role, Theme};
use crate::ui::{alert, bar, contract, format, help, log, movers, outlook, profiles, sparkline};

const LABEL_WIDTH: usize = 17;
const BAR_WIDTH: usize = 20;
/// Room at the right of a chart for its figures.
const FIGURES_WIDTH: usize = 22;
/// Below this width a chart shows its newest value only.
const NARROW: usize = 70;
/// Lines of the chart of spending by the height of the screen.
const CURVE_LINES: [(u16, usize); 3] = [(40, 10), (30, 7), (20, 5)];

/// The tenant on a screen of its own.
pub(super) fn draw(owner: &Owner, state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let found = state.view.as_ref().and_then(|view| Some((view, view.tenant(owner)?)));
    let Some((view, row)) = found else {
        let gone = format!("  {} has no profiles any more; Esc goes back", cut(owner.name(), 40, theme.glyphs()));
        return Row::new(theme).add(Role::Text, gone).paint(area, 1, buf);
    };
    rule(row.owner.name(), &note(row, state, theme), theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let height = CURVE_LINES.iter().find(|(least, _)| area.height >= *least).map_or(0, |(_, lines)| *lines);
    let page = Page { row, view, state, theme, width: usize::from(area.width), profiles: usize::MAX };
    let (mut lines, marked) = page.lines(height, if area.height >= 40 { 2 } else { 1 }, Some(state.mark));
    let scroll = scroll_to((state.scroll, state.mark > 0), marked, lines.len(), usize::from(body.height));
    if let Some(line) = marked {
        let taken = std::mem::replace(&mut lines[line], Row::new(theme));
        lines[line] = taken.marked();
    }
    help::paint(lines, scroll, body, buf);
}

/// The scroll that shows the marked line, once the mark was moved: what is wrong stands above.
fn scroll_to((scroll, has_moved): (u16, bool), marked: Option<usize>, lines: usize, page: usize) -> u16 {
    let Some(marked) = marked.filter(|_| lines > page && scroll == 0 && has_moved) else { return scroll };
    u16::try_from((marked + 2).saturating_sub(page)).unwrap_or(scroll)
}

/// The selected tenant beside the table.
pub(super) fn draw_beside(owner: &Owner, state: &State, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let found = state.view.as_ref().and_then(|view| Some((view, view.tenant(owner)?)));
    let Some((view, row)) = found else { return };
    rule(row.owner.name(), &note(row, state, theme), theme, area, 0, buf);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let (width, profiles) = (usize::from(area.width), usize::from(area.height));
    let page = Page { row, view, state, theme, width, profiles };
    let height = if area.height >= 30 { 6 } else { 0 };
    help::paint(page.lines(height, 1, None).0, 0, body, buf);
}

fn note(row: &TenantRow, state: &State, theme: &Theme) -> String {
    let period = state.view.as_ref().map(|view| view.period.clone()).unwrap_or_default();
    let cost = format::cost(&row.usage, super::table::is_ascii(theme));
    let age = row.data_age.map_or_else(|| "no data".to_owned(), |age| format!("data {} old", format::age(age)));
    let dot = theme.glyphs().dot;
    format!("{period} {dot} {cost} {dot} {} {dot} {age}", row.usage.provenance.name())
}

/// What the lines are made from.
struct Page<'a, 'v> {
    row: &'v TenantRow,
    view: &'v FleetView,
    state: &'v State,
    theme: &'a Theme,
    width: usize,
    /// How many profiles are listed at most.
    profiles: usize,
}

impl<'a> Page<'a, '_> {
    /// All lines, and which of them is the marked profile.
    fn lines(&self, curve: usize, chart: usize, mark: Option<usize>) -> (Vec<Row<'a>>, Option<usize>) {
        let (row, theme, width) = (self.row, self.theme, self.width);
        let mut lines = self.signals();
        lines.extend(row.budgets.iter().map(|budget| budget_line(budget, theme)));
        lines.extend(self.outlook());
        lines.extend(row.contract.iter().flat_map(|standing| contract::lines(standing, theme, width)));
        let detail = self.state.detail_of(&self.row.owner);
        if let Some(drawn) = detail.and_then(|detail| detail.curve.as_ref()).filter(|_| curve > 0) {
            lines.extend(self.curve(drawn, curve));
        }
        lines.push(Row::new(theme));
        match detail {
            Some(detail) => lines.extend(meter_charts(detail, self.state, theme, width, chart)),
            None => lines.push(Row::new(theme).add(Role::Dim, " reading its history ...")),
        }
        lines.push(Row::new(theme));
        let first = lines.len() + 1;
        lines.extend(profiles::lines(row, theme, width, self.profiles));
        lines.extend(movers::models(row, theme, width));
        lines.extend(self.tags());
        lines.extend(self.loudest());
        let marked = mark.filter(|_| row.profiles.len() > 1).map(|mark| first + mark.min(row.profiles.len() - 1));
        let changes = detail.map(|detail| detail.log.as_slice()).unwrap_or_default();
        if !changes.is_empty() {
            lines.push(Row::new(theme));
            lines.push(Row::new(theme).add(Role::Title, " Changes of level"));
            lines.extend(changes.iter().rev().take(20).map(|change| log::line(change, self.view, width, theme)));
        }
        (lines, marked)
    }

    fn signals(&self) -> Vec<Row<'a>> {
        let (row, theme) = (self.row, self.theme);
        let mut lines = Vec::new();
        if let Some(held) = row.frozen_level {
            let text = format!(" data is too old to judge: held at {}", held.name());
            lines.push(Row::new(theme).add(Role::Warning, text));
        }
        let (quiet, loud): (Vec<_>, Vec<_>) = row.signals.iter().partition(|signal| signal.level == Level::Green);
        for signal in loud {
            let sign = theme.glyphs().level(signal.level);
            let head = format!(" {sign} {} {:<10} ", signal.level.letter(), signal.signal.name());
            let indent = head.chars().count();
            let texts = wrap(&signal.reason, self.width.saturating_sub(indent + 1).max(20));
            for (place, text) in texts.into_iter().enumerate() {
                let line = Row::new(theme);
                let line = if place == 0 {
                    line.add(Role::Level(signal.level), head.clone())
                } else {
                    line.add(Role::Text, " ".repeat(indent))
                };
                lines.push(line.add(Role::Text, text));
            }
        }
        if !quiet.is_empty() {
            let names: Vec<&str> = quiet.iter().map(|signal| signal.signal.name()).collect();
            let head = format!(" {} {} ", theme.glyphs().level(Level::Green), Level::Green.letter());
            let texts = wrap(&format!("as they should be: {}", names.join(", ")), self.width.saturating_sub(6).max(20));
            lines.extend(texts.into_iter().enumerate().map(|(place, text)| {
                let head = if place == 0 { head.clone() } else { " ".repeat(5) };
                Row::new(theme).add(Role::Level(Level::Green), head).add(Role::Dim, text)
            }));
        }
        lines
    }

    /// Why the loudest of its alerts fires.
    fn loudest(&self) -> Vec<Row<'a>> {
        let Some(explained) = self.state.detail_of(&self.row.owner).and_then(|detail| detail.explanations.first())
        else {
            return Vec::new();
        };
        let standing = self.view.alerts.iter().find(|row| row.alert == explained.alert);
        let title = format!(" Why {} is {}", explained.alert.signal.name(), self.row.level.name());
        let page = alert::Page { theme: self.theme, view: self.view, width: self.width };
        let level = standing.map_or(self.row.level, |row| row.level);
        let mut lines = vec![Row::new(self.theme), Row::new(self.theme).add(Role::Title, title)];
        lines.extend(page.explanation(explained, level));
        lines
    }

    /// The tags that its profiles have, each with how many of them.
    fn tags(&self) -> Vec<Row<'a>> {
        let mut tags: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (key, value) in self.row.profiles.iter().flat_map(|profile| &profile.tags) {
            *tags.entry((key, value)).or_default() += 1;
        }
        let all = self.row.profiles.len();
        let tag = |((key, value), count): ((&str, &str), usize)| match count {
            count if count == all => format!("{key}={value}"),
            count => format!("{key}={value} ({count})"),
        };
        let texts = tags.into_iter().map(tag).collect::<Vec<_>>().join("  ");
        if texts.is_empty() {
            return Vec::new();
        }
        let lines = wrap(&texts, self.width.saturating_sub(7).max(20)).into_iter().enumerate();
        let line = |(place, text): (usize, String)| {
            Row::new(self.theme).add(Role::Title, if place == 0 { " Tags " } else { "      " }).add(Role::Dim, text)
        };
        lines.map(line).collect()
    }

    /// What the period will come to, and how fast it burns.
    fn outlook(&self) -> Vec<Row<'a>> {
        let (row, view) = (self.row, self.view);
        let budget = row.worst_budget();
        let mut texts = Vec::new();
        if let Some(forecast) = &row.forecast {
            let (low, high) = forecast.interval80;
            let (low, high) = (outlook::number(low, budget), outlook::number(high, budget));
            texts.push(format!(
                "forecast {} by the period's end, 80 %: {low} to {high}",
                outlook::total(forecast, budget)
            ));
            texts.extend(forecast.overrun.map(|overrun| format!("{} likely to overrun", format::percent(overrun))));
            texts.extend(forecast.gone.map(|gone| outlook::gone_between(gone, view)));
        }
        let burn = outlook::burn(&row.burn);
        if !burn.is_empty() {
            texts.push(format!("burn 1 h, 6 h: {}", burn.split_whitespace().collect::<Vec<_>>().join(", ")));
        }
        let lines =
            if texts.is_empty() { Vec::new() } else { wrap(&texts.join("; "), self.width.saturating_sub(3).max(20)) };
        lines.into_iter().map(|text| Row::new(self.theme).add(Role::Text, format!(" {text}"))).collect()
    }

    fn curve(&self, curve: &SpendCurve, height: usize) -> Vec<Row<'a>> {
        let amount = curve.amount.map(|amount| vec![Some(amount); curve.actual.len()]).unwrap_or_default();
        let layer = |values, stroke, role| Layer { values, stroke, role };
        let chart = Chart {
            span: curve.span,
            zone: &self.view.zone,
            figure: format::dollars,
            band: Some((&curve.low, &curve.high)),
            layers: vec![
                layer(&amount, Stroke::Sparse, Role::Limit),
                layer(&curve.expected, Stroke::Dotted, Role::Expected),
                layer(&curve.forecast, Stroke::Dashed, Role::Forecast),
                layer(&curve.actual, Stroke::Solid, Role::Spark),
            ],
            most: None,
        };
        let lines = chart.lines(self.width.saturating_sub(1), height, self.theme);
        if lines.is_empty() {
            return lines;
        }
        let title = Row::new(self.theme)
            .add(Role::Title, " Spending ")
            .add(Role::Spark, "spent")
            .add_if(curve.amount.is_some(), Role::Expected, "  expected")
            .add(Role::Forecast, "  forecast")
            .add(Role::Dim, " with its 80 % range")
            .add_if(curve.amount.is_some(), Role::Limit, "  budget");
        std::iter::once(title).chain(lines).collect()
    }
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

/// The meters of a detail, each a chart over the same time.
pub(super) fn meter_charts<'a>(
    detail: &TenantDetail,
    state: &State,
    theme: &'a Theme,
    width: usize,
    height: usize,
) -> Vec<Row<'a>> {
    let zone = state.view.as_ref().map_or("UTC", |view| view.zone.as_str());
    let per_bucket = detail.bucket.seconds() / 60;
    let is_long = detail.span.length().as_hours() > 24;
    let pattern = if is_long { "%-d %b %H:%M" } else { "%H:%M" };
    let times = format!(
        " {} to {}, {per_bucket} min a value; + - range",
        clock(detail.span.start, zone, pattern),
        clock(detail.span.end, zone, &format!("{pattern} %Z"))
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
